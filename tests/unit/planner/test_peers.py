"""Other engines are given our very problem: the same costs, limits and stocks; one verifier judges."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from busops.domain.errors import InvalidInput
from busops.domain.values import Direction
from busops.planner.demand import nodes_of
from busops.planner.model import Model, compile_model
from busops.planner.peers import ENGINES, is_installed, most_penalty, pyvrp_problem, solve_with
from busops.planner.problem import Limits
from busops.planner.rules.rules import Rules
from busops.planner.search.routes import keeps_limits
from busops.planner.verify import verify
from tests.bench.towns import county
from tests.unit.planner.small import LIMITS, coach, problem, riders

WAYS = [
    (Direction.HOMEWARD, True),
    (Direction.HOMEWARD, False),
    (Direction.RETURN, True),
    (Direction.RETURN, False),
]
pyvrp = pytest.importorskip("pyvrp") if is_installed("pyvrp") else None
needs_pyvrp = pytest.mark.skipif(pyvrp is None, reason="PyVRP is an optional extra and not installed")


def model_of(case) -> Model:
    """The compiled problem."""
    return compile_model(case, nodes_of(case).nodes)


def random_routes(model: Model, seed: int) -> Iterator[tuple[int, list[int]]]:
    """Kinds with random routes of 1 to 16 nodes: some keep the limits, some do not."""
    random = Random(seed)
    for _route in range(150):
        yield (
            random.randrange(len(model.kinds)),
            random.sample(range(1, model.size + 1), random.randint(1, 16)),
        )


@needs_pyvrp
@pytest.mark.parametrize(("direction", "returns"), WAYS)
def test_pyvrp_sees_the_costs_and_limits_that_we_see(direction, returns):
    """On 150 random routes its cost is ours to the milli-fen and its verdict is ours, both ways and ends."""
    model = model_of(county(stops=30, riders=240, seed=3, direction=direction, returns_to_campus=returns))
    given = pyvrp_problem(model)
    verdicts = set()
    for kind, nodes in random_routes(model, 5):
        visits = [pyvrp.Activity(pyvrp.ActivityType.CLIENT, node - 1) for node in nodes]
        route = pyvrp.Route(given, visits, kind)
        ours = model.kinds[kind]
        assert route.distance_cost() + route.fixed_vehicle_cost() == ours.fixed + ours.per_m * model.metres(
            nodes
        )
        load = sum(model.load[node] for node in nodes)
        is_fine = load <= ours.capacity and keeps_limits(model, ours.course, tuple(nodes))
        assert route.is_feasible() == is_fine
        verdicts.add((is_fine, load <= ours.capacity, len(nodes) <= model.max_stops))
    # the routes broke each limit alone and together, and some broke none
    assert {(True, True, True), (False, True, True), (False, False, True)} <= verdicts


@needs_pyvrp
def test_pyvrp_gets_every_group_of_vehicles_with_its_stock():
    """Two alike coaches of two trips each are four of one type; the stop limit is a second load."""
    case = problem(
        riders(S1=1, S2=1, S3=1), coach("a", max_trips=2), coach("b", max_trips=2), coach("c", 33),
        limits=Limits(max_stops=2),
    )  # fmt: skip
    types = pyvrp_problem(model_of(case)).vehicle_types()
    assert [(one.num_available, one.capacity) for one in types] == [(4, [20, 2]), (1, [33, 2])]


@needs_pyvrp
def test_limits_that_cannot_bind_do_not_burden_pyvrp():
    """Where no trip could miss a cap there are no hours; without enough small stops no count of stops."""
    free = Limits(max_ride_s=10**6, max_stops=4, dwell_base_s=0, dwell_rider_s=0)
    given = pyvrp_problem(model_of(problem(riders(S1=3, S2=4, S3=1, S4=1), coach(), limits=free)))
    assert (given.num_load_dimensions, given.has_time_windows()) == (1, False)
    bound = pyvrp_problem(model_of(problem(riders(S1=3, S2=4, S3=1, S4=1), coach(), limits=LIMITS)))
    assert (bound.num_load_dimensions, bound.has_time_windows()) == (1, True)


def test_pyvrp_begins_where_breaking_a_limit_costs_a_vehicle():
    """Half of the most it may charge is the largest fixed cost; without any its own choice is kept."""
    model = model_of(county(stops=30, riders=240, seed=3))
    assert most_penalty(model) // 2 == max(kind.fixed for kind in model.kinds) == 61_000_000
    plain = problem(riders(S1=3), coach(fixed_fen=0, per_km_fen=7))
    assert most_penalty(model_of(plain)) == 7 * 100_000


@pytest.mark.parametrize("engine", [name for name in ENGINES if is_installed(name.partition("-")[0])])
@pytest.mark.parametrize(("direction", "returns"), WAYS[::3])
def test_the_plan_of_every_engine_passes_the_verifier(engine, direction, returns):
    """Nobody is left over, no rule is broken, and no plan costs less than our bound for it."""
    case = county(stops=12, riders=100, seed=9, direction=direction, returns_to_campus=returns)
    plan = solve_with(engine, case, seconds=0.4, seed=1)
    assert plan is not None
    assert (verify(case, plan), plan.unserved) == ((), ())
    assert plan.lower_bound_fen <= plan.cost_fen


@needs_pyvrp
def test_riders_who_must_ride_together_are_refused_only_where_they_stand_at_two_stops():
    """PyVRP and VROOM know no pairs; a rule about riders of one stop is kept by the groups themselves."""
    given = problem(riders(S1=3, S2=2), coach())
    two_stops = replace(given, rules=Rules(together=(frozenset({"S1-1", "S2-1"}),)))
    with pytest.raises(InvalidInput, match="peer_knows_no_pairs"):
        solve_with("pyvrp", two_stops, seconds=0.1, seed=1)
    one_stop = replace(given, rules=Rules(together=(frozenset({"S1-1", "S1-2"}),)))
    plan = solve_with("pyvrp", one_stop, seconds=0.1, seed=1)
    assert plan is not None
    assert verify(one_stop, plan) == ()


def test_lines_are_refused_and_so_is_an_engine_that_is_not_there(monkeypatch):
    """What an engine cannot express is refused by name, never simplified."""
    with pytest.raises(InvalidInput, match="peer_knows_no_lines"):
        solve_with("ortools", problem(riders(S1=3), coach(lines=(("S1",),))), seconds=1, seed=1)
    monkeypatch.setitem(sys.modules, "pyvrp", None)
    with pytest.raises(InvalidInput, match="peer_not_installed"):
        solve_with("pyvrp", problem(riders(S1=3), coach()), seconds=1, seed=1)
