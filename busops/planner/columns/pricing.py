"""
The cheapest routes under given prices of the stops: labels over ng-routes, exact when nothing was cut off.

An ng-route may come back to a stop that it has forgotten (Baldacci, Mingozzi & Roberti, Operations
Research 59(5), 2011). Every real route is one, so the least reduced cost over ng-routes bounds that
of real routes from below. All sums are integers: what is proved is not proved up to rounding.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from busops.planner.columns.completion import Completion, complete, completion_for
from busops.planner.columns.cuts import cut_table
from busops.planner.columns.labels import (
    GIVEN_UP,
    LABELS,
    LOWEST,
    CutTable,
    Labels,
    Prices,
    labels_for,
    search,
)
from busops.planner.search.case import Case
from busops.planner.search.compiled import Ints, Words

ROUNDING: Final = 499  # milli-fen by which the rounding of a trip to fen may make it cheaper
_MEMORY: Final = 8  # stops that a stop remembers, itself among them
_PER_FIRST_STOP: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Duals:
    """
    Prices in milli-fen: of each node (≥ 0; node 0 has none), of a trip of each stock (≥ 0 where more
    are wanted), of a seat that any trip provides (≥ 0); and the cuts that cost something.
    """

    node: Ints
    group: Ints
    seat: int = 0
    cuts: CutTable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """Routes of one kind, the least reduced cost that is proved for the kind, and if nothing was cut off."""

    routes: tuple[tuple[int, ...], ...]
    lowest: int
    is_exact: bool


class Pricer:
    """Prices the routes of every kind of a case; keeps its arrays between the calls."""

    def __init__(self, case: Case, most_labels: int = 400_000) -> None:
        self.case = case
        nodes = len(case.load)
        words = (nodes + 63) // 64
        self.labels: Labels = labels_for(nodes, int(case.capacity.max(initial=1)), words, most_labels)
        self.memory = _memory(case, words, _MEMORY)
        self.completion: Completion = completion_for(case)
        self.no_cuts = cut_table(nodes, (), ())

    def price(self, kind: int, duals: Duals, *, below: int, width: int, most: int) -> Priced:
        """
        Routes of ``kind`` with a reduced cost below ``below`` milli-fen, the cheapest ``most`` of them.

        ``width`` labels are kept for each stop and load; a stop may occur twice in a route.
        """
        found, lowest, is_exact = self._search(kind, duals, below, width)
        return Priced(
            routes=self._spread(found, most),
            lowest=lowest,
            is_exact=is_exact,
        )

    def prices(self, kind: int, duals: Duals, below: int, width: int = 1) -> Prices:
        """What a search for routes of ``kind`` below ``below`` milli-fen is told."""
        return Prices(
            kind=kind,
            fixed=unpaid(self.case, kind, duals),
            node=duals.node,
            memory=self.memory,
            cuts=self.no_cuts if duals.cuts is None else duals.cuts,
            below=below,
            width=width,
        )

    def _search(self, kind: int, duals: Duals, below: int, width: int) -> tuple[Ints, int, bool]:
        case, labels = self.case, self.labels
        prices = self.prices(kind, duals, below, width)
        fixed = prices.fixed
        least = complete(case, self.completion, kind, duals.node)
        if fixed + least >= below:
            return np.zeros(0, dtype=np.int64), fixed + least, True
        search(case, self.completion, labels, prices)
        count = int(labels.numbers[LABELS])
        is_exact = not labels.numbers[GIVEN_UP]
        ends = np.flatnonzero(labels.ends[:count] < below)
        ends = ends[np.argsort(labels.ends[ends], kind="stable")]
        lowest = min(int(labels.numbers[LOWEST]), below) if is_exact else fixed + least
        return ends, lowest, is_exact

    def _route(self, label: int) -> tuple[int, ...]:
        stops = []
        while label >= 0:
            stops.append(int(self.labels.node[label]))
            label = int(self.labels.before[label])
        return tuple(reversed(stops))

    def _spread(self, ends: Ints, most: int) -> tuple[tuple[int, ...], ...]:
        """The cheapest routes, few with the same first stop, so that the next prices differ everywhere."""
        chosen: list[tuple[int, ...]] = []
        starts: dict[int, int] = {}
        for label in ends:
            route = self._route(int(label))
            starts[route[0]] = starts.get(route[0], 0) + 1
            if starts[route[0]] <= _PER_FIRST_STOP:
                chosen.append(route)
                if len(chosen) >= most:
                    break
        return tuple(chosen)


def unpaid(case: Case, kind: int, duals: Duals) -> int:
    """A trip's fixed cost less what it is paid for its seats and for being of its stock; milli-fen."""
    paid = int(duals.group[case.group[kind]]) + duals.seat * int(case.capacity[kind])
    return int(case.fixed[kind]) - ROUNDING - paid


def _memory(case: Case, words: int, size: int) -> Words:
    """For each node the set of the nodes that are remembered there, as bits."""
    nodes = len(case.load)
    memory = np.zeros((nodes, words), dtype=np.uint64)
    for node in range(1, nodes):
        for other in (node, *case.near[node, :size]):
            memory[node, int(other) // 64] |= np.uint64(1) << np.uint64(int(other) % 64)
    return memory
