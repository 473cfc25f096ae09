"""The page of the planning rules, and keeping trips: who may, what is shown, what follows, zh and en."""

import re

import pytest

from busops.domain.people import Role
from busops.services import planning, planning_rules
from busops.storage.database import Database
from busops.web.context import EXTENSION
from tests.machine import CountingIds, FixedClock
from tests.small_school import FRIDAY, fill
from tests.web.conftest import SignIn, send
from tests.web.test_planning_pages import make_plan

PAGE = "/plans/rules"
SIBLINGS = {
    "kind": "together",
    "rider_ids": "20230001；20230002",
    "from_on": "2026-03-01",
    "reason": "姐弟",
    "plates": "",
    "stop_ids": "",
    "to_on": "",
    "ready_min": "",
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_rule_is_added_and_ended_on_the_page(
    sqlite_database: Database, sign_in: SignIn, language: str
) -> None:
    """The rule with names, reason, who and when; ended, it stays on the page as over."""
    fill(sqlite_database)
    browser = sign_in(Role.DISPATCHER, language)
    assert ("还没有规则" if language == "zh" else "No rules yet") in browser.get(PAGE).text
    assert send(browser, PAGE, PAGE, **SIBLINGS).status_code == 302
    page = browser.get(PAGE).text
    for words in ("学生1 20230001", "姐弟", "测试dispatcher", "有效" if language == "zh" else "In force"):
        assert words in page
    rule_id = re.search(r"/plans/rules/([0-9a-f]+)/end", page)
    assert rule_id is not None
    assert send(browser, f"{PAGE}/{rule_id[1]}/end", PAGE).status_code == 302
    page = browser.get(PAGE).text
    assert ("已结束" if language == "zh" else "Over") in page
    assert "/end" not in page
    assert send(browser, f"{PAGE}/{rule_id[1]}/end", PAGE).status_code == 409
    assert "学生1 20230001" in browser.get(f"{PAGE}?format=csv").get_data(as_text=True)
    for code in ("planning_rule.", "planning_rule_state.", "rule_needs"):
        assert code not in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rider_ids": "20230001"}, "至少写两名学生"),
        ({"rider_ids": "20230001 99"}, "登记里没有 99"),
        ({"reason": " "}, "规则没有保存"),
        ({"from_on": "昨天"}, "日期或分钟数写得不对"),
        ({"kind": "away", "rider_ids": "", "plates": "川FB0002", "ready_min": "半"}, "日期或分钟数写得不对"),
        ({"kind": "sometimes"}, "规则没有保存"),
    ],
)
def test_a_wrong_rule_comes_back_with_what_is_wrong(
    sqlite_database: Database, sign_in: SignIn, change: dict[str, str], words: str
) -> None:
    """Nothing is stored; the form keeps what was typed."""
    fill(sqlite_database)
    answer = send(sign_in(Role.DISPATCHER), PAGE, PAGE, **{**SIBLINGS, **change})
    assert answer.status_code == 400
    assert words in answer.text
    assert planning_rules.list_rules(sqlite_database) == ()


def test_the_same_rule_again_is_a_conflict(sqlite_database: Database, sign_in: SignIn) -> None:
    """It stands once, and the page says so."""
    fill(sqlite_database)
    browser = sign_in(Role.ADMIN)
    send(browser, PAGE, PAGE, **SIBLINGS)
    answer = send(browser, PAGE, PAGE, **SIBLINGS)
    assert answer.status_code == 409
    assert "同样的规则已经有了" in answer.text


def test_who_may_look_and_who_may_change(
    sqlite_database: Database, sign_in: SignIn, clock: FixedClock, ids: CountingIds
) -> None:
    """Finance and supervisors read; only dispatchers and the admin add, end and keep trips."""
    fill(sqlite_database)
    plan_id = make_plan(sqlite_database, clock, ids)
    for role in (Role.FINANCE, Role.SUPERVISOR):
        browser = sign_in(role)
        page = browser.get(PAGE)
        assert page.status_code == 200
        assert 'name="rider_ids"' not in page.text
        assert send(browser, PAGE, **SIBLINGS).status_code == 403
        assert browser.get(f"/plans/{plan_id}/keep").status_code == 403
    assert planning_rules.list_rules(sqlite_database) == ()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_trips_are_kept_by_a_job(
    sqlite_database: Database,
    sign_in: SignIn,
    clock: FixedClock,
    ids: CountingIds,
    language: str,
) -> None:
    """The plan page leads to the boxes; the job keeps the chosen trip; none chosen is told."""
    fill(sqlite_database)
    plan_id = make_plan(sqlite_database, clock, ids)
    browser = sign_in(Role.DISPATCHER, language)
    where = f"/plans/{plan_id}/keep"
    assert where in browser.get(f"/plans/{plan_id}").text
    page = browser.get(where)
    assert page.status_code == 200
    assert 'name="trip"' in page.text
    nothing = send(browser, where, where, seconds="0.3")
    assert nothing.status_code == 400
    assert ("没有选要保留的趟次" if language == "zh" else "No trip to keep was chosen") in nothing.text
    answer = send(browser, where, where, seconds="0.3", trip="1")
    assert answer.status_code == 302
    job_id = answer.headers["Location"].removeprefix("/jobs/")
    browser.application.extensions[EXTENSION].jobs.work(job_id)
    newest = max(planning.plans_of(sqlite_database, FRIDAY), key=lambda one: one.plan_id != plan_id)
    document = planning.document(sqlite_database, newest.plan_id)
    first = planning.document(sqlite_database, plan_id)["trips"][0]
    assert first in document["trips"]
    assert document["kept"] == [{"plate": first["plate"], "wave": first["wave"]}]


def test_a_trip_that_cannot_stay_is_told_on_the_page(
    sqlite_database: Database, sign_in: SignIn, clock: FixedClock, ids: CountingIds
) -> None:
    """The vehicle is away now: the page says so, and no job is made."""
    fill(sqlite_database)
    plan_id = make_plan(sqlite_database, clock, ids)
    plate = planning.document(sqlite_database, plan_id)["trips"][0]["plate"]
    browser = sign_in(Role.DISPATCHER)
    send(
        browser,
        PAGE,
        PAGE,
        **{**SIBLINGS, "kind": "away", "rider_ids": "", "plates": plate, "reason": "坏了"},
    )
    where = f"/plans/{plan_id}/keep"
    answer = send(browser, where, where, seconds="0.3", trip="1")
    assert answer.status_code == 400
    assert f"要保留 {plate} 的第 1 批次，但这台车当日不可用" in answer.text
