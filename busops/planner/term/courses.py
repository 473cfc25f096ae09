"""
The lines of a scheme as a weekend needs them: wanted stops only, legs in the direction of the run.

Both directions become one shape: places counted from the campus outward, the campus itself first
and, for the end of the line, last. A ride is what lies between the campus and the place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from busops.domain.values import CAMPUS, Direction
from busops.planner.demand import direct_s
from busops.planner.problem import Problem, VehicleOption
from busops.planner.term.scheme import TermLine

_Rates: TypeAlias = tuple[int, int, int, int]  # seats, fen a trip, fen a kilometre, trips


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Vehicles that are the same to a line: seats, rates, trips, lines and stops (None: all of them)."""

    capacity: int
    fixed_fen: int
    per_km_fen: int
    trips_each: int
    lines: frozenset[int]
    stops: frozenset[str] | None
    plates: tuple[str, ...]

    @property
    def trips(self) -> int:
        """How many lines they can drive together."""
        return self.trips_each * len(self.plates)

    def halts_at(self, stop_id: str) -> bool:
        """Whether they may halt at the stop."""
        return self.stops is None or stop_id in self.stops


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """
    A line without the stops that nobody needs.

    ``metres[i][j]`` and ``seconds[i][j]`` belong to going from place i to place j outward (or back
    the same way on a return run): 0 is the campus, 1 … n the stops, n + 1 the end. Metres count
    the empty way where the vehicle drives it; seconds only what somebody aboard feels.
    """

    number: int
    stop_ids: tuple[str, ...]
    caps_s: tuple[int, ...]
    metres: tuple[tuple[int, ...], ...]
    seconds: tuple[tuple[int, ...], ...]


def courses_of(problem: Problem, lines: Sequence[TermLine]) -> tuple[Course, ...]:
    """A course for each line that has a stop which some rider may use."""
    wanted = {stop_id for rider in problem.riders for stop_id in rider.stop_ids}
    found = []
    for number, line in enumerate(lines):
        stop_ids = tuple(stop_id for stop_id in line.stop_ids if stop_id in wanted)
        if stop_ids:
            found.append(_course(problem, number, stop_ids))
    return tuple(found)


def stocks_of(problem: Problem, lines: Sequence[TermLine], licensed: frozenset[str]) -> tuple[Stock, ...]:
    """The vehicles of the day by what they can do for the lines; those that may drive none are left out."""
    groups: dict[tuple[_Rates, frozenset[int], frozenset[str] | None], list[VehicleOption]] = {}
    for vehicle in problem.vehicles:
        mine = frozenset(
            number
            for number, line in enumerate(lines)
            if vehicle.plate not in licensed or line.plate == vehicle.plate
        )
        if mine:
            rates = (vehicle.capacity, vehicle.fixed_fen, vehicle.per_km_fen, vehicle.max_trips)
            groups.setdefault((rates, mine, problem.stops_of(vehicle)), []).append(vehicle)
    return tuple(
        Stock(
            capacity=capacity,
            fixed_fen=fixed_fen,
            per_km_fen=per_km_fen,
            trips_each=max_trips,
            lines=mine,
            stops=stops,
            plates=tuple(sorted(vehicle.plate for vehicle in vehicles)),
        )
        for ((capacity, fixed_fen, per_km_fen, max_trips), mine, stops), vehicles in groups.items()
    )


def _course(problem: Problem, number: int, stop_ids: tuple[str, ...]) -> Course:
    homeward, closed = problem.direction is Direction.HOMEWARD, problem.limits.returns_to_campus
    places = (str(CAMPUS), *stop_ids)
    size = len(places)

    def leg(origin: int, target: int) -> tuple[int, int]:
        pair = (places[origin], places[target % size])
        return problem.travel.between(*(pair if homeward else pair[::-1]))

    def row(origin: int) -> list[tuple[int, int]]:
        legs = [(0, 0)] * (origin + 1)
        legs += [leg(origin, target) for target in range(origin + 1, size)]
        last_m = leg(origin, size)[0] if closed and origin else 0
        return [*legs, (last_m, 0)]

    rows = [row(origin) for origin in range(size)]
    return Course(
        number=number,
        stop_ids=stop_ids,
        caps_s=tuple(problem.limits.ride_cap_s(direct_s(problem, stop_id)) for stop_id in stop_ids),
        metres=tuple(tuple(metres for metres, _ in legs) for legs in rows),
        seconds=tuple(tuple(seconds for _, seconds in legs) for legs in rows),
    )
