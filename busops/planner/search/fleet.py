"""
A plan as arrays while the compiled search changes it, and the way back from a change.

One row a slot: a slot is a vehicle's trip, or empty (kind -1). ``keep`` saves a slot before its first
change in a round; ``undo`` brings the kept slots back, ``forget`` ends the round with the change kept.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from busops.planner.model import UNREACHABLE
from busops.planner.search.case import Case
from busops.planner.search.compiled import Ints, Places, Table, compiled, copy, inner
from busops.planner.search.fleet_state import Assigned

NO_KIND: Final = -1
NOWHERE: Final = -1
COST: Final = 0  # places in ``totals``: milli-fen of all trips,
VERSION: Final = 1  # the last version given to a slot,
KEPT: Final = 2  # how many slots are kept in this round
_TOTALS: Final = 3


class Fleet(NamedTuple):
    """S slots of at most M stops, n nodes, G stocks of vehicles."""

    stops: Places  # (S, M)
    arrive_s: Table  # (S, M+1): [slot, at] is when place at-1 is reached
    legs: Table  # (2, S, M+1): [0, slot, at] metres and [1, slot, at] seconds from place at-1 to place at
    slack_s: Table  # (S, M+1): by how much everything from place ``at`` on may be later
    length: Ints  # (S)
    kind: Ints  # (S)
    load: Ints  # (S)
    metres: Ints  # (S) with the way back
    version: Ints  # (S) grows with each change; the same version means the same stops
    slot_of: Ints  # (n+1)
    stock: Ints  # (G)
    totals: Ints
    extra_m: Table  # (S, n+1) what a node's best place in the slot costs, if ``known`` is the version
    place: Places  # (S, n+1)
    known: Table  # (S, n+1)
    kept: Ints  # (S) the slots kept in this round
    is_kept: Ints  # (S)
    old_stops: Places  # (S, M)
    old: Table  # (S, 5) length, kind, load, metres, version
    old_stock: Ints
    old_cost: Ints  # (1)


def fleet_of(case: Case, trips: Sequence[int], plan: Sequence[Assigned]) -> Fleet:
    """The arrays of ``plan``; ``trips`` is the stock of each group when nothing is used."""
    nodes = len(case.load)
    slots = max(1, min(sum(trips), nodes - 1))
    most = case.max_stops
    fleet = Fleet(
        stops=np.zeros((slots, most), dtype=np.int32),
        arrive_s=np.zeros((slots, most + 1), dtype=np.int64),
        legs=np.zeros((2, slots, most + 1), dtype=np.int64),
        slack_s=np.zeros((slots, most + 1), dtype=np.int64),
        length=np.zeros(slots, dtype=np.int64),
        kind=np.full(slots, NO_KIND, dtype=np.int64),
        load=np.zeros(slots, dtype=np.int64),
        metres=np.zeros(slots, dtype=np.int64),
        version=np.zeros(slots, dtype=np.int64),
        slot_of=np.full(nodes, NOWHERE, dtype=np.int64),
        stock=np.array(trips, dtype=np.int64),
        totals=np.zeros(_TOTALS, dtype=np.int64),
        extra_m=np.zeros((slots, nodes), dtype=np.int64),
        place=np.zeros((slots, nodes), dtype=np.int32),
        known=np.full((slots, nodes), -1, dtype=np.int64),
        kept=np.zeros(slots, dtype=np.int64),
        is_kept=np.zeros(slots, dtype=np.int64),
        old_stops=np.zeros((slots, most), dtype=np.int32),
        old=np.zeros((slots, 5), dtype=np.int64),
        old_stock=np.zeros(len(trips), dtype=np.int64),
        old_cost=np.zeros(1, dtype=np.int64),
    )
    for slot, (kind, stops) in enumerate(plan):
        fleet.stops[slot, : len(stops)] = stops
        fleet.length[slot] = len(stops)
        fleet.kind[slot] = kind
    _begin_with(case, fleet)
    return fleet


@compiled
def _begin_with(case: Case, fleet: Fleet) -> None:
    """Stock, cost and times follow from the slots' stops and kinds."""
    for slot in range(len(fleet.kind)):
        kind = fleet.kind[slot]
        if kind != NO_KIND:
            measure(case, fleet, slot)
            assign(case, fleet, slot, kind)


@inner
def measure(case: Case, fleet: Fleet, slot: int) -> None:
    """Load, metres, times and places of the slot follow from its stops; it has a new version."""
    length = fleet.length[slot]
    stops, arrive, slack, slot_of = (
        fleet.stops[slot],
        fleet.arrive_s[slot],
        fleet.slack_s[slot],
        fleet.slot_of,
    )
    way_m, way_s, load_of, late_s = case.way_m, case.way_s, case.load, case.late_s
    leg_m, leg_s = fleet.legs[0, slot], fleet.legs[1, slot]
    load = metres = now = 0
    last = 0
    for at in range(length):
        node = stops[at]
        load += load_of[node]
        leg_m[at], leg_s[at] = way_m[last, node], way_s[last, node]
        metres += leg_m[at]
        now += leg_s[at]
        arrive[at + 1] = now
        slot_of[node] = slot
        last = node
    fleet.load[slot] = load
    leg_m[length], leg_s[length] = way_m[last, 0], way_s[last, 0]
    fleet.metres[slot] = metres + leg_m[length]
    least = UNREACHABLE
    slack[length] = least
    for at in range(length - 1, -1, -1):
        least = min(least, late_s[stops[at]] - arrive[at + 1])
        slack[at] = least
    fleet.totals[VERSION] += 1
    fleet.version[slot] = fleet.totals[VERSION]


@inner
def price(case: Case, kind: int, metres: int) -> int:
    """What a trip of the kind costs in milli-fen."""
    return int(case.fixed[kind] + case.per_m[kind] * metres)


@inner
def assign(case: Case, fleet: Fleet, slot: int, kind: int) -> None:
    """The measured slot, which had no vehicle, drives one of ``kind``; none if it has no stops."""
    if fleet.length[slot] == 0:
        fleet.kind[slot] = NO_KIND
        return
    fleet.kind[slot] = kind
    fleet.stock[case.group[kind]] -= 1
    fleet.totals[COST] += price(case, kind, fleet.metres[slot])


@inner
def release(case: Case, fleet: Fleet, slot: int) -> int:
    """The slot's vehicle is back in stock, its cost gone; returns its kind."""
    kind = fleet.kind[slot]
    if kind != NO_KIND:
        fleet.totals[COST] -= price(case, kind, fleet.metres[slot])
        fleet.stock[case.group[kind]] += 1
        fleet.kind[slot] = NO_KIND
    return int(kind)


@inner
def keep(fleet: Fleet, slot: int) -> None:
    """The slot as it is now comes back with ``undo``; only the first call of a round counts."""
    if fleet.is_kept[slot]:
        return
    fleet.is_kept[slot] = 1
    fleet.kept[fleet.totals[KEPT]] = slot
    fleet.totals[KEPT] += 1
    length = fleet.length[slot]
    copy(fleet.stops[slot], fleet.old_stops[slot], length)
    fleet.old[slot, 0] = length
    fleet.old[slot, 1] = fleet.kind[slot]
    fleet.old[slot, 2] = fleet.load[slot]
    fleet.old[slot, 3] = fleet.metres[slot]
    fleet.old[slot, 4] = fleet.version[slot]


@inner
def begin(fleet: Fleet) -> None:
    """A round begins: nothing is kept, stock and cost are remembered."""
    for number in range(fleet.totals[KEPT]):
        fleet.is_kept[fleet.kept[number]] = 0
    fleet.totals[KEPT] = 0
    copy(fleet.stock, fleet.old_stock, len(fleet.stock))
    fleet.old_cost[0] = fleet.totals[COST]


@inner
def undo(case: Case, fleet: Fleet) -> None:
    """The plan is what it was at ``begin``."""
    for number in range(fleet.totals[KEPT]):
        slot = fleet.kept[number]
        for at in range(fleet.length[slot]):
            fleet.slot_of[fleet.stops[slot, at]] = NOWHERE
    for number in range(fleet.totals[KEPT]):
        slot = fleet.kept[number]
        length = fleet.old[slot, 0]
        copy(fleet.old_stops[slot], fleet.stops[slot], length)
        fleet.length[slot] = length
        fleet.kind[slot] = fleet.old[slot, 1]
        measure(case, fleet, slot)
        fleet.version[slot] = fleet.old[slot, 4]
    copy(fleet.old_stock, fleet.stock, len(fleet.stock))
    fleet.totals[COST] = fleet.old_cost[0]


@inner
def best_place(case: Case, fleet: Fleet, slot: int, node: int) -> None:
    """``extra_m`` and ``place`` of the node in the slot are known for the slot's version."""
    fleet.known[slot, node] = fleet.version[slot]
    fleet.extra_m[slot, node] = UNREACHABLE
    length = fleet.length[slot]
    course = case.course[fleet.kind[slot]]
    ranks = case.ranks[course]
    too_many = fleet.load[slot] + case.load[node] > case.room[course]
    if too_many or length >= case.max_stops or ranks[node] < 0:
        return
    stops, arrive, slack = fleet.stops[slot], fleet.arrive_s[slot], fleet.slack_s[slot]
    leg_m, leg_s = fleet.legs[0, slot], fleet.legs[1, slot]
    from_m, from_s = case.way_m[node], case.way_s[node]
    into_m, into_s = case.into[0, node], case.into[1, node]
    rank, late = ranks[node], case.late_s[node]
    best, place, before = UNREACHABLE, NOWHERE, 0
    twins = case.has_twins
    room = _halts_left(case, fleet, slot) if twins else 0
    for at in range(length + 1):
        after = stops[at] if at < length else 0
        if ranks[before] <= rank or at == 0:
            extra = into_m[before] + from_m[after] - leg_m[at]
            if extra < best:
                there = into_s[before]
                later = there + from_s[after] - leg_s[at]
                in_time = arrive[at] + there <= late
                if in_time and (after == 0 or (later <= slack[at] and ranks[after] >= rank)):
                    if twins and _more_halts(case, node, before, after) > room:
                        before = after
                        continue
                    best, place = extra, at
        before = after
    fleet.extra_m[slot, node] = best
    fleet.place[slot, node] = place


@inner
def _halts_left(case: Case, fleet: Fleet, slot: int) -> int:
    """How many halts the slot may still make; nodes of one stop behind each other are one."""
    left, before = case.max_halts, 0
    for at in range(fleet.length[slot]):
        node = fleet.stops[slot, at]
        left -= case.ties[node] != case.ties[before]
        before = node
    return int(left)


@inner
def _more_halts(case: Case, node: int, before: int, after: int) -> int:
    """How many halts the node adds between these two (0 is the campus)."""
    spot = case.ties
    more = int(spot[before] != spot[node])
    if after != 0:
        more += int(spot[node] != spot[after]) - int(spot[before] != spot[after])
    return more


@inner
def may_join(case: Case, fleet: Fleet, slot: int, node: int) -> bool:
    """True when no rule keeps the node from the slot (NOWHERE: from a trip of its own)."""
    ties, nodes = case.ties, len(case.load)
    if slot != NOWHERE:
        foes = ties[nodes + node]
        for at in range(foes + 1, foes + 1 + ties[foes]):
            if fleet.slot_of[ties[at]] == slot:
                return False
    mates = ties[2 * nodes + node]
    for at in range(mates + 1, mates + 1 + ties[mates]):
        where = fleet.slot_of[ties[at]]
        if where not in (NOWHERE, slot):
            return False
    return True


@inner
def cheapest_kind(case: Case, fleet: Fleet, course: int, load: int, metres: int) -> int:
    """The cheapest kind in stock for such a route, or NO_KIND."""
    best, chosen = UNREACHABLE, NO_KIND
    for number in range(case.kinds_from[course], case.kinds_from[course + 1]):
        kind = case.kinds_of[number]
        if case.capacity[kind] >= load and fleet.stock[case.group[kind]] > 0:
            cost = price(case, kind, metres)
            if cost < best:
                best, chosen = cost, kind
    return chosen
