"""AMap and Tencent: shifted coordinates, batches within their limits, a quota that is never passed."""

import traceback
from pathlib import Path
from typing import Any

import pytest

from busops.domain.road_source import TravelOrigin
from busops.domain.values import Position, wgs84_to_gcj02
from busops.planner.travel.roads.amap import Amap
from busops.planner.travel.roads.http_json import JsonServer
from busops.planner.travel.roads.map_service import MapService, Pace
from busops.planner.travel.roads.quota import DailyQuota
from busops.planner.travel.roads.tencent import Tencent
from busops.planner.travel.source import Measured, TravelUnavailable
from tests.machine import FixedClock
from tests.unit.planner.travel.roads.servers import Served, all_of, amap, failing, serve, tencent, way

KEY = "sentinel-key-0123456789"
UNREADABLE = "travel_answer_unreadable"
BOTH = pytest.mark.parametrize("origin", [TravelOrigin.AMAP, TravelOrigin.TENCENT])
SERVERS = {TravelOrigin.AMAP: amap, TravelOrigin.TENCENT: tencent}


def positions(count: int) -> list[Position]:
    """Places near the school, none twice."""
    return [
        Position(lat=31.1 + 0.013 * number, lon=104.3 + 0.009 * (number * 5 % 11)) for number in range(count)
    ]


def service(
    origin: TravelOrigin, served: Served, folder: Path, *, most: int = 100_000, key: str = KEY, **changed: Any
) -> Amap | Tencent:
    """The source over a test server, without pauses."""
    server = JsonServer(address=served.address, secret=key, pause=lambda _seconds: None)
    quota = DailyQuota(folder=folder, name=origin.value, most=most, clock=FixedClock())
    shared = MapService(origin=origin, server=server, quota=quota, pace=Pace(0))
    if origin is TravelOrigin.AMAP:
        return Amap(service=shared, **changed)
    return Tencent(service=shared, **changed)


def assert_right(measured: Measured, places: list[Position]) -> None:
    """Every cell is the invented country's way between the shifted places."""
    shifted = [wgs84_to_gcj02(place) for place in places]
    for row, one in enumerate(shifted):
        for column, other in enumerate(shifted):
            metres, seconds = way(one, other)
            assert abs(measured.distance_m[row, column] - metres) <= 1.5
            assert -0.2 <= measured.duration_s[row, column] - seconds < 1.2


@BOTH
def test_the_matrix_is_of_the_shifted_places(origin: TravelOrigin, tmp_path: Path) -> None:
    """WGS-84 goes in, GCJ-02 is asked for, each way in its own direction."""
    places = positions(9)
    with serve(SERVERS[origin](KEY)) as served:
        assert_right(all_of(service(origin, served, tmp_path), places), places)
    lat, lon = wgs84_to_gcj02(places[0])
    text = f"{lon:.6f},{lat:.6f}" if origin is TravelOrigin.AMAP else f"{lat:.6f},{lon:.6f}"
    assert any(text in str(query) for _, query in served.asked)


def test_amap_asks_once_for_each_target_and_hundred_origins(tmp_path: Path) -> None:
    """103 places: two requests a target, 206 in all, each counted; no place is asked from itself."""
    places = positions(103)
    with serve(amap(KEY)) as served:
        source = service(TravelOrigin.AMAP, served, tmp_path)
        assert_right(all_of(source, places), places)
    sizes = [len(query["origins"].split("|")) for _, query in served.asked]
    assert sorted(set(sizes)) == [2, 100]
    assert len(served.asked) == 206
    assert source.service.quota.left() == 100_000 - 206


def test_tencent_asks_in_squares_and_pays_by_pairs(tmp_path: Path) -> None:
    """30 places: 25 + 5 on each side, four requests, 900 pairs of the quota."""
    places = positions(30)
    with serve(tencent(KEY)) as served:
        source = service(TravelOrigin.TENCENT, served, tmp_path)
        assert_right(all_of(source, places), places)
    sizes = sorted(len(query["from"].split(";")) * len(query["to"].split(";")) for _, query in served.asked)
    assert sizes == [25, 125, 125, 625]
    assert source.service.quota.left() == 100_000 - 900


@pytest.mark.parametrize(
    ("origin", "batch", "requests"),
    [(TravelOrigin.AMAP, {"most_origins": 4}, 30), (TravelOrigin.TENCENT, {"most_pairs": 9}, 15)],
)
def test_a_smaller_batch_is_kept_to(
    origin: TravelOrigin, batch: dict[str, int], requests: int, tmp_path: Path
) -> None:
    """A school may set how much one request holds; ten places take more requests, none in vain."""
    places = positions(10)
    with serve(SERVERS[origin](KEY)) as served:
        assert_right(all_of(service(origin, served, tmp_path, **batch), places), places)
    assert len(served.asked) == requests


@BOTH
def test_without_enough_quota_nothing_is_asked(origin: TravelOrigin, tmp_path: Path) -> None:
    """The whole need is known before; the refusal says how much is needed and how much is left."""
    needed = 6 if origin is TravelOrigin.AMAP else 36
    with serve(SERVERS[origin](KEY)) as served:
        source = service(origin, served, tmp_path, most=needed - 1)
        with pytest.raises(TravelUnavailable) as refusal:
            all_of(source, positions(6))
    assert refusal.value.code == "travel_quota_short"
    facts = refusal.value.facts
    assert (facts["needed"], facts["left"], facts["quota"]) == (needed, needed - 1, needed - 1)
    assert served.asked == []


@BOTH
def test_tries_that_failed_are_paid_for_too(origin: TravelOrigin, tmp_path: Path) -> None:
    """The service counts what it was asked, so a repeated request is counted again, up to the quota."""
    needed = 4 if origin is TravelOrigin.AMAP else 16
    with serve(SERVERS[origin](KEY)) as served:
        served.stumbles += [failing(503)]
        source = service(origin, served, tmp_path, most=needed)
        with pytest.raises(TravelUnavailable) as refusal:
            all_of(source, positions(4))
    assert refusal.value.code == "travel_quota_short"
    assert source.service.quota.left() == 0


@BOTH
def test_a_place_without_a_road_has_no_way(origin: TravelOrigin, tmp_path: Path) -> None:
    """A place that the service finds no road near has −1 in the cells that it answers so."""
    places = [*positions(2), Position(lat=53.4, lon=122.3)]
    with serve(SERVERS[origin](KEY)) as served:
        measured = all_of(service(origin, served, tmp_path), places)
    assert measured.distance_m[2, 0] == measured.duration_s[2, 0] == -1
    assert measured.distance_m[0, 1] > 0


@pytest.mark.parametrize(
    ("origin", "answer", "code"),
    [
        (TravelOrigin.AMAP, {"status": "0", "infocode": "10003", "info": "DAILY"}, "travel_quota_used_up"),
        (TravelOrigin.AMAP, {"status": "0", "infocode": "10021", "info": "QPS"}, "travel_service_busy"),
        (TravelOrigin.AMAP, {"status": "0", "infocode": "20000", "info": "ODD"}, "travel_service_refuses"),
        (TravelOrigin.AMAP, {"status": "1", "results": "none"}, UNREADABLE),
        (TravelOrigin.AMAP, {"status": "1", "results": []}, UNREADABLE),
        (TravelOrigin.AMAP, {"status": "1", "results": [{"origin_id": "1", "distance": "far"}]}, UNREADABLE),
        (TravelOrigin.TENCENT, {"status": 121, "message": "daily"}, "travel_quota_used_up"),
        (TravelOrigin.TENCENT, {"status": 120, "message": "too fast"}, "travel_service_busy"),
        (TravelOrigin.TENCENT, {"status": 348, "message": "odd"}, "travel_service_refuses"),
        (TravelOrigin.TENCENT, {"status": 0, "result": {}}, UNREADABLE),
        (TravelOrigin.TENCENT, {"status": 0, "result": {"rows": [{"elements": [7, 8]}]}}, UNREADABLE),
        (TravelOrigin.TENCENT, {"status": 0, "result": {"rows": [{"elements": [{}, {}]}] * 2}}, UNREADABLE),
        (TravelOrigin.TENCENT, ["odd"], UNREADABLE),
    ],
)
def test_each_refusal_has_its_own_code(origin: TravelOrigin, answer: Any, code: str, tmp_path: Path) -> None:
    """Used up, too fast, refused or unreadable: each is told apart, and what passes was asked again."""
    with serve(lambda _path, _query: (200, answer)) as served:
        source = service(origin, served, tmp_path)
        with pytest.raises(TravelUnavailable) as refusal:
            all_of(source, positions(2))
    assert refusal.value.code == code
    passing = code in {"travel_service_busy", UNREADABLE}
    assert len(served.asked) == (4 if passing else 1)
    if code == "travel_quota_used_up":
        assert source.service.quota.left() == 0


@BOTH
def test_a_wrong_key_is_told_without_the_key(origin: TravelOrigin, tmp_path: Path) -> None:
    """Even from a service that repeats the key in its answer; and the source's repr hides it."""
    with serve(SERVERS[origin]("another-key")) as served:
        source = service(origin, served, tmp_path)
        with pytest.raises(TravelUnavailable) as refusal:
            all_of(source, positions(2))
    assert refusal.value.code == "travel_key_refused"
    told = "".join(traceback.format_exception(refusal.value)) + repr(refusal.value.facts) + repr(source)
    assert KEY not in told
    assert KEY not in str(source.identity())
    assert all(KEY not in path.name for path in tmp_path.iterdir())


def test_requests_wait_their_turn() -> None:
    """Two a second: one that comes early waits out its half second, a late one does not; 0 never waits."""
    waits: list[float] = []
    moments = iter([10.0, 10.25, 10.75, 12.0, 12.0])
    pace = Pace(2, now=lambda: next(moments))
    for _ in range(5):
        pace.wait(waits.append)
    assert waits == [0.25, 0.25, 0.5]
    unhurried = Pace(0, now=lambda: 7.0)
    for _ in range(4):
        unhurried.wait(waits.append)
    assert len(waits) == 3


@BOTH
def test_every_try_keeps_the_pace(origin: TravelOrigin, tmp_path: Path) -> None:
    """A repeated try waits its turn like any other request."""
    paused: list[float] = []
    with serve(SERVERS[origin](KEY)) as served:
        served.stumbles += [failing(503)]
        server = JsonServer(address=served.address, secret=KEY, pause=paused.append)
        quota = DailyQuota(folder=tmp_path, name=origin.value, most=1000, clock=FixedClock())
        shared = MapService(origin=origin, server=server, quota=quota, pace=Pace(1, now=lambda: 0.0))
        source = Amap(service=shared) if origin is TravelOrigin.AMAP else Tencent(service=shared)
        all_of(source, positions(2))
    turns = [seconds for seconds in paused if seconds not in {0.25, 0.5}]  # those are the back-off's
    assert len(turns) == len(served.asked) - 1
