"""What the plan page says about proof, fairness and those left over; and while somebody still proves."""

from dataclasses import replace
from typing import Any

import pytest

from busops.domain.people import Role
from busops.domain.values import Direction, PlanId
from busops.i18n import has_words
from busops.planner.problem import UnservedReason
from busops.services import planning, rosters
from busops.storage import job_store, plan_store
from busops.storage.database import Database
from busops.storage.job_store import JobState
from tests.machine import CountingIds, FixedClock
from tests.small_school import FRIDAY, fill
from tests.web.conftest import SignIn


@pytest.fixture
def plan_id(sqlite_database: Database, clock: FixedClock, ids: CountingIds) -> str:
    """A plan on the locked roster."""
    fill(sqlite_database)
    rosters.lock(sqlite_database, FRIDAY, by="test", clock=clock)
    order: dict[str, Any] = {"weekend_on": FRIDAY, "direction": Direction.HOMEWARD, "seconds": 0.05}
    return planning.plan_weekend(sqlite_database, **order, seed=1, clock=clock, ids=ids)


def altered(database: Database, plan_id: str, *, bound_share: float = 0.0, **document: Any) -> str:
    """A copy of the plan with other words in its document, and a bound that is this share of its cost."""
    with database.transaction() as tx:
        plan = plan_store.load_plan(tx, plan_id)
        bound_fen = round(plan.summary.cost_fen * bound_share) or plan.summary.lower_bound_fen
        left = len(document.get("unserved", ()))
        changed = {"plan_id": PlanId("copy"), "lower_bound_fen": bound_fen, "unserved_count": left}
        summary = replace(plan.summary, **changed)
        plan_store.save_plan(tx, replace(plan, summary=summary, document={**plan.document, **document}))
    return "copy"


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1.0, {"zh": "已证明没有更便宜的方案", "en": "proven: no plan is cheaper"}),
        (0.99, {"zh": "最多比最优方案贵", "en": "above the best possible"}),
        (0.85, {"zh": "没有有用的证明", "en": "nothing useful is proved"}),
    ],
)
def test_the_gap_is_said_in_words(
    sqlite_database: Database, sign_in: SignIn, plan_id: str, share: float, words: dict[str, str]
) -> None:
    """Proven best, at most so much above, or that nothing useful is proved; no number in that case."""
    name = altered(sqlite_database, plan_id, bound_share=share)
    for language, said in words.items():
        page = sign_in(Role.DISPATCHER, language).get(f"/plans/{name}").text
        assert said in page
    assert ("1.02 %" in page) is (share == 0.99)  # 1 / 0.99, rounded up


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("routes_of_groups", "全部可行线路"),
        ("seats_and_reach", "座位与最远距离"),
        ("routes_of_tomorrow", "以“routes_of_tomorrow”为模型"),
    ],
)
def test_the_model_of_the_bound_is_named(
    sqlite_database: Database, sign_in: SignIn, plan_id: str, model: str, words: str
) -> None:
    """Known models in words; one that the page does not know by its name, never as a bare code."""
    name = altered(sqlite_database, plan_id, bound_share=0.99, bound_model=model)
    page = sign_in(Role.DISPATCHER).get(f"/plans/{name}").text
    assert words in page
    assert "bound_model." not in page


def test_while_somebody_proves_the_page_says_so_and_brings_the_tile_along(
    sqlite_database: Database, sign_in: SignIn, clock: FixedClock, plan_id: str
) -> None:
    """A job of kind prove for this plan: the part asks again and again; over, it asks no more."""
    browser = sign_in(Role.SUPERVISOR)
    assert "正在继续证明" not in browser.get(f"/plans/{plan_id}").text
    with sqlite_database.transaction() as tx:
        job_store.insert_job(tx, "j0", "prove", {"plan_id": "other"}, by="", at=clock.now())
    assert "正在继续证明" not in browser.get(f"/plans/{plan_id}").text
    with sqlite_database.transaction() as tx:
        job_store.insert_job(tx, "j1", "prove", {"plan_id": plan_id}, by="", at=clock.now())
    page = browser.get(f"/plans/{plan_id}").text
    assert "正在继续证明" in page
    assert f'hx-get="/plans/{plan_id}/proof"' in page
    assert 'hx-swap-oob="true"' not in page
    part = browser.get(f"/plans/{plan_id}/proof").text
    assert 'id="tile-cost" hx-swap-oob="true"' in part
    assert 'hx-trigger="every 2s"' in part
    with sqlite_database.transaction() as tx:
        job_store.claim_job(tx, "j1", at=clock.now())
    assert "正在继续证明" in browser.get(f"/plans/{plan_id}/proof").text
    with sqlite_database.transaction() as tx:
        job_store.end_job(tx, job_store.load_job(tx, "j1"), JobState.DONE, at=clock.now())
    last = browser.get(f"/plans/{plan_id}/proof").text
    assert 'id="proof"' in last
    assert "hx-get" not in last


def test_those_left_over_come_first_by_cause_with_a_way_out(
    sqlite_database: Database, sign_in: SignIn, plan_id: str
) -> None:
    """Above the figures, the commonest cause first, each with what can be done; an unknown one has words."""
    left = [{"rider_id": f"2023{number:04d}", "reason": "no_seat"} for number in range(15)]
    left += [{"rider_id": "20230020", "reason": "ride_cap"}, {"rider_id": "x", "reason": "no_such_cause"}]
    name = altered(sqlite_database, plan_id, unserved=left)
    page = sign_in(Role.DISPATCHER).get(f"/plans/{name}").text
    card = page[page.index('id="left-over"') : page.index('class="tiles"')]
    assert card.index("15 人") < card.index("上车会有人超过乘车时间上限") < card.index("没有安排上</p>")
    assert "加车、换大车" in card
    assert 'href="/register/vehicles"' in card
    assert "另外 3 人" in card
    assert "left_cause" not in page
    assert 'id="left-over"' not in sign_in(Role.DISPATCHER).get(f"/plans/{plan_id}").text


@pytest.mark.parametrize("reason", UnservedReason)
def test_every_reason_of_the_planner_has_its_words(reason: UnservedReason) -> None:
    """Why, and what can be done: none falls back on the general sentence."""
    assert has_words(f"left_cause.{reason}")
    assert has_words(f"left_way.{reason}")


@pytest.mark.parametrize(
    ("cost_fen", "words"), [(8600, "为缩短乘车时间多花 86.00 元"), (0, "没有多花钱就缩短了乘车时间")]
)
def test_the_price_of_fairness_and_the_rides_are_said(
    sqlite_database: Database, sign_in: SignIn, plan_id: str, cost_fen: int, words: str
) -> None:
    """What was paid for shorter rides, from what to what; p95 and rider-minutes stand below the columns."""
    stats = {
        "fairness_before_longest_s": 60_000,
        "fairness_before_p95_s": 54_000,
        "fairness_cost_fen": cost_fen,
    }
    name = altered(sqlite_database, plan_id, stats=stats)
    page = sign_in(Role.DISPATCHER).get(f"/plans/{name}").text
    assert words in page
    assert "最长从 1000 分" in page
    assert "人分。" in page
    assert "多花" not in sign_in(Role.DISPATCHER).get(f"/plans/{plan_id}").text


def test_a_plan_that_was_stopped_early_says_so(
    sqlite_database: Database, sign_in: SignIn, plan_id: str
) -> None:
    """Beside its state, and under the picture of the search."""
    name = altered(sqlite_database, plan_id, is_stopped=True)
    page = sign_in(Role.DISPATCHER).get(f"/plans/{name}").text
    assert "提前停止" in page
    assert "计算没有做完" in page
    assert "提前停止" not in sign_in(Role.DISPATCHER).get(f"/plans/{plan_id}").text
