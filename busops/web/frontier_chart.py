"""
The shape of the frontier chart: longest ride across, cost upwards, one dot a point, a step line through them.

Like ``charts.py``: per cent across, pixels down, no colour and no word of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from busops.web.charts import Tick

HEIGHT: Final = 280
FOOT: Final = 22  # pixels under the field, for the words of the minutes
EDGE: Final = 4.0  # per cent of the width and pixels of the height that stay free of dots
ROUND: Final = (1, 2, 5, 10)
LINES: Final = 5
GOAL_REACH: Final = 1.5  # the goal is drawn when the field need not grow by more than half for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One point: its number in the table, where it stands, and whether it is the chosen one."""

    number: int
    x: float
    y: float
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierChart:
    """The dots, the step line in a field of 100 × 100, ticks, and the height of the goal where it fits."""

    height: int
    field: int
    dots: tuple[Dot, ...]
    line: str
    y_ticks: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]
    goal_y: float | None


def frontier_chart(
    points: Sequence[tuple[int, int]], *, chosen: int | None, goal_fen: int | None
) -> FrontierChart:
    """
    The chart of (longest ride in seconds, cost in fen), shortest ride first.

    ``goal_fen`` is the most that a plan may cost with the goal met; left out where it lies far off.
    """
    costs, rides = [cost for _, cost in points], [ride for ride, _ in points]
    low, high = min(costs), max(costs)
    span = max(high - low, 1)
    is_near = goal_fen is not None and low - span * (GOAL_REACH - 1) <= goal_fen <= high + span * (
        GOAL_REACH - 1
    )
    if is_near and goal_fen is not None:
        low, high = min(low, goal_fen), max(high, goal_fen)
    field = HEIGHT - FOOT

    def x(ride_s: float) -> float:
        return _at(ride_s, min(rides), max(rides), EDGE, 100 - EDGE)

    def y(cost_fen: float) -> float:
        return _at(cost_fen, high, low, 3 * EDGE, field - 3 * EDGE)

    return FrontierChart(
        height=HEIGHT,
        field=field,
        dots=tuple(
            Dot(number=number, x=x(ride), y=y(cost), is_chosen=number == chosen)
            for number, (ride, cost) in enumerate(points, start=1)
        ),
        line=_steps([(x(ride), 100 * y(cost) / field) for ride, cost in points]),
        y_ticks=tuple(
            Tick(word=f"{yuan:,}", at=y(100 * yuan)) for yuan in round_ticks(low / 100, high / 100)
        ),
        x_ticks=tuple(
            Tick(word=str(minute), at=x(60 * minute))
            for minute in round_ticks(min(rides) / 60, max(rides) / 60)
        ),
        goal_y=y(goal_fen) if is_near and goal_fen is not None else None,
    )


def round_ticks(low: float, high: float) -> tuple[int, ...]:
    """About five whole round numbers from ``low`` to ``high``; the nearest one where none lies between."""
    rough = max((high - low) / LINES, 1)
    power = 1
    while power * ROUND[-1] <= rough:
        power *= ROUND[-1]
    step = next(power * times for times in ROUND if power * times >= rough)
    first = -int(-low // step) * step
    return tuple(range(first, int(high) + 1, step)) or (round(low),)


def _at(value: float, low: float, high: float, start: float, end: float) -> float:
    """Where ``value`` stands between ``start`` (at ``low``) and ``end``; in the middle of no width."""
    share = (value - low) / (high - low) if high != low else 0.5
    return round(start + share * (end - start), 2)


def _steps(points: Sequence[tuple[float, float]]) -> str:
    way: list[tuple[float, float]] = []
    for x, y in points:
        if way:
            way.append((x, way[-1][1]))
        way.append((x, y))
    if way:
        way.append((100.0, way[-1][1]))
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in way)
