"""
How many riders a scheme must have room for at each stop: a percentile over past weekends.

Nearest rank over all weekends given, so that the answer is a number that occurred; a weekend on
which nobody used a stop counts as 0. Averages and forecasts are not made here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from busops.domain.errors import InvalidInput
from busops.planner.problem import Problem, RiderDemand

_WHOLE: Final = 100


def nearest_rank(values: Sequence[int], percent: int) -> int:
    """
    The least of ``values`` that at least ``percent`` of them do not exceed (nearest-rank method).

    Raises InvalidInput for no values, or for a percentile outside 1 to 100.
    """
    if not values or not 1 <= percent <= _WHOLE:
        raise InvalidInput("percentile_invalid", percent=percent, count=len(values))
    return sorted(values)[-(-percent * len(values) // _WHOLE) - 1]


def riders_by_stop(problem: Problem) -> Counter[str]:
    """Riders of a weekend at each stop, each at the first of his stops; who has none is not counted."""
    return Counter(rider.stop_ids[0] for rider in problem.riders if rider.stop_ids)


def peaks(weekends: Sequence[Mapping[str, int]], percent: int) -> dict[str, int]:
    """For each stop of any weekend the percentile of its riders; stops whose percentile is 0 are left out."""
    stops = sorted({stop_id for weekend in weekends for stop_id in weekend})
    at = {
        stop_id: nearest_rank([weekend.get(stop_id, 0) for weekend in weekends], percent) for stop_id in stops
    }
    return {stop_id: count for stop_id, count in at.items() if count}


def larger(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Stop by stop the larger of two demands: a line serves both directions and must have room for either."""
    return {stop_id: max(one.get(stop_id, 0), other.get(stop_id, 0)) for stop_id in sorted({*one, *other})}


def places(demand: Mapping[str, int]) -> tuple[RiderDemand, ...]:
    """One nameless rider for each place that a scheme must have, named after his stop."""
    return tuple(
        RiderDemand(rider_id=f"{stop_id}#{number:03d}", stop_ids=(stop_id,))
        for stop_id, count in sorted(demand.items())
        for number in range(1, count + 1)
    )
