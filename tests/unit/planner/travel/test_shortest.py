"""The shortest ways from and to the campus: those of all pairs, for thousands of places."""

import numpy as np
import pytest

from busops.planner.demand import shortest_ways
from busops.planner.travel.shortest import shortest_from_campus

PLACES = 3000


def winding(seed: int, places: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Ways by chance, most of them longer than over other places, one way not as the other."""
    ways = np.random.default_rng(seed).integers(1, 10_000, (places, places))
    np.fill_diagonal(ways, 0)
    return ways


@pytest.mark.parametrize("seed", range(5))
def test_they_are_those_of_all_pairs(seed: int) -> None:
    """On ways that break the triangle inequality Dijkstra finds what all pairs find, there and back."""
    ways = winding(seed, 40)
    whole = shortest_ways(ways)
    assert shortest_from_campus(ways).tolist() == whole[0].tolist()
    assert shortest_from_campus(ways.T).tolist() == whole[:, 0].tolist()
    assert (whole[0] < ways[0]).sum() > 20


def test_places_that_are_no_way_apart_and_the_campus_alone() -> None:
    """A way of nothing is one too; a matrix of the campus alone is its own answer."""
    ways = np.array([[0, 7, 9], [3, 0, 0], [9, 0, 0]], dtype=np.int64)
    assert shortest_from_campus(ways).tolist() == [0, 7, 7]
    assert shortest_from_campus(ways.T).tolist() == [0, 3, 3]
    assert shortest_from_campus(np.zeros((1, 1), dtype=np.int64)).tolist() == [0]


def test_thousands_of_places_are_no_matter() -> None:
    """Of every place of 3,000 the answer is the least over all places before it: nothing is shorter."""
    ways = winding(7, PLACES)
    found = shortest_from_campus(ways)
    np.fill_diagonal(ways, np.iinfo(np.int64).max // 2)  # nobody comes from the place itself
    assert (found[1:] == (found[:, None] + ways)[:, 1:].min(axis=0)).all()
