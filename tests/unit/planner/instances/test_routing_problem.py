"""Routing files as planning problems: the cost is the file's, and the verifier judges known routes."""

from dataclasses import replace

import pytest

from busops.domain.errors import InvalidInput
from busops.planner.instances.routing_problem import cost_in_file_units, plan_of_routes, problem_of
from busops.planner.instances.vrplib import instance_of
from busops.planner.solve import solve
from busops.planner.verify import verify
from tests.unit.planner.instances.test_vrplib import MIXED, PLAIN


def test_the_plan_of_known_routes_costs_what_the_file_would_say():
    """Route 1→2→3→1 of whole units: 5 + 3 + 3 = 11 and 2 for the other; no violation."""
    instance = instance_of(PLAIN, file="t.vrp")
    problem = problem_of(instance)
    plan = plan_of_routes(instance, problem, [(1, 2), (3,)])
    assert verify(problem, plan) == ()
    assert [trip.cost_fen for trip in plan.trips] == [5 + 3 + 3, 1 + 1]
    assert cost_in_file_units(instance, plan.cost_fen) == 13


def test_known_routes_get_the_cheapest_vehicles_that_can_drive_them():
    """Two small loads go on the two small vehicles, whatever order the file lists them in."""
    instance = instance_of(MIXED, file="t.vrp")
    problem = problem_of(instance)
    plan = plan_of_routes(instance, problem, [(2,), (1,)])
    assert verify(problem, plan) == ()
    assert [trip.plate for trip in plan.trips] == ["V00001", "V00002"]
    # 100 + 58 × 10 and 100 + 58 × 2.828, each rounded to the unit of the file's costs
    assert sorted(trip.cost_fen for trip in plan.trips) == [264, 680]


def test_routes_that_the_fleet_cannot_drive_are_refused():
    """One route with all demand fits no vehicle of the file."""
    instance = instance_of(PLAIN, file="t.vrp")
    with pytest.raises(InvalidInput) as caught:
        plan_of_routes(instance, problem_of(instance), [(1, 2, 3)], file="t.sol")
    assert (caught.value.code, caught.value.facts) == (
        "solution_fleet_too_small",
        {"file": "t.sol", "routes": 1},
    )


def test_the_verifier_finds_a_forged_price():
    """A known plan whose cost was polished does not pass: the judge is not the pricer."""
    instance = instance_of(PLAIN, file="t.vrp")
    problem = problem_of(instance)
    plan = plan_of_routes(instance, problem, [(1, 2), (3,)])
    forged = replace(plan, trips=(replace(plan.trips[0], cost_fen=10), *plan.trips[1:]), cost_fen=12)
    assert [finding.code for finding in verify(problem, forged)] == ["plan_cost_wrong"]


@pytest.mark.parametrize("text", [PLAIN, MIXED])
def test_our_planner_solves_the_problem_and_finds_the_best_of_a_tiny_file(text):
    """Clients stay whole, every one is served, and no cheaper plan exists among the few there are."""
    instance = instance_of(text, file="t.vrp")
    problem = problem_of(instance)
    plan = solve(problem, seconds=0, seed=1, rounds=50)
    assert verify(problem, plan) == ()
    assert plan.unserved == ()
    partitions = {
        3: ([[1, 2], [3]], [[1, 3], [2]], [[2, 3], [1]], [[1], [2], [3]]),
        2: ([[1], [2]], [[1, 2]]),
    }
    clients = len(instance.demand) - 1
    best = min(_priced(instance, problem, routes) for routes in partitions[clients])
    assert plan.cost_fen == best


def _priced(instance, problem, routes):
    try:
        return plan_of_routes(instance, problem, routes).cost_fen
    except InvalidInput:  # more than any vehicle can carry
        return 10**9
