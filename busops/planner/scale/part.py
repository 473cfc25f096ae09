"""
A part of a large problem as a pure function: part in, routes out; nothing else is read or kept.

A part holds numbers instead of names: stops, riders and stocks of vehicles are numbered within it, so
that what goes to another process or machine is ways and head counts and nothing about any child.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from busops.planner.demand import Node
from busops.planner.effort import Effort, StopWish
from busops.planner.model import Model, compile_model
from busops.planner.problem import Problem
from busops.planner.search.fleet_state import Assigned
from busops.planner.search.greedy import Search, fill_seats, new_search
from busops.planner.search.route_store import RouteStore
from busops.planner.search.routes import keeps_limits
from busops.planner.search.ruin import ABSENT_COST, Annealing, RuinRecreate, annealing_for
from busops.planner.warm import warm

Ride: TypeAlias = tuple[int, tuple[Node, ...]]  # stock of vehicles; groups in the order from the campus

_FIRST_ROUNDS: Final = 8  # of a chain without a plan: everybody seated if that is easy, and what a trip costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    Groups of riders, rides that serve some of them, and the vehicles the part may use, its rides' with.

    ``problem`` has no riders and one vehicle a stock, whose plate is the number of the stock and whose
    ``max_trips`` is how many trips of it the part has.
    """

    problem: Problem
    nodes: tuple[Node, ...]
    rides: tuple[tuple[int, tuple[int, ...]], ...]  # stock, places in ``nodes``


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    How hard a part is searched: ``seconds``, or ``rounds`` when given, and how far it may stray.

    ``heat_milli`` is the first temperature in thousandths of the usual one; 0 asks for seats only.
    """

    seconds: float
    rounds: int | None
    seed: int
    heat_milli: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The rides of a part, the groups that found no seat, and how many rounds it took."""

    rides: tuple[Ride, ...]
    left: tuple[Node, ...]
    rounds: int


def solve_part(part: Part, order: Order, should_stop: Callable[[], bool]) -> Answer:
    """The part's riders on its vehicles: nobody more is left over than before, and it costs no more."""
    warm()
    model = compile_model(part.problem, part.nodes)
    search = new_search(model)
    search.offer(given_rides(model, part))
    effort = Effort(order.seconds, StopWish(should_stop), order.rounds)
    rounds = 0
    if order.heat_milli:
        rounds = _searched(search, effort, order)
    search = fill_seats(part.problem, search)
    return _answer(search, part, rounds)


def given_rides(model: Model, part: Part) -> tuple[Assigned, ...] | None:
    """The rides that the part came with, each with the kind of vehicle that drives it."""
    group_of = {plate: group for group, plates in enumerate(model.plates_of_group) for plate in plates}
    given = []
    for stock, places in part.rides:
        stops = tuple(place + 1 for place in places)
        group = group_of[plate_of(stock)]
        kinds = [number for number, kind in enumerate(model.kinds) if kind.group == group]
        given.append(
            (next(one for one in kinds if keeps_limits(model, model.kinds[one].course, stops)), stops)
        )
    return tuple(given) or None


def _searched(search: Search, effort: Effort, order: Order) -> int:
    """The search has run one annealed chain from its best plan; the number of rounds."""
    chain = RuinRecreate(search.model, search.best, order.seed, search.pool)
    chain.store = _without_rows(chain.store)
    if not search.best:
        first = Effort(0, StopWish(None), _FIRST_ROUNDS)
        chain.run(first.spent, Annealing(hot=1.0, cold=1.0))
    trips = sum(1 for _trip in chain.best)
    usual = annealing_for(chain.best_score % ABSENT_COST, trips)
    hot = max(usual.hot * order.heat_milli / 1000, usual.cold)
    search.offer(chain.run(effort.spent, Annealing(hot=hot, cold=usual.cold)))
    return chain.rounds


def _without_rows(store: RouteStore) -> RouteStore:
    """A store that takes no route: a part is not assembled, so nothing need be kept for it."""
    return RouteStore(
        stops=np.zeros((0, store.stops.shape[1]), dtype=np.int32),
        length=store.length[:0],
        course=store.course[:0],
        load=store.load[:0],
        metres=store.metres[:0],
        name=store.name[:0],
        row_of=np.full(2, -1, dtype=np.int64),
        used=np.zeros(1, dtype=np.int64),
    )


def plate_of(stock: int) -> str:
    """The number of a stock as a plate; plates in order are stocks in order."""
    return f"{stock:06}"


class Stocks:
    """Which stock a trip of the model is taken from: where lines cut short made stocks alike, in turn."""

    def __init__(self, model: Model, part: Part) -> None:
        self._plates = model.plates_of_group
        self._have = {vehicle.plate: vehicle.max_trips for vehicle in part.problem.vehicles}

    def take(self, group: int) -> int:
        """The number of a stock of the group that has a trip left; it has one less."""
        plate = next(one for one in self._plates[group] if self._have[one] > 0)
        self._have[plate] -= 1
        return int(plate)


def _answer(search: Search, part: Part, rounds: int) -> Answer:
    """The best plan by stocks, and who is in no ride of it."""
    model = search.model
    stocks = Stocks(model, part)
    rides = tuple(
        (stocks.take(model.kinds[kind].group), tuple(model.nodes[node - 1] for node in stops))
        for kind, stops in sorted(search.best)
    )
    served = {node for _kind, stops in search.best for node in stops}
    left = tuple(model.nodes[node - 1] for node in range(1, model.size + 1) if node not in served)
    return Answer(rides=rides, left=left, rounds=rounds)
