"""
A large stop shared out anew: how many of its riders each trip and each free vehicle takes.

The search begins with full buses and a rest. Once the other trips are there, two middle-sized
buses, or a few free seats on buses that pass anyway, may cost less. With the stop taken out of the
plan this is a small covering problem, solved exactly: seats to be found, each offer at its price.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final, NamedTuple

from busops.planner.demand import Node
from busops.planner.model import UNREACHABLE, compile_model
from busops.planner.problem import Problem
from busops.planner.rules.bonds import Bonds
from busops.planner.search.fleet_state import NO_KIND, Assigned, FleetState
from busops.planner.search.greedy import Search, new_search
from busops.planner.search.insertion import NEW_SLOT, may_join

_NEVER: Final = 10**18
_WORTH_MILLI: Final = 1005  # a cut dearer than this, in thousandths of the plan, is not looked into
_MANY: Final = 3  # a third of the largest bus


class _Offer(NamedTuple):
    """Seats for riders of the stop, and what halting there with that bus adds to the cost."""

    seats: int
    cost: int
    slot: int  # NEW_SLOT: a vehicle from the stock
    kind: int
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bare:
    """The plan without the parts of one stop."""

    state: FleetState
    parts: tuple[int, ...]
    riders: tuple[str, ...]


def recut(problem: Problem, search: Search, stop_id: str) -> Search | None:
    """
    A search with the stop shared out at the least cost and the parts put where their offers said; None
    where that is the cut at hand or far dearer, where a part has no seat, or rules tie its riders.
    """
    bonds = Bonds(problem.rules)
    bare = _without(search, stop_id)
    if bare is None or any(rider in bonds.chain_of or rider in bonds.foes for rider in bare.riders):
        return None
    chosen = _cheapest_cover(_offers(bare), len(bare.riders))
    cost = bare.state.cost + sum(offer.cost for offer in chosen)
    sizes = _sizes(chosen, len(bare.riders))
    if not chosen or 1000 * cost > _WORTH_MILLI * search.cost or sizes == _now(search, bare):
        return None
    return _with(problem, search, bare, chosen)


def large_stops(search: Search) -> list[str]:
    """The stops that may gain from another cut: in several groups, or with many riders; the largest first."""
    model = search.model
    largest = max(kind.capacity for kind in model.kinds)
    riders: Counter[str] = Counter()
    parts: Counter[str] = Counter(node.stop_id for node in model.nodes)
    for node in model.nodes:
        riders[node.stop_id] += len(node.rider_ids)
    return [stop for stop, count in riders.most_common() if parts[stop] > 1 or _MANY * count >= largest]


def _sizes(chosen: list[_Offer], riders: int) -> list[int]:
    """How many riders each offer takes, the largest offers filled first."""
    sizes = []
    for offer in sorted(chosen, key=lambda one: -one.seats):
        sizes.append(min(offer.seats, riders))
        riders -= sizes[-1]
    return sorted(size for size in sizes if size)


def _now(search: Search, bare: _Bare) -> list[int]:
    return sorted(search.model.load[node] for node in bare.parts)


def _without(search: Search, stop_id: str) -> _Bare | None:
    nodes = search.model.nodes
    parts = tuple(number for number, node in enumerate(nodes, start=1) if node.stop_id == stop_id)
    plan = [(kind, tuple(node for node in stops if node not in parts)) for kind, stops in search.best]
    served = {node for _kind, stops in search.best for node in stops}
    if not served.issuperset(parts):
        return None
    state = FleetState(search.model, search.book, [one for one in plan if one[1]])
    riders = tuple(rider for part in parts for rider in nodes[part - 1].rider_ids)
    return _Bare(state=state, parts=parts, riders=riders)


def _offers(bare: _Bare) -> list[_Offer]:
    """Free seats on trips that could halt there, and free vehicles, one offer a trip of the stock."""
    state, model = bare.state, bare.state.model
    # Any part will do to ask for the way; the smallest has the shortest stand.
    part = min(bare.parts, key=lambda node: model.load[node])
    offers = []
    for slot, number in enumerate(state.kinds):
        if number == NO_KIND or not may_join(state, slot, part):
            continue
        extra, position = state.book.insertion(state.routes[slot], part)
        seats = model.kinds[number].capacity - state.routes[slot].load
        if extra < UNREACHABLE and seats > 0:
            offers.append(_Offer(seats, model.kinds[number].per_m * extra, slot, number, position))
    metres = model.way_m[0][part] + model.way_m[part][0]
    seen: set[int] = set()
    for number, kind in enumerate(model.kinds):
        if kind.group in seen or not model.may_serve(kind.course, part):
            continue
        seen.add(kind.group)
        wanted = min(state.stock[kind.group], -(-len(bare.riders) // kind.capacity))
        offer = _Offer(kind.capacity, kind.fixed + kind.per_m * metres, NEW_SLOT, number, 0)
        offers += [offer] * wanted
    return offers


def _cheapest_cover(offers: list[_Offer], riders: int) -> list[_Offer]:
    """The offers of least cost with seats for all; empty where there are none."""
    best = [0] + [_NEVER] * riders  # by riders seated
    taken: list[tuple[_Offer, ...]] = [()] * (riders + 1)
    for offer in offers:
        for seated in range(riders, 0, -1):
            before = max(0, seated - offer.seats)
            if best[before] + offer.cost < best[seated]:
                best[seated] = best[before] + offer.cost
                taken[seated] = (*taken[before], offer)
    return list(taken[riders])


def _with(problem: Problem, search: Search, bare: _Bare, chosen: list[_Offer]) -> Search:
    """A search over the new parts, each where its offer said; the largest offers are filled first."""
    old = search.model.nodes
    stop_id = old[bare.parts[0] - 1].stop_id
    nodes = [node for number, node in enumerate(old, start=1) if number not in bare.parts]
    renamed = {
        number: new
        for new, number in enumerate(
            (number for number in range(1, len(old) + 1) if number not in bare.parts), start=1
        )
    }
    plan: dict[int, Assigned] = {
        slot: (kind, tuple(renamed[node] for node in bare.state.routes[slot].stops))
        for slot, kind in enumerate(bare.state.kinds)
        if kind != NO_KIND
    }
    left, fresh = bare.riders, []
    for offer in sorted(chosen, key=lambda one: -one.seats):
        part, left = left[: offer.seats], left[offer.seats :]
        if not part:
            continue
        nodes.append(Node(stop_id=stop_id, rider_ids=part))
        if offer.slot == NEW_SLOT:
            fresh.append((offer.kind, (len(nodes),)))
        else:
            kind, stops = plan[offer.slot]
            plan[offer.slot] = (kind, (*stops[: offer.position], len(nodes), *stops[offer.position :]))
    other = new_search(compile_model(problem, nodes))
    other.stats = search.stats
    other.offer((*plan.values(), *fresh))
    return other
