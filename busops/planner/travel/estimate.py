"""
Travel times estimated from coordinates: for a school that has no travel file and no road service.

The straight way is right to a fraction of a per mille; the detour factor and the speeds are
assumptions (a coach's mean speed by the length of the leg, never above the law's caps).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from busops.domain.errors import InvalidInput
from busops.domain.road_source import TravelOrigin
from busops.domain.values import CAMPUS, Position
from busops.planner.travel.matrix import Places, TravelTimes, lawful_durations
from busops.planner.travel.source import Travelled

ROAD_CAP_KMH: Final = 60
HAZARD_CAP_KMH: Final = 20  # fog, ice, rain, snow, sand: the weather mode
DETOUR_MILLI: Final = 1320
_STRAIGHT_MILLI: Final = 1000  # a detour factor of 1
_LEG_KM: Final = (0.0, 2.0, 10.0, 30.0, 60.0)  # road length of a leg …
_LEG_KMH: Final = (22.0, 26.0, 38.0, 50.0, 55.0)  # … and the mean speed a coach keeps on it
_WGS84_A_M: Final = 6_378_137.0
_WGS84_E2: Final = 0.006_694_379_990_14
_MEAN_RADIUS_M: Final = 6_371_008.8
_ROWS_AT_ONCE: Final = 64  # what a processor keeps near, for some thousand columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The estimate as a travel source; its detour factor is the school's."""

    detour_milli: int = DETOUR_MILLI

    @property
    def origin(self) -> TravelOrigin:
        """``estimate``."""
        return TravelOrigin.ESTIMATE

    def travel(self, places: Places) -> Travelled:
        """The estimated matrices; nothing to be told but that they are estimates."""
        times = estimate_travel(places.campus, places.stops, detour_milli=self.detour_milli)
        return Travelled(times=times, origin=self.origin)


def estimate_travel(
    campus: Position,
    stops: Mapping[str, Position],
    *,
    detour_milli: int = DETOUR_MILLI,
    cap_kmh: int = ROAD_CAP_KMH,
) -> TravelTimes:
    """
    Matrices estimated from coordinates: geodesic × detour factor, and a speed that grows with the
    length of the leg from 22 to 55 km/h but never passes ``cap_kmh`` nor the law.

    Metres and seconds are rounded up, so that metres over seconds never shows a speed above the cap.
    Raises InvalidInput for a cap of nothing or a detour shorter than the straight way.
    """
    if cap_kmh <= 0 or detour_milli < _STRAIGHT_MILLI:
        raise InvalidInput("travel_estimate_invalid", cap_kmh=cap_kmh, detour_milli=detour_milli)
    points = _on_the_ellipsoid([campus, *stops.values()])
    size = len(points)
    distance_m = np.empty((size, size), dtype=np.int64)
    duration_s = np.empty((size, size), dtype=np.int64)
    for first in range(0, size, _ROWS_AT_ONCE):
        rows, rest = slice(first, first + _ROWS_AT_ONCE), slice(first, None)
        road_m = np.ceil(_geodesic_m(points[rows], points[rest]) * (detour_milli / 1000))
        speed_kmh = np.minimum(np.interp(road_m / 1000, _LEG_KM, _LEG_KMH), float(cap_kmh))
        metres = road_m.astype(np.int64)
        seconds = lawful_durations(metres, np.ceil(road_m * 3.6 / speed_kmh).astype(np.int64))
        for matrix, block in ((distance_m, metres), (duration_s, seconds)):
            matrix[rows, rest], matrix[rest, rows] = block, block.T  # the way back is as long
    return TravelTimes(ids=(str(CAMPUS), *stops), distance_m=distance_m, duration_s=duration_s)


def _on_the_ellipsoid(places: list[Position]) -> npt.NDArray[np.float64]:
    """The places on WGS-84 as points in space, metres (n, 3)."""
    lat = np.radians(np.array([place.lat for place in places], dtype=np.float64))
    lon = np.radians(np.array([place.lon for place in places], dtype=np.float64))
    normal_m = _WGS84_A_M / np.sqrt(1 - _WGS84_E2 * np.sin(lat) ** 2)
    across_m = normal_m * np.cos(lat)
    up_m = normal_m * (1 - _WGS84_E2) * np.sin(lat)
    return np.stack((across_m * np.cos(lon), across_m * np.sin(lon), up_m), axis=1)


def _geodesic_m(some: npt.NDArray[np.float64], points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """
    Metres along the ellipsoid from each of ``some`` (m, 3) to each of ``points`` (n, 3): (m, n).

    The straight line through the earth is exact; only how far its arc bulges is taken from a
    sphere, and that is so little that the wrong radius costs under 0.02 % as far as China is wide.
    """
    chord_2 = np.zeros((len(some), len(points)), dtype=np.float64)
    for axis in range(3):
        step = some[:, axis, None] - points[None, :, axis]
        step *= step
        chord_2 += step
    half = np.sqrt(chord_2) / (2 * _MEAN_RADIUS_M)
    return np.asarray(2 * _MEAN_RADIUS_M * np.arcsin(np.minimum(half, 1.0)), dtype=np.float64)
