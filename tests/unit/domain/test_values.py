"""Days at the school and places on the ground."""

from datetime import UTC, datetime

import pytest

from busops.domain.values import Datum, Position, school_date, to_wgs84, wgs84_to_gcj02


def test_the_schools_day_begins_at_its_own_midnight() -> None:
    """15:59 UTC is still that day at UTC+8, 16:00 the next; there is no summer time."""
    assert school_date(datetime(2026, 7, 1, 15, 59, tzinfo=UTC)).day == 1
    assert school_date(datetime(2026, 7, 1, 16, 0, tzinfo=UTC)).day == 2


@pytest.mark.parametrize("place", [Position(lat=31.127, lon=104.398), Position(lat=22.543, lon=114.057)])
def test_a_shifted_coordinate_comes_back_to_within_a_hands_breadth(place: Position) -> None:
    """GCJ-02 there and back differs by less than 10 cm; the shift itself is hundreds of metres."""
    lat, lon = wgs84_to_gcj02(place)
    back = to_wgs84(lat, lon, Datum.GCJ02)
    assert abs(back.lat - place.lat) < 1e-6
    assert abs(back.lon - place.lon) < 1e-6
    assert abs(lat - place.lat) + abs(lon - place.lon) > 1e-3


def test_outside_china_nothing_is_shifted_and_wgs84_stays() -> None:
    """The shift is a law of one country; WGS-84 is what it is."""
    assert wgs84_to_gcj02(Position(lat=48.0, lon=11.0)) == (48.0, 11.0)
    assert to_wgs84(31.1, 104.4, Datum.WGS84) == Position(lat=31.1, lon=104.4)


def test_bd09_is_a_second_shift_on_top() -> None:
    """BD-09 lies about a kilometre from WGS-84 and is undone step by step."""
    found = to_wgs84(31.1300, 104.4100, Datum.BD09)
    assert 0.005 < abs(found.lon - 104.41) < 0.02
