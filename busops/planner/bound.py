"""
A proven lower bound on the cost of a plan: seats and reach, true for any split and any choice of stops.

Every trip that comes as far as distance L costs its vehicle's fixed cost and the kilometres to L;
the trips that come at least so far need seats for all riders that live at least so far. The least
cost of such trips is a small integer program; what its solver has *proved* so far is the bound.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from ortools.sat.python import cp_model

from busops.domain.values import Direction
from busops.planner.problem import Problem
from busops.planner.travel.shortest import shortest_from_campus

SEATS_AND_REACH: Final = "seats_and_reach"
_RINGS: Final = 200  # of reaches told apart; more make CP-SAT slow and hardly raise the bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """``fen`` can be undercut by no plan that serves at least ``served`` riders."""

    fen: int
    model: str
    served: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stock:
    capacity: int
    fixed_fen: int
    per_km_fen: int
    is_free: bool  # a charter coach; else a licensed bus, taken to serve any stop of any line


def lower_bound(problem: Problem, served: int, *, effort: float = 0.1, rings: int = _RINGS) -> Bound:
    """
    The bound for plans that serve at least ``served`` riders; 0 where nothing better is proved.

    ``effort`` is CP-SAT's deterministic time, so that the same problem has the same bound. Ride
    caps, stop limits and line orders are relaxed; ways are shortest ways over any places. Stops of more
    than ``rings`` different reaches count as if they were on the inner edge of their ring.
    """
    reach = _on_rings(reaches_m(problem), rings)
    far = {
        rider.rider_id: min(reach[stop] for stop in rider.stop_ids)
        for rider in problem.riders
        if rider.stop_ids
    }
    spare = len(far) - served
    stock = Counter[_Stock]()
    for vehicle in problem.vehicles:
        kind = _Stock(
            capacity=vehicle.capacity,
            fixed_fen=vehicle.fixed_fen,
            per_km_fen=vehicle.per_km_fen,
            is_free=vehicle.lines is None,
        )
        stock[kind] += vehicle.max_trips
    if served <= 0 or spare < 0 or not stock:
        return Bound(fen=0, model=SEATS_AND_REACH, served=served)
    everything = frozenset(range(len(stock)))
    needs = {everything: tuple(far.values())}
    free = frozenset(number for number, kind in enumerate(stock) if kind.is_free)
    if spare == 0 and free != everything:
        needs[free] = _reaches_off_lines(problem, far)
    fen = _least_cost_fen(stock, needs, spare, effort)
    return Bound(fen=fen, model=SEATS_AND_REACH, served=served)


def reaches_m(problem: Problem) -> dict[str, int]:
    """For each stop the least metres that count of any trip that halts there, over any places."""
    closed = problem.limits.returns_to_campus
    index, ways = problem.travel.index, problem.travel.distance_m
    reach = np.zeros(len(ways), dtype=np.int64)
    if closed or problem.direction is Direction.HOMEWARD:
        reach += shortest_from_campus(ways)
    if closed or problem.direction is Direction.RETURN:
        reach += shortest_from_campus(ways.T)
    return {stop_id: int(reach[index[stop_id]]) for stop_id in problem.stop_ids}


def _on_rings(reach: Mapping[str, int], rings: int) -> dict[str, int]:
    """Reaches taken down to at most ``rings`` different ones: less to reach, so the bound stays true."""
    levels = sorted(set(reach.values()))
    edges = levels[:: -(-len(levels) // rings)] if levels else []
    return {stop_id: edges[bisect_right(edges, metres) - 1] for stop_id, metres in reach.items()}


def _reaches_off_lines(problem: Problem, far: Mapping[str, int]) -> tuple[int, ...]:
    """The reaches of the riders none of whose stops is on any line: they need a charter coach."""
    on_lines = {stop for vehicle in problem.vehicles for line in vehicle.lines or () for stop in line}
    return tuple(
        far[rider.rider_id]
        for rider in problem.riders
        if rider.rider_id in far and on_lines.isdisjoint(rider.stop_ids)
    )


def _least_cost_fen(
    stock: Counter[_Stock],
    needs: Mapping[frozenset[int], Sequence[int]],
    spare: int,
    effort: float,
) -> int:
    model = cp_model.CpModel()
    levels = sorted({0, *(reach for reaches in needs.values() for reach in reaches)})
    cost: list[cp_model.LinearExpr | int] = []
    trips: list[list[cp_model.IntVar]] = []
    for number, (kind, count) in enumerate(stock.items()):
        reaching = [model.new_int_var(0, count, f"trips_{number}_{level}") for level in levels]
        trips.append(reaching)
        # A trip's cost is rounded half up, so it may lie 499 milli-fen under the exact value.
        cost.append((1000 * kind.fixed_fen - 499) * reaching[0])
        for at in range(1, len(levels)):
            model.add(reaching[at] <= reaching[at - 1])
            cost.append(kind.per_km_fen * (levels[at] - levels[at - 1]) * reaching[at])
    capacities = [kind.capacity for kind in stock]
    for able, reaches in needs.items():
        nearest_first = sorted(reaches)
        for at, level in enumerate(levels):
            riders = len(reaches) - bisect_left(nearest_first, level) - spare
            if riders > 0:
                model.add(sum(capacities[kind] * trips[kind][at] for kind in able) >= riders)
    model.minimize(sum(cost))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = effort
    # Out of time without a solution, what is proved is proved all the same.
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.UNKNOWN):
        return 0
    if not math.isfinite(solver.best_objective_bound):
        return 0
    # Trips of no cost could make the sum negative by rounding alone: then nothing is proved.
    return max(0, -(-math.floor(solver.best_objective_bound) // 1000))
