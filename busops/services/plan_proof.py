"""
The proof of a stored plan goes on in the background: its lower bound rises, nothing else changes.

Only while the plan still fits what it was made from: register and roster as they stand now must give
the problem it solves, or the new bound would be another problem's.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from busops.domain.errors import InvalidInput, Refused
from busops.domain.values import Clock
from busops.planner.document import gap, read_plan_document
from busops.planner.further import prove_further
from busops.planner.problem import Plan
from busops.planner.travel.source import TravelSource
from busops.planner.verify import verify
from busops.services.plan_check import problem_of
from busops.services.planning_input import load_input
from busops.storage import plan_store
from busops.storage.database import Database
from busops.storage.plan_store import LaterProof

JOB: Final = "prove"
PROOF_S: Final = 60.0
_CLOSE_ENOUGH: Final = 0.001  # a gap that nobody would want to know better

OnBound = Callable[[int, int], None]  # cost and bound in fen


class Working(Protocol):
    """What the work of a job may use."""

    @property
    def database(self) -> Database:
        """The school's database."""

    @property
    def clock(self) -> Clock:
        """The time."""

    def roads(self) -> TravelSource | None:
        """Who measures roads; None = ways are estimated."""

    def progress(self, done: int, total: int, **facts: Any) -> None:
        """Tells how far the work is."""

    def cancelled(self) -> bool:
        """True when somebody asked to stop."""


def is_worth_proving(document: Mapping[str, Any]) -> bool:
    """
    True for a plan that serves everybody and may be farther from the best than a thousandth.

    What is proved about routes holds for groups as they were made, not for a plan that cut them anew.
    """
    plan = read_plan_document(document)
    if not plan.trips or plan.unserved or _is_recut(plan):
        return False
    return plan.lower_bound_fen <= 0 or gap(plan) > _CLOSE_ENOUGH


def prove_plan(
    database: Database,
    plan_id: str,
    *,
    clock: Clock,
    roads: TravelSource | None = None,
    seconds: float = PROOF_S,
    on_bound: OnBound | None = None,
    should_stop: Callable[[], bool] | None = None,
    rounds: int | None = None,
) -> int:
    """
    The stored plan carries the best bound reached in about ``seconds``; returns it in fen.

    A plan whose groups were cut anew keeps the bound that it has. Raises NotFound for a plan
    that is gone, Refused when the roster or the register has changed.
    """
    with database.reading() as tx:
        stored = plan_store.load_plan(tx, plan_id)
        given = load_input(tx, stored.summary.weekend_on)
    plan = read_plan_document(stored.document)
    problem = problem_of(given, stored.document, plan, roads).problem
    if verify(problem, plan):
        raise Refused("plan_problem_changed", plan_id=plan_id)
    if _is_recut(plan):
        return plan.lower_bound_fen
    proof = prove_further(
        problem,
        plan,
        seconds=seconds,
        seed=int(stored.document["seed"]),
        on_better=lambda better: on_bound(plan.cost_fen, better.fen) if on_bound else None,
        should_stop=should_stop,
        rounds=rounds,
    )
    if proof.fen > plan.lower_bound_fen:
        later = LaterProof(lower_bound_fen=proof.fen, bound_model=proof.model, proved_at=clock.now())
        with database.transaction() as tx:
            plan_store.add_proof(tx, plan_id, later)
    return proof.fen


def _is_recut(plan: Plan) -> bool:
    return plan.stats.get("recut") == 1


def read_proof_order(arguments: Mapping[str, Any]) -> tuple[str, float]:
    """Plan and seconds of a proof job; raises InvalidInput."""
    try:
        return str(arguments["plan_id"]), float(arguments.get("seconds", PROOF_S))
    except (KeyError, ValueError, TypeError) as fault:
        raise InvalidInput("plan_order_invalid") from fault


def run_job(context: Working, **arguments: Any) -> dict[str, Any]:
    """The bound reached for the plan that the arguments name (plan_id, seconds), as plain JSON."""
    plan_id, seconds = read_proof_order(arguments)

    def told(cost_fen: int, bound_fen: int) -> None:
        context.progress(0, 0, cost_fen=cost_fen, bound_fen=bound_fen)

    fen = prove_plan(
        context.database,
        plan_id,
        clock=context.clock,
        roads=context.roads(),
        seconds=seconds,
        on_bound=told,
        should_stop=context.cancelled,
    )
    return {"plan_id": plan_id, "lower_bound_fen": fen}
