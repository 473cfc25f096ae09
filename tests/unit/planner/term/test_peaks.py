"""The percentile of each stop: nearest rank, integers, absent weekends count as nothing."""

import pytest

from busops.domain.errors import InvalidInput
from busops.planner.problem import RiderDemand
from busops.planner.term.peaks import larger, nearest_rank, peaks, places, riders_by_stop
from tests.unit.planner.small import coach, problem, riders


@pytest.mark.parametrize(
    ("values", "percent", "rank"),
    [
        ([5], 90, 5),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 90, 9),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 91, 10),
        ([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 10, 1),
        ([4, 0, 0], 90, 4),
        ([4, 0, 0], 66, 0),
        ([4, 0, 0], 67, 4),
        ([3, 1], 50, 1),
        ([3, 1], 100, 3),
        ([0] * 9 + [40], 90, 0),
    ],
)
def test_nearest_rank_is_a_value_that_occurred(values: list[int], percent: int, rank: int) -> None:
    """The least value that at least that share of the weekends does not exceed."""
    assert nearest_rank(values, percent) == rank
    assert sum(value <= rank for value in values) * 100 >= percent * len(values)


@pytest.mark.parametrize(("values", "percent"), [([], 90), ([1], 0), ([1], 101)])
def test_no_weekends_and_impossible_percentiles_are_refused(values: list[int], percent: int) -> None:
    """There is no percentile of nothing, nor one outside 1 to 100."""
    with pytest.raises(InvalidInput, match="percentile_invalid"):
        nearest_rank(values, percent)


def test_a_stop_that_is_missing_on_a_weekend_counts_as_nobody() -> None:
    """Ten weekends, one of them at S2: the 90th percentile leaves it out, the 91st keeps it."""
    weekends = [{"S1": number} for number in range(1, 10)] + [{"S2": 7}]
    assert peaks(weekends, 90) == {"S1": 8}
    assert peaks(weekends, 100) == {"S1": 9, "S2": 7}
    assert peaks(weekends[:3], 50) == {"S1": 2}


def test_riders_are_counted_at_their_first_stop_and_become_places() -> None:
    """Who may choose counts at his own stop; both directions need the larger number; places have names."""
    chooser = RiderDemand(rider_id="X", stop_ids=("S2", "S1"))
    nowhere = RiderDemand(rider_id="Y", stop_ids=())
    counts = riders_by_stop(problem((*riders(S1=2), chooser, nowhere), coach()))
    assert counts == {"S1": 2, "S2": 1}
    assert larger(counts, {"S2": 3, "S3": 1}) == {"S1": 2, "S2": 3, "S3": 1}
    assert [place.rider_id for place in places({"S2": 1, "S1": 2})] == ["S1#001", "S1#002", "S2#001"]
    assert {place.stop_ids for place in places({"S2": 1})} == {("S2",)}
