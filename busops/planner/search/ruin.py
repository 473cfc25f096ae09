"""
Ruin and recreate: an annealed chain of rounds from a plan, whose good routes go to the pool.

Absent nodes are part of every recreation, so that a partial plan is repaired first. Deterministic
for a seed and a number of rounds. The rounds run compiled, without the interpreter's lock.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from busops.planner.model import Model
from busops.planner.search.case import Case, case_of
from busops.planner.search.compiled import Ints, Keys, Places, compiled, copy, draw, inner
from busops.planner.search.fleet import COST, KEPT, NO_KIND, NOWHERE, Fleet, begin, fleet_of, undo
from busops.planner.search.fleet_state import Assigned
from busops.planner.search.pool import RoutePool
from busops.planner.search.route_store import RouteStore, note_route, pour, store_of
from busops.planner.search.ruin_moves import order, put, rightsize, ruin

ABSENT_COST: Final = 10**11  # milli-fen for each rider left over; beyond any trip's cost
_KEPT_PCT: Final = 101  # routes of plans within 1 % of the best go to the pool
_HALF: Final = 0.5
CHUNK: Final = 256  # rounds between two looks at the clock
_SCORE: Final = 0  # places in ``numbers``: the present plan's score,
_BEST: Final = 1  # the best score,
_ABSENT: Final = 2  # how many nodes are absent


@dataclass(frozen=True, slots=True, kw_only=True)
class Annealing:
    """Temperatures in milli-fen, from ``hot`` to ``cold``."""

    hot: float
    cold: float

    def at(self, share: float) -> float:
        """The temperature when ``share`` of the effort is spent."""
        return float(self.hot * (self.cold / self.hot) ** min(max(share, 0.0), 1.0))


def annealing_for(cost: int, trips: int, chain: int = 0) -> Annealing:
    """Temperatures by the mean cost of a trip, 3 % of it when hot; each later chain begins half as hot."""
    mean = cost / max(trips, 1) / 2**chain
    return Annealing(hot=max(mean * 0.03, 1.0), cold=max(mean * 0.0005, 0.01))


class Chain(NamedTuple):
    """What a chain remembers beside its fleet."""

    absent: Ints  # (n+1), the first ``numbers[_ABSENT]`` count
    fresh: Ints  # (n+1) the absent nodes of the round that is being tried
    numbers: Ints
    random: Keys
    best_stops: Places
    best_length: Ints
    best_kind: Ints


class RuinRecreate:
    """One annealed chain from a given plan; ``best`` is the best plan seen."""

    def __init__(self, model: Model, plan: Sequence[Assigned], seed: int, pool: RoutePool) -> None:
        self.case: Case = case_of(model)
        self.fleet: Fleet = fleet_of(self.case, model.trips_of_group, plan)
        self.pool = pool
        self.store: RouteStore = store_of(self.case)
        self.rounds = 0
        fleet = self.fleet
        absent = np.flatnonzero(fleet.slot_of[1:] == NOWHERE) + 1
        score = int(fleet.totals[COST]) + ABSENT_COST * int(self.case.load[absent].sum())
        self.chain = Chain(
            absent=np.concatenate((absent, np.zeros(len(self.case.load), dtype=np.int64))),
            fresh=np.zeros(len(self.case.load), dtype=np.int64),
            numbers=np.array([score, score, len(absent)], dtype=np.int64),
            random=np.array([seed % 2**63], dtype=np.uint64),
            best_stops=fleet.stops.copy(),
            best_length=fleet.length.copy(),
            best_kind=fleet.kind.copy(),
        )

    @property
    def best(self) -> tuple[Assigned, ...]:
        """The best plan as values."""
        chain = self.chain
        return tuple(
            (int(kind), tuple(int(node) for node in stops[:length]))
            for kind, stops, length in zip(chain.best_kind, chain.best_stops, chain.best_length, strict=True)
            if kind != NO_KIND
        )

    @property
    def best_score(self) -> int:
        """Milli-fen of the best plan, with the cost of absent nodes."""
        return int(self.chain.numbers[_BEST])

    def run(
        self, spent: Callable[[], float], annealing: Annealing, wish: Callable[[], bool] | None = None
    ) -> tuple[Assigned, ...]:
        """
        Searches until ``spent`` (share of the effort, asked every 256 rounds) reaches 1.

        The routes met go to the pool, unless somebody wishes to stop: then nobody will use them.
        """
        while (share := spent()) < 1:
            _rounds(self.case, self.fleet, self.store, self.chain, annealing.at(share))
            self.rounds += CHUNK
        if wish is None or not wish():
            pour(self.store, self.pool)
        return self.best


@compiled
def _rounds(case: Case, fleet: Fleet, store: RouteStore, chain: Chain, temperature: float) -> None:
    """256 rounds at one temperature."""
    for _round in range(CHUNK):
        begin(fleet)
        ruin(case, fleet, centre(case, chain), chain.random)
        limit = chain.numbers[_SCORE] - temperature * math.log(draw(chain.random) + 1e-300)
        score = fleet.totals[COST]
        absent = 0
        if score < limit:
            absent = recreate(case, fleet, chain)
            rightsize(case, fleet)
            score = fleet.totals[COST]
            for number in range(absent):
                score += ABSENT_COST * case.load[chain.fresh[number]]
        if score >= limit:
            undo(case, fleet)
            continue
        chain.numbers[_SCORE] = score
        chain.numbers[_ABSENT] = absent
        copy(chain.fresh, chain.absent, absent)
        if score < chain.numbers[_BEST]:
            chain.numbers[_BEST] = score
            note_best(fleet, chain)
        if 100 * score < _KEPT_PCT * chain.numbers[_BEST]:
            for number in range(fleet.totals[KEPT]):
                note_route(case, fleet, store, fleet.kept[number])


@inner
def note_best(fleet: Fleet, chain: Chain) -> None:
    """The present plan is the best plan."""
    slots = len(fleet.kind)
    copy(fleet.length, chain.best_length, slots)
    copy(fleet.kind, chain.best_kind, slots)
    for slot in range(slots):
        copy(fleet.stops[slot], chain.best_stops[slot], fleet.length[slot])


@inner
def centre(case: Case, chain: Chain) -> int:
    """A node by chance; half of the time one of the absent, if there are any."""
    absent = chain.numbers[_ABSENT]
    if absent and draw(chain.random) < _HALF:
        return int(chain.absent[int(draw(chain.random) * absent)])
    return int(draw(chain.random) * (len(case.load) - 1)) + 1


@inner
def recreate(case: Case, fleet: Fleet, chain: Chain) -> int:
    """Every node that finds a place has one; returns how many are left over, which stand in ``fresh``."""
    count = chain.numbers[_ABSENT]
    copy(chain.absent, chain.fresh, count)
    for number in range(fleet.totals[KEPT]):
        slot = fleet.kept[number]
        for at in range(fleet.old[slot, 0]):
            node = fleet.old_stops[slot, at]
            if fleet.slot_of[node] == NOWHERE:
                chain.fresh[count] = node
                count += 1
    order(case, chain.fresh, count, chain.random)
    left_over = 0
    for number in range(count):
        node = chain.fresh[number]
        if not put(case, fleet, node, chain.random):
            chain.fresh[left_over] = node
            left_over += 1
    return left_over
