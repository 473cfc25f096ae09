"""The forecast as the shape of a fan: the ratio to date after each weekend, per cent upwards."""

from typing import Final

from busops.finance.forecast import Forecast
from busops.web.charts import Plot, fan
from busops.web.frontier_chart import round_ticks

DEEPEST_BP: Final = (
    -5_000
)  # the first weekends of a term can look far worse than they are: the picture ends here
TALLEST_BP: Final = 9_000
WORDS: Final = 7
HEIGHT: Final = 220


def fan_chart(forecast: Forecast, words: list[str], goal_bp: int) -> Plot:
    """The fan with the goal as a line; ``words`` names each weekend, and as many are written as fit."""
    columns = [[_seen(value) for value in point.ratio_bp] for point in forecast.fan]
    low, lower, middle, upper, high = (list(curve) for curve in zip(*columns, strict=True))
    past = sum(point.is_known for point in forecast.fan)
    bottom, top = min([goal_bp / 100, *low]), max([goal_bp / 100, *high])
    ticks = [float(tick) for tick in round_ticks(bottom - 1, top + 1)]
    shown = [tick for tick in ticks if abs(tick - goal_bp / 100) * 12 > (top - bottom + 2)]
    step = -(-len(words) // WORDS)
    return fan(
        middle,
        low,
        high,
        past=past,
        inner=(lower, upper),
        y_ticks=[
            *((f"{tick:g}".replace("-", "−") + " %", tick) for tick in shown),
            (f"{goal_bp / 100:g} %", goal_bp / 100),
        ],
        x_words=[word if at % step == 0 else "" for at, word in enumerate(words)],
        goal=goal_bp / 100,
        height=HEIGHT,
    )


def _seen(ratio_bp: int) -> float:
    return min(max(ratio_bp, DEEPEST_BP), TALLEST_BP) / 100
