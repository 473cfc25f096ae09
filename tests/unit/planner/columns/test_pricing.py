"""Pricing against trying every route: nothing cheaper exists, nothing is mispriced or left out."""

from itertools import combinations, pairwise, permutations
from random import Random

import numpy as np
import pytest

from busops.planner.columns.pricing import ROUNDING, Duals, Pricer
from busops.planner.demand import nodes_of
from busops.planner.model import Model, compile_model
from busops.planner.search.case import Case, case_of
from busops.planner.search.routes import keeps_limits
from tests.unit.planner.small import coach, problem, random_problem, riders

WIDE = 1 << 20


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


def reduced_cost(case: Case, kind: int, route: tuple[int, ...], duals: Duals) -> int:
    """Milli-fen of a route less what its stops, its seats and its vehicle are paid."""
    metres = sum(int(case.way_m[one, other]) for one, other in pairwise((0, *route, 0)))
    cost = int(case.fixed[kind]) - ROUNDING + int(case.per_m[kind]) * metres
    paid = duals.seat * int(case.capacity[kind]) + int(duals.group[case.group[kind]])
    return cost - paid - sum(int(duals.node[node]) for node in route)


def every_route(model: Model, case: Case, kind: int, duals: Duals) -> dict[frozenset[int], int]:
    """By set of nodes the least reduced cost of the routes the kind may drive."""
    found: dict[frozenset[int], int] = {}
    for count in range(1, model.size + 1):
        for nodes in combinations(range(1, model.size + 1), count):
            if sum(model.load[node] for node in nodes) > model.kinds[kind].capacity:
                continue
            for order in permutations(nodes):
                if keeps_limits(model, model.kinds[kind].course, order):
                    cost = reduced_cost(case, kind, order, duals)
                    found[frozenset(nodes)] = min(found.get(frozenset(nodes), cost), cost)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_cheaper_than_the_proved_lowest(seed: int) -> None:
    """The least reduced cost over ng-routes is at most that of real routes; each route costs what is said."""
    model = model_of(4000 + seed)
    case = case_of(model)
    pricer, duals = Pricer(case), prices(model, seed)
    for kind in range(len(model.kinds)):
        real = every_route(model, case, kind, duals)
        priced = pricer.price(kind, duals, below=-1, width=WIDE, most=50)
        assert priced.is_exact
        assert priced.lowest <= min(real.values(), default=priced.lowest)
        for route in priced.routes:
            assert priced.lowest <= reduced_cost(case, kind, route, duals) < -1
        if min(real.values(), default=0) < -1:
            assert priced.routes


def test_a_narrow_search_claims_no_more_than_it_knows() -> None:
    """With one label for each stop and load the proved lowest is no higher than the exact one."""
    model = model_of(4242)
    case = case_of(model)
    pricer, duals = Pricer(case), prices(model, 9)
    for kind in range(len(model.kinds)):
        exact = pricer.price(kind, duals, below=-1, width=WIDE, most=50)
        narrow = pricer.price(kind, duals, below=-1, width=1, most=50)
        assert narrow.lowest <= exact.lowest


def test_a_licensed_line_is_priced_in_its_order() -> None:
    """Routes of a line never go back along it."""
    bus = coach("BUS", capacity=30, fixed_fen=0, per_km_fen=1, lines=(("S3", "S1", "S4"),))
    case_problem = problem(riders(S1=4, S2=4, S3=4, S4=4), bus, coach("C1"))
    model = compile_model(case_problem, nodes_of(case_problem).nodes)
    kind = next(number for number, one in enumerate(model.kinds) if one.course)
    duals = Duals(
        node=np.array([0, *[10_000_000] * model.size], dtype=np.int64),
        group=np.zeros(len(model.trips_of_group), dtype=np.int64),
    )
    priced = Pricer(case_of(model)).price(kind, duals, below=-1, width=WIDE, most=50)
    stops = [tuple(model.nodes[node - 1].stop_id for node in route) for route in priced.routes]
    assert stops[0] == ("S3", "S1", "S4")
    assert all([*route] == [stop for stop in ("S3", "S1", "S4") if stop in route] for route in stops)
