"""The plan pages: order as a job, progress, the plan on map and table, approve, release, discard."""

from datetime import datetime, time

import pytest
from flask import Flask

from busops.domain.people import Role
from busops.domain.values import SCHOOL_TIME, Direction, PlanId
from busops.services import plan_view, planning, rosters, runs
from busops.storage import job_store, run_store
from busops.storage.database import Database
from busops.web.context import EXTENSION
from tests.machine import CountingIds, FixedClock
from tests.small_school import FRIDAY, fill
from tests.web.conftest import SignIn, send

PLANS = "/plans/"


def make_plan(
    database: Database, clock: FixedClock, ids: CountingIds, direction: Direction = Direction.HOMEWARD
) -> PlanId:
    """A plan on the locked roster."""
    if not rosters.weekend_view(database, FRIDAY).locks:
        rosters.lock(database, FRIDAY, by="test", clock=clock)
    return planning.plan_weekend(
        database, weekend_on=FRIDAY, direction=direction, seconds=0.3, seed=1, clock=clock, ids=ids
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_plan_page_shows_trips_forecast_and_verdict(
    sqlite_database: Database, sign_in: SignIn, clock: FixedClock, ids: CountingIds, language: str
) -> None:
    """Cost, seats, longest ride, forecast and every trip; the map's data hold places, not people."""
    fill(sqlite_database)
    plan_id = make_plan(sqlite_database, clock, ids)
    browser = sign_in(Role.DISPATCHER, language)
    page = browser.get(f"/plans/{plan_id}")
    assert page.status_code == 200
    assert ("已核验，0 违规" if language == "zh" else "Verified, 0 violations") in page.text
    assert "22 / 32" in page.text
    for code in ("plan_state.", "unserved.", "direction."):
        assert code not in page.text
    drawn = browser.get(f"/plans/{plan_id}/map.json")
    assert {trip["plate"] for trip in drawn.json["trips"]} == {"川FA0001", "川FB0002"}
    assert "学生" not in drawn.text
    assert browser.get(f"/plans/{plan_id}/plan.json").json["direction"] == "homeward"
    assert browser.get(f"/plans/{plan_id}?format=csv").status_code == 200
    assert plan_id in browser.get(PLANS).text


def test_an_order_of_both_directions_shows_both_and_leads_to_both_plans(
    app: Flask, sqlite_database: Database, sign_in: SignIn
) -> None:
    """The order answers at once; the page holds a job for each direction, then a way to each plan."""
    fill(sqlite_database)
    browser = sign_in(Role.DISPATCHER)
    form = {"weekend_on": str(FRIDAY), "direction": "both", "seconds": "0.3", "seed": "1"}
    answer = send(browser, PLANS, PLANS, **form)
    assert answer.status_code == 302
    where = answer.headers["Location"]
    first, second = where.removeprefix("/jobs/").split("?then=")
    waiting = browser.get(where).text
    assert all(f'hx-get="/jobs/{one}/part?seen=queued"' in waiting for one in (first, second))
    jobs = app.extensions[EXTENSION].jobs
    jobs.work(first)
    part = browser.get(f"/jobs/{first}/part?seen=queued")
    assert part.headers["HX-Refresh"] == "true"
    assert "HX-Refresh" not in browser.get(f"/jobs/{second}/part?seen=queued").headers
    jobs.work(second)
    done = browser.get(where).text
    plans = [one.plan_id for one in planning.plans_of(sqlite_database, FRIDAY)]
    assert len(plans) == 2
    assert all(f'href="/plans/{plan_id}"' in done for plan_id in plans)


def test_an_order_of_one_direction_goes_on_to_its_plan_which_shows_how_it_was_found(
    app: Flask, sqlite_database: Database, sign_in: SignIn
) -> None:
    """Done, the job's page sends on; the plan page has the picture of the search and its table."""
    fill(sqlite_database)
    browser = sign_in(Role.DISPATCHER)
    form = {"weekend_on": str(FRIDAY), "direction": "homeward", "seconds": "0.3", "seed": "1"}
    where = send(browser, PLANS, PLANS, **form).headers["Location"]
    job_id = where.removeprefix("/jobs/")
    app.extensions[EXTENSION].jobs.work(job_id)
    course = app.extensions[EXTENSION].jobs.look(job_id).facts["course"]
    assert [len(row) for row in course] == [5] * len(course)
    stay = browser.get(f"{where}?stay=1").text
    assert 'class="chart course"' in stay
    assert "费用" in stay
    answer = browser.get(where)
    assert answer.status_code == 302
    page = browser.get(answer.headers["Location"]).text
    assert 'class="chart course"' in page
    assert "先排出一份" in page


def test_a_job_is_stopped_and_a_failed_one_says_why(
    app: Flask, sqlite_database: Database, sign_in: SignIn
) -> None:
    """A cancelled job stores nothing; a weekend nobody rides ends with the sentence of its reason."""
    fill(sqlite_database)
    browser = sign_in(Role.DISPATCHER)
    form = {"weekend_on": str(FRIDAY), "direction": "homeward", "seconds": "0.3"}
    where = send(browser, PLANS, PLANS, **form).headers["Location"]
    assert send(browser, f"{where}/cancel", where).status_code == 302
    assert "已停止" in browser.get(where).text
    form["weekend_on"] = "2026-03-20"
    where = send(browser, PLANS, PLANS, **form).headers["Location"]
    app.extensions[EXTENSION].jobs.work(where.removeprefix("/jobs/"))
    assert "没有人乘车" in browser.get(where).text
    assert planning.plans_of(sqlite_database) == ()


@pytest.mark.parametrize(("form", "is_unwanted"), [({}, False), ({"discard": "1"}, True)])
def test_a_running_search_is_stopped_in_one_of_two_ways(
    app: Flask, sqlite_database: Database, sign_in: SignIn, form: dict[str, str], is_unwanted: bool
) -> None:
    """Both buttons are there while it runs; the wish is in the job; who may not stop sees none."""
    fill(sqlite_database)
    browser = sign_in(Role.DISPATCHER)
    order = {"weekend_on": str(FRIDAY), "direction": "homeward", "seconds": "20"}
    where = send(browser, PLANS, PLANS, **order).headers["Location"]
    job_id = where.removeprefix("/jobs/")
    with sqlite_database.transaction() as tx:
        job_store.claim_job(tx, job_id, at=app.extensions[EXTENSION].clock.now())
    page = browser.get(where).text
    assert "停止，留下目前最好的" in page
    assert "停止并丢弃" in page
    assert "停止并丢弃" not in sign_in(Role.SUPERVISOR).get(where).text
    assert send(browser, f"{where}/cancel", where, back=where, **form).headers["Location"] == where
    job = app.extensions[EXTENSION].jobs.look(job_id)
    assert (job.cancel_asked, job.is_unwanted) == (True, is_unwanted)
    assert "正在停止" in browser.get(where).text
    outside = send(browser, f"{where}/cancel", where, back="https://example.org/").headers["Location"]
    assert outside == where


@pytest.mark.parametrize(
    "wrong",
    [{"weekend_on": "2026-03-14"}, {"weekend_on": "x"}, {"direction": "up"}, {"seconds": "0"}, {"seed": "a"}],
)
def test_a_wrong_order_comes_back_in_words(
    sqlite_database: Database, sign_in: SignIn, wrong: dict[str, str]
) -> None:
    """No job is made of it."""
    fill(sqlite_database)
    form = {"weekend_on": str(FRIDAY), "direction": "both", "seconds": "1", "seed": "1"}
    answer = send(sign_in(Role.DISPATCHER), PLANS, PLANS, **{**form, **wrong})
    assert answer.status_code == 400
    assert "note--bad" in answer.text


def test_approve_then_release(
    sqlite_database: Database, sign_in: SignIn, clock: FixedClock, ids: CountingIds
) -> None:
    """Approving needs the number of those without a seat; released, the trips are runs."""
    fill(sqlite_database)
    plan_id = make_plan(sqlite_database, clock, ids)
    page = f"/plans/{plan_id}"
    browser = sign_in(Role.DISPATCHER)
    assert send(browser, f"{page}/release", page).status_code == 409
    refused = send(browser, f"{page}/approve", page, unserved="5")
    assert refused.status_code == 409
    assert "再看一遍" in refused.text
    assert send(browser, f"{page}/approve", page, unserved="many").status_code == 409
    assert send(browser, f"{page}/approve", page, unserved="0").status_code == 302
    assert send(browser, f"{page}/approve", page, unserved="0").status_code == 409
    released = send(browser, f"{page}/release", page)
    assert released.status_code == 302, released.text
    with sqlite_database.reading() as tx:
        assert len(run_store.list_runs(tx)) == 2
    assert send(browser, f"{page}/discard", page).status_code == 409
    assert send(browser, f"{page}/nonsense", page).status_code == 404


def test_why_a_plan_cannot_be_approved_is_on_its_page(
    sqlite_database: Database, sign_in: SignIn, clock: FixedClock, ids: CountingIds
) -> None:
    """A plan on a draft roster names the reason and keeps its button, marked; discarding works."""
    fill(sqlite_database)
    plan_id = planning.plan_weekend(
        sqlite_database,
        weekend_on=FRIDAY,
        direction=Direction.HOMEWARD,
        seconds=0.3,
        seed=1,
        clock=clock,
        ids=ids,
    )
    page = f"/plans/{plan_id}"
    browser = sign_in(Role.ADMIN)
    text = browser.get(page).text
    assert 'aria-disabled="true"' in text
    assert "还没有锁定" in text
    assert send(browser, f"{page}/discard", page).status_code == 302
    assert "已作废" in browser.get(page).text


def test_who_may_plan(
    sqlite_database: Database, sign_in: SignIn, clock: FixedClock, ids: CountingIds
) -> None:
    """Finance and supervisor look; only dispatcher and administrator order and decide."""
    fill(sqlite_database)
    plan_id = make_plan(sqlite_database, clock, ids)
    for role in (Role.FINANCE, Role.SUPERVISOR):
        browser = sign_in(role)
        assert browser.get(f"/plans/{plan_id}").status_code == 200
        assert send(browser, f"/plans/{plan_id}/approve", unserved="0").status_code == 403
    assert sign_in(Role.DRIVER).get(PLANS).status_code == 403
    assert sign_in(Role.ADMIN).get("/plans/p404").status_code == 404


@pytest.mark.parametrize("direction", Direction)
def test_departures_are_times_of_day(
    sqlite_database: Database, sign_in: SignIn, clock: FixedClock, ids: CountingIds, direction: Direction
) -> None:
    """A draft says when a release would let its trips leave; halts are on the clock, too."""
    fill(sqlite_database)
    first = "16:00" if direction is Direction.HOMEWARD else "15:00"
    plan_id = make_plan(sqlite_database, clock, ids, direction)
    browser = sign_in(Role.DISPATCHER)
    export = browser.get(f"/plans/{plan_id}?format=csv").data.decode("utf-8-sig").splitlines()
    column = export[0].split(",").index("出发")
    leaves = [row.split(",")[column] for row in export[1:]]
    assert min(leaves) == first
    page = browser.get(f"/plans/{plan_id}").text
    assert f">{first}<" in page
    assert "+0<" not in page


def test_a_released_plan_says_when_its_runs_leave(
    sqlite_database: Database, sign_in: SignIn, clock: FixedClock, ids: CountingIds
) -> None:
    """Released to leave from 14:50 and five minutes apart: the page says that, and no more the usual hour."""
    fill(sqlite_database)
    plan_id = make_plan(sqlite_database, clock, ids)
    planning.approve(sqlite_database, plan_id, by="test", clock=clock)
    at = datetime.combine(FRIDAY, time(14, 50), SCHOOL_TIME)
    order = {"by": "test", "clock": clock, "ids": ids, "first_departs_at": at, "stagger_s": 300}
    runs.release_plan(sqlite_database, plan_id, **order)
    shown = plan_view.view(sqlite_database, plan_id)
    assert [trip.departs_at.astimezone(SCHOOL_TIME).time() for trip in shown.trips] == [
        time(14, 50),
        time(14, 55),
    ]
    assert ">14:55<" in sign_in(Role.DISPATCHER).get(f"/plans/{plan_id}").text
