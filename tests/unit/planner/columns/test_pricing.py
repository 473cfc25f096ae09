"""Pricing against trying every route: nothing cheaper exists, nothing is mispriced or left out."""

import numpy as np
import pytest

from busops.planner.columns.pricing import Duals, Pricer
from busops.planner.demand import nodes_of
from busops.planner.model import Model, compile_model
from busops.planner.search.case import Case, case_of
from tests.unit.planner.columns.scene import (
    asked_of,
    cuts_of,
    every_order,
    model_of,
    prices,
    reduced_cost,
    with_cuts,
)
from tests.unit.planner.small import coach, problem, riders

WIDE = 1 << 20


def every_route(model: Model, case: Case, kind: int, duals: Duals) -> dict[frozenset[int], int]:
    """By set of nodes the least reduced cost of the routes the kind may drive."""
    found: dict[frozenset[int], int] = {}
    for order in every_order(model, kind):
        cost = reduced_cost(case, kind, order, duals)
        found[frozenset(order)] = min(found.get(frozenset(order), cost), cost)
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


@pytest.mark.parametrize("seed", range(30))
def test_cuts_ask_what_they_should_and_nothing_cheaper_is_lost(seed: int) -> None:
    """With cuts the proved lowest is still at most that of every real route, whatever is dominated."""
    model = model_of(4000 + seed)
    case = case_of(model)
    cuts, asked = cuts_of(model, seed, 5)
    duals = with_cuts(model, prices(model, seed), cuts, asked)
    pricer = Pricer(case)
    for kind in range(len(model.kinds)):
        real = {
            order: reduced_cost(case, kind, order, duals) + asked_of(order, cuts, asked)
            for order in every_order(model, kind)
        }
        priced = pricer.price(kind, duals, below=-1, width=WIDE, most=50)
        assert priced.is_exact
        assert priced.lowest <= min(real.values(), default=priced.lowest)
        for route in priced.routes:
            if len(set(route)) == len(route):
                assert priced.lowest <= real[route] < -1
        if min(real.values(), default=0) < -1:
            assert priced.routes
