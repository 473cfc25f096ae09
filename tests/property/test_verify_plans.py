"""Whatever the planner answers is right by ``verify``, above its bound, never better than the best."""

from random import Random

import pytest

from busops.planner.bound import lower_bound
from busops.planner.demand import nodes_of
from busops.planner.problem import Problem
from busops.planner.search.greedy import greedy_plan
from busops.planner.solve import solve
from busops.planner.verify import verify
from tests.unit.planner.brute import best_by_trying
from tests.unit.planner.small import coach, problem, random_problem, random_town, riders

SEEDS = range(160)


def tiny(seed: int) -> Problem:
    """A problem small enough to try everything."""
    return random_problem(seed, stops=4, riders_at_most=5, spare=seed % 3 > 0)


def test_the_bound_is_never_above_the_best_plan() -> None:
    """On 160 tiny problems of both directions the bound stays at or below the best, and is often near it."""
    shares = []
    for seed in SEEDS:
        case = tiny(seed)
        most, least_fen = best_by_trying(case)
        bound = lower_bound(case, most)
        assert bound.fen <= least_fen, seed
        assert bound.served == most
        if least_fen:
            shares.append(bound.fen / least_fen)
    assert len(shares) > 120
    assert sum(share > 0.8 for share in shares) > len(shares) // 2


def test_solved_plans_verify_and_are_mostly_the_best() -> None:
    """Every plan verifies; none beats trying everything; most of those with one stop a rider reach it."""
    reached = comparable = 0
    for seed in SEEDS:
        case = tiny(seed)
        plan = solve(case, seconds=0, seed=seed, rounds=12)
        assert verify(case, plan) == (), seed
        served = len(case.riders) - len(plan.unserved)
        most, least_fen = best_by_trying(case)
        assert (-served, plan.cost_fen) >= (-most, least_fen), seed
        if all(len(rider.stop_ids) == 1 for rider in case.riders):
            comparable += 1
            reached += (served, plan.cost_fen) == (most, least_fen)
    assert comparable > 40
    assert reached >= comparable * 8 // 10, (reached, comparable)


@pytest.mark.parametrize("seed", range(12))
def test_larger_plans_verify_and_are_no_worse_than_greedy(seed: int) -> None:
    """Middle-sized towns, both directions: right by ``verify``, and never behind the greedy plan."""
    case = random_problem(1000 + seed, stops=14, riders_at_most=40, spare=True)
    greedy = greedy_plan(case, nodes_of(case).nodes)
    plan = solve(case, seconds=0, seed=1, rounds=10)
    assert verify(case, plan) == ()
    left_over = len(plan.unserved) - len(nodes_of(case).unserved)
    # greedy.cost is in milli-fen and unrounded: half a fen a trip may lie between
    assert (left_over, 1000 * plan.cost_fen) <= (greedy.missing, greedy.cost + 500 * len(plan.trips))


@pytest.mark.parametrize("seed", range(6))
def test_large_groups_are_split_and_all_seated(seed: int) -> None:
    """Stops with more riders than any bus are served by several; with seats for all, all ride."""
    random = Random(seed)
    ways = random_town(seed, 4)
    demand = riders(**{stop: random.randint(1, 30) for stop in ways.ids[1:]})
    fleet = [coach(f"P{number}", capacity=12, max_trips=2) for number in range(8)]
    case = problem(demand, *fleet, travel=ways)
    plan = solve(case, seconds=0, seed=seed, rounds=20)
    assert verify(case, plan) == ()
    assert not plan.unserved
