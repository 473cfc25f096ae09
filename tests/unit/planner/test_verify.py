"""A right plan, broken in one way at a time: ``verify`` names each break, and only a right plan passes."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from busops.domain.findings import Severity
from busops.domain.values import Direction
from busops.planner.problem import Limits, Plan, Problem, Trip, Unserved, UnservedReason
from busops.planner.solve import solve
from busops.planner.verify import verify
from tests.unit.planner.small import LIMITS, coach, problem, riders

Break = Callable[[Plan], Plan]


def two_wave_problem(direction: Direction = Direction.HOMEWARD) -> Problem:
    """One coach that must drive twice."""
    return problem(riders(S1=6, S2=6, S4=8), coach(capacity=12, max_trips=2), direction=direction)


def right_plan(case: Problem) -> Plan:
    """The planner's plan, which verifies."""
    plan = solve(case, seconds=0, seed=1, rounds=4)
    assert verify(case, plan) == ()
    assert not plan.unserved
    return plan


def codes(case: Problem, plan: Plan) -> set[str]:
    """The codes of all findings."""
    return {finding.code for finding in verify(case, plan)}


def with_trip(plan: Plan, number: int, **changes: object) -> Plan:
    """The plan with one trip changed."""
    trips = list(plan.trips)
    trips[number] = replace(trips[number], **changes)  # type: ignore[arg-type]
    return replace(plan, trips=tuple(trips))


def with_halt(plan: Plan, trip: int, halt: int, **changes: object) -> Plan:
    """The plan with one halt changed."""
    stops = list(plan.trips[trip].stops)
    stops[halt] = replace(stops[halt], **changes)  # type: ignore[arg-type]
    return with_trip(plan, trip, stops=tuple(stops))


def shifted(plan: Plan, field: str, by: int = 1) -> Plan:
    """The plan with a number of its first trip changed by a little."""
    return with_trip(plan, 0, **{field: getattr(plan.trips[0], field) + by})


def twice(plan: Plan) -> Plan:
    """The first rider of the first trip also rides in the second."""
    rider = plan.trips[0].stops[0].rider_ids[0]
    return with_halt(plan, 1, 0, rider_ids=(*plan.trips[1].stops[0].rider_ids, rider))


def lost(plan: Plan) -> Plan:
    """The first rider of the first trip is in no trip."""
    return with_halt(plan, 0, 0, rider_ids=plan.trips[0].stops[0].rider_ids[1:])


BREAKS: tuple[tuple[str, Break], ...] = (
    ("plan_vehicle_unknown", lambda plan: with_trip(plan, 0, plate="川F99999")),
    ("plan_trip_empty", lambda plan: with_trip(plan, 0, stops=())),
    ("plan_stop_not_designated", lambda plan: with_halt(plan, 0, 0, stop_id="S9")),
    ("plan_arrival_wrong", lambda plan: with_halt(plan, 0, 0, arrive_s=plan.trips[0].stops[0].arrive_s - 1)),
    ("plan_leaving_wrong", lambda plan: with_halt(plan, 0, 0, leave_s=plan.trips[0].stops[0].leave_s + 1)),
    ("plan_distance_wrong", lambda plan: shifted(plan, "distance_m")),
    ("plan_cost_wrong", lambda plan: shifted(plan, "cost_fen", -1)),
    ("plan_total_wrong", lambda plan: replace(plan, cost_fen=plan.cost_fen - 1)),
    ("plan_bound_above_cost", lambda plan: replace(plan, lower_bound_fen=plan.cost_fen + 1)),
    ("plan_wave_wrong", lambda plan: with_trip(plan, 1, wave=3)),
    ("plan_wave_overlap", lambda plan: with_trip(plan, 1, depart_s=plan.trips[1].depart_s - 1)),
    ("plan_wave_overlap", lambda plan: with_trip(plan, 0, depart_s=-1)),
    ("plan_rider_twice", twice),
    ("plan_rider_missing", lost),
    ("plan_rider_unknown", lambda plan: with_halt(plan, 0, 0, rider_ids=("X",))),
    (
        "plan_rider_twice",
        lambda plan: replace(plan, unserved=(Unserved(rider_id="S1-1", reason=UnservedReason.NO_SEAT),)),
    ),
    (
        "plan_rider_unknown",
        lambda plan: replace(plan, unserved=(Unserved(rider_id="X", reason=UnservedReason.NO_SEAT),)),
    ),
)


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize(("code", "broken"), BREAKS)
def test_each_break_is_named(code: str, broken: Break, direction: Direction) -> None:
    """One thing is broken in a right plan, and its code is among the findings."""
    case = two_wave_problem(direction)
    assert code in codes(case, broken(right_plan(case)))


def test_the_campus_arrival_belongs_to_return_runs() -> None:
    """A return trip must arrive at the campus when it does; a homeward trip has no such time."""
    back, home = two_wave_problem(Direction.RETURN), two_wave_problem()
    plan = right_plan(back)
    late = with_trip(plan, 0, campus_arrive_s=(plan.trips[0].campus_arrive_s or 0) + 1)
    assert "plan_campus_arrival_wrong" in codes(back, late)
    assert "plan_campus_arrival_wrong" in codes(back, with_trip(plan, 0, campus_arrive_s=None))
    assert "plan_campus_arrival_wrong" in codes(home, with_trip(right_plan(home), 0, campus_arrive_s=9))


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("plan_over_capacity", {"vehicles": (coach(capacity=11, max_trips=2),)}),
        ("plan_too_many_trips", {"vehicles": (coach(capacity=12, max_trips=1),)}),
        ("plan_off_line", {"vehicles": (coach(capacity=12, max_trips=2, lines=(("S1", "S2", "S3"),)),)}),
        (
            "plan_off_line",
            {"vehicles": (coach(capacity=12, max_trips=2, lines=(("S1",), ("S2",), ("S4",), ("S3", "S2"))),)},
        ),
        ("plan_off_line", {"vehicles": (coach(capacity=12, max_trips=2, lines=()),)}),
        ("plan_too_many_stops", {"limits": replace(LIMITS, max_stops=1)}),
        ("plan_ride_too_long", {"limits": replace(LIMITS, max_ride_s=0, ride_factor_milli=1000)}),
        ("plan_leaving_wrong", {"limits": replace(LIMITS, dwell_base_s=31)}),
        ("plan_wave_overlap", {"limits": replace(LIMITS, turnaround_s=901)}),
        ("plan_distance_wrong", {"limits": replace(LIMITS, returns_to_campus=False)}),
        (
            "plan_rider_at_wrong_stop",
            {"riders": tuple(replace(one, stop_ids=("S3",)) for one in riders(S1=6, S2=6, S4=8))},
        ),
    ],
)
def test_each_rule_binds(code: str, change: dict[str, object]) -> None:
    """A right plan is wrong for a problem whose rule is tighter, and the rule is named."""
    case = two_wave_problem()
    plan = right_plan(case)
    assert code in codes(replace(case, **change), plan)  # type: ignore[arg-type]


def test_the_order_of_a_line_binds() -> None:
    """The same stops against the line's order are off the line; skipping a stop of the line is not."""
    case = problem(riders(S1=4, S2=4, S4=4), coach(capacity=12))
    plan = right_plan(case)
    driven = tuple(halt.stop_id for halt in plan.trips[0].stops)
    assert len(driven) == 3
    first, second, third = driven
    along = replace(case, vehicles=(coach(capacity=12, lines=((first, second, "S3", third),)),))
    against = replace(case, vehicles=(coach(capacity=12, lines=((second, first, "S3", third),)),))
    assert verify(along, plan) == ()
    assert codes(against, plan) == {"plan_off_line"}


def test_a_forged_time_does_not_hide_a_long_ride() -> None:
    """Rides are measured on recomputed times: writing smaller times still shows the long ride."""
    case = two_wave_problem()
    plan = right_plan(case)
    forged = with_halt(plan, 0, -1, arrive_s=1, leave_s=60)
    tight = replace(case, limits=replace(LIMITS, max_ride_s=1, ride_factor_milli=900))
    assert "plan_ride_too_long" in codes(tight, forged)


def test_a_stop_without_riders_is_only_a_warning() -> None:
    """Halting where nobody rides is odd, not forbidden."""
    case = problem(riders(S1=1), coach())
    plan = right_plan(case)
    findings = verify(case, with_halt(plan, 0, 0, rider_ids=()))
    assert {finding.code for finding in findings if finding.severity is Severity.WARN} == {
        "plan_stop_without_riders"
    }


def test_cost_is_rounded_half_up_per_trip() -> None:
    """10.002 km at 2.50 yuan are 25.005 yuan: the half fen goes up."""
    case = problem(riders(S1=1), coach(fixed_fen=0, per_km_fen=250), limits=Limits())
    odd = case.travel.distance_m.copy()
    odd[0, 1] += 2
    case = replace(case, travel=replace_ways(case, odd))
    trip: Trip = right_plan(case).trips[0]
    assert (trip.distance_m, trip.cost_fen) == (10_002, 2501)


def replace_ways(case: Problem, distance_m: object) -> object:
    """The same ways with other distances."""
    ways = case.travel
    return type(ways)(ids=ways.ids, distance_m=distance_m, duration_s=ways.duration_s)  # type: ignore[arg-type]


def test_who_is_in_no_register_may_only_be_unserved() -> None:
    """A stranger without a seat passes with that reason alone; in a trip, or twice, he is found."""
    case = two_wave_problem()
    plan = right_plan(case)
    stranger = Unserved(rider_id="X", reason=UnservedReason.NOT_REGISTERED)
    assert verify(case, replace(plan, unserved=(stranger,))) == ()
    seated = replace(stranger, rider_id=case.riders[0].rider_id)
    assert codes(case, replace(plan, unserved=(seated,))) == {"plan_rider_twice"}
