"""
The proof goes on after the plan is made: what no plan can undercut, for a plan that stands.

The plan is not changed; it only tells the proof what it need not look below.
"""

from collections.abc import Callable
from typing import Final

from busops.planner.columns.proof import Proof, Prover
from busops.planner.demand import nodes_of
from busops.planner.effort import Effort, StopWish
from busops.planner.problem import Plan, Problem
from busops.planner.search.greedy import greedy_plan
from busops.planner.search.ruin import RuinRecreate, annealing_for
from busops.planner.warm import warm

_CHAIN_SHARE: Final = 0.1  # for routes that the proof begins with
_CHAIN_MOST_S: Final = 5.0
_CHAIN_ROUNDS: Final = 2


def prove_further(
    problem: Problem,
    plan: Plan,
    *,
    seconds: float,
    seed: int = 1,
    on_better: Callable[[Proof], None] = lambda _proof: None,
    should_stop: Callable[[], bool] | None = None,
    rounds: int | None = None,
) -> Proof:
    """
    The bound (fen) reached in about ``seconds``; that of the plan itself when no better one is.

    Nothing is proved for a plan that leaves riders over, nor above the plan's own cost: a plan that
    cuts groups otherwise than the proof can be cheaper than what is proved for the groups as made.
    """
    before = Proof(fen=plan.lower_bound_fen, model=plan.bound_model, rounds=0)
    if plan.unserved or not plan.trips:
        return before
    warm()
    effort = Effort(seconds, StopWish(should_stop), rounds)
    search = greedy_plan(problem, nodes_of(problem).nodes)
    chain_rounds = None if rounds is None else _CHAIN_ROUNDS
    chain_effort = Effort(min(_CHAIN_SHARE * seconds, _CHAIN_MOST_S), effort.wish, chain_rounds)
    chain = RuinRecreate(search.model, search.best, seed, search.pool)
    search.offer(chain.run(chain_effort.spent, annealing_for(search.cost, len(search.best))))
    prover = Prover(problem, search, seed)
    prover.look_below(plan.cost_fen)

    def heard(proof: Proof) -> None:
        if before.fen < proof.fen <= plan.cost_fen:
            on_better(proof)

    prover.grow(effort, heard)
    proof = prover.proof
    return proof if before.fen < proof.fen <= plan.cost_fen else before
