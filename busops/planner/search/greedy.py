"""
The first plan: a few greedy ones, the best kept, and every seat filled that a part of a group can fill.

It is the floor: no later step may end with a worse plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from busops.planner.demand import Node
from busops.planner.model import UNREACHABLE, Model, compile_model
from busops.planner.problem import Problem, UnservedReason
from busops.planner.rules.bonds import Bonds
from busops.planner.search.fleet_state import NO_KIND, Assigned, FleetState
from busops.planner.search.insertion import NEW_SLOT, insert_by_regret, may_join
from busops.planner.search.pool import RoutePool
from busops.planner.search.routes import RouteBook

_REGRET_WEIGHTS_PCT: Final = (100, 300, 0)
_MANY_NODES: Final = 250  # above this one greedy plan has to do
_MOST_PASSES: Final = 60


@dataclass(slots=True, kw_only=True)
class Search:
    """What the steps of a search hand on to each other."""

    model: Model
    book: RouteBook
    pool: RoutePool
    best: tuple[Assigned, ...] = ()
    missing: int = 0
    cost: int = 0
    is_recut: bool = False  # groups are cut otherwise than when the search began: see ``regroup``
    stats: dict[str, int | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.missing = sum(self.model.load)

    def offer(self, plan: Sequence[Assigned] | None) -> None:
        """The better of the best plan and ``plan`` is the best plan; more riders come before less cost."""
        if plan is None:
            return
        state = FleetState(self.model, self.book, plan)
        state.rightsize(range(len(state.routes)))
        missing = sum(self.model.load[node] for node in state.absent())
        if (missing, state.cost) < (self.missing, self.cost) or not self.best:
            self.best, self.missing, self.cost = state.assigned(), missing, state.cost

    def replace(self, plan: Sequence[Assigned]) -> None:
        """This plan is the best plan, though it may cost more."""
        state = FleetState(self.model, self.book, plan)
        self.best, self.cost = state.assigned(), state.cost


def greedy_plan(problem: Problem, nodes: Sequence[Node]) -> Search:
    """The best of a few greedy plans; groups are cut where only a part of them finds seats."""
    return fill_seats(problem, whole_groups(problem, nodes))


def whole_groups(problem: Problem, nodes: Sequence[Node]) -> Search:
    """The best of a few greedy plans; a group that finds no seats is left over whole."""
    search = new_search(compile_model(problem, nodes))
    weights = _REGRET_WEIGHTS_PCT if search.model.size <= _MANY_NODES else _REGRET_WEIGHTS_PCT[:1]
    for weight in weights:
        state = FleetState(search.model, search.book)
        insert_by_regret(state, range(1, search.model.size + 1), regret_weight_pct=weight)
        for route in state.routes:
            search.pool.add(route)
        search.offer(state.assigned())
    return search


def new_search(model: Model) -> Search:
    """A search that has no plan yet."""
    return Search(model=model, book=RouteBook(model), pool=RoutePool(model))


def fill_seats(problem: Problem, search: Search) -> Search:
    """A search that leaves no group over of which a rider could still be taken."""
    for _pass in range(_MOST_PASSES):
        if not search.missing:
            break
        finer = _one_pass(problem, search)
        if finer is None:
            break
        search = finer
    return search


def _one_pass(problem: Problem, search: Search) -> Search | None:
    """
    Each group left over has given a part to one slot, each slot has taken one part at most.

    Whom the rules keep together is not cut, and a mate of who has got a seat waits for the next pass.
    """
    bonds = Bonds(problem.rules)
    state = FleetState(search.model, search.book, search.best)
    nodes = list(search.model.nodes)
    taken: dict[int, int] = {}  # slot → node of the part
    placed: list[tuple[int, int, int]] = []  # slot, node of the part, position
    fresh: list[tuple[int, int]] = []  # kind, node of the part
    seated: set[int] = set()
    for node in state.absent():
        if state.model.mates and not seated.isdisjoint(state.model.mates[node]):
            continue
        slot, seats, position = _roomiest(state, node, taken)
        kind, capacity = _largest_spare(state, node, [one for one, _part in fresh])
        group = nodes[node - 1]
        riders, rest = bonds.cut(group.rider_ids, max(seats, capacity))
        if not riders:
            continue
        nodes[node - 1] = Node(stop_id=group.stop_id, rider_ids=riders)
        seated.add(node)
        if rest:
            nodes.append(Node(stop_id=group.stop_id, rider_ids=rest))
        if capacity >= seats:
            fresh.append((kind, node))
        else:
            taken[slot] = node
            placed.append((slot, node, position))
    if not placed and not fresh:
        return None
    plan = {slot: (state.kinds[slot], route.stops) for slot, route in enumerate(state.routes) if route.stops}
    for slot, node, position in placed:
        kind, stops = plan[slot]
        plan[slot] = (kind, (*stops[:position], node, *stops[position:]))
    finer = new_search(compile_model(problem, nodes))
    finer.stats, finer.is_recut = search.stats, search.is_recut
    finer.offer((*plan.values(), *((kind, (node,)) for kind, node in fresh)))
    return finer


def _roomiest(state: FleetState, node: int, taken: dict[int, int]) -> tuple[int, int, int]:
    """The slot with most free seats that can halt at the node: slot, seats, position."""
    best = (NO_KIND, 0, 0)
    for slot, number in enumerate(state.kinds):
        if number == NO_KIND or slot in taken:
            continue
        seats = state.model.kinds[number].capacity - state.routes[slot].load
        if seats > best[1] and may_join(state, slot, node):
            extra, position = state.book.insertion(state.routes[slot], node)
            if extra < UNREACHABLE:
                best = (slot, seats, position)
    return best


def _largest_spare(state: FleetState, node: int, promised: Sequence[int]) -> tuple[int, int]:
    """The largest kind still in stock that may serve the node, with its seats."""
    best = (NO_KIND, 0)
    if not may_join(state, NEW_SLOT, node):
        return best
    groups = [state.model.kinds[number].group for number in promised]
    for number, kind in enumerate(state.model.kinds):
        spare = state.stock[kind.group] - groups.count(kind.group)
        if spare > 0 and kind.capacity > best[1] and state.model.may_serve(kind.course, node):
            best = (number, kind.capacity)
    return best


def why_left_over(search: Search, node: int) -> UnservedReason:
    """The cause that a group is in no trip of the best plan: seats, else a rule, stop limit, ride cap."""
    state = FleetState(search.model, search.book, search.best)
    model = state.model
    with_seats = [
        slot
        for slot, number in enumerate(state.kinds)
        if number != NO_KIND
        and model.kinds[number].capacity > state.routes[slot].load
        and model.may_serve(state.routes[slot].course, node)
    ]
    spare = any(state.stock[kind.group] > 0 and model.may_serve(kind.course, node) for kind in model.kinds)
    if not with_seats and not spare:
        return UnservedReason.NO_SEAT
    open_slots = [slot for slot in with_seats if may_join(state, slot, node)]
    if not open_slots:
        free = spare and may_join(state, NEW_SLOT, node)
        return UnservedReason.NO_SEAT if free else UnservedReason.PAIR_RULE
    if all(model.halts(state.routes[slot].stops) >= model.max_stops for slot in open_slots):
        return UnservedReason.STOP_LIMIT
    return UnservedReason.RIDE_CAP
