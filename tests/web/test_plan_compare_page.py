"""Two plans on one page: reached from index and plan, honest about what cannot be compared, exportable."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from busops.domain.people import Role
from busops.domain.values import Direction, PlanId
from busops.services import planning, rosters
from busops.storage import plan_store
from busops.storage.database import Database
from tests.machine import CountingIds, FixedClock
from tests.small_school import FRIDAY, fill
from tests.web.conftest import SignIn

COMPARE = "/plans/compare"


def make(database: Database, clock: FixedClock, ids: CountingIds, way: Direction = Direction.HOMEWARD) -> str:
    """A plan on the locked roster of the small school."""
    fill(database)
    if not rosters.weekend_view(database, FRIDAY).locks:
        rosters.lock(database, FRIDAY, by="test", clock=clock)
    order: dict[str, Any] = {"weekend_on": FRIDAY, "direction": way, "seconds": 0.05, "seed": 1}
    return planning.plan_weekend(database, **order, clock=clock, ids=ids)


def copied(database: Database, plan_id: str, name: str, *, slower_s: int = 0) -> str:
    """The plan once more; its first trip takes longer to each stop and has a rider less at the last."""
    with database.transaction() as tx:
        plan = plan_store.load_plan(tx, plan_id)
        document = copy.deepcopy(dict(plan.document))
        if slower_s:
            halts = document["trips"][0]["stops"]
            for halt in halts:
                halt["arrive_s"] += slower_s
                halt["leave_s"] += slower_s
            halts[-1]["riders"].pop()
        summary = replace(plan.summary, plan_id=PlanId(name), cost_fen=plan.summary.cost_fen + 5_000)
        plan_store.save_plan(tx, replace(plan, summary=summary, document=document))
    return name


@pytest.mark.parametrize("language", ["zh", "en"])
def test_both_plans_stand_beside_each_other(
    sqlite_database: Database, sign_in: SignIn, clock: FixedClock, ids: CountingIds, language: str
) -> None:
    """Fifty yuan more, a trip slower, a rider without a seat: the page says so; the map has no names."""
    a = make(sqlite_database, clock, ids)
    b = copied(sqlite_database, a, "plan-b", slower_s=300)
    browser = sign_in(Role.DISPATCHER, language)
    page = browser.get(f"{COMPARE}?a={a}&b={b}")
    assert page.status_code == 200
    assert "+50.00" in page.text
    assert ("只在 A 有座位 1 人" if language == "zh" else "1 have a seat in A only") in page.text
    assert ">+5<" in page.text
    drawn = browser.get(f"{COMPARE}/map.json?a={a}&b={b}").json
    assert "学生" not in str(drawn)
    assert {(trip["side"], trip["is_same"]) for trip in drawn["trips"]} == {
        ("a", True),
        ("a", False),
        ("b", True),
        ("b", False),
    }
    numbers = [trip["number"] for trip in drawn["trips"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [trip["label"] for trip in drawn["trips"]] == ["A 1", "A 2", "B 1", "B 2"]
    for number in numbers:
        trip = drawn["trips"][number - 1]
        assert (f'data-trip="{number}"' in page.text) is not trip["is_same"]


def test_who_changes_can_be_filtered_and_exported(
    sqlite_database: Database, sign_in: SignIn, clock: FixedClock, ids: CountingIds
) -> None:
    """The list holds everybody whose ride changes, by what changes; the file has the same rows."""
    a = make(sqlite_database, clock, ids)
    b = copied(sqlite_database, a, "plan-b", slower_s=300)
    browser = sign_in(Role.SUPERVISOR)
    address = f"{COMPARE}?a={a}&b={b}"
    with sqlite_database.reading() as tx:
        halts = plan_store.load_plan(tx, b).document["trips"][0]["stops"]
    slower = sorted(rider for halt in halts for rider in halt["riders"])
    rows = browser.get(f"{address}&ride=longer&format=csv").data.decode("utf-8-sig").splitlines()[1:]
    assert sorted(row.split(",")[0] for row in rows) == slower
    assert {row.split(",")[-1] for row in rows} == {"5"}
    lost = browser.get(f"{address}&what=seat&format=csv").data.decode("utf-8-sig").splitlines()[1:]
    assert len(lost) == 1
    assert "学生" in lost[0]


def test_the_plan_page_leads_to_the_latest_other_plan(
    sqlite_database: Database, sign_in: SignIn, clock: FixedClock, ids: CountingIds
) -> None:
    """With one plan there is nothing to compare, and the page says how to get another."""
    a = make(sqlite_database, clock, ids)
    browser = sign_in(Role.DISPATCHER)
    assert f'href="{COMPARE}?a={a}"' in browser.get(f"/plans/{a}").text
    alone = browser.get(f"{COMPARE}?a={a}")
    assert alone.status_code == 200
    assert "只有一份方案" in alone.text
    b = copied(sqlite_database, a, "plan-b")
    answer = browser.get(f"{COMPARE}?a={a}")
    assert answer.headers["Location"] == f"{COMPARE}?a={a}&b={b}"
    same = browser.get(answer.headers["Location"]).text
    assert "没有人乘车不同" in same
    assert "A 1 = B 1" in same


def test_two_ticks_on_the_index_are_a_comparison_anything_else_is_explained(
    sqlite_database: Database, sign_in: SignIn, clock: FixedClock, ids: CountingIds
) -> None:
    """One tick: how many were chosen; two directions or one plan twice: why not; unknown: not found."""
    a = make(sqlite_database, clock, ids)
    b = copied(sqlite_database, a, "plan-b")
    back = planning.plan_weekend(
        sqlite_database,
        weekend_on=FRIDAY,
        direction=Direction.RETURN,
        seconds=0.05,
        seed=1,
        clock=clock,
        ids=ids,
    )
    browser = sign_in(Role.DISPATCHER)
    index = browser.get("/plans/").text
    assert all(f'name="plan" value="{one}"' in index for one in (a, b, back))
    two = browser.get(f"{COMPARE}?plan={a}&plan={b}", follow_redirects=True)
    assert two.status_code == 200
    assert two.request.args["b"] == b
    one = browser.get(f"{COMPARE}?plan={a}")
    assert one.status_code == 400
    assert "选了 1 份" in one.text
    mixed = browser.get(f"{COMPARE}?a={a}&b={back}")
    assert mixed.status_code == 409
    assert "一份离校，一份返校" in mixed.text
    twice = browser.get(f"{COMPARE}?a={a}&b={a}")
    assert twice.status_code == 409
    assert "同一份方案" in twice.text
    assert browser.get(f"{COMPARE}?a=p404").status_code == 404
    assert browser.get(f"{COMPARE}/map.json?a={a}&b=p404").status_code == 404
