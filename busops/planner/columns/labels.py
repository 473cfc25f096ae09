"""
The label search behind the pricing: partial routes by load, the dominated and the hopeless left out.

A label is a walk from the campus to a stop. Of two labels with the same stop and load, one that is
no dearer, no later, has no more stops and remembers no more stops makes the other superfluous.
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
_NONE: Final = -1


class Prices(NamedTuple):
    """What is asked for."""

    kind: int
    fixed: int  # milli-fen, less the price of a trip of the kind's stock
    node: Ints
    memory: Words  # (n+1, W)
    below: int
    width: int


class Labels(NamedTuple):
    """Room for N labels; the labels of one stop and load are a chain."""

    node: Ints
    before: Ints
    stops: Ints
    time_s: Ints
    cost: Ints
    ends: Ints  # reduced cost of the route that ends with the label
    seen: Words  # (N, W)
    next_of: Ints
    first_of: Places  # (Q+1, n+1)
    count_of: Places  # (Q+1, n+1)
    fresh: Keys  # (W) the memory of the label that is being tried
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
        next_of=whole[6],
        first_of=np.full((seats + 1, nodes), _NONE, dtype=np.int32),
        count_of=np.zeros((seats + 1, nodes), dtype=np.int32),
        fresh=np.zeros(words, dtype=np.uint64),
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
        _offer(case, table, labels, prices, (label, other, there, arrives, reduced))


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
    dearest, last = _NONE, _NONE
    one = labels.first_of[load, node]
    while one != _NONE:
        less, more = _compare(labels, one)
        cost, time_s, count = labels.cost[one], labels.time_s[one], labels.stops[one]
        if less and cost <= reduced and time_s <= arrives and count <= stops:
            return
        following = labels.next_of[one]
        if more and cost >= reduced and time_s >= arrives and count >= stops:
            _unlink(labels, load, node, (last, one))
        else:
            dearest = one if dearest == _NONE or cost > labels.cost[dearest] else dearest
            last = one
        one = following
    if labels.count_of[load, node] >= prices.width:
        labels.numbers[GIVEN_UP] = 1
        if labels.cost[dearest] <= reduced:
            return
        _forget(labels, load, node, dearest)
    _link(case, table, labels, step)


@inner
def _remember(labels: Labels, prices: Prices, before: int, node: int) -> None:
    """``fresh`` is what a label at ``node`` remembers that follows ``before``."""
    for word in range(labels.seen.shape[1]):
        labels.fresh[word] = prices.memory[node, word] & labels.seen[max(before, 0), word]
        if before == _NONE:
            labels.fresh[word] = np.uint64(0)
    labels.fresh[node >> 6] |= np.uint64(1) << np.uint64(node & 63)


@inner
def _compare(labels: Labels, one: int) -> tuple[bool, bool]:
    """If ``one`` remembers nothing that ``fresh`` lacks, and the other way round."""
    less = more = True
    for word in range(labels.seen.shape[1]):
        ours, theirs = labels.fresh[word], labels.seen[one, word]
        less = less and (theirs & ~ours) == np.uint64(0)
        more = more and (ours & ~theirs) == np.uint64(0)
    return less, more


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
def _forget(labels: Labels, load: int, node: int, gone: int) -> None:
    last, one = _NONE, labels.first_of[load, node]
    while one != gone:
        last, one = one, labels.next_of[one]
    _unlink(labels, load, node, (last, gone))


@inner
def _link(case: Case, table: Completion, labels: Labels, step: tuple[int, int, int, int, int]) -> None:
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
    labels.next_of[label] = labels.first_of[load, node]
    labels.first_of[load, node] = label
    labels.count_of[load, node] += 1
