"""
How long everybody rides in a plan and when he leaves, and who is worse off in another plan.

Times are read from trips that ``verify`` has checked; nothing is estimated here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from busops.planner.problem import Plan, Trip, TripStop

NOTICED_S: Final = 60  # a ride that is longer by less is the same ride
_P95: Final = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class Ride:
    """One rider's ride: its seconds aboard, and its trip's time 0 in seconds after the first wave's."""

    ride_s: int
    depart_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """One rider whom a lever costs something: a walk, a longer ride, a later one, money, or his seat."""

    rider_id: str
    walk_m: int = 0
    longer_s: int = 0
    later_s: int = 0
    dearer_fen: int = 0
    loses_service: bool = False


def ride_s(trip: Trip, halt: TripStop) -> int:
    """How long those at this halt are aboard: from the campus to it, or from leaving it to the campus."""
    return halt.arrive_s if trip.campus_arrive_s is None else trip.campus_arrive_s - halt.leave_s


def rides_of(plan: Plan) -> dict[str, Ride]:
    """The ride of every rider who has one."""
    return {
        rider_id: Ride(ride_s=ride_s(trip, halt), depart_s=trip.depart_s)
        for trip in plan.trips
        for halt in trip.stops
        for rider_id in halt.rider_ids
    }


def longest_s(plan: Plan) -> int:
    """The longest ride of anybody; 0 when nobody rides."""
    return max(
        (ride_s(trip, halt) for trip in plan.trips for halt in trip.stops if halt.rider_ids), default=0
    )


def p95_s(plan: Plan) -> int:
    """The ride that 95 of 100 riders do not exceed (nearest rank); 0 when nobody rides."""
    lengths = sorted(ride.ride_s for ride in rides_of(plan).values())
    return lengths[-(-_P95 * len(lengths) // 100) - 1] if lengths else 0


def worse_off(
    before: Mapping[str, Ride],
    after: Mapping[str, Ride],
    *,
    walks_m: Mapping[str, int] | None = None,
    lost: Collection[str] = frozenset(),
) -> tuple[Affected, ...]:
    """
    Everybody of ``before`` who rides or leaves at least a minute later, walks, or is ``lost``.

    Sorted by rider. Who had no ride before cannot be worse off.
    """
    walks = walks_m or {}
    found = []
    for rider_id, was in sorted(before.items()):
        walk_m, now = walks.get(rider_id, 0), after.get(rider_id)
        if now is None or rider_id in lost:
            found.append(Affected(rider_id=rider_id, loses_service=True))
            continue
        longer, later = now.ride_s - was.ride_s, now.depart_s - was.depart_s
        longer, later = longer if longer >= NOTICED_S else 0, later if later >= NOTICED_S else 0
        if longer or later or walk_m:
            found.append(Affected(rider_id=rider_id, walk_m=walk_m, longer_s=longer, later_s=later))
    return tuple(found)
