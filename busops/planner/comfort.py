"""
The last touch on each trip: of two orders of its stops the shorter, and of equally long ones the kinder.

Cost never rises here. Trading a little cost for shorter rides is another step's matter.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from busops.planner.effort import StopWish
from busops.planner.model import Model
from busops.planner.search.fleet_state import Assigned
from busops.planner.search.routes import keeps_limits

_Rank: TypeAlias = tuple[int, int, int]  # metres, longest ride, rider-seconds


def kinder(model: Model, assigned: Iterable[Assigned], wish: StopWish | None = None) -> tuple[Assigned, ...]:
    """The same trips, each in the best order that reversals and moves lead to, while nobody waits."""
    return tuple(
        (kind, stops if wish and wish() else _kinder_order(model, model.kinds[kind].course, stops))
        for kind, stops in assigned
    )


def _kinder_order(model: Model, course: int, stops: tuple[int, ...]) -> tuple[int, ...]:
    best, rank = stops, _rank(model, stops)
    improved = True
    while improved:
        improved = False
        for order in _neighbour_orders(best):
            other = _rank(model, order)
            if other < rank and keeps_limits(model, course, order):
                best, rank, improved = order, other, True
                break
    return best


def _neighbour_orders(stops: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Each stretch driven the other way round, and each stop moved to each other place."""
    count = len(stops)
    for begin in range(count - 1):
        for end in range(begin + 2, count + 1):
            yield stops[:begin] + stops[begin:end][::-1] + stops[end:]
    for at in range(count):
        rest = stops[:at] + stops[at + 1 :]
        for place in range(count):
            if place != at:
                yield (*rest[:place], stops[at], *rest[place:])


def _rank(model: Model, stops: tuple[int, ...]) -> _Rank:
    metres = now = last = longest = rider_s = 0
    for node in stops:
        metres += model.way_m[last][node]
        now += model.way_s[last][node]
        longest = max(longest, now)
        rider_s += now * model.load[node]
        last = node
    return metres + model.way_m[last][0], longest, rider_s
