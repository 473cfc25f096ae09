"""The bound for many stops holds, and is nearly that of every stop by itself."""

from dataclasses import replace

import pytest

from busops.domain.values import Direction
from busops.planner.bound import SEATS_AND_REACH, lower_bound, reaches_m
from busops.planner.demand import nodes_of
from busops.planner.model import compile_model
from busops.planner.scale.rings import bound_by_rings
from tests.unit.planner.groups import best_of_groups
from tests.unit.planner.scale.cities import town, with_choices, with_lines
from tests.unit.planner.small import random_problem


@pytest.mark.parametrize("seed", range(12))
def test_no_plan_of_a_tiny_town_costs_less(seed: int) -> None:
    """The bound is at most the optimum by brute force, with lines, choices and both directions by chance."""
    problem = random_problem(seed, stops=5, riders_at_most=9)
    demand = nodes_of(problem)
    best = best_of_groups(compile_model(problem, demand.nodes))
    served = sum(len(node.rider_ids) for node in demand.nodes)
    bound = bound_by_rings(problem, served=served)
    assert bound.model == SEATS_AND_REACH
    assert bound.fen <= best


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("closed", [True, False])
def test_with_a_ring_for_every_stop_it_is_the_same_bound(direction: Direction, closed: bool) -> None:
    """Fewer stops than rings: given the time, CP-SAT proves the same of the rings and of the stops."""
    problem = with_choices(with_lines(town(16, direction=direction, returns_to_campus=closed)))
    served = len(problem.riders)
    rings = bound_by_rings(problem, served=served, effort=1.0)
    assert rings.fen == lower_bound(problem, served, effort=1.0).fen


def test_few_rings_cost_little_of_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """60 stops in 40 rings: within a per cent of the bound of all stops."""
    monkeypatch.setattr("busops.planner.scale.rings._RINGS", 40)
    problem = town(60)
    bound = bound_by_rings(problem, served=len(problem.riders))
    assert bound.fen == pytest.approx(lower_bound(problem, len(problem.riders)).fen, rel=0.01)
    reach = reaches_m(problem)
    assert all(reach[stop] > 0 for stop in problem.stop_ids)


def test_nobody_to_serve_proves_nothing() -> None:
    """Without riders, or without vehicles, the bound is 0."""
    assert bound_by_rings(replace(town(10), riders=()), served=0).fen == 0
    assert bound_by_rings(replace(town(10), vehicles=()), served=0).fen == 0
