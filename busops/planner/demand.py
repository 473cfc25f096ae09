"""
From riders to nodes: at which of his stops each rider is served, and how large stops are split.

A node is a group of riders at one stop that one bus takes together. The choice made here is the
plain one (a rider's first usable stop); no route is looked at. Riders of a kept trip are in no node.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from busops.domain.values import CAMPUS, Direction
from busops.planner.keeping import mates_of_kept, riders_to_plan
from busops.planner.problem import Problem, RiderDemand, Unserved, UnservedReason
from busops.planner.rules.bonds import Bonds


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Riders that are served together at one stop."""

    stop_id: str
    rider_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The nodes of a problem, and the riders that no vehicle of the day can serve at all."""

    nodes: tuple[Node, ...]
    unserved: tuple[Unserved, ...]


def direct_s(problem: Problem, stop_id: str) -> int:
    """The direct driving time of a stop in the direction of the run."""
    if problem.direction is Direction.HOMEWARD:
        return problem.travel.between(CAMPUS, stop_id)[1]
    return problem.travel.between(stop_id, CAMPUS)[1]


def largest_vehicle(problem: Problem) -> dict[str, int]:
    """For each stop the seats of the largest vehicle that may serve it; 0 where none may."""
    largest = dict.fromkeys(problem.stop_ids, 0)
    for vehicle in problem.vehicles:
        courses, allowed = problem.courses_of(vehicle), problem.stops_of(vehicle)
        if courses is not None:
            reached = [stop_id for course in courses for stop_id in course]
        else:
            reached = [*(largest if allowed is None else allowed)]
        for stop_id in reached:
            largest[stop_id] = max(largest[stop_id], vehicle.capacity)
    return largest


def nodes_of(problem: Problem) -> Demand:
    """
    Every rider to be planned is in exactly one node or among the unserved; the result does not
    depend on their order. Nobody shares a node with whom he must not ride.
    """
    largest, usable = largest_vehicle(problem), usable_stops(problem)
    stop_of: dict[str, str] = {}
    unserved: list[Unserved] = []
    barred = mates_of_kept(problem)
    # Who named other stops comes last: when a group is cut, the rest can still ride from elsewhere.
    for rider in sorted(riders_to_plan(problem), key=lambda rider: (len(rider.stop_ids), rider.rider_id)):
        if rider.rider_id in barred:
            unserved.append(Unserved(rider_id=rider.rider_id, reason=UnservedReason.PAIR_RULE))
        elif usable[rider.rider_id]:
            stop_of[rider.rider_id] = usable[rider.rider_id][0]
        else:
            reason = _why_none(rider, largest)
            unserved.append(Unserved(rider_id=rider.rider_id, reason=reason))
    return Demand(nodes=grouped(problem, stop_of), unserved=tuple(unserved))


def usable_stops(problem: Problem) -> dict[str, tuple[str, ...]]:
    """By rider: those of his stops that some vehicle may serve within his ride cap, in his order."""
    largest = largest_vehicle(problem)
    within = {
        stop_id: direct_s(problem, stop_id) <= problem.limits.ride_cap_s(direct_s(problem, stop_id))
        for stop_id in problem.stop_ids
    }
    return {
        rider.rider_id: tuple(stop for stop in rider.stop_ids if within[stop] and largest[stop] > 0)
        for rider in problem.riders
    }


def grouped(problem: Problem, stop_of: Mapping[str, str]) -> tuple[Node, ...]:
    """The riders at the stops chosen for them, in nodes: full buses and a rest, rules kept."""
    largest, bonds = largest_vehicle(problem), Bonds(problem.rules)
    at_stop: dict[str, list[str]] = {stop_id: [] for stop_id in problem.stop_ids}
    for rider_id, stop_id in stop_of.items():
        at_stop[stop_id].append(rider_id)
    return tuple(
        Node(stop_id=stop_id, rider_ids=part)
        for stop_id in problem.stop_ids
        for part in bonds.groups(at_stop[stop_id], largest[stop_id], stop_of)
    )


def _why_none(rider: RiderDemand, largest: dict[str, int]) -> UnservedReason:
    if not rider.stop_ids:
        return UnservedReason.NO_STOP
    if all(largest[stop] == 0 for stop in rider.stop_ids):
        return UnservedReason.NO_VEHICLE_FOR_STOP
    return UnservedReason.RIDE_CAP


def shortest_ways(
    ways: np.ndarray[tuple[int, int], np.dtype[np.int64]],
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Metres or seconds of the shortest way between any two places, over others if that is shorter."""
    shortest = ways.copy()
    for via in range(len(shortest)):
        np.minimum(shortest, shortest[:, via, None] + shortest[None, via, :], out=shortest)
    return shortest
