"""The estimate: the earth's shape as geopy knows it, a coach's speeds, never above the law's."""

import math
from random import Random

import pytest
from geopy.distance import geodesic
from hypothesis import given
from hypothesis import strategies as st

from busops.domain.errors import InvalidInput
from busops.domain.network import lawful_duration_s
from busops.domain.road_source import TravelOrigin
from busops.domain.values import CAMPUS, Position
from busops.planner.travel import Places, estimate_travel
from busops.planner.travel.estimate import Estimate

DEYANG = Position(lat=31.127, lon=104.398)
# From the southernmost reef to the Amur, from the Pamirs to the Ussuri.
LATITUDES = st.floats(3.4, 53.6)
LONGITUDES = st.floats(73.5, 135.1)
# How far apart, degrees, as a power of ten: from a metre to the whole country.
SCALES = st.floats(-5, 1.6)


def places(count: int) -> dict[str, Position]:
    """Places within about 60 km of the school, from a fixed seed."""
    random = Random(7)
    return {
        f"S{number}": Position(
            lat=DEYANG.lat + random.uniform(-0.5, 0.5), lon=DEYANG.lon + random.uniform(-0.5, 0.5)
        )
        for number in range(count)
    }


@given(lat=LATITUDES, lon=LONGITUDES, scale=SCALES, turn=st.floats(0, 2 * math.pi))
def test_the_estimate_is_geopys_geodesic_times_the_detour(
    lat: float, lon: float, scale: float, turn: float
) -> None:
    """Anywhere in China, over any distance and in any direction: within 0.5 % and a metre's rounding."""
    far = 10**scale
    other_lat = min(53.6, max(3.4, lat + far * math.sin(turn)))
    other_lon = min(135.1, max(73.5, lon + far * math.cos(turn)))
    travel = estimate_travel(
        Position(lat=lat, lon=lon), {"S1": Position(lat=other_lat, lon=other_lon)}, detour_milli=1320
    )
    right_m = 1.32 * geodesic((lat, lon), (other_lat, other_lon)).m
    assert abs(int(travel.distance_m[0, 1]) - right_m) <= 0.005 * right_m + 1
    assert travel.distance_m[0, 1] == travel.distance_m[1, 0]


def test_the_estimate_of_a_county_is_nearer_than_a_promille() -> None:
    """Around the school the rounding to whole metres is all that differs by much."""
    stops = places(25)
    travel = estimate_travel(DEYANG, stops, detour_milli=1320)
    points = [DEYANG, *stops.values()]
    for row, one in enumerate(points):
        for column, other in enumerate(points):
            right_m = geodesic((one.lat, one.lon), (other.lat, other.lon)).m * 1.32
            assert 0 <= travel.distance_m[row, column] - right_m <= 1 + right_m / 10_000


@pytest.mark.parametrize("cap_kmh", [20, 45, 60, 500])
def test_the_estimate_never_passes_the_cap_nor_the_law(cap_kmh: int) -> None:
    """No pair is faster than the cap, in exact integers; in bad weather that is 20 km/h (art. 35)."""
    travel = estimate_travel(DEYANG, places(40), cap_kmh=cap_kmh)
    assert bool((travel.distance_m * 3600 <= cap_kmh * 1000 * travel.duration_s).all())
    for metres, seconds in zip(travel.distance_m.flat, travel.duration_s.flat, strict=True):
        assert seconds == lawful_duration_s(int(metres), int(seconds))


def test_longer_legs_are_faster() -> None:
    """A coach crawls in town and runs on the open road."""
    near, far = Position(lat=31.135, lon=104.398), Position(lat=31.6, lon=104.9)
    travel = estimate_travel(DEYANG, {"near": near, "far": far})
    metres, seconds = travel.between(CAMPUS, "near")
    far_metres, far_seconds = travel.between(CAMPUS, "far")
    assert metres / seconds < 25 / 3.6
    assert far_metres / far_seconds > 50 / 3.6


def test_many_stops_are_estimated_and_the_same_place_is_no_way() -> None:
    """More rows than are worked at once; every cell is that of the pair alone; twins are 0 m apart."""
    stops = places(150)
    stops["twin"] = stops["S0"]
    travel = estimate_travel(DEYANG, stops)
    assert travel.distance_m.shape == (152, 152)
    assert travel.between("twin", "S0") == (0, 0)
    for name in ("S0", "S63", "S64", "S149"):
        alone = estimate_travel(DEYANG, {name: stops[name]})
        assert travel.between(CAMPUS, name) == alone.between(CAMPUS, name)


@pytest.mark.parametrize(("cap_kmh", "detour_milli"), [(0, 1320), (60, 999)])
def test_senseless_parameters_are_refused(cap_kmh: int, detour_milli: int) -> None:
    """No speed at all and a road shorter than the straight way are no estimates."""
    with pytest.raises(InvalidInput):
        estimate_travel(DEYANG, {}, cap_kmh=cap_kmh, detour_milli=detour_milli)


def test_as_a_source_it_keeps_the_schools_detour_and_its_name() -> None:
    """The source gives what the function gives, calls itself an estimate and has nothing to warn of."""
    stops = places(3)
    travelled = Estimate(detour_milli=1500).travel(Places(campus=DEYANG, stops=stops))
    right = estimate_travel(DEYANG, stops, detour_milli=1500)
    assert travelled.origin is TravelOrigin.ESTIMATE
    assert travelled.notices == ()
    assert bool((travelled.times.distance_m == right.distance_m).all())
