"""Kinder rides: never longer, never dearer than allowed, and really kinder where there is room."""

from dataclasses import replace

import pytest

from busops.domain.values import Direction
from busops.planner.demand import nodes_of
from busops.planner.effort import Effort, StopWish
from busops.planner.search.fair import fairer, rides_of
from busops.planner.search.greedy import greedy_plan
from busops.planner.search.ruin import RuinRecreate, annealing_for
from busops.planner.solve import PlanningPhase, Progress, solve
from busops.planner.verify import verify
from tests.bench.towns import county
from tests.unit.planner.small import coach, problem, riders


def rounds(count: int) -> Effort:
    """A number of looks at the clock, whatever the machine."""
    return Effort(0, StopWish(None), count)


def test_rides_are_counted_by_riders_not_by_stops() -> None:
    """Ninety-six riders near and four far: the 95th percentile is near, the longest far."""
    case = problem(riders(S1=96, S4=4), coach("P1", capacity=100))
    search = greedy_plan(case, nodes_of(case).nodes)
    model = search.model
    near = next(number for number, node in enumerate(model.nodes, 1) if node.stop_id == "S1")
    far = 3 - near
    rides = rides_of(model, ((0, (near, far)),))
    assert rides.longest_s == model.way_s[0][near] + model.way_s[near][far]
    assert rides.p95_s == model.way_s[0][near]
    assert rides.sum_s == 96 * rides.p95_s + 4 * rides.longest_s
    assert rides_of(model, ()) == replace(rides, longest_s=0, p95_s=0, sum_s=0)


@pytest.mark.parametrize("seed", range(4))
def test_rides_get_kinder_within_the_cost(seed: int) -> None:
    """Serving the same riders for at most two per cent more, and never with longer rides."""
    case = county(stops=30, riders=300, seed=seed)
    search = greedy_plan(case, nodes_of(case).nodes)
    chain = RuinRecreate(search.model, search.best, seed, search.pool)
    search.offer(chain.run(rounds(20).spent, annealing_for(search.cost, len(search.best))))
    before, cost = rides_of(search.model, search.best), search.cost
    plan = fairer(search.model, search.best, cost * 102 // 100, rounds(40), seed)
    assert rides_of(search.model, plan) <= before
    assert sorted(node for _kind, stops in plan for node in stops) == list(range(1, search.model.size + 1))
    search.replace(plan)
    assert search.cost <= cost * 102 // 100
    assert search.missing == 0


@pytest.mark.parametrize("direction", list(Direction))
def test_a_plan_says_what_its_kindness_cost(direction: Direction) -> None:
    """The finished plan verifies, its longest ride is no longer than before, and the stats add up."""
    heard: list[Progress] = []
    case = county(stops=25, riders=220, seed=6, direction=direction)
    cheap = solve(case, seconds=0, seed=2, rounds=12)
    kind = solve(case, seconds=0, seed=2, rounds=12, fair_milli=20, on_progress=heard.append)
    assert verify(case, kind) == ()
    assert "fairness_cost_fen" not in cheap.stats
    more = int(kind.stats["fairness_cost_fen"])
    assert abs(kind.cost_fen - cheap.cost_fen - more) <= len(kind.trips) + len(cheap.trips)
    assert kind.cost_fen <= cheap.cost_fen * 1021 // 1000
    longest = max(
        stop.arrive_s if trip.campus_arrive_s is None else trip.campus_arrive_s - stop.leave_s
        for trip in kind.trips
        for stop in trip.stops
    )
    assert longest <= int(kind.stats["fairness_before_longest_s"])
    assert PlanningPhase.FAIRNESS in {one.phase for one in heard}
