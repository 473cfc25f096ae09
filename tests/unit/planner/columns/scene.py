"""Small models with prices and cuts by chance, and every route tried: what the pricing is compared with."""

from itertools import combinations, pairwise, permutations
from random import Random

import numpy as np

from busops.planner.columns.cuts import Cut, cut_table
from busops.planner.columns.pricing import ROUNDING, Duals
from busops.planner.demand import nodes_of
from busops.planner.model import Model, compile_model
from busops.planner.search.case import Case
from busops.planner.search.routes import keeps_limits
from tests.unit.planner.small import random_problem


def model_of(seed: int) -> Model:
    """A small random model."""
    case = random_problem(seed, stops=6, riders_at_most=16, spare=True)
    return compile_model(case, nodes_of(case).nodes)


def prices(model: Model, seed: int) -> Duals:
    """Prices by chance, high enough that some routes pay."""
    random = Random(seed)
    node = [0] + [random.randrange(0, 60_000_000) for _node in range(model.size)]
    group = [-random.randrange(0, 5_000_000) for _group in model.trips_of_group]
    seat = random.randrange(0, 100_000)
    return Duals(node=np.array(node, dtype=np.int64), group=np.array(group, dtype=np.int64), seat=seat)


def cuts_of(model: Model, seed: int, count: int) -> tuple[list[Cut], list[int]]:
    """Cuts with memories by chance, and what each asks for a pair of visits."""
    random = Random(seed)
    nodes = range(1, model.size + 1)
    triples = list(combinations(nodes, 3))
    chosen = random.sample(triples, min(count, len(triples)))
    cuts = [Cut(triple, set(triple) | set(random.sample(nodes, min(2, model.size)))) for triple in chosen]
    return cuts, [random.randrange(1, 30_000_000) for _cut in cuts]


def with_cuts(model: Model, duals: Duals, cuts: list[Cut], asked: list[int]) -> Duals:
    """The prices with these cuts."""
    table = cut_table(model.size + 1, cuts, asked)
    return Duals(node=duals.node, group=duals.group, seat=duals.seat, cuts=table)


def reduced_cost(case: Case, kind: int, route: tuple[int, ...], duals: Duals) -> int:
    """Milli-fen of a route less what its stops, its seats and its vehicle are paid; cuts left out."""
    metres = sum(int(case.way_m[one, other]) for one, other in pairwise((0, *route, 0)))
    cost = int(case.fixed[kind]) - ROUNDING + int(case.per_m[kind]) * metres
    paid = duals.seat * int(case.capacity[kind]) + int(duals.group[case.group[kind]])
    return cost - paid - sum(int(duals.node[node]) for node in route)


def asked_of(route: tuple[int, ...], cuts: list[Cut], asked: list[int]) -> int:
    """What the cuts ask of a route."""
    return sum(penalty * cut.times(route) for cut, penalty in zip(cuts, asked, strict=True))


def every_order(model: Model, kind: int) -> list[tuple[int, ...]]:
    """Every route that the kind may drive, each set of nodes in each order."""
    return [
        order
        for count in range(1, model.size + 1)
        for nodes in combinations(range(1, model.size + 1), count)
        if sum(model.load[node] for node in nodes) <= model.kinds[kind].capacity
        for order in permutations(nodes)
        if keeps_limits(model, model.kinds[kind].course, order)
    ]
