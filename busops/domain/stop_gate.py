"""
Whether somebody got on or off at the designated stop, as far as a position can say.

A position is a circle, not a point: a mark is away from its stop only when the whole circle lies
outside the stop's radius. What no position can say stays unsaid: without one, or with a poor one,
the crew's own choice of the stop stands and is pointed out. A late tap after the bus has left is
no offence either, as long as the bus could have come so far from the stop since.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from busops.domain.events import Alighted, Arrived, Boarded, Departed, Observation
from busops.domain.findings import Finding, Severity
from busops.domain.network import MILLIONTHS, StopPlace
from busops.domain.values import StopId

EARTH_M: Final = 6_371_008.8
NARROWEST_M: Final = 25  # below this a radius asks for more than satellites give between houses
POOR_M: Final = 100  # a wider circle says nothing about a stop
LATE_TAP_S: Final = 120
FASTEST_M_S: Final = 17  # 60 km/h, the cap of Decree 617 art. 35 outside expressways


class Place(StrEnum):
    """Where a mark was made, as far as is known."""

    AT_STOP = "at_stop"
    AWAY = "away"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A position with its accuracy in metres (the radius of its circle)."""

    lat6: int
    lon6: int
    acc_m: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a position says of a mark; ``outside_m`` is how far the circle lies beyond the radius."""

    place: Place
    distance_m: int | None = None
    outside_m: int = 0


def fix_of(event: Observation) -> Fix | None:
    """The position an event was recorded with; None without one or when nobody says how good it is."""
    if event.lat6 is None or event.lon6 is None or event.acc is None:
        return None
    return Fix(lat6=event.lat6, lon6=event.lon6, acc_m=event.acc)


def distance_m(fix: Fix, stop: StopPlace) -> int:
    """The way over ground between two points, in whole metres (haversine on a sphere)."""
    lat_1, lat_2 = (math.radians(each / MILLIONTHS) for each in (fix.lat6, stop.lat6))
    d_lon = math.radians((stop.lon6 - fix.lon6) / MILLIONTHS)
    half = math.sin((lat_2 - lat_1) / 2) ** 2 + math.cos(lat_1) * math.cos(lat_2) * math.sin(d_lon / 2) ** 2
    return round(2 * EARTH_M * math.asin(math.sqrt(min(half, 1.0))))


def judge(fix: Fix | None, stop: StopPlace, *, left_s: int | None = None) -> Judgement:
    """
    Where the mark was made that was recorded at ``fix``.

    ``left_s`` are the seconds since the bus was seen to leave this stop: within two minutes the way
    it can have gone since counts as part of the stop.
    """
    if fix is None or fix.acc_m > POOR_M:
        return Judgement(place=Place.UNKNOWN, distance_m=None if fix is None else distance_m(fix, stop))
    away_m = distance_m(fix, stop)
    reach_m = max(stop.radius_m, NARROWEST_M) + fix.acc_m
    if left_s is not None and 0 <= left_s <= LATE_TAP_S:
        reach_m += left_s * FASTEST_M_S
    if away_m <= reach_m:
        return Judgement(place=Place.AT_STOP, distance_m=away_m)
    return Judgement(place=Place.AWAY, distance_m=away_m, outside_m=away_m - reach_m)


def place_findings(facts: Sequence[Observation], places: Mapping[StopId, StopPlace]) -> Iterator[Finding]:
    """
    The marks that were made away from the stop they name, and those whose position says nothing.

    ``facts`` are the standing events of one run. Where a run knows no places nothing is said.
    """
    left_at = _left_at(facts, places)
    for mark in facts:
        if not isinstance(mark, Boarded | Alighted) or mark.stop_id is None:
            continue
        stop = places.get(mark.stop_id)
        if stop is None:
            continue
        before = [at_ms for at_ms in left_at[mark.stop_id] if at_ms <= mark.at_ms]
        left_s = (mark.at_ms - max(before)) // 1000 if before else None
        found = judge(fix_of(mark), stop, left_s=left_s)
        about = {"rider_id": mark.rider_id, "stop_id": mark.stop_id}
        kind = "alight" if isinstance(mark, Alighted) else "board"
        if found.place is Place.AWAY:
            facts_of = {**about, "distance_m": found.distance_m}
            yield _finding(f"away_from_stop_{kind}", Severity.BLOCK, mark.event_id, facts_of)
        elif found.place is Place.UNKNOWN and mark.lat6 is not None:
            yield _finding("stop_by_hand", Severity.LOG, mark.event_id, about)


def _left_at(
    facts: Sequence[Observation], places: Mapping[StopId, StopPlace]
) -> Mapping[StopId, Sequence[int]]:
    """When the bus left each stop; nothing for a stop where it was not seen to be."""
    moves: dict[StopId, list[Arrived | Departed]] = {stop_id: [] for stop_id in places}
    for each in facts:
        if isinstance(each, Arrived | Departed) and each.stop_id is not None and each.stop_id in places:
            moves[each.stop_id].append(each)
    return {
        stop_id: [each.at_ms for each in made if isinstance(each, Departed)]
        if any(judge(fix_of(each), places[stop_id]).place is Place.AT_STOP for each in made)
        else []
        for stop_id, made in moves.items()
    }


def _finding(code: str, severity: Severity, place: str, facts: Mapping[str, object]) -> Finding:
    return Finding(code=code, severity=severity, place=place, facts=dict(facts))
