"""Limits on trips: the least sum is that of trying everything, and two branches lose no plan."""

from itertools import product
from random import Random

import pytest

from busops.planner.columns.limits import TripLimits, no_limits


@pytest.mark.parametrize("seed", range(60))
def test_the_least_sum_is_that_of_trying_everything(seed: int) -> None:
    """Negative and positive costs, binding and slack limits, and none that fit."""
    random = Random(seed)
    least = tuple(random.randint(0, 2) for _group in range(3))
    most = tuple(low + random.randint(-1, 3) for low in least)
    least_all = random.randint(0, 7)
    limits = TripLimits(
        least=least, most=most, least_all=least_all, most_all=least_all + random.randint(-1, 4)
    )
    costs = [random.randint(-9, 9) for _group in range(3)]
    sums = [
        sum(cost * count for cost, count in zip(costs, trips, strict=True))
        for trips in product(*(range(low, high + 1) for low, high in zip(least, most, strict=True)))
        if limits.least_all <= sum(trips) <= limits.most_all
    ]
    assert limits.least_sum(costs) == min(sums, default=None)


@pytest.mark.parametrize(
    ("trips", "halves"),
    [((1.5, 2.0), True), ((1.5, 2.5), True), ((2.0, 1.0), False), ((0.25, 0.75), True)],
)
def test_two_branches_leave_out_only_what_is_no_plan(trips: tuple[float, float], halves: bool) -> None:
    """Every whole number of trips is in exactly one branch, and the fractional trips are in neither."""
    whole = no_limits((3, 3))
    branches = whole.branches(trips)
    assert (branches is not None) == halves
    if branches is None:
        return

    def within(limits: TripLimits, count: tuple[float, ...]) -> bool:
        fits = zip(limits.least, count, limits.most, strict=True)
        return (
            all(low <= one <= high for low, one, high in fits)
            and limits.least_all <= sum(count) <= limits.most_all
        )

    assert not any(within(branch, trips) for branch in branches)
    for count in product(range(4), range(4)):
        assert sum(within(branch, count) for branch in branches) == 1
