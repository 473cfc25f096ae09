"""A tablet whose browser may clear its store: ready when somebody accepts it, called out when it happens."""

import re

import pytest

from busops.storage import alarm_store, audit_store
from busops.web.app import create_app
from tests.device_kit import Key, of_the_coach
from tests.sim import world
from tests.web.test_devices_page import words
from tests.web.test_vehicle_tablets import header, pin_of


@pytest.fixture
def app(sqlite_database, settings, ids):
    """An application with one released run, shortly before its departure."""
    clock = world.a_clock(-30)
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    world.release(sqlite_database)
    return create_app(settings, clock=clock, ids=ids)


def says(client, token, **body):
    """What the server answers to a tablet that says that it is there."""
    return client.post("/api/v1/devices/here", headers=header(token), json=body).get_json()


def accept(client, dev, reason):
    """A dispatcher lets this tablet ride."""
    page = client.get("/manage/devices").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    form = {"csrf_token": token, "reason": reason}
    return client.post(f"/manage/devices/{dev}/keeping", data=form)


def test_a_tablet_that_may_be_cleared_is_ready_when_somebody_accepts_it(app, sqlite_database, ids):
    """The list says so, the tablet hears it; a reason is needed; what the tablet says anew starts anew."""
    held = of_the_coach(sqlite_database, Key(), clock=app.extensions["busops"].clock, ids=ids)
    tablet, office = app.test_client(), world.sign_in(app, "dispatcher")
    assert says(tablet, held.token) == {"lost": None, "ready": True}
    assert "同意使用" not in words(office.get("/manage/devices"))
    assert says(tablet, held.token, kept=False) == {"lost": None, "ready": False}
    assert "同意使用" in words(office.get("/manage/devices"))
    assert accept(office, held.dev, " ").status_code == 409
    assert accept(office, held.dev, "今天只有这一台").status_code == 302
    assert says(tablet, held.token, kept=False)["ready"] is True
    shown = words(office.get("/manage/devices"))
    assert "今天只有这一台" in shown
    assert "同意使用" not in shown
    assert accept(office, held.dev, "再来一次").status_code == 409
    assert [says(tablet, held.token, kept=kept)["ready"] for kept in (True, False)] == [True, False]
    assert (
        tablet.post("/api/v1/devices/here", headers=header(held.token), json={"kept": 3}).status_code == 400
    )
    with sqlite_database.reading() as tx:
        acts = [each.facts for each in audit_store.each_entry(tx) if each.act == "device_keeping_accepted"]
    assert acts == [{"dev": held.dev, "reason": "今天只有这一台"}]


def test_a_vehicles_tablet_that_lost_its_store_calls_the_office_for_its_open_runs(app, sqlite_database, ids):
    """The cookie remembers the device that had the list of a run; the run alarms, once."""
    clock = app.extensions["busops"].clock
    first = of_the_coach(sqlite_database, Key(), clock=clock, ids=ids)
    browser = app.test_client()
    pin = {"crew": "Z1", "pin": pin_of(sqlite_database, clock)}
    browser.post("/api/v1/devices/pin", headers=header(first.token), json=pin)
    assert browser.get("/api/v1/runs/run-1/pack", headers=header(first.token)).status_code == 200
    assert says(browser, first.token)["lost"] is None
    second = of_the_coach(sqlite_database, Key(), clock=clock, ids=ids)
    assert says(browser, second.token)["lost"] == {"dev": first.dev, "held_to": 0}
    assert says(browser, second.token)["lost"] is None
    with sqlite_database.reading() as tx:
        alarms = [(each.kind, each.occasion) for each in alarm_store.load_alarms(tx, "run-1")]
    assert alarms == [("device_store_lost", str(first.dev))]
    board = world.sign_in(app, "dispatcher").get("/dispatch")
    assert "浏览器清除了平板的记录" in words(board)
