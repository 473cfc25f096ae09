"""A right plan under rules, broken in one way at a time: ``verify`` names each break."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from busops.planner.problem import Plan, Problem
from busops.planner.rules.rules import KeptTrip, Rules
from busops.planner.solve import solve
from busops.planner.verify import verify
from tests.unit.planner.small import coach, problem, riders

KEPT = KeptTrip(plate="P1", wave=2, halts=(("S4", ("S4-1",)),), depart_s=7000)


def ruled() -> Problem:
    """Two coaches; a pair together, a pair apart, a kept trip in the second wave."""
    rules = Rules(together=(frozenset({"S1-1", "S2-1"}),), apart=(frozenset({"S1-2", "S2-2"}),), kept=(KEPT,))
    fleet = coach("P1", max_trips=2), coach("P2")
    return replace(problem(riders(S1=3, S2=3, S4=1), *fleet), rules=rules)


def right_plan(case: Problem) -> Plan:
    """The planner's plan, which verifies and serves everybody."""
    plan = solve(case, seconds=0, seed=1, rounds=6)
    assert verify(case, plan) == ()
    assert not plan.unserved
    return plan


def without_kept(plan: Plan) -> Plan:
    """The kept trip is driven by the other coach."""
    return replace(
        plan, trips=tuple(replace(one, plate="P2") if one.wave == 2 else one for one in plan.trips)
    )


def kept_changed(plan: Plan, **changes: object) -> Plan:
    """The kept trip with other values."""
    trips = tuple(replace(one, **changes) if one.wave == 2 else one for one in plan.trips)  # type: ignore[arg-type]
    return replace(plan, trips=trips)


def kept_empty(plan: Plan) -> Plan:
    """The kept trip's rider is off it."""
    return kept_changed(
        plan, stops=tuple(replace(halt, rider_ids=()) for one in plan.trips[-1:] for halt in one.stops)
    )


@pytest.mark.parametrize(
    ("code", "broken"),
    [
        ("plan_kept_trip_missing", without_kept),
        ("plan_kept_trip_missing", lambda plan: kept_changed(plan, wave=3)),
        ("plan_wave_wrong", lambda plan: kept_changed(plan, wave=3)),
        ("plan_kept_trip_earlier", lambda plan: kept_changed(plan, depart_s=6999)),
        ("plan_kept_trip_changed", kept_empty),
    ],
)
def test_a_kept_trip_must_be_there_as_it_was(code: str, broken: Callable[[Plan], Plan]) -> None:
    """Vehicle, wave, riders and time of a kept trip are looked at."""
    case = ruled()
    assert code in {finding.code for finding in verify(case, broken(right_plan(case)))}


@pytest.mark.parametrize(
    ("code", "rules"),
    [
        ("plan_pair_parted", {"together": (frozenset({"S1-2", "S2-2"}),)}),
        ("plan_pair_joined", {"apart": (frozenset({"S1-1", "S2-1"}),)}),
        ("plan_stop_closed_to_vehicle", {"only_by": {"S1": frozenset()}}),
        ("plan_kept_trip_changed", {"kept": (replace(KEPT, plate="P2", wave=1),)}),
    ],
)
def test_each_rule_binds(code: str, rules: dict[str, object]) -> None:
    """A right plan is wrong for a problem with another rule, and that rule is named."""
    case = ruled()
    plan = right_plan(case)
    other = replace(case, rules=Rules(**rules))  # type: ignore[arg-type]
    assert code in {finding.code for finding in verify(other, plan)}


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("plan_stop_closed_to_vehicle", {"not_stops": frozenset({"S1"})}),
        ("plan_stop_closed_to_vehicle", {"only_stops": frozenset({"S4"})}),
        ("plan_vehicle_not_ready", {"ready_s": 1}),
    ],
)
def test_what_a_vehicle_may_not_do_is_found(code: str, change: dict[str, object]) -> None:
    """Closed stops and late vehicles are seen in the plan."""
    case = ruled()
    plan = right_plan(case)
    fleet = tuple(replace(vehicle, **change) for vehicle in case.vehicles)  # type: ignore[arg-type]
    assert code in {finding.code for finding in verify(replace(case, vehicles=fleet), plan)}


def test_a_gap_in_the_waves_belongs_to_kept_trips_only() -> None:
    """Wave 2 without wave 1 is right for a kept trip and wrong for any other."""
    case = replace(problem(riders(S4=1), coach("P1", max_trips=2)), rules=Rules(kept=(KEPT,)))
    plan = right_plan(case)
    assert [trip.wave for trip in plan.trips] == [2]
    free = replace(case, rules=Rules())
    assert {finding.code for finding in verify(free, plan)} == {"plan_wave_wrong"}
