"""Whatever the planner answers is right by ``verify``, above its bound, never better than the best."""

from dataclasses import replace
from random import Random

import pytest

from busops.planner.bound import SEATS_AND_REACH, lower_bound
from busops.planner.demand import nodes_of
from busops.planner.problem import Problem
from busops.planner.search.greedy import greedy_plan
from busops.planner.solve import solve
from busops.planner.verify import verify
from tests.unit.planner.brute import best_by_trying
from tests.unit.planner.small import coach, problem, random_problem, random_town, random_wishes, riders

SEEDS = range(200)


def tiny(seed: int) -> Problem:
    """A problem small enough to try everything; every other one with rules by chance."""
    case = random_problem(seed, stops=4, riders_at_most=5, spare=seed % 3 > 0)
    return random_wishes(case, seed) if seed % 2 else case


def in_groups(case: Problem) -> Problem:
    """The problem when riders with one stop stay in the groups they begin in, as the proof has it."""
    loyal = {rider.rider_id for rider in case.riders if len(rider.stop_ids) == 1}
    groups = (frozenset(node.rider_ids) & loyal for node in nodes_of(case).nodes)
    together = (*case.rules.together, *(group for group in groups if len(group) > 1))
    return replace(case, rules=replace(case.rules, together=together))


def test_the_bound_is_never_above_the_best_plan() -> None:
    """On 200 tiny problems of both directions the bound stays at or below the best, and is often near it."""
    shares = []
    for seed in SEEDS:
        case = tiny(seed)
        most, least_fen = best_by_trying(case)
        bound = lower_bound(case, most)
        assert bound.fen <= least_fen, seed
        assert bound.served == most
        if least_fen:
            shares.append(bound.fen / least_fen)
    assert len(shares) > 150
    assert sum(share > 0.8 for share in shares) > len(shares) // 2


@pytest.mark.parametrize("block", range(4))
def test_plans_are_the_best_in_48_of_50_and_no_bound_is_too_high(block: int) -> None:
    """
    Fifty tiny problems a block, every vehicle, line, wave, rule, split and choice of stops tried: all
    plans verify, none beats trying everything, 48 of 50 reach it, no bound lies above the best of its model.
    """
    reached = proved = 0
    for seed in SEEDS[50 * block : 50 * block + 50]:
        case = tiny(seed)
        plan = solve(case, seconds=0, seed=seed, rounds=6)
        assert verify(case, plan) == (), seed
        served = len(case.riders) - len(plan.unserved)
        most, least_fen = best_by_trying(case)
        assert (-served, plan.cost_fen) >= (-most, least_fen), seed
        if served == most and plan.bound_model == SEATS_AND_REACH:
            assert plan.lower_bound_fen <= least_fen, seed
        elif served == most:
            assert (most, plan.lower_bound_fen) <= best_by_trying(in_groups(case)), seed
            proved += 1
        reached += (served, plan.cost_fen) == (most, least_fen)
    assert proved >= 5
    assert reached >= 48, (reached, block)


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
