"""
The integer matrices that every travel source hands over, and the places they are for.

Nothing is measured here. No leg is ever faster than the law: whoever makes a matrix slows it first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from busops.domain.errors import InvalidInput
from busops.domain.network import FASTEST_KMH
from busops.domain.values import CAMPUS, Position

Matrix: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TravelTimes:
    """Square int64 matrices over ``ids``; ``ids[0]`` is the campus; row = from, column = to."""

    ids: tuple[str, ...]
    distance_m: Matrix
    duration_s: Matrix
    index: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        size = len(self.ids)
        if not self.ids or self.ids[0] != CAMPUS or len(set(self.ids)) != size:
            raise InvalidInput("travel_ids_invalid", count=size)
        for matrix in (self.distance_m, self.duration_s):
            if matrix.shape != (size, size) or matrix.dtype != np.int64 or bool((matrix < 0).any()):
                raise InvalidInput("travel_matrix_invalid", count=size)
            matrix.flags.writeable = False
        object.__setattr__(self, "index", {name: number for number, name in enumerate(self.ids)})

    def between(self, origin: str, target: str) -> tuple[int, int]:
        """Metres and seconds from one place to another."""
        row, column = self.index[origin], self.index[target]
        return int(self.distance_m[row, column]), int(self.duration_s[row, column])


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """
    The campus and the stops that a problem needs, WGS-84, in the order of its matrices.

    ``beside`` are the school's other stops: a source that keeps what it measures may measure them
    along, so that another weekend, with other stops, finds its answer kept.
    """

    campus: Position
    stops: Mapping[str, Position]
    beside: tuple[Position, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """``@campus``, then the stops."""
        return (str(CAMPUS), *self.stops)

    @property
    def positions(self) -> tuple[Position, ...]:
        """One position for each of ``ids``."""
        return (self.campus, *self.stops.values())


def lawful_durations(distance_m: Matrix, duration_s: Matrix) -> Matrix:
    """
    The seconds of every leg, never fewer than ``FASTEST_KMH`` needs (Decree 617, art. 35).

    int64 (n, n) both; what ``domain.network.lawful_duration_s`` says of one leg, for all at once.
    """
    return np.maximum(duration_s, -(-distance_m * 3600 // (FASTEST_KMH * 1000)))


def middle_kmh(distance_m: Matrix, duration_s: Matrix, *, least_m: int = 1) -> float | None:
    """The median speed of the ways of at least ``least_m`` metres, km/h; None where there are none."""
    ways = distance_m >= least_m
    if not ways.any():
        return None
    return float(np.median(distance_m[ways] * 3.6 / np.maximum(duration_s[ways], 1)))
