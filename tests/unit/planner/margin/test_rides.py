"""How long everybody rides, and who is worse off in another plan."""

from busops.domain.values import Direction
from busops.planner.margin.rides import Ride, longest_s, p95_s, rides_of, worse_off
from busops.planner.problem import Plan
from busops.planner.solve import solve
from tests.unit.planner.small import coach, problem, riders


def test_rides_are_those_that_the_verifier_measures() -> None:
    """Out: the drive and the halts before; back: from leaving the stop to the campus."""
    out = solve(problem(riders(S1=2, S2=1), coach()), seconds=0, seed=1, rounds=5)
    # 5 km in 300 s; then 30 s + 2 × 3 s at S1 and another 300 s.
    assert {name: ride.ride_s for name, ride in rides_of(out).items()} == {
        "S1-1": 300,
        "S1-2": 300,
        "S2-1": 636,
    }
    back = solve(
        problem(riders(S1=2, S2=1), coach(), direction=Direction.RETURN), seconds=0, seed=1, rounds=5
    )
    # S2 first: 310 s to S1, 36 s there, 310 s to the campus.
    assert {name: ride.ride_s for name, ride in rides_of(back).items()} == {
        "S1-1": 310,
        "S1-2": 310,
        "S2-1": 656,
    }
    assert (longest_s(out), longest_s(back)) == (636, 656)


def test_the_95th_of_a_hundred() -> None:
    """Nearest rank: of 20 riders the 19th, of 3 the last; nobody: 0."""
    plan = solve(problem(riders(S1=19, S4=1), coach()), seconds=0, seed=1, rounds=5)
    assert p95_s(plan) == 300
    three = solve(problem(riders(S1=2, S2=1), coach()), seconds=0, seed=1, rounds=5)
    assert p95_s(three) == 636
    nobody = Plan(trips=(), unserved=(), cost_fen=0, lower_bound_fen=0, bound_model="")
    assert (p95_s(nobody), longest_s(nobody)) == (0, 0)


def test_worse_off_is_a_minute_a_walk_or_a_lost_seat() -> None:
    """59 s are the same ride; 60 s are not; a shorter ride counts only with its walk."""
    before = {name: Ride(ride_s=600, depart_s=0) for name in ("a", "b", "c", "d", "e", "f")}
    after = {
        "a": Ride(ride_s=659, depart_s=0),
        "b": Ride(ride_s=660, depart_s=0),
        "c": Ride(ride_s=300, depart_s=0),
        "d": Ride(ride_s=600, depart_s=1800),
        "e": Ride(ride_s=300, depart_s=0),
    }
    found = {one.rider_id: one for one in worse_off(before, after, walks_m={"c": 400})}
    assert sorted(found) == ["b", "c", "d", "f"]
    assert found["b"].longer_s == 60
    assert (found["c"].walk_m, found["c"].longer_s) == (400, 0)
    assert found["d"].later_s == 1800
    assert found["f"].loses_service
