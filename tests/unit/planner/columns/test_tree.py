"""Cuts and branches: the bound never passes the best plan, and mostly meets it."""

from busops.planner.columns.generation import Climb, relax
from busops.planner.columns.proof import Prover
from busops.planner.columns.tree import Tree
from busops.planner.demand import nodes_of
from busops.planner.effort import Effort, StopWish
from busops.planner.model import UNREACHABLE
from busops.planner.problem import RiderDemand
from busops.planner.search.case import case_of
from busops.planner.search.greedy import greedy_plan
from tests.bench.towns import county
from tests.unit.planner.brute import best_by_trying
from tests.unit.planner.groups import NEVER, best_of_groups
from tests.unit.planner.small import coach, problem, random_problem, riders

SEEDS = range(200)


def effort(rounds: int = 60) -> Effort:
    """A number of rounds, whatever the machine."""
    return Effort(0, StopWish(None), rounds)


def test_the_tree_proves_the_best_plan_of_tiny_problems_and_never_more() -> None:
    """On 200 tiny problems of both directions, with and without a known plan to close in on."""
    closed = compared = gained = 0
    for seed in SEEDS:
        case = random_problem(seed, stops=5, riders_at_most=9, spare=seed % 3 > 0)
        search = greedy_plan(case, nodes_of(case).nodes)
        best_fen = best_of_groups(search.model)
        if best_fen >= NEVER:
            continue
        compared += 1
        climb = Climb(search.model, case_of(search.model), ())
        tree = Tree(climb, UNREACHABLE)
        tree.grow(effort())
        assert -(-tree.bound // 1000) <= best_fen, seed
        alone = relax(search.model, case_of(search.model), (), effort())
        gained += tree.bound > alone.bound
        if any(len(rider.stop_ids) > 1 for rider in case.riders) or search.missing:
            continue
        prover = Prover(case, search)
        prover.grow(effort())
        assert prover.proof.fen <= best_fen, seed
        closed += prover.is_closed
        if prover.is_closed:
            assert prover.proof.fen == best_fen, seed
            assert abs(search.cost // 1000 - best_fen) <= len(search.best), seed
    assert compared > 120
    assert gained > 10, gained
    assert closed > 25, closed


def test_a_bus_that_only_choosers_fill_is_not_left_out_of_the_proof() -> None:
    """Five riders of one stop fill a bus; five with a choice fill another that drives no fixed group."""
    case = problem(
        (*riders(S4=5), *choosers(5)),
        coach("P1", capacity=5, fixed_fen=20_000),
        coach("P2", capacity=5, fixed_fen=100),
    )
    search = greedy_plan(case, nodes_of(case).nodes)
    prover = Prover(case, search)
    prover.grow(effort())
    served, least_fen = best_by_trying(case)
    assert served == len(case.riders)
    assert 0 < prover.proof.fen <= least_fen
    assert not prover.is_closed


def choosers(count: int) -> tuple[RiderDemand, ...]:
    """Riders who may use S1 or S2."""
    return tuple(RiderDemand(rider_id=f"C{number}", stop_ids=("S1", "S2")) for number in range(1, count + 1))


def test_the_fractions_of_a_stock_are_branched_on() -> None:
    """Three pairs of riders and buses of three: the program halves them, the proof makes whole trips."""
    case = problem(riders(S1=2, S2=2, S3=2), *(coach(f"P{number}", capacity=3) for number in range(5)))
    search = greedy_plan(case, nodes_of(case).nodes)
    best_fen = best_of_groups(search.model)
    prover = Prover(case, search)
    prover.grow(effort())
    assert prover.is_closed
    assert prover.proof.fen == best_fen


def test_a_better_plan_found_on_the_way_is_handed_to_the_search() -> None:
    """From greedy plans of a dozen stops the proof comes to the best ones; none is dearer than before."""
    better = 0
    for seed in range(4):
        case = county(stops=12, riders=150, seed=seed)
        search = greedy_plan(case, nodes_of(case).nodes)
        before, prover = search.cost, Prover(case, search)
        prover.grow(effort(200))
        prover.choose(effort(1))
        assert search.cost <= before
        assert prover.proof.fen <= search.cost // 1000 + len(search.best)
        better += search.cost < before
    assert better >= 2
