"""The assembly finds the best plan that the pooled routes can make, and nothing that they cannot."""

import itertools

from busops.planner.demand import nodes_of
from busops.planner.effort import Effort, StopWish
from busops.planner.model import compile_model
from busops.planner.problem import Problem, VehicleOption
from busops.planner.search.assemble import assemble
from busops.planner.search.fleet_state import Assigned, FleetState
from busops.planner.search.greedy import Search, new_search
from tests.unit.planner.small import coach, problem, riders


def search_of(case: Problem) -> Search:
    """A search over the case's nodes with an empty pool; nodes are numbered in the order of the stops."""
    return new_search(compile_model(case, nodes_of(case).nodes))


def assembled(search: Search, best: tuple[Assigned, ...]) -> tuple[Assigned, ...] | None:
    """The assembly with a little counted effort."""
    return assemble(search.model, search.pool, best, Effort(0, StopWish(None), 2), seed=1)


def pair_town(*fleet: VehicleOption) -> Search:
    """Four stops of ten riders each; a coach of twenty takes two of them."""
    return search_of(problem(riders(S1=10, S2=10, S3=10, S4=10), *fleet))


TWO = (coach("P1"), coach("P2"), coach("P3"), coach("P4"))


def test_it_recombines_routes_of_different_plans() -> None:
    """Pairs of neighbours from two poor plans make the best plan, which none of them was."""
    search = pair_town(*TWO)
    for stops in itertools.combinations((1, 2, 3, 4), 2):
        search.pool.add(search.book.route(0, stops))
    poor = ((0, (1, 4)), (0, (2, 3)))
    better = assembled(search, poor)
    assert better is not None
    assert {frozenset(stops) for _kind, stops in better} == {frozenset({1, 2}), frozenset({3, 4})}
    assert (
        FleetState(search.model, search.book, better).cost < FleetState(search.model, search.book, poor).cost
    )


def test_it_has_nothing_to_say_when_the_plan_is_the_best_of_the_pool() -> None:
    """No better plan: None, not the same plan again."""
    search = pair_town(*TWO)
    best = ((0, (1, 2)), (0, (3, 4)))
    for _kind, stops in best:
        search.pool.add(search.book.route(0, stops))
    assert assembled(search, best) is None


def test_it_serves_more_riders_before_it_saves_money() -> None:
    """A dearer plan that takes everybody beats a cheap one that leaves ten riders over."""
    search = pair_town(coach("P1"), coach("P2"))
    search.pool.add(search.book.route(0, (1, 2)))
    search.pool.add(search.book.route(0, (3, 4)))
    whole = assembled(search, ((0, (1, 2)), (0, (3,))))
    assert whole is not None
    assert sum(len(stops) for _kind, stops in whole) == 4


def test_it_keeps_the_stock_of_vehicles() -> None:
    """One cheap bus can be used once, however well it would fit twice."""
    search = pair_town(coach("CHEAP", fixed_fen=0), coach("P2"), coach("P3"))
    for stops in ((1, 2), (3, 4)):
        search.pool.add(search.book.route(0, stops))
    cheap = next(number for number, kind in enumerate(search.model.kinds) if kind.fixed == 0)
    other = 1 - cheap
    better = assembled(search, ((other, (1, 2)), (other, (3, 4))))
    assert better is not None
    assert sorted(kind for kind, _stops in better) == [0, 1]
