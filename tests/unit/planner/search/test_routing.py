"""OR-Tools' search keeps every rule of the model: seats, rides, halts, lines, the stock of vehicles."""

import pytest

from busops.domain.values import Direction
from busops.planner.demand import nodes_of
from busops.planner.effort import Effort, StopWish
from busops.planner.problem import Problem
from busops.planner.search.fleet_state import Assigned, FleetState
from busops.planner.search.greedy import Search, greedy_plan
from busops.planner.search.routes import keeps_limits
from busops.planner.search.routing import RoutingSearch
from tests.unit.planner.small import coach, problem, random_problem, riders


def searched(case: Problem, start: tuple[Assigned, ...] | None = None) -> tuple[Search, tuple[Assigned, ...]]:
    """The plan that the routing search reaches by descent from the greedy plan (or from ``start``)."""
    search = greedy_plan(case, nodes_of(case).nodes)
    run = RoutingSearch(search.book, search.best if start is None else start, search.pool)
    found = run.run(Effort(0, StopWish(None), 1), lambda: None)
    assert found is not None
    assert run.solutions > 0
    return search, found


@pytest.mark.parametrize("seed", range(30))
def test_its_plans_keep_the_rules_and_are_no_worse(seed: int) -> None:
    """Random mixed fleets with lines and waves: the plan is sound and not behind the greedy one."""
    case = random_problem(2000 + seed, stops=7, riders_at_most=12)
    if not nodes_of(case).nodes:
        return
    search, found = searched(case)
    model = search.model
    state = FleetState(model, search.book, found)
    assert min(state.stock) >= 0
    for kind, stops in found:
        assert sum(model.load[node] for node in stops) <= model.kinds[kind].capacity
        assert keeps_limits(model, model.kinds[kind].course, stops)
        assert all(model.may_serve(model.kinds[kind].course, node) for node in stops)
    missing = sum(model.load[node] for node in state.absent())
    assert (missing, state.cost) <= (search.missing, search.cost)


@pytest.mark.parametrize("direction", list(Direction))
def test_it_repairs_a_poor_start(direction: Direction) -> None:
    """From crossing trips it finds the two short ones."""
    fleet = [coach(f"P{number}") for number in range(4)]
    case = problem(riders(S1=10, S2=10, S3=10, S4=10), *fleet, direction=direction)
    _search, found = searched(case, ((0, (1, 4)), (0, (2, 3))))
    assert {frozenset(stops) for _kind, stops in found} == {frozenset({1, 2}), frozenset({3, 4})}


def test_every_route_it_sees_is_pooled() -> None:
    """The pool holds at least the routes of the plan it returns."""
    case = problem(riders(S1=10, S2=10, S3=10, S4=10), *(coach(f"P{number}") for number in range(4)))
    search, found = searched(case, ((0, (1, 4)), (0, (2, 3))))
    pooled = {route.stops for route in search.pool}
    assert {stops for _kind, stops in found} <= pooled | {stops[::-1] for stops in pooled}
