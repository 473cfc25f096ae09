"""
Greedy insertion: always a plan, at once. Regret decides which node goes next.

The plan is partial when the fleet is too small; nothing is taken back here (see ``ruin.py``).
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from busops.planner.model import FREE, UNREACHABLE
from busops.planner.search.fleet_state import NO_KIND, FleetState
from busops.planner.search.routes import Route

NEW_SLOT: Final = -1


class Option(NamedTuple):
    """A way to serve a node: added cost, slot (or NEW_SLOT), kind it then needs, route it then drives."""

    cost: int
    slot: int
    kind: int
    course: int
    position: int


NO_OPTION: Final = Option(UNREACHABLE, NEW_SLOT, NO_KIND, FREE, 0)


def option_in_slot(state: FleetState, slot: int, node: int) -> Option:
    """The cheapest way to add the node to what the slot drives, with a larger free vehicle if need be."""
    model, route, number = state.model, state.routes[slot], state.kinds[slot]
    if number == NO_KIND:
        return NO_OPTION
    kind = model.kinds[number]
    load = route.load + model.load[node]
    if load > kind.capacity and not _larger_in_stock(state, route, load):
        return NO_OPTION
    extra, position = state.book.insertion(route, node)
    if extra >= UNREACHABLE or not may_join(state, slot, node):
        return NO_OPTION
    if load <= kind.capacity:
        return Option(kind.per_m * extra, slot, number, route.course, position)
    cost, chosen = state.cheapest_kind(route.course, load, route.distance_m + extra)
    return Option(cost - kind.fixed - kind.per_m * route.distance_m, slot, chosen, route.course, position)


def may_join(state: FleetState, slot: int, node: int) -> bool:
    """True when no rule keeps the node from the slot (NEW_SLOT: from a trip of its own)."""
    model = state.model
    if not model.foes:
        return True
    if slot != NEW_SLOT and any(state.slot_of[foe] == slot for foe in model.foes[node]):
        return False
    return all(state.slot_of[mate] in (NO_KIND, slot) for mate in model.mates[node])


def _larger_in_stock(state: FleetState, route: Route, load: int) -> bool:
    kinds = state.model.kinds
    return any(
        kinds[number].capacity >= load and state.stock[kinds[number].group] > 0
        for number in state.model.kinds_on[route.course]
    )


def option_alone(state: FleetState, node: int) -> Option:
    """The cheapest free vehicle that serves the node on a trip of its own."""
    model = state.model
    metres = model.way_m[0][node] + model.way_m[node][0]
    best = NO_OPTION
    if not may_join(state, NEW_SLOT, node):
        return best
    for course in range(len(model.ranks)):
        if model.may_serve(course, node):
            cost, chosen = state.cheapest_kind(course, model.load[node], metres)
            if cost < best.cost:
                best = Option(cost, NEW_SLOT, chosen, course, 0)
    return best


def apply_option(state: FleetState, option: Option, node: int) -> int:
    """The node is served as the option says; returns the slot."""
    slot = state.new_slot() if option.slot == NEW_SLOT else option.slot
    stops = () if option.slot == NEW_SLOT else state.routes[slot].stops
    grown = (*stops[: option.position], node, *stops[option.position :])
    state.place(slot, state.book.route(option.course, grown), option.kind)
    return slot


def insert_by_regret(state: FleetState, nodes: Iterable[int], *, regret_weight_pct: int = 100) -> list[int]:
    """
    The nodes are served as far as the fleet reaches; returns those that are not.

    Next comes the node that loses most when it must take its second best place (regret-2,
    Potvin & Rousseau 1993); only the slot that has changed is asked again.
    """
    waiting = {node: _options(state, node) for node in nodes}
    left_over: list[int] = []
    while waiting:
        node = max(waiting, key=lambda one: _urgency(state, waiting[one], one, regret_weight_pct))
        best = _best_two(waiting.pop(node), option_alone(state, node))[0]
        if best.kind == NO_KIND:
            left_over.append(node)
            continue
        best = _still_right(state, best, node)
        if best.kind == NO_KIND:
            left_over.append(node)
            continue
        slot = apply_option(state, best, node)
        for other, options in waiting.items():
            options[slot] = option_in_slot(state, slot, other)
        for mate in state.model.mates[node] if state.model.mates else ():
            if mate in waiting:  # the other slots are closed to him now
                waiting[mate] = _options(state, mate)
    return left_over


def _options(state: FleetState, node: int) -> dict[int, Option]:
    return {slot: option_in_slot(state, slot, node) for slot in range(len(state.routes))}


def _still_right(state: FleetState, option: Option, node: int) -> Option:
    """An option that needed a vehicle which another node has taken meanwhile is looked up again."""
    if option.slot == NEW_SLOT or option.kind == state.kinds[option.slot]:
        return option
    if state.stock[state.model.kinds[option.kind].group] > 0:
        return option
    fresh = [option_in_slot(state, slot, node) for slot in range(len(state.routes))]
    return min((option_alone(state, node), *fresh))


def _best_two(options: dict[int, Option], alone: Option) -> tuple[Option, Option]:
    best, second = alone, NO_OPTION
    for option in options.values():
        if option.cost < best.cost:
            best, second = option, best
        elif option.cost < second.cost:
            second = option
    return best, second


def _urgency(state: FleetState, options: dict[int, Option], node: int, weight_pct: int) -> tuple[int, int]:
    best, second = _best_two(options, option_alone(state, node))
    if best.kind == NO_KIND:
        return -UNREACHABLE, -node
    regret = min(second.cost, 10**12) - best.cost
    return regret * weight_pct // 100 + state.model.way_m[0][node], -node
