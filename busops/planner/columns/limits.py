"""
How many trips each stock of vehicles makes: the limits that a branch of the proof lays down.

Every plan makes whole trips. Where the linear program takes 14.4 of them, one branch has at most 14
and the other at least 15, and both are dearer than the program was.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

_WHOLE: Final = 1e-4  # nearer to a whole number counts as whole


@dataclass(frozen=True, slots=True, kw_only=True)
class TripLimits:
    """By stock the least and the most trips, and the same for all stocks together."""

    least: tuple[int, ...]
    most: tuple[int, ...]
    least_all: int
    most_all: int

    def least_sum(self, costs: Sequence[int]) -> int | None:
        """The least that trips within the limits can cost, at ``costs`` a trip; None where none fit."""
        total, count = 0, 0
        room: list[tuple[int, int]] = []
        for cost, least, most in zip(costs, self.least, self.most, strict=True):
            if least > most:
                return None
            total, count = total + cost * least, count + least
            room.append((cost, most - least))
        if count > self.most_all or self.least_all > self.most_all:
            return None
        for cost, trips in sorted(room):
            more = max(0, self.least_all - count)
            if cost < 0:
                more = max(more, min(trips, self.most_all - count))
            more = min(more, trips)
            total, count = total + cost * more, count + more
        return total if count >= self.least_all else None

    def branches(self, trips: Sequence[float]) -> "tuple[TripLimits, TripLimits] | None":
        """Two halves that both leave out these fractional trips; None when all are whole."""
        total = sum(trips)
        if not _is_whole(total):
            return (
                replace(self, most_all=math.floor(total)),
                replace(self, least_all=math.floor(total) + 1),
            )
        far = [abs(count - math.floor(count) - 0.5) for count in trips]
        group = min(range(len(trips)), key=lambda number: (far[number], number))
        if _is_whole(trips[group]):
            return None
        under, over = list(self.most), list(self.least)
        under[group], over[group] = math.floor(trips[group]), math.floor(trips[group]) + 1
        return replace(self, most=tuple(under)), replace(self, least=tuple(over))


def no_limits(trips_of_group: Sequence[int]) -> TripLimits:
    """As many trips as the stocks have."""
    return TripLimits(
        least=(0,) * len(trips_of_group),
        most=tuple(trips_of_group),
        least_all=0,
        most_all=sum(trips_of_group),
    )


def _is_whole(count: float) -> bool:
    return abs(count - round(count)) < _WHOLE
