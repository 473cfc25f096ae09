"""
A road service as a travel source: asked once for each set of places, made lawful, told what is odd.

What a service said is kept as it said it; the law, missing roads and doubts are judged each time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from busops.domain.findings import Finding, Severity
from busops.domain.network import FASTEST_KMH
from busops.domain.road_source import TravelOrigin
from busops.domain.values import Position
from busops.planner.travel.matrix import Matrix, Places, TravelTimes, lawful_durations, middle_kmh
from busops.planner.travel.roads.cache import MatrixCache, content_key, rounded
from busops.planner.travel.source import (
    UNASKED,
    Measured,
    NoRoadNear,
    RoadService,
    Travelled,
    TravelUnavailable,
)

FAR_FROM_ROAD_M: Final = 300
MOST_ALONG: Final = 300  # with more places, only those wanted: the first plan must not wait for all
UNLIKELY_KMH: Final = 12  # a network made for feet or bicycles
_LONG_LEG_M: Final = 2000
_NAMED_PAIRS: Final = 200  # more than this are counted, not named
_NAMED_LEGS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Roads:
    """A road service and what it said before."""

    service: RoadService
    cache: MatrixCache

    @property
    def origin(self) -> TravelOrigin:
        """The service's name."""
        return self.service.origin

    def travel(self, places: Places) -> Travelled:
        """
        Lawful matrices over ``places.ids``; WARN findings for what a person should look at.

        Raises TravelUnavailable with the service's cause; its reasons name every pair without a
        road and every place without one near.
        """
        measured, notices = self._measured_for(places)
        missing = tuple(_missing(places.ids, measured.distance_m))
        if missing:
            raise TravelUnavailable("travel_roads_missing", missing, source=self.origin.value)
        lawful = lawful_durations(measured.distance_m, measured.duration_s)
        notices += _slowed(places.ids, measured, lawful)
        notices += _far_from_road(places.ids, measured)
        notices += _too_slow(measured, self.origin)
        times = TravelTimes(ids=places.ids, distance_m=measured.distance_m, duration_s=lawful)
        return Travelled(times=times, origin=self.origin, notices=tuple(notices))

    def _measured_for(self, places: Places) -> tuple[Measured, list[Finding]]:
        """
        The wanted part of what was measured for all places; of the wanted alone where all is too much.

        A stop that nobody needs this weekend must not cost anybody his plan.
        """
        everywhere = _distinct((*places.positions, *places.beside))
        wanted = _distinct(places.positions)
        for positions in dict.fromkeys((everywhere, wanted)):
            if kept := self.cache.load(self._key(positions), len(positions)):
                return _part(kept, positions, places.positions), []
        if len(wanted) < len(everywhere) <= MOST_ALONG:
            try:
                measured, notices = self._measured(everywhere)
                return _part(measured, everywhere, places.positions), notices
            except NoRoadNear:
                pass
            except TravelUnavailable as failure:
                if failure.code != "travel_quota_short":
                    raise
        try:
            measured, notices = self._measured(wanted)
        except NoRoadNear as fault:
            raise self._off_road(places, wanted, fault) from None
        return _part(measured, wanted, places.positions), notices

    def _key(self, positions: Sequence[Position], **part: str) -> str:
        return content_key({**self.service.identity(), **part}, positions)

    def _measured(self, positions: Sequence[Position]) -> tuple[Measured, list[Finding]]:
        """All of it; what a service answered before it failed is kept too, so that nothing is paid twice."""
        half = self._key(positions, part="half")
        measured = self.cache.load(half, len(positions)) or Measured.nothing(len(positions))
        unasked = int((measured.distance_m == UNASKED).sum())
        try:
            self.service.measure(positions, measured)
        except TravelUnavailable:
            if int((measured.distance_m == UNASKED).sum()) < unasked:
                self.cache.store(half, measured)
            raise
        self.cache.forget(half)
        if self.cache.store(self._key(positions), measured):
            return measured, []
        facts = {"path": str(self.cache.folder)}
        return measured, [Finding(code="travel_cache_refuses", severity=Severity.WARN, facts=facts)]

    def _off_road(
        self, places: Places, positions: Sequence[Position], fault: NoRoadNear
    ) -> TravelUnavailable:
        lost = {rounded(positions[number]) for number in fault.numbers}
        reasons = [
            Finding(code="travel_place_off_road", place=name, facts={"stop_id": name})
            for name, position in zip(places.ids, places.positions, strict=True)
            if rounded(position) in lost
        ]
        return TravelUnavailable("travel_places_off_road", reasons, source=self.origin.value)


def _distinct(positions: Sequence[Position]) -> tuple[Position, ...]:
    """Every position once, by latitude and longitude: the same places are the same question in any order."""
    points = sorted({rounded(position) for position in positions})
    return tuple(Position(lat=lat, lon=lon) for lat, lon in points)


def _part(measured: Measured, positions: Sequence[Position], wanted: Sequence[Position]) -> Measured:
    number_of = {rounded(position): number for number, position in enumerate(positions)}
    numbers = np.array([number_of[rounded(position)] for position in wanted], dtype=np.int64)
    return Measured(
        distance_m=measured.distance_m[np.ix_(numbers, numbers)],
        duration_s=measured.duration_s[np.ix_(numbers, numbers)],
        to_road_m=measured.to_road_m[numbers],
    )


def _missing(ids: Sequence[str], distance_m: Matrix) -> Iterator[Finding]:
    missing = np.argwhere(distance_m < 0)
    for row, column in missing[:_NAMED_PAIRS]:
        origin, target = ids[row], ids[column]
        facts = {"from": origin, "to": target}
        yield Finding(code="travel_no_road", place=f"{origin}→{target}", facts=facts)
    if len(missing) > _NAMED_PAIRS:
        yield Finding(code="travel_ways_missing_more", facts={"count": len(missing) - _NAMED_PAIRS})


def _slowed(ids: Sequence[str], measured: Measured, lawful: Matrix) -> Iterator[Finding]:
    excess_s = lawful - measured.duration_s
    count = int((excess_s > 0).sum())
    if not count:
        return
    order = np.argsort(-excess_s, axis=None, kind="stable")[: min(count, _NAMED_LEGS)]
    cells = list(zip(*np.unravel_index(order, excess_s.shape), strict=True))
    worst = "; ".join(
        f"{ids[row]}→{ids[column]} {measured.distance_m[row, column]} m / "
        f"{measured.duration_s[row, column]} s"
        for row, column in cells
    )
    facts = {"count": count, "cap_kmh": FASTEST_KMH, "worst": worst}
    yield Finding(code="travel_legs_slowed", severity=Severity.WARN, facts=facts)


def _far_from_road(ids: Sequence[str], measured: Measured) -> Iterator[Finding]:
    for name, metres in zip(ids, measured.to_road_m, strict=True):
        if metres > FAR_FROM_ROAD_M:
            facts = {"stop_id": name, "distance_m": int(metres)}
            yield Finding(code="travel_far_from_road", severity=Severity.WARN, place=name, facts=facts)


def _too_slow(measured: Measured, origin: TravelOrigin) -> Iterator[Finding]:
    """One WARN where half of the longer legs are slower than any bus: measured for feet, most likely."""
    kmh = middle_kmh(measured.distance_m, measured.duration_s, least_m=_LONG_LEG_M)
    if kmh is not None and kmh < UNLIKELY_KMH:
        facts = {"source": origin.value, "kmh": round(kmh)}
        yield Finding(code="travel_speeds_unlikely", severity=Severity.WARN, facts=facts)
