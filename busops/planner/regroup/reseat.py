"""
Riders who could get on elsewhere, and small groups that could be cut: seated again, bundle by bundle.

A ruin and recreate of bundles in plain Python. Every bundle has a node at each stop that it may
use, and at most one of them is in the plan. What comes out is the same plan or a cheaper one, with
whoever sits in one trip at one stop in one node again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

from busops.planner.demand import Node, usable_stops
from busops.planner.effort import Effort
from busops.planner.model import compile_model
from busops.planner.problem import Problem
from busops.planner.rules.bonds import Bonds
from busops.planner.search.fleet_state import NO_KIND, FleetState
from busops.planner.search.greedy import Search, new_search
from busops.planner.search.insertion import NO_OPTION, Option, apply_option, option_alone, option_in_slot

_CHUNK: Final = 32  # rounds between two looks at the clock
_BLINK: Final = 0.08  # how often a place is overlooked
_MOST_UNITS: Final = 6  # seated again in one round, unless they share a halt
_SLACK: Final = 0.01  # how much dearer than the best the running plan may be, at the beginning

Key: TypeAlias = tuple[int, int]  # riders left over, milli-fen
Kept: TypeAlias = tuple[list[object], list[int], list[int], list[int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A bundle and its nodes, one a stop; a fixed group has one node and is never moved."""

    rider_ids: tuple[str, ...]
    nodes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seating:
    """The units of a problem, and the plan that the search had, over their nodes."""

    units: tuple[Unit, ...]
    state: FleetState


def seating_of(problem: Problem, search: Search, *, every_rider: bool) -> Seating:
    """Choosers (or every rider) as units of their own, the others of a node as one fixed unit."""
    bonds, usable = Bonds(problem.rules), usable_stops(problem)
    nodes: list[Node] = []
    units: list[Unit] = []
    at: dict[int, list[int]] = {}  # old node → its new ones at the same stop
    for number, group in enumerate(search.model.nodes, start=1):
        at[number] = []
        plain: list[str] = []
        for bundle in bonds.bundles(group.rider_ids):
            stops = [stop for stop in usable[bundle[0]] if all(stop in usable[one] for one in bundle)]
            if len(stops) < 2 and not every_rider:  # noqa: PLR2004 - a choice needs two
                plain += bundle
                continue
            order = [group.stop_id, *(stop for stop in stops if stop != group.stop_id)]
            nodes += [Node(stop_id=stop, rider_ids=bundle) for stop in order]
            first = len(nodes) - len(order) + 1
            at[number].append(first)
            units.append(Unit(rider_ids=bundle, nodes=tuple(range(first, len(nodes) + 1))))
        if plain:
            nodes.append(Node(stop_id=group.stop_id, rider_ids=tuple(plain)))
            at[number].append(len(nodes))
            units.append(Unit(rider_ids=tuple(plain), nodes=(len(nodes),)))
    other = new_search(compile_model(problem, nodes))
    plan = ((kind, tuple(new for old in stops for new in at[old])) for kind, stops in search.best)
    return Seating(units=tuple(units), state=FleetState(other.model, other.book, plan))


def reseated(seating: Seating, effort: Effort, seed: int, *, every_rider: bool) -> Key:
    """The state holds the best seating found; returns its riders left over and cost."""
    reseat = _Reseat(seating, seed, every_rider=every_rider)
    while (share := effort.spent()) < 1 and reseat.movable:
        for _round in range(_CHUNK):
            reseat.round(1 + _SLACK * (1 - share))
    reseat.restore(reseat.best)
    return reseat.best_key


class _Reseat:
    """The running plan, the best plan, and the dice."""

    def __init__(self, seating: Seating, seed: int, *, every_rider: bool) -> None:
        self.units, self.state = seating.units, seating.state
        self.random = Random(seed)  # noqa: S311 - dice of a search, not of a lock
        self.movable = [
            number for number, unit in enumerate(self.units) if every_rider or len(unit.nodes) > 1
        ]
        self.unit_of = {node: number for number, unit in enumerate(self.units) for node in unit.nodes}
        self.key = self._key()
        self.best_key, self.best = self.key, self.keep()

    def _key(self) -> Key:
        placed = self.state.slot_of
        missing = sum(
            len(unit.rider_ids) for unit in self.units if all(placed[node] == NO_KIND for node in unit.nodes)
        )
        return missing, self.state.cost

    def keep(self) -> Kept:
        """The plan, to come back to."""
        state = self.state
        return [*state.routes], [*state.kinds], [*state.stock], [*state.slot_of], state.cost

    def restore(self, kept: Kept) -> None:
        """The plan is the one that was kept."""
        routes, kinds, stock, slot_of, cost = kept
        state = self.state
        state.routes[:], state.kinds[:] = routes, kinds  # type: ignore[assignment]
        state.stock[:], state.slot_of[:], state.cost = stock, slot_of, cost

    def round(self, allowed: float) -> None:
        """Some units were taken out and seated again; dearer than ``allowed`` times the best is undone."""
        before = self.keep()
        chosen = self._chosen()
        slots = self._take_out(chosen)
        self.random.shuffle(chosen)
        for number in chosen:
            slots.add(self._seat(number))
        self.state.rightsize(sorted(slot for slot in slots if slot >= 0))
        key = self._key()
        if key[0] > self.best_key[0] or key[1] > self.best_key[1] * allowed:
            self.restore(before)
            return
        self.key = key
        if key < self.best_key:
            self.best_key, self.best = key, self.keep()

    def _chosen(self) -> list[int]:
        """A few units by chance, all movable ones of a halt, of a stop, or of a trip; all left over."""
        first = self.random.choice(self.movable)
        by = self.random.random()
        if by < 0.35:  # noqa: PLR2004 - shares of the four kinds of ruin
            count = min(len(self.movable), self.random.randint(1, _MOST_UNITS))
            chosen = set(self.random.sample(self.movable, count))
        else:
            chosen = set(self._beside(first, by))
        chosen.add(first)
        placed = self.state.slot_of
        chosen.update(
            number
            for number, unit in enumerate(self.units)
            if all(placed[node] == NO_KIND for node in unit.nodes)
        )
        return sorted(chosen)

    def _beside(self, first: int, by: float) -> Iterable[int]:
        """Movable units in the trip of the first, at its place, or able to use one of its places."""
        placed, place = self.state.slot_of, self.state.model.place
        slots = {placed[node] for node in self.units[first].nodes} - {NO_KIND}
        spots = {place[node] for node in self.units[first].nodes}
        for number in self.movable:
            nodes = self.units[number].nodes
            in_trip = any(placed[node] in slots for node in nodes)
            at_spot = any(place[node] in spots and placed[node] != NO_KIND for node in nodes)
            if in_trip if by < 0.6 else at_spot and (by >= 0.8 or in_trip):  # noqa: PLR2004
                yield number

    def _take_out(self, chosen: Sequence[int]) -> set[int]:
        """The units are in no trip; returns the slots that they left."""
        state = self.state
        gone = {node for number in chosen for node in self.units[number].nodes}
        slots = {state.slot_of[node] for node in gone} - {NO_KIND}
        for slot in slots:
            route = state.routes[slot]
            left = tuple(node for node in route.stops if node not in gone)
            for node in route.stops:
                state.slot_of[node] = NO_KIND
            state.place(slot, state.book.route(route.course, left), state.kinds[slot])
        return slots

    def _seat(self, number: int) -> int:
        """The unit has its cheapest place at one of its stops; returns the slot, NO_KIND if there is none."""
        state, best, chosen = self.state, NO_OPTION, 0
        for node in self.units[number].nodes:
            for option in self._options(node):
                if option.cost < best.cost and self.random.random() >= _BLINK:
                    best, chosen = option, node
        if best.kind == NO_KIND:
            return NO_KIND
        return apply_option(state, best, chosen)

    def _options(self, node: int) -> Iterable[Option]:
        for slot in range(len(self.state.routes)):
            yield option_in_slot(self.state, slot, node)
        yield option_alone(self.state, node)


def regrouped(problem: Problem, seating: Seating) -> Search:
    """A search over the seating's groups, whoever sits in a trip at a stop in one node, and its plan."""
    bonds, state = Bonds(problem.rules), seating.state
    model = state.model
    nodes: list[Node] = []
    plan = []
    for kind, stops in state.assigned():
        fresh: list[int] = []
        for node in stops:
            group = model.nodes[node - 1]
            tied = any(rider in bonds.foes or rider in bonds.chain_of for rider in group.rider_ids)
            last = nodes[fresh[-1] - 1] if fresh else None
            if last and last.stop_id == group.stop_id and not tied and not _is_tied(bonds, last):
                nodes[-1] = Node(stop_id=group.stop_id, rider_ids=(*last.rider_ids, *group.rider_ids))
            else:
                nodes.append(group)
                fresh.append(len(nodes))
        plan.append((kind, tuple(fresh)))
    placed = state.slot_of
    nodes += [
        model.nodes[unit.nodes[0] - 1]
        for unit in seating.units
        if all(placed[node] == NO_KIND for node in unit.nodes)
    ]
    other = new_search(compile_model(problem, nodes))
    other.offer(plan)
    return other


def _is_tied(bonds: Bonds, node: Node) -> bool:
    return any(rider in bonds.foes or rider in bonds.chain_of for rider in node.rider_ids)
