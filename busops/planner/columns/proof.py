"""
What no plan can undercut, proved by column generation over all routes: the sharper of the two bounds.

It holds for groups as they were made: everybody of a stop together, a group larger than the largest
bus cut into full buses and a rest. Riders who named several stops count by their seats alone, on
whichever bus: leaving out where they get off can only make a plan cheaper where no detour is shorter
than the direct way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from busops.planner.columns.generation import Relaxation, relax
from busops.planner.demand import direct_s, nodes_of, shortest_ways
from busops.planner.effort import Effort
from busops.planner.model import Model
from busops.planner.problem import Problem
from busops.planner.search.case import case_of
from busops.planner.search.fleet_state import Assigned
from busops.planner.search.greedy import Search, greedy_plan
from busops.planner.search.pool import RoutePool
from busops.planner.search.routes import Route
from busops.planner.timetable import kept_cost_fen
from busops.planner.travel import TravelTimes

ROUTES: Final = "routes_of_groups"
ROUTES_WITHOUT_CHOOSERS: Final = "routes_without_choosers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """``fen`` can be undercut by no plan of the named model that serves every rider."""

    fen: int
    model: str
    rounds: int


NOTHING_PROVED: Final = Proof(fen=0, model=ROUTES, rounds=0)


def prove(problem: Problem, search: Search, effort: Effort) -> Proof:
    """The bound reached with this effort; the routes found on the way are in the search's pool."""
    if any(len(rider.stop_ids) > 1 for rider in problem.riders):
        relaxed = _without_choosers(problem)
        if not relaxed.model.size:
            return replace(NOTHING_PROVED, model=ROUTES_WITHOUT_CHOOSERS)
        relaxation = relax(
            relaxed.model, case_of(relaxed.model), columns_of(relaxed), effort, riders=len(problem.riders)
        )
        return _proof(relaxation, ROUTES_WITHOUT_CHOOSERS)
    relaxation = relax(search.model, case_of(search.model), columns_of(search), effort)
    _collect(search.model, relaxation, search.pool)
    proof = _proof(relaxation, ROUTES)
    # Kept trips are in no route of the model: whatever the others cost, these come on top.
    return replace(proof, fen=proof.fen + kept_cost_fen(problem)) if proof.fen else proof


def _proof(relaxation: Relaxation, model: str) -> Proof:
    return Proof(fen=max(0, -(-relaxation.bound // 1000)), model=model, rounds=relaxation.rounds)


def columns_of(search: Search) -> Iterator[Assigned]:
    """Every pooled route with every kind that may drive it, and the best plan."""
    kinds = search.model.kinds
    for route in search.pool:
        for kind in search.model.kinds_on[route.course]:
            if kinds[kind].capacity >= route.load:
                yield kind, route.stops
    yield from search.best


def _collect(model: Model, relaxation: Relaxation, pool: RoutePool) -> None:
    for kind, stops in relaxation.master.variables:
        if len(set(stops)) == len(stops):
            load = sum(model.load[node] for node in stops)
            pool.add(Route(model.kinds[kind].course, stops, load, model.metres(stops)))


def _without_choosers(problem: Problem) -> Search:
    """Greedy plans for the riders with one stop only, on ways that no detour shortens; their caps stay."""
    ways = problem.travel
    fixed = replace(
        problem.for_riders(rider for rider in problem.riders if len(rider.stop_ids) == 1),
        travel=TravelTimes(
            ids=ways.ids, distance_m=shortest_ways(ways.distance_m), duration_s=shortest_ways(ways.duration_s)
        ),
    )
    search = greedy_plan(fixed, nodes_of(fixed).nodes)
    caps = [problem.limits.ride_cap_s(direct_s(problem, node.stop_id)) for node in search.model.nodes]
    search.model = replace(search.model, late_s=(0, *caps))
    return search
