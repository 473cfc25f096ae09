"""
How little a route can still cost from a stop on: a bound that cuts labels off without losing a proof.

It is the least reduced cost of a walk that goes on from a stop with a load and a time, keeps the
seats, keeps the ride caps with the time rounded down to steps, and never goes straight back.
"""

from typing import Final, NamedTuple

import numpy as np

from busops.planner.model import UNREACHABLE
from busops.planner.search.case import Case
from busops.planner.search.compiled import Cube, Ints, Table, compiled, inner

_MOST_STEPS: Final = 40


class Completion(NamedTuple):
    """Q seats, H time steps; the second best walk avoids the best one's next stop."""

    best: Cube  # (Q+1, H, n+1) milli-fen
    second: Cube  # (Q+1, H, n+1)
    after: Cube  # (Q+1, H, n+1) the best walk's next stop, 0 = the campus
    arc: Table  # (n+1, n+1) reduced cost of going from one to the other, UNREACHABLE where forbidden
    leg: Table  # (n+1, n+1) whole steps from one to the other
    earliest_s: Ints  # (n+1) no walk is at the node sooner; over others it may be sooner than directly
    step_s: int


def completion_for(case: Case) -> Completion:
    """Tables without content for a case."""
    nodes = len(case.load)
    seats = int(case.capacity.max(initial=1))
    latest = int(case.late_s.max(initial=1))
    step_s = latest // _MOST_STEPS + 1
    shape = seats + 1, latest // step_s + 1, nodes
    return Completion(
        best=np.zeros(shape, dtype=np.int64),
        second=np.zeros(shape, dtype=np.int64),
        after=np.zeros(shape, dtype=np.int64),
        arc=np.zeros((nodes, nodes), dtype=np.int64),
        leg=case.way_s // step_s,
        earliest_s=_earliest(case.way_s),
        step_s=step_s,
    )


def _earliest(way_s: Table) -> Ints:
    """The least seconds from the campus to each node over any others (Bellman and Ford)."""
    least: Ints = way_s[0].copy()
    for _round in range(len(least)):
        sooner: Ints = np.minimum(least, (least[1:, None] + way_s[1:]).min(axis=0, initial=UNREACHABLE))
        if bool((sooner == least).all()):
            break
        least = sooner
    return least


@compiled
def complete(case: Case, table: Completion, kind: int, node_price: Ints) -> int:
    """The tables hold for ``kind`` under these prices; returns what the best walk from the campus costs."""
    _arcs(case, table.arc, kind, node_price)
    seats = case.capacity[kind]
    nodes, steps = len(case.load), table.best.shape[1]
    load_of, late_s, step_s = case.load, case.late_s, table.step_s
    for load in range(seats, 0, -1):
        for node in range(1, nodes):
            if load < load_of[node]:
                continue
            first = table.earliest_s[node] // step_s
            last = min(late_s[node] // step_s, steps - 1)
            for at in range(first, last + 1):
                _best_walk(case, table, seats, (load, at, node))
    _best_walk(case, table, seats, (0, 0, 0))
    return int(table.best[0, 0, 0])


@inner
def _best_walk(case: Case, table: Completion, seats: int, state: tuple[int, int, int]) -> None:
    """Best and second best walk of one state, from states with more load."""
    load, at, node = state
    best, second, after = table.arc[node, 0], UNREACHABLE, 0
    arcs, legs, ways = table.arc[node], table.leg[node], case.way_s[node]
    bests, seconds, afters = table.best, table.second, table.after
    load_of, late_s, begun_s = case.load, case.late_s, at * table.step_s
    for other in range(1, len(arcs)):
        there = load + load_of[other]
        arc = arcs[other]
        if there > seats or arc >= UNREACHABLE or begun_s + ways[other] > late_s[other]:
            continue
        then = at + legs[other]
        walk = bests[there, then, other]
        if afters[there, then, other] == node and node > 0:
            walk = seconds[there, then, other]
        walk += arc
        if walk < best:
            best, second, after = walk, best, other
        elif walk < second:
            second = walk
    bests[load, at, node] = best
    seconds[load, at, node] = second
    afters[load, at, node] = after


@inner
def _arcs(case: Case, arc: Table, kind: int, node_price: Ints) -> None:
    """What each step costs ``kind`` less the price of the stop it reaches; a line's order forbids some."""
    ranks, per_m = case.ranks[case.course[kind]], case.per_m[kind]
    nodes = len(case.load)
    for one in range(nodes):
        for other in range(nodes):
            arc[one, other] = UNREACHABLE
            if one == other or (one > 0 and ranks[one] < 0) or (other > 0 and ranks[other] < 0):
                continue
            if one > 0 and other > 0 and ranks[other] < ranks[one]:
                continue
            arc[one, other] = per_m * case.way_m[one, other] - node_price[other]
