"""
Problems side by side, and the choice between one search and parts, by size.

Problems that share nothing (directions, days, schools) need no joining: each is a part of its own.
Schools that share buses between their bell times would be one problem with time windows at several
campuses: that is not modelled here; ``solve_many`` is where such a group would be joined.
"""

from collections.abc import Callable, Sequence
from typing import Final

from busops.domain.errors import InvalidInput
from busops.planner.demand import nodes_of
from busops.planner.effort import StopWish
from busops.planner.problem import Plan, Problem
from busops.planner.scale.crew import Crew
from busops.planner.scale.executors import OpenExecutor, Pool, here
from busops.planner.scale.region import solve_region
from busops.planner.solve import OnProgress, PlanningPhase, Progress, solve

ONE_SEARCH: Final = 400  # groups of riders; above, parts are better in the same seconds (docs/decisions.md)

_WORTH_A_WORKER_S: Final = 15.0  # a fresh process needs some seconds before it searches

Stop = Callable[[], bool]


def is_large(problem: Problem) -> bool:
    """True when the problem is better solved in parts than by one search."""
    # Full buses at one stop are groups too, so the stops alone do not tell.
    return len(problem.riders) > ONE_SEARCH and len(nodes_of(problem).nodes) > ONE_SEARCH


def solve_by_size(
    problem: Problem,
    *,
    seconds: float,
    seed: int,
    executor: OpenExecutor,
    on_progress: OnProgress | None = None,
    should_stop: Stop | None = None,
    fair_milli: int = 0,
) -> Plan:
    """
    The plan of ``solve``, or of ``solve_region`` where that is better.

    The executor solves the parts of a large problem; of another it runs second chains, where the time is
    worth opening it. A large plan is not made kinder for money: ``fair_milli`` is for ``solve`` only.
    """
    if is_large(problem):
        return solve_region(
            problem,
            seconds=seconds,
            seed=seed,
            executor=executor,
            on_progress=on_progress,
            should_stop=should_stop,
        )
    pool = _second_worker(executor, seconds)
    try:
        return solve(
            problem,
            seconds=seconds,
            seed=seed,
            on_progress=on_progress,
            should_stop=should_stop,
            fair_milli=fair_milli,
            executor=pool.executor,
        )
    finally:
        pool.close()


def _second_worker(executor: OpenExecutor, seconds: float) -> Pool:
    """An open executor if one search has the time for it and there is one to open."""
    if seconds < _WORTH_A_WORKER_S:
        return here()
    try:
        return executor()
    except (OSError, InvalidInput):  # a scheduler that does not answer costs the second chain only
        return here()


def solve_many(
    problems: Sequence[Problem],
    *,
    seconds: float,
    seed: int,
    executor: OpenExecutor,
    on_progress: OnProgress | None = None,
    should_stop: Stop | None = None,
    rounds: int | None = None,
) -> tuple[Plan | None, ...]:
    """
    A plan of each problem, in their order, each searched for ``seconds`` by one worker; None after a stop.

    Each plan is that of ``solve`` with the same seed, wherever it was made. A worker that is lost costs
    time only. ``on_progress`` hears of the plans that are done: their share, and nothing of their cost.
    """
    crew = Crew(executor, StopWish(should_stop))
    told = -1

    def heard(done: int) -> None:
        nonlocal told
        if on_progress is not None and done != told:
            told = done
            phase = PlanningPhase.DONE if done == len(problems) else PlanningPhase.RUIN
            share = 1000 * done // max(len(problems), 1)
            on_progress(Progress(phase=phase, done_milli=share, cost_fen=0, unserved=0, bound_fen=0))

    try:
        tasks = [(problem, seconds, seed, rounds) for problem in problems]
        plans: list[Plan | None] = crew.run(_solve_one, tasks, seconds=seconds, heard=heard)
    finally:
        crew.close()
    heard(sum(plan is not None for plan in plans))
    return tuple(plans)


def _solve_one(problem: Problem, seconds: float, seed: int, rounds: int | None, should_stop: Stop) -> Plan:
    return solve(problem, seconds=seconds, seed=seed, rounds=rounds, should_stop=should_stop)
