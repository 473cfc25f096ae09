"""The proof by column generation: never above the best plan, near it, and honest about what it holds for."""

from collections.abc import Iterator

import pytest

from busops.planner.columns import master
from busops.planner.columns.generation import relax
from busops.planner.columns.proof import NOTHING_PROVED, ROUTES, ROUTES_WITHOUT_CHOOSERS, prove
from busops.planner.demand import nodes_of
from busops.planner.effort import Effort, StopWish
from busops.planner.search.case import case_of
from busops.planner.search.greedy import greedy_plan
from tests.unit.planner.brute import best_by_trying
from tests.unit.planner.groups import NEVER, best_of_groups
from tests.unit.planner.small import coach, problem, random_problem, riders

SEEDS = range(200)


def effort() -> Effort:
    """Forty rounds, whatever the machine."""
    return Effort(0, StopWish(None), 40)


def test_the_bound_is_never_above_the_best_plan_of_the_groups() -> None:
    """On 200 tiny problems of both directions; and on most of them it is within a tenth."""
    near = compared = 0
    for seed in SEEDS:
        case = random_problem(seed, stops=4, riders_at_most=7, spare=seed % 3 > 0)
        search = greedy_plan(case, nodes_of(case).nodes)
        best_fen = best_of_groups(search.model)
        relaxation = relax(search.model, case_of(search.model), (), effort())
        if best_fen < NEVER:
            compared += 1
            assert -(-relaxation.bound // 1000) <= best_fen, seed
            near += relaxation.bound > 900 * best_fen
    assert compared > 120
    assert near > compared * 8 // 10, (near, compared)


def test_where_riders_may_choose_the_proof_leaves_them_out() -> None:
    """With several stops a rider the bound stays at or below trying every choice and every split."""
    compared = 0
    for seed in SEEDS:
        case = random_problem(seed, stops=4, riders_at_most=5, spare=True)
        if all(len(rider.stop_ids) == 1 for rider in case.riders):
            continue
        search = greedy_plan(case, nodes_of(case).nodes)
        most, least_fen = best_by_trying(case)
        if search.missing or most < len(case.riders):
            continue
        proof = prove(case, search, effort())
        assert proof.model == ROUTES_WITHOUT_CHOOSERS
        alone = len({rider.stop_ids for rider in case.riders if len(rider.stop_ids) == 1})
        singles = sum(len(rider.stop_ids) == 1 for rider in case.riders)
        if alone == singles:  # no group of two that trying everything might split
            compared += 1
            assert proof.fen <= least_fen, seed
    assert compared > 10


def test_two_coaches_on_a_road_are_proved_to_the_fen() -> None:
    """Thirty riders at S4 and coaches of twenty: two trips out to S4, and no plan is cheaper."""
    case = problem(riders(S4=30), coach("P1"), coach("P2"))
    search = greedy_plan(case, nodes_of(case).nodes)
    proof = prove(case, search, effort())
    assert (proof.fen, proof.model) == (2 * (30_000 + 40 * 235), ROUTES)


def test_with_choosers_only_nothing_is_proved() -> None:
    """Nobody is left in the proof's problem, so that it says nothing."""
    case = random_problem(1, stops=4, riders_at_most=5, spare=True)
    choosers = tuple(
        rider.__class__(rider_id=rider.rider_id, stop_ids=case.stop_ids[:2]) for rider in case.riders
    )
    case = case.__class__(
        direction=case.direction,
        stop_ids=case.stop_ids,
        riders=choosers,
        vehicles=case.vehicles,
        limits=case.limits,
        travel=case.travel,
    )
    proof = prove(case, greedy_plan(case, nodes_of(case).nodes), effort())
    assert proof.fen == NOTHING_PROVED.fen


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_an_early_stop_proves_less_but_nothing_wrong(rounds: int) -> None:
    """After so few rounds the bound is at most the final one."""
    case = random_problem(12, stops=9, riders_at_most=30, spare=True)
    search = greedy_plan(case, nodes_of(case).nodes)
    early = relax(search.model, case_of(search.model), (), Effort(0, StopWish(None), rounds))
    late = relax(search.model, case_of(search.model), (), effort())
    assert early.bound <= late.bound
    assert late.worth - late.bound <= late.worth * 1e-3  # no route is missing from the program


def test_a_solver_that_fails_leaves_what_was_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """When no simplex solves the program, the column generation ends; the bound is 0 or what it was."""
    case = random_problem(12, stops=9, riders_at_most=30, spare=True)
    search = greedy_plan(case, nodes_of(case).nodes)
    whole = relax(search.model, case_of(search.model), (), effort())
    left = 3
    ways = master._ways_to_solve

    def fewer() -> Iterator[object]:
        nonlocal left
        left -= 1
        return ways() if left >= 0 else iter(())

    monkeypatch.setattr(master, "_ways_to_solve", fewer)
    broken = relax(search.model, case_of(search.model), (), effort())
    assert (broken.rounds, left) == (3, -2)  # tried once more on a program made anew
    assert 0 <= broken.bound <= whole.bound
    assert prove(case, search, effort()).fen == 0
