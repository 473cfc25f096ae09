"""How a search went, in few points: what is kept, what is thinned out, what may stand in one picture."""

from itertools import pairwise

import pytest

from busops.planner.solve import PlanningPhase, Progress
from busops.services.search_course import (
    MOST_POINTS,
    Point,
    SearchCourse,
    course_of,
    drawn,
    extended,
    read_points,
    thinned,
)


def point(at_ms: int, cost: int = 100, *, bound: int = 0, unserved: int = 0, phase: str = "ruin") -> Point:
    """A moment of a search."""
    return Point(at_ms=at_ms, cost_fen=cost, bound_fen=bound, unserved=unserved, phase=phase)


def step(cost: int, *, bound: int = 0, phase: PlanningPhase = PlanningPhase.RUIN) -> Progress:
    """What the planner tells."""
    return Progress(phase=phase, done_milli=0, cost_fen=cost, unserved=0, bound_fen=bound)


class Stopwatch:
    """Seconds that the test moves."""

    def __init__(self) -> None:
        self.now = 40.0

    def __call__(self) -> float:
        """The seconds."""
        return self.now


def test_a_long_search_keeps_its_picture_in_few_points() -> None:
    """Ten thousand steps become at most the allowed number; first, last and the falling cost stay."""
    watch = Stopwatch()
    course = SearchCourse(watch)
    for number in range(10_000):
        watch.now += 0.5
        course.add(step(2_000_000 - 100 * number, bound=number))
    points = course.points
    assert len(points) == MOST_POINTS
    assert (points[0].at_ms, points[-1].at_ms) == (500, 5_000_000)
    assert [one.cost_fen for one in points] == sorted((one.cost_fen for one in points), reverse=True)
    gaps = [after.at_ms - before.at_ms for before, after in pairwise(points)]
    assert max(gaps) < 4 * 5_000_000 / MOST_POINTS  # no long blank in it


def test_a_step_that_changes_nothing_only_moves_the_end() -> None:
    """Since when and until when: two points for a plateau, however often it is told."""
    points: tuple[Point, ...] = ()
    for at_ms in (0, 10, 20, 30):
        points = extended(points, point(at_ms))
    assert [one.at_ms for one in points] == [0, 30]
    assert [one.at_ms for one in extended(points, point(40, 90))] == [0, 30, 40]


def test_thinning_takes_the_closest_in_time_and_spares_turns() -> None:
    """The plain point with the nearest neighbours goes; beginnings of phases and of the bound stay."""
    plain = (point(0), point(10, 99), point(11, 98), point(50, 97), point(100, 96))
    assert [one.at_ms for one in thinned(plain, 4)] == [0, 11, 50, 100]
    turns = (
        point(0, phase="greedy"),
        point(1, phase="routing"),
        point(2, phase="ruin"),
        point(3, bound=5),
        point(60, 90, bound=5),
        point(99, 80, bound=5),
    )
    assert [one.at_ms for one in thinned(turns, 5)] == [0, 1, 2, 3, 99]
    assert [one.at_ms for one in thinned(turns, 1)] == [0, 99]
    assert thinned((), 5) == ()


def test_rows_come_back_as_points_and_nonsense_is_left_out() -> None:
    """What a document holds is read again; a row of another form is no point."""
    course = SearchCourse(Stopwatch())
    course.add(step(500, phase=PlanningPhase.GREEDY))
    course.add(step(400, bound=300))
    assert course_of({"course": course.rows()}) == course.points
    assert course_of({}) == ()
    assert read_points([[1, 2, 3], "x", None, [1, 2, 3, 4, 5], [0, 9, 8, 0, "done"]]) == (
        point(0, 9, bound=8, phase="done"),
    )


@pytest.mark.parametrize(("left", "kept"), [((3, 3, 0, 0), 2), ((0, 0, 0, 0), 4), ((5, 4, 3, 2), 1)])
def test_only_plans_that_carry_as_many_are_compared(left: tuple[int, ...], kept: int) -> None:
    """A plan that leaves riders behind is cheaper for the wrong reason: it is not in the picture."""
    points = tuple(point(at_ms, unserved=count) for at_ms, count in enumerate(left))
    assert drawn(points) == points[-kept:]
    assert drawn(()) == ()
