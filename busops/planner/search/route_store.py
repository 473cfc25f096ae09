"""
The routes that a compiled search has driven, as arrays: one row for each course and set of nodes.

Of two orders of the same nodes the shorter is stored. When the rows are full, new routes are not stored.
"""

from typing import Final, NamedTuple

import numpy as np

from busops.planner.search.case import Case
from busops.planner.search.compiled import Ints, Keys, Places, copy, inner
from busops.planner.search.fleet import Fleet
from busops.planner.search.pool import RoutePool
from busops.planner.search.routes import Route

_CELLS: Final = 1_500_000  # stops in all rows
_MOST_ROUTES: Final = 60_000
_COURSE_NAME: Final = np.uint64(0xD1B54A32D192ED03)
_EMPTY: Final = -1


class RouteStore(NamedTuple):
    """P rows of at most M stops, and the table that finds a row by the name of its nodes."""

    stops: Places  # (P, M)
    length: Ints  # (P)
    course: Ints  # (P)
    load: Ints  # (P)
    metres: Ints  # (P)
    name: Keys  # (P)
    row_of: Ints  # a power of two, open addressing
    used: Ints  # (1) rows in use


def store_of(case: Case) -> RouteStore:
    """An empty store for the routes of ``case``."""
    rows = min(_MOST_ROUTES, _CELLS // case.max_stops)
    table = 1 << (2 * rows).bit_length()
    return RouteStore(
        stops=np.zeros((rows, case.max_stops), dtype=np.int32),
        length=np.zeros(rows, dtype=np.int64),
        course=np.zeros(rows, dtype=np.int64),
        load=np.zeros(rows, dtype=np.int64),
        metres=np.zeros(rows, dtype=np.int64),
        name=np.zeros(rows, dtype=np.uint64),
        row_of=np.full(table, _EMPTY, dtype=np.int64),
        used=np.zeros(1, dtype=np.int64),
    )


@inner
def note_route(case: Case, fleet: Fleet, store: RouteStore, slot: int) -> None:
    """The slot's route, or a shorter one over the same nodes, is in the store (unless that is full)."""
    length = fleet.length[slot]
    if length == 0:
        return
    course = case.course[fleet.kind[slot]]
    name = np.uint64(course) * _COURSE_NAME
    for at in range(length):
        name ^= case.names[fleet.stops[slot, at]]
    mask = len(store.row_of) - 1
    cell = np.int64(name >> np.uint64(17)) & mask
    while store.row_of[cell] != _EMPTY and store.name[store.row_of[cell]] != name:
        cell = (cell + 1) & mask
    row = store.row_of[cell]
    if row == _EMPTY:
        if store.used[0] == len(store.length):
            return
        row = store.used[0]
        store.used[0] += 1
        store.row_of[cell] = row
        store.name[row] = name
    elif store.metres[row] <= fleet.metres[slot]:
        return
    copy(fleet.stops[slot], store.stops[row], length)
    store.length[row] = length
    store.course[row] = course
    store.load[row] = fleet.load[slot]
    store.metres[row] = fleet.metres[slot]


def pour(store: RouteStore, pool: RoutePool) -> None:
    """Every route of the store is in the pool; the store is empty."""
    for row in range(int(store.used[0])):
        stops = tuple(int(node) for node in store.stops[row, : store.length[row]])
        pool.add(Route(int(store.course[row]), stops, int(store.load[row]), int(store.metres[row])))
    store.used[0] = 0
    store.row_of[:] = _EMPTY
