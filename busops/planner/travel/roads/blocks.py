"""
A square question cut into blocks that a server will answer, and its answers put together again.

What a server calls its limit differs (places in a request, or pairs); the caller knows.
"""

from collections.abc import Iterator, Sequence
from math import ceil, isfinite
from typing import Any

from busops.planner.travel.roads.http_json import Stumbled
from busops.planner.travel.source import NO_ROAD, UNASKED, Measured


def open_blocks(measured: Measured, side: int) -> Iterator[tuple[range, range]]:
    """Rows and columns of every block of at most ``side`` × ``side`` that holds an unasked cell."""
    count = len(measured.to_road_m)
    for rows in stretches(count, side):
        for columns in stretches(count, side):
            block = measured.distance_m[rows.start : rows.stop, columns.start : columns.stop]
            if (block == UNASKED).any():
                yield rows, columns


def stretches(count: int, side: int) -> Iterator[range]:
    """The numbers 0 … count − 1 in stretches of at most ``side``."""
    for first in range(0, count, side):
        yield range(first, min(first + side, count))


def fill_block(
    measured: Measured, rows: range, columns: range, metres: Sequence[Any], seconds: Sequence[Any]
) -> None:
    """
    A block's metres and seconds are in the matrix; None in either means that there is no road.

    Metres to the nearest, seconds rounded up. Raises Stumbled for a block of another shape or for
    what is no length of a way; then nothing of it is in the matrix.
    """
    answers = []
    for row, row_m, row_s in zip(rows, _of(metres, len(rows)), _of(seconds, len(rows)), strict=True):
        pairs = zip(columns, _of(row_m, len(columns)), _of(row_s, len(columns)), strict=True)
        for column, one_m, one_s in pairs:
            if row == column:
                continue
            if one_m is None or one_s is None:
                answers.append((row, column, NO_ROAD, NO_ROAD))
            else:
                answers.append((row, column, round(_length(one_m)), ceil(_length(one_s))))
    for row, column, whole_m, whole_s in answers:
        measured.distance_m[row, column], measured.duration_s[row, column] = whole_m, whole_s


def _of(values: Any, count: int) -> Sequence[Any]:
    if not isinstance(values, list) or len(values) != count:
        raise Stumbled("travel_answer_unreadable", status=200)
    return values


def _length(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < 0:
        raise Stumbled("travel_answer_unreadable", status=200)
    return float(value)
