"""
Every route that a better plan may still use: those whose reduced cost fits between the bound and the
best plan known. Where all are found, choosing among them is choosing among all plans.

After Baldacci, Christofides & Mingozzi (Mathematical Programming 115(2), 2008).
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from busops.planner.columns.completion import Completion, complete
from busops.planner.columns.labels import CUT_WORDS, Prices, visit
from busops.planner.columns.pricing import Duals, Pricer
from busops.planner.model import UNREACHABLE
from busops.planner.search.case import Case
from busops.planner.search.compiled import Ints, Keys, Places, Words, compiled, copy, inner

FOUND: Final = 0  # places in ``numbers``: rows in use,
STEPS: Final = 1  # steps made,
GIVEN_UP: Final = 2  # if rows or steps did not suffice
_EMPTY: Final = -1


class Found(NamedTuple):
    """The rows of the routes found, one for each set of nodes, and the walk that is being tried."""

    stops: Places  # (P, M)
    length: Ints  # (P)
    reduced: Ints  # (P) milli-fen
    name: Keys  # (P)
    row_of: Ints  # a power of two, open addressing
    path: Ints  # (M+1) nodes; the campus first
    load: Ints  # (M+1)
    time_s: Ints  # (M+1)
    cost: Ints  # (M+1) reduced cost without the way home
    names: Keys  # (M+1)
    tried: Ints  # (M+1) the last node that was tried after the place
    odd: Words  # (M+1, CUT_WORDS)
    on_path: Ints  # (n+1)
    numbers: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """Routes of one kind with their reduced costs, and if these are all there are."""

    routes: tuple[tuple[int, ...], ...]
    reduced: tuple[int, ...]
    is_complete: bool


def found_for(case: Case, most: int) -> Found:
    """Room for ``most`` routes."""
    places = case.max_stops + 1
    return Found(
        stops=np.zeros((most, case.max_stops), dtype=np.int32),
        length=np.zeros(most, dtype=np.int64),
        reduced=np.zeros(most, dtype=np.int64),
        name=np.zeros(most, dtype=np.uint64),
        row_of=np.full(1 << (2 * most).bit_length(), _EMPTY, dtype=np.int64),
        path=np.zeros(places, dtype=np.int64),
        load=np.zeros(places, dtype=np.int64),
        time_s=np.zeros(places, dtype=np.int64),
        cost=np.zeros(places, dtype=np.int64),
        names=np.zeros(places, dtype=np.uint64),
        tried=np.zeros(places, dtype=np.int64),
        odd=np.zeros((places, CUT_WORDS), dtype=np.uint64),
        on_path=np.zeros(len(case.load), dtype=np.int64),
        numbers=np.zeros(3, dtype=np.int64),
    )


def routes_within(pricer: Pricer, found: Found, kind: int, duals: Duals, room: int, *, steps: int) -> Within:
    """
    The routes of ``kind`` with a reduced cost below ``room`` milli-fen; of each set the cheapest order.

    Not complete when they are more than ``found`` has rows, or need more ``steps``.
    """
    case = pricer.case
    prices = pricer.prices(kind, duals, room)
    found.row_of[:] = _EMPTY
    found.numbers[:] = 0
    if prices.fixed + complete(case, pricer.completion, kind, duals.node) < room:
        _walk(case, pricer.completion, prices, found, steps)
    rows = range(int(found.numbers[FOUND]))
    return Within(
        routes=tuple(tuple(int(node) for node in found.stops[row, : found.length[row]]) for row in rows),
        reduced=tuple(int(found.reduced[row]) for row in rows),
        is_complete=not found.numbers[GIVEN_UP],
    )


@compiled
def _walk(case: Case, table: Completion, prices: Prices, found: Found, steps: int) -> None:
    """Depth first over all walks that may still end within the room."""
    depth = 0
    found.on_path[:] = 0
    found.path[0] = found.load[0] = found.time_s[0] = found.tried[0] = 0
    found.cost[0] = prices.fixed
    found.names[0] = np.uint64(0)
    while depth >= 0:
        if depth == case.max_stops or not _go_on(case, table, prices, found, depth):
            found.on_path[found.path[depth]] = 0
            depth -= 1
            continue
        depth += 1
        found.tried[depth] = 0
        found.numbers[STEPS] += 1
        if found.numbers[STEPS] > steps:
            found.numbers[GIVEN_UP] = 1
        ends = found.cost[depth] + table.arc[found.path[depth], 0]
        if ends < prices.below:
            _note(found, depth, ends)
        if found.numbers[GIVEN_UP]:
            return


@inner
def _go_on(case: Case, table: Completion, prices: Prices, found: Found, depth: int) -> bool:
    """The walk has its next node, if there is one left to try that can end within the room."""
    node, load, now = found.path[depth], found.load[depth], found.time_s[depth]
    seats = case.capacity[prices.kind]
    for other in range(found.tried[depth] + 1, len(case.load)):
        there = load + case.load[other]
        arc = table.arc[node, other]
        if found.on_path[other] or there > seats or arc >= UNREACHABLE:
            continue
        arrives = now + case.way_s[node, other]
        if arrives > case.late_s[other]:
            continue
        then = arrives // table.step_s
        reduced = found.cost[depth] + arc
        rest = table.best[there, then, other]
        if table.after[there, then, other] == node and node > 0:
            rest = table.second[there, then, other]
        if reduced + rest >= prices.below:
            continue
        reduced += visit(prices.cuts, found.odd[depth], (depth - 1, other), found.odd[depth + 1])
        if reduced + rest >= prices.below:
            continue
        found.tried[depth] = other
        found.path[depth + 1] = other
        found.load[depth + 1] = there
        found.time_s[depth + 1] = arrives
        found.cost[depth + 1] = reduced
        found.names[depth + 1] = found.names[depth] ^ case.names[other]
        found.on_path[other] = 1
        return True
    return False


@inner
def _note(found: Found, depth: int, ends: int) -> None:
    """The walk's nodes have a row with their cheapest order."""
    name = found.names[depth]
    mask = len(found.row_of) - 1
    cell = np.int64(name >> np.uint64(17)) & mask
    while found.row_of[cell] != _EMPTY and found.name[found.row_of[cell]] != name:
        cell = (cell + 1) & mask
    row = found.row_of[cell]
    if row == _EMPTY:
        row = found.numbers[FOUND]
        if row == len(found.length):
            found.numbers[GIVEN_UP] = 1
            return
        found.numbers[FOUND] += 1
        found.row_of[cell] = row
        found.name[row] = name
    elif found.reduced[row] <= ends:
        return
    copy(found.path[1:], found.stops[row], depth)
    found.length[row] = depth
    found.reduced[row] = ends
