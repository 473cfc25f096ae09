"""Every step of the search keeps foes on different trips and mates on one, whatever else it changes."""

from dataclasses import replace

import pytest

from busops.planner.demand import nodes_of
from busops.planner.effort import Effort, StopWish
from busops.planner.model import Model
from busops.planner.rules.rules import Rules
from busops.planner.search.assemble import assemble
from busops.planner.search.fleet_state import Assigned
from busops.planner.search.greedy import greedy_plan, new_search
from busops.planner.search.routes import keeps_limits
from busops.planner.search.routing import RoutingSearch
from busops.planner.search.ruin import RuinRecreate, annealing_for
from tests.unit.planner.small import LIMITS, coach, problem, random_problem, random_wishes, riders


def assert_paired(model: Model, plan: tuple[Assigned, ...] | None) -> int:
    """No foes in a trip, no mates in two; returns how many pairs were looked at."""
    trip_of = {node: number for number, (_kind, stops) in enumerate(plan or ()) for node in stops}
    seen = 0
    for node, number in trip_of.items():
        for foe in model.foes[node] if model.foes else ():
            assert trip_of.get(foe) != number
            seen += 1
        for mate in model.mates[node] if model.mates else ():
            assert trip_of.get(mate, number) == number
            seen += 1
    return seen


@pytest.mark.parametrize("block", range(4))
def test_every_step_keeps_the_pairs(block: int) -> None:
    """Greedy, OR-Tools, ruin and recreate, assembly: forty problems with rules by chance."""
    seen = 0
    for seed in range(10 * block, 10 * block + 10):
        case = random_wishes(random_problem(7000 + seed, stops=7, riders_at_most=20), seed, pairs=4)
        search = greedy_plan(case, nodes_of(case).nodes)
        seen += assert_paired(search.model, search.best)
        if not search.best:
            continue
        run = RoutingSearch(search.book, search.best, search.pool)
        seen += assert_paired(search.model, run.run(Effort(0, StopWish(None), 1), lambda: None))
        chain = RuinRecreate(search.model, search.best, seed, search.pool)
        best = chain.run(Effort(0, StopWish(None), 6).spent, annealing_for(max(search.cost, 1), 1))
        seen += assert_paired(search.model, best)
        assert all(keeps_limits(search.model, search.model.kinds[kind].course, stops) for kind, stops in best)
        made = assemble(search.model, search.pool, search.best, Effort(0, StopWish(None), 1), seed=1)
        seen += assert_paired(search.model, made)
    assert seen > 100


def test_the_assembly_leaves_out_routes_that_break_a_pair() -> None:
    """The cheapest plan of the pool has both foes in one trip: it is not taken."""
    fleet = [coach(f"P{number}") for number in range(4)]
    free = problem(riders(S1=5, S2=5), *fleet)
    case = replace(free, rules=Rules(apart=(frozenset({"S1-1", "S2-1"}),)))
    for town, is_better in ((free, True), (case, False)):
        search = new_search(replace_nodes(town))
        every = tuple(range(1, search.model.size + 1))
        search.pool.add(search.book.route(0, every))
        best = tuple((0, (node,)) for node in every)
        made = assemble(search.model, search.pool, best, Effort(0, StopWish(None), 2), seed=1)
        assert (made is not None) == is_better


def replace_nodes(town: object) -> Model:
    """The model of a problem's own nodes."""
    return greedy_plan(town, nodes_of(town).nodes).model  # type: ignore[arg-type]


def test_a_stop_in_parts_counts_one_halt_in_every_step() -> None:
    """Two stops in two parts each, two halts allowed: one coach takes all four nodes."""
    rules = Rules(apart=(frozenset({"S1-1", "S4-1"}), frozenset({"S2-1", "S4-1"})))
    town = replace(
        problem(riders(S1=3, S2=3, S4=1), coach(), coach("P2")), limits=replace(LIMITS, max_stops=2)
    )
    search = greedy_plan(replace(town, rules=rules), nodes_of(replace(town, rules=rules)).nodes)
    model = search.model
    assert model.has_twins
    assert model.halts((1, 2, 3, 4)) == 2
    assert model.halts((1, 3, 2, 4)) == 4
    assert keeps_limits(model, 0, (1, 2, 3, 4))
    assert not keeps_limits(model, 0, (1, 3, 2, 4))
    assert not search.missing
    run = RoutingSearch(search.book, search.best, search.pool)
    found = run.run(Effort(0, StopWish(None), 1), lambda: None)
    chain = RuinRecreate(model, search.best, 1, search.pool)
    best = chain.run(Effort(0, StopWish(None), 4).spent, annealing_for(search.cost, 1))
    for plan in (found, best):
        assert sorted(node for _kind, stops in plan or () for node in stops) == [1, 2, 3, 4, 5]
        assert max(len(stops) for _kind, stops in plan or ()) > 2
        assert all(model.halts(stops) <= 2 for _kind, stops in plan or ())
