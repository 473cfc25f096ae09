"""
Ruin and recreate: strings of neighbouring stops are taken out and put back greedily, annealed.

After Slack Induction by String Removals (Christiaens & Vanden Berghe, Transportation Science
54(2), 2020). Absent nodes are part of every recreation, so that a partial plan is repaired first.
Deterministic for a seed and a number of rounds.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from busops.planner.fleet_state import NO_KIND, Assigned, FleetState
from busops.planner.insertion import NEW_SLOT
from busops.planner.model import UNREACHABLE, Model
from busops.planner.pool import RoutePool

_STRINGS: Final = 8  # mean number of removed nodes
_STRING_LENGTH: Final = 10
_WHOLE_ROUTE: Final = 0.1  # how often the first string is a whole route
_BLINK: Final = 0.01  # how often recreation overlooks a place
_ABSENT_COST: Final = 10**11  # milli-fen for each rider left over; beyond any trip's cost
_NEAR: Final = 60  # neighbours a ruin may reach
_KEPT_PCT: Final = 101  # routes of plans within 1 % of the best go to the pool
_HALF: Final = 0.5
_RANDOM_UPTO: Final = 0.36  # shares of the orders in which nodes are put back: any,
_HEAVY_UPTO: Final = 0.72  # most riders first,
_FAR_UPTO: Final = 0.9  # farthest first, and else nearest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Annealing:
    """Temperatures in milli-fen, from ``hot`` to ``cold``."""

    hot: float
    cold: float

    def at(self, share: float) -> float:
        """The temperature when ``share`` of the effort is spent."""
        return float(self.hot * (self.cold / self.hot) ** min(max(share, 0.0), 1.0))


class RuinRecreate:
    """One annealed chain from a given plan; ``best`` is the best plan seen."""

    def __init__(self, state: FleetState, seed: int, pool: RoutePool) -> None:
        self.state = state
        self.model: Model = state.model
        self.pool = pool
        self.random = Random(seed)  # noqa: S311 - a search, not a secret
        self.near = _neighbours(self.model)
        self.alone_m = [row[0] + self.model.way_m[0][node] for node, row in enumerate(self.model.way_m)]
        self.rounds = 0
        self.best: tuple[Assigned, ...] = state.assigned()
        self.best_score = self._score()
        self._room = _rooms(self.model)

    def _score(self) -> int:
        missing = sum(self.model.load[node] for node in self.state.absent())
        return self.state.cost + _ABSENT_COST * missing

    def run(self, spent: Callable[[], float], annealing: Annealing) -> tuple[Assigned, ...]:
        """Searches until ``spent`` (share of the effort, asked every 32 rounds) reaches 1."""
        score = self._score()
        absent = self.state.absent()
        temperature = annealing.hot
        while True:
            if self.rounds & 31 == 0:
                share = spent()
                if share >= 1:
                    return self.best
                temperature = annealing.at(share)
            self.rounds += 1
            saved = self.state.copy()
            touched = self._ruin(absent)
            limit = score - temperature * math.log(self.random.random() + 1e-300)
            still_absent = self._recreate(touched)
            missing = sum(self.model.load[node] for node in still_absent)
            self.state.rightsize(slot for slot in touched if self.state.kinds[slot] != NO_KIND)
            new_score = self.state.cost + _ABSENT_COST * missing
            if new_score >= limit:
                self.state.restore(saved)
                continue
            score, absent = new_score, still_absent
            self._note(score, touched)

    def _note(self, score: int, touched: set[int]) -> None:
        if score < self.best_score:
            self.best_score, self.best = score, self.state.assigned()
        if 100 * score < _KEPT_PCT * self.best_score:
            for slot in touched:
                self.pool.add(self.state.routes[slot])

    def _ruin(self, absent: list[int]) -> set[int]:
        """Neighbouring strings are absent; returns the slots they came from."""
        random, state = self.random.random, self.state
        used = max(1, sum(1 for kind in state.kinds if kind != NO_KIND))
        longest = min(_STRING_LENGTH, max(1.0, self.model.size / used))
        strings = int(random() * (4 * _STRINGS / (1 + longest) - 1) + 1)
        centre = self.random.choice(absent) if absent and random() < _HALF else self._any_node()
        whole = random() < _WHOLE_ROUTE
        touched: set[int] = set()
        for node in self.near[centre]:
            if len(touched) >= strings:
                break
            slot = state.slot_of[node]
            if slot == NO_KIND or slot in touched:
                continue
            stops = state.routes[slot].stops
            length = len(stops) if whole else int(random() * min(len(stops), longest) + 1)
            whole = False
            state.take_out(slot, self._string(stops, stops.index(node), length))
            touched.add(slot)
        return touched

    def _any_node(self) -> int:
        return int(self.random.random() * self.model.size) + 1

    def _string(self, stops: tuple[int, ...], at: int, length: int) -> tuple[int, ...]:
        """``length`` stops around position ``at``; half of the time a few inside are kept."""
        random, total = self.random.random, len(stops)
        length = min(length, total)
        kept = 0
        if 1 < length < total and random() < _HALF:
            kept = 1
            while length + kept < total and random() < _HALF:
                kept += 1
        span = length + kept
        low, high = max(0, at - span + 1), min(at, total - span)
        begin = low + int(random() * (high - low + 1))
        gap = begin + int(random() * (length + 1))
        return stops[begin:gap] + stops[gap + kept : begin + span]

    def _recreate(self, touched: set[int]) -> list[int]:
        order = self._order(self.state.absent())
        left_over = []
        for node in order:
            slot = self._put(node)
            if slot == NO_KIND:
                left_over.append(node)
            else:
                touched.add(slot)
        return left_over

    def _order(self, nodes: list[int]) -> list[int]:
        draw = self.random.random()
        self.random.shuffle(nodes)
        if draw < _RANDOM_UPTO:
            return nodes
        if draw < _HEAVY_UPTO:
            nodes.sort(key=lambda node: -self.model.load[node])
        elif draw < _FAR_UPTO:
            nodes.sort(key=lambda node: -self.model.way_m[0][node])
        else:
            nodes.sort(key=lambda node: self.model.way_m[0][node])
        return nodes

    def _put(self, node: int) -> int:
        """The node takes its cheapest place, some places overlooked; returns the slot or NO_KIND."""
        state, model = self.state, self.model
        load = model.load[node]
        best, chosen, course = self._alone(node, load)
        slot, position = NEW_SLOT, 0
        blink, random = _BLINK, self.random.random
        insertion, kinds, routes = state.book.insertion, model.kinds, state.routes
        for number, kind_number in enumerate(state.kinds):
            if kind_number == NO_KIND:
                continue
            kind, route = kinds[kind_number], routes[number]
            total = route.load + load
            if total > self._room[kind.course]:
                continue
            extra, at = route.known.get(node) or insertion(route, node)
            if extra >= UNREACHABLE:
                continue
            if total <= kind.capacity:
                cost, wanted = kind.per_m * extra, kind_number
            else:
                cost, wanted = state.cheapest_kind(kind.course, total, route.distance_m + extra)
                cost -= kind.fixed + kind.per_m * route.distance_m
            if cost < best and wanted != NO_KIND and random() >= blink:
                best, chosen, slot, position, course = cost, wanted, number, at, kind.course
        if chosen == NO_KIND:
            return NO_KIND
        slot = state.new_slot() if slot == NEW_SLOT else slot
        stops = state.routes[slot].stops
        grown = (*stops[:position], node, *stops[position:])
        state.place(slot, state.book.route(course, grown), chosen)
        return slot

    def _alone(self, node: int, load: int) -> tuple[int, int, int]:
        best, chosen, on = UNREACHABLE, NO_KIND, 0
        for course in range(len(self.model.ranks)):
            if self.model.may_serve(course, node):
                cost, number = self.state.cheapest_kind(course, load, self.alone_m[node])
                if cost < best:
                    best, chosen, on = cost, number, course
        return best, chosen, on


def _neighbours(model: Model) -> list[list[int]]:
    """For each node itself and the nodes nearest to it, there and back."""
    near: list[list[int]] = [[]]
    for node in range(1, model.size + 1):
        to, back = model.way_m[node], model.way_m
        others = sorted(range(1, model.size + 1), key=lambda other: (to[other] + back[other][node], other))
        others.remove(node)
        near.append([node, *others[:_NEAR]])
    return near


def _rooms(model: Model) -> list[int]:
    """By course the seats of the largest kind."""
    return [
        max((model.kinds[number].capacity for number in model.kinds_on[course]), default=0)
        for course in range(len(model.ranks))
    ]


def annealing_for(cost: int, trips: int, chain: int = 0) -> Annealing:
    """Temperatures by the mean cost of a trip, 3 % of it when hot; each later chain begins half as hot."""
    mean = cost / max(trips, 1) / 2**chain
    return Annealing(hot=max(mean * 0.03, 1.0), cold=max(mean * 0.0005, 0.01))
