"""
How many riders the vehicles and limits of a day can carry at most, whatever the plan: a proof, no search.

Riders flow to vehicles that may go to one of their stops, each with its seats times its trips; what the
flow leaves over nobody can seat. Rides and stops are counted against the same limits, each by itself.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from ortools.graph.python import max_flow

from busops.domain.values import Direction
from busops.planner.demand import direct_s
from busops.planner.problem import Problem, VehicleOption
from busops.planner.travel.shortest import shortest_from_campus

_SOURCE: Final = 0
_SINK: Final = 1


class Proved(StrEnum):
    """Which argument shows that not everybody can ride."""

    NO_STOP = "no_stop"  # riders without any designated stop
    TOO_FAR = "too_far"  # the shortest way to every stop of theirs is above the ride cap
    NO_VEHICLE = "no_vehicle"  # no vehicle may go to any of their stops
    SEATS = "seats"  # seats and trips of the vehicles that may go there do not reach
    HALTS = "halts"  # all trips with all their halts cannot reach every stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One argument and its figures; ``left`` riders at least are left over by it alone."""

    proved: Proved
    left: int
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """No plan of the problem serves more than ``most`` of its ``riders``; ``proofs`` say why."""

    riders: int
    most: int
    proofs: tuple[Proof, ...]


def most_possible(problem: Problem) -> Possible:
    """An upper bound on the riders that any plan serves, with its arguments; exact integers, no search."""
    usable = {stop_id: _vehicles_to(problem, stop_id) for stop_id in problem.stop_ids}
    near = _near_enough(problem)
    proofs: list[Proof] = []
    counts: Counter[Proved] = Counter()
    stops: dict[Proved, set[str]] = defaultdict(set)
    groups: Counter[tuple[str, ...]] = Counter()
    for rider in problem.riders:
        within = tuple(stop_id for stop_id in rider.stop_ids if stop_id in near)
        reached = tuple(stop_id for stop_id in within if usable[stop_id])
        if reached:
            groups[tuple(sorted(reached))] += 1
            continue
        why = Proved.NO_STOP
        if rider.stop_ids:
            why = Proved.NO_VEHICLE if within else Proved.TOO_FAR
        counts[why] += 1
        stops[why] |= set(rider.stop_ids)
    for why, count in counts.items():
        facts = {"riders": count, "stops": tuple(sorted(stops[why]))}
        proofs.append(Proof(proved=why, left=count, facts=facts))
    reachable = sum(groups.values())
    seated = _seated(problem, groups, usable)
    if seated < reachable:
        seats = sum(vehicle.capacity * vehicle.max_trips for vehicle in problem.vehicles)
        facts_of_seats = {"riders": reachable, "seats": seats, "seated": seated}
        proofs.append(Proof(proved=Proved.SEATS, left=reachable - seated, facts=facts_of_seats))
    halted, halts = _halted(problem, groups)
    if halted < reachable:
        facts_of_halts = {"stops": len({group for group in groups if len(group) == 1}), "halts": halts}
        proofs.append(Proof(proved=Proved.HALTS, left=reachable - halted, facts=facts_of_halts))
    return Possible(riders=len(problem.riders), most=min(seated, halted), proofs=tuple(proofs))


def _vehicles_to(problem: Problem, stop_id: str) -> tuple[VehicleOption, ...]:
    return tuple(vehicle for vehicle in problem.vehicles if _may_go(problem, vehicle, stop_id))


def _may_go(problem: Problem, vehicle: VehicleOption, stop_id: str) -> bool:
    allowed, courses = problem.stops_of(vehicle), problem.courses_of(vehicle)
    return (allowed is None or stop_id in allowed) and (
        courses is None or any(stop_id in line for line in courses)
    )


def _near_enough(problem: Problem) -> frozenset[str]:
    """The stops that some way reaches within the ride cap, detours that are shorter included."""
    ways, index = problem.travel.duration_s, problem.travel.index
    shortest_s = shortest_from_campus(ways if problem.direction is Direction.HOMEWARD else ways.T)
    return frozenset(
        stop_id
        for stop_id in problem.stop_ids
        if shortest_s[index[stop_id]] <= problem.limits.ride_cap_s(direct_s(problem, stop_id))
    )


def _seated(
    problem: Problem,
    groups: Counter[tuple[str, ...]],
    usable: Mapping[str, tuple[VehicleOption, ...]],
) -> int:
    """The most riders that seats can be found for: a maximum flow from riders to vehicles."""
    flow = max_flow.SimpleMaxFlow()
    first_vehicle = 2 + len(groups)
    number_of = {vehicle.plate: first_vehicle + at for at, vehicle in enumerate(problem.vehicles)}
    for at, (stop_ids, count) in enumerate(groups.items(), start=2):
        flow.add_arc_with_capacity(_SOURCE, at, count)
        plates = dict.fromkeys(vehicle.plate for stop_id in stop_ids for vehicle in usable[stop_id])
        for plate in plates:
            flow.add_arc_with_capacity(at, number_of[plate], count)
    for vehicle in problem.vehicles:
        seats = vehicle.capacity * vehicle.max_trips
        flow.add_arc_with_capacity(number_of[vehicle.plate], _SINK, seats)
    if not groups or not problem.vehicles or flow.solve(_SOURCE, _SINK) != flow.OPTIMAL:
        return 0 if not problem.vehicles else sum(groups.values())
    return int(flow.optimal_flow())


def _halted(problem: Problem, groups: Counter[tuple[str, ...]]) -> tuple[int, int]:
    """The most riders that so many halts can reach, the fullest stops first, and how many halts there are."""
    halts = sum(vehicle.max_trips for vehicle in problem.vehicles) * problem.limits.max_stops
    own = sorted((count for group, count in groups.items() if len(group) == 1), reverse=True)
    choosers = sum(count for group, count in groups.items() if len(group) > 1)
    return sum(own[:halts]) + choosers, halts
