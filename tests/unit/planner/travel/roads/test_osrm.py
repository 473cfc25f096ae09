"""OSRM: the whole matrix through a server that takes few places at once, and its refusals in our terms."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from busops.domain.values import Position
from busops.planner.travel.roads.http_json import JsonServer
from busops.planner.travel.roads.osrm import Osrm
from busops.planner.travel.source import NoRoadNear, TravelUnavailable
from tests.unit.planner.travel.roads.servers import (
    Answer,
    Query,
    Served,
    all_of,
    cut_off,
    failing,
    osrm,
    serve,
    way,
)


def positions(count: int) -> list[Position]:
    """Places some kilometres apart, none twice."""
    return [
        Position(lat=31.1 + 0.011 * number, lon=104.3 + 0.017 * (number * 7 % 13)) for number in range(count)
    ]


def asked(served: Served, **changed: Any) -> Osrm:
    """An OSRM source over a test server, without pauses."""
    server = JsonServer(address=served.address, pause=lambda _seconds: None)
    return Osrm(server=server, **changed)


@pytest.fixture
def served() -> Iterator[Served]:
    """A server with osrm-routed's own limit."""
    with serve(osrm()) as running:
        yield running


@pytest.mark.parametrize(("count", "most"), [(1, 100), (7, 7), (7, 6), (23, 10), (12, 2), (9, 3)])
def test_every_cell_is_the_servers_own_however_it_is_cut(count: int, most: int) -> None:
    """One request or many, blocks that end in the middle: each cell is from its row to its column."""
    places = positions(count)
    with serve(osrm(most=most)) as served:
        measured = all_of(asked(served, most_places=most), places)
    for row, one in enumerate(places):
        for column, other in enumerate(places):
            metres, seconds = way((one.lat, one.lon), (other.lat, other.lon))
            assert abs(measured.distance_m[row, column] - metres) <= 1
            assert 0 <= measured.duration_s[row, column] - seconds < 1.1
    if count > 1:  # of one place alone nothing is asked
        assert measured.to_road_m.tolist() == [4] * count
        assert measured.distance_m[0, count - 1] != measured.distance_m[count - 1, 0]


def test_one_request_is_enough_within_the_limit(served: Served) -> None:
    """A hundred places are asked for once, with coordinates of six decimals and both annotations."""
    all_of(asked(served), positions(100))
    ((path, query),) = served.asked
    assert query == {"annotations": "distance,duration"}
    first = path.removeprefix("/table/v1/driving/").split(";")[0]
    assert first == "104.300000,31.100000"


def test_no_address_grows_beyond_what_servers_take() -> None:
    """However many places a server would allow, an address stays under 8 kB."""
    with serve(osrm(most=5000)) as served:
        measured = all_of(asked(served, most_places=5000), positions(310))
    assert int((measured.distance_m < 0).sum()) == 0
    assert max(len(path) + len(str(query)) for path, query in served.asked) < 8192
    assert len(served.asked) == 9  # 150 + 150 + 10, each with each


def test_stumbles_between_blocks_leave_no_mark(served: Served) -> None:
    """A 503, a cut answer and another 503 on the way: the matrix is the one of a calm day."""
    calm = all_of(asked(served, most_places=4), positions(9))
    served.stumbles += [failing(503), cut_off, failing(503)]
    stormy = all_of(asked(served, most_places=4), positions(9))
    assert np.array_equal(calm.distance_m, stormy.distance_m)
    assert np.array_equal(calm.duration_s, stormy.duration_s)


def test_a_cell_without_a_road_is_minus_one() -> None:
    """null in the server's table is no road, in that direction only."""
    with serve(osrm(gaps=lambda row, column: (row, column) == (2, 0))) as served:
        measured = all_of(asked(served), positions(4))
    assert np.argwhere(measured.distance_m < 0).tolist() == [[2, 0]]
    assert measured.duration_s[2, 0] == -1
    assert measured.distance_m[0, 2] > 0


def test_a_place_off_the_road_is_told_by_its_number() -> None:
    """The server counts within its request; the number told is that among all places."""
    places = positions(5)
    places[3] = Position(lat=61.0, lon=104.0)
    with serve(osrm()) as served, pytest.raises(NoRoadNear) as fault:
        all_of(asked(served, most_places=4), places)
    assert fault.value.numbers == (3,)


def always(answer: Answer) -> Callable[[str, Query], Answer]:
    """A server that says the same to everything."""
    return lambda _path, _query: answer


GOOD = [[0.0, 1.0], [1.0, 0.0]]


def table(distances: Any) -> Answer:
    """A table of good times and these distances."""
    return 200, {"code": "Ok", "durations": GOOD, "distances": distances}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((400, {"code": "TooBig", "message": "Too many table coordinates"}), "travel_request_too_big"),
        ((400, {"code": "InvalidUrl", "message": "malformed"}), "travel_profile_wrong"),
        ((404, {"error": "no such path"}), "travel_profile_wrong"),
        ((404, None), "travel_profile_wrong"),
        ((403, None), "travel_server_refuses"),
        ((302, None), "travel_server_refuses"),
        ((400, {"code": "InvalidQuery", "message": "odd"}), "travel_server_refuses"),
        ((200, {"code": "Ok", "durations": GOOD}), "travel_server_too_old"),
        ((200, [1, 2]), "travel_answer_unreadable"),
        (table(GOOD[:1]), "travel_answer_unreadable"),
        (table([[0], [0]]), "travel_answer_unreadable"),
        (table([[0, -5], [1, 0]]), "travel_answer_unreadable"),
        (table([[0, "5"], [1, 0]]), "travel_answer_unreadable"),
        (table([[0, True], [1, 0]]), "travel_answer_unreadable"),
        (b'{"code":"Ok","durations":[[0,NaN],[1,0]],"distances":[[0,1],[1,0]]}', "travel_answer_unreadable"),
        (b"\xff\xfe", "travel_answer_unreadable"),
    ],
)
def test_each_refusal_has_its_own_code(answer: Answer, code: str) -> None:
    """What the server says wrong, and what it says in the wrong form, is told by a code with words."""
    with serve(always(answer)) as served, pytest.raises(TravelUnavailable) as refusal:
        all_of(asked(served), positions(2))
    assert refusal.value.code == code
    assert served.address.removeprefix("http://") == refusal.value.facts["host"]


def test_a_wrong_profile_is_named() -> None:
    """The profile asked for and what the server said of it are facts of the refusal."""
    with serve(osrm()) as served, pytest.raises(TravelUnavailable) as refusal:
        all_of(asked(served, profile="foot"), positions(2))
    assert refusal.value.code == "travel_profile_wrong"
    assert refusal.value.facts["profile"] == "foot"
    assert "no profile" in refusal.value.facts["said"]


def test_identity_tells_servers_and_profiles_apart(served: Served) -> None:
    """What is kept from one server or profile is never read for another."""
    one = asked(served).identity()
    assert one != asked(served, profile="bus").identity()
    assert one["address"] == served.address
