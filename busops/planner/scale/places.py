"""
Where places lie, from the ways between them alone: a map in the plane, with the campus in the middle.

Landmark multidimensional scaling (de Silva & Tenenbaum, 2004): a few places far from each other are
laid out by their mutual ways, every other place by its ways to them. Only who is near whom matters here.
"""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from busops.planner.travel import TravelTimes

Positions: TypeAlias = npt.NDArray[np.float64]
_LANDMARKS: Final = 24
_PLANE: Final = 2


def positions_of(travel: TravelTimes) -> Positions:
    """Shape (places, 2), metres from the campus, rows as in ``travel.ids``; good for neighbourhood only."""
    landmarks = _landmarks(travel)
    ways = travel.distance_m
    mean = (ways[landmarks].astype(np.float64) + ways[:, landmarks].T) / 2  # (landmarks, places)
    squared = mean**2
    among = squared[:, landmarks]
    centre = among.mean(axis=0)
    gram = -(among - centre[:, None] - centre[None, :] + among.mean()) / 2
    values, vectors = np.linalg.eigh(gram)
    largest = np.argsort(values)[::-1][:_PLANE]
    lengths = np.sqrt(np.maximum(values[largest], 1.0))
    axes = vectors[:, largest] / lengths
    # The sign of an axis is a matter of chance in the solver: the first landmark settles it.
    axes *= np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    flat = np.zeros((len(ways), _PLANE))
    flat[:, : axes.shape[1]] = -(squared - centre[:, None]).T @ axes / 2
    centred: Positions = flat - flat[0]
    return centred


def _landmarks(travel: TravelTimes) -> list[int]:
    """The campus, then always the place that is farthest from all landmarks so far."""
    chosen = [0]
    ways = travel.distance_m
    nearest = np.minimum(ways[0], ways[:, 0])
    while len(chosen) < min(_LANDMARKS, len(ways)):
        farthest = int(nearest.argmax())
        if nearest[farthest] == 0:
            break
        chosen.append(farthest)
        nearest = np.minimum(nearest, np.minimum(ways[farthest], ways[:, farthest]))
    return chosen
