"""
How the whole is cut: first by stops, later again and again by rides, so that every border is crossed.

Stops of approved lines that share stops stay together as far as a part can hold them, because only
their own buses may drive there.
"""

import math
from collections.abc import Iterable, Mapping
from random import Random
from typing import Final

import numpy as np

from busops.planner.demand import Node
from busops.planner.scale.sectors import pieces
from busops.planner.scale.shares import shared_out
from busops.planner.scale.whole import Cut, Whole, cut

_LEFT_OVER_WEIGHT: Final = 50  # a rider without a seat draws spare vehicles as so many with one


def parts_wanted(groups: int, size: int, workers: int | None) -> int:
    """How many parts of about ``size`` groups; a multiple of ``workers``, so that none waits for the last."""
    at_a_time = workers or 1
    if groups <= size:
        return 1
    return at_a_time * max(1, round(groups / (size * at_a_time)))


def first_cuts(whole: Whole, count: int, most: int) -> list[Cut]:
    """All groups in parts that are compact and balanced by riders, each with vehicles for its riders."""
    atoms = _atoms(whole, most)
    places = np.array([whole.centre(atom) for atom in atoms]).reshape(-1, 2)
    riders = np.array([_riders(atom) for atom in atoms], dtype=np.int64)
    groups = [[node for at in piece for node in atoms[at]] for piece in pieces(places, riders, count)]
    weights = [_riders(piece) for piece in groups]
    shares = shared_out(whole.stocks, whole.spare(), groups, weights)
    return [cut(whole, (), nodes, share) for nodes, share in zip(groups, shares, strict=True) if nodes]


def _riders(nodes: Iterable[Node]) -> int:
    return sum(len(node.rider_ids) for node in nodes)


def _atoms(whole: Whole, most: int) -> list[list[Node]]:
    """Groups that must not be torn apart: those of one stop, and of lines that share stops."""
    at_stop: dict[str, list[Node]] = {}
    for node in whole.left:
        at_stop.setdefault(node.stop_id, []).append(node)
    leader = {stop_id: stop_id for stop_id in at_stop}

    def find(stop_id: str) -> str:
        while leader[stop_id] != stop_id:
            leader[stop_id] = stop_id = leader[leader[stop_id]]
        return stop_id

    size = {stop_id: len(nodes) for stop_id, nodes in at_stop.items()}
    for line in dict.fromkeys(line for stock in whole.stocks for line in stock.lines or ()):
        for stop_id in line:
            one, other = (find(stop) if stop in leader else "" for stop in (line[0], stop_id))
            if one and other and one != other and size[one] + size[other] <= most:
                leader[other] = one
                size[one] += size[other]
    together: dict[str, list[Node]] = {}
    for stop_id, nodes in at_stop.items():
        together.setdefault(find(stop_id), []).extend(nodes)
    return list(together.values())


def next_cuts(
    whole: Whole, count: int, random: Random, choices: Mapping[str, tuple[str, ...]] | None = None
) -> list[Cut]:
    """
    All rides in parts of neighbouring rides, cut in other directions than before, with the spare vehicles.

    After POPMUSIC (Taillard & Voss, 2002), with every part of a round disjoint from the others, so that
    they may be solved at the same time and their gains add up.
    """
    rides = len(whole.rides)
    items = [nodes for _stock, nodes in whole.rides] + [(node,) for node in whole.left]
    places = np.array([whole.centre(item) for item in items]).reshape(-1, 2)
    sizes = np.array([len(item) for item in items], dtype=np.int64)
    sets = pieces(places, sizes, count, turn=random.random() * 2 * math.pi)
    groups = [[node for at in piece for node in items[at]] for piece in sets]
    left = [[whole.left[at - rides] for at in piece if at >= rides] for piece in sets]
    weights = [
        _riders(nodes) + _LEFT_OVER_WEIGHT * _riders(waiting)
        for nodes, waiting in zip(groups, left, strict=True)
    ]
    shares = shared_out(whole.stocks, whole.spare(), groups, weights)
    return [
        cut(whole, [int(at) for at in piece if at < rides], waiting, share, choices=choices)
        for piece, waiting, share in zip(sets, left, shares, strict=True)
        if len(piece)
    ]
