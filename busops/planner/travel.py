"""
Road distances and driving times between the campus and the stops, as integer matrices.

Either read (the school's own file is the truth) or estimated from coordinates under the speed
caps of the law (Decree 617, art. 35). No leg is ever faster than the law: one that a file gives
so is slowed down. Which speeds a bus really drives is not known here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.domain.network import FASTEST_KMH, lawful_duration_s
from busops.domain.values import CAMPUS, Position

Matrix: TypeAlias = npt.NDArray[np.int64]
TravelRow: TypeAlias = tuple[str, str, int, int]  # from, to, metres, seconds

ROAD_CAP_KMH: Final = 60
HAZARD_CAP_KMH: Final = 20  # fog, ice, rain, snow, sand: the weather mode
_EARTH_RADIUS_M: Final = 6_371_008.8
_STRAIGHT_MILLI: Final = 1000  # a detour factor of 1
_LEG_KM: Final = (0.0, 2.0, 10.0, 30.0, 60.0)  # road length of a leg …
_LEG_KMH: Final = (22.0, 26.0, 38.0, 50.0, 55.0)  # … and the mean speed a coach keeps on it
_NAMED_LEGS: Final = 5
_NAMED_PAIRS: Final = 200  # more missing pairs than this are counted, not named


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TravelTimes:
    """Square int64 matrices over ``ids``; ``ids[0]`` is the campus; row = from, column = to."""

    ids: tuple[str, ...]
    distance_m: Matrix
    duration_s: Matrix
    index: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        size = len(self.ids)
        if not self.ids or self.ids[0] != CAMPUS or len(set(self.ids)) != size:
            raise InvalidInput("travel_ids_invalid", count=size)
        for matrix in (self.distance_m, self.duration_s):
            if matrix.shape != (size, size) or matrix.dtype != np.int64 or bool((matrix < 0).any()):
                raise InvalidInput("travel_matrix_invalid", count=size)
            matrix.flags.writeable = False
        object.__setattr__(self, "index", {name: number for number, name in enumerate(self.ids)})

    def between(self, origin: str, target: str) -> tuple[int, int]:
        """Metres and seconds from one place to another."""
        row, column = self.index[origin], self.index[target]
        return int(self.distance_m[row, column]), int(self.duration_s[row, column])


def travel_from_rows(stop_ids: Sequence[str], rows: Iterable[TravelRow]) -> TravelTimes:
    """
    The matrices of a travel file, each leg slowed to the law; rows of other places are passed over.

    Raises InvalidInput with a finding for each missing pair, negative value and contradiction.
    """
    ids = (str(CAMPUS), *stop_ids)
    index = {name: number for number, name in enumerate(ids)}
    distance = np.full((len(ids), len(ids)), -1, dtype=np.int64)
    duration = distance.copy()
    given: dict[tuple[int, int], tuple[int, int]] = {}
    findings: list[Finding] = []
    for origin, target, metres, seconds in rows:
        if origin not in index or target not in index:
            continue
        cell = index[origin], index[target]
        facts = {"from": origin, "to": target, "distance_m": metres, "duration_s": seconds}
        if metres < 0 or seconds < 0:
            findings.append(Finding(code="travel_value_negative", place=f"{origin}→{target}", facts=facts))
        elif given.setdefault(cell, (metres, seconds)) != (metres, seconds):
            findings.append(Finding(code="travel_pair_twice", place=f"{origin}→{target}", facts=facts))
        else:
            distance[cell], duration[cell] = metres, lawful_duration_s(metres, seconds)
    for matrix in (distance, duration):
        diagonal = np.einsum("ii->i", matrix)
        diagonal[:] = 0
    findings.extend(_missing_pairs(ids, distance))
    if findings:
        raise InvalidInput("travel_rows_invalid", findings, count=len(findings))
    return TravelTimes(ids=ids, distance_m=distance, duration_s=duration)


def _missing_pairs(ids: Sequence[str], distance: Matrix) -> Iterable[Finding]:
    missing = np.argwhere(distance < 0)
    for row, column in missing[:_NAMED_PAIRS]:
        origin, target = ids[row], ids[column]
        facts = {"from": origin, "to": target}
        yield Finding(code="travel_way_missing", place=f"{origin}→{target}", facts=facts)
    if len(missing) > _NAMED_PAIRS:
        yield Finding(code="travel_ways_missing_more", facts={"count": len(missing) - _NAMED_PAIRS})


def estimate_travel(
    campus: Position,
    stops: Mapping[str, Position],
    *,
    detour_milli: int = 1320,
    cap_kmh: int = ROAD_CAP_KMH,
) -> TravelTimes:
    """
    Matrices estimated from coordinates: great circle × detour factor, and a speed that grows
    with the length of the leg from 22 to 55 km/h but never passes ``cap_kmh``.

    The sphere differs from the ellipsoid by less than 0.5 %, far under the detour factor's error.
    """
    if cap_kmh <= 0 or detour_milli < _STRAIGHT_MILLI:
        raise InvalidInput("travel_estimate_invalid", cap_kmh=cap_kmh, detour_milli=detour_milli)
    places = [campus, *stops.values()]
    lat = np.radians(np.array([place.lat for place in places], dtype=np.float64))
    lon = np.radians(np.array([place.lon for place in places], dtype=np.float64))
    road_m = np.ceil(_great_circle_m(lat, lon) * (detour_milli / 1000)).astype(np.int64)
    speed_kmh = np.minimum(np.interp(road_m / 1000, _LEG_KM, _LEG_KMH), float(cap_kmh))
    # Rounded up, so that metres over seconds never shows a speed above the cap.
    duration_s = np.ceil(road_m * 3.6 / speed_kmh).astype(np.int64)
    return TravelTimes(ids=(str(CAMPUS), *stops), distance_m=road_m, duration_s=duration_s)


def _great_circle_m(lat: npt.NDArray[np.float64], lon: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    half_lat = np.sin((lat[:, None] - lat[None, :]) / 2) ** 2
    half_lon = np.sin((lon[:, None] - lon[None, :]) / 2) ** 2
    root = np.sqrt(half_lat + np.cos(lat)[:, None] * np.cos(lat)[None, :] * half_lon)
    return np.asarray(2 * _EARTH_RADIUS_M * np.arcsin(np.clip(root, 0.0, 1.0)), dtype=np.float64)


def slowed_legs(stop_ids: Sequence[str], rows: Iterable[TravelRow]) -> tuple[Finding, ...]:
    """One WARN when :func:`travel_from_rows` slows legs down: how many, and those that it slows most."""
    places = {str(CAMPUS), *stop_ids}
    legs = {
        (origin, target): (lawful_duration_s(metres, seconds) - seconds, metres, seconds)
        for origin, target, metres, seconds in rows
        if origin != target and origin in places and target in places
    }
    slowed = sorted((-excess, way, leg) for way, (excess, *leg) in legs.items() if excess > 0)
    if not slowed:
        return ()
    worst = "; ".join(
        f"{origin}→{target} {metres} m / {seconds} s"
        for _, (origin, target), (metres, seconds) in slowed[:_NAMED_LEGS]
    )
    facts = {"count": len(slowed), "cap_kmh": FASTEST_KMH, "worst": worst}
    return (Finding(code="legs_slowed", severity=Severity.WARN, facts=facts),)
