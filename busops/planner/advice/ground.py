"""
A problem made quick to ask: metres, rides and the first limit that a trip would break.

Plain lists instead of matrices, because thousands of small trips are asked about one by one. What a
plan may be is decided by ``verify`` alone; here is only what saves asking it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any

from busops.domain.values import CAMPUS, Direction
from busops.planner.problem import Plan, Problem, VehicleOption, follows, trip_cost_fen
from busops.planner.timetable import Halt


class Barrier(StrEnum):
    """Which limit forbids an alternative."""

    SEATS = "seats"  # riders, capacity, missing
    RIDE_CAP = "ride_cap"  # stop_id (whose ride it is), ride_s, cap_s
    STOP_LIMIT = "stop_limit"  # stops, max_stops
    LINE = "line"  # stop_id that lies on no approved line of the vehicle, or not in this order
    ACCESS = "access"  # stop_id where the vehicle may not halt
    DESIGNATION = "designation"  # none of the rider's stops is designated on the day
    NO_VEHICLE = "no_vehicle"  # no vehicle has a trip to spare
    RULE = "rule"  # rule: the code of what ``verify`` finds against it
    NO_ROOM = "no_room"  # a trip's riders find no place on the others: riders of stop_id are left


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an alternative is none: its trip (from 1; 0 for a trip of its own or several), the limit, facts."""

    trip: int
    barrier: Barrier
    facts: Mapping[str, Any] = field(default_factory=dict)


class Ground:
    """Ways, caps and vehicles of one problem, by name."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.limits = problem.limits
        self.homeward = problem.direction is Direction.HOMEWARD
        self.vehicles = {vehicle.plate: vehicle for vehicle in problem.vehicles}
        self.stops_of = {rider.rider_id: rider.stop_ids for rider in problem.riders}
        self._metres: list[list[int]] = problem.travel.distance_m.tolist()
        self._seconds: list[list[int]] = problem.travel.duration_s.tolist()
        self._index = problem.travel.index
        self._caps: dict[str, int] = {}
        self._allowed = {vehicle.plate: problem.stops_of(vehicle) for vehicle in problem.vehicles}
        kinds: dict[tuple[object, ...], int] = {}
        self.kind_of = {
            vehicle.plate: kinds.setdefault(
                (replace(vehicle, plate=""), self._allowed[vehicle.plate]), len(kinds)
            )
            for vehicle in problem.vehicles
        }  # vehicles of one kind are the same to cost and limits

    def metres(self, stop_ids: Sequence[str]) -> int:
        """The paid length of a trip to these stops in this order; 0 for none."""
        if not stop_ids:
            return 0
        closed = self.limits.returns_to_campus
        way = [self._index[stop_id] for stop_id in stop_ids]
        campus = self._index[CAMPUS]
        if self.homeward or closed:
            way.insert(0, campus)
        if not self.homeward or closed:
            way.append(campus)
        return sum(self._metres[one][two] for one, two in pairwise(way))

    def cost_fen(self, plate: str, halts: Sequence[Halt]) -> int:
        """What the trip costs; 0 for one that is not driven."""
        if not halts:
            return 0
        return trip_cost_fen(self.vehicles[plate], self.metres([stop_id for stop_id, _riders in halts]))

    def rides_s(self, halts: Sequence[Halt]) -> list[int]:
        """How long those of each halt ride."""
        now, before, clock = 0, self._index[CAMPUS], []
        for number, (stop_id, riders) in enumerate(halts):
            here = self._index[stop_id]
            now += self._seconds[before][here] if number or self.homeward else 0
            clock.append(now)
            now += self.limits.dwell_s(len(riders))
            before = here
        if self.homeward:
            return clock
        end = now + self._seconds[before][self._index[CAMPUS]]
        return [
            end - arrive - self.limits.dwell_s(len(riders))
            for arrive, (_stop, riders) in zip(clock, halts, strict=True)
        ]

    def cap_s(self, stop_id: str) -> int:
        """The longest ride of a rider of the stop."""
        if stop_id not in self._caps:
            one, two = (CAMPUS, stop_id) if self.homeward else (stop_id, CAMPUS)
            self._caps[stop_id] = self.limits.ride_cap_s(self._seconds[self._index[one]][self._index[two]])
        return self._caps[stop_id]

    def order_fault(self, halts: Sequence[Halt]) -> Refusal | None:
        """The limit that these halts break on whatever vehicle: too many, or somebody's ride too long."""
        if len(halts) > self.limits.max_stops:
            stops = {"stops": len(halts), "max_stops": self.limits.max_stops}
            return Refusal(trip=0, barrier=Barrier.STOP_LIMIT, facts=stops)
        worst, over = None, 0
        for (stop_id, _riders), ride_s in zip(halts, self.rides_s(halts), strict=True):
            if ride_s - self.cap_s(stop_id) > over:
                worst, over = stop_id, ride_s - self.cap_s(stop_id)
        if worst is None:
            return None
        cap_s = self.cap_s(worst)
        facts: dict[str, Any] = {"stop_id": worst, "ride_s": cap_s + over, "cap_s": cap_s}
        return Refusal(trip=0, barrier=Barrier.RIDE_CAP, facts=facts)

    def vehicle_fault(self, plate: str, halts: Sequence[Halt]) -> Refusal | None:
        """The limit that the vehicle breaks with these halts: its lines, its access or its seats."""
        vehicle, allowed = self.vehicles[plate], self._allowed[plate]
        closed = next((stop for stop, _on in halts if allowed is not None and stop not in allowed), None)
        if closed is not None:
            return Refusal(trip=0, barrier=Barrier.ACCESS, facts={"stop_id": closed, "plate": plate})
        if not on_a_line(vehicle, [stop_id for stop_id, _riders in halts]):
            known = {stop for line in vehicle.lines or () for stop in line}
            strange = next((stop_id for stop_id, _riders in halts if stop_id not in known), "")
            return Refusal(trip=0, barrier=Barrier.LINE, facts={"stop_id": strange, "plate": plate})
        riders = sum(len(riders) for _stop, riders in halts)
        if riders > vehicle.capacity:
            missing = riders - vehicle.capacity
            seats: dict[str, Any] = {
                "plate": plate,
                "riders": riders,
                "capacity": vehicle.capacity,
                "missing": missing,
            }
            return Refusal(trip=0, barrier=Barrier.SEATS, facts=seats)
        return None


def on_a_line(vehicle: VehicleOption, stop_ids: Sequence[str]) -> bool:
    """True when the vehicle is free, or drives the stops in the order of one of its lines."""
    return vehicle.lines is None or any(follows(line, stop_ids) for line in vehicle.lines)


def longest_s(ground: Ground, trips: Iterable[Sequence[Halt]]) -> int:
    """The longest ride of anybody."""
    return max((ride for halts in trips if halts for ride in ground.rides_s(halts)), default=0)


def riders_of(halts: Sequence[Halt]) -> int:
    """How many ride on a trip with these halts."""
    return sum(len(riders) for _stop, riders in halts)


def halts_of_plan(plan: Plan) -> tuple[tuple[Halt, ...], ...]:
    """The halts of each trip of a plan."""
    return tuple(tuple((halt.stop_id, halt.rider_ids) for halt in trip.stops) for trip in plan.trips)
