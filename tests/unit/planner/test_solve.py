"""The planner as a function: repeatable, partial with causes, stopped at once; lines and waves are kept."""

import time
from dataclasses import replace

import pytest

from busops.domain.values import Direction
from busops.planner.problem import RiderDemand, UnservedReason
from busops.planner.solve import PlanningPhase, Progress, solve
from busops.planner.verify import verify
from tests.bench.towns import county
from tests.unit.planner.small import LIMITS, coach, problem, riders


@pytest.mark.parametrize("direction", list(Direction))
def test_the_same_seed_and_rounds_give_the_same_plan(direction: Direction) -> None:
    """Counted rounds give the same plan on any machine, in whatever order the riders are named."""
    case = county(stops=25, riders=200, seed=3, direction=direction)
    first = solve(case, seconds=0, seed=5, rounds=30)
    second = solve(case, seconds=0, seed=5, rounds=30)
    assert first == second
    turned = replace(case, riders=case.riders[::-1], vehicles=case.vehicles[::-1])
    assert solve(turned, seconds=0, seed=5, rounds=30) == first
    assert verify(case, first) == ()


def test_greedy_alone_answers_within_a_second() -> None:
    """150 stops and 3,000 riders have a whole plan at once, with no time to search."""
    case = county(stops=150, riders=3000, seed=1)
    began = time.monotonic()
    plan = solve(case, seconds=0, seed=1)
    assert time.monotonic() - began < 4  # a loaded machine; about 0.7 s on a quiet one
    assert not plan.unserved
    assert verify(case, plan) == ()


@pytest.mark.parametrize("when_s", [0.0, 0.3, 1.2, 2.8])
def test_a_wish_to_stop_is_granted_at_once(when_s: float) -> None:
    """In whatever step it comes, the best plan so far is back soon, and right."""
    case = county(stops=60, riders=600, seed=2)
    began = time.monotonic()
    plan = solve(case, seconds=3.5, seed=1, should_stop=lambda: time.monotonic() - began > when_s)
    # greedy and bound always run: 0.5 s beside the half second that a step may take to stop
    assert time.monotonic() - began < when_s + 1.5
    assert not plan.unserved
    assert verify(case, plan) == ()


def test_progress_is_told_from_greedy_to_done_and_never_gets_worse() -> None:
    """The caller hears of every phase; cost and riders left over only fall."""
    heard: list[Progress] = []
    case = county(stops=40, riders=400, seed=2)
    plan = solve(case, seconds=3.5, seed=1, on_progress=heard.append)
    assert [heard[0].phase, heard[-1].phase] == [PlanningPhase.GREEDY, PlanningPhase.DONE]
    assert {one.phase for one in heard} >= {PlanningPhase.ROUTING, PlanningPhase.RUIN, PlanningPhase.BOUND}
    scores = [(one.unserved, one.cost_fen) for one in heard]
    assert scores == sorted(scores, reverse=True)
    assert heard[-1].done_milli == 1000
    assert abs(heard[-1].cost_fen - plan.cost_fen) <= len(plan.trips)
    assert plan.cost_fen < int(plan.stats["greedy_cost_fen"])


def test_too_small_a_fleet_gives_a_partial_plan_with_every_seat_used() -> None:
    """Twenty riders, twelve seats: twelve ride, eight are told that no seat is left."""
    case = problem(riders(S1=10, S2=10), coach(capacity=12))
    plan = solve(case, seconds=0, seed=1, rounds=5)
    assert verify(case, plan) == ()
    assert [one.reason for one in plan.unserved] == [UnservedReason.NO_SEAT] * 8


def test_a_missing_large_bus_splits_the_group() -> None:
    """Thirty at one stop, one bus of 20 and two of 6: all thirty-two seats are tried, thirty ride."""
    fleet = coach(capacity=20), coach("P2", capacity=6), coach("P3", capacity=6)
    case = problem(riders(S3=30), *fleet)
    plan = solve(case, seconds=0, seed=1, rounds=5)
    assert not plan.unserved
    assert sorted(sum(len(halt.rider_ids) for halt in trip.stops) for trip in plan.trips) == [4, 6, 20]
    assert verify(case, plan) == ()


@pytest.mark.parametrize(
    ("demand", "fleet", "limits", "reason"),
    [
        ((RiderDemand(rider_id="R", stop_ids=()),), (coach(),), LIMITS, "no_stop"),
        (riders(S1=1), (), LIMITS, "no_vehicle_for_stop"),
        (riders(S2=1), (coach(lines=(("S1", "S3"),)),), LIMITS, "no_vehicle_for_stop"),
        (riders(S4=1), (coach(),), replace(LIMITS, max_ride_s=600, ride_factor_milli=900), "ride_cap"),
        (riders(S1=1, S2=1), (coach(),), replace(LIMITS, max_stops=1), "stop_limit"),
        (riders(S1=2), (coach(capacity=1),), LIMITS, "no_seat"),
    ],
)
def test_each_cause_is_told(demand: object, fleet: object, limits: object, reason: str) -> None:
    """Whoever is left over has the cause beside his name."""
    case = problem(demand, *fleet, limits=limits)  # type: ignore[arg-type,misc]
    plan = solve(case, seconds=0, seed=1, rounds=4)
    assert [one.reason.value for one in plan.unserved] == [reason]
    assert verify(case, plan) == ()


def test_another_stop_is_used_when_the_own_one_cannot_be() -> None:
    """A rider whose own stop no vehicle may serve gets off at his other stop."""
    demand = (RiderDemand(rider_id="R", stop_ids=("S2", "S3")),)
    case = problem(demand, coach(lines=(("S1", "S3"),)))
    plan = solve(case, seconds=0, seed=1, rounds=4)
    assert plan.trips[0].stops[0].stop_id == "S3"
    assert verify(case, plan) == ()


@pytest.mark.parametrize("direction", list(Direction))
def test_a_vehicle_drives_twice_after_it_is_back(direction: Direction) -> None:
    """Two full loads, one coach: the second wave begins after the way back and the turnaround."""
    case = problem(riders(S2=12, S4=12), coach(capacity=12, max_trips=2), direction=direction)
    plan = solve(case, seconds=0, seed=1, rounds=4)
    assert [(trip.wave, trip.stops[0].stop_id) for trip in plan.trips] == [(1, "S2"), (2, "S4")]
    dwell = 30 + 12 * 3
    if direction is Direction.HOMEWARD:
        assert plan.trips[1].depart_s == 600 + dwell + 610 + 900
    else:
        assert plan.trips[1].depart_s == dwell + 610 + 900 + 1200
    assert verify(case, plan) == ()


def test_alike_coaches_drive_once_before_one_drives_twice() -> None:
    """Nobody waits for a second wave while an equal coach stands in the yard."""
    fleet = [coach(f"P{number}", capacity=12, max_trips=2) for number in range(2)]
    plan = solve(problem(riders(S2=12, S4=12), *fleet), seconds=0, seed=1, rounds=4)
    assert [trip.wave for trip in plan.trips] == [1, 1]


@pytest.mark.parametrize("direction", list(Direction))
def test_licensed_buses_keep_their_lines(direction: Direction) -> None:
    """A cheap bus of two lines drives one line a trip in its order, the coach takes the rest."""
    bus = coach("BUS", capacity=10, max_trips=2, fixed_fen=100, lines=(("S2", "S1"), ("S3", "S4")))
    case = problem(riders(S1=5, S2=5, S3=5, S4=8), bus, coach(capacity=13), direction=direction)
    plan = solve(case, seconds=1.5, seed=1)
    assert verify(case, plan) == ()
    assert not plan.unserved
    lines = {tuple(halt.stop_id for halt in trip.stops) for trip in plan.trips if trip.plate == "BUS"}
    assert ("S2", "S1") in lines


def test_of_equal_costs_the_kinder_order_is_driven() -> None:
    """Along one road both orders cost the same: the near stop is served first on the way home."""
    plan = solve(problem(riders(S1=1, S2=1, S4=1), coach()), seconds=0, seed=1, rounds=4)
    assert [halt.stop_id for halt in plan.trips[0].stops] == ["S1", "S2", "S4"]


def test_nobody_rides() -> None:
    """No riders: no trips, no cost, no bound, no error."""
    plan = solve(problem((), coach()), seconds=1, seed=1)
    assert (plan.trips, plan.unserved, plan.cost_fen, plan.lower_bound_fen) == ((), (), 0, 0)
