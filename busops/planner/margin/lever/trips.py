"""
Trips as levers: two driven as one, and trips with few riders not driven at all.

Two trips within the limits would be one already if that were cheaper; what a merger needs is a longer
ride or more halts for its own riders, and the lever says how much of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from busops.planner.margin.adapt import known_of
from busops.planner.margin.lever.stops import round_m
from busops.planner.margin.lever.values import (
    MOST_LEFT_OUT,
    Before,
    Lever,
    LeverKind,
    free_trips,
    lever_of,
    with_vehicles,
    without_riders,
)
from busops.planner.margin.margin import riders_of
from busops.planner.margin.replan import Replanning, is_sound
from busops.planner.margin.rides import longest_s, ride_s
from busops.planner.problem import Limits, Plan, Problem, Trip, VehicleOption, trip_cost_fen

LONGER_S: Final = 15 * 60  # a merger that needs still longer rides is not proposed
TRIED: Final = 3
FEW_TRIED: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two trips that one vehicle has seats for; ``worth_fen`` estimates what one trip would save."""

    first: Trip
    second: Trip
    vehicle: VehicleOption
    worth_fen: int


def pairs(before: Before) -> tuple[Pair, ...]:
    """The pairs of trips that one free vehicle could drive for less, the most promising first."""
    found = []
    for first, second in combinations(free_trips(before), 2):
        together = len(riders_of(first)) + len(riders_of(second))
        free = [one for one in _free_vehicles(before, first, second) if one.capacity >= together]
        if not free:
            continue
        metres = _metres_of_both(before.problem, first, second)
        vehicle = min(free, key=lambda one: (trip_cost_fen(one, metres), one.plate))
        worth_fen = first.cost_fen + second.cost_fen - trip_cost_fen(vehicle, metres)
        if worth_fen > 0:
            found.append(Pair(first=first, second=second, vehicle=vehicle, worth_fen=worth_fen))
    return tuple(sorted(found, key=lambda one: (-one.worth_fen, one.first.plate, one.second.plate)))


def merge_lever(before: Before, how: Replanning, pair: Pair) -> Lever | None:
    """The plan in which one vehicle drives both; None where rides would be longer than may be proposed."""
    problem = before.problem
    both = frozenset((*riders_of(pair.first), *riders_of(pair.second)))
    halts = len({halt.stop_id for trip in (pair.first, pair.second) for halt in trip.stops})
    loose = replace(
        problem.limits,
        max_ride_s=problem.limits.max_ride_s + LONGER_S,
        max_stops=max(problem.limits.max_stops, halts),
    )
    theirs = problem.for_riders(rider for rider in problem.riders if rider.rider_id in both)
    part = replace(with_vehicles(theirs, (replace(pair.vehicle, max_trips=1),)), limits=loose)
    merged = how.best(part)
    if merged is None or merged.unserved or len(merged.trips) != 1:
        return None
    others = tuple(trip for trip in before.plan.trips if trip not in (pair.first, pair.second))
    trips = (*others, *merged.trips)
    plan = replace(before.plan, trips=trips, cost_fen=sum(trip.cost_fen for trip in trips), lower_bound_fen=0)
    needed = _needed(problem.limits, merged)
    if not is_sound(replace(problem, limits=needed), plan):
        return None
    return lever_of(
        before,
        plan,
        LeverKind.MERGE_TRIPS,
        first=_farthest(pair.first),
        second=_farthest(pair.second),
        plate=pair.vehicle.plate,
        longest_s=longest_s(merged),
        more_s=needed.max_ride_s - problem.limits.max_ride_s,
        halts=len(merged.trips[0].stops),
        more_halts=needed.max_stops - problem.limits.max_stops,
    )


def few_riders(before: Before) -> tuple[tuple[int, frozenset[str]], ...]:
    """(n, who would lose his seat) when trips with fewer than n riders are not driven, smallest n first."""
    trips = free_trips(before)
    loads = sorted({len(riders_of(trip)) for trip in trips})
    found = []
    for load in loads[:FEW_TRIED]:
        lost = frozenset(
            rider_id for trip in trips if len(riders_of(trip)) <= load for rider_id in riders_of(trip)
        )
        if MOST_LEFT_OUT * len(lost) <= len(before.rides):
            found.append((load + 1, lost))
    return tuple(found)


def few_lever(before: Before, how: Replanning, least: int, lost: frozenset[str]) -> Lever | None:
    """The plan that drives nobody of the trips with fewer than ``least`` riders; the rest planned anew."""
    left = without_riders(before.problem, lost)
    plan = how.best(left, known_of(left, before.plan))
    if plan is None or len(plan.unserved) > len(before.plan.unserved):
        return None
    return lever_of(before, plan, LeverKind.LEAST_ON_TRIP, least=least, lost=len(lost))


def _free_vehicles(before: Before, first: Trip, second: Trip) -> Iterator[VehicleOption]:
    """The vehicles that drive nothing but these two trips, and may drive anywhere."""
    busy = {trip.plate for trip in before.plan.trips if trip not in (first, second)}
    if {first.plate, second.plate} & busy:
        return  # a vehicle of theirs drives again: its waves would have to be told anew
    for vehicle in before.problem.vehicles:
        if vehicle.plate not in busy and vehicle.lines is None:
            yield vehicle


def _needed(limits: Limits, merged: Plan) -> Limits:
    """The limits with as much more as the merged trip takes, and no more."""
    return replace(
        limits,
        max_ride_s=max(limits.max_ride_s, longest_s(merged)),
        max_stops=max(limits.max_stops, len(merged.trips[0].stops)),
    )


def _metres_of_both(problem: Problem, first: Trip, second: Trip) -> int:
    """About how long one trip to all halts is: those of the shorter put one by one where they fit best."""
    longer, shorter = sorted((first, second), key=lambda trip: -len(trip.stops))
    way = [halt.stop_id for halt in longer.stops]
    for halt in shorter.stops:
        if halt.stop_id not in way:
            orders = ([*way[:at], halt.stop_id, *way[at:]] for at in range(len(way) + 1))
            way = min(orders, key=lambda order: round_m(problem, order))
    return round_m(problem, way)


def _farthest(trip: Trip) -> str:
    """The stop that tells where the trip goes: whose riders are aboard longest."""
    return max(trip.stops, key=lambda halt: ride_s(trip, halt)).stop_id
