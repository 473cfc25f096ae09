"""What is counted in a plan's document: rides, their figures, the gap, the price of fairness."""

from typing import Any

import pytest

from busops.services.plan_figures import FairnessTrade, fairness_of, gap_bp, ride_figures, rides_s


def document(direction: str, **stats: Any) -> dict[str, Any]:
    """Three riders at two halts of one trip."""
    halts = [
        {"stop_id": "S1", "arrive_s": 600, "leave_s": 660, "riders": ["1", "2"]},
        {"stop_id": "S2", "arrive_s": 900, "leave_s": 960, "riders": ["3"]},
    ]
    trip = {"plate": "P", "wave": 1, "stops": halts, "campus_arrive_s": 2000}
    return {"direction": direction, "trips": [trip], "stats": stats}


def test_homeward_rides_end_at_the_halt_and_return_rides_at_the_campus() -> None:
    """Arrival counts on the way home; on the way back the time from leaving the stop to the campus."""
    assert sorted(rides_s(document("homeward"))) == [600, 600, 900]
    assert sorted(rides_s(document("return"))) == [1040, 1340, 1340]


def test_the_figures_of_rides() -> None:
    """Of 100 rides of 1 to 100 minutes 95 take no longer than 95; mean and minutes are rounded up."""
    figures = ride_figures(60 * minute for minute in range(100, 0, -1))
    assert (figures.longest_s, figures.p95_s, figures.riders) == (6000, 5700, 100)
    assert figures.mean_s == 3030
    assert figures.rider_minutes == 5050
    odd = ride_figures([100, 61])
    assert (odd.mean_s, odd.rider_minutes, odd.p95_s) == (81, 3, 100)
    assert ride_figures([]).longest_s == 0


@pytest.mark.parametrize(
    ("cost", "bound", "gap"),
    [
        (1000, 1000, 0),
        (1007, 1000, 70),
        (100_001, 100_000, 1),
        (1100, 1000, 1000),
        (1101, 1000, None),
        (1000, 0, None),
        (900, 1000, None),
    ],
)
def test_the_gap_is_rounded_up_and_silent_when_useless(cost: int, bound: int, gap: int | None) -> None:
    """Never less than it is; nothing above a tenth, without a bound, or when the bound is above the cost."""
    assert gap_bp(cost, bound) == gap


def test_the_price_of_fairness_is_told_only_when_the_planner_tells_it() -> None:
    """Three whole numbers in the stats, or nothing."""
    told = {"fairness_before_longest_s": 5000, "fairness_before_p95_s": 4000, "fairness_cost_fen": 8600}
    trade = FairnessTrade(longest_before_s=5000, p95_before_s=4000, cost_fen=8600)
    assert fairness_of(document("homeward", **told)) == trade
    assert fairness_of(document("homeward", **{**told, "fairness_cost_fen": "8600"})) is None
    assert fairness_of(document("homeward")) is None
    assert fairness_of({}) is None
