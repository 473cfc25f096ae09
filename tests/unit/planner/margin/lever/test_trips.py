"""Trips as levers: two as one, and trips that hardly anybody rides on."""

from dataclasses import replace

from busops.planner.margin.lever.trips import few_lever, few_riders, merge_lever, pairs
from busops.planner.margin.lever.values import Before, before_of
from busops.planner.margin.margin import RiderFare
from busops.planner.margin.replan import Replanning
from busops.planner.problem import Limits, Problem
from busops.planner.rules.rules import Rules
from busops.planner.solve import solve
from tests.unit.planner.small import coach, keeping, problem, riders

HOW = Replanning(seconds=0, rounds=5)
LIMITS = Limits(max_ride_s=1200, ride_factor_milli=1000)  # S4 lies 1200 s away: no halt before it


def weighed(asked: Problem) -> Before:
    """The plan of the problem; every fare is 20.00."""
    plan = solve(asked, seconds=0, seed=1, rounds=10)
    assert not plan.unserved
    fares = {rider.rider_id: RiderFare(band="A", list_fen=2000) for rider in asked.riders}
    return before_of(asked, plan, fares, 1000)


def test_two_trips_become_one_and_say_what_it_takes() -> None:
    """S4 rode alone because of the cap; one coach over S1 takes 36 s more and saves a trip of 323.50."""
    before = weighed(problem(riders(S1=2, S4=2), coach("A"), coach("B"), limits=LIMITS))
    assert len(before.plan.trips) == 2
    found = pairs(before)
    assert len(found) == 1
    assert found[0].worth_fen == 30_000 + 2350
    lever = merge_lever(before, HOW, found[0])
    assert lever is not None
    assert lever.saved_fen == 32_350
    assert lever.facts["more_s"] == 36
    assert {lever.facts["first"], lever.facts["second"]} == {"S1", "S4"}
    assert lever.affected == ()  # 36 s are noticed by nobody


def test_no_merger_without_seats_a_free_vehicle_or_a_bearable_ride() -> None:
    """Too few seats, only licensed buses, or more than 15 min longer: nothing is proposed."""
    tight = problem(riders(S1=2, S4=2), coach("A", 2), coach("B", 2), limits=LIMITS)
    assert pairs(weighed(tight)) == ()
    bound = (coach("A", lines=(("S1",),)), coach("B", lines=(("S4",),)))
    assert pairs(weighed(problem(riders(S1=2, S4=2), *bound, limits=LIMITS))) == ()
    slow = Limits(max_ride_s=1200, ride_factor_milli=1000, dwell_base_s=1000)
    lasting = weighed(problem(riders(S1=2, S4=2), coach("A"), coach("B"), limits=slow))
    assert merge_lever(lasting, HOW, pairs(lasting)[0]) is None


def test_a_vehicle_that_drives_again_keeps_its_trips() -> None:
    """Where a coach of the pair drives a third trip, the pair is left alone; its own two may be one."""
    twice = weighed(
        problem(riders(S1=2, S4=2), coach("A", max_trips=2), limits=LIMITS),
    )
    assert [trip.wave for trip in twice.plan.trips] == [1, 2]
    lever = merge_lever(twice, HOW, pairs(twice)[0])
    assert lever is not None
    assert lever.saved_fen == 32_350
    thrice = weighed(problem(riders(S3=2, S2=2, S4=2), coach("A", max_trips=3), limits=LIMITS))
    assert len(thrice.plan.trips) < 3 or pairs(thrice) == ()


def test_a_trip_with_few_riders_is_dropped_and_they_are_named() -> None:
    """One rider of S4 costs a trip; without him 394.00 are saved and 20.00 of fares are lost."""
    before = weighed(problem(riders(S1=9, S4=1), coach("A"), coach("B"), limits=LIMITS))
    assert len(before.plan.trips) == 2
    assert few_riders(before)[0] == (2, frozenset({"S4-1"}))
    lever = few_lever(before, HOW, 2, frozenset({"S4-1"}))
    assert lever is not None
    assert (lever.saved_fen, lever.more_fares_fen) == (30_000 + 40 * 235, -2000)
    assert [one.rider_id for one in lever.affected] == ["S4-1"]
    assert lever.affected[0].loses_service


def test_rules_about_others_do_not_stand_in_the_way_of_a_merger() -> None:
    """S1 and S4 ride as one, though somebody of a third trip has quarrelled with one of them."""
    asked = problem(riders(S1=2, S3=1, S4=2), *(coach(plate, 4) for plate in "ABC"), limits=LIMITS)
    before = weighed(replace(asked, rules=Rules(apart=(frozenset({"S3-1", "S1-1"}),))))
    assert len(before.plan.trips) == 3
    levers = [merge_lever(before, HOW, pair) for pair in pairs(before)]
    merged = [{one.facts["first"], one.facts["second"]} for one in levers if one is not None]
    assert {"S1", "S4"} in merged
    assert {"S1", "S3"} not in merged


def test_who_is_left_out_is_named_by_no_rule_any_more() -> None:
    """One rider of S4, whose brother of S1 is bound to ride with him no longer once he does not ride."""
    asked = problem(riders(S1=9, S4=2), coach("A"), coach("B"), limits=LIMITS)
    bound = replace(
        asked, rules=Rules(together=(frozenset({"S4-1", "S4-2"}),), apart=(frozenset({"S4-1", "S1-1"}),))
    )
    before = weighed(bound)
    (least, lost) = few_riders(before)[0]
    assert lost == frozenset({"S4-1", "S4-2"})
    lever = few_lever(before, HOW, least, lost)
    assert lever is not None
    assert lever.saved_fen == 30_000 + 40 * 235


def test_kept_trips_are_no_levers() -> None:
    """Of two trips one is kept: there is no pair, and it is not proposed to drop it."""
    asked = problem(riders(S1=9, S4=1), coach("A"), coach("B"), limits=LIMITS)
    free = weighed(asked)
    small = next(trip for trip in free.plan.trips if trip.stops[0].stop_id == "S4")
    before = weighed(keeping(asked, small))
    assert len(before.plan.trips) == 2
    assert (len(pairs(free)), pairs(before)) == (1, ())
    assert few_riders(free)
    assert few_riders(before) == ()
