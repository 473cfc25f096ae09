"""Subset-row cuts: what a route pays, what a fractional solution violates, and that no plan ever does."""

from itertools import combinations
from random import Random

import numpy as np
import pytest

from busops.planner.columns.cuts import Cut, cut_table, violated
from busops.planner.columns.labels import CUT_WORDS, MOST_AT_A_NODE


def test_a_cut_counts_pairs_of_visits_it_has_not_forgotten() -> None:
    """Two of the triple count once, three too; a node outside the memory between them makes it forget."""
    cut = Cut((1, 2, 3), {1, 2, 3, 7})
    assert [cut.times(stops) for stops in ((1, 2), (1, 7, 2), (1, 9, 2), (1, 2, 3), (3,), ())] == [
        1,
        1,
        0,
        1,
        0,
        0,
    ]
    cut.learn((1, 9, 8, 2))
    assert cut.times((1, 9, 8, 2)) == 1
    assert cut.times((1, 5, 2)) == 0


def test_halves_are_found_and_whole_trips_violate_nothing() -> None:
    """Half a bus over each pair of three stops violates the cut; one trip over all three does not."""
    halves = [((0, pair), 0.5) for pair in ((1, 2), (2, 3), (1, 3))]
    assert violated(5, halves, 10) == [(1, 2, 3)]
    assert violated(5, [((0, (1, 2, 3)), 1.0), ((0, (4,)), 1.0)], 10) == []
    assert violated(5, [], 10) == []
    assert violated(5, halves, 0) == []


@pytest.mark.parametrize("seed", range(20))
def test_the_search_for_violated_triples_agrees_with_trying_all(seed: int) -> None:
    """Every triple served by more than one trip in all is found, and the worst comes first."""
    random = Random(seed)
    columns = [
        ((0, tuple(random.sample(range(1, 9), random.randint(1, 4)))), random.uniform(0.1, 0.9))
        for _column in range(12)
    ]
    excess = {
        triple: sum(share for (_kind, stops), share in columns if len({*stops} & {*triple}) > 1) - 1
        for triple in combinations(range(1, 9), 3)
    }
    found = violated(9, columns, 1000)
    assert found == sorted(found, key=lambda triple: -excess[triple])
    assert all(excess[triple] > 0 for triple in found)
    worst = max(excess, key=lambda triple: excess[triple])
    if excess[worst] > 0.05:
        assert excess[found[0]] == pytest.approx(excess[worst])


@pytest.mark.parametrize("seed", range(20))
def test_no_partition_of_the_stops_violates_a_cut(seed: int) -> None:
    """Whole trips that serve each stop once stay within every cut, whatever it remembers."""
    random = Random(seed)
    stops = list(range(1, 13))
    random.shuffle(stops)
    marks = sorted(random.sample(range(1, 12), 3))
    trips = [stops[one:other] for one, other in zip([0, *marks], [*marks, 12], strict=True)]
    for triple in combinations(range(1, 13), 3):
        cut = Cut(triple, set(random.sample(range(1, 13), 6)) | set(triple))
        assert sum(cut.times(trip) for trip in trips) <= 1


def test_the_dearest_cuts_are_kept_when_they_are_too_many() -> None:
    """What does not fit into the table asks nothing: its penalty is not in the sum either."""
    triples = list(combinations(range(1, 15), 3))
    cuts = [Cut(triple, set(triple)) for triple in triples]
    penalty = list(range(len(cuts)))
    table = cut_table(15, cuts, penalty)
    kept = np.count_nonzero(table.penalty)
    assert kept == 64 * CUT_WORDS or table.many.max() == MOST_AT_A_NODE
    assert table.penalty.max() == len(cuts) - 1
    assert table.words == -(-kept // 64)
    assert cut_table(15, cuts, [0] * len(cuts)).words == 0
