"""The 10 % page of a plan: verdict and certificate, levers, the frontier to pick from, on paper too."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from busops.domain.people import Role
from busops.domain.values import PlanId
from busops.services import planning, rosters
from busops.storage import fleet_store
from busops.storage.database import Database
from busops.web.context import EXTENSION
from tests.machine import CountingIds, FixedClock
from tests.small_school import COACH, FRIDAY, fill
from tests.web.conftest import SignIn, send

LEAKS = re.compile(
    r"margin_certificate|lever\.|lever_(effect|person|mix)|bound_model\.|regime_note\.|plan_state\.|direction\.|%\(|%%"
)
JOB_ID = re.compile(r'id="work-([^"]+)"')


@pytest.fixture
def plan_id(sqlite_database: Database, clock: FixedClock, ids: CountingIds) -> PlanId:
    """A plan of the locked small weekend, which cannot reach the goal."""
    fill(sqlite_database)
    rosters.lock(sqlite_database, FRIDAY, by="test", clock=clock)
    plan: PlanId = planning.plan_weekend(
        sqlite_database,
        weekend_on=FRIDAY,
        direction=planning.Direction.HOMEWARD,
        seconds=0.3,
        seed=1,
        clock=clock,
        ids=ids,
    )
    return plan


def found_out(app: Flask, browser: FlaskClient, page: str, part: str) -> str:
    """The part is ordered on the page and done by a worker; the page then."""
    answer = send(browser, f"{page}/{part}", page, seconds="1.5")
    assert answer.status_code == 302, answer.text
    waiting = browser.get(page).text
    job_id = JOB_ID.findall(waiting)[0]
    assert f'hx-get="{page}/jobs/{job_id}/part"' in waiting
    app.extensions[EXTENSION].jobs.work(job_id)
    assert browser.get(f"{page}/jobs/{job_id}/part").headers["HX-Redirect"] == page
    return browser.get(page).text


def in_english(browser: FlaskClient, page: str) -> str:
    """The page as an English reader sees it."""
    browser.get("/language/en")
    return browser.get(page).text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "已证明达不到：即使最便宜的方案，也至少要花"),
        ("en", "Proven out of reach: even the cheapest possible plan costs at least"),
    ],
)
def test_the_page_certifies_in_both_languages(
    sign_in: SignIn, plan_id: PlanId, language: str, said: str
) -> None:
    """From the plan page one link leads to the verdict, the certificate and what each trip needs."""
    browser = sign_in(Role.DISPATCHER, language)
    page = f"/plans/{plan_id}/margin"
    assert page in browser.get(f"/plans/{plan_id}").text
    shown = browser.get(page)
    assert shown.status_code == 200
    assert said in shown.text
    assert not LEAKS.search(shown.text)
    paper = browser.get(f"{page}/certificate")
    assert said in paper.text
    assert plan_id in paper.text
    assert not LEAKS.search(paper.text)


def test_levers_are_ordered_watched_and_shown(app: Flask, sign_in: SignIn, plan_id: PlanId) -> None:
    """A job is queued, the page asks for it and shows its result: sentences, names, no bare codes."""
    page = f"/plans/{plan_id}/margin"
    browser = sign_in(Role.DISPATCHER)
    for said, shown in (
        ("所有票价每人每趟加", found_out(app, browser, page, "levers")),
        ("Raise every fare by", in_english(browser, page)),
    ):
        assert said in shown
        assert "学生2" in shown
        assert not LEAKS.search(shown)


def test_a_point_is_chosen_on_the_chart_and_used(
    app: Flask, sqlite_database: Database, sign_in: SignIn, plan_id: PlanId
) -> None:
    """Every dot is a link with its words; the chosen point is stored as a draft by its button."""
    browser = sign_in(Role.DISPATCHER)
    page = f"/plans/{plan_id}/margin"
    shown = found_out(app, browser, page, "frontier")
    dots = re.findall(r'<a class="dot" href="([^"]+)" aria-label="([^"]+)"', shown)
    assert len(dots) > 1
    assert all(words.startswith("第 ") for _, words in dots)
    chosen = dots[0][0].split("#")[0]
    before = len(planning.plans_of(sqlite_database, FRIDAY))
    action = re.search(rf'action="({page}/jobs/[^"]+/points/1)"', browser.get(chosen).text)
    assert action is not None
    english = in_english(browser, chosen)
    assert 'aria-current="true"' in english
    assert "Use this plan" in english
    assert not LEAKS.search(english)
    made = send(browser, action[1], page)
    assert made.status_code == 302
    assert "Stored as a new plan" in browser.get(made.headers["Location"]).text
    assert len(planning.plans_of(sqlite_database, FRIDAY)) == before + 1


def test_work_is_stopped_and_keeps_nothing(app: Flask, sign_in: SignIn, plan_id: PlanId) -> None:
    """A cancelled job says so and may be ordered again; another plan's job is not found here."""
    browser = sign_in(Role.DISPATCHER)
    page = f"/plans/{plan_id}/margin"
    send(browser, f"{page}/levers", page, seconds="5")
    job_id = JOB_ID.findall(browser.get(page).text)[0]
    assert send(browser, f"{page}/jobs/{job_id}/cancel", page).status_code == 302
    after = browser.get(page).text
    assert "已停止" in after
    assert f'action="{page}/levers"' in after
    assert browser.get(f"/plans/other/margin/jobs/{job_id}/part").status_code == 404
    plain = app.extensions[EXTENSION].jobs.submit("plan", {"weekend_on": str(FRIDAY)}, by="")
    assert browser.get(f"{page}/jobs/{plain}/part").status_code == 404


def test_who_may_only_look_gets_no_buttons(sign_in: SignIn, plan_id: PlanId) -> None:
    """The supervisor and finance read the page; ordering and using are the planners'."""
    page = f"/plans/{plan_id}/margin"
    for role in (Role.SUPERVISOR, Role.FINANCE):
        browser = sign_in(role)
        shown = browser.get(page)
        assert shown.status_code == 200
        assert f'action="{page}/levers"' not in shown.text
        assert send(browser, f"{page}/levers", "/account", seconds="1").status_code == 403
    assert sign_in(Role.DRIVER).get(page).status_code == 403


def test_a_stale_plan_shows_its_figures_and_orders_nothing(
    sqlite_database: Database, sign_in: SignIn, plan_id: PlanId
) -> None:
    """With its coach retired the page says what has changed; an order is refused with the reasons."""
    page = f"/plans/{plan_id}/margin"
    browser = sign_in(Role.DISPATCHER)
    with sqlite_database.transaction() as tx:
        fleet_store.retire_vehicle(tx, COACH, FRIDAY)
    shown = browser.get(page)
    assert "变了" in shown.text
    assert f'action="{page}/levers"' not in shown.text
    refused = send(browser, f"{page}/levers", page, seconds="1")
    assert refused.status_code == 409
    assert "先重新排一份" in refused.text


@pytest.mark.parametrize(("part", "seconds"), [("all", "5"), ("levers", "0"), ("frontier", "x")])
def test_a_wrong_order_comes_back_in_words(sign_in: SignIn, plan_id: PlanId, part: str, seconds: str) -> None:
    """No job is made of it."""
    page = f"/plans/{plan_id}/margin"
    answer = send(sign_in(Role.DISPATCHER), f"{page}/{part}", page, seconds=seconds)
    assert answer.status_code == 400
    assert "note--bad" in answer.text
    assert not JOB_ID.search(answer.text)


def test_what_is_not_there_is_not_found(sign_in: SignIn) -> None:
    """No plan, no page, no order, no paper."""
    browser = sign_in(Role.DISPATCHER)
    assert browser.get("/plans/none/margin").status_code == 404
    assert browser.get("/plans/none/margin/certificate").status_code == 404
    assert send(browser, "/plans/none/margin/levers", seconds="1").status_code == 404
