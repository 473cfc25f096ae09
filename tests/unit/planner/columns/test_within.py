"""The routes within a gap: all of them, each at its least reduced cost, and honest when cut short."""

import pytest

from busops.planner.columns.pricing import Pricer
from busops.planner.columns.within import found_for, routes_within
from busops.planner.search.case import case_of
from tests.unit.planner.columns.scene import (
    asked_of,
    cuts_of,
    every_order,
    model_of,
    prices,
    reduced_cost,
    with_cuts,
)

STEPS = 1_000_000


@pytest.mark.parametrize("seed", range(30))
def test_every_route_within_the_room_is_found_and_no_other(seed: int) -> None:
    """Against trying every order of every set of stops, with cuts of any memory."""
    model = model_of(4000 + seed)
    case = case_of(model)
    cuts, asked = cuts_of(model, seed, 4)
    duals = with_cuts(model, prices(model, seed), cuts, asked)
    pricer, found = Pricer(case), found_for(case, 5_000)
    room = (seed - 10) * 2_000_000
    for kind in range(len(model.kinds)):
        least: dict[frozenset[int], int] = {}
        for order in every_order(model, kind):
            cost = reduced_cost(case, kind, order, duals) + asked_of(order, cuts, asked)
            if cost < room:
                least[frozenset(order)] = min(cost, least.get(frozenset(order), cost))
        within = routes_within(pricer, found, kind, duals, room, steps=STEPS)
        assert within.is_complete
        assert {
            frozenset(stops): cost for stops, cost in zip(within.routes, within.reduced, strict=True)
        } == least


def test_too_few_rows_or_steps_are_told() -> None:
    """A search that was cut short does not call itself complete."""
    model = model_of(4022)
    case = case_of(model)
    duals = prices(model, 22)
    room = 10**9
    pricer = Pricer(case)
    whole = routes_within(pricer, found_for(case, 5_000), 0, duals, room, steps=STEPS)
    assert whole.is_complete
    assert len(whole.routes) > 3
    assert not routes_within(pricer, found_for(case, 3), 0, duals, room, steps=STEPS).is_complete
    assert not routes_within(pricer, found_for(case, 5_000), 0, duals, room, steps=3).is_complete
