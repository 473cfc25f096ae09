"""The frontier of cost and longest ride: sound points, none of which undercuts another."""

from dataclasses import replace
from itertools import pairwise

import pytest

from busops.domain.values import CAMPUS, Direction
from busops.planner.margin.frontier import frontier, points_of, tightened
from busops.planner.margin.replan import Replanning, is_sound
from busops.planner.margin.rides import longest_s
from busops.planner.problem import Limits, Problem
from busops.planner.solve import solve
from tests.unit.planner.small import coach, problem, random_problem, random_town, riders

HOW = Replanning(seconds=0, rounds=8)


def wide_town(direction: Direction = Direction.HOMEWARD) -> Problem:
    """Fourteen stops on a plane, a coach for each if need be, and room for long rides."""
    ways = random_town(3, 14)
    demand = riders(**dict.fromkeys(ways.ids[1:], 3))
    fleet = [coach(f"P{number:02}", 45, fixed_fen=4000, per_km_fen=500) for number in range(14)]
    limits = Limits(max_ride_s=7200, max_stops=14)
    return problem(demand, *fleet, direction=direction, limits=limits, travel=ways)


@pytest.mark.parametrize("direction", list(Direction))
def test_a_wide_town_has_at_least_eight_points(direction: Direction) -> None:
    """Every point is sound, keeps its promise and the bound; rides grow as the cost falls, strictly."""
    asked = wide_town(direction)
    points = frontier(asked, HOW)
    assert len(points) >= 8
    for point in points:
        assert is_sound(asked, point.plan)
        assert not point.plan.unserved
        assert longest_s(point.plan) == point.longest_s >= point.p95_s
        assert point.plan.lower_bound_fen <= points[-1].plan.cost_fen
    for shorter, longer in pairwise(points):
        assert shorter.longest_s < longer.longest_s
        assert shorter.plan.cost_fen > longer.plan.cost_fen


def test_the_cheapest_point_is_no_dearer_than_what_was_known() -> None:
    """A known plan counts: the frontier ends at it or at a cheaper one; the same work, the same points."""
    asked = wide_town()
    known = solve(asked, seconds=0, seed=3, rounds=60)
    points = frontier(asked, HOW, known=[known])
    assert points[-1].plan.cost_fen <= known.cost_fen
    again = frontier(asked, HOW, known=[known])
    assert [one.plan for one in points] == [one.plan for one in again]


def test_a_bound_of_another_day_is_not_taken_over() -> None:
    """A known plan that says nothing cheaper exists keeps its trips and loses its bound to the search's."""
    asked = wide_town()
    known = solve(asked, seconds=0, seed=3, rounds=60)
    boasting = replace(known, lower_bound_fen=known.cost_fen, bound_model="another day's")
    for point in frontier(asked, HOW, known=[boasting], wanted=3):
        assert point.plan.bound_model != "another day's"
        assert point.plan.lower_bound_fen < known.cost_fen


def test_known_plans_that_break_the_problem_do_not_count() -> None:
    """A plan with a forged cost is no point, however cheap it says it is."""
    asked = wide_town()
    sound = solve(asked, seconds=0, seed=3, rounds=8)
    forged = replace(sound, cost_fen=1)
    assert frontier(asked, HOW, known=[forged])[-1].plan.cost_fen > 1


@pytest.mark.parametrize("seed", range(40))
def test_a_tighter_cap_never_loosens_another(seed: int) -> None:
    """Under the tightened limits no stop may ride longer than before, nor than the cap."""
    asked = random_problem(seed, stops=5, riders_at_most=8)
    for cap_s in (300, 1000, 2500, 5000):
        tight = tightened(asked, cap_s)
        for stop_id in asked.stop_ids:
            way = (CAMPUS, stop_id) if asked.direction is Direction.HOMEWARD else (stop_id, CAMPUS)
            direct = asked.travel.between(*way)[1]
            allowed = tight.limits.ride_cap_s(direct)
            assert allowed <= asked.limits.ride_cap_s(direct)
            assert allowed <= cap_s


def test_stopped_or_without_a_choice_it_ends_early() -> None:
    """Asked to stop it answers what it has; where one plan is all there is, that is the frontier."""
    stopped = replace(HOW, should_stop=lambda: True)
    assert len(frontier(wide_town(), stopped)) <= 1
    lonely = problem(riders(S4=3), coach())
    assert len(frontier(lonely, HOW)) == 1
    assert frontier(problem((), coach()), HOW) == ()


def test_steps_are_told_and_equal_points_stand_once() -> None:
    """Each plan is told with how many there are at most; a plan twice is one point."""
    told: list[tuple[int, int]] = []
    points = frontier(wide_town(), HOW, wanted=3, on_step=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert len({total for _, total in told}) == 1
    assert len(points_of([points[0].plan, points[0].plan])) == 1
