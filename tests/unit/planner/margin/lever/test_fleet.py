"""Sizes to rent, one departure more, longer rides."""

from dataclasses import replace

from busops.planner.margin.lever.fleet import cap_lever, mix_lever, rental_fleet, waves_lever
from busops.planner.margin.lever.values import Before, before_of
from busops.planner.margin.replan import Replanning, is_sound
from busops.planner.problem import Limits, Problem
from busops.planner.solve import solve
from tests.unit.planner.small import coach, problem, riders

HOW = Replanning(seconds=0, rounds=8)


def weighed(asked: Problem) -> Before:
    """The plan of the problem, without fares."""
    return before_of(asked, solve(asked, seconds=0, seed=1, rounds=10), {}, 1000)


def test_smaller_coaches_would_do() -> None:
    """Eight riders in a coach of 45 at 600.00; one of 10 at 300.00 exists once and is needed twice."""
    large = coach("L", 45, fixed_fen=60_000)
    asked = problem(riders(S1=8, S4=8), large, coach("S", 10), limits=Limits(max_ride_s=1200, max_stops=1))
    lever = mix_lever(weighed(asked), HOW)
    assert lever is not None
    assert lever.saved_fen == 30_000
    assert lever.facts["mix"] == [[10, 1, 2], [45, 1, 0]]


def test_the_rental_fleet_keeps_licensed_buses_and_rates() -> None:
    """Twice as many coaches of each size as would hold all; no charter coach, no lever."""
    licensed = coach("LIC", 20, lines=(("S1",),))
    asked = problem(riders(S1=30), licensed, coach("A", 10), coach("B", 10), coach("C", 45))
    rentable = rental_fleet(asked)
    assert rentable is not None
    assert licensed in rentable.vehicles
    sizes = [one.capacity for one in rentable.vehicles if one.lines is None]
    assert (sizes.count(10), sizes.count(45)) == (6, 2)
    only = replace(asked, vehicles=(licensed,))
    assert rental_fleet(only) is None
    assert mix_lever(weighed(only), HOW) is None


def test_one_departure_more_replaces_a_dear_coach() -> None:
    """The cheap coach drives S4 too, after it is back from S1; S4's or S1's riders leave later."""
    limits = Limits(max_ride_s=1200, max_stops=1)
    asked = problem(riders(S1=8, S4=8), coach("A", 10), coach("B", 10, fixed_fen=60_000), limits=limits)
    lever = waves_lever(weighed(asked), HOW)
    assert lever is not None
    assert lever.saved_fen == 30_000
    assert lever.facts["trips"] == 1
    assert len(lever.affected) == 8
    # Out to S1, 54 s for eight riders, back, a quarter of an hour's rest.
    assert {one.later_s for one in lever.affected} == {300 + 54 + 310 + 900}


def test_five_minutes_more_bring_two_stops_together() -> None:
    """S4 lies 1200 s away: with 5 minutes more its coach halts at S1 on the way."""
    limits = Limits(max_ride_s=1200, ride_factor_milli=1000)
    before = weighed(problem(riders(S1=2, S4=2), coach("A"), coach("B"), limits=limits))
    assert len(before.plan.trips) == 2
    lever = cap_lever(before, HOW, 5)
    assert lever is not None
    assert (lever.saved_fen, lever.facts["minutes"]) == (32_350, 5)
    assert is_sound(before.problem, before.plan)
