"""
Stops as levers: the riders of a stop walk to another designated one, or a stop with few riders goes.

Walks are straight lines times the school's detour factor, between stops of the problem only: nobody is
sent to a place that is not designated. Each is planned anew as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from busops.domain.values import CAMPUS
from busops.planner.margin.adapt import known_of
from busops.planner.margin.lever.values import (
    MOST_LEFT_OUT,
    Before,
    Fact,
    Lever,
    LeverKind,
    kept_stops,
    lever_of,
    without_riders,
)
from busops.planner.margin.replan import Replanning
from busops.planner.problem import Problem, Trip

TRIED: Final = 3  # single mergers that are planned anew
NEAR_M: Final = 500  # so near to another a stop is among those merged at once
FEW: Final = (2, 3, 5)
FEW_TRIED: Final = 2

Walks = Mapping[tuple[str, str], int]  # metres on foot from one stop to another


@dataclass(frozen=True, slots=True, kw_only=True)
class Merger:
    """The riders of ``gone`` walk ``walk_m`` to ``kept``; ``worth_fen`` estimates what its halts cost."""

    gone: str
    kept: str
    walk_m: int
    worth_fen: int


def mergers(before: Before, walks: Walks, most_m: int) -> tuple[Merger, ...]:
    """
    Each stop of the plan with the nearest other within ``most_m``, the most promising first.

    A stop of a kept trip stays.
    """
    worth, stay = _worth_of_stops(before), kept_stops(before)
    found = []
    for gone, worth_fen in worth.items():
        if gone in stay:
            continue
        near = [
            (walks[gone, kept], kept)
            for kept in worth
            if kept != gone and walks.get((gone, kept), most_m + 1) <= most_m
        ]
        if near:
            walk_m, kept = min(near)
            found.append(Merger(gone=gone, kept=kept, walk_m=walk_m, worth_fen=worth_fen))
    return tuple(sorted(found, key=lambda one: (-one.worth_fen, one.walk_m, one.gone)))


def merge_lever(before: Before, how: Replanning, merger: Merger) -> Lever | None:
    """The plan without the stop."""
    facts: dict[str, Fact] = {"from": merger.gone, "to": merger.kept, "walk_m": merger.walk_m}
    return _merged(before, how, (merger,), LeverKind.MERGE_STOPS, facts)


def near_lever(before: Before, how: Replanning, found: tuple[Merger, ...]) -> Lever | None:
    """The plan without any stop that is within ``NEAR_M`` of another; None when there are not two such."""
    gone: dict[str, Merger] = {}
    kept: set[str] = set()
    for merger in sorted(found, key=lambda one: (one.walk_m, one.gone)):
        if merger.walk_m <= NEAR_M and merger.gone not in kept and merger.kept not in gone:
            gone[merger.gone] = merger
            kept.add(merger.kept)
    if len(gone) <= 1:
        return None
    facts: dict[str, Fact] = {"stops": len(gone), "walk_m": max(merger.walk_m for merger in gone.values())}
    return _merged(before, how, tuple(gone.values()), LeverKind.MERGE_STOPS_NEAR, facts)


def few_riders(before: Before) -> tuple[tuple[int, frozenset[str]], ...]:
    """(n, who would lose his seat) when stops with fewer than n riders are not served; each set once."""
    at_stop: dict[str, set[str]] = {}
    for trip in before.plan.trips:
        for halt in trip.stops:
            at_stop.setdefault(halt.stop_id, set()).update(halt.rider_ids)
    for stop_id in kept_stops(before):
        at_stop.pop(stop_id, None)
    found: dict[frozenset[str], int] = {}
    for least in FEW:
        lost = frozenset().union(*(riders for riders in at_stop.values() if len(riders) < least))
        if lost and MOST_LEFT_OUT * len(lost) <= len(before.rides):
            found.setdefault(lost, least)
    return tuple((least, lost) for lost, least in list(found.items())[:FEW_TRIED])


def few_lever(before: Before, how: Replanning, least: int, lost: frozenset[str]) -> Lever | None:
    """The plan that leaves out the stops with fewer than ``least`` riders."""
    left = without_riders(before.problem, lost)
    plan = how.best(left, known_of(left, before.plan))
    if plan is None or len(plan.unserved) > len(before.plan.unserved):
        return None
    return lever_of(before, plan, LeverKind.LEAST_AT_STOP, least=least, lost=len(lost))


def _merged(
    before: Before,
    how: Replanning,
    chosen: tuple[Merger, ...],
    kind: LeverKind,
    facts: Mapping[str, Fact],
) -> Lever | None:
    to = {merger.gone: merger for merger in chosen}
    walks_m: dict[str, int] = {}
    now_at = _stops_of_riders(before)
    riders = []
    for rider in before.problem.riders:
        merger = to.get(now_at.get(rider.rider_id, ""))
        others = tuple(stop_id for stop_id in rider.stop_ids if stop_id not in to)
        if merger is not None:
            walks_m[rider.rider_id] = merger.walk_m
            others = (merger.kept,)
        riders.append(replace(rider, stop_ids=others or rider.stop_ids))
    merged = replace(before.problem, riders=tuple(riders))
    plan = how.best(merged, known_of(merged, before.plan))
    if plan is None or len(plan.unserved) > len(before.plan.unserved):
        return None
    return lever_of(before, plan, kind, walks_m=walks_m, **facts)


def _stops_of_riders(before: Before) -> dict[str, str]:
    return {
        rider_id: halt.stop_id
        for trip in before.plan.trips
        for halt in trip.stops
        for rider_id in halt.rider_ids
    }


def _worth_of_stops(before: Before) -> dict[str, int]:
    """For each stop in use what its halts cost in kilometres; the whole trip where it is the only one."""
    rates = {vehicle.plate: vehicle.per_km_fen for vehicle in before.problem.vehicles}
    worth: dict[str, int] = {}
    for trip in before.plan.trips:
        for halt in trip.stops:
            saved_m = _detour_m(before.problem, trip, halt.stop_id)
            fen = trip.cost_fen if len(trip.stops) == 1 else saved_m * rates[trip.plate] // 1000
            worth[halt.stop_id] = worth.get(halt.stop_id, 0) + fen
    return worth


def _detour_m(problem: Problem, trip: Trip, gone: str) -> int:
    way = [halt.stop_id for halt in trip.stops]
    return max(0, round_m(problem, way) - round_m(problem, [stop_id for stop_id in way if stop_id != gone]))


def round_m(problem: Problem, way: list[str]) -> int:
    """The metres from the campus over these stops and back: for guessing what is worth a plan."""
    closed = (str(CAMPUS), *way, str(CAMPUS))
    return sum(problem.travel.between(one, two)[0] for one, two in pairwise(closed))
