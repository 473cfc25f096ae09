"""The pages about a plan's reasons: alternatives, prices, and what would be enough; who may, and bad ids."""

from dataclasses import replace

import pytest
from flask import Flask

from busops.domain.people import Role
from busops.domain.values import PlanId
from busops.services import plan_advice, plan_enough, plan_prices
from busops.services.planning_input import fares_forecast
from busops.storage import fleet_store, network_store
from busops.storage.database import Database
from busops.web.context import EXTENSION
from tests.machine import CountingIds, FixedClock
from tests.small_school import COACH, FRIDAY, LICENSED, VehicleClass, a_vehicle, fill
from tests.web.conftest import SignIn, send
from tests.web.test_planning_pages import make_plan


@pytest.fixture
def plan_id(sqlite_database: Database, clock: FixedClock, ids: CountingIds) -> PlanId:
    """A plan of the small school, in which everybody has a seat."""
    fill(sqlite_database)
    return make_plan(sqlite_database, clock, ids)


@pytest.fixture
def short_plan_id(sqlite_database: Database, clock: FixedClock, ids: CountingIds) -> PlanId:
    """A plan of the small school whose coach has six seats: five riders too many for its stops."""
    fill(sqlite_database)
    with sqlite_database.transaction() as tx:
        fleet_store.save_vehicles(
            tx,
            [
                a_vehicle(LICENSED, VehicleClass.LICENSED_SCHOOL_BUS, 12),
                a_vehicle(COACH, VehicleClass.CHARTER_COACH, 6),
            ],
        )
    return make_plan(sqlite_database, clock, ids)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_rider_a_stop_and_a_trip_are_found_and_asked_about(
    sqlite_database: Database, sign_in: SignIn, plan_id: PlanId, language: str
) -> None:
    """Search leads to all three; each page names prices and reasons in words, none as a code."""
    browser = sign_in(Role.SUPERVISOR, language)
    why = f"/plans/{plan_id}/why"
    assert why in browser.get(f"/plans/{plan_id}").text
    found = browser.get(f"{why}?q=学生7").text
    assert "?rider=20230007" in found
    assert "?stop=S002" in browser.get(f"{why}?q=2号站").text
    assert "?trip=1" in browser.get(f"{why}?q=川FA0001").text
    assert "nobody-here" in browser.get(f"{why}?q=nobody-here").text
    case = plan_advice.open_case(sqlite_database, plan_id)
    halt = case.plan.trips[0].stops[0].stop_id
    for asked in ("rider=20230007", f"stop={halt}&trip=1", "trip=1", "trip=2"):
        answer = browser.get(f"{why}?{asked}")
        assert answer.status_code == 200
        for code in ("advice_", "barrier.", "direction.", "None"):
            assert code not in answer.text.split("<main")[1], (asked, code)
    view = plan_advice.answer_about(case, trip=1)
    assert view.alternatives or view.refusals
    text = browser.get(f"{why}?trip=1").text
    for row in view.alternatives:
        assert f"{abs(row.price_fen) // 100:,}.{abs(row.price_fen) % 100:02d}" in text


def test_prices_come_by_themselves_and_as_a_file(
    sqlite_database: Database, sign_in: SignIn, plan_id: PlanId
) -> None:
    """The page asks for its figures; they add up: fares and costs of trips and of lines are the plan's."""
    browser = sign_in(Role.FINANCE)
    page = browser.get(f"/plans/{plan_id}/why/prices?sort=-price").text
    assert f'hx-get="/plans/{plan_id}/why/prices/part?sort=-price"' in page
    part = browser.get(f"/plans/{plan_id}/why/prices/part").text
    assert "1号站" in part
    assert "1号站" in browser.get(f"/plans/{plan_id}/why/prices?now=1").text
    export = browser.get(f"/plans/{plan_id}/why/prices?format=csv").data.decode("utf-8-sig")
    assert export.splitlines()[0].startswith("站点,人,")
    assert len(export.splitlines()) == 1 + 6
    case = plan_advice.open_case(sqlite_database, plan_id)
    prices = plan_prices.prices_of(case)
    for rows in (prices.trips, prices.lines):
        assert sum(row.earning.cost_fen for row in rows) == case.plan.cost_fen
        assert sum(row.earning.fares_fen for row in rows) == case.summary.fares_fen
        assert sum(row.earning.riders for row in rows) == 22
    assert {row.name for row in prices.lines} == {"L1", ""}
    # Of the licensed bus's seats some are free: one more at its stops costs nothing, or the exchange.
    assert all(row.price_fen is not None and row.price_fen >= 0 for row in prices.stops)
    assert fares_forecast(case.given, case.plan, case.summary.on) == case.summary.fares_fen


def test_what_would_be_enough_is_searched_as_a_job(
    app: Flask, sqlite_database: Database, sign_in: SignIn, short_plan_id: PlanId
) -> None:
    """The order answers at once; worked off, the page holds the certificate, proved and priced."""
    browser = sign_in(Role.DISPATCHER)
    page = f"/plans/{short_plan_id}/why/enough"
    assert "没有座位" in browser.get(page).text
    assert send(browser, page, page, seconds="3").status_code == 302
    assert 'hx-trigger="every 1s"' in browser.get(page).text
    job = plan_enough.latest(sqlite_database, short_plan_id)
    assert job is not None
    assert "HX-Refresh" not in browser.get(f"{page}/{job.job_id}/part").headers
    app.extensions[EXTENSION].jobs.work(job.job_id)
    assert browser.get(f"{page}/{job.job_id}/part").headers["HX-Refresh"] == "true"
    done = plan_enough.latest(sqlite_database, short_plan_id)
    assert done is not None
    case = plan_advice.open_case(sqlite_database, short_plan_id)
    certificate = plan_enough.certificate_view(case, done.result)
    assert (certificate.riders, certificate.served, certificate.most) == (22, 17, 17)
    assert certificate.is_proved
    assert certificate.reliefs
    text = browser.get(page).text
    assert "已证明" in text
    assert "advice_" not in text
    english = sign_in(Role.SUPERVISOR, "en").get(page).text
    assert "Proved: with nothing eased at most 17 of 22" in english
    assert "advice_" not in english


def test_a_search_is_stopped_and_keeps_what_it_found(
    app: Flask, sqlite_database: Database, sign_in: SignIn, short_plan_id: PlanId
) -> None:
    """A waiting one is cancelled; a new one may be ordered."""
    browser = sign_in(Role.ADMIN)
    page = f"/plans/{short_plan_id}/why/enough"
    send(browser, page, page, seconds="3")
    job = plan_enough.latest(sqlite_database, short_plan_id)
    assert job is not None
    assert send(browser, f"{page}/{job.job_id}/cancel", page).status_code == 302
    app.extensions[EXTENSION].jobs.work(job.job_id)
    assert 'name="seconds"' in browser.get(page).text
    for seconds in ("0", "x", "99999", "-1"):
        assert send(browser, page, page, seconds=seconds).status_code == 400


def test_who_may_ask_and_who_may_search(sign_in: SignIn, plan_id: PlanId) -> None:
    """The office reads; only dispatcher and administrator search; the crew sees nothing of it."""
    for role in (Role.FINANCE, Role.SUPERVISOR, Role.DISPATCHER, Role.ADMIN):
        browser = sign_in(role)
        for path in ("", "/prices", "/enough"):
            assert browser.get(f"/plans/{plan_id}/why{path}").status_code == 200
    for role in (Role.FINANCE, Role.SUPERVISOR):
        assert send(sign_in(role), f"/plans/{plan_id}/why/enough", seconds="1").status_code == 403
        assert send(sign_in(role), f"/plans/{plan_id}/why/enough/j/cancel").status_code == 403
    assert sign_in(Role.DRIVER).get(f"/plans/{plan_id}/why").status_code == 403


def test_what_is_not_there_is_not_found(sign_in: SignIn, plan_id: PlanId) -> None:
    """Unknown plans, riders, stops, trips and jobs are 404; nonsense is no crash."""
    browser = sign_in(Role.ADMIN)
    assert browser.get("/plans/p404/why").status_code == 404
    assert browser.get("/plans/p404/why/enough").status_code == 404
    why = f"/plans/{plan_id}/why"
    for asked in ("rider=nobody", "stop=S999&trip=1", "stop=S001", "trip=99"):
        assert browser.get(f"{why}?{asked}").status_code == 404, asked
    assert browser.get(f"{why}?trip=one").status_code == 200
    assert browser.get(f"{why}/enough/j404/part").status_code == 404
    assert send(browser, f"{why}/enough/j404/cancel", why).status_code == 404


def test_a_plan_of_another_register_gets_a_sentence_and_no_price(
    sqlite_database: Database, sign_in: SignIn, plan_id: PlanId
) -> None:
    """A vehicle retired since then: the page says that the plan is outdated, and why."""
    with sqlite_database.transaction() as tx:
        car = next(one for one in fleet_store.load_vehicles(tx) if one.plate == COACH)
        fleet_store.save_vehicles(tx, [replace(car, approved_students=3)])
    for path in ("", "/prices", "/prices/part", "/enough"):
        answer = sign_in(Role.DISPATCHER).get(f"/plans/{plan_id}/why{path}")
        assert answer.status_code == 409
        assert "重新排一份" in answer.text
    english = sign_in(Role.DISPATCHER, "en").get(f"/plans/{plan_id}/why").text
    assert "have changed since this plan was made" in english


def test_a_stop_that_is_not_designated_may_be(
    sqlite_database: Database, clock: FixedClock, ids: CountingIds
) -> None:
    """A rider whose stop is not designated on the day: designating it is among what would be enough."""
    made = fill(sqlite_database)
    with sqlite_database.transaction() as tx:
        gone = replace(made.stops[5], designated_to=FRIDAY.replace(day=1))
        network_store.save_stops(tx, [gone])
    made_id = make_plan(sqlite_database, clock, ids)
    case = plan_advice.open_case(sqlite_database, made_id)
    assert case.plan.unserved
    wide = plan_enough.wide_problem(case)
    assert wide is not None
    assert set(wide.stop_ids) - set(case.problem.stop_ids) == {"S006"}
    certificate = plan_enough.certify(case, plan_enough.Budget(rounds=2))
    assert certificate.reliefs
    assert certificate.reliefs[0].steps[0].facts == {"stops": ("S006",)}
    view = plan_enough.certificate_view(case, {"certificate": plan_enough.plain(certificate)})
    assert view.reliefs[0].steps[0].facts == {"stops": ("6号站",)}
