"""The shape of the forecast's fan: bands within bands, the weekends that are over as a line, the goal."""

from dataclasses import replace
from datetime import date, timedelta

from busops.finance.forecast import ComingWeekend, Forecast, ForecastFacts, PastWeekend, forecast
from busops.web.fan_chart import DEEPEST_BP, TALLEST_BP, WORDS, fan_chart

FIRST = date(2026, 9, 4)
OVER, TO_COME = 6, 10
GOAL_BP = 1_000
NAMES = [f"week {number}" for number in range(1, OVER + TO_COME + 1)]


def a_forecast(*, cost_fen: int = 80_000) -> Forecast:
    """Six uneven weekends are over, ten are to come."""
    past = tuple(
        PastWeekend(
            on=FIRST + timedelta(weeks=week),
            seats=100,
            rides=90 + 3 * (week % 3),
            runs=4,
            short_fen=90_000,
            long_fen=0,
            costs_fen=cost_fen,
        )
        for week in range(OVER)
    )
    coming = tuple(ComingWeekend(on=FIRST + timedelta(weeks=OVER + week)) for week in range(TO_COME))
    spent = OVER * cost_fen
    facts = ForecastFacts(
        past=past, coming=coming, earned_fen=OVER * 90_000, costs_fen=spent, run_costs_fen=spent
    )
    told = forecast(facts)
    assert told is not None
    return told


def corners(points: str) -> list[tuple[float, float]]:
    """Where a curve goes: across from the left, down from the top, both of a hundred."""
    return [(float(across), float(down)) for across, down in (each.split(",") for each in points.split())]


def test_weekends_that_are_over_are_one_line_and_the_fan_opens_after_them() -> None:
    """The solid line ends where the dashed one begins, at the last weekend that is known."""
    plot = fan_chart(a_forecast(), NAMES, GOAL_BP)
    known, to_come = corners(plot.solid), corners(plot.dashed)
    assert (len(known), len(to_come)) == (OVER, TO_COME + 1)
    assert known[-1] == to_come[0]
    assert (known[0][0], to_come[-1][0]) == (0.0, 100.0)
    band = corners(plot.band)
    assert band[0] == band[-1] == known[-1]


def test_the_middle_half_lies_within_the_band_and_the_median_within_both() -> None:
    """At each weekend: the high of the band above that of the middle half, above the median, and so down."""
    plot = fan_chart(a_forecast(), NAMES, GOAL_BP)
    middle = [down for _, down in corners(plot.dashed)]
    sides = []
    for field in (plot.band, plot.inner):
        downs = [down for _, down in corners(field)]
        sides.append((downs[: len(middle)], downs[len(middle) :][::-1]))
    (over, under), (over_half, under_half) = sides
    for rows in zip(over, over_half, middle, under_half, under, strict=True):
        assert list(rows) == sorted(rows)
    assert over[-1] < over_half[-1] < middle[-1] < under_half[-1] < under[-1]


def test_the_goal_is_the_one_tick_that_is_a_goal_and_no_other_word_touches_it() -> None:
    """It is written even where the fan stays far from it."""
    for cost_fen in (20_000, 80_000, 120_000):
        ticks = fan_chart(a_forecast(cost_fen=cost_fen), NAMES, GOAL_BP).y_ticks
        (goal,) = (tick for tick in ticks if tick.is_goal)
        assert goal.word == "10 %"
        assert all(abs(tick.at - goal.at) > 8 for tick in ticks if not tick.is_goal)


def test_as_many_weekends_are_named_as_there_is_room_for() -> None:
    """Every second or third name stands, each above its own weekend."""
    named = [tick for tick in fan_chart(a_forecast(), NAMES, GOAL_BP).x_ticks if tick.word]
    assert 2 < len(named) <= WORDS
    assert named[0].word == NAMES[0]


def test_the_picture_ends_where_the_first_weekends_would_squash_it() -> None:
    """A ratio of minus thirty times over is drawn at the floor; the other curves keep their room."""
    told = a_forecast()
    first, *rest = told.fan
    wild = replace(told, fan=(replace(first, ratio_bp=(-300_000,) * 5), *rest))
    edge = replace(told, fan=(replace(first, ratio_bp=(DEEPEST_BP,) * 5), *rest))
    assert fan_chart(wild, NAMES, GOAL_BP) == fan_chart(edge, NAMES, GOAL_BP)
    assert DEEPEST_BP < GOAL_BP < TALLEST_BP
