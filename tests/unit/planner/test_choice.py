"""Riders with several stops share halts when that saves money; nobody goes where he did not agree to go."""

from dataclasses import replace

from busops.planner.problem import RiderDemand
from busops.planner.solve import solve
from busops.planner.verify import verify
from tests.unit.planner.small import LIMITS, coach, problem, riders


def flexible(count: int, *stop_ids: str) -> tuple[RiderDemand, ...]:
    """Riders who may use each of these stops."""
    return tuple(RiderDemand(rider_id=f"F{number}", stop_ids=stop_ids) for number in range(count))


def test_a_far_halt_falls_away_when_all_its_riders_named_a_nearer_one() -> None:
    """Two riders of S4 also named S2, where the bus halts: the way out to S4 is saved."""
    case = problem((*riders(S2=3), *flexible(2, "S4", "S2")), coach())
    plan = solve(case, seconds=0, seed=1, rounds=4)
    assert verify(case, plan) == ()
    assert [halt.stop_id for trip in plan.trips for halt in trip.stops] == ["S2"]
    assert plan.cost_fen == 30_000 + 20 * 235


def test_a_whole_trip_falls_away() -> None:
    """When the last rider of a trip finds a seat elsewhere, the trip is not driven."""
    case = problem((*riders(S1=4), *flexible(1, "S4", "S1")), coach(capacity=5), coach("P2", capacity=1))
    short = replace(case, limits=replace(LIMITS, max_stops=1))
    plan = solve(short, seconds=0, seed=1, rounds=4)
    assert verify(short, plan) == ()
    assert len(plan.trips) == 1


def test_full_buses_and_loyal_riders_keep_their_halts() -> None:
    """No seat at the other stop, or one rider who named only his own: the halt stays."""
    full = problem((*riders(S2=20), *flexible(1, "S4", "S2")), coach(capacity=20), coach("P2", capacity=5))
    plan = solve(full, seconds=0, seed=1, rounds=4)
    assert verify(full, plan) == ()
    assert not plan.unserved
    loyal = problem((*riders(S2=3, S4=1), *flexible(2, "S4", "S2")), coach())
    halts = {halt.stop_id for trip in solve(loyal, seconds=0, seed=1, rounds=4).trips for halt in trip.stops}
    assert halts == {"S2", "S4"}


def test_a_rider_left_over_rides_from_his_other_stop() -> None:
    """No seat is left for S4, but the bus that halts at S1 has one, and he named S1 too."""
    bus = coach("BUS", capacity=5, lines=(("S1",),))
    case = problem((*riders(S1=4, S4=3), *flexible(1, "S4", "S1")), bus, coach(capacity=3))
    plan = solve(case, seconds=0, seed=1, rounds=4)
    assert verify(case, plan) == ()
    assert not plan.unserved
