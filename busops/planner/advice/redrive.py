"""
From changed trips back to a whole plan: times, waves, costs and who is left over, worked out anew.

Vehicles that no change touches keep their trips as they stand. The plan that comes out claims no bound.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count

from busops.planner.problem import Plan, Problem, Trip, VehicleOption, trip_cost_fen
from busops.planner.timetable import Halt, timetable

NOT_PROVED = "not_proved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """
    A trip as it would be driven: whose halts and by which vehicle; without halts it is not driven.

    ``trip`` counts the plan's trips from 1; a trip that the plan does not have is numbered past its end.
    """

    trip: int
    plate: str
    halts: tuple[Halt, ...]


def replanned(problem: Problem, plan: Plan, changes: Iterable[Redrive]) -> Plan:
    """
    The plan with these trips driven otherwise; every time in seconds, every cost in fen.

    ``problem`` may differ from the plan's own (more riders, easier limits). Who is in no trip stays
    unserved with the reason that the plan gave.
    """
    changed = {change.trip: change for change in changes}
    touched = {change.plate for change in changed.values()}
    touched |= {plan.trips[number - 1].plate for number in changed if number <= len(plan.trips)}
    vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}
    trips = [trip for trip in plan.trips if trip.plate not in touched]
    for plate in sorted(touched):
        trips.extend(_trips_of(problem, vehicles[plate], plan, changed))
    served = {rider_id for trip in trips for halt in trip.stops for rider_id in halt.rider_ids}
    return Plan(
        trips=tuple(sorted(trips, key=lambda trip: (trip.wave, trip.plate))),
        unserved=tuple(rider for rider in plan.unserved if rider.rider_id not in served),
        cost_fen=sum(trip.cost_fen for trip in trips),
        lower_bound_fen=0,
        bound_model=NOT_PROVED,
    )


def _trips_of(
    problem: Problem, vehicle: VehicleOption, plan: Plan, changed: Mapping[int, Redrive]
) -> Iterable[Trip]:
    """The trips of one vehicle in their old order, new ones last; none leaves before the vehicle is back."""
    free_at: int | None = None
    kept = {trip.wave for trip in problem.rules.kept if trip.plate == vehicle.plate}
    driven: set[int] = set()
    for number, before, halts in _drives_of(vehicle.plate, plan, changed):
        table = timetable(problem, halts)
        stays = before is not None and before.plate == vehicle.plate and before.wave in kept
        wave = (
            before.wave
            if before is not None and stays
            else next(one for one in count(1) if one not in driven)
        )
        driven.add(wave)
        earliest = 0 if free_at is None else free_at + problem.limits.turnaround_s + table.lead_s
        earliest = max(earliest, vehicle.ready_s)
        keeps = before is not None and before.plate == vehicle.plate and before.wave == wave
        depart_s = max(earliest, before.depart_s) if keeps and before is not None else earliest
        free_at = depart_s + table.busy_s
        is_same = keeps and before is not None and number not in changed and before.depart_s == depart_s
        yield (
            before
            if is_same and before is not None
            else Trip(
                plate=vehicle.plate,
                wave=wave,
                stops=table.stops,
                depart_s=depart_s,
                campus_arrive_s=table.campus_arrive_s,
                distance_m=table.distance_m,
                cost_fen=trip_cost_fen(vehicle, table.distance_m),
            )
        )


def _drives_of(
    plate: str, plan: Plan, changed: Mapping[int, Redrive]
) -> list[tuple[int, Trip | None, tuple[Halt, ...]]]:
    drives: list[tuple[tuple[int, int], tuple[int, Trip | None, tuple[Halt, ...]]]] = []
    for number, trip in enumerate(plan.trips, start=1):
        change = changed.get(number)
        own = tuple((halt.stop_id, halt.rider_ids) for halt in trip.stops)
        by, halts = (change.plate, change.halts) if change else (trip.plate, own)
        if by == plate and halts:
            drives.append(((trip.wave, number), (number, trip, halts)))
    for number, change in changed.items():
        if number > len(plan.trips) and change.plate == plate and change.halts:
            drives.append(((len(plan.trips) + 1, number), (number, None, change.halts)))
    return [drive for _key, drive in sorted(drives, key=lambda one: one[0])]
