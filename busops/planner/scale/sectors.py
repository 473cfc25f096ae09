"""
Where a large problem is cut: into compact pieces of about equal weight.

A piece that lies round the campus is cut by the direction seen from there, any other across its longer
side, so that pieces are sectors near the campus and quarters of towns far from it.
"""

import math
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from busops.planner.scale.places import Positions

Weights: TypeAlias = npt.NDArray[np.int64]
_ROUND: Final = math.pi  # what is seen from the campus under a wider angle than this lies round it


def pieces(
    positions: Positions, weights: Weights, count: int, turn: float = 0.0
) -> list[npt.NDArray[np.int64]]:
    """
    The places 0 … n-1 in ``count`` lists, each place in one; sums of ``weights`` are as even as may be.

    ``turn`` (radians) turns the directions in which is cut: other turns give other borders.
    """
    everything = np.arange(len(positions), dtype=np.int64)
    return _halved(positions, weights, everything, (min(count, max(len(positions), 1)), turn))


def _halved(
    positions: Positions, weights: Weights, among: npt.NDArray[np.int64], how: tuple[int, float]
) -> list[npt.NDArray[np.int64]]:
    count, turn = how
    if count <= 1 or len(among) <= 1:
        return [among]
    ordered = among[np.argsort(_key(positions[among], turn), kind="stable")]
    sums = np.cumsum(weights[ordered])
    low = count // 2
    at = int(np.searchsorted(sums, sums[-1] * low / count, side="left")) + 1
    at = min(max(at, low), len(ordered) - (count - low))
    first = _halved(positions, weights, ordered[:at], (low, turn))
    return first + _halved(positions, weights, ordered[at:], (count - low, turn))


def _key(places: Positions, turn: float) -> Positions:
    """By what places are cut in two: the direction from the campus, or the place along the longer side."""
    angles = np.mod(np.arctan2(places[:, 1], places[:, 0]) - turn, 2 * math.pi)
    in_order = np.sort(angles)
    gaps = np.diff(in_order, append=in_order[0] + 2 * math.pi)
    if 2 * math.pi - gaps.max() > _ROUND:
        return angles
    cosine, sine = math.cos(turn), math.sin(turn)
    turned = (places - places.mean(axis=0)) @ np.array([[cosine, -sine], [sine, cosine]])
    spread: Positions = turned.std(axis=0)
    longer: Positions = turned[:, int(spread.argmax())]
    return longer
