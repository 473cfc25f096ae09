"""
One plan anew under other limits, stops or vehicles: solved, and judged by the independent verifier.

A plan that breaks anything is none: it never leaves this module.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from busops.domain.findings import blocking
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
        served, then least cost; of equals the one that was known first.
        """
        found = [plan for plan in known if is_sound(problem, plan)]
        fresh = solve(
            problem, seconds=self.seconds, seed=self.seed, rounds=self.rounds, should_stop=self.should_stop
        )
        if is_sound(problem, fresh):
            found.append(fresh)
        return min(found, key=standing, default=None)


def is_sound(problem: Problem, plan: Plan) -> bool:
    """True when the verifier finds nothing that forbids to drive the plan."""
    return not blocking(verify(problem, plan))


def standing(plan: Plan) -> tuple[int, int]:
    """The order of plans: riders left over first, then cost."""
    return len(plan.unserved), plan.cost_fen
