"""Pieces hold every place once, are about equally heavy and compact; another turn gives other borders."""

import numpy as np
import pytest

from busops.planner.scale.sectors import pieces

RANDOM = np.random.default_rng(5)
ROUND = RANDOM.normal(0, 1000, (500, 2))
ASIDE = ROUND + np.array([20_000, 5_000])
WEIGHTS = RANDOM.integers(1, 9, 500)


@pytest.mark.parametrize("places", [ROUND, ASIDE], ids=["round the campus", "aside"])
@pytest.mark.parametrize("count", [1, 2, 7, 16])
def test_every_place_is_in_one_piece_and_pieces_weigh_alike(places: np.ndarray, count: int) -> None:
    """No place twice, none forgotten; no piece is a fifth above its share."""
    parts = pieces(places, WEIGHTS, count, turn=0.7)
    assert len(parts) == count
    assert sorted(np.concatenate(parts).tolist()) == list(range(500))
    heaviest = max(int(WEIGHTS[part].sum()) for part in parts)
    assert heaviest <= WEIGHTS.sum() / count * 1.2


def test_round_the_campus_the_first_cut_is_by_direction() -> None:
    """Two pieces round the campus are two half-planes: their angles do not mix."""
    first, second = pieces(ROUND, np.ones(500, dtype=np.int64), 2)
    angles = np.mod(np.arctan2(ROUND[:, 1], ROUND[:, 0]), 2 * np.pi)
    assert max(angles[first]) < min(angles[second])


def test_pieces_are_compact() -> None:
    """Places of a piece lie nearer to its middle than places in general to theirs."""
    parts = pieces(ASIDE, WEIGHTS, 8)
    within = sum(float(np.ptp(ASIDE[part], axis=0).prod()) for part in parts)
    assert within < 1.2 * float(np.ptp(ASIDE, axis=0).prod())


def test_another_turn_gives_other_borders() -> None:
    """The same places cut in another direction are other pieces; the same turn gives the same."""
    same = [part.tolist() for part in pieces(ASIDE, WEIGHTS, 4, turn=0.3)]
    assert same == [part.tolist() for part in pieces(ASIDE, WEIGHTS, 4, turn=0.3)]
    assert same != [part.tolist() for part in pieces(ASIDE, WEIGHTS, 4, turn=1.4)]


def test_more_pieces_than_places() -> None:
    """Each place is a piece of its own; no piece is empty; nothing is nothing."""
    assert [len(part) for part in pieces(ROUND[:3], WEIGHTS[:3], 5)] == [1, 1, 1]
    assert [len(part) for part in pieces(ROUND[:0], WEIGHTS[:0], 5)] == [0]
