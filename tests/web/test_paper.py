"""The form beside the scan, two people in two sessions, and who may see a scan."""

import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from busops.domain.roster import HandoverMode, PickupPerson
from busops.domain.values import CAMPUS
from busops.services import handovers
from busops.storage import event_store, register_store
from busops.web.app import create_app
from tests.machine import CountingIds, FixedClock
from tests.run_kit import state
from tests.sim import world
from tests.unit.services.test_paper_scan import PLAIN_PDF, a_picture


@pytest.fixture
def plan(sqlite_database):
    """A released run over three stops, twelve riders."""
    world.fill(sqlite_database)
    return world.release(sqlite_database)


@pytest.fixture
def app(plan, sqlite_database, settings):
    """An application four hours after the departure."""
    clock, ids = FixedClock(world.DEPARTS_AT + timedelta(hours=4)), CountingIds()
    world.add_people(sqlite_database, clock, ids)
    return create_app(settings, clock=clock, ids=ids)


def token_of(page: str) -> str:
    """The page's token."""
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


def filled(plan, token: str, **changes) -> dict:
    """The form as somebody fills it in: everybody on at the campus and off at his own stop."""
    form = {
        "csrf_token": token,
        "attendant_id": "Z1",
        "driver_id": "D2",
        f"left:{CAMPUS}": "16:00",
        f"count:{CAMPUS}": "12",
        "scan": (io.BytesIO(a_picture()), "sheet.jpg"),
    }
    for place, stop in enumerate(plan.stops[1:], start=1):
        form[f"arrived:{stop.stop_id}"] = f"16:{12 * place}"
        form[f"left:{stop.stop_id}"] = f"16：{12 * place + 1}"
    for rider in plan.manifest:
        form |= {f"on:{rider.rider_id}": CAMPUS, f"off:{rider.rider_id}": rider.stop_id}
    return form | changes


def typed(client, plan, **changes):
    """The answer to the form when it is sent in."""
    page = client.get("/runs/run-1/paper").get_data(as_text=True)
    form = filled(plan, token_of(page), **changes)
    return client.post("/runs/run-1/paper", data=form, content_type="multipart/form-data")


def test_two_people_in_two_sessions_bring_a_sheet_into_the_log(app, plan, sqlite_database):
    """Typed by the dispatcher, who cannot confirm; counted by the deputy; told as PAPER on the run's page."""
    first, second = world.sign_in(app, "dispatcher"), world.sign_in(app, "deputy")
    page = first.get("/runs/run-1/paper").get_data(as_text=True)
    assert "selected" not in page.split('name="on:', 1)[1]
    answer = typed(first, plan)
    assert answer.status_code == 302
    path = answer.headers["Location"]
    own = first.get(path).get_data(as_text=True)
    assert "录入人不能核对自己录的" in own
    assert f"{path}/confirm" not in own
    other = second.get(path).get_data(as_text=True)
    sums = {"csrf_token": token_of(other), "boarded": "12", "alighted": "12", "absent": "0", "handed": "0"}
    assert second.post(f"{path}/confirm", data=sums | {"boarded": "11"}).status_code == 409
    assert second.post(f"{path}/confirm", data=sums | {"boarded": "²"}).status_code == 409
    assert first.post(f"{path}/confirm", data=sums | {"csrf_token": token_of(own)}).status_code == 409
    assert second.post(f"{path}/confirm", data=sums).status_code == 302
    assert len(state(sqlite_database, plan).alighted) == 12
    run = first.get("/runs/run-1").get_data(as_text=True)
    assert "PAPER" in run
    assert "两人已核对" in run
    assert f'href="{path}"' in run


def test_a_form_that_is_wrong_comes_back_with_everything_and_what_was_typed(app, plan):
    """Every fault at once; a time that is none; no scan; nothing is kept."""
    client = world.sign_in(app, "dispatcher")
    check = {"check_attendant_at": "16:50", "check_attendant_codes": "481907 1"}
    wrong = typed(client, plan, **check, **{"left:S001": "16:01"})
    page = wrong.get_data(as_text=True)
    assert wrong.status_code == 400
    assert "S001 的时间早于前面的时间" in page
    assert "清车检查要照管员和驾驶员都签了字才作数" in page
    assert 'value="16:01"' in page
    assert typed(client, plan, **{"left:S001": "25:00"}).status_code == 400
    assert typed(client, plan, scan=(io.BytesIO(b""), "")).status_code == 400
    assert typed(client, plan, scan=(io.BytesIO(b"<html>"), "a.jpg")).status_code == 400
    assert "等第二人核对" not in client.get("/runs/run-1").get_data(as_text=True)


def test_a_child_that_is_not_on_the_list_is_typed_by_number(app, plan, sqlite_database):
    """The free lines of the form: a walk-on is a fact too."""
    client = world.sign_in(app, "dispatcher")
    extra = {"extra:1": "20230099", "extra:1:on": CAMPUS, "extra:1:off": "S002"}
    path = typed(client, plan, **extra).headers["Location"]
    assert "20230099" in client.get(path).get_data(as_text=True)


def test_hand_overs_are_typed_and_counted_like_everything_else(app, plan, sqlite_database):
    """To a listed person, by the code that was given, to nobody; half a line and a wrong code do not pass."""
    listed, coded, _ = riders = [each.rider_id for each in plan.manifest[:3]]
    persons = (PickupPerson(name="示例母亲", relation="母亲"),)
    with sqlite_database.transaction() as tx:
        for rider_id in riders:
            rider = register_store.load_rider(tx, rider_id).rider
            rider = replace(rider, handover=HandoverMode.LISTED, persons=persons)
            register_store.save_riders(tx, [rider])
    client = world.sign_in(app, "dispatcher")
    code = handovers.issue_code(sqlite_database, "run-1", coded, by="u1", clock=FixedClock(world.DEPARTS_AT))
    assert "示例母亲" in client.get("/runs/run-1/paper").get_data(as_text=True)
    printed = client.get("/print/runs/run-1").get_data(as_text=True)
    assert printed.partition("交接记录")[2].count("示例母亲") == 3
    given = {f"handed:{listed}": "1", f"handed:{coded}": "code", f"handed:{riders[2]}": "none"}
    given |= {f"handed_at:{each}": "16:58" for each in riders} | {f"handed_code:{coded}": code}
    wrong = typed(client, plan, **given | {f"handed_code:{coded}": f"{(int(code) + 1) % 10**6:06d}"})
    assert wrong.status_code == 400
    assert f"学生 {coded} 的接领码与本趟给的不符" in wrong.get_data(as_text=True)
    assert typed(client, plan, **given | {f"handed_at:{listed}": ""}).status_code == 400
    assert typed(client, plan, **given | {f"handed:{listed}": "7"}).status_code == 400
    path = typed(client, plan, **given).headers["Location"]
    second = world.sign_in(app, "deputy")
    shown = second.get(path).get_data(as_text=True)
    assert "示例母亲" in shown
    assert code not in shown
    sums = {"csrf_token": token_of(shown), "boarded": "12", "alighted": "12", "absent": "0"}
    assert second.post(f"{path}/confirm", data=sums | {"handed": "2"}).status_code == 409
    assert second.post(f"{path}/confirm", data=sums | {"handed": "3"}).status_code == 302
    with sqlite_database.reading() as tx:
        facts = [each for each in event_store.load_observations(tx, "run-1") if each.kind == "handover"]
    assert {each.rider_id: set(each.codes) for each in facts} == {
        listed: {"listed", "person:1"},
        coded: {"code"},
        riders[2]: {"none"},
    }


def test_a_scan_is_seen_by_the_office_only(app, plan):
    """The picture for dispatcher and supervisor, with a policy that lets it do nothing; a PDF as a file."""
    office = world.sign_in(app, "dispatcher")
    path = typed(office, plan).headers["Location"]
    answer = world.sign_in(app, "supervisor").get(f"{path}/scan")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cache-Control"] == "no-store"
    assert world.sign_in(app, "attendant").get(f"{path}/scan").status_code == 403
    assert app.test_client().get(f"{path}/scan").status_code == 302
    assert office.get("/paper/nothing/scan").status_code == 404
    form = {"csrf_token": token_of(office.get(path).get_data(as_text=True)), "reason": "重录"}
    assert office.post(f"{path}/reject", data=form).status_code == 302
    again = typed(office, plan, scan=(io.BytesIO(PLAIN_PDF), "s.pdf")).headers["Location"]
    pdf = office.get(f"{again}/scan")
    assert pdf.headers["Content-Disposition"].startswith("attachment")
    assert "<img" not in office.get(again).get_data(as_text=True).split("<main", 1)[1]


def test_the_supervisor_confirms_but_does_not_type(app, plan):
    """Typing is the office's; a supervisor is a second person."""
    assert world.sign_in(app, "supervisor").get("/runs/run-1/paper").status_code == 403
    path = typed(world.sign_in(app, "dispatcher"), plan).headers["Location"]
    assert f"{path}/confirm" in world.sign_in(app, "supervisor").get(path).get_data(as_text=True)
