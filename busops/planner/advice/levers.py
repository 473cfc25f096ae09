"""
What may be made easier so that more riders find a place, each in steps from small to large.

Seats, vehicles and trips cost money; ride caps, stop limits, lines and designated stops cost a decision
of the school or an approval. Which of them is lawful is not judged here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from busops.planner.advice.changes import (
    Change,
    designating,
    lengthening,
    limited,
    more_seats,
    more_trips,
    open_to_all,
    rented,
)
from busops.planner.problem import Plan, Problem, UnservedReason, VehicleOption

RENTED_SEATS: Final = (19, 33, 45, 53)  # the usual sizes of coaches that can be hired
_MORE_RIDE_MIN: Final = (5, 10, 15, 20, 30, 45, 60)
_MORE_FACTOR_MILLI: Final = (100, 200, 300, 500, 800, 1200)
_MOST_STOPS_MORE: Final = 4
_MOST_TRIPS_MORE: Final = 2
_MOST_SEATS_MORE: Final = 20  # more is no larger coach, but another vehicle
_MOST_VEHICLES: Final = 6
_MOST_KINDS: Final = 5
_MOST_LINE_STOPS: Final = 6


class Lever(StrEnum):
    """What is made easier."""

    AGAIN = "again"  # nothing: only planned anew
    DESIGNATE = "designate"  # stops that riders named are designated: stops
    LINE = "line"  # a licensed vehicle's line gets stops: plate, stops
    TRIPS = "trips"  # a vehicle drives more trips: plate, trips (more)
    VEHICLE = "vehicle"  # more vehicles of a size: seats, count, fixed_fen, per_km_fen
    SEATS = "seats"  # a vehicle has more seats: plate, seats (more), capacity (then)
    STOP_LIMIT = "stop_limit"  # trips may halt more often: stops (more), max_stops (then)
    RIDE_CAP = "ride_cap"  # everybody may ride longer: minutes (more), cap_min (then)
    PAIRS = "pairs"  # who must ride together or apart is left aside
    ACCESS = "access"  # which vehicles may halt where is left aside
    RIDE_FACTOR = "ride_factor"  # who lives far may ride longer: factor_milli (then)


_FOR_REASON: Final[Mapping[UnservedReason, tuple[Lever, ...]]] = {
    UnservedReason.NO_STOP: (Lever.DESIGNATE,),
    UnservedReason.NO_VEHICLE_FOR_STOP: (Lever.LINE, Lever.ACCESS, Lever.VEHICLE),
    UnservedReason.RIDE_CAP: (Lever.RIDE_CAP, Lever.RIDE_FACTOR, Lever.VEHICLE),
    UnservedReason.STOP_LIMIT: (Lever.STOP_LIMIT, Lever.TRIPS, Lever.VEHICLE),
    UnservedReason.PAIR_RULE: (Lever.PAIRS,),
    UnservedReason.NO_SEAT: (Lever.VEHICLE, Lever.TRIPS, Lever.SEATS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One size of a relaxation: its facts, and the problem that it makes of another."""

    facts: Mapping[str, Any]
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """A lever on one thing, in rungs from the smallest to the largest; never empty."""

    lever: Lever
    rungs: tuple[Rung, ...]
    about: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def ladders_for(problem: Problem, plan: Plan, wide: Problem | None) -> tuple[Ladder, ...]:
    """
    The ladders for those whom ``plan`` leaves over, the likeliest first.

    ``wide`` is the same day with every stop designated that riders named; None where none is missing.
    """
    left = {one.rider_id for one in plan.unserved}
    riders = [rider for rider in problem.riders if rider.rider_id in left]
    found = [
        *_designated(problem, wide, left),
        *_lines(problem, Counter(stop for rider in riders for stop in rider.stop_ids)),
        *_trips(problem),
        *_vehicles(problem, len(riders)),
        *_seats(problem, plan, len(riders)),
        _stop_limit(problem),
        _ride_cap(problem),
        _ride_factor(problem),
        *_rules(problem),
    ]
    likely = {
        lever: at
        for reason in Counter(one.reason for one in plan.unserved if one.rider_id in left)
        for at, lever in enumerate(_FOR_REASON.get(reason, ()))
    }
    return tuple(sorted(found, key=lambda one: likely.get(one.lever, len(Lever))))


def rates_of(problem: Problem, seats: int) -> tuple[int, int]:
    """Fen a trip and a km that a coach of this size would cost, between the nearest sizes of the fleet."""
    known: dict[int, tuple[int, int]] = {}
    charters = [vehicle for vehicle in problem.vehicles if vehicle.lines is None] or problem.vehicles
    for vehicle in sorted(charters, key=lambda one: (one.capacity, one.fixed_fen, one.plate)):
        known.setdefault(vehicle.capacity, (vehicle.fixed_fen, vehicle.per_km_fen))
    below = max((size for size in known if size <= seats), default=None)
    above = min((size for size in known if size >= seats), default=None)
    if below is None or above is None or below == above:
        nearest = below if above is None else above
        return known[nearest] if nearest is not None else (0, 0)
    low, high, share = known[below], known[above], seats - below
    between = [one + (two - one) * share // (above - below) for one, two in zip(low, high, strict=True)]
    return between[0], between[1]


def _designated(problem: Problem, wide: Problem | None, left: set[str]) -> Iterable[Ladder]:
    if wide is None:
        return
    missing = Counter(
        stop_id
        for rider in wide.riders
        if rider.rider_id in left
        for stop_id in rider.stop_ids
        if stop_id not in problem.stop_ids
    )
    stops = [stop_id for stop_id, _count in missing.most_common()]
    rungs = tuple(
        Rung(facts={"stops": tuple(stops[:count])}, change=designating(wide, tuple(stops[:count])))
        for count in range(1, len(stops) + 1)
    )
    if rungs:
        yield Ladder(lever=Lever.DESIGNATE, rungs=rungs)


def _lines(problem: Problem, wanted: Counter[str]) -> Iterable[Ladder]:
    """For each kind of licensed vehicle the stops of those left over, one after the other, on its line."""
    licensed = [vehicle for vehicle in problem.vehicles if vehicle.lines]
    for vehicle in _one_a_kind(licensed)[:_MOST_KINDS]:
        lines = vehicle.lines or ()
        off = [stop for stop, _count in wanted.most_common() if not any(stop in line for line in lines)][
            :_MOST_LINE_STOPS
        ]
        rungs = tuple(
            Rung(
                facts={"plate": vehicle.plate, "stops": tuple(off[:count])},
                change=lengthening(vehicle.plate, tuple(off[:count])),
            )
            for count in range(1, len(off) + 1)
        )
        if rungs:
            yield Ladder(lever=Lever.LINE, about=vehicle.plate, rungs=rungs)


def _trips(problem: Problem) -> Iterable[Ladder]:
    largest_first = sorted(problem.vehicles, key=lambda vehicle: (-vehicle.capacity, vehicle.plate))
    for vehicle in _one_a_kind(largest_first)[:_MOST_KINDS]:
        rungs = tuple(
            Rung(
                facts={"plate": vehicle.plate, "trips": more},
                change=more_trips(vehicle.plate, more),
            )
            for more in range(1, _MOST_TRIPS_MORE + 1)
        )
        yield Ladder(lever=Lever.TRIPS, about=vehicle.plate, rungs=rungs)


def _vehicles(problem: Problem, riders: int) -> Iterable[Ladder]:
    sizes = sorted({*RENTED_SEATS, *(one.capacity for one in problem.vehicles if one.lines is None)})
    for seats in sizes:
        fixed_fen, per_km_fen = rates_of(problem, seats)
        most = min(_MOST_VEHICLES, -(-riders // seats) + 2)
        facts = {"seats": seats, "fixed_fen": fixed_fen, "per_km_fen": per_km_fen}
        rungs = tuple(
            Rung(facts={**facts, "count": count}, change=rented(seats, count, (fixed_fen, per_km_fen)))
            for count in range(1, most + 1)
        )
        yield Ladder(lever=Lever.VEHICLE, about=str(seats), rungs=rungs)


def _seats(problem: Problem, plan: Plan, riders: int) -> Iterable[Ladder]:
    """For each kind of vehicles one that is used: as if it had more seats, in truth a larger one instead."""
    used = {trip.plate for trip in plan.trips}
    ordered = sorted(problem.vehicles, key=lambda one: (one.plate not in used, one.plate))
    for vehicle in _one_a_kind(ordered)[:_MOST_KINDS]:
        rungs = tuple(
            Rung(
                facts={"plate": vehicle.plate, "seats": more, "capacity": vehicle.capacity + more},
                change=more_seats(vehicle.plate, more),
            )
            for more in range(1, min(riders, _MOST_SEATS_MORE) + 1)
        )
        if rungs:
            yield Ladder(lever=Lever.SEATS, about=vehicle.plate, rungs=rungs)


def _stop_limit(problem: Problem) -> Ladder:
    limit = problem.limits.max_stops
    return Ladder(
        lever=Lever.STOP_LIMIT,
        rungs=tuple(
            Rung(
                facts={"stops": more, "max_stops": limit + more},
                change=limited(replace(problem.limits, max_stops=limit + more)),
            )
            for more in range(1, _MOST_STOPS_MORE + 1)
        ),
    )


def _ride_cap(problem: Problem) -> Ladder:
    cap_s = problem.limits.max_ride_s
    return Ladder(
        lever=Lever.RIDE_CAP,
        rungs=tuple(
            Rung(
                facts={"minutes": minutes, "cap_min": (cap_s + 60 * minutes) // 60},
                change=limited(replace(problem.limits, max_ride_s=cap_s + 60 * minutes)),
            )
            for minutes in _MORE_RIDE_MIN
        ),
    )


def _ride_factor(problem: Problem) -> Ladder:
    factor = problem.limits.ride_factor_milli
    return Ladder(
        lever=Lever.RIDE_FACTOR,
        rungs=tuple(
            Rung(
                facts={"factor_milli": factor + more},
                change=limited(replace(problem.limits, ride_factor_milli=factor + more)),
            )
            for more in _MORE_FACTOR_MILLI
        ),
    )


def _rules(problem: Problem) -> Iterable[Ladder]:
    """What people set for the plan, each left aside whole."""
    rules = problem.rules
    if rules.together or rules.apart:
        free = Rung(
            facts={}, change=lambda one: replace(one, rules=replace(one.rules, together=(), apart=()))
        )
        yield Ladder(lever=Lever.PAIRS, rungs=(free,))
    if rules.only_by or any(one.only_stops is not None or one.not_stops for one in problem.vehicles):
        yield Ladder(lever=Lever.ACCESS, rungs=(Rung(facts={}, change=open_to_all),))


def _one_a_kind(vehicles: Iterable[VehicleOption]) -> list[VehicleOption]:
    """The first of each kind, in their order."""
    kinds: dict[VehicleOption, VehicleOption] = {}
    for vehicle in vehicles:
        kinds.setdefault(replace(vehicle, plate=""), vehicle)
    return list(kinds.values())
