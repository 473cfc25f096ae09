"""Pages that refresh themselves keep nobody signed in, and say so when the session is over."""

import pytest

from busops.config import Settings
from busops.domain.people import Role
from busops.storage import alarm_store
from busops.storage.alarm_store import Alarm, AlarmState
from busops.web import security
from tests.builders import a_run
from tests.run_kit import store_run
from tests.web.conftest import SignIn

REFRESH = {"X-Refresh": "board"}
POLLED = {
    "dispatch.part",
    "dispatch.wall_part",
    "home.home",
    "home.verdict",
    "jobs.part",
    "manage.devices.enrolment.part",
    "plan_advice.enough_part",
    "plan_margin.part",
    "planning.proof",
}


@pytest.fixture
def machine(app, clock):
    """The machine's clock, by which sessions end."""
    made = app.extensions["busops"]
    assert made.machine_clock is clock
    return clock


def test_the_board_alone_does_not_keep_a_session(machine, sign_in: SignIn, web_settings: Settings) -> None:
    """Asked every half minute by the page itself, the session ends all the same when nobody uses it."""
    browser = sign_in(Role.DISPATCHER)
    for _ in range(web_settings.session_idle_s // 30):
        assert browser.get("/dispatch/board", headers=REFRESH).status_code == 200
        machine.advance(30)
    machine.advance(30)
    assert browser.get("/dispatch/board", headers=REFRESH).status_code == 401
    assert browser.get("/dispatch").status_code == 302


def test_somebody_who_presses_stays(machine, sign_in: SignIn, web_settings: Settings) -> None:
    """A page opened by hand in between is use, and so is a polled address asked for without its header."""
    for path in ("/runs/", "/dispatch/board"):
        browser = sign_in(Role.DISPATCHER)
        for _ in range(3):
            machine.advance(web_settings.session_idle_s // 2)
            assert browser.get(path).status_code == 200


def test_the_header_is_no_way_round_for_other_pages(machine, sign_in: SignIn, web_settings: Settings) -> None:
    """Only views that are declared as polled are exempt: anything else asked for counts."""
    browser = sign_in(Role.DISPATCHER)
    for _ in range(3):
        machine.advance(web_settings.session_idle_s // 2)
        assert browser.get("/runs/", headers=REFRESH).status_code == 200


def test_the_polled_views_are_these(app) -> None:
    """The parts that pages ask for by themselves, each declared on its view."""
    declared = {
        endpoint
        for endpoint in app.view_functions
        if (access := security.access_of(app, endpoint)) is not None and access.is_polled
    }
    assert declared == POLLED


def test_the_badge_says_what_it_counts(app, sign_in: SignIn) -> None:
    """Beside the dispatch stands the number of alarms, named as such in both languages."""
    database = app.extensions["busops"].database
    one_alarm(database, app.extensions["busops"].clock)
    for language, words in (("zh", "没有解除的报警：1"), ("en", "Alarms not resolved: 1")):
        page = sign_in(Role.DISPATCHER, language).get("/runs/").get_data(as_text=True)
        assert f'title="{words}"' in page


def one_alarm(database, clock) -> None:
    """A run with one alarm stands in the database."""
    plan = a_run()
    store_run(database, plan)
    alarm = Alarm(
        alarm_id="a-1",
        run_id=plan.run_id,
        kind="run_unclosed",
        level=2,
        occasion="v0",
        state=AlarmState.RAISED,
        raised_at=clock.now(),
    )
    with database.transaction() as tx:
        alarm_store.raise_alarm(tx, alarm)
