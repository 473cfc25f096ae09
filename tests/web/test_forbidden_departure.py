"""A bus that leaves against its papers, from the tablet's batch to the office's pages."""

import re
from dataclasses import replace
from datetime import date

import pytest

from busops.domain.fleet import CrewRole
from busops.services.simulated_crew import drive
from busops.storage import fleet_store
from busops.web.app import create_app
from tests.sim import world
from tests.small_school import COACH


@pytest.fixture
def driven(sqlite_database, settings, ids):
    """A whole run played by its crew although the coach's insurance ended after the release."""
    clock = world.a_clock()
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    world.release(sqlite_database)
    app = create_app(settings, clock=clock, ids=ids)
    held = world.tablets(sqlite_database, clock=clock, ids=ids)
    with sqlite_database.transaction() as tx:
        coach = next(each for each in fleet_store.load_vehicles(tx) if each.plate == COACH)
        fleet_store.save_vehicles(tx, [replace(coach, insurance_to=date(2026, 3, 1))])
    transport = world.transport(app)
    _, pack = transport("GET", "/api/v1/runs/run-1/pack", held[CrewRole.ATTENDANT].headers, None)
    return app, drive(transport, held, pack=pack, tags=world.TAGS, ids=ids)


def page(app, path: str, language: str = "zh") -> tuple[str, str]:
    """A page as the dispatcher reads it, as HTML and as plain words."""
    client = world.sign_in(app, "dispatcher")
    client.get(f"/language/{language}")
    html = client.get(path).get_data(as_text=True)
    return html, re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_every_event_is_stored_and_the_run_does_not_close(driven) -> None:
    """No observation is refused; the close names the departure and the paper in words."""
    _, done = driven
    assert {result["r"] for result in done.results} == {"stored"}
    assert not done.closed
    (reason,) = done.reasons
    assert (reason["code"], reason["facts"]["finding"]) == ("finding_open", "departed_forbidden")
    assert reason["facts"]["papers"][0]["code"] == "vehicle_insurance_expired"
    assert COACH in reason["detail"]


@pytest.mark.parametrize(
    ("language", "alarm", "finding", "told"),
    [
        ("zh", "证件不允许仍然发车", "证件不允许，仍从", "系统记下：证件不允许发车"),
        (
            "en",
            "Left although papers forbid it",
            "although papers forbade it",
            "Kept by the system: papers forbade the departure",
        ),
    ],
)
def test_the_board_rings_and_the_story_tells_it(driven, language, alarm, finding, told) -> None:
    """High on the board, on the run's page as alarm, reason, finding to settle and line of its story."""
    app, _ = driven
    html, words = page(app, "/dispatch?on=2026-03-13", language)
    assert alarm in words
    assert re.search(r'<tr data-tone="bad"[^>]*data-run="run-1"', html)
    html, words = page(app, "/runs/run-1", language)
    assert alarm in words
    assert words.count(finding) >= 2, "as reason against the close and as finding"
    assert told in words
    assert "Finding(" not in words
    assert "/runs/run-1/findings/settle" in html


def test_two_people_dispose_of_it_and_the_run_closes(driven) -> None:
    """One person alone is refused; with a second one and a reason the run can be ended."""
    app, _ = driven
    client = world.sign_in(app, "dispatcher")
    html = client.get("/runs/run-1").get_data(as_text=True)
    key = re.search(r'name="key" value="(departed_forbidden:[^"]+)"', html)[1]
    token = re.search(r'name="csrf_token" value="([^"]+)"', html)[1]
    fields = {"csrf_token": token, "key": key, "reason": "保险当天已续", "second_password": world.PASSWORD}
    alone = client.post("/runs/run-1/findings/settle", data={**fields, "second_account": "dispatcher"})
    assert alone.status_code == 409
    both = client.post("/runs/run-1/findings/settle", data={**fields, "second_account": "deputy"})
    assert both.status_code == 302
    assert client.post("/runs/run-1/close", data={"csrf_token": token}).status_code == 302
    _, words = page(app, "/dispatch?on=2026-03-13")
    assert "证件不允许仍然发车" not in words
