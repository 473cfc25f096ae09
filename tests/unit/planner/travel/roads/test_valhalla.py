"""
Valhalla in this process, on a real map: tiles built, ways measured, what is off the map told.

Needs the package (Python 3.12 or newer) and an OpenStreetMap extract: ROADS_TEST_MAP, or
``../shared/data/osm/andorra.osm.pbf`` beside the checkout. Without either these tests are skipped,
and say so.
"""

import importlib.util
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from busops.domain.errors import InvalidInput
from busops.domain.road_source import TravelOrigin
from busops.domain.values import CAMPUS, Position
from busops.planner.travel import Places
from busops.planner.travel.roads.cache import MatrixCache
from busops.planner.travel.roads.measuring import Roads
from busops.planner.travel.roads.tiles import PACKAGE, BuiltTiles, build_tiles, read_built
from busops.planner.travel.roads.valhalla import Valhalla
from busops.planner.travel.source import NoRoadNear, TravelUnavailable
from tests.machine import FixedClock
from tests.unit.planner.travel.roads.servers import all_of

CHECKOUT = Path(__file__).resolve().parents[5]
MAP = Path(
    os.environ.get("ROADS_TEST_MAP") or CHECKOUT.parent / "shared" / "data" / "osm" / "andorra.osm.pbf"
)
HAS_PACKAGE = importlib.util.find_spec(PACKAGE) is not None
MISSING = [] if HAS_PACKAGE else ["pyvalhalla is NOT INSTALLED (extra roads, Python ≥ 3.12)"]
MISSING += [] if MAP.is_file() else [f"no map {MAP.name} (ROADS_TEST_MAP)"]
needs_valhalla = pytest.mark.skipif(
    bool(MISSING), reason="; ".join([*MISSING, "Valhalla is NOT TESTED here"])
)
# Towns of Andorra, which the extract is of.
TOWNS = {
    "capital": Position(lat=42.5063, lon=1.5218),
    "east": Position(lat=42.5420, lon=1.5977),
    "south": Position(lat=42.4630, lon=1.4910),
    "north": Position(lat=42.5560, lon=1.5330),
}
IN_CHINA = Position(lat=31.127, lon=104.398)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuiltTiles:
    """Tiles of the extract."""
    return build_tiles(MAP, tmp_path_factory.mktemp("instance") / "roads")


@needs_valhalla
def test_tiles_are_complete_and_say_what_they_are(built: BuiltTiles) -> None:
    """The folder holds tiles and a note that names map, digest and program; no draft is left beside."""
    folder = built.tiles.parent
    assert read_built(folder) == built
    assert built.map_name == MAP.name
    assert built.count == len(list(built.tiles.rglob("*.gph"))) > 0
    assert [path.name for path in folder.parent.iterdir()] == ["roads"]


@needs_valhalla
def test_ways_are_the_roads_of_the_map(built: BuiltTiles) -> None:
    """Longer than the crow flies, both directions of their own, and the blocks make no difference."""
    places = list(TOWNS.values())
    whole = all_of(Valhalla(folder=built.tiles.parent), places)
    cut = all_of(Valhalla(folder=built.tiles.parent, most_places=3), places)
    assert np.array_equal(whole.distance_m, cut.distance_m)
    assert np.array_equal(whole.duration_s, cut.duration_s)
    assert 7000 < whole.distance_m[0, 1] < 9500  # about 8 km along the valley
    assert not np.array_equal(whole.distance_m, whole.distance_m.T)
    assert np.diag(whole.distance_m).tolist() == [0] * 4
    assert whole.to_road_m.min() >= 0
    assert whole.to_road_m[0] < 20  # in the middle of the capital


@needs_valhalla
def test_as_a_source_it_is_lawful_named_and_kept(built: BuiltTiles, tmp_path: Path) -> None:
    """Through the cache: what was kept is the same to the second, and it is Valhalla's by name."""
    cache = MatrixCache(folder=tmp_path / "kept", most_bytes=10**6, clock=FixedClock())
    places = Places(campus=TOWNS["capital"], stops={"E": TOWNS["east"], "N": TOWNS["north"]})
    roads = Roads(service=Valhalla(folder=built.tiles.parent), cache=cache)
    first = roads.travel(places)
    assert first.origin is TravelOrigin.VALHALLA
    metres, seconds = first.times.between(CAMPUS, "E")
    assert metres * 3600 <= 80_000 * seconds
    second = roads.travel(places)
    assert np.array_equal(first.times.duration_s, second.times.duration_s)


@needs_valhalla
def test_all_places_off_the_map_are_told(built: BuiltTiles) -> None:
    """A school in China on a map of Andorra: its numbers, all at once."""
    with pytest.raises(NoRoadNear) as fault:
        all_of(Valhalla(folder=built.tiles.parent), [TOWNS["capital"], IN_CHINA, TOWNS["east"], IN_CHINA])
    assert fault.value.numbers == (1, 3)


@needs_valhalla
def test_building_again_replaces_and_a_failure_leaves_the_old(built: BuiltTiles, tmp_path: Path) -> None:
    """New tiles stand where the old were; a broken map changes nothing."""
    folder = tmp_path / "roads"
    shutil.copytree(built.tiles.parent, folder)
    (folder / "old").write_text("", encoding="ascii")
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(MAP.read_bytes()[:5000])
    with pytest.raises(InvalidInput) as refusal:
        build_tiles(broken, folder)
    assert refusal.value.code in {"roads_build_failed", "roads_map_has_no_roads"}
    assert (folder / "old").exists()
    assert build_tiles(MAP, folder).count == built.count
    assert not (folder / "old").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.osm.pbf", "roads"]


@needs_valhalla
def test_a_wish_to_stop_ends_the_measuring(built: BuiltTiles) -> None:
    """Asked before each block."""
    with pytest.raises(TravelUnavailable) as refusal:
        all_of(Valhalla(folder=built.tiles.parent, should_stop=lambda: True), list(TOWNS.values()))
    assert refusal.value.code == "travel_measuring_stopped"


def test_without_tiles_the_source_says_what_to_do(tmp_path: Path) -> None:
    """No tiles, or a note that is none: not built, with the folder."""
    for note in (None, "{", '{"map_name": 1}'):
        if note is not None:
            (tmp_path / "built.json").write_text(note, encoding="utf-8")
        with pytest.raises(TravelUnavailable) as refusal:
            Valhalla(folder=tmp_path).identity()
        assert refusal.value.code == "travel_roads_not_built"


@pytest.mark.parametrize("content", [b"", b"not a map", b"PK\x03\x04" + b"x" * 100])
def test_a_file_that_is_no_map_is_refused_at_once(content: bytes, tmp_path: Path) -> None:
    """Before any program runs, and without the package too."""
    path = tmp_path / "x.osm.pbf"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as refusal:
        build_tiles(path, tmp_path / "roads")
    assert refusal.value.code == "roads_map_unreadable"
    assert not (tmp_path / "roads").exists()


@pytest.mark.skipif(HAS_PACKAGE, reason="pyvalhalla is installed here")
def test_without_the_package_both_sides_say_how_to_get_it(tmp_path: Path) -> None:
    """Neither building nor measuring fails in a puzzling way where the extra is missing."""
    path = tmp_path / "x.osm.pbf"
    path.write_bytes(b"\x00\x00\x00\x0d\x0a\x09OSMHeader" + b"\x00" * 60)
    with pytest.raises(TravelUnavailable) as refusal:
        build_tiles(path, tmp_path / "roads")
    assert refusal.value.code == "travel_roads_not_installed"
    assert refusal.value.facts["python"].startswith("3.")
    assert [one.name for one in tmp_path.iterdir()] == ["x.osm.pbf"]
