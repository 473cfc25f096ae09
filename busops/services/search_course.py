"""
How a search went: what the best plan cost and what was proved, second by second, in few points.

Collected while a plan is made and kept in its document, so that the page of the job can show it
live and the page of the plan afterwards. Nothing here asks the machine what time it is but the
stopwatch that is given; nothing is judged.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from busops.planner.solve import Progress

MOST_POINTS: Final = 120  # a point takes about 40 bytes in the job's row
MILLI: Final = 1000

# (milliseconds since the search began, cost_fen, bound_fen, riders left over, phase)
Row: TypeAlias = tuple[int, int, int, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The best plan at one moment of the search; ``bound_fen`` 0 means that nothing is proved yet."""

    at_ms: int
    cost_fen: int
    bound_fen: int
    unserved: int
    phase: str

    def as_row(self) -> Row:
        """The point as JSON holds it."""
        return (self.at_ms, self.cost_fen, self.bound_fen, self.unserved, self.phase)


class SearchCourse:
    """The points of one search, at most ``MOST_POINTS`` however long it takes."""

    def __init__(self, seconds_now: Callable[[], float] = time.monotonic) -> None:
        self._seconds_now = seconds_now
        self._began = seconds_now()
        self._points: tuple[Point, ...] = ()

    def add(self, step: Progress) -> None:
        """One more step is in the course; a step that changed nothing only moves its end."""
        point = Point(
            at_ms=int(MILLI * (self._seconds_now() - self._began)),
            cost_fen=step.cost_fen,
            bound_fen=step.bound_fen,
            unserved=step.unserved,
            phase=step.phase.value,
        )
        self._points = thinned(extended(self._points, point), MOST_POINTS)

    @property
    def points(self) -> tuple[Point, ...]:
        """The points so far, in time."""
        return self._points

    def rows(self) -> list[list[int | str]]:
        """The points as JSON holds them."""
        return [list(point.as_row()) for point in self._points]


def extended(points: Sequence[Point], point: Point) -> tuple[Point, ...]:
    """
    The points with one more. Of several in a row that say the same, only the first and the last
    are kept: the first says since when, the last until when.
    """
    if len(points) > 1 and all(_said(one) == _said(point) for one in points[-2:]):
        return (*points[:-1], point)
    return (*points, point)


def thinned(points: Sequence[Point], most: int) -> tuple[Point, ...]:
    """
    At most ``most`` points (two at least), spread over the time of the search.

    The first and the last stay. Of the others the one goes whose neighbours are closest together
    in time, so that a long search keeps an even picture; a point that begins a phase or brings
    the first bound goes only when nothing else is left to go.
    """
    kept = list(points)
    while len(kept) > max(most, 2):
        inner = range(1, len(kept) - 1)
        goes = min(inner, key=lambda at: (_is_turn(kept, at), kept[at + 1].at_ms - kept[at - 1].at_ms, at))
        del kept[goes]
    return tuple(kept)


def read_points(rows: Iterable[Any]) -> tuple[Point, ...]:
    """The points of JSON rows; rows of another form are left out, as a picture may lack them."""
    return tuple(point for row in rows if (point := _read(row)) is not None)


def course_of(document: Mapping[str, Any]) -> tuple[Point, ...]:
    """The course of the search that made a plan; nothing for plans that came without one."""
    return read_points(document.get("course", ()))


def drawn(points: Sequence[Point]) -> tuple[Point, ...]:
    """
    The points whose costs may stand in one picture: those that carry as many riders as the last.

    A plan that leaves more riders behind is cheaper for the wrong reason.
    """
    return tuple(point for point in points if point.unserved == points[-1].unserved) if points else ()


def _said(point: Point) -> tuple[int, int, int, str]:
    return (point.cost_fen, point.bound_fen, point.unserved, point.phase)


def _is_turn(points: Sequence[Point], at: int) -> bool:
    before, here = points[at - 1], points[at]
    return here.phase != before.phase or (here.bound_fen > 0) != (before.bound_fen > 0)


def _read(row: Any) -> Point | None:
    match row:
        case [int(at_ms), int(cost_fen), int(bound_fen), int(unserved), str(phase)]:
            return Point(at_ms=at_ms, cost_fen=cost_fen, bound_fen=bound_fen, unserved=unserved, phase=phase)
        case _:
            return None
