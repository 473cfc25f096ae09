"""A vehicle's tablet and a person's PIN, seen from the API and the office's pages."""

import re

import pytest

from busops.domain.people import Role
from busops.services import devices, pins
from busops.services.credentials import CHEAP
from busops.storage import audit_store, bound_devices, people_store
from tests.device_kit import OFFICE, Key, of_the_coach, offered, taken
from tests.sim import world
from tests.small_school import COACH
from tests.web.conftest import send as post_form
from tests.web.test_api import ATTENDANT, first_events, scene
from tests.web.test_devices_page import words
from tests.web.test_every_route_is_guarded import address, methods, rules

__all__ = ["scene"]


@pytest.fixture
def coach(scene, sqlite_database, ids):
    """The application, a compared tablet of the coach with its key, and its clock."""
    app = scene[0]
    clock = app.extensions["busops"].clock
    key = Key()
    return app, of_the_coach(sqlite_database, key, clock=clock, ids=ids), key, clock


def header(token):
    """What a device shows at the door."""
    return {"Authorization": f"Device {token}"}


def pin_of(database, clock, crew_id="Z1"):
    """A new PIN of this person."""
    return pins.give(database, crew_id, by=OFFICE, clock=clock, hasher=CHEAP)


def enter(app, token, crew, pin):
    """The answer to a PIN on a tablet."""
    return app.test_client().post(
        "/api/v1/devices/pin", headers=header(token), json={"crew": crew, "pin": pin}
    )


def test_a_tablet_takes_its_code_over_the_api(scene, sqlite_database, ids):
    """201 with token and digits; pending it learns nothing, its taps wait; wrong codes 409, then 429."""
    app, transport, held, _ = scene
    clock = app.extensions["busops"].clock
    made, key = offered(sqlite_database, clock=clock, ids=ids), Key()
    client = app.test_client()
    body = {"hs": 1, "code": made.code, "key": key.public, "name": "车载平板"}
    answer = client.post("/api/v1/devices/enrol", json=body)
    assert answer.status_code == 201
    told = answer.get_json()
    assert (told["plate"], told["role"], len(told["check"])) == (COACH, "ATTENDANT", 6)
    assert client.get("/api/v1/devices/me", headers=header(told["token"])).get_json()["state"] == "pending"
    for path in ("/api/v1/runs", "/api/v1/runs/run-1/pack", "/api/v1/runs/run-1/news"):
        refused = client.get(path, headers=header(told["token"]))
        assert (refused.status_code, refused.get_json()["code"]) == (403, "device_pending"), path
    events = [{**each, "dev": told["dev"]} for each in first_events(transport, held[ATTENDANT], ids, most=1)]
    signed = key.batch(events, told["dev"])
    kept = client.post("/api/v1/events:batch", headers=header(told["token"]), json=signed).get_json()
    assert [(each["r"], each["why"]) for each in kept["results"]] == [("quarantined", "device_not_trusted")]
    assert client.post("/api/v1/devices/enrol", json={**body, "key": "AAAA"}).status_code == 400
    assert client.post("/api/v1/devices/enrol", json={"code": "x"}).status_code == 400
    tried = [client.post("/api/v1/devices/enrol", json=body).status_code for _ in range(6)]
    assert tried == [409] * 5 + [429]


def test_the_vehicles_tablet_sees_its_runs_and_records_in_the_name_of_who_entered(
    coach, scene, sqlite_database, ids
):
    """Runs and news without a person; the list and events only once a PIN was shown; closing needs one."""
    app, held, key, clock = coach
    client = app.test_client()
    listed = client.get("/api/v1/runs", headers=header(held.token)).get_json()["runs"]
    assert [run["run"] for run in listed] == ["run-1"]
    assert client.get("/api/v1/runs/run-1/news", headers=header(held.token)).status_code == 200
    pack = client.get("/api/v1/runs/run-1/pack", headers=header(held.token))
    assert (pack.status_code, pack.get_json()["code"]) == (409, "pin_needed")
    with sqlite_database.reading() as tx:
        assert held.dev not in bound_devices.devices_of(tx, "run-1")
    close = client.post("/api/v1/runs/run-1/close", headers=header(held.token), json={})
    assert (close.status_code, close.get_json()["code"]) == (409, "pin_needed")
    events = [{**each, "dev": held.dev} for each in first_events(scene[1], scene[2][ATTENDANT], ids, most=1)]
    body = key.batch(events, held.dev)
    apart = client.post("/api/v1/events:batch", headers=header(held.token), json=body).get_json()
    assert apart["results"][0]["why"] == "person_not_on_device"
    entered = enter(app, held.token, "Z1", pin_of(sqlite_database, clock)).get_json()
    assert (entered["crew"], entered["role"]) == ("Z1", "ATTENDANT")
    assert client.get("/api/v1/runs/run-1/pack", headers=header(held.token)).status_code == 200
    with sqlite_database.reading() as tx:
        assert held.dev in bound_devices.devices_of(tx, "run-1")
    events[0]["id"] = "0190a000-0000-7000-8000-00000000eeee"
    stored = client.post(
        "/api/v1/events:batch", headers=header(held.token), json=key.batch(events, held.dev)
    ).get_json()
    assert stored["results"][0]["r"] == "stored"
    close = client.post("/api/v1/runs/run-1/close", headers=header(entered["token"]), json={})
    assert (close.status_code, close.get_json()["code"]) == (409, "close_refused")


def test_five_wrong_pins_lock_it_until_a_new_one(coach, sqlite_database):
    """The right one does not help any more; somebody else's goes on; a new one opens again."""
    app, held, _, clock = coach
    pin = pin_of(sqlite_database, clock)
    other = pin_of(sqlite_database, clock, "D2")
    wrong = f"{(int(pin) + 1) % 10**6:06d}"
    told = [enter(app, held.token, "Z1", wrong).get_json() for _ in range(5)]
    assert [each["code"] for each in told] == ["pin_wrong"] * 4 + ["pin_locked"]
    assert "还可以试 4 次" in told[0]["detail"]
    assert enter(app, held.token, "Z1", pin).get_json()["code"] == "pin_locked"
    assert enter(app, held.token, "D2", other).status_code == 200
    assert enter(app, held.token, "Z1", pin_of(sqlite_database, clock)).status_code == 200
    assert enter(app, held.token, "Z9", pin).get_json()["code"] == "pin_wrong"


def test_a_right_pin_forgets_the_wrong_ones_and_a_new_one_ends_the_old(coach, sqlite_database):
    """Four wrong, one right, four wrong again: still open. What the old PIN opened is over at once."""
    app, held, _, clock = coach
    pin = pin_of(sqlite_database, clock)
    wrong = f"{(int(pin) + 1) % 10**6:06d}"
    for _ in range(2):
        assert {enter(app, held.token, "Z1", wrong).status_code for _ in range(4)} == {409}
        entered = enter(app, held.token, "Z1", pin).get_json()
    assert devices.holder_of(sqlite_database, entered["token"], clock=clock).crew_id == "Z1"
    pin_of(sqlite_database, clock)
    assert app.test_client().get("/api/v1/runs", headers=header(entered["token"])).status_code == 401


def test_a_pin_works_only_on_a_vehicles_tablet_in_use(coach, scene, sqlite_database):
    """Not on a person's own tablet, not with half a body, not for somebody whose account is closed."""
    app, held, _, clock = coach
    pin = pin_of(sqlite_database, clock)
    assert enter(app, scene[2][ATTENDANT].token, "Z1", pin).get_json()["code"] == "pin_not_here"
    assert enter(app, held.token, "Z1", "12345").status_code == 400
    assert enter(app, "nobody", "Z1", pin).status_code == 401
    with sqlite_database.transaction() as tx:
        person = next(each for each in people_store.load_people(tx) if each.crew_id == "Z1")
        people_store.update_person(tx, person.user_id, disabled_at=clock.now())
    assert enter(app, held.token, "Z1", pin).get_json()["code"] == "pin_not_here"


# Open to whoever asks, or to whoever has a class's link: a PIN changes nothing there.
OPEN = (
    "api.",
    "health.",
    "auth.",
    "tablet.app_file",
    "tablet_shell.",
    "enrolment.",
    "ca.",
    "rollcall.show",
    "rollcall.answer",
)


def test_what_a_pin_opens_opens_no_page(coach, sqlite_database):
    """Every address that is not a tablet's: sent to the door or refused, as a stranger."""
    app, held, _, clock = coach
    token = enter(app, held.token, "Z1", pin_of(sqlite_database, clock)).get_json()["token"]
    client, tried = app.test_client(), 0
    for rule in rules(app):
        if rule.endpoint.startswith(OPEN):
            continue
        for method in methods(rule):
            answer = client.open(address(rule), method=method, headers=header(token))
            assert answer.status_code in {302, 400, 401, 403}, (method, rule, answer.status_code)
            if answer.status_code == 302:
                assert answer.headers["Location"].startswith("/signin"), rule
            tried += 1
    assert tried > 100


def test_the_office_enrols_a_tablet_from_its_page(scene, sqlite_database):
    """Vehicle and post, the code as a picture, the digits to compare, confirmed; the code is shown once."""
    app = scene[0]
    office = world.sign_in(app, "dispatcher")
    made = post_form(office, "/manage/devices/new", plate=COACH, role="DRIVER")
    page = made.get_data(as_text=True)
    code = re.search(r'id="offer-code">([\w-]{22})<', page)[1]
    offer = re.search(r"/manage/devices/offers/([\w-]+)/part", page)[1]
    assert "<svg" in page
    part = office.get(f"/manage/devices/offers/{offer}/part")
    assert "hx-trigger" in part.get_data(as_text=True)
    told = taken(sqlite_database, code, Key(), clock=app.extensions["busops"].clock)
    part = office.get(f"/manage/devices/offers/{offer}/part").get_data(as_text=True)
    assert f"{told.check_code[:3]} {told.check_code[3:]}" in part
    assert "hx-trigger" not in part
    assert code not in office.get(f"/manage/devices/offers/{offer}").get_data(as_text=True)
    assert f"/manage/devices/offers/{offer}" in office.get("/manage/devices").get_data(as_text=True)
    assert post_form(office, f"/manage/devices/offers/{offer}/confirm").status_code == 302
    assert post_form(office, f"/manage/devices/offers/{offer}/confirm").status_code == 409
    assert f"/offers/{offer}" not in office.get("/manage/devices").get_data(as_text=True)
    assert post_form(office, "/manage/devices/new", plate="川F99999", role="DRIVER").status_code == 409


def test_digits_that_differ_give_the_tablet_up(scene, sqlite_database, ids):
    """Refused at the page: whoever took the code learns nothing for good."""
    app = scene[0]
    clock = app.extensions["busops"].clock
    made = offered(sqlite_database, clock=clock, ids=ids)
    told = taken(sqlite_database, made.code, Key(), clock=clock)
    office = world.sign_in(app, "dispatcher")
    offer = made.offer.enrolment_id
    assert post_form(office, f"/manage/devices/offers/{offer}/refuse").status_code == 302
    assert devices.holder_of(sqlite_database, told.token, clock=clock).is_revoked
    assert "那台平板已停用" in words(office.get(f"/manage/devices/offers/{offer}"))
    assert post_form(office, f"/manage/devices/offers/{offer}/refuse").status_code == 409


def test_the_office_gives_a_pin_that_is_shown_once(coach, sqlite_database):
    """Six digits on the answer, in no list and no audit; they open the tablet."""
    app, held, _, _ = coach
    office = world.sign_in(app, "dispatcher")
    page = post_form(office, "/manage/devices/pins/Z1").get_data(as_text=True)
    pin = "".join(re.search(r'id="pin">(\d{3}) (\d{3})<', page).groups())
    assert enter(app, held.token, "Z1", pin).status_code == 200
    assert pin not in office.get("/manage/devices/pins").get_data(as_text=True)
    assert post_form(office, "/manage/devices/pins/Z9").status_code == 404
    with sqlite_database.reading() as tx:
        entries = audit_store.newest_entries(tx, limit=50)
    assert {"pin_given", "pin_entered"} <= {entry.act for entry in entries}
    assert not any(pin in str(entry) for entry in entries)


def test_the_public_page_of_a_new_tablet_holds_nothing(scene):
    """Open to everybody, without a name, a plate or a run."""
    page = scene[0].test_client().get("/tablet/enrol")
    assert page.status_code == 200
    assert COACH not in page.get_data(as_text=True)


@pytest.mark.parametrize("role", [Role.FINANCE, Role.SUPERVISOR, Role.DRIVER])
def test_nobody_else_enrols_or_gives_pins(app, sign_in, role):
    """Who sends the buses and who administrates, nobody else."""
    browser = sign_in(role)
    for path in ("/manage/devices/new", "/manage/devices/pins", "/manage/devices/offers/x/part"):
        assert browser.get(path).status_code == 403
