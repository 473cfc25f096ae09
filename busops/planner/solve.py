"""
The planner as a function: a problem, a time and a seed in, a plan out; nothing else is read or kept.

    demand → greedy → routing search → ruin and recreate → column generation, cuts and branches (the
    proof) → the best choice of the routes within the gap → ruin and recreate → assembly of all routes
    seen → timetable
"""

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final

from busops.planner.demand import nodes_of
from busops.planner.effort import Effort, StopWish
from busops.planner.finish import finish
from busops.planner.problem import Plan, Problem
from busops.planner.search.greedy import fill_seats, whole_groups
from busops.planner.steps import OnProgress, PlanningPhase, Progress, Steps
from busops.planner.warm import warm

__all__ = ["OnProgress", "PlanningPhase", "Progress", "solve"]

_FAIR_SHARE: Final = 0.08  # of the time, if rides may be made kinder for money
_FAIR_MOST_S: Final = 4.0


def solve(
    problem: Problem,
    *,
    seconds: float,
    seed: int,
    on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] | None = None,
    rounds: int | None = None,
    fair_milli: int = 0,
    executor: Executor | None = None,
) -> Plan:
    """
    The best plan found in about ``seconds``; always a plan, partial when the fleet is too small.

    Rides are made kinder for at most ``fair_milli`` thousandths of the cost more: the longest, then the
    95th percentile, then all together. With ``rounds`` the work is counted instead of the time, and the
    plan is the same on every machine. ``should_stop`` and ``on_progress`` are called on the calling
    thread; after a yes the best plan so far comes back within about half a second. Never worse than the
    greedy plan, but for what kinder rides may cost. With an ``executor`` every chain has a second one
    beside it there. On a machine where the search has no machine code yet, making it comes on top of
    ``seconds``.
    """
    warm()
    effort = Effort(seconds, StopWish(should_stop), rounds)
    demand = nodes_of(problem)
    search = whole_groups(problem, demand.nodes)
    floor = fill_seats(problem, search) if search.missing else search
    search.stats["greedy_cost_fen"] = floor.cost // 1000
    steps = Steps(problem, search, effort, (seed, on_progress), executor)
    steps.tell(PlanningPhase.GREEDY)
    if search.best:
        whole = steps.effort
        if fair_milli:
            steps.effort = whole.all_but(min(_FAIR_SHARE * whole.seconds, _FAIR_MOST_S))
        steps.improve()
        steps.effort = whole
        steps.fairness(fair_milli)
    steps.tell(PlanningPhase.BOUND)
    best = fill_seats(problem, steps.search)
    for_kindness = 1000 * int(best.stats.get("fairness_cost_fen", 0))
    if (floor.missing, floor.cost) < (best.missing, best.cost - for_kindness):
        best = floor
    plan = finish(problem, best, demand.unserved, steps.proof, effort.wish)
    steps.tell(PlanningPhase.DONE)
    return plan
