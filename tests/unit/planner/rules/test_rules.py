"""Rules bind the planner: access, siblings, quarrels, kept trips, late vehicles; on one straight road."""

from dataclasses import replace

import pytest

from busops.domain.values import Direction
from busops.planner.demand import nodes_of
from busops.planner.problem import Plan, Problem, RiderDemand, UnservedReason, VehicleOption
from busops.planner.rules.rules import KeptTrip, Rules, chains
from busops.planner.solve import solve
from busops.planner.verify import verify
from tests.unit.planner.small import LIMITS, coach, problem, riders


def ruled(
    demand: tuple[RiderDemand, ...],
    *fleet: VehicleOption,
    rules: Rules,
    direction: Direction = Direction.HOMEWARD,
) -> Problem:
    """A problem on the road of four stops with rules."""
    return replace(problem(demand, *fleet, direction=direction), rules=rules)


def planned(case: Problem) -> Plan:
    """The planner's plan, which verifies."""
    plan = solve(case, seconds=0, seed=1, rounds=6)
    assert verify(case, plan) == ()
    return plan


def riding(plan: Plan) -> list[tuple[str, list[tuple[str, tuple[str, ...]]]]]:
    """Plate, and stop with riders, of each trip."""
    return [(trip.plate, [(halt.stop_id, halt.rider_ids) for halt in trip.stops]) for trip in plan.trips]


def trip_of(plan: Plan, rider_id: str) -> tuple[str, int]:
    """Plate and wave of the rider's trip."""
    (found,) = [
        (trip.plate, trip.wave) for trip in plan.trips for halt in trip.stops if rider_id in halt.rider_ids
    ]
    return found


def test_chains_join_where_they_share_a_rider() -> None:
    """A with B, B with C, D with E: two chains, in a fixed order."""
    pairs = [frozenset("DE"), frozenset("AB"), frozenset("BC")]
    assert chains(pairs) == (frozenset("ABC"), frozenset("DE"))


@pytest.mark.parametrize(
    "closed", [{"not_stops": frozenset({"S4"})}, {"only_stops": frozenset({"S1", "S2"})}]
)
def test_a_closed_stop_is_served_by_another_vehicle(closed: dict[str, frozenset[str]]) -> None:
    """The cheap coach may not go to S4: the dear one goes there, the cheap one still drives the rest."""
    cheap = coach("P1", fixed_fen=10_000, **closed)
    plan = planned(problem(riders(S1=5, S2=5, S4=18), cheap, coach("P2")))
    assert riding(plan)[0][0] == "P1"
    assert [stop for stop, _riders in riding(plan)[1][1]] == ["S4"]
    assert not plan.unserved


def test_without_the_rule_the_cheap_one_would_go() -> None:
    """The same riders and vehicles without the rule: the cheap coach goes to S4."""
    plan = planned(problem(riders(S4=18), coach("P1", fixed_fen=10_000), coach("P2")))
    assert [plate for plate, _halts in riding(plan)] == ["P1"]


def test_a_stop_of_certain_vehicles_is_closed_to_the_others() -> None:
    """S4 only by P2; without P2 nobody may go there."""
    fleet = coach("P1", fixed_fen=10_000), coach("P2")
    plan = planned(ruled(riders(S4=3), *fleet, rules=Rules(only_by={"S4": frozenset({"P2"})})))
    assert [plate for plate, _halts in riding(plan)] == ["P2"]
    nobody = planned(ruled(riders(S4=3), *fleet, rules=Rules(only_by={"S4": frozenset()})))
    assert {one.reason for one in nobody.unserved} == {UnservedReason.NO_VEHICLE_FOR_STOP}


def test_a_line_loses_its_closed_stops() -> None:
    """A licensed bus drives its line past the stop that is closed to it."""
    bus = coach("BUS", fixed_fen=100, lines=(("S1", "S2", "S3"),), not_stops=frozenset({"S2"}))
    plan = planned(problem(riders(S1=3, S2=3, S3=3), bus, coach("P1", capacity=3)))
    by_plate = dict(riding(plan))
    assert [stop for stop, _riders in by_plate["BUS"]] == ["S1", "S3"]
    assert [stop for stop, _riders in by_plate["P1"]] == ["S2"]


def test_siblings_of_one_stop_are_never_cut_apart() -> None:
    """Six riders of one stop on buses of four and two seats: the pair in the middle stays together."""
    rules = Rules(together=(frozenset({"S3-4", "S3-5"}),))
    plan = planned(ruled(riders(S3=6), coach("P1", capacity=4), coach("P2", capacity=2), rules=rules))
    assert not plan.unserved
    assert trip_of(plan, "S3-4") == trip_of(plan, "S3-5")


@pytest.mark.parametrize("direction", list(Direction))
def test_siblings_of_two_stops_share_a_trip(direction: Direction) -> None:
    """Alone the small coach would take S1 and the large one S4; one of S1 must ride with one of S4."""
    fleet = coach("P1", capacity=2, fixed_fen=10_000), coach("P2", capacity=3, fixed_fen=20_000)
    demand = riders(S1=2, S4=2)
    rules = Rules(together=(frozenset({"S1-1", "S4-1"}),))
    plan = planned(ruled(demand, *fleet, rules=rules, direction=direction))
    assert not plan.unserved
    assert trip_of(plan, "S1-1") == trip_of(plan, "S4-1")


def test_who_must_be_apart_is_apart_even_at_one_stop() -> None:
    """Two of one stop may not share a trip: two coaches come, though one would do."""
    rules = Rules(apart=(frozenset({"S2-1", "S2-2"}),))
    plan = planned(ruled(riders(S2=4), coach("P1"), coach("P2"), rules=rules))
    assert trip_of(plan, "S2-1") != trip_of(plan, "S2-2")
    assert not plan.unserved


def test_a_rider_whom_a_rule_leaves_no_trip_is_told_so() -> None:
    """One coach, two riders apart: one stays, and the cause is the rule, not a missing seat."""
    rules = Rules(apart=(frozenset({"S2-1", "S4-1"}),))
    plan = planned(ruled(riders(S2=1, S4=1), coach(), rules=rules))
    assert [one.reason for one in plan.unserved] == [UnservedReason.PAIR_RULE]


def test_a_stop_in_parts_is_one_halt() -> None:
    """Who is in a node of his own for a rule's sake costs no second halt under the stop limit."""
    rules = Rules(apart=(frozenset({"S1-1", "S2-9"}),))
    case = ruled(riders(S1=3, S2=9), coach(capacity=11), coach("P2", capacity=2), rules=rules)
    tight = replace(case, limits=replace(LIMITS, max_stops=2))
    assert len(nodes_of(tight).nodes) == 4
    plan = planned(tight)
    assert not plan.unserved


KEPT = KeptTrip(plate="P1", wave=2, halts=(("S4", ("S4-1", "S4-2")), ("S1", ("S1-1",))), depart_s=7000)


@pytest.mark.parametrize("direction", list(Direction))
def test_a_kept_trip_stays_and_the_rest_is_planned_round_it(direction: Direction) -> None:
    """Vehicle, wave, halts in their order and riders stay; its vehicle drives one other trip at most."""
    fleet = coach("P1", capacity=6, max_trips=2), coach("P2", capacity=2, fixed_fen=90_000)
    rules = Rules(kept=(KEPT,))
    plan = planned(ruled(riders(S1=3, S2=4, S4=2), *fleet, rules=rules, direction=direction))
    (second,) = [trip for trip in plan.trips if trip.wave == 2]
    assert [(halt.stop_id, halt.rider_ids) for halt in second.stops] == list(KEPT.halts)
    assert second.depart_s >= 7000
    assert not plan.unserved
    assert [trip.plate for trip in plan.trips] == ["P1", "P1"]


def test_a_kept_trip_without_one_before_keeps_its_wave_and_time() -> None:
    """Nobody else rides: wave 2 stays wave 2, at its time."""
    plan = planned(ruled(riders(S1=1, S4=2), coach("P1", max_trips=2), rules=Rules(kept=(KEPT,))))
    assert [(trip.wave, trip.depart_s) for trip in plan.trips] == [(2, 7000)]


def test_who_left_is_not_on_the_kept_trip() -> None:
    """A rider gone, a stop without riders: the rest is driven; all gone: nothing is."""
    case = ruled(riders(S4=1), coach("P1", max_trips=2), rules=Rules(kept=(KEPT,)))
    assert riding(planned(case)) == [("P1", [("S4", ("S4-1",))])]
    assert (
        planned(ruled(riders(S2=1), coach("P1", max_trips=2), rules=Rules(kept=(KEPT,)))).trips[0].wave == 1
    )


def test_a_sibling_of_a_kept_trip_is_told_that_nobody_boards_it() -> None:
    """Nobody boards a kept trip: who must ride with one of its riders stays over, the rule as cause."""
    rules = Rules(kept=(KEPT,), together=(frozenset({"S4-1", "S2-1"}),))
    plan = planned(ruled(riders(S2=2, S4=2), coach("P1", max_trips=2), coach("P2"), rules=rules))
    assert [(one.rider_id, one.reason) for one in plan.unserved] == [("S2-1", UnservedReason.PAIR_RULE)]


def test_who_waits_elsewhere_now_is_planned_anew() -> None:
    """A rider of the kept trip who now uses another stop is not taken where he no longer stands."""
    demand = (*riders(S4=1), RiderDemand(rider_id="S4-2", stop_ids=("S2",)))
    plan = planned(ruled(demand, coach("P1", max_trips=2), rules=Rules(kept=(KEPT,))))
    assert sorted(halts for _plate, halts in riding(plan)) == [[("S2", ("S4-2",))], [("S4", ("S4-1",))]]


@pytest.mark.parametrize("direction", list(Direction))
def test_a_late_vehicle_leaves_late_and_after_those_who_are_there(direction: Direction) -> None:
    """Of two alike coaches the one that is there drives; both needed, the late one leaves at its time."""
    fleet = coach("P1", capacity=5, ready_s=1800), coach("P2", capacity=5)
    one = planned(problem(riders(S1=3), *fleet, direction=direction))
    assert [(trip.plate, trip.depart_s) for trip in one.trips] == [("P2", 0)]
    two = planned(problem(riders(S1=3, S2=5), *fleet, direction=direction))
    assert {trip.plate: trip.depart_s for trip in two.trips} == {"P1": 1800, "P2": 0}


def test_for_riders_drops_what_the_rules_say_of_others() -> None:
    """A part of the riders is a sound problem again; rules about two of them stay."""
    rules = Rules(
        together=(frozenset({"S1-1", "S1-2", "S4-1"}),), apart=(frozenset({"S1-1", "S4-1"}),), kept=(KEPT,)
    )
    case = ruled(riders(S1=2), coach(), rules=Rules())
    full = riders(S1=2, S4=1)
    part = replace(case, riders=full, rules=replace(rules, apart=(), kept=())).for_riders(full[:2])
    assert part.rules == Rules(together=(frozenset({"S1-1", "S1-2"}),))
    assert [rider.rider_id for rider in part.riders] == ["S1-1", "S1-2"]
