"""The board, the list of runs and a run's page: what they show, and what they let the office decide."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from busops.domain.fleet import CrewRole
from busops.services import runs, watch
from busops.services.simulated_crew import Slips, drive, script, send, stamp
from busops.storage import job_store
from busops.storage.database import Database
from busops.web.app import create_app
from tests.sim import world

LEFT = "20230002"  # the rider whom nobody taps off


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An application two hours after the departure of its first run."""

    app: Any
    database: Database
    clock: Any
    ids: Any
    held: Any

    def office(self, account: str = "dispatcher") -> FlaskClient:
        """A signed-in browser."""
        return world.sign_in(self.app, account)

    def play(self, run_id: str = "run-1", slips: Slips | None = None) -> Any:
        """The crews drive the run to where their slips let them."""
        transport = world.transport(self.app)
        headers = self.held[CrewRole.ATTENDANT].headers
        _, pack = transport("GET", f"/api/v1/runs/{run_id}/pack", headers, None)
        return drive(transport, self.held, pack=pack, tags=world.TAGS, ids=self.ids, slips=slips)


@pytest.fixture
def scene(sqlite_database, settings, ids):
    """A small school with one run released and its people."""
    clock = world.a_clock()
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    world.release(sqlite_database)
    app = create_app(settings, clock=clock, ids=ids)
    held = world.tablets(sqlite_database, clock=clock, ids=ids)
    return Scene(app=app, database=sqlite_database, clock=clock, ids=ids, held=held)


def text_of(answer) -> str:
    """The words of a page, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def token_in(page: str) -> str:
    """The form's token."""
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


def post(client, run_id: str, act: str, **fields: str):
    """A decision sent from the run's page."""
    page = client.get(f"/runs/{run_id}").get_data(as_text=True)
    return client.post(f"/runs/{run_id}/{act}", data={"csrf_token": token_in(page), **fields})


def test_an_empty_day_says_what_to_do(scene):
    """A day without runs is no empty table but a sentence and a way on."""
    page = text_of(scene.office().get("/dispatch?on=2026-03-20"))
    assert "这一天没有趟次" in page
    assert "去线路方案" in page
    assert scene.office().get("/dispatch?on=never").status_code == 404


def test_the_board_shows_phase_numbers_and_who_is_missing(scene):
    """A run whose last rider never came nor has a reason names him; the part refreshes alone."""
    scene.play(slips=Slips(vanished=frozenset({LEFT}), checks_at_all=False))
    client = scene.office()
    page = client.get("/dispatch")
    assert "学生2" in text_of(page)
    assert 'data-refresh="5"' in page.get_data(as_text=True)
    part = client.get("/dispatch/board").get_data(as_text=True)
    assert "<html" not in part
    assert "11 / 11" in text_of(client.get("/dispatch/board"))


def test_an_overdue_check_is_loudest_and_is_acknowledged_by_name(scene):
    """The alarm stands first, red; acknowledging records who heard it and stops nothing."""
    world.release(scene.database, run_id="run-2", departs_at=world.DEPARTS_AT + timedelta(hours=3), trip_no=2)
    scene.play(slips=Slips(checks_at_all=False))
    scene.clock.advance(600)
    assert watch.raise_due_alarms(scene.database, scene.clock, scene.ids)
    client = scene.office()
    page = client.get("/dispatch").get_data(as_text=True)
    assert page.index('data-run="run-1"') < page.index('data-run="run-2"')
    assert re.search(r'<tr data-tone="bad"[^>]*data-run="run-1"', page)
    action = re.search(r'action="(/dispatch/alarms/[^"]+/ack)"', page)[1]
    assert client.post(action, data={"csrf_token": token_in(page)}).status_code == 302
    alarms = runs.run_view(scene.database, "run-1").alarms
    assert {alarm.state.value for alarm in alarms} >= {"acked"}


def test_the_wall_is_there_for_the_same_people(scene):
    """Tiles without anything to press."""
    scene.play()
    wall = scene.office("supervisor").get("/dispatch/wall").get_data(as_text=True)
    assert 'class="tile"' in wall
    assert "<button" not in wall


def test_a_crew_member_sees_no_board_and_no_run(scene):
    """The office's pages are closed to the bus."""
    client = scene.office("attendant")
    for path in ("/dispatch", "/dispatch/wall", "/runs/", "/runs/run-1"):
        assert client.get(path).status_code == 403


def test_runs_are_listed_searched_and_exported(scene):
    """The list finds a run by its plate and gives it as CSV."""
    world.release(scene.database, run_id="run-2", departs_at=world.DEPARTS_AT + timedelta(days=7), trip_no=2)
    scene.play()
    client = scene.office()
    assert text_of(client.get("/runs/?q=川FB")).count("队员D2 / 队员Z1") == 2
    assert "没有符合条件的行" in text_of(client.get("/runs/?q=nobody"))
    exported = client.get("/runs/?phase=closed&format=csv").get_data().decode("utf-8-sig")
    assert len(exported.strip().splitlines()) == 2


def test_a_closed_run_tells_its_whole_story(scene):
    """Phases, key events, all events, manifest, closure version: each is on the page."""
    assert scene.play().closed
    client = scene.office()
    page = text_of(client.get("/runs/run-1"))
    for words in ("已结束 v1", "出车前检查 7 / 7", "清点人数 12 人", "无缺号", "已封存", "结束版本"):
        assert words in page
    assert "上车 学生2，学校" in text_of(client.get("/runs/run-1?events=all"))
    assert client.get("/runs/nowhere").status_code == 404


def test_closing_too_early_comes_back_with_every_reason(scene):
    """409, the reasons in words, and the run is as it was."""
    scene.play(slips=Slips(untapped=frozenset({LEFT}), checks_at_all=False))
    answer = post(scene.office(), "run-1", "close")
    page = text_of(answer)
    assert answer.status_code == 409
    assert LEFT in page
    assert "封存" in page
    assert runs.run_view(scene.database, "run-1").state.phase.value == "arrived"


def marks_on(client) -> str:
    """What the run's page says it shows of the rider left behind."""
    page = client.get("/runs/run-1").get_data(as_text=True)
    return re.search(rf'riders/{LEFT}/resolve.*?name="marks" value="([^"]*)"', page, re.DOTALL)[1]


def resolve(client, **changed: str):
    """Two people say that the rider left the bus, as the page shows it now."""
    fields = {
        "marks": marks_on(client),
        "says": "alighted",
        "reason": "电话核实，家长已接到",
        "second_account": "deputy",
        "second_password": world.PASSWORD,
    }
    return post(client, "run-1", f"riders/{LEFT}/resolve", **(fields | changed))


def test_two_people_resolve_where_a_rider_is(scene):
    """With the second person's own password the rider is accounted for, and both are named."""
    scene.play(slips=Slips(untapped=frozenset({LEFT})))
    client = scene.office()
    assert LEFT in runs.run_view(scene.database, "run-1").state.aboard
    assert resolve(client).status_code == 302
    assert LEFT not in runs.run_view(scene.database, "run-1").state.aboard
    page = text_of(client.get("/runs/run-1"))
    assert "示例dispatcher、示例deputy" in page
    assert client.get("/dispatch").status_code == 200, "the second person's visit signed nobody out"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"second_password": "wrong-password"}, "密码"),
        ({"second_account": "dispatcher"}, "两"),
        ({"second_account": "attendant"}, "第二个人"),
        ({"reason": " "}, "理由"),
        ({"says": "vanished"}, "没有这个选项"),
    ],
)
def test_one_person_alone_resolves_nothing(scene, changed, words):
    """A wrong password, the same person, a crew member, no reason, no such place: refused in words."""
    scene.play(slips=Slips(untapped=frozenset({LEFT})))
    answer = resolve(scene.office(), **changed)
    assert answer.status_code == 409
    assert words in text_of(answer)
    assert LEFT in runs.run_view(scene.database, "run-1").state.aboard


def test_two_people_decide_about_what_they_saw_only(scene, ids):
    """A mark that arrived after the page was opened, or a form that names none, decides nothing."""
    scene.play(slips=Slips(untapped=frozenset({LEFT})))
    client = scene.office()
    seen = marks_on(client)
    transport, attendant = world.transport(scene.app), scene.held[CrewRole.ATTENDANT]
    _, pack = transport("GET", "/api/v1/runs/run-1/pack", attendant.headers, None)
    other = world.enrol(scene.database, CrewRole.ATTENDANT, clock=scene.clock, ids=ids)
    act = next(act for act in script(pack, world.TAGS) if (act.kind, act.rider) == ("board", LEFT))
    other, envelope = stamp(other, act, pack=pack, ids=ids)
    send(transport, other, [envelope])
    for marks in (seen, ""):
        answer = resolve(client, marks=marks)
        assert answer.status_code == 409
        assert "又有新的记录" in text_of(answer)
        assert LEFT in runs.run_view(scene.database, "run-1").state.aboard
    assert resolve(client).status_code == 302


def test_a_run_nobody_boarded_is_cancelled_a_closed_one_reopened(scene):
    """Both need a reason; neither is offered where it may not be taken."""
    client = scene.office()
    world.release(scene.database, run_id="run-2", trip_no=2)
    assert post(client, "run-2", "cancel", reason="车辆故障").status_code == 302
    assert runs.run_view(scene.database, "run-2").state.phase.value == "cancelled"
    with scene.database.reading() as tx:
        assert [job.arguments for job in job_store.list_jobs(tx, kind="refunds")] == [{"run_id": "run-2"}]
    assert scene.play().closed
    assert "取消趟次" not in text_of(client.get("/runs/run-1"))
    assert post(client, "run-1", "reopen", reason="").status_code == 409
    assert post(client, "run-1", "reopen", reason="复查").status_code == 302
    assert runs.run_view(scene.database, "run-1").state.phase.value == "reopened"


def test_the_supervisor_reads_and_decides_nothing(scene):
    """No form of a decision on the page, and none is taken when sent."""
    client = scene.office("supervisor")
    page = client.get("/runs/run-1").get_data(as_text=True)
    assert "/runs/run-1/close" not in page
    token = token_in(scene.office().get("/runs/run-1").get_data(as_text=True))
    assert client.post("/runs/run-1/close", data={"csrf_token": token}).status_code in (400, 403)
