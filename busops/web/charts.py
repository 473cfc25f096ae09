"""
Shapes of the charts: numbers in, positions in per cent or pixels out. Drawn by parts/charts.html.

Horizontal measures are per cent of the width, so text keeps its size on every screen;
vertical ones are pixels. Nothing here knows a colour: a shape names a class.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import east_asian_width

NARROWEST_PX: Final = 330  # a chart on a phone: what fits there fits everywhere
WIDE_PX, NARROW_PX = 14.0, 8.0  # a bold Chinese character, and a Latin one or a digit
LADDER_ROOT: Final = 0.62  # early rungs are close together in time: the scale gives them room
LADDER_LEFT, LADDER_WIDTH = 5.0, 87.0
BAR_LABEL_PER_CENT, BAR_END_PER_CENT = 22.0, 12.0
HEAD_ROOM: Final = 1.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One part of a status bar."""

    x: float
    width: float
    cls: str
    word: str
    value: int
    fits: bool


def status_bar(parts: Iterable[tuple[str, int, str]]) -> tuple[Segment, ...]:
    """Parts side by side that fill the width; the word stands inside where it fits."""
    present = [part for part in parts if part[1] > 0]
    total = sum(value for _, value, _ in present) or 1
    shapes, x = [], 0.0
    for word, value, cls in present:
        width = 100 * value / total
        fits = width / 100 * NARROWEST_PX > _px(f"{word} {value:,}")
        shapes.append(Segment(x=_r(x), width=_r(width), cls=cls, word=word, value=value, fits=fits))
        x += width
    return tuple(shapes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar with its word on the left and its value at its end."""

    word: str
    cls: str
    shown: str
    x: float
    y: int
    width: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Bars below one another, and where the goal line stands."""

    bars: tuple[Bar, ...]
    height: int
    goal_x: float | None


def bars(rows: Sequence[tuple[str, float, str, str]], goal: float | None = None, step: int = 26) -> Bars:
    """Horizontal bars of (word, value, shown value, class) on one scale that holds the goal too."""
    largest = max([value for _, value, _, _ in rows] + [goal or 0.0, 0.0]) * HEAD_ROOM or 1.0
    scale = (100 - BAR_LABEL_PER_CENT - BAR_END_PER_CENT) / largest
    shapes = tuple(
        Bar(
            word=word,
            cls=cls,
            shown=shown,
            x=BAR_LABEL_PER_CENT,
            y=index * step,
            width=_r(max(value, 0) * scale),
            end=_r(BAR_LABEL_PER_CENT + max(value, 0) * scale + 1),
        )
        for index, (word, value, shown, cls) in enumerate(rows)
    )
    goal_x = None if goal is None else _r(BAR_LABEL_PER_CENT + goal * scale)
    return Bars(bars=shapes, height=len(rows) * step + (18 if goal is not None else 2), goal_x=goal_x)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a histogram."""

    word: str
    count: int
    x: float
    width: float
    middle: float
    top: float
    height: float
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Columns, the base line and the cap."""

    columns: tuple[Column, ...]
    height: int
    base: int
    cap_x: float | None


def hist(counts: Sequence[tuple[str, int]], cap_at: int | None = None, height: int = 132) -> Histogram:
    """Columns of (word, count); from column ``cap_at`` on they are over the cap."""
    largest = max((count for _, count in counts), default=0) or 1
    width, base = 100 / max(len(counts), 1), height - 20
    columns = []
    for index, (word, count) in enumerate(counts):
        tall = (height - 42) * count / largest
        columns.append(
            Column(
                word=word,
                count=count,
                x=_r(index * width + 0.6),
                width=_r(max(width - 1.2, 0.4)),
                middle=_r(index * width + width / 2),
                top=_r(base - tall),
                height=_r(tall),
                is_over=cap_at is not None and index >= cap_at,
            )
        )
    cap_x = None if cap_at is None else _r(cap_at * width)
    return Histogram(columns=tuple(columns), height=height, base=base, cap_x=cap_x)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A labelled line across a plot, or a label under it."""

    word: str
    at: float
    is_goal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Curves in a field of 100 × 100, with ticks in pixels (y) and per cent (x)."""

    height: int
    band: str
    solid: str
    dashed: str
    y_ticks: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]
    solid_end_y: float
    dashed_end_y: float
    inner: str = ""


def fan(
    middle: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    *,
    past: int,
    y_ticks: Sequence[tuple[str, float]],
    x_words: Sequence[str],
    goal: float | None = None,
    inner: tuple[Sequence[float], Sequence[float]] | None = None,
    height: int = 170,
) -> Plot:
    """
    The past as a solid line, what may come as a dashed one in a band; ``past`` counts known points.

    ``inner`` = low and high of a narrower band within it.
    """
    floor, top = _span([*low, *high, *(value for _, value in y_ticks)])
    last = max(len(middle) - 1, 1)

    def curve(values: Sequence[float], start: int, end: int) -> list[tuple[float, float]]:
        return [(100 * i / last, _up(values[i], floor, top)) for i in range(start, end)]

    known_to, from_here = min(past, len(middle)), max(past - 1, 0)

    def field(under: Sequence[float], over: Sequence[float]) -> list[tuple[float, float]]:
        return curve(over, from_here, len(over)) + curve(under, from_here, len(under))[::-1]

    known = curve(middle, 0, known_to)
    coming = curve(middle, from_here, len(middle))
    return Plot(
        height=height,
        band=_points(field(low, high)),
        inner=_points(field(*inner)) if inner else "",
        solid=_points(known),
        dashed=_points(coming),
        y_ticks=tuple(
            Tick(word=word, at=_r((height - 20) * _up(value, floor, top) / 100), is_goal=value == goal)
            for word, value in y_ticks
        ),
        x_ticks=_spread(x_words),
        solid_end_y=_r((height - 20) * known[-1][1] / 100) if known else 0.0,
        dashed_end_y=_r((height - 20) * coming[-1][1] / 100) if coming else 0.0,
    )


def gap(
    cost: Sequence[tuple[float, float]],
    bound: Sequence[tuple[float, float]],
    *,
    until_s: float,
    y_ticks: Sequence[tuple[str, float]],
    x_words: Sequence[str],
    height: int = 190,
) -> Plot:
    """Cost falling and proven bound rising, as steps over the seconds; the field between them is the gap."""
    floor, top = _span([value for _, value in (*cost, *bound)] + [value for _, value in y_ticks])
    stepped_cost = _steps(cost, until_s, floor, top)
    stepped_bound = _steps(bound, until_s, floor, top)
    return Plot(
        height=height,
        band=_points(stepped_cost + stepped_bound[::-1]) if bound else "",
        solid=_points(stepped_cost),
        dashed=_points(stepped_bound),
        y_ticks=tuple(
            Tick(word=word, at=_r((height - 20) * _up(value, floor, top) / 100)) for word, value in y_ticks
        ),
        x_ticks=_spread(x_words),
        solid_end_y=_r((height - 20) * stepped_cost[-1][1] / 100) if cost else 0.0,
        dashed_end_y=_r((height - 20) * stepped_bound[-1][1] / 100) if bound else 0.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One rung of the escalation ladder."""

    minute: int
    x: float
    is_reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The rungs and where the bus stands between them."""

    rungs: tuple[Rung, ...]
    bus_x: float


def ladder(elapsed_s: int, rungs_min: Sequence[int] = (0, 3, 5, 10, 15)) -> Ladder:
    """Where ``elapsed_s`` stands on the ladder, on a scale of roots; the bus stops at the last rung."""
    last = max(rungs_min)

    def at(minutes: float) -> float:
        return _r(LADDER_LEFT + LADDER_WIDTH * (min(max(minutes, 0), last) / last) ** LADDER_ROOT)

    rungs = tuple(Rung(minute=m, x=at(m), is_reached=m * 60 <= elapsed_s) for m in rungs_min)
    return Ladder(rungs=rungs, bus_x=at(elapsed_s / 60))


def share(value: float, whole: float) -> float:
    """Per cent of the whole, between 0 and 100: for load bars and meters."""
    return _r(min(max(100 * value / whole, 0.0), 100.0)) if whole > 0 else 0.0


def _px(text: str) -> float:
    return sum(WIDE_PX if east_asian_width(character) in "WF" else NARROW_PX for character in text)


def _r(value: float) -> float:
    return round(value, 2)


def _span(values: Sequence[float]) -> tuple[float, float]:
    floor, top = min(values, default=0.0), max(values, default=1.0)
    return (floor, top) if top > floor else (floor, floor + 1.0)


def _up(value: float, floor: float, top: float) -> float:
    return 100 * (top - value) / (top - floor)


def _spread(words: Sequence[str]) -> tuple[Tick, ...]:
    last = max(len(words) - 1, 1)
    return tuple(Tick(word=word, at=_r(100 * index / last)) for index, word in enumerate(words))


def _steps(
    series: Sequence[tuple[float, float]], until_s: float, floor: float, top: float
) -> list[tuple[float, float]]:
    points: list[tuple[float, float]] = []
    for second, value in series:
        x, y = 100 * second / (until_s or 1.0), _up(value, floor, top)
        if points:
            points.append((x, points[-1][1]))
        points.append((x, y))
    if points:
        points.append((100.0, points[-1][1]))
    return points


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
