"""
The two halves of a round of ruin and recreate, on arrays: strings of stops go, and come back greedily.

After Slack Induction by String Removals (Christiaens & Vanden Berghe, Transportation Science
54(2), 2020), with kinds of vehicle: whoever grows may change its vehicle, whoever shrinks too.
"""

from typing import Final

from busops.planner.model import UNREACHABLE
from busops.planner.search.case import Case
from busops.planner.search.compiled import Ints, Keys, draw, inner
from busops.planner.search.fleet import (
    KEPT,
    NO_KIND,
    NOWHERE,
    Fleet,
    assign,
    best_place,
    cheapest_kind,
    keep,
    may_join,
    measure,
    price,
    release,
)

_STRINGS: Final = 8  # mean number of removed nodes
_STRING_LENGTH: Final = 10
_WHOLE_ROUTE: Final = 0.1  # how often the first string is a whole route
_BLINK: Final = 0.01  # how often recreation overlooks a place
_HALF: Final = 0.5
_RANDOM_UPTO: Final = 0.36  # shares of the orders in which nodes are put back: any,
_HEAVY_UPTO: Final = 0.72  # most riders first,
_FAR_UPTO: Final = 0.9  # farthest first, and else nearest first


@inner
def ruin(case: Case, fleet: Fleet, centre: int, random: Keys) -> None:
    """Strings of neighbouring stops round ``centre`` are absent; the slots they came from are kept."""
    used = 0
    for kind in fleet.kind:
        used += kind != NO_KIND
    longest = min(_STRING_LENGTH, max(1.0, (len(case.load) - 1) / max(used, 1)))
    strings = int(draw(random) * (4 * _STRINGS / (1 + longest) - 1) + 1)
    whole = draw(random) < _WHOLE_ROUTE
    for neighbour in range(case.near.shape[1]):
        if strings == 0:
            break
        node = case.near[centre, neighbour]
        slot = fleet.slot_of[node]
        if slot == NOWHERE or fleet.is_kept[slot]:
            continue
        stops = fleet.length[slot]
        length = stops if whole else int(draw(random) * min(stops, longest) + 1)
        whole = False
        at = 0
        while fleet.stops[slot, at] != node:
            at += 1
        _take_string(case, fleet, slot, at, (min(length, stops), random))
        strings -= 1
    if case.has_pairs:
        _take_mates(case, fleet)


@inner
def _take_mates(case: Case, fleet: Fleet) -> None:
    """Whoever must ride with an absent node is absent too; they sat in one slot, which is kept."""
    for number in range(fleet.totals[KEPT]):
        slot = fleet.kept[number]
        for old in range(fleet.old[slot, 0]):
            node = fleet.old_stops[slot, old]
            if fleet.slot_of[node] != NOWHERE:
                continue
            mates = case.ties[2 * len(case.load) + node]
            for row in range(mates + 1, mates + 1 + case.ties[mates]):
                mate = case.ties[row]
                if fleet.slot_of[mate] == slot:
                    _take_one(case, fleet, slot, mate)


@inner
def _take_one(case: Case, fleet: Fleet, slot: int, gone: int) -> None:
    kind = release(case, fleet, slot)
    write = 0
    for read in range(fleet.length[slot]):
        node = fleet.stops[slot, read]
        if node != gone:
            fleet.stops[slot, write] = node
            write += 1
    fleet.slot_of[gone] = NOWHERE
    fleet.length[slot] = write
    measure(case, fleet, slot)
    assign(case, fleet, slot, kind)


@inner
def _take_string(case: Case, fleet: Fleet, slot: int, at: int, how: tuple[int, Keys]) -> None:
    """``length`` stops round place ``at`` are absent; half of the time a few inside are left."""
    length, random = how
    total = fleet.length[slot]
    left = 0
    if 1 < length < total and draw(random) < _HALF:
        left = 1
        while length + left < total and draw(random) < _HALF:
            left += 1
    span = length + left
    low, high = max(0, at - span + 1), min(at, total - span)
    first = low + int(draw(random) * (high - low + 1))
    gap = first + int(draw(random) * (length + 1))
    keep(fleet, slot)
    kind = release(case, fleet, slot)
    write = 0
    for read in range(total):
        node = fleet.stops[slot, read]
        if first <= read < gap or gap + left <= read < first + span:
            fleet.slot_of[node] = NOWHERE
        else:
            fleet.stops[slot, write] = node
            write += 1
    fleet.length[slot] = write
    measure(case, fleet, slot)
    assign(case, fleet, slot, kind)


@inner
def order(case: Case, nodes: Ints, count: int, random: Keys) -> None:
    """The first ``count`` nodes stand in an order by chance: any, by riders, by distance."""
    for at in range(count - 1, 0, -1):
        other = int(draw(random) * (at + 1))
        nodes[at], nodes[other] = nodes[other], nodes[at]
    by = draw(random)
    if by < _RANDOM_UPTO:
        return
    for at in range(1, count):
        node = nodes[at]
        if by < _HEAVY_UPTO:
            weight = -case.load[node]
        elif by < _FAR_UPTO:
            weight = -case.way_m[0, node]
        else:
            weight = case.way_m[0, node]
        before = at - 1
        while before >= 0:
            other = nodes[before]
            if by < _HEAVY_UPTO:
                ahead = -case.load[other]
            elif by < _FAR_UPTO:
                ahead = -case.way_m[0, other]
            else:
                ahead = case.way_m[0, other]
            if ahead <= weight:
                break
            nodes[before + 1] = other
            before -= 1
        nodes[before + 1] = node


@inner
def put(case: Case, fleet: Fleet, node: int, random: Keys) -> bool:
    """The node has taken its cheapest place, some places overlooked; False if there is none."""
    best, chosen, slot = _alone(case, fleet, node)
    load, empty = case.load[node], NOWHERE
    kinds, loads, version = fleet.kind, fleet.load, fleet.version
    known, extras = fleet.known, fleet.extra_m
    capacity, per_m = case.capacity, case.per_m
    for number in range(len(kinds)):
        kind = kinds[number]
        if kind == NO_KIND:
            if empty == NOWHERE:
                empty = number
            continue
        total = loads[number] + load
        if known[number, node] != version[number]:
            best_place(case, fleet, number, node)
        extra = extras[number, node]
        if extra >= UNREACHABLE:
            continue
        wanted, cost = kind, per_m[kind] * extra
        if total > capacity[kind]:
            cost, wanted = _larger(case, fleet, number, (total, extra))
        if (
            cost < best
            and draw(random) >= _BLINK
            and (not case.has_pairs or may_join(case, fleet, number, node))
        ):
            best, chosen, slot = cost, wanted, number
    if chosen == NO_KIND or (slot == NOWHERE and empty == NOWHERE):
        return False
    if slot == NOWHERE:
        slot = empty
        keep(fleet, slot)
        fleet.length[slot] = 0
        _write(case, fleet, slot, 0, node)
    else:
        keep(fleet, slot)
        release(case, fleet, slot)
        _write(case, fleet, slot, fleet.place[slot, node], node)
    assign(case, fleet, slot, chosen)
    return True


@inner
def _larger(case: Case, fleet: Fleet, slot: int, grown: tuple[int, int]) -> tuple[int, int]:
    """Cost of the cheapest vehicle for the slot with ``grown`` (its load, more metres), and its kind."""
    total, extra = grown
    kind, metres = fleet.kind[slot], fleet.metres[slot]
    wanted = cheapest_kind(case, fleet, case.course[kind], total, metres + extra)
    if wanted == NO_KIND:
        return UNREACHABLE, NO_KIND
    return price(case, wanted, metres + extra) - price(case, kind, metres), wanted


@inner
def _write(case: Case, fleet: Fleet, slot: int, place: int, node: int) -> None:
    for at in range(fleet.length[slot], place, -1):
        fleet.stops[slot, at] = fleet.stops[slot, at - 1]
    fleet.stops[slot, place] = node
    fleet.length[slot] += 1
    measure(case, fleet, slot)


@inner
def _alone(case: Case, fleet: Fleet, node: int) -> tuple[int, int, int]:
    """Cost and kind of a trip for the node alone, and NOWHERE as its slot; the kind is NO_KIND if none."""
    best, chosen = UNREACHABLE, NO_KIND
    if case.has_pairs and not may_join(case, fleet, NOWHERE, node):
        return best, chosen, NOWHERE
    metres = case.way_m[0, node] + case.way_m[node, 0]
    for course in range(len(case.ranks)):
        if case.ranks[course, node] >= 0:
            kind = cheapest_kind(case, fleet, course, case.load[node], metres)
            if kind != NO_KIND:
                cost = price(case, kind, metres)
                if cost < best:
                    best, chosen = cost, kind
    return best, chosen, NOWHERE


@inner
def rightsize(case: Case, fleet: Fleet) -> None:
    """Each slot kept in this round has the cheapest vehicle it can get from stock or by an exchange."""
    for number in range(fleet.totals[KEPT]):
        slot = fleet.kept[number]
        kind = fleet.kind[slot]
        if kind == NO_KIND:
            continue
        metres = fleet.metres[slot]
        release(case, fleet, slot)
        better = cheapest_kind(case, fleet, case.course[kind], fleet.load[slot], metres)
        if price(case, better, metres) >= price(case, kind, metres):
            better = kind
        assign(case, fleet, slot, better)
        _exchange(case, fleet, slot)


@inner
def _exchange(case: Case, fleet: Fleet, slot: int) -> None:
    """The slot swaps vehicles with the slot for which that saves most, if it saves."""
    mine = fleet.kind[slot]
    best, partner = 0, NOWHERE
    for other in range(len(fleet.kind)):
        theirs = fleet.kind[other]
        if theirs in (NO_KIND, mine) or case.course[theirs] != case.course[mine]:
            continue
        if fleet.load[other] > case.capacity[mine] or fleet.load[slot] > case.capacity[theirs]:
            continue
        saved = (case.per_m[mine] - case.per_m[theirs]) * (fleet.metres[slot] - fleet.metres[other])
        if saved > best:
            best, partner = saved, other
    if partner != NOWHERE:
        keep(fleet, partner)
        theirs = release(case, fleet, partner)
        release(case, fleet, slot)
        assign(case, fleet, slot, theirs)
        assign(case, fleet, partner, mine)
