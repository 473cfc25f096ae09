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
    plan = solve(problem, seconds=0, seed=1, rounds=8)
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


def test_a_client_is_never_split_over_vehicles():
    """Riders of one client on two trips are found by the verifier, and a tight fleet does not part them."""
    instance = instance_of(PLAIN, file="t.vrp")
    problem = problem_of(instance)
    plan = plan_of_routes(instance, problem, [(1, 2), (3,)])
    assert [len(group) for group in problem.rules.together] == list(instance.demand[1:])
    first, second = plan.trips
    halt = first.stops[0]
    moved = replace(second.stops[0], stop_id=halt.stop_id, rider_ids=halt.rider_ids[:1])
    split = replace(
        plan,
        trips=(
            replace(first, stops=(replace(halt, rider_ids=halt.rider_ids[1:]), *first.stops[1:])),
            replace(second, stops=(*second.stops, moved)),
        ),
    )
    assert "plan_pair_parted" in {finding.code for finding in verify(problem, split)}
    # Loads 5 and 4 and 3 in two vehicles of 6: only parting somebody would seat all twelve
    tight = instance_of(
        MIXED.replace("DIMENSION: 3", "DIMENSION: 4")
        .replace("VEHICLES: 3", "VEHICLES: 2")
        .replace("3 3 4\n", "3 3 4\n4 5 5\n")
        .replace("3 6\nCAP", "3 4\n4 3\nCAP")
        .replace("3 12\n", "")
        .replace("3 250\n", "")
        .replace("3 100\n", ""),
        file="t.vrp",
    )
    served = solve(problem_of(tight), seconds=0, seed=1, rounds=5)
    assert (len(served.unserved), verify(problem_of(tight), served)) == (3, ())
