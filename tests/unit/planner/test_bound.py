"""The bound by hand on a straight road; that it is never too high is tested in tests/property."""

import pytest

from busops.domain.values import Direction
from busops.planner.bound import SEATS_AND_REACH, lower_bound
from busops.planner.problem import Limits
from tests.bench.towns import county
from tests.unit.planner.small import LIMITS, coach, problem, riders

OPEN = Limits(max_ride_s=LIMITS.max_ride_s, returns_to_campus=False)


def test_one_coach_to_the_farthest_rider_is_proved_exactly() -> None:
    """300 yuan and 40 km out and back at 2.35: 394.00 yuan, less half a fen for rounding, rounded up."""
    bound = lower_bound(problem(riders(S1=3, S4=1), coach()), 4)
    assert (bound.fen, bound.model, bound.served) == (30_000 + 40 * 235, SEATS_AND_REACH, 4)


def test_without_the_way_back_half_the_road_is_proved() -> None:
    """Open trips are bounded by one way, in either direction."""
    for direction in Direction:
        case = problem(riders(S4=1), coach(), limits=OPEN, direction=direction)
        assert lower_bound(case, 1).fen == 30_000 + 20 * 235


def test_seats_force_more_coaches_and_each_must_reach_its_riders() -> None:
    """Thirty riders at S4 need two coaches of twenty, both out to S4."""
    assert lower_bound(problem(riders(S4=30), coach(), coach("P2")), 30).fen == 2 * (30_000 + 40 * 235)


def test_riders_of_a_line_less_stop_need_a_charter_coach() -> None:
    """A free bus that may not go to S4 does not lower what S4 costs."""
    bus = coach("BUS", capacity=50, fixed_fen=0, per_km_fen=0, lines=(("S1", "S2"),))
    assert lower_bound(problem(riders(S1=5, S4=5), bus, coach()), 10).fen == 30_000 + 40 * 235


def test_a_partial_plan_is_bounded_by_the_riders_it_serves() -> None:
    """Whoever serves three of four riders may leave out the farthest one; nobody served proves nothing."""
    case = problem(riders(S1=3, S4=1), coach())
    assert lower_bound(case, 3).fen == 30_000 + 10 * 235
    assert lower_bound(case, 0).fen == 0


def test_the_shorter_way_over_another_stop_counts() -> None:
    """A detour over a third place that is shorter than the direct way must not make the bound too high."""
    case = problem(riders(S4=1), coach(), limits=OPEN)
    metres = case.travel.distance_m.copy()
    metres[0, 4] = 90_000
    ways = type(case.travel)(ids=case.travel.ids, distance_m=metres, duration_s=case.travel.duration_s)
    assert lower_bound(problem(riders(S4=1), coach(), limits=OPEN, travel=ways), 1).fen == 30_000 + 20 * 235


@pytest.mark.parametrize("rings", [1, 3, 8])
def test_fewer_rings_prove_less_but_nothing_wrong(rings: int) -> None:
    """Stops taken to the inner edge of their ring never raise the bound; one ring is the nearest stop."""
    case = county(stops=40, riders=300, seed=5)
    whole = lower_bound(case, 300)
    coarse = lower_bound(case, 300, rings=rings)
    assert 0 < coarse.fen <= whole.fen
    assert rings > 1 or coarse.fen < whole.fen
