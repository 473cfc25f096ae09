"""
The problem as plain integer lists that every solver step shares: nodes, kinds of vehicle, ways.

A return run is the mirror of a homeward one: it is compiled with transposed matrices and solved as
if the bus left the campus, so that both directions share one code. Cost inside is in milli-fen
(fen per km × metres); only the finished trip is rounded to fen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from busops.domain.values import Direction
from busops.planner.demand import Node
from busops.planner.problem import Problem

FREE = 0  # the course of charter coaches: any order of stops
UNREACHABLE = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Vehicles that are alike in everything the cost and the rules see, on one course."""

    group: int  # the stock of vehicle trips this kind draws from
    course: int  # FREE, or the number of an approved line
    capacity: int
    fixed: int  # milli-fen
    per_m: int  # milli-fen a metre


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Node 0 is the campus; ``way_s[i][j]`` holds the dwell at i and the drive to j."""

    nodes: tuple[Node, ...]
    load: tuple[int, ...]
    late_s: tuple[int, ...]
    way_m: list[list[int]]
    way_s: list[list[int]]
    max_stops: int
    kinds: tuple[Kind, ...]
    trips_of_group: tuple[int, ...]
    plates_of_group: tuple[tuple[str, ...], ...]
    kinds_on: tuple[tuple[int, ...], ...]  # by course: the kinds that drive it
    ranks: tuple[tuple[int, ...] | None, ...]  # by course: place of each node on the line, -1 off it

    @property
    def size(self) -> int:
        """The number of nodes without the campus."""
        return len(self.load) - 1

    def metres(self, stops: Sequence[int]) -> int:
        """The length of a trip to these nodes in this order, with the way back where it counts."""
        return sum(self.way_m[one][other] for one, other in pairwise((0, *stops, 0)))

    def may_serve(self, course: int, node: int) -> bool:
        """True when the node lies on the course."""
        ranks = self.ranks[course]
        return ranks is None or ranks[node] >= 0


@dataclass(slots=True)
class _Fleet:
    kinds: list[Kind] = field(default_factory=list)
    trips: list[int] = field(default_factory=list)
    plates: list[list[str]] = field(default_factory=list)
    lines: list[tuple[str, ...]] = field(default_factory=list)


def compile_model(problem: Problem, nodes: Sequence[Node]) -> Model:
    """The model of ``nodes`` with the fleet of ``problem``; identical vehicles share a kind."""
    places = [0, *(problem.travel.index[node.stop_id] for node in nodes)]
    cells = np.ix_(places, places)
    metres, seconds = problem.travel.distance_m[cells], problem.travel.duration_s[cells]
    if problem.direction is Direction.RETURN:
        metres, seconds = metres.T, seconds.T
    load = [0, *(len(node.rider_ids) for node in nodes)]
    caps = [problem.limits.ride_cap_s(int(direct)) for direct in seconds[0]]
    fleet = _fleet_of(problem)
    return Model(
        nodes=tuple(nodes),
        load=tuple(load),
        late_s=(0, *caps[1:]),
        way_m=_metres(problem, metres),
        way_s=_seconds(problem, seconds, places, load),
        max_stops=problem.limits.max_stops,
        kinds=tuple(fleet.kinds),
        trips_of_group=tuple(fleet.trips),
        plates_of_group=tuple(tuple(plates) for plates in fleet.plates),
        kinds_on=tuple(
            tuple(number for number, kind in enumerate(fleet.kinds) if kind.course == course)
            for course in range(len(fleet.lines) + 1)
        ),
        ranks=(None, *(_rank(problem, line, nodes) for line in fleet.lines)),
    )


def _metres(problem: Problem, metres: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> list[list[int]]:
    way = metres.copy()
    if not problem.limits.returns_to_campus:
        way[:, 0] = 0  # the empty leg does not count, in either direction
    rows: list[list[int]] = way.tolist()
    return rows


def _seconds(
    problem: Problem,
    seconds: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    places: Sequence[int],
    load: Sequence[int],
) -> list[list[int]]:
    way = seconds.copy()
    dwell = np.array([0, *(problem.limits.dwell_s(riders) for riders in load[1:])], dtype=np.int64)
    # Two parts of one stop in one trip are one halt: its base dwell is counted once.
    same = np.equal.outer(places, places)
    same[0, :] = False
    base = np.where(same, problem.limits.dwell_base_s, 0)
    rows: list[list[int]] = (way + dwell[:, None] - base).tolist()
    return rows


def _fleet_of(problem: Problem) -> _Fleet:
    fleet = _Fleet()
    group_of: dict[tuple[object, ...], int] = {}
    for vehicle in sorted(problem.vehicles, key=lambda vehicle: vehicle.plate):
        lines = None if vehicle.lines is None else tuple(line for line in vehicle.lines if line)
        key = (vehicle.capacity, vehicle.fixed_fen, vehicle.per_km_fen, lines)
        if key not in group_of:
            group_of[key] = len(fleet.trips)
            fleet.trips.append(0)
            fleet.plates.append([])
            for course in _courses(fleet, lines):
                fleet.kinds.append(
                    Kind(
                        group=group_of[key],
                        course=course,
                        capacity=vehicle.capacity,
                        fixed=1000 * vehicle.fixed_fen,
                        per_m=vehicle.per_km_fen,
                    )
                )
        fleet.trips[group_of[key]] += vehicle.max_trips
        fleet.plates[group_of[key]].append(vehicle.plate)
    return fleet


def _courses(fleet: _Fleet, lines: tuple[tuple[str, ...], ...] | None) -> list[int]:
    if lines is None:
        return [FREE]
    for line in lines:
        if line not in fleet.lines:
            fleet.lines.append(line)
    return [fleet.lines.index(line) + 1 for line in dict.fromkeys(lines)]


def _rank(problem: Problem, line: tuple[str, ...], nodes: Sequence[Node]) -> tuple[int, ...]:
    driven = line if problem.direction is Direction.HOMEWARD else line[::-1]
    place = {stop_id: number for number, stop_id in enumerate(driven)}
    return (-1, *(place.get(node.stop_id, -1) for node in nodes))
