"""
The network: designated stops and approved lines, and what may be served on a day.

Travel times are the planner's; this module only knows what is lawful.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from busops.domain.values import LineId, Plate, Position, StopId

MILLIONTHS: Final = 1_000_000
FASTEST_KMH: Final = 80  # on an expressway; 60 elsewhere, but no file says which road a leg takes (art. 35)


class StopKind(StrEnum):
    """The only kinds of place where riders get on and off (Decree 617 art. 32)."""

    SCHOOL_BUS_STOP = "SCHOOL_BUS_STOP"
    BUS_PLATFORM = "BUS_PLATFORM"
    SCHOOL = "SCHOOL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A designated stop: where, from when to when, and which fare band it belongs to."""

    stop_id: StopId
    name: str
    position: Position
    kind: StopKind
    designated_from: date
    designated_to: date | None
    radius_m: int
    band: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPlace:
    """Where a stop is, in millionths of a degree (WGS-84), and how far around it is still the stop."""

    lat6: int
    lon6: int
    radius_m: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStop:
    """One stop of an approved line; ``departs_at`` is school-local minutes after midnight, or None."""

    seq: int
    stop_id: StopId
    departs_min: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedLine:
    """A line as approved for one licensed bus: its stops in their order (Decree 617 arts 14, 16)."""

    line_id: LineId
    plate: Plate
    stops: tuple[LineStop, ...]

    @property
    def stop_ids(self) -> tuple[StopId, ...]:
        """The stops in approved order."""
        return tuple(stop.stop_id for stop in self.stops)


def is_designated(stop: Stop, on: date) -> bool:
    """Whether riders may get on or off at this stop on this day."""
    return stop.designated_from <= on and (stop.designated_to is None or on <= stop.designated_to)


def place_of(stop: Stop) -> StopPlace:
    """Where a stop is, in the whole numbers that events carry."""
    return StopPlace(
        lat6=round(stop.position.lat * MILLIONTHS),
        lon6=round(stop.position.lon * MILLIONTHS),
        radius_m=stop.radius_m,
    )


def lawful_duration_s(distance_m: int, duration_s: int) -> int:
    """The seconds of a leg, never fewer than ``FASTEST_KMH`` needs; a fraction of a second counts whole."""
    return max(duration_s, -(-distance_m * 3600 // (FASTEST_KMH * 1000)))


def designated_on(stops: Iterable[Stop], on: date) -> dict[StopId, Stop]:
    """The stops that are designated on ``on``, by id."""
    return {stop.stop_id: stop for stop in stops if is_designated(stop, on)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelTime:
    """Road distance and time from one stop (or ``@campus``) to another, in that direction."""

    origin: StopId
    destination: StopId
    distance_m: int
    duration_s: int
