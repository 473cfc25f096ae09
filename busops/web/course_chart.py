"""
The picture of a search: what the best plan cost and what was proved, closing in on each other.

Numbers in, positions out, like ``web.charts``; drawn by parts/course.html. The picture keeps to
the money that is still in question: what lies far above or below runs along its edge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from busops.i18n import has_words
from busops.services.search_course import Point, drawn
from busops.web.language import code_words

TOP_PER_CENT, FLOOR_PER_CENT = 15, 10  # of the last cost: beyond, a curve runs along the edge
LABEL_PX: Final = 15
STEPS: Final = (1, 2, 5)
LABEL_FROM: Final = 70.0  # per cent across: beside this much of a curve its label stands
LEAST_MS: Final = 1000
HEIGHT_PX: Final = 190
FOOT_PX: Final = 20
WIDE: Final = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A label of an axis: money or milliseconds, and where it stands (pixels down, per cent across)."""

    value: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CoursePlot:
    """Steps in a field of 100 × 100 per cent; labels of the curves' ends in pixels."""

    height: int
    field: int
    cost: str
    bound: str
    band: str
    money: tuple[Mark, ...]
    moments: tuple[Mark, ...]
    first_fen: int
    cost_fen: int
    bound_fen: int
    until_ms: int
    cost_label_y: float
    bound_label_y: float


def course_plot(points: Sequence[Point], height: int = HEIGHT_PX) -> CoursePlot | None:
    """
    The picture of a course; None before the first plan.

    Cost falls as a solid line, the bound rises as a dashed one from where it comes into the
    picture, the field between them is what may still be saved.
    """
    shown = drawn(points)
    if not shown:
        return None
    last, until_ms = shown[-1], max(shown[-1].at_ms, LEAST_MS)
    lowest = last.cost_fen * (100 - FLOOR_PER_CENT) // 100
    highest = last.cost_fen * (100 + TOP_PER_CENT) // 100
    bounds = [(one.at_ms, one.bound_fen) for one in shown if one.bound_fen >= lowest and one.bound_fen > 0]
    costs = [(one.at_ms, min(one.cost_fen, highest)) for one in shown]
    floor, top = _span([fen for _, fen in (*costs, *bounds)])
    field = height - FOOT_PX
    scale = _Scale(floor=floor, top=top, until_ms=until_ms)
    cost, bound = scale.steps(costs), scale.steps(bounds)
    cost_y, bound_y = _label_places(field, cost, bound)
    return CoursePlot(
        height=height,
        field=field,
        cost=_points(cost),
        bound=_points(bound),
        band=_points(_since(cost, bound[0][0]) + bound[::-1]) if bound else "",
        money=tuple(
            Mark(value=fen, at=round(field * scale.down(fen) / WIDE, 2)) for fen in ticks(floor, top)
        ),
        moments=tuple(Mark(value=until_ms * part // 2, at=50.0 * part) for part in range(3)),
        first_fen=shown[0].cost_fen,
        cost_fen=last.cost_fen,
        bound_fen=bounds[-1][1] if bounds else 0,
        until_ms=until_ms,
        cost_label_y=cost_y,
        bound_label_y=bound_y,
    )


def phase_words(phase: str) -> str:
    """What the planner is doing, in the reader's language; something general for a phase of tomorrow."""
    code = f"plan_phase.{phase}"
    return code_words(code if has_words(code) else "plan_phase.other")


def ticks(floor: int, top: int, most: int = 4) -> tuple[int, ...]:
    """Round amounts of fen between the two, at most ``most``: steps of 1, 2 or 5 × 10ⁿ yuan."""
    step = 100
    while True:
        for times in STEPS:
            wide = step * times
            found = tuple(range(-(-floor // wide) * wide, top + 1, wide))
            if len(found) <= most:
                return found
        step *= 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """From milliseconds and fen to per cent across and down."""

    floor: int
    top: int
    until_ms: int

    def down(self, fen: int) -> float:
        return WIDE * (self.top - fen) / (self.top - self.floor)

    def steps(self, series: Sequence[tuple[int, int]]) -> list[tuple[float, float]]:
        """The series as a staircase that reaches the right edge."""
        places: list[tuple[float, float]] = []
        for at_ms, fen in series:
            x, y = WIDE * at_ms / self.until_ms, self.down(fen)
            if places:
                places.append((x, places[-1][1]))
            places.append((x, y))
        if places:
            places.append((WIDE, places[-1][1]))
        return places


def _since(steps: Sequence[tuple[float, float]], x: float) -> list[tuple[float, float]]:
    """The part of a staircase from ``x`` on."""
    before = [y for at, y in steps if at <= x]
    return [(x, before[-1] if before else steps[0][1]), *((at, y) for at, y in steps if at > x)]


def _span(values: Sequence[int]) -> tuple[int, int]:
    """The money between the edges: a little air above, room for the bound's label below."""
    floor, top = min(values), max(values)
    wide = max(top - floor, top // 100, 100)
    return floor - wide // 6, top + wide // 12


def _label_places(
    field: int, cost: Sequence[tuple[float, float]], bound: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    """The baselines of the labels: the cost's above its end, the bound's below; neither leaves the field."""
    highest = min(y for x, y in _since(cost, LABEL_FROM) if x >= LABEL_FROM)
    lowest = max((y for x, y in _since(bound, LABEL_FROM)), default=0.0) if bound else 0.0
    cost_y = max(LABEL_PX - 3, field * highest / WIDE - 7)
    bound_y = field * lowest / WIDE + LABEL_PX if bound else 0.0
    return round(cost_y, 2), round(min(bound_y, field - 3), 2)


def _px(field: int, per_cent: float) -> float:
    return round(field * per_cent / WIDE, 2)


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in places)
