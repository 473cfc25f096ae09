"""The compiled search keeps its books: what it says of a plan is what the plan's stops say."""

from collections import Counter
from itertools import pairwise

import pytest

from busops.planner.demand import nodes_of
from busops.planner.effort import Effort, StopWish
from busops.planner.model import Model, compile_model
from busops.planner.search.fleet_state import Assigned, FleetState
from busops.planner.search.greedy import Search, greedy_plan, new_search
from busops.planner.search.routes import keeps_limits
from busops.planner.search.ruin import ABSENT_COST, RuinRecreate, annealing_for
from tests.bench.towns import county
from tests.unit.planner.small import coach, problem, random_problem, riders

LINES = (("S1", "S2", "S3", "S4"),)


def chain_of(search: Search, seed: int, chunks: int) -> RuinRecreate:
    """A chain that has run for so many times 256 rounds."""
    chain = RuinRecreate(search.model, search.best, seed, search.pool)
    chain.run(Effort(0, StopWish(None), chunks).spent, annealing_for(max(search.cost, 1), 1))
    return chain


def assert_lawful(model: Model, plan: tuple[Assigned, ...]) -> None:
    """Each node once at most, within seats, caps, line order and stock."""
    nodes = [node for _kind, stops in plan for node in stops]
    assert len(nodes) == len(set(nodes))
    used = Counter(model.kinds[kind].group for kind, _stops in plan)
    assert all(used[group] <= trips for group, trips in enumerate(model.trips_of_group))
    for kind, stops in plan:
        assert keeps_limits(model, model.kinds[kind].course, stops)
        assert sum(model.load[node] for node in stops) <= model.kinds[kind].capacity


@pytest.mark.parametrize("seed", range(10))
def test_cost_stock_and_limits_hold_after_thousands_of_rounds(seed: int) -> None:
    """The running plan and the best plan are lawful, and their scores are those of their stops."""
    case = random_problem(3000 + seed, stops=12, riders_at_most=40, spare=seed % 2 > 0)
    search = greedy_plan(case, nodes_of(case).nodes)
    chain = chain_of(search, seed, 8)
    assert chain.rounds == 8 * 256 - 256
    assert_lawful(search.model, chain.best)
    state = FleetState(search.model, search.book, chain.best)
    missing = sum(search.model.load[node] for node in state.absent())
    assert chain.best_score == state.cost + ABSENT_COST * missing
    assert (missing, state.cost) <= (search.missing, search.cost)


def test_every_pooled_route_is_one_that_could_be_driven() -> None:
    """The pool holds lawful routes with their own metres and loads, also of licensed lines."""
    bus = coach("BUS", capacity=9, fixed_fen=1000, lines=LINES)
    case = problem(riders(S1=4, S2=4, S3=4, S4=4), bus, coach("C1"), coach("C2", capacity=8))
    search = greedy_plan(case, nodes_of(case).nodes)
    before = len(search.pool)
    chain_of(search, 1, 6)
    assert len(search.pool) > before
    for route in search.pool:
        assert keeps_limits(search.model, route.course, route.stops)
        way = (0, *route.stops, 0)
        assert route.distance_m == sum(search.model.way_m[a][b] for a, b in pairwise(way))
        assert route.load == sum(search.model.load[node] for node in route.stops)


def test_the_same_seed_and_rounds_give_the_same_plan() -> None:
    """Two chains with one seed end with the same plan, one with another seed may not."""
    case = random_problem(77, stops=14, riders_at_most=40, spare=True)
    one, two = (chain_of(greedy_plan(case, nodes_of(case).nodes), 5, 6) for _time in range(2))
    assert one.best == two.best
    assert one.best_score == two.best_score


def test_a_chain_repairs_a_plan_that_serves_nobody() -> None:
    """From an empty plan every node is taken in, since absent nodes are part of each recreation."""
    case = county(stops=12, riders=90, seed=4)
    search = new_search(compile_model(case, nodes_of(case).nodes))
    chain = chain_of(search, 3, 6)
    assert sorted(node for _kind, stops in chain.best for node in stops) == [*range(1, search.model.size + 1)]
    assert_lawful(search.model, chain.best)
