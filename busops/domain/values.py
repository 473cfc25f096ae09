"""
Small values that everything speaks in: ids, directions, places, time and the injected Clock.

No rule of transport lives here, only what a value is and when it is none.
"""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final, NewType, Protocol

SchoolId = NewType("SchoolId", str)
RiderId = NewType("RiderId", str)
StopId = NewType("StopId", str)
Plate = NewType("Plate", str)
CrewId = NewType("CrewId", str)
LineId = NewType("LineId", str)
RunId = NewType("RunId", str)
PlanId = NewType("PlanId", str)
EventId = NewType("EventId", str)

CAMPUS: Final = StopId("@campus")
# China keeps one time all year, UTC+8, without summer time: no database of zones is needed.
SCHOOL_TIME: Final = timezone(timedelta(hours=8), "Asia/Shanghai")


class Direction(StrEnum):
    """Which way a run carries riders."""

    HOMEWARD = "homeward"
    RETURN = "return"


class Datum(StrEnum):
    """The map datum a coordinate was taken in; busops stores WGS-84 only."""

    WGS84 = "WGS84"
    GCJ02 = "GCJ02"
    BD09 = "BD09"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A point on the ground, WGS-84, degrees."""

    lat: float
    lon: float


class Clock(Protocol):
    """Where every time comes from; nobody else asks the machine for it."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        ...


class Ids(Protocol):
    """Where new identities come from."""

    def new(self) -> str:
        """A new id that sorts by the time it was made (UUIDv7 form)."""
        ...


def school_date(moment: datetime) -> date:
    """The calendar day at the school of an aware moment."""
    return moment.astimezone(SCHOOL_TIME).date()


# GCJ-02 is applied inside this box only: (lat from, to), (lon from, to), degrees.
_GCJ02_LAT: Final = (0.8293, 55.8271)
_GCJ02_LON: Final = (72.004, 137.8347)
_KRASSOVSKY_A_M: Final = 6378245.0
_KRASSOVSKY_EE: Final = 0.00669342162296594323


def to_wgs84(lat: float, lon: float, datum: Datum) -> Position:
    """
    The WGS-84 position of a coordinate in ``datum``, degrees, right to about a centimetre.

    GCJ-02 has no published inverse: it is found by fixed-point steps on the forward shift.
    Outside mainland China GCJ-02 and WGS-84 are the same.
    """
    match datum:
        case Datum.WGS84:
            return Position(lat=lat, lon=lon)
        case Datum.GCJ02:
            return _gcj02_to_wgs84(lat, lon)
        case Datum.BD09:
            return _gcj02_to_wgs84(*_bd09_to_gcj02(lat, lon))
    raise AssertionError(f"no rule for datum {datum}")


def wgs84_to_gcj02(position: Position) -> tuple[float, float]:
    """The (lat, lon) that Chinese map services draw for a WGS-84 position, degrees."""
    lat, lon = position.lat, position.lon
    if not (_GCJ02_LAT[0] <= lat <= _GCJ02_LAT[1] and _GCJ02_LON[0] <= lon <= _GCJ02_LON[1]):
        return lat, lon
    d_lat, d_lon = _shift_m(lon - 105.0, lat - 35.0)
    rad_lat = math.radians(lat)
    magic = 1 - _KRASSOVSKY_EE * math.sin(rad_lat) ** 2
    d_lat = math.degrees(d_lat / ((_KRASSOVSKY_A_M * (1 - _KRASSOVSKY_EE)) / (magic * math.sqrt(magic))))
    d_lon = math.degrees(d_lon / (_KRASSOVSKY_A_M / math.sqrt(magic) * math.cos(rad_lat)))
    return lat + d_lat, lon + d_lon


def _shift_m(x: float, y: float) -> tuple[float, float]:
    wave = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + wave
    north += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + wave
    east += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    return north, east


def _gcj02_to_wgs84(lat: float, lon: float) -> Position:
    guess_lat, guess_lon = lat, lon
    for _ in range(8):
        shown_lat, shown_lon = wgs84_to_gcj02(Position(lat=guess_lat, lon=guess_lon))
        guess_lat, guess_lon = guess_lat - (shown_lat - lat), guess_lon - (shown_lon - lon)
    return Position(lat=guess_lat, lon=guess_lon)


def _bd09_to_gcj02(lat: float, lon: float) -> tuple[float, float]:
    x, y = lon - 0.0065, lat - 0.006
    radius = math.hypot(x, y) - 0.00002 * math.sin(y * math.pi * 3000.0 / 180.0)
    angle = math.atan2(y, x) - 0.000003 * math.cos(x * math.pi * 3000.0 / 180.0)
    return radius * math.sin(angle), radius * math.cos(angle)
