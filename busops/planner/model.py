"""
The problem as plain integer lists that every solver step shares: nodes, kinds of vehicle, ways.

A return run is the mirror of a homeward one: it is compiled with transposed matrices and solved as
if the bus left the campus, so that both directions share one code. Cost inside is in milli-fen
(fen per km × metres); only the finished trip is rounded to fen.

A course says where a kind may drive: along an approved line, or, where rules close stops to a
coach, among the others in any order (then all its ranks are equal).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import TypeAlias

import numpy as np

from busops.domain.values import Direction
from busops.planner.demand import Node
from busops.planner.keeping import trips_left
from busops.planner.problem import Problem, VehicleOption
from busops.planner.rules.rules import chains

Course: TypeAlias = tuple[str, ...] | frozenset[str]  # a line, or the stops that are open to a coach

FREE = 0  # the course of charter coaches: any order of stops
UNREACHABLE = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Vehicles that are alike in everything the cost and the rules see, on one course."""

    group: int  # the stock of vehicle trips this kind draws from
    course: int  # FREE, or the number of a line or of a set of open stops
    capacity: int
    fixed: int  # milli-fen
    per_m: int  # milli-fen a metre


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """
    Node 0 is the campus; ``way_s[i][j]`` holds the dwell at i and the drive to j. ``foes`` and
    ``mates`` (by node, empty where no rule is about riders): who may not be in the node's trip, and
    who may be in no other.
    """

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
    place: tuple[int, ...]  # by node: the same number for nodes of the same stop
    has_twins: bool  # two nodes of one stop may ride together; one after the other they are one halt
    foes: tuple[tuple[int, ...], ...] = ()
    mates: tuple[tuple[int, ...], ...] = ()

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

    @property
    def most_nodes(self) -> int:
        """How many nodes a trip may have that keeps to ``max_stops`` halts."""
        if not self.has_twins:
            return min(self.max_stops, max(self.size, 1))
        at = Counter(self.place[1:])
        return min(self.size, sum(count for _place, count in at.most_common(self.max_stops)))

    def halts(self, stops: Sequence[int]) -> int:
        """How often a trip to these nodes in this order halts."""
        return self.halts_between((0, *stops)) if self.has_twins else len(stops)

    def halts_between(self, way: Sequence[int]) -> int:
        """How often the place changes along these nodes."""
        return sum(1 for one, other in pairwise(way) if self.place[one] != self.place[other])

    def keeps_pairs(self, stops: Iterable[int]) -> bool:
        """True when a trip to these nodes holds no two that must be apart, and no mate without the others."""
        if not self.foes:
            return True
        aboard = frozenset(stops)
        return all(
            aboard.isdisjoint(self.foes[node]) and aboard.issuperset(self.mates[node]) for node in aboard
        )


@dataclass(slots=True)
class _Fleet:
    kinds: list[Kind] = field(default_factory=list)
    trips: list[int] = field(default_factory=list)
    plates: list[list[str]] = field(default_factory=list)
    lines: list[Course] = field(default_factory=list)


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
    foes, mates = _pairs(problem, nodes)
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
        place=tuple(places),
        has_twins=_has_twins(problem, places, load),
        foes=foes,
        mates=mates,
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


def _has_twins(problem: Problem, places: Sequence[int], load: Sequence[int]) -> bool:
    seats = max((vehicle.capacity for vehicle in problem.vehicles), default=0)
    least: dict[int, int] = {}
    for riders, place in sorted(zip(load[1:], places[1:], strict=True)):
        if least.get(place, seats) + riders <= seats:
            return True
        least.setdefault(place, riders)
    return False


def _fleet_of(problem: Problem) -> _Fleet:
    fleet = _Fleet()
    group_of: dict[tuple[object, ...], int] = {}
    left = trips_left(problem)
    for vehicle in sorted(problem.vehicles, key=lambda vehicle: vehicle.plate):
        courses = _courses_of(problem, vehicle)
        key = (vehicle.capacity, vehicle.fixed_fen, vehicle.per_km_fen, courses)
        if key not in group_of:
            group_of[key] = len(fleet.trips)
            fleet.trips.append(0)
            fleet.plates.append([])
            for course in _numbers(fleet, courses):
                fleet.kinds.append(
                    Kind(
                        group=group_of[key],
                        course=course,
                        capacity=vehicle.capacity,
                        fixed=1000 * vehicle.fixed_fen,
                        per_m=vehicle.per_km_fen,
                    )
                )
        fleet.trips[group_of[key]] += left[vehicle.plate]
        fleet.plates[group_of[key]].append(vehicle.plate)
    return fleet


def _courses_of(problem: Problem, vehicle: VehicleOption) -> tuple[Course, ...] | None:
    """The courses of a vehicle; None for a coach that may go anywhere."""
    lines = problem.courses_of(vehicle)
    if lines is not None:
        return lines
    allowed = problem.stops_of(vehicle)
    return None if allowed is None else (allowed,)


def _numbers(fleet: _Fleet, courses: tuple[Course, ...] | None) -> list[int]:
    if courses is None:
        return [FREE]
    for course in courses:
        if course not in fleet.lines:
            fleet.lines.append(course)
    return [fleet.lines.index(course) + 1 for course in dict.fromkeys(courses)]


def _rank(problem: Problem, course: Course, nodes: Sequence[Node]) -> tuple[int, ...]:
    if isinstance(course, frozenset):
        return (-1, *(0 if node.stop_id in course else -1 for node in nodes))
    driven = course if problem.direction is Direction.HOMEWARD else course[::-1]
    place = {stop_id: number for number, stop_id in enumerate(driven)}
    return (-1, *(place.get(node.stop_id, -1) for node in nodes))


def _pairs(
    problem: Problem, nodes: Sequence[Node]
) -> tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]:
    """Foes and mates by node; both empty where no rule ties or parts two nodes."""
    named = problem.rules.riders
    nodes_with: dict[str, list[int]] = {}  # several where a rider's stop is still to be chosen
    for number, node in enumerate(nodes, start=1):
        for rider_id in node.rider_ids if named else ():
            if rider_id in named:
                nodes_with.setdefault(rider_id, []).append(number)
    foes: list[set[int]] = [set() for _node in range(len(nodes) + 1)]
    mates: list[set[int]] = [set() for _node in range(len(nodes) + 1)]
    for table, groups in ((foes, problem.rules.apart), (mates, chains(problem.rules.together))):
        for group in groups:
            tied = sorted({number for rider_id in group for number in nodes_with.get(rider_id, ())})
            for first, second in combinations(tied, 2):
                table[first].add(second)
                table[second].add(first)
    if not any(foes) and not any(mates):
        return (), ()
    return tuple(tuple(sorted(one)) for one in foes), tuple(tuple(sorted(one)) for one in mates)
