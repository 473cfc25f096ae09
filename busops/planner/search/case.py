"""
A ``Model`` as arrays: what the compiled search reads, and nothing that it changes.

Shapes: n nodes and the campus as node 0, K kinds of vehicle, C courses (course 0 is free).
"""

from typing import Final, NamedTuple

import numpy as np

from busops.planner.model import Model
from busops.planner.search.compiled import Ints, Keys, Places, Table

_NEAR: Final = 60  # neighbours a ruin may reach
_SEED: Final = 20_240_308  # of the numbers that name routes; any will do


class Case(NamedTuple):
    """Everything about the problem that a search reads."""

    way_m: Table  # (n+1, n+1) metres
    way_s: Table  # (n+1, n+1) dwell at the first and drive to the second, seconds
    into: Table  # (2, n+1, n+1) metres and seconds again, the second place first: a row is read in one go
    late_s: Ints  # (n+1) the latest arrival
    load: Ints  # (n+1) riders
    near: Places  # (n+1, ≤ 61) the node itself, then its neighbours, nearest first
    ranks: Table  # (C, n+1) place on the line, -1 off it; course 0 is all zeros
    course: Ints  # (K)
    group: Ints  # (K)
    capacity: Ints  # (K)
    fixed: Ints  # (K) milli-fen
    per_m: Ints  # (K) milli-fen a metre
    kinds_from: Ints  # (C+1) kinds of course c stand at kinds_from[c] … kinds_from[c+1] of kinds_of
    kinds_of: Ints  # (K)
    room: Ints  # (C) seats of the largest kind
    names: Keys  # (n+1) random words; a set of nodes is named by their exclusive or
    max_stops: int  # nodes on a trip
    max_halts: int
    has_twins: bool  # nodes of one stop may follow each other: fewer halts than nodes
    has_pairs: bool  # some nodes are foes or mates
    ties: Ints  # one array, so that no call carries more (see ``_ties``); empty where neither is so


def case_of(model: Model) -> Case:
    """The arrays of a model."""
    way_m = np.array(model.way_m, dtype=np.int64)
    way_s = np.array(model.way_s, dtype=np.int64)
    courses = len(model.ranks)
    ranks = np.zeros((courses, len(model.load)), dtype=np.int64)
    for course, rank in enumerate(model.ranks):
        if rank is not None:
            ranks[course] = rank
    kinds = model.kinds
    counts = [len(model.kinds_on[course]) for course in range(courses)]
    return Case(
        way_m=way_m,
        way_s=way_s,
        into=np.ascontiguousarray(np.stack((way_m.T, way_s.T))),
        late_s=np.array(model.late_s, dtype=np.int64),
        load=np.array(model.load, dtype=np.int64),
        near=_neighbours(way_m),
        ranks=ranks,
        course=np.array([kind.course for kind in kinds], dtype=np.int64),
        group=np.array([kind.group for kind in kinds], dtype=np.int64),
        capacity=np.array([kind.capacity for kind in kinds], dtype=np.int64),
        fixed=np.array([kind.fixed for kind in kinds], dtype=np.int64),
        per_m=np.array([kind.per_m for kind in kinds], dtype=np.int64),
        kinds_from=np.cumsum([0, *counts], dtype=np.int64),
        kinds_of=np.array([number for course in model.kinds_on for number in course], dtype=np.int64),
        room=np.array(
            [max((kinds[number].capacity for number in on), default=0) for on in model.kinds_on],
            dtype=np.int64,
        ),
        names=np.random.default_rng(_SEED).integers(1, 2**63, len(model.load), dtype=np.uint64),
        max_stops=model.most_nodes,
        max_halts=model.max_stops,
        has_twins=model.has_twins,
        has_pairs=bool(model.foes),
        ties=_ties(model),
    )


def _ties(model: Model) -> Ints:
    """
    Place v: a number that nodes of one stop share. Places n+1+v and 2(n+1)+v, where there are pairs:
    where the list of v's foes and that of its mates stand in the same array; a list begins with its length.
    """
    if not model.has_twins and not model.foes:
        return np.zeros(1, dtype=np.int64)
    ties = list(model.place)
    lists = [*model.foes, *model.mates]
    begin = len(ties) + len(lists)
    for one in lists:
        ties.append(begin)
        begin += 1 + len(one)
    for one in lists:
        ties += [len(one), *one]
    return np.array(ties, dtype=np.int64)


def _neighbours(way_m: Table) -> Places:
    """For each node itself and the nodes nearest to it, there and back; row 0 is not used."""
    both = way_m[1:, 1:] + way_m[1:, 1:].T
    np.fill_diagonal(both, -1)
    nearest = np.argsort(both, axis=1, kind="stable")[:, : _NEAR + 1] + 1
    return np.vstack((np.zeros((1, nearest.shape[1]), dtype=np.int32), nearest.astype(np.int32)))
