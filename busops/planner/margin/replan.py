"""
One plan anew under other limits, stops or vehicles: solved, and judged by the independent verifier.

A plan that breaks anything is none: it never leaves this module.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from busops.domain.findings import blocking
from busops.planner.columns.proof import NOTHING_PROVED
from busops.planner.problem import Plan, Problem
from busops.planner.solve import solve
from busops.planner.verify import verify

Wish = Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanning:
    """How each plan is searched: ``seconds`` of time, or ``rounds`` of counted work (the same everywhere)."""

    seconds: float
    seed: int = 1
    rounds: int | None = None
    should_stop: Wish | None = None

    @property
    def is_stopped(self) -> bool:
        """True once the caller wishes to stop: what is being found then is not complete."""
        return self.should_stop is not None and self.should_stop()

    def best(self, problem: Problem, known: Iterable[Plan] = ()) -> Plan | None:
        """
        The best plan of ``problem``: one that is searched now, or one already ``known``.

        Only plans that the verifier passes count; None when there is none. Best = most riders
        served, then least cost; of equals the one that was known first. Its bound is what this search
        proved: a plan that was known may come from another day's fleet, and its bound with it.
        """
        fresh = solve(
            problem, seconds=self.seconds, seed=self.seed, rounds=self.rounds, should_stop=self.should_stop
        )
        found = [plan for plan in (*known, fresh) if is_sound(problem, plan)]
        best = min(found, key=standing, default=None)
        return None if best is None else bounded_as(best, fresh)


def is_sound(problem: Problem, plan: Plan) -> bool:
    """True when the verifier finds nothing that forbids to drive the plan."""
    return not blocking(verify(problem, plan))


def bounded_as(plan: Plan, proved: Plan) -> Plan:
    """
    The plan with the bound of another of the same problem that serves no more riders.

    Without a bound where it costs less than that: then the bound's model leaves plans like it out.
    """
    holds = len(plan.unserved) <= len(proved.unserved) and proved.lower_bound_fen <= plan.cost_fen
    return replace(
        plan,
        lower_bound_fen=proved.lower_bound_fen if holds else 0,
        bound_model=proved.bound_model if holds else NOTHING_PROVED.model,
    )


def standing(plan: Plan) -> tuple[int, int]:
    """The order of plans: riders left over first, then cost."""
    return len(plan.unserved), plan.cost_fen
