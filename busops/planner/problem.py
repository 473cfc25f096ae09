"""
What is asked of the planner and what it answers: frozen values, checked once, integers only.

A ``Problem`` is one direction of one day. Whatever is read from files, calendars or papers (who
is designated, which vehicle may run) has been decided before; nothing here knows the solver.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding
from busops.domain.values import CAMPUS, Direction
from busops.planner.rules.faults import Ground, rule_faults
from busops.planner.rules.rules import NO_RULES, Rules

if TYPE_CHECKING:
    from busops.planner.travel import TravelTimes


class UnservedReason(StrEnum):
    """Why a rider is in no trip."""

    NOT_REGISTERED = "not_registered"  # the roster names him, the register could not take the row
    ROSTER_UNREADABLE = "roster_unreadable"  # the roster names him, and does not say whether he rides
    NO_STOP = "no_stop"  # none of the rider's stops is designated on the day
    NO_VEHICLE_FOR_STOP = "no_vehicle_for_stop"  # no vehicle of the day may go to any of them
    RIDE_CAP = "ride_cap"  # seats are left, but going there would keep somebody aboard above his cap
    STOP_LIMIT = "stop_limit"  # seats are left, but every trip is at its limit of stops
    PAIR_RULE = "pair_rule"  # seats are left, but not where those are (or are not) whom a rule names
    NO_SEAT = "no_seat"  # the seats (or the trips) of the day do not reach


@dataclass(frozen=True, slots=True, kw_only=True)
class RiderDemand:
    """A rider and the stops he may use, best first: his own, then the others that his family named."""

    rider_id: str
    stop_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleOption:
    """
    A vehicle with valid papers. ``lines`` is None for a charter coach (free among the stops); a
    licensed bus drives one of its approved lines a trip, each in driving order of this direction.
    It halts at ``only_stops`` alone (None: at any), and never at ``not_stops``. No trip's time 0
    lies before ``ready_s``; a vehicle that is away all day is not among the vehicles at all.
    """

    plate: str
    capacity: int
    fixed_fen: int
    per_km_fen: int
    max_trips: int = 1
    lines: tuple[tuple[str, ...], ...] | None = None
    only_stops: frozenset[str] | None = None
    not_stops: frozenset[str] = frozenset()
    ready_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The policies that bind every trip."""

    max_ride_s: int = 75 * 60
    ride_factor_milli: int = 1600
    max_stops: int = 12
    dwell_base_s: int = 30
    dwell_rider_s: int = 3
    returns_to_campus: bool = True
    turnaround_s: int = 15 * 60

    def ride_cap_s(self, direct_s: int) -> int:
        """The longest ride of a rider whose stop is ``direct_s`` from (or to) the campus."""
        return max(self.max_ride_s, self.ride_factor_milli * direct_s // 1000)

    def dwell_s(self, riders: int) -> int:
        """How long a bus stands where ``riders`` get on or off."""
        return self.dwell_base_s + self.dwell_rider_s * riders


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Riders, vehicles and ways of one direction on one day; InvalidInput when it contradicts itself."""

    direction: Direction
    stop_ids: tuple[str, ...]
    riders: tuple[RiderDemand, ...]
    vehicles: tuple[VehicleOption, ...]
    limits: Limits
    travel: "TravelTimes"
    rules: Rules = NO_RULES

    def __post_init__(self) -> None:
        findings = tuple(_inconsistencies(self))
        if findings:
            raise InvalidInput("planning_problem_invalid", findings, count=len(findings))

    def for_riders(self, riders: Iterable[RiderDemand]) -> "Problem":
        """The same day for these of its riders alone: rules about others fall away, kept trips too."""
        left = tuple(riders)
        return replace(self, riders=left, rules=self.rules.among(rider.rider_id for rider in left))

    def stops_of(self, vehicle: VehicleOption) -> frozenset[str] | None:
        """Where the vehicle may halt, whatever its lines are; None where nothing is forbidden to it."""
        stops = frozenset(self.stop_ids)
        allowed = stops if vehicle.only_stops is None else stops & vehicle.only_stops
        closed = (stop for stop, plates in self.rules.only_by.items() if vehicle.plate not in plates)
        allowed -= vehicle.not_stops.union(closed)
        return None if allowed == stops else allowed

    def courses_of(self, vehicle: VehicleOption) -> tuple[tuple[str, ...], ...] | None:
        """The vehicle's lines without the stops where it may not halt; None for a charter coach."""
        if vehicle.lines is None:
            return None
        allowed = self.stops_of(vehicle)
        if allowed is None:
            return tuple(line for line in vehicle.lines if line)
        kept = (tuple(stop for stop in line if stop in allowed) for line in vehicle.lines)
        return tuple(line for line in kept if line)


@dataclass(frozen=True, slots=True, kw_only=True)
class TripStop:
    """One halt: times in seconds after the trip's own time 0."""

    stop_id: str
    arrive_s: int
    leave_s: int
    rider_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """
    One journey of one vehicle. ``depart_s`` is the trip's time 0 in seconds after time 0 of the
    first wave: leaving the campus (homeward), arriving at the first stop (return).
    """

    plate: str
    wave: int
    stops: tuple[TripStop, ...]
    depart_s: int
    campus_arrive_s: int | None
    distance_m: int
    cost_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unserved:
    """A rider without a trip, and why."""

    rider_id: str
    reason: UnservedReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Trips, riders left over, the cost, and what no plan of the named model can undercut."""

    trips: tuple[Trip, ...]
    unserved: tuple[Unserved, ...]
    cost_fen: int
    lower_bound_fen: int
    bound_model: str
    stats: Mapping[str, int | str] = field(default_factory=dict)


def trip_cost_fen(vehicle: VehicleOption, distance_m: int) -> int:
    """Fixed cost plus kilometres, rounded once per trip."""
    return rounded_fen(1000 * vehicle.fixed_fen + vehicle.per_km_fen * distance_m)


def rounded_fen(milli_fen: int) -> int:
    """Thousandths of a fen as fen, half up: how a trip's cost is told."""
    return (milli_fen + 500) // 1000


def _inconsistencies(problem: Problem) -> Iterator[Finding]:
    yield from _repeated("stop_repeated", problem.stop_ids)
    yield from _repeated("rider_repeated", (rider.rider_id for rider in problem.riders))
    yield from _repeated("vehicle_repeated", (vehicle.plate for vehicle in problem.vehicles))
    stops = frozenset(problem.stop_ids)
    if CAMPUS in stops:
        yield Finding(code="stop_is_campus", place=CAMPUS)
    for stop_id in problem.stop_ids:
        if stop_id not in problem.travel.index:
            yield Finding(code="travel_stop_missing", place=stop_id, facts={"stop_id": stop_id})
    for rider in problem.riders:
        for stop_id in rider.stop_ids:
            if stop_id not in stops:
                facts = {"rider_id": rider.rider_id, "stop_id": stop_id}
                yield Finding(code="rider_stop_unknown", place=rider.rider_id, facts=facts)
    for vehicle in problem.vehicles:
        yield from _vehicle_faults(vehicle, stops)
    yield from _limit_faults(problem.limits)
    if problem.rules != NO_RULES:
        yield from rule_faults(problem.rules, _ground(problem))


def _ground(problem: Problem) -> Ground:
    vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}

    def may_drive(plate: str, way: Sequence[str]) -> bool:
        vehicle, courses = vehicles[plate], problem.courses_of(vehicles[plate])
        allowed = problem.stops_of(vehicle)
        if courses is None:
            return allowed is None or allowed.issuperset(way)
        return not way or any(follows(line, way) for line in courses)

    return Ground(
        stops=frozenset(problem.stop_ids),
        stops_of={rider.rider_id: rider.stop_ids for rider in problem.riders},
        seats={plate: vehicle.capacity for plate, vehicle in vehicles.items()},
        trips={plate: vehicle.max_trips for plate, vehicle in vehicles.items()},
        max_stops=problem.limits.max_stops,
        may_drive=may_drive,
        too_long=lambda halts: _too_long(problem, halts),
    )


def _too_long(problem: Problem, halts: Sequence[tuple[str, tuple[str, ...]]]) -> Iterator[str]:
    """The halts from which somebody rides longer than his cap; a return run is seen from its end."""
    homeward = problem.direction is Direction.HOMEWARD
    now, before = 0, str(CAMPUS)
    for stop_id, rider_ids in halts if homeward else halts[::-1]:
        pairs = ((before, stop_id), (CAMPUS, stop_id))
        ways = [problem.travel.between(*(pair if homeward else pair[::-1]))[1] for pair in pairs]
        now += ways[0]
        if now > problem.limits.ride_cap_s(ways[1]):
            yield stop_id
        now += problem.limits.dwell_s(len(rider_ids))
        before = stop_id


def _vehicle_faults(vehicle: VehicleOption, stops: frozenset[str]) -> Iterator[Finding]:
    least = {"capacity": 1, "fixed_fen": 0, "per_km_fen": 0, "max_trips": 1, "ready_s": 0}
    for name, floor in least.items():
        value = getattr(vehicle, name)
        if value < floor:
            facts = {"plate": vehicle.plate, "field": name, "value": value, "least": floor}
            yield Finding(code="vehicle_value_too_small", place=vehicle.plate, facts=facts)
    named = vehicle.not_stops.union(vehicle.only_stops or ())
    for stop_id in sorted(named - stops):
        facts = {"plate": vehicle.plate, "stop_id": stop_id}
        yield Finding(code="vehicle_stop_unknown", place=vehicle.plate, facts=facts)
    for stop_id in sorted(vehicle.not_stops.intersection(vehicle.only_stops or ())):
        facts = {"plate": vehicle.plate, "stop_id": stop_id}
        yield Finding(code="vehicle_stop_allowed_and_not", place=vehicle.plate, facts=facts)
    for line in vehicle.lines or ():
        for stop_id in line:
            if stop_id not in stops:
                facts = {"plate": vehicle.plate, "stop_id": stop_id}
                yield Finding(code="line_stop_not_in_use", place=vehicle.plate, facts=facts)
        for finding in _repeated("line_stop_repeated", line):
            yield Finding(
                code=finding.code, place=vehicle.plate, facts={**finding.facts, "plate": vehicle.plate}
            )


def _limit_faults(limits: Limits) -> Iterator[Finding]:
    for name, floor in (
        ("max_ride_s", 0),
        ("ride_factor_milli", 0),
        ("max_stops", 1),
        ("dwell_base_s", 0),
        ("dwell_rider_s", 0),
        ("turnaround_s", 0),
    ):
        value = getattr(limits, name)
        if value < floor:
            facts = {"field": name, "value": value, "least": floor}
            yield Finding(code="limit_value_too_small", place=name, facts=facts)


def _repeated(code: str, names: Iterable[str]) -> Iterator[Finding]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Finding(code=code, place=name, facts={"name": name, "count": count})


def follows(line: tuple[str, ...], stop_ids: Iterable[str]) -> bool:
    """True when the stops lie on ``line`` in its order; some may be skipped, none is driven twice."""
    place = {stop_id: number for number, stop_id in enumerate(line)}
    ranks = [place.get(stop_id, -1) for stop_id in stop_ids]
    return -1 not in ranks and all(first < second for first, second in pairwise(ranks))
