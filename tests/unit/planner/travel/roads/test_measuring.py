"""A road service as a travel source: asked once, lawful, and honest about what is odd or missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from busops.domain.findings import Finding, Severity
from busops.domain.network import lawful_duration_s
from busops.domain.road_source import TravelOrigin
from busops.domain.values import CAMPUS, Position
from busops.planner.travel import Places
from busops.planner.travel.roads.amap import Amap
from busops.planner.travel.roads.cache import MatrixCache
from busops.planner.travel.roads.http_json import JsonServer
from busops.planner.travel.roads.map_service import MapService, Pace
from busops.planner.travel.roads.measuring import Roads
from busops.planner.travel.roads.osrm import Osrm
from busops.planner.travel.roads.quota import DailyQuota
from busops.planner.travel.source import Measured, NoRoadNear, TravelUnavailable
from tests.machine import FixedClock
from tests.unit.planner.travel.roads.servers import Served, amap, failing, osrm, serve

KEY = "sentinel-key-0123456789"
CAMPUS_AT = Position(lat=31.127, lon=104.398)


@dataclass(slots=True)
class Country:
    """A road service of few roads: ways of 10 km in 900 s, but for what is set; it counts its questions."""

    ways: dict[tuple[float, float], tuple[int, int]] = field(default_factory=dict)  # by both longitudes
    off_road: frozenset[float] = frozenset()  # by longitude
    most: int = 10_000
    to_road_m: int = 0
    questions: list[int] = field(default_factory=list)
    origin: TravelOrigin = TravelOrigin.OSRM

    def identity(self) -> Mapping[str, str]:
        """Always the same country."""
        return {"service": "country"}

    def measure(self, positions: Sequence[Position], measured: Measured) -> None:
        """The ways, or what is wrong with the question."""
        if len(positions) > self.most:
            raise TravelUnavailable("travel_quota_short", service="country", left=self.most)
        lost = [number for number, place in enumerate(positions) if place.lon in self.off_road]
        if lost:
            raise NoRoadNear(lost)
        self.questions.append(len(positions))
        for row, one in enumerate(positions):
            measured.to_road_m[row] = self.to_road_m
            for column, other in enumerate(positions):
                if row != column:
                    metres, seconds = self.ways.get((one.lon, other.lon), (10_000, 900))
                    measured.distance_m[row, column] = metres
                    measured.duration_s[row, column] = seconds


def places(*lons: float, beside: Sequence[float] = ()) -> Places:
    """The campus and a stop at each longitude, named by it."""
    return Places(
        campus=CAMPUS_AT,
        stops={f"S{lon}": Position(lat=31.1, lon=lon) for lon in lons},
        beside=tuple(Position(lat=31.1, lon=lon) for lon in beside),
    )


@pytest.fixture
def cache(tmp_path: Path) -> MatrixCache:
    """An empty cache."""
    return MatrixCache(folder=tmp_path / "kept", most_bytes=10**6, clock=FixedClock())


def codes(notices: Sequence[Finding]) -> list[str]:
    """The codes, in order; every one is a warning."""
    assert {notice.severity for notice in notices} <= {Severity.WARN}
    return [notice.code for notice in notices]


def test_the_same_places_are_asked_once_in_any_order(cache: MatrixCache) -> None:
    """What is kept serves other names and another order too; each cell goes with its place."""
    country = Country(ways={(104.1, 104.2): (7000, 700), (104.2, 104.1): (8000, 800)})
    roads = Roads(service=country, cache=cache)
    first = roads.travel(places(104.1, 104.2)).times
    second = roads.travel(places(104.2, 104.1)).times
    assert country.questions == [3]
    for times in (first, second):
        assert times.between("S104.1", "S104.2") == (7000, 700)
        assert times.between("S104.2", "S104.1") == (8000, 800)
    assert first.ids == (CAMPUS, "S104.1", "S104.2")


def test_another_weekends_stops_are_measured_along(cache: MatrixCache) -> None:
    """With all stops beside, any choice of them is answered from what is kept."""
    country = Country()
    roads = Roads(service=country, cache=cache)
    roads.travel(places(104.1, beside=(104.2, 104.3)))
    times = roads.travel(places(104.2, 104.3, beside=(104.1,))).times
    assert country.questions == [4]
    assert times.ids == (CAMPUS, "S104.2", "S104.3")


def test_stops_beside_cost_nobody_his_plan(cache: MatrixCache) -> None:
    """Where a stop beside is off the road, or all are too many for the quota, the wanted alone are asked."""
    for country in (Country(off_road=frozenset({104.3})), Country(most=2)):
        times = Roads(service=country, cache=cache).travel(places(104.1, beside=(104.2, 104.3))).times
        assert country.questions in ([2], [])
        assert times.ids == (CAMPUS, "S104.1")


def test_too_many_stops_beside_are_not_waited_for_but_used_when_kept(cache: MatrixCache) -> None:
    """Beyond three hundred places a plan measures its own alone, unless somebody measured all before."""
    country = Country()
    roads = Roads(service=country, cache=cache)
    lons = [round(104 + number / 1000, 3) for number in range(300)]
    roads.travel(places(104.0, beside=lons))
    roads.travel(places(*lons))
    roads.travel(places(104.1, beside=lons))
    assert country.questions == [2, 301]


def test_two_stops_at_one_place_are_no_way_apart(cache: MatrixCache) -> None:
    """The place is asked for once, and both names have its ways."""
    country = Country()
    here = Position(lat=31.1, lon=104.1)
    both = Places(campus=CAMPUS_AT, stops={"S1": here, "twin": here})
    times = Roads(service=country, cache=cache).travel(both).times
    assert country.questions == [2]
    assert times.between("S1", "twin") == (0, 0)
    assert times.between(CAMPUS, "S1") == times.between(CAMPUS, "twin") == (10_000, 900)


def test_ways_faster_than_the_law_are_slowed_and_told(cache: MatrixCache) -> None:
    """What is kept stays as it was said; the plan gets lawful seconds, and one warning the worst first."""
    country = Country(ways={(104.1, 104.2): (40_000, 1200), (104.2, 104.1): (40_000, 1790)})
    roads = Roads(service=country, cache=cache)
    for _ in range(2):  # measured, then from what is kept
        travelled = roads.travel(places(104.1, 104.2))
        times = travelled.times
        assert times.between("S104.1", "S104.2") == (40_000, 1800)
        for metres, seconds in zip(times.distance_m.flat, times.duration_s.flat, strict=True):
            assert seconds == lawful_duration_s(int(metres), int(seconds))
        (told,) = travelled.notices
        assert (told.code, told.facts["count"]) == ("travel_legs_slowed", 2)
        assert told.facts["worst"].startswith("S104.1→S104.2 40000 m / 1200 s; S104.2→S104.1")


def test_missing_roads_are_named_pair_by_pair(cache: MatrixCache) -> None:
    """No road between two wanted places: unavailable, and every such pair is named in its direction."""
    country = Country(ways={(104.1, 104.2): (-1, -1), (104.398, 104.1): (-1, -1)})
    with pytest.raises(TravelUnavailable) as refusal:
        Roads(service=country, cache=cache).travel(places(104.1, 104.2))
    assert refusal.value.code == "travel_roads_missing"
    assert [reason.place for reason in refusal.value.reasons] == [f"{CAMPUS}→S104.1", "S104.1→S104.2"]


def test_hundreds_of_missing_roads_are_counted(cache: MatrixCache) -> None:
    """Two hundred pairs are named, the others counted."""
    lons = [round(104 + number / 100, 2) for number in range(20)]
    country = Country(ways={(one, other): (-1, -1) for one in lons for other in lons})
    with pytest.raises(TravelUnavailable) as refusal:
        Roads(service=country, cache=cache).travel(places(*lons))
    last = refusal.value.reasons[-1]
    assert (last.code, last.facts["count"]) == ("travel_ways_missing_more", 20 * 19 - 200)


def test_places_off_the_road_are_named(cache: MatrixCache) -> None:
    """The service knows numbers; the refusal knows the stops."""
    country = Country(off_road=frozenset({104.2, 104.398}))
    with pytest.raises(TravelUnavailable) as refusal:
        Roads(service=country, cache=cache).travel(places(104.1, 104.2))
    assert refusal.value.code == "travel_places_off_road"
    assert [reason.place for reason in refusal.value.reasons] == [CAMPUS, "S104.2"]


def test_a_far_road_and_a_walkers_speed_are_warned_of(cache: MatrixCache) -> None:
    """Stops that were moved far to their road and ways that no bus drives so slowly are told."""
    country = Country(
        to_road_m=301, ways={(104.398, 104.1): (10_000, 7200), (104.1, 104.398): (10_000, 7000)}
    )
    travelled = Roads(service=country, cache=cache).travel(places(104.1))
    assert codes(travelled.notices) == ["travel_far_from_road"] * 2 + ["travel_speeds_unlikely"]
    assert travelled.notices[-1].facts["kmh"] == 5
    assert codes(Roads(service=Country(to_road_m=300), cache=cache).travel(places(104.7)).notices) == []


def test_a_full_disk_costs_time_not_the_plan(tmp_path: Path) -> None:
    """Where nothing can be kept the matrices are used all the same, with a warning."""
    taken = tmp_path / "taken"
    taken.write_text("", encoding="ascii")
    cache = MatrixCache(folder=taken, most_bytes=10**6, clock=FixedClock())
    travelled = Roads(service=Country(), cache=cache).travel(places(104.1))
    assert codes(travelled.notices) == ["travel_cache_refuses"]


def test_what_was_answered_before_a_failure_is_not_asked_again(tmp_path: Path, cache: MatrixCache) -> None:
    """AMap fails after ten of twenty-five targets: the next plan asks for the other fifteen alone."""
    with serve(amap(KEY)) as served:
        server = JsonServer(address=served.address, secret=KEY, tries=1, pause=lambda _seconds: None)
        quota = DailyQuota(folder=tmp_path, name="amap", most=26, clock=FixedClock())
        service = MapService(origin=TravelOrigin.AMAP, server=server, quota=quota, pace=Pace(0))
        roads = Roads(service=Amap(service=service), cache=cache)
        stops = {f"S{number}": Position(lat=31 + number / 50, lon=104 + number / 70) for number in range(24)}
        county = Places(campus=CAMPUS_AT, stops=stops)
        served.stumbles += [None] * 10 + [failing(503)]
        with pytest.raises(TravelUnavailable):
            roads.travel(county)
        times = roads.travel(county).times
    targets = [query["destination"] for _, query in served.asked]
    assert len(targets) == 26  # 25 and the one that failed
    assert len(set(targets)) == 25
    assert bool((times.distance_m + np.eye(25) > 0).all())
    assert len(list(cache.folder.iterdir())) == 1  # the half is gone when the whole is there


@pytest.fixture
def served() -> Iterator[Served]:
    """An OSRM server."""
    with serve(osrm()) as running:
        yield running


def test_a_whole_county_by_osrm_is_asked_once(served: Served, cache: MatrixCache) -> None:
    """Server, blocks, cache and law together: the second plan of the same places asks nothing."""
    server = JsonServer(address=served.address, pause=lambda _seconds: None)
    roads = Roads(service=Osrm(server=server, most_places=10), cache=cache)
    stops = {f"S{number}": Position(lat=31 + number / 50, lon=104 + number / 70) for number in range(24)}
    county = Places(campus=CAMPUS_AT, stops=stops)
    first = roads.travel(county).times
    requests = len(served.asked)
    second = roads.travel(county).times
    assert requests == 25
    assert len(served.asked) == requests
    assert np.array_equal(first.duration_s, second.duration_s)
    assert bool((first.distance_m * 3600 <= 80_000 * first.duration_s).all())
