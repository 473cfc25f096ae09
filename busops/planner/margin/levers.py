"""
Every lever tried on a plan, sorted by what it brings for each rider who is worse off.

A lever is never taken here: it is a figure to decide by. All are measured against the same plan, and
whatever a longer search alone would save is told as a lever of its own, so that none takes credit for it.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Final, TypeAlias

from busops.domain.errors import InvalidInput
from busops.planner.margin.lever import fares as by_fares
from busops.planner.margin.lever import fleet as by_fleet
from busops.planner.margin.lever import stops as by_stops
from busops.planner.margin.lever import trips as by_trips
from busops.planner.margin.lever.stops import Walks
from busops.planner.margin.lever.values import Before, Lever, before_of
from busops.planner.margin.margin import GOAL_BP, Fares
from busops.planner.margin.replan import Replanning
from busops.planner.problem import Plan, Problem

WALK_MOST_M: Final = 1000
REPLANS: Final = 15  # about as many plans are searched
_PART_SHARE: Final = 4  # two trips alone need a fraction of the time

OnStep: TypeAlias = Callable[[int, int], None]  # levers tried, levers to try
_Trial: TypeAlias = Callable[[], Lever | None]


def levers(
    problem: Problem,
    plan: Plan,
    fares: Fares,
    how: Replanning,
    *,
    target_bp: int = GOAL_BP,
    walks: Walks | None = None,
    walk_most_m: int = WALK_MOST_M,
    on_step: OnStep | None = None,
) -> tuple[Lever, ...]:
    """
    The levers of a sound plan in the order of ``sorted_levers``, those that bring nothing last.

    ``walks`` are metres on foot between stops (none: no stops are merged); fares are fen a ride. A longer
    search and the fares are measured against ``plan``, all else against the best plan found within
    today's limits, so that no lever takes credit for what the search alone brings.
    """
    told = before_of(problem, plan, fares, target_bp)
    best = how.best(problem, [plan]) or plan
    before = before_of(problem, best, fares, target_bp)
    found = list(by_fares.fare_levers(told))
    if best.cost_fen < plan.cost_fen:
        found.append(by_fleet.search_on_lever(told, before))
    trials = tuple(_trials(before, how, walks or {}, walk_most_m))
    for done, trial in enumerate(trials, start=1):
        if on_step is not None:
            on_step(done, len(trials))
        if how.is_stopped:
            break
        try:
            lever = trial()
        except InvalidInput:  # people's rules forbid it: a kept trip, a pair, who may halt where
            continue
        if lever is not None:
            found.append(lever)
    return sorted_levers(found)


def sorted_levers(found: list[Lever]) -> tuple[Lever, ...]:
    """
    Those that bring more per rider affected first; of equals the one that brings more in all.

    A higher fare brings exactly what its riders pay: by that measure the harshest would lead. So fares
    come after what saves cost, the smallest rise first; then what was tried and brings nothing.
    """
    return tuple(sorted(found, key=_place))


def _place(lever: Lever) -> tuple[bool, int, Fraction, int, str]:
    rise_fen = max((one.dearer_fen for one in lever.affected), default=0)
    return lever.gain_fen <= 0, rise_fen, -lever.gain_per_rider, -lever.gain_fen, f"{lever.kind}{lever.facts}"


def _trials(before: Before, how: Replanning, walks: Walks, walk_most_m: int) -> Iterator[_Trial]:
    """What is to be tried, each when it is called."""
    for minutes in by_fleet.LONGER_MIN:
        yield _bound(by_fleet.cap_lever, before, how, minutes)
    yield lambda: by_fleet.waves_lever(before, how)
    yield lambda: by_fleet.mix_lever(before, how)
    part = replace(how, seconds=how.seconds / _PART_SHARE)
    for pair in by_trips.pairs(before)[: by_trips.TRIED]:
        yield _bound(by_trips.merge_lever, before, part, pair)
    near = by_stops.mergers(before, walks, walk_most_m)
    for merger in near[: by_stops.TRIED]:
        yield _bound(by_stops.merge_lever, before, how, merger)
    yield lambda: by_stops.near_lever(before, how, near)
    for least, lost in by_trips.few_riders(before):
        yield _bound(by_trips.few_lever, before, how, least, lost)
    for least, lost in by_stops.few_riders(before):
        yield _bound(by_stops.few_lever, before, how, least, lost)


def _bound(try_it: Callable[..., Lever | None], *given: object) -> _Trial:
    """The trial with what it is given now, whatever the loop's names mean later."""
    return lambda: try_it(*given)
