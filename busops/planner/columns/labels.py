"""
The label search behind the pricing: partial routes by load, the dominated and the hopeless left out.

A label is a walk from the campus to a stop. Of two labels with the same stop and load, one that is
no later, has no more stops, remembers no more stops and stays no dearer whatever the cuts may still
ask of it makes the other superfluous (Jepsen et al., Operations Research 56(2), 2008).
"""

from typing import Final, NamedTuple

import numpy as np

from busops.planner.columns.completion import Completion
from busops.planner.model import UNREACHABLE
from busops.planner.search.case import Case
from busops.planner.search.compiled import Ints, Keys, Places, Words, compiled, inner

LABELS: Final = 0  # places in ``numbers``: how many labels there are,
GIVEN_UP: Final = 1  # if one was left out that might have mattered,
LOWEST: Final = 2  # the least reduced cost of a whole route
CUT_WORDS: Final = 4  # the most cuts that count in one search, in words of 64
MOST_AT_A_NODE: Final = 64  # the most of them that have one node in their triple
_NONE: Final = -1


class CutTable(NamedTuple):
    """The cuts that cost something now, each a bit; see ``cuts.py``."""

    words: int  # how many words of bits are in use
    penalty: Ints  # (64 · words) milli-fen for every second visit to a cut's triple
    many: Ints  # (n+1) how many cuts have the node in their triple,
    cuts_of: Places  # (n+1, MOST_AT_A_NODE) and which
    memory: Words  # (n+1, CUT_WORDS) the cuts that remember a visit while a route passes the node


class Prices(NamedTuple):
    """What is asked for."""

    kind: int
    fixed: int  # milli-fen, less the price of a trip of the kind's stock
    node: Ints
    memory: Words  # (n+1, W)
    cuts: CutTable
    below: int
    width: int


class Labels(NamedTuple):
    """Room for N labels; the labels of one stop and load are a chain, the cheapest first."""

    node: Ints
    before: Ints
    stops: Ints
    time_s: Ints
    cost: Ints
    ends: Ints  # reduced cost of the route that ends with the label
    seen: Words  # (N, W)
    odd: Words  # (N, CUT_WORDS) the cuts that remember one visit
    next_of: Ints
    first_of: Places  # (Q+1, n+1)
    count_of: Places  # (Q+1, n+1)
    fresh: Keys  # (W) the memory of the label that is being tried,
    fresh_odd: Keys  # (CUT_WORDS) and its cuts
    numbers: Ints


def labels_for(nodes: int, seats: int, words: int, most: int) -> Labels:
    """Room for ``most`` labels."""
    whole = [np.zeros(most, dtype=np.int64) for _array in range(7)]
    return Labels(
        node=whole[0],
        before=whole[1],
        stops=whole[2],
        time_s=whole[3],
        cost=whole[4],
        ends=whole[5],
        seen=np.zeros((most, words), dtype=np.uint64),
        odd=np.zeros((most, CUT_WORDS), dtype=np.uint64),
        next_of=whole[6],
        first_of=np.full((seats + 1, nodes), _NONE, dtype=np.int32),
        count_of=np.zeros((seats + 1, nodes), dtype=np.int32),
        fresh=np.zeros(words, dtype=np.uint64),
        fresh_odd=np.zeros(CUT_WORDS, dtype=np.uint64),
        numbers=np.zeros(3, dtype=np.int64),
    )


@compiled
def search(case: Case, table: Completion, labels: Labels, prices: Prices) -> None:
    """Every label that may belong to a route with a reduced cost below ``prices.below`` is there."""
    seats = case.capacity[prices.kind]
    nodes = len(case.load)
    for load in range(seats + 1):
        for node in range(nodes):
            labels.first_of[load, node] = _NONE
            labels.count_of[load, node] = 0
    labels.numbers[LABELS] = labels.numbers[GIVEN_UP] = 0
    labels.numbers[LOWEST] = UNREACHABLE
    _extend(case, table, labels, prices, (_NONE, 0))
    for load in range(1, seats):
        for node in range(1, nodes):
            label = labels.first_of[load, node]
            while label != _NONE:
                if labels.stops[label] < case.max_stops:
                    _extend(case, table, labels, prices, (label, load))
                label = labels.next_of[label]


@inner
def _extend(case: Case, table: Completion, labels: Labels, prices: Prices, begin: tuple[int, int]) -> None:
    """Each stop that the label may go to next has a label for it, if that can matter."""
    label, load = begin
    node, now, cost = 0, 0, prices.fixed
    if label != _NONE:
        node, now, cost = labels.node[label], labels.time_s[label], labels.cost[label]
    seats, step_s = case.capacity[prices.kind], table.step_s
    arcs, ways = table.arc[node], case.way_s[node]
    load_of, late_s, below = case.load, case.late_s, prices.below
    bests, seconds, afters, seen = table.best, table.second, table.after, labels.seen
    for other in range(1, len(arcs)):
        there = load + load_of[other]
        arc = arcs[other]
        if there > seats or arc >= UNREACHABLE:
            continue
        arrives = now + ways[other]
        if arrives > late_s[other]:
            continue
        then = arrives // step_s
        reduced = cost + arc
        rest = bests[there, then, other]
        if afters[there, then, other] == node and node > 0:
            rest = seconds[there, then, other]
        if reduced + rest >= below:
            continue
        if label != _NONE and (seen[label, other >> 6] >> np.uint64(other & 63)) & np.uint64(1):
            continue
        if prices.cuts.words:
            reduced += visit(prices.cuts, labels.odd[max(label, 0)], (label, other), labels.fresh_odd)
            if reduced + rest >= below:
                continue
        _offer(case, table, labels, prices, (label, other, there, arrives, reduced))


@inner
def visit(cuts: CutTable, before: Keys, step: tuple[int, int], odd: Keys) -> int:
    """
    What the cuts ask when a walk goes on to a node; ``odd`` is what they remember then.

    ``step`` is the number of what came before (negative: nothing) and the node.
    """
    label, node = step
    for word in range(cuts.words):
        odd[word] = before[word] & cuts.memory[node, word] if label >= 0 else np.uint64(0)
    asked = 0
    for number in range(cuts.many[node]):
        cut = cuts.cuts_of[node, number]
        bit = np.uint64(1) << np.uint64(cut & 63)
        if odd[cut >> 6] & bit:
            asked += cuts.penalty[cut]
        odd[cut >> 6] ^= bit
    return asked


@inner
def _offer(
    case: Case,
    table: Completion,
    labels: Labels,
    prices: Prices,
    step: tuple[int, int, int, int, int],
) -> None:
    """The step's label is in its chain, those it makes superfluous are not; or it is superfluous itself."""
    before, node, load, arrives, reduced = step
    _remember(labels, prices, before, node)
    stops = labels.stops[before] + 1 if before != _NONE else 1
    costs, times, counts, nexts = labels.cost, labels.time_s, labels.stops, labels.next_of
    place = _NONE
    one = labels.first_of[load, node]
    while one != _NONE and costs[one] <= reduced:
        if (
            times[one] <= arrives
            and counts[one] <= stops
            and _remembers_less(labels, one)
            and costs[one] + _still_asked(prices.cuts, labels.odd[one], labels.fresh_odd) <= reduced
        ):
            return
        place = one
        one = nexts[one]
    last, last_but_one = place, _NONE
    while one != _NONE:
        following = nexts[one]
        superfluous = times[one] >= arrives and counts[one] >= stops and _remembers_more(labels, one)
        if superfluous:
            asked = _still_asked(prices.cuts, labels.fresh_odd, labels.odd[one])
            superfluous = reduced + asked <= costs[one]
        if superfluous:
            _unlink(labels, load, node, (last, one))
        else:
            last, last_but_one = one, last
        one = following
    if labels.count_of[load, node] >= prices.width:
        labels.numbers[GIVEN_UP] = 1
        if last == place:
            return
        _unlink(labels, load, node, (last_but_one, last))
    _link(case, table, labels, step, place)


@inner
def _remember(labels: Labels, prices: Prices, before: int, node: int) -> None:
    """``fresh`` is what a label at ``node`` remembers that follows ``before``."""
    for word in range(labels.seen.shape[1]):
        labels.fresh[word] = prices.memory[node, word] & labels.seen[max(before, 0), word]
        if before == _NONE:
            labels.fresh[word] = np.uint64(0)
    labels.fresh[node >> 6] |= np.uint64(1) << np.uint64(node & 63)


@inner
def _remembers_less(labels: Labels, one: int) -> bool:
    """If ``one`` remembers no stop that ``fresh`` lacks."""
    lacks = np.uint64(0)
    for word in range(labels.seen.shape[1]):
        lacks |= labels.seen[one, word] & ~labels.fresh[word]
    return not lacks


@inner
def _remembers_more(labels: Labels, one: int) -> bool:
    """If ``one`` remembers every stop of ``fresh``."""
    lacks = np.uint64(0)
    for word in range(labels.seen.shape[1]):
        lacks |= labels.fresh[word] & ~labels.seen[one, word]
    return not lacks


@inner
def _still_asked(cuts: CutTable, odd: Keys, other: Keys) -> int:
    """What a walk with ``odd`` may have to pay on the way that one with ``other`` need not."""
    asked = 0
    for word in range(cuts.words):
        rest = odd[word] & ~other[word]
        bit = 0
        while rest:
            if not rest & np.uint64(0xFFFFFFFF):
                rest >>= np.uint64(32)
                bit += 32
            if not rest & np.uint64(0xFF):
                rest >>= np.uint64(8)
                bit += 8
                continue
            if rest & np.uint64(1):
                asked += cuts.penalty[64 * word + bit]
            rest >>= np.uint64(1)
            bit += 1
    return asked


@inner
def _unlink(labels: Labels, load: int, node: int, pair: tuple[int, int]) -> None:
    """The second of the pair, which follows the first, is out of the chain; no route ends with it."""
    last, gone = pair
    if last == _NONE:
        labels.first_of[load, node] = labels.next_of[gone]
    else:
        labels.next_of[last] = labels.next_of[gone]
    labels.count_of[load, node] -= 1
    labels.ends[gone] = UNREACHABLE


@inner
def _link(
    case: Case, table: Completion, labels: Labels, step: tuple[int, int, int, int, int], place: int
) -> None:
    """The step's label stands in its chain behind ``place``."""
    before, node, load, arrives, reduced = step
    label = labels.numbers[LABELS]
    if label == len(labels.node):
        labels.numbers[GIVEN_UP] = 1
        return
    labels.numbers[LABELS] = label + 1
    labels.node[label] = node
    labels.before[label] = before
    labels.stops[label] = labels.stops[before] + 1 if before != _NONE else 1
    labels.time_s[label] = arrives
    labels.cost[label] = reduced
    labels.ends[label] = reduced + table.arc[node, 0]
    labels.numbers[LOWEST] = min(labels.numbers[LOWEST], labels.ends[label])
    for word in range(labels.seen.shape[1]):
        labels.seen[label, word] = labels.fresh[word]
    for word in range(CUT_WORDS):
        labels.odd[label, word] = labels.fresh_odd[word]
    if place == _NONE:
        labels.next_of[label] = labels.first_of[load, node]
        labels.first_of[load, node] = label
    else:
        labels.next_of[label] = labels.next_of[place]
        labels.next_of[place] = label
    labels.count_of[load, node] += 1
