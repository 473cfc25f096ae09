"""The shape of the frontier chart: dots where their figures are, a step line, round ticks, the goal."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from busops.web.frontier_chart import frontier_chart, round_ticks

POINTS = [(3600, 220_000), (4200, 200_000), (5400, 190_000)]


def test_dots_fall_to_the_right_and_the_chosen_one_is_marked() -> None:
    """Longer rides stand further right, cheaper plans lower; ends stay inside the field."""
    chart = frontier_chart(POINTS, chosen=2, goal_fen=None)
    assert [dot.is_chosen for dot in chart.dots] == [False, True, False]
    for left, right in pairwise(chart.dots):
        assert left.x < right.x
        assert left.y < right.y
    assert all(0 < dot.x < 100 and 0 < dot.y < chart.field for dot in chart.dots)
    assert chart.goal_y is None


def test_the_line_keeps_the_dearer_cost_until_the_next_point() -> None:
    """From a point on the cost holds until a longer ride allows a cheaper plan: steps, no slopes."""
    chart = frontier_chart(POINTS, chosen=None, goal_fen=None)
    corners = [tuple(map(float, corner.split(","))) for corner in chart.line.split()]
    assert all(one[0] == two[0] or one[1] == two[1] for one, two in pairwise(corners))
    assert corners[-1][0] == 100.0


def test_the_goal_is_drawn_when_it_is_near() -> None:
    """Between or a little beyond the costs it is a line; far off it would squash the points."""
    near = frontier_chart(POINTS, chosen=None, goal_fen=195_000)
    assert near.goal_y is not None
    assert near.dots[1].y < near.goal_y < near.dots[2].y
    above = frontier_chart(POINTS, chosen=None, goal_fen=230_000)
    assert above.goal_y is not None
    assert above.goal_y < above.dots[0].y
    assert frontier_chart(POINTS, chosen=None, goal_fen=500_000).goal_y is None


def test_one_point_stands_in_the_middle() -> None:
    """A frontier of one point is drawn too."""
    chart = frontier_chart([(3600, 100_000)], chosen=1, goal_fen=None)
    assert (chart.dots[0].x, len(chart.dots)) == (50.0, 1)


@given(low=st.integers(0, 10**6), width=st.integers(0, 10**6))
def test_ticks_are_round_and_few(low: int, width: int) -> None:
    """From one to seven, evenly spaced by 1, 2 or 5 times a power of ten, inside the range."""
    ticks = round_ticks(low, low + width)
    assert 1 <= len(ticks) <= 7
    assert all(low <= tick <= low + width for tick in ticks)
    steps = {two - one for one, two in pairwise(ticks)}
    assert len(steps) <= 1
    assert all(str(step).rstrip("0") in {"1", "2", "5"} for step in steps)
