"""
Engines side by side on the same problems: each run in a process of its own, one after the other.

The verifier judges every plan, whoever made it. Bounds are ours, and a plan's distance is told to
the best bound that any run on its problem has proved.
"""

import resource
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from typing import Final

from busops.domain.values import Direction
from busops.planner.peers import solve_with
from busops.planner.problem import Plan, Problem
from busops.planner.solve import solve
from busops.planner.verify import verify
from busops.planner.warm import warm
from busops.services import planning_input
from busops.storage.database import Database

OURS: Final = "busops"


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """One run to be made."""

    case: str
    engine: str
    seconds: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a run; ``cost_fen`` is None when the engine found no plan that serves everybody."""

    race: Race
    cost_fen: int | None
    bound_fen: int
    trips: int
    unserved: int
    violations: int
    longest_ride_s: int
    p95_ride_s: int
    wall_s: float
    peak_mb: int


def problem_of(database: Database, weekend_on: date, direction: Direction) -> Problem:
    """The problem that a plan of this direction would solve; Refused when nobody rides."""
    with database.reading() as tx:
        given = planning_input.load_input(tx, weekend_on)
    return planning_input.prepare(given, direction).problem


def races(
    cases: Iterable[str], engines: Sequence[str], seconds: Sequence[float], seeds: int
) -> Iterator[Race]:
    """Every run, engines next to each other, so that a slow hour of the machine meets them all."""
    for case in cases:
        for budget in seconds:
            for seed in range(1, seeds + 1):
                for engine in engines:
                    yield Race(case=case, engine=engine, seconds=budget, seed=seed)


def run(race: Race, problem: Problem) -> Result:
    """The race in a fresh process: nothing of an earlier run warms it or weighs on it."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as process:
        return process.submit(_run_here, race, problem).result()


def _run_here(race: Race, problem: Problem) -> Result:
    if race.engine == OURS:
        warm()  # the peers come as machine code too
    began = time.monotonic()
    plan: Plan | None
    if race.engine == OURS:
        plan = solve(problem, seconds=race.seconds, seed=race.seed)
    else:
        plan = solve_with(race.engine, problem, seconds=race.seconds, seed=race.seed)
    wall_s = time.monotonic() - began
    rides = sorted(_rides_s(plan, problem.direction)) if plan else []
    return Result(
        race=race,
        cost_fen=plan.cost_fen if plan else None,
        bound_fen=plan.lower_bound_fen if plan else 0,
        trips=len(plan.trips) if plan else 0,
        unserved=len(plan.unserved) if plan else len(problem.riders),
        violations=len(verify(problem, plan)) if plan else 0,
        longest_ride_s=rides[-1] if rides else 0,
        p95_ride_s=rides[len(rides) * 95 // 100] if rides else 0,
        wall_s=wall_s,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


def _rides_s(plan: Plan, direction: Direction) -> Iterator[int]:
    for trip in plan.trips:
        for stop in trip.stops:
            home = direction is Direction.HOMEWARD
            ride_s = stop.arrive_s if home else (trip.campus_arrive_s or 0) - stop.leave_s
            yield from (ride_s for _rider in stop.rider_ids)
