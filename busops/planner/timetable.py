"""
From assigned routes to a plan on the clock: halts, times, waves, plates and costs.

The times of ``files.md``: seconds after the trip's own time 0, and which vehicle drives which wave.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from busops.domain.values import CAMPUS, Direction
from busops.planner.model import Model
from busops.planner.problem import Problem, Trip, TripStop, VehicleOption, trip_cost_fen

Halt: TypeAlias = tuple[str, tuple[str, ...]]  # stop, riders


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """The halts of one trip with their times; ``busy_s`` runs from time 0 to the empty bus at the campus."""

    stops: tuple[TripStop, ...]
    campus_arrive_s: int | None
    distance_m: int
    lead_s: int  # the empty drive that must end at time 0 (return runs)
    busy_s: int


def timetable(problem: Problem, halts: Sequence[Halt]) -> Timetable:
    """The times and metres of a trip that makes these halts in driving order."""
    homeward = problem.direction is Direction.HOMEWARD
    limits, between = problem.limits, problem.travel.between
    first, last = halts[0][0], halts[-1][0]
    empty_m, empty_s = between(last, CAMPUS) if homeward else between(CAMPUS, first)
    metres, now = between(CAMPUS, first) if homeward else (0, 0)
    stops: list[TripStop] = []
    for number, (stop_id, rider_ids) in enumerate(halts):
        if number:
            leg_m, leg_s = between(halts[number - 1][0], stop_id)
            metres, now = metres + leg_m, now + leg_s
        leave = now + limits.dwell_s(len(rider_ids))
        stops.append(TripStop(stop_id=stop_id, arrive_s=now, leave_s=leave, rider_ids=rider_ids))
        now = leave
    campus_arrive_s = None
    if not homeward:
        leg_m, leg_s = between(last, CAMPUS)
        metres, now = metres + leg_m, now + leg_s
        campus_arrive_s = now
    return Timetable(
        stops=tuple(stops),
        campus_arrive_s=campus_arrive_s,
        distance_m=metres + (empty_m if limits.returns_to_campus else 0),
        lead_s=0 if homeward else empty_s,
        busy_s=now + empty_s if homeward else now,
    )


def keeps_ride_caps(problem: Problem, halts: Sequence[Halt]) -> bool:
    """True when nobody on a trip with these halts rides longer than the cap of his stop."""
    table = timetable(problem, halts)
    for stop in table.stops:
        if table.campus_arrive_s is None:
            ride_s, direct_s = stop.arrive_s, problem.travel.between(CAMPUS, stop.stop_id)[1]
        else:
            ride_s = table.campus_arrive_s - stop.leave_s
            direct_s = problem.travel.between(stop.stop_id, CAMPUS)[1]
        if ride_s > problem.limits.ride_cap_s(direct_s):
            return False
    return True


def trips_of(
    problem: Problem, model: Model, drives: Iterable[tuple[int, Sequence[Halt]]]
) -> tuple[Trip, ...]:
    """
    The trips of drives (group of vehicles, halts), in the order of waves and plates.

    Alike vehicles drive once before any drives twice; who drives twice takes the shortest trips.
    """
    vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}
    by_group: dict[int, list[Timetable]] = {}
    for group, halts in drives:
        by_group.setdefault(group, []).append(timetable(problem, halts))
    trips: list[Trip] = []
    for group, tables in sorted(by_group.items()):
        plates = [vehicles[plate] for plate in model.plates_of_group[group]]
        trips.extend(_group_trips(problem, plates, tables))
    return tuple(sorted(trips, key=lambda trip: (trip.wave, trip.plate)))


def halts_of(problem: Problem, model: Model, nodes: Sequence[int]) -> list[Halt]:
    """One halt a stop where its parts follow each other; in driving order."""
    halts: list[Halt] = []
    for node in nodes if problem.direction is Direction.HOMEWARD else tuple(reversed(nodes)):
        part = model.nodes[node - 1]
        if halts and halts[-1][0] == part.stop_id:
            halts[-1] = (part.stop_id, tuple(sorted((*halts[-1][1], *part.rider_ids))))
        else:
            halts.append((part.stop_id, part.rider_ids))
    return halts


def _group_trips(
    problem: Problem, vehicles: Sequence[VehicleOption], tables: Sequence[Timetable]
) -> Iterable[Trip]:
    counts = _trip_counts(vehicles, len(tables))
    waiting = sorted(tables, key=lambda table: (table.busy_s + table.lead_s, table.stops[0].stop_id))
    for vehicle in sorted(vehicles, key=lambda one: (-counts[one.plate], one.plate)):
        free_at = 0
        for wave in range(1, counts[vehicle.plate] + 1):
            table = waiting.pop(0)
            depart_s = 0 if wave == 1 else free_at + problem.limits.turnaround_s + table.lead_s
            free_at = depart_s + table.busy_s
            yield Trip(
                plate=vehicle.plate,
                wave=wave,
                stops=table.stops,
                depart_s=depart_s,
                campus_arrive_s=table.campus_arrive_s,
                distance_m=table.distance_m,
                cost_fen=trip_cost_fen(vehicle, table.distance_m),
            )


def _trip_counts(vehicles: Sequence[VehicleOption], wanted: int) -> dict[str, int]:
    counts = dict.fromkeys((vehicle.plate for vehicle in vehicles), 0)
    while wanted:
        for vehicle in vehicles:
            if wanted and counts[vehicle.plate] < vehicle.max_trips:
                counts[vehicle.plate] += 1
                wanted -= 1
    return counts
