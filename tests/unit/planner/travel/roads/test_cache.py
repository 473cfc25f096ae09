"""What was measured is kept under its content: found again, never mistaken, never worse than none."""

import os
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from busops.domain.values import Position
from busops.planner.travel.roads.cache import KEPT_DAYS, MatrixCache, content_key
from busops.planner.travel.source import Measured
from tests.machine import FixedClock

KEY = "ab" * 32
PLACES = [Position(lat=31.1, lon=104.3), Position(lat=31.2, lon=104.4)]
SOURCE = {"service": "osrm", "address": "http://127.0.0.1:5000", "profile": "driving"}


def measured(count: int, start: int = 1) -> Measured:
    """A matrix whose cells are all different."""
    made = Measured.nothing(count)
    made.distance_m[:] = np.arange(start, start + count * count).reshape(count, count)
    made.duration_s[:] = made.distance_m * 2
    made.to_road_m[:] = np.arange(count)
    return made


def cache(folder: Path, *, most_bytes: int = 10**6, clock: FixedClock | None = None) -> MatrixCache:
    """A cache in ``folder``."""
    return MatrixCache(folder=folder, most_bytes=most_bytes, clock=clock or FixedClock())


def test_what_is_stored_is_found_again(tmp_path: Path) -> None:
    """All three parts come back as they were; another key or another size finds nothing."""
    made = cache(tmp_path / "new")
    assert made.load(KEY, 3) is None
    assert made.store(KEY, measured(3))
    found = made.load(KEY, 3)
    assert found is not None
    for name in ("distance_m", "duration_s", "to_road_m"):
        assert np.array_equal(getattr(found, name), getattr(measured(3), name))
    assert made.load(KEY, 4) is None
    assert made.load("cd" * 32, 3) is None


def test_nothing_but_whole_files_lies_in_the_folder(tmp_path: Path) -> None:
    """Drafts are gone after storing, and storing again replaces."""
    made = cache(tmp_path)
    made.store(KEY, measured(3))
    made.store(KEY, measured(3, start=100))
    assert [path.name for path in tmp_path.iterdir()] == [f"{KEY}.matrix"]
    found = made.load(KEY, 3)
    assert found is not None
    assert found.distance_m[0, 0] == 100


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1), flip=st.integers(1, 255), cut=st.booleans())
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, at: float, flip: int, cut: bool) -> None:
    """Any byte changed, or the file cut anywhere: it is not read, and storing anew heals it."""
    made = cache(tmp_path)
    made.store(KEY, measured(3))
    path = tmp_path / f"{KEY}.matrix"
    body = bytearray(path.read_bytes())
    place = int(at * (len(body) - 1))
    if cut:
        del body[place:]
    else:
        body[place] ^= flip
    path.write_bytes(body)
    assert made.load(KEY, 3) is None
    made.store(KEY, measured(3))
    assert made.load(KEY, 3) is not None


def test_a_file_under_anothers_name_is_not_believed(tmp_path: Path) -> None:
    """A file knows what it is the answer to; copied under another question's name it is none."""
    made = cache(tmp_path)
    made.store(KEY, measured(3))
    other = "cd" * 32
    (tmp_path / f"{KEY}.matrix").rename(tmp_path / f"{other}.matrix")
    assert made.load(other, 3) is None


def test_roads_change_so_nothing_is_kept_for_ever(tmp_path: Path) -> None:
    """A month later the question is asked anew."""
    clock = FixedClock()
    made = cache(tmp_path, clock=clock)
    made.store(KEY, measured(3))
    clock.advance(timedelta(days=KEPT_DAYS).total_seconds())
    assert made.load(KEY, 3) is not None
    clock.advance(1)
    assert made.load(KEY, 3) is None


def test_the_longest_unread_make_room(tmp_path: Path) -> None:
    """Over the limit the oldest go first; one that was read lately stays, the newest always does."""
    size = len(_stored_bytes(tmp_path / "one"))
    made = cache(tmp_path / "many", most_bytes=2 * size + size // 2)
    keys = [f"{number:064x}" for number in range(3)]
    for age, key in zip((300, 200), keys, strict=False):
        made.store(key, measured(12))
        _age(tmp_path / "many" / f"{key}.matrix", age)
    assert made.load(keys[0], 12) is not None  # read: now the younger of the two
    made.store(keys[2], measured(12))
    assert [made.load(key, 12) is not None for key in keys] == [True, False, True]
    assert made.size_bytes() <= 2 * size + size // 2


def _stored_bytes(folder: Path) -> bytes:
    cache(folder).store(KEY, measured(12))
    return (folder / f"{KEY}.matrix").read_bytes()


def _age(path: Path, seconds: int) -> None:
    at = path.stat().st_mtime - seconds
    os.utime(path, (at, at))


def test_a_folder_that_takes_nothing_is_told_not_fatal(tmp_path: Path) -> None:
    """Where a file stands in the folder's place, storing says no and loading finds nothing."""
    taken = tmp_path / "taken"
    taken.write_text("", encoding="ascii")
    made = cache(taken)
    assert made.store(KEY, measured(2)) is False
    assert made.load(KEY, 2) is None


@pytest.mark.parametrize(
    "changed",
    [
        (SOURCE | {"profile": "bus"}, PLACES),
        (SOURCE, PLACES[::-1]),
        (SOURCE, [PLACES[0], Position(lat=31.2, lon=104.400001)]),
    ],
)
def test_a_key_is_its_content(changed: tuple[dict[str, str], list[Position]]) -> None:
    """Another profile, order or a decimetre is another key; less than that, or another dict order, is not."""
    key = content_key(SOURCE, PLACES)
    assert content_key(*changed) != key
    near = [PLACES[0], Position(lat=31.2, lon=104.4 + 1e-8)]
    assert content_key(dict(reversed(SOURCE.items())), near) == key
    assert len(key) == 64
