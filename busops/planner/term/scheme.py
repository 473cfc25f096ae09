"""
A term scheme: lines with a vehicle, a fixed order of stops and a departure, for a whole term.

What is submitted as 校车运行方案 (Decree 617 arts 14 and 16) and printed on the plates. A line is
written from the campus outward; the way back to school is its mirror (``docs/files.md``). Values
only: how lines are found is in ``design.py``, how a weekend runs on them in ``weekly.py``.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from busops.domain.values import Direction
from busops.planner.problem import Plan, Problem, Trip, VehicleOption


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedHalt:
    """A halt of a line with all its planned riders: seconds after the line's own time 0, riders."""

    stop_id: str
    arrive_s: int
    leave_s: int
    riders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTrip:
    """A line driven in one direction with all its planned riders; the fields are those of a ``Trip``."""

    depart_s: int
    halts: tuple[PlannedHalt, ...]
    campus_arrive_s: int | None
    distance_m: int
    cost_fen: int

    @property
    def longest_s(self) -> int:
        """The longest ride of anybody aboard."""
        if self.campus_arrive_s is None:
            return max(halt.arrive_s for halt in self.halts)
        return max(self.campus_arrive_s - halt.leave_s for halt in self.halts)


@dataclass(frozen=True, slots=True, kw_only=True)
class TermLine:
    """One line of the scheme: its vehicle, its stops from the campus outward, and both directions driven."""

    line_id: str
    plate: str
    is_licensed: bool
    seats: int
    wave: int
    homeward: LineTrip
    back: LineTrip

    @property
    def stop_ids(self) -> tuple[str, ...]:
        """The stops from the campus outward."""
        return tuple(halt.stop_id for halt in self.homeward.halts)

    @property
    def riders(self) -> int:
        """How many riders the line is planned for."""
        return sum(halt.riders for halt in self.homeward.halts)

    def driven(self, direction: Direction) -> LineTrip:
        """The line in one direction."""
        return self.homeward if direction is Direction.HOMEWARD else self.back


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Planned riders of a stop that no line could take, and why (a value of ``UnservedReason``)."""

    stop_id: str
    riders: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionTotals:
    """Cost of driving every line full, what is proven that no such scheme can undercut, the longest ride."""

    cost_fen: int
    lower_bound_fen: int
    bound_model: str
    longest_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TermScheme:
    """Lines for a whole term, the planned riders that no line takes, and the figures of each direction."""

    lines: tuple[TermLine, ...]
    left_out: tuple[LeftOut, ...]
    homeward: DirectionTotals
    back: DirectionTotals

    @property
    def cost_fen(self) -> int:
        """The cost of a full weekend, home and back."""
        return self.homeward.cost_fen + self.back.cost_fen

    @property
    def lower_bound_fen(self) -> int:
        """What no scheme for these riders can undercut, home and back."""
        return self.homeward.lower_bound_fen + self.back.lower_bound_fen

    @property
    def longest_s(self) -> int:
        """The longest ride of either direction."""
        return max(self.homeward.longest_s, self.back.longest_s)

    @property
    def licensed_lines(self) -> tuple[TermLine, ...]:
        """The lines that need the authority's approval."""
        return tuple(line for line in self.lines if line.is_licensed)


def on_scheme(problem: Problem, lines: Collection[TermLine], licensed: Collection[str]) -> Problem:
    """
    The problem with every vehicle bound to the scheme: what ``verify`` judges a weekly plan by.

    A licensed bus has its own lines only (another vehicle needs a new plate, art. 16); a charter
    coach may take any line, as substitute too. Stops that are not of the problem are left out.
    """
    used = frozenset(problem.stop_ids)
    step = 1 if problem.direction is Direction.HOMEWARD else -1

    def course(line: TermLine) -> tuple[str, ...]:
        return tuple(stop_id for stop_id in line.stop_ids[::step] if stop_id in used)

    def bound(vehicle: VehicleOption) -> VehicleOption:
        own = (line for line in lines if vehicle.plate not in licensed or line.plate == vehicle.plate)
        courses = tuple(dict.fromkeys(found for line in own if (found := course(line))))
        return replace(vehicle, lines=courses)

    return replace(problem, vehicles=tuple(bound(vehicle) for vehicle in problem.vehicles))


def free_of_lines(problem: Problem) -> Problem:
    """The problem with every vehicle free among the stops: what a weekly plan could cost without lines."""
    return replace(problem, vehicles=tuple(replace(vehicle, lines=None) for vehicle in problem.vehicles))


def line_trip(trip: Trip) -> LineTrip:
    """A trip of a plan as the line's own, with numbers of riders instead of riders."""
    return LineTrip(
        depart_s=trip.depart_s,
        halts=tuple(
            PlannedHalt(
                stop_id=halt.stop_id,
                arrive_s=halt.arrive_s,
                leave_s=halt.leave_s,
                riders=len(halt.rider_ids),
            )
            for halt in trip.stops
        ),
        campus_arrive_s=trip.campus_arrive_s,
        distance_m=trip.distance_m,
        cost_fen=trip.cost_fen,
    )


def ride_times_s(plan: Plan) -> list[int]:
    """The ride time of every rider of a plan, ascending."""
    return sorted(
        halt.arrive_s if trip.campus_arrive_s is None else trip.campus_arrive_s - halt.leave_s
        for trip in plan.trips
        for halt in trip.stops
        for _rider in halt.rider_ids
    )
