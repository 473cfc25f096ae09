"""
Subset-row cuts: of any three stops, at most one trip serves two or more; what the linear program
cuts in halves against that is forbidden.

After Jepsen, Petersen, Spoorendonk & Pisinger (Operations Research 56(2), 2008); a cut forgets a
visit where a route leaves its memory, so that few labels feel it (Pecin, Pessoa, Poggi & Uchoa,
Mathematical Programming Computation 9, 2017). Forgetting only weakens a cut: it stays valid.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from busops.planner.columns.labels import CUT_WORDS, MOST_AT_A_NODE, CutTable
from busops.planner.search.compiled import Table
from busops.planner.search.fleet_state import Assigned

_VIOLATED: Final = 0.04  # a cut violated by less is not worth its row
_MOST_NEW: Final = 40  # cuts of one round
_MOST_NEW_AT_A_NODE: Final = 6
_MOST: Final = 64 * CUT_WORDS

_Shares: TypeAlias = npt.NDArray[np.float64]


@dataclass(slots=True)
class Cut:
    """Three nodes, and the nodes on which a route still remembers that it has visited one of them."""

    triple: tuple[int, int, int]
    memory: set[int] = field(default_factory=set)

    def times(self, stops: Sequence[int]) -> int:
        """How many pairs of visits to the triple the route makes without forgetting the first."""
        is_odd, pairs = False, 0
        for node in stops:
            is_odd = is_odd and node in self.memory
            if node in self.triple:
                pairs += is_odd
                is_odd = not is_odd
        return pairs

    def learn(self, stops: Sequence[int]) -> None:
        """The route's visits to the triple are remembered from one to the next."""
        last = None
        for at, node in enumerate(stops):
            if node in self.triple:
                if last is not None:
                    self.memory.update(stops[last + 1 : at + 1])
                last = at


def violated(nodes: int, columns: Iterable[tuple[Assigned, float]], most: int) -> list[tuple[int, int, int]]:
    """
    Triples of nodes that the fractional solution serves by halves, the worst first, few at one node.

    ``columns`` are the columns with their share; ``nodes`` counts the campus.
    """
    used = [(column[1], share) for column, share in columns]
    serves = np.zeros((len(used), nodes))
    for row, (stops, _share) in enumerate(used):
        serves[row, list(stops)] = 1.0
    triples, excess = _excess(serves, np.array([share for _stops, share in used]))
    chosen: list[tuple[int, int, int]] = []
    at_node = np.zeros(nodes, dtype=np.int64)
    for row in np.argsort(-excess, kind="stable"):
        if len(chosen) >= min(most, _MOST_NEW):
            break
        one, two, three = (int(node) for node in triples[row])
        if at_node[[one, two, three]].max() < _MOST_NEW_AT_A_NODE:
            at_node[[one, two, three]] += 1
            chosen.append((one, two, three))
    return chosen


def _excess(serves: _Shares, shares: _Shares) -> tuple[Table, _Shares]:
    """
    The triples that trips with two or three of their nodes serve more than once, and by how much more.

    ``serves`` (columns, nodes) is 1 where a column serves a node; of three nodes served together each
    of the three pairs counts once, so that twice the whole has to be taken off.
    """
    both = serves.T @ (shares[:, None] * serves)
    found, excess = [np.zeros((0, 3), dtype=np.int64)], [np.zeros(0)]
    for one in np.flatnonzero(both.sum(axis=1)):
        own = serves[:, one] > 0
        all_three = serves[own].T @ (shares[own, None] * serves[own])
        over = both[one][:, None] + both[one][None, :] + both - 2 * all_three - 1.0
        over[: one + 1] = 0.0
        two, three = np.nonzero(np.triu(over, 1) > _VIOLATED)
        found.append(np.column_stack((np.full(len(two), one), two, three)))
        excess.append(over[two, three])
    return np.concatenate(found), np.concatenate(excess)


def cut_table(nodes: int, cuts: Sequence[Cut], penalty: Sequence[int]) -> CutTable:
    """The table of the cuts with a penalty; the dearest when they are too many."""
    active = [number for number, asked in enumerate(penalty) if asked > 0]
    active.sort(key=lambda number: (-penalty[number], number))
    table = CutTable(
        words=0,
        penalty=np.zeros(_MOST, dtype=np.int64),
        many=np.zeros(nodes, dtype=np.int64),
        cuts_of=np.zeros((nodes, MOST_AT_A_NODE), dtype=np.int32),
        memory=np.zeros((nodes, CUT_WORDS), dtype=np.uint64),
    )
    kept = 0
    for number in active:
        cut = cuts[number]
        if kept == _MOST or any(table.many[node] == MOST_AT_A_NODE for node in cut.triple):
            continue
        for node in cut.triple:
            table.cuts_of[node, table.many[node]] = kept
            table.many[node] += 1
        for node in cut.memory:
            table.memory[node, kept // 64] |= np.uint64(1) << np.uint64(kept % 64)
        table.penalty[kept] = penalty[number]
        kept += 1
    return table._replace(words=(kept + 63) // 64)
