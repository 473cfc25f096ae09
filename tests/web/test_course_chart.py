"""The picture of a search: steps that close in on each other, labels that stay inside."""

import pytest

from busops.planner.solve import PlanningPhase
from busops.services.search_course import Point
from busops.web.course_chart import course_plot, phase_words, ticks


def point(at_ms: int, cost: int, bound: int = 0, unserved: int = 0) -> Point:
    """A moment of a search."""
    return Point(at_ms=at_ms, cost_fen=cost, bound_fen=bound, unserved=unserved, phase="ruin")


def places(text: str) -> list[tuple[float, float]]:
    """The points of a polyline."""
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in text.split())]


COURSE = (
    point(500, 1_600_000),
    point(4000, 1_450_000),
    point(10_000, 1_400_000, 1_350_000),
    point(20_000, 1_384_200, 1_371_900),
)


def test_cost_falls_bound_rises_and_neither_crosses() -> None:
    """Down is cheaper: the cost's steps only go down, the bound's only up, and it stays below."""
    plot = course_plot(COURSE)
    assert plot is not None
    cost, bound = places(plot.cost), places(plot.bound)
    assert [y for _, y in cost] == sorted(y for _, y in cost)
    assert [y for _, y in bound] == sorted((y for _, y in bound), reverse=True)
    assert min(y for _, y in bound) > max(y for _, y in cost)
    assert cost[0][0] == 2.5
    assert (cost[-1][0], bound[-1][0]) == (100.0, 100.0)
    assert bound[0][0] == 50.0
    assert all(0 <= y <= 100 for _, y in cost + bound)
    assert places(plot.band)[0] == (50.0, cost[-3][1])


def test_labels_stay_inside_and_name_the_last_values() -> None:
    """The ends say what stands there; the bound's label is below the cost's."""
    plot = course_plot(COURSE)
    assert plot is not None
    assert (plot.first_fen, plot.cost_fen, plot.bound_fen) == (1_600_000, 1_384_200, 1_371_900)
    assert 0 < plot.cost_label_y < plot.bound_label_y < plot.field
    assert [mark.value for mark in plot.moments] == [0, 10_000, 20_000]
    assert all(0 <= mark.at <= plot.field for mark in plot.money)


def test_a_bound_far_below_is_not_drawn_and_a_dear_beginning_runs_along_the_edge() -> None:
    """Otherwise one worthless number would flatten everything that matters."""
    plot = course_plot(
        (point(0, 9_000_000, 10), point(1000, 1_000_000, 500_000), point(9000, 990_000, 500_000))
    )
    assert plot is not None
    assert (plot.bound, plot.band, plot.bound_fen) == ("", "", 0)
    assert places(plot.cost)[0][1] >= 0
    assert plot.first_fen == 9_000_000


def test_before_the_first_plan_there_is_no_picture_and_one_point_is_a_line() -> None:
    """No points, no picture; riders left behind earlier are not compared with a full plan."""
    assert course_plot(()) is None
    plot = course_plot((point(100, 500, unserved=3), point(300, 900)))
    assert plot is not None
    assert plot.first_fen == plot.cost_fen == 900
    assert places(plot.cost)[-1][0] == 100.0


def test_every_phase_has_words_and_a_new_one_shows_no_code() -> None:
    """What the planner can tell stands in words of its own; what it may tell tomorrow in general ones."""
    said = [phase_words(phase.value) for phase in PlanningPhase]
    assert len(set(said)) == len(said)
    assert phase_words("of_tomorrow") not in said
    assert not any("plan_phase" in words for words in (*said, phase_words("of_tomorrow")))


@pytest.mark.parametrize(
    ("floor", "top", "found"),
    [
        (1_300_000, 1_560_000, (1_300_000, 1_400_000, 1_500_000)),
        (100, 450, (100, 200, 300, 400)),
        (99_990, 100_010, (100_000,)),
    ],
)
def test_amounts_at_the_side_are_round_and_few(floor: int, top: int, found: tuple[int, ...]) -> None:
    """Steps of one, two or five of a power of ten, four at most."""
    assert ticks(floor, top) == found
