"""The weekly plan on fixed lines: as good as trying everything, lawful, and clear about who stays behind."""

from dataclasses import replace

import pytest

from busops.domain.values import Direction
from busops.planner.problem import Problem, RiderDemand, UnservedReason
from busops.planner.rules.rules import Rules
from busops.planner.term.scheme import TermLine, on_scheme
from busops.planner.term.weekly import TERM_LINES, weekly_plan
from busops.planner.verify import verify
from tests.unit.planner.small import LIMITS, coach, problem, riders
from tests.unit.planner.term.scenes import a_line, best_on_lines, random_weekend

BOTH = (a_line("01", "川F00001", "S1", "S2"), a_line("02", "川F00002", "S3", "S4"))


def plates_and_stops(
    given: Problem, lines: tuple[TermLine, ...], *licensed: str
) -> list[tuple[str, list[str]]]:
    """The trips of the weekly plan as plate and stops, once it is verified."""
    plan = weekly_plan(given, lines, licensed=licensed)
    assert verify(on_scheme(given, lines, licensed), plan) == ()
    return [(trip.plate, [halt.stop_id for halt in trip.stops]) for trip in plan.trips]


def test_it_is_the_best_plan_on_the_lines() -> None:
    """150 tiny weekends: as many served and as cheap as trying everything, proven so, and verified."""
    left_over = shared = 0
    for seed in range(150):
        given, lines, licensed = random_weekend(seed)
        plan = weekly_plan(given, lines, licensed=licensed)
        assert verify(on_scheme(given, lines, licensed), plan) == (), seed
        served = len(given.riders) - len(plan.unserved)
        assert (served, plan.cost_fen) == best_on_lines(given, lines, licensed), seed
        assert plan.stats["assignment"] == "optimal"
        assert (plan.lower_bound_fen, plan.bound_model) == (plan.cost_fen, TERM_LINES), seed
        left_over += bool(plan.unserved) and served > 0
        shared += len(plan.trips) > 1
    assert left_over > 25
    assert shared > 25


@pytest.mark.parametrize("direction", Direction)
def test_empty_stops_are_skipped_and_the_order_stays(direction: Direction) -> None:
    """Nobody at S1 and S4: the buses pass by them; on the way back the order is mirrored."""
    given = problem(riders(S2=3, S3=2), coach(), coach("川F00002"), direction=direction)
    assert plates_and_stops(given, BOTH) == [("川F00001", ["S2"]), ("川F00002", ["S3"])]
    one = (a_line("01", "川F00001", "S1", "S2", "S3"),)
    given = problem(riders(S1=3, S3=2), coach(), direction=direction)
    order = ["S1", "S3"] if direction is Direction.HOMEWARD else ["S3", "S1"]
    assert plates_and_stops(given, one) == [("川F00001", order)]


def test_a_line_nobody_needs_is_not_driven() -> None:
    """No riders on the second line: one trip, and no cost for the other bus."""
    given = problem(riders(S1=3), coach(), coach("川F00002"))
    assert plates_and_stops(given, BOTH) == [("川F00001", ["S1"])]


def test_a_coach_takes_over_where_a_bus_is_away_and_a_licensed_bus_never_does() -> None:
    """川F00001 is away: the spare coach drives its line; a spare that is licensed for none would not."""
    given = problem(riders(S1=3, S3=1), coach("川F00002"), coach("川F00009"))
    assert plates_and_stops(given, BOTH) == [("川F00002", ["S3"]), ("川F00009", ["S1"])]
    assert plates_and_stops(given, BOTH, "川F00009") == [("川F00002", ["S1"])]
    licensed_for = ("川F00002", "川F00009")
    plan = weekly_plan(given, BOTH, licensed=licensed_for)
    reasons = {one.rider_id: one.reason for one in plan.unserved}
    assert reasons == dict.fromkeys(["S1-1", "S1-2", "S1-3"], UnservedReason.NO_VEHICLE_FOR_STOP)


def test_on_equal_cost_every_line_has_its_own_bus_and_every_rider_his_own_stop() -> None:
    """Two buses alike: each drives the line it was made for; who may choose, and gains nothing, stays put."""
    crossed = (a_line("01", "川F00002", "S1", "S2"), a_line("02", "川F00001", "S3", "S4"))
    given = problem(riders(S2=3, S4=2), coach(), coach("川F00002"))
    assert plates_and_stops(given, crossed) == [("川F00001", ["S4"]), ("川F00002", ["S2"])]
    chooser = RiderDemand(rider_id="X", stop_ids=("S2", "S4"))
    given = problem((*riders(S2=3, S4=2), chooser), coach(), coach("川F00002"))
    plan = weekly_plan(given, BOTH, licensed=())
    assert [halt.stop_id for trip in plan.trips for halt in trip.stops if "X" in halt.rider_ids] == ["S2"]


def test_another_stop_of_the_family_saves_a_halt_or_a_seat() -> None:
    """One who may use S2 or S1 goes where the bus halts anyway, or where a seat is left."""
    chooser = RiderDemand(rider_id="X", stop_ids=("S2", "S1"))
    given = problem((*riders(S1=3), chooser), coach())
    assert plates_and_stops(given, BOTH) == [("川F00001", ["S1"])]
    apart = (a_line("01", "川F00001", "S1"), a_line("02", "川F00002", "S2"))
    given = problem((*riders(S1=2, S2=1), chooser), coach(capacity=3), coach("川F00002", capacity=1))
    assert weekly_plan(given, apart, licensed=()).unserved == ()


def test_who_does_not_fit_is_left_over_with_the_cause() -> None:
    """A full bus, a stop on no line, no stop at all, a ride that would be too long, a stop too many."""
    alone = RiderDemand(rider_id="Z", stop_ids=())
    given = problem((*riders(S1=22, S4=1), alone), coach())
    plan = weekly_plan(given, BOTH[:1], licensed=())
    causes = [one.reason for one in plan.unserved]
    assert causes == [UnservedReason.NO_SEAT] * 2 + [
        UnservedReason.NO_VEHICLE_FOR_STOP,
        UnservedReason.NO_STOP,
    ]
    short = replace(LIMITS, max_ride_s=650, ride_factor_milli=1000)
    given = problem(riders(S1=18, S2=2), coach(), limits=short)
    plan = weekly_plan(given, BOTH, licensed=())
    assert {one.reason for one in plan.unserved} == {UnservedReason.RIDE_CAP}
    one_stop = replace(LIMITS, max_stops=1)
    given = problem(riders(S1=3, S2=2), coach(), limits=one_stop)
    plan = weekly_plan(given, BOTH, licensed=())
    assert [one.reason for one in plan.unserved] == [UnservedReason.STOP_LIMIT] * 2


def test_one_bus_drives_two_lines_one_after_another() -> None:
    """Two trips a bus: the second leaves when the first is back and the break is over."""
    own = (a_line("01", "川F00001", "S1", "S2"), a_line("02", "川F00001", "S3", "S4", wave=2))
    for direction in Direction:
        given = problem(riders(S1=3, S3=2), coach(max_trips=2), direction=direction)
        assert plates_and_stops(given, own) == [("川F00001", ["S1"]), ("川F00001", ["S3"])]


def test_rules_of_people_are_kept() -> None:
    """A stop closed to a bus, siblings together, riders apart, a bus that comes later: verified."""
    apart = (a_line("01", "川F00001", "S1"), a_line("02", "川F00002", "S1"))
    two = (coach(capacity=3), coach("川F00002", capacity=3, ready_s=900))
    given = problem(riders(S1=6), *two)
    pairs = Rules(together=(frozenset({"S1-1", "S1-6"}),), apart=(frozenset({"S1-1", "S1-2"}),))
    ruled = replace(given, rules=pairs)
    plan = weekly_plan(ruled, apart, licensed=())
    assert verify(on_scheme(ruled, apart, ()), plan) == ()
    assert plan.unserved == ()
    assert [trip.depart_s for trip in plan.trips] == [0, 900]
    broken = replace(given, rules=Rules(apart=(frozenset({"S1-1", "S1-2", "S1-3"}),)))
    plan = weekly_plan(broken, apart, licensed=())
    assert verify(on_scheme(broken, apart, ()), plan) == ()
    assert [one.reason for one in plan.unserved] == [UnservedReason.PAIR_RULE]
    closed = replace(given, rules=Rules(only_by={"S1": frozenset({"川F00002"})}))
    plan = weekly_plan(closed, apart, licensed=())
    assert verify(on_scheme(closed, apart, ()), plan) == ()
    assert [trip.plate for trip in plan.trips] == ["川F00002"]
    assert {one.reason for one in plan.unserved} == {UnservedReason.NO_SEAT}


def test_nothing_to_drive_with_leaves_everybody_over() -> None:
    """No line, or no vehicle: no trip, every rider told why, cost and bound nothing."""
    given = problem(riders(S1=2), coach())
    plan = weekly_plan(given, (), licensed=())
    assert (plan.trips, len(plan.unserved), plan.cost_fen) == ((), 2, 0)
    plan = weekly_plan(problem(riders(S1=2)), BOTH, licensed=())
    assert [one.reason for one in plan.unserved] == [UnservedReason.NO_VEHICLE_FOR_STOP] * 2


def test_a_wish_to_stop_ends_the_search_and_the_same_weekend_has_the_same_plan() -> None:
    """Told to stop, an answer comes at once and is not called proven; asked twice, the plans are equal."""
    given, lines, licensed = random_weekend(5)
    stopped = weekly_plan(given, lines, licensed=licensed, should_stop=lambda: True)
    assert verify(on_scheme(given, lines, licensed), stopped) == ()
    assert stopped.stats["assignment"] == "feasible"
    assert weekly_plan(given, lines, licensed=licensed) == weekly_plan(given, lines, licensed=licensed)
