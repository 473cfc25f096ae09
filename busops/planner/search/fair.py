"""
Kinder rides for a little more money: first the longest ride is made shorter, then the long ones.

The cheapest plan of the other steps is the start; what a plan may cost more is a limit, never a price.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from busops.planner.effort import Effort
from busops.planner.model import Model
from busops.planner.search.case import Case
from busops.planner.search.compiled import compiled, draw, inner
from busops.planner.search.fleet import COST, KEPT, NO_KIND, Fleet, begin, undo
from busops.planner.search.fleet_state import Assigned
from busops.planner.search.pool import RoutePool
from busops.planner.search.ruin import (
    CHUNK,
    Annealing,
    Chain,
    RuinRecreate,
    centre,
    note_best,
    recreate,
)
from busops.planner.search.ruin_moves import rightsize, ruin

_TRIALS: Final = 4  # of a shorter longest ride, each half way to what no plan can undercut
_TRIAL_SHARE: Final = 0.15
_COOL: Final = 0.01  # temperatures of a trial, as shares of a trip's mean cost
_COLD: Final = 0.0005
_HARDSHIP_HOT: Final = 0.01  # the same, of the hardship of all riders
_HARDSHIP_COLD: Final = 0.0001
_PERCENTILE: Final = 95


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Rides:
    """How long riders are aboard: the longest, the 95th percentile, all together; seconds."""

    longest_s: int
    p95_s: int
    sum_s: int


def rides_of(model: Model, plan: Sequence[Assigned]) -> Rides:
    """The rides of a plan's riders."""
    rides: list[tuple[int, int]] = []
    for _kind, stops in plan:
        now = last = 0
        for node in stops:
            now += model.way_s[last][node]
            rides.append((now, model.load[node]))
            last = node
    riders = sum(count for _ride_s, count in rides)
    p95_s = passed = 0
    for ride_s, count in sorted(rides):
        passed += count
        p95_s = ride_s
        if passed > riders * _PERCENTILE // 100:
            break
    return Rides(
        longest_s=max((ride_s for ride_s, _count in rides), default=0),
        p95_s=p95_s,
        sum_s=sum(ride_s * count for ride_s, count in rides),
    )


def fairer(
    model: Model, plan: tuple[Assigned, ...], most_cost: int, effort: Effort, seed: int
) -> tuple[Assigned, ...]:
    """A plan of the same riders that costs at most ``most_cost`` milli-fen; its rides are no worse."""
    plan = _shorter_longest(model, plan, most_cost, effort, seed)
    best = rides_of(model, plan)
    capped = replace(model, late_s=tuple(min(late_s, best.longest_s) for late_s in model.late_s))
    chain = _FairChain(capped, plan, seed, most_cost)
    found = chain.run(effort)
    return found if rides_of(model, found) < best else plan


def _shorter_longest(
    model: Model, plan: tuple[Assigned, ...], most_cost: int, effort: Effort, seed: int
) -> tuple[Assigned, ...]:
    """The plan with the shortest longest ride found between its own and the farthest stop's direct one."""
    low, high = max(model.way_s[0], default=0), rides_of(model, plan).longest_s
    for trial in range(_TRIALS):
        longest_s = (low + high) // 2
        if longest_s >= high or effort.is_over():
            break
        capped = replace(model, late_s=tuple(min(late_s, longest_s) for late_s in model.late_s))
        found = _within(capped, plan, most_cost, effort.part(_TRIAL_SHARE), seed + trial)
        if found is None:
            low = longest_s + 1
        else:
            plan, high = found, rides_of(model, found).longest_s
    return plan


def _within(
    model: Model, plan: Sequence[Assigned], most_cost: int, effort: Effort, seed: int
) -> tuple[Assigned, ...] | None:
    """A plan that serves everybody within the model's caps for ``most_cost``, or None if none was found."""
    start = []
    for kind, stops in plan:
        now = last = 0
        kept = []
        for node in stops:
            if now + model.way_s[last][node] <= model.late_s[node]:
                now += model.way_s[last][node]
                last = node
                kept.append(node)
        if kept:
            start.append((kind, tuple(kept)))
    search = RuinRecreate(model, start, seed, RoutePool(model))
    mean = most_cost / max(len(plan), 1)
    found = search.run(effort.spent, Annealing(hot=mean * _COOL, cold=mean * _COLD))
    served = sum(len(stops) for _kind, stops in found)
    return found if served == model.size and search.best_score <= most_cost else None


class _Hardship(NamedTuple):
    """Whole trips' hardship: of each slot, and of the present and the best plan."""

    of_slot: np.ndarray[tuple[int], np.dtype[np.float64]]
    totals: np.ndarray[tuple[int], np.dtype[np.float64]]  # present, best


class _FairChain:
    """An annealed chain over plans below a cost; what it lowers is the hardship of long rides."""

    def __init__(self, model: Model, plan: Sequence[Assigned], seed: int, most_cost: int) -> None:
        self.search = RuinRecreate(model, plan, seed, RoutePool(model))
        self.most_cost = most_cost
        slots = len(self.search.fleet.kind)
        self.hardship = _Hardship(of_slot=np.zeros(slots), totals=np.zeros(2))
        _measure_all(self.search.case, self.search.fleet, self.hardship)

    def run(self, effort: Effort) -> tuple[Assigned, ...]:
        """The kindest plan that was found."""
        search, hardship = self.search, self.hardship
        heat = Annealing(
            hot=max(hardship.totals[0], 1e-9) * _HARDSHIP_HOT,
            cold=max(hardship.totals[0], 1e-9) * _HARDSHIP_COLD,
        )
        while (share := effort.spent()) < 1:
            _rounds(search.case, search.fleet, search.chain, hardship, (self.most_cost, heat.at(share)))
        return search.best


@inner
def _of_slot(case: Case, fleet: Fleet, slot: int) -> float:
    """The sum over the slot's riders of the fourth power of their hours aboard."""
    hardship = 0.0
    for at in range(fleet.length[slot]):
        hours = fleet.arrive_s[slot, at + 1] / 3600.0
        hardship += case.load[fleet.stops[slot, at]] * hours**4
    return hardship


@compiled
def _measure_all(case: Case, fleet: Fleet, hardship: _Hardship) -> None:
    """The hardship of every slot and of the plan."""
    total = 0.0
    for slot in range(len(fleet.kind)):
        hardship.of_slot[slot] = 0.0
        if fleet.kind[slot] != NO_KIND:
            hardship.of_slot[slot] = _of_slot(case, fleet, slot)
        total += hardship.of_slot[slot]
    hardship.totals[0] = hardship.totals[1] = total


@compiled
def _rounds(case: Case, fleet: Fleet, chain: Chain, hardship: _Hardship, limits: tuple[int, float]) -> None:
    """Some hundred rounds; ``limits`` are the most that a plan may cost, and the temperature."""
    most_cost, temperature = limits
    for _round in range(CHUNK):
        begin(fleet)
        ruin(case, fleet, centre(case, chain), chain.random)
        score = hardship.totals[0]
        limit = score - temperature * np.log(draw(chain.random) + 1e-300)
        absent = recreate(case, fleet, chain)
        if absent == 0:
            rightsize(case, fleet)
        if absent or fleet.totals[COST] > most_cost:
            undo(case, fleet)
            continue
        for number in range(fleet.totals[KEPT]):
            slot = fleet.kept[number]
            score += _of_slot(case, fleet, slot) - hardship.of_slot[slot]
        if score >= limit:
            undo(case, fleet)
            continue
        hardship.totals[0] = score
        for number in range(fleet.totals[KEPT]):
            slot = fleet.kept[number]
            hardship.of_slot[slot] = _of_slot(case, fleet, slot)
        if score < hardship.totals[1]:
            hardship.totals[1] = score
            note_best(fleet, chain)
