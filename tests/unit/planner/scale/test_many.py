"""Problems side by side have the plans they have alone; size decides between one search and parts."""

import pytest

from busops.planner.problem import Problem
from busops.planner.scale.executors import Pool, here
from busops.planner.scale.many import ONE_SEARCH, is_large, solve_by_size, solve_many
from busops.planner.solve import Progress, solve
from busops.planner.verify import verify
from tests.bench.towns import county
from tests.unit.planner.scale.cities import kept_open, town
from tests.unit.planner.small import coach, problem, random_problem, riders

TINY = tuple(random_problem(seed, stops=5, riders_at_most=9) for seed in range(4))


def never_opened() -> Pool:
    """An executor that nobody should need."""
    raise AssertionError("opened for a small problem")


def test_every_problem_has_the_plan_it_has_alone() -> None:
    """In their order, by the same seed; progress counts the plans."""
    told: list[Progress] = []
    plans = solve_many(TINY, seconds=0, seed=4, executor=here, rounds=2, on_progress=told.append)
    for one, plan in zip(TINY, plans, strict=True):
        assert plan is not None
        assert verify(one, plan) == ()
        assert plan == solve(one, seconds=0, seed=4, rounds=2)
    assert [step.done_milli for step in told] == [0, 250, 500, 750, 1000]


@pytest.mark.slow
def test_other_processes_give_the_same_plans() -> None:
    """Who solved which leaves no trace in the plans."""
    with kept_open("1") as opened:
        plans = solve_many(TINY, seconds=0, seed=4, executor=opened, rounds=2)
    assert plans == solve_many(TINY, seconds=0, seed=4, executor=here, rounds=2)


def test_after_a_stop_there_are_no_more_plans() -> None:
    """A wish before the first: no plan, and none is made."""
    plans = solve_many(TINY, seconds=60, seed=4, executor=here, should_stop=lambda: True)
    assert plans == (None,) * len(TINY)


@pytest.mark.parametrize(
    ("case", "large"),
    [
        (town(60), False),
        (county(stops=ONE_SEARCH, riders=3000, seed=1), False),
        (county(stops=ONE_SEARCH + 200, riders=6000, seed=1), True),
        (problem(riders(S1=ONE_SEARCH * 20 + 1), coach(capacity=20)), True),
    ],
    ids=["a school", "at the limit", "a city", "full buses at one stop"],
)
def test_groups_decide_what_is_large(case: Problem, large: bool) -> None:
    """Groups of riders that ride together are what the search handles: stops, and full buses of one stop."""
    assert is_large(case) is large


def test_a_small_problem_needs_no_executor() -> None:
    """One search, as ever: nothing is opened."""
    plan = solve_by_size(town(8), seconds=0.2, seed=1, executor=never_opened)
    assert verify(town(8), plan) == ()


def test_a_large_problem_is_solved_in_parts() -> None:
    """Above the limit the plan comes from parts, lawful as any."""
    city = county(stops=450, riders=1800, seed=2)
    plan = solve_by_size(city, seconds=2, seed=1, executor=here)
    assert verify(city, plan) == ()
    assert "sectors_cost_fen" in plan.stats
