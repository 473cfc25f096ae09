"""
Which trip a vehicle drives after which, and when: the clock of a vehicle that drives several lines.
"""

from collections.abc import Iterator, Sequence

from busops.planner.problem import Problem, Trip, VehicleOption, trip_cost_fen
from busops.planner.timetable import Halt, timetable


def in_turn(problem: Problem, vehicle: VehicleOption, drives: Sequence[Sequence[Halt]]) -> Iterator[Trip]:
    """The trips of one vehicle in the order given, each as early as the one before and the break allow."""
    free_at = 0
    for wave, halts in enumerate(drives, start=1):
        table = timetable(problem, halts)
        earliest = 0 if wave == 1 else free_at + problem.limits.turnaround_s + table.lead_s
        depart_s = max(earliest, vehicle.ready_s)
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
