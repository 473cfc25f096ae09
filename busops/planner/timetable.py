"""
From assigned routes to a plan on the clock: halts, times, waves, plates and costs.

The times of ``files.md``: seconds after the trip's own time 0, and which vehicle drives which wave.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import NamedTuple, TypeAlias

from busops.domain.values import CAMPUS, Direction
from busops.planner.keeping import kept_drives
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


class _Drive(NamedTuple):
    """The table of a trip, and when it may leave at the soonest."""

    table: Timetable
    not_before_s: int = 0


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
    The trips of drives (group of vehicles, halts) and the kept trips, in the order of waves and plates.

    Alike vehicles drive once before any drives twice; who drives twice takes the shortest trips. A
    kept trip stays in its wave, the others take the waves that are free.
    """
    vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}
    by_group: dict[int, list[Timetable]] = {}
    for group, halts in drives:
        by_group.setdefault(group, []).append(timetable(problem, halts))
    kept: dict[str, dict[int, _Drive]] = {}
    for trip, halts in kept_drives(problem):
        kept.setdefault(trip.plate, {})[trip.wave] = _Drive(timetable(problem, halts), trip.depart_s)
    trips: list[Trip] = []
    for group, plates in enumerate(model.plates_of_group):
        own = [vehicles[plate] for plate in plates]
        trips.extend(_group_trips(problem, own, by_group.get(group, []), kept))
    return tuple(sorted(trips, key=lambda trip: (trip.wave, trip.plate)))


def kept_cost_fen(problem: Problem) -> int:
    """What the kept trips cost; no plan of the problem costs less than this and the best of the rest."""
    vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}
    return sum(
        trip_cost_fen(vehicles[trip.plate], timetable(problem, halts).distance_m)
        for trip, halts in kept_drives(problem)
    )


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


def drives_in_turn(
    problem: Problem, vehicle: VehicleOption, drives: Sequence[Sequence[Halt]]
) -> Iterator[Trip]:
    """The trips of one vehicle in the order given, wave after wave."""
    own = {wave: _Drive(timetable(problem, halts)) for wave, halts in enumerate(drives, start=1)}
    yield from _in_turn(problem, vehicle, own)


def _group_trips(
    problem: Problem,
    vehicles: Sequence[VehicleOption],
    tables: Sequence[Timetable],
    kept: Mapping[str, Mapping[int, _Drive]],
) -> Iterable[Trip]:
    counts = _trip_counts(vehicles, len(tables), {plate: len(waves) for plate, waves in kept.items()})
    waiting = sorted(tables, key=lambda table: (table.busy_s + table.lead_s, table.stops[0].stop_id))
    for vehicle in sorted(vehicles, key=lambda one: (-counts[one.plate], one.ready_s, one.plate)):
        stays = kept.get(vehicle.plate, {})
        waves = _waves(stays.keys(), counts[vehicle.plate])
        own = {wave: stays[wave] if wave in stays else _Drive(waiting.pop(0)) for wave in waves}
        yield from _in_turn(problem, vehicle, own)


def _in_turn(problem: Problem, vehicle: VehicleOption, drives: Mapping[int, _Drive]) -> Iterator[Trip]:
    """The trips of one vehicle by wave, each as early as the one before and the break allow."""
    free_at: int | None = None
    for wave, (table, not_before_s) in drives.items():
        earliest = 0 if free_at is None else free_at + problem.limits.turnaround_s + table.lead_s
        depart_s = max(earliest, not_before_s, vehicle.ready_s)
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


def _waves(stay: Collection[int], fresh: int) -> list[int]:
    """The waves that are kept, and the first ``fresh`` of the others, in their order."""
    free = (wave for wave in count(1) if wave not in stay)
    return sorted([*stay, *islice(free, fresh)])


def _trip_counts(vehicles: Sequence[VehicleOption], wanted: int, kept: Mapping[str, int]) -> dict[str, int]:
    """How many of the wanted trips each vehicle drives beside its kept ones; who is there first begins."""
    order = sorted(vehicles, key=lambda vehicle: (vehicle.ready_s, vehicle.plate))
    busy = {vehicle.plate: kept.get(vehicle.plate, 0) for vehicle in order}
    for _trip in range(wanted):
        able = [vehicle for vehicle in order if busy[vehicle.plate] < vehicle.max_trips]
        busy[min(able, key=lambda vehicle: busy[vehicle.plate]).plate] += 1
    return {plate: trips - kept.get(plate, 0) for plate, trips in busy.items()}
