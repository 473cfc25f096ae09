"""
Engines side by side on the same problems: a process for each run, runs of a case next to each other.

The verifier judges every plan, whoever made it. Bounds are ours, and a plan's distance is told to
the best bound that any run on its problem has proved, or to the best cost known for a public file.
"""

import os
import resource
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from queue import SimpleQueue
from typing import Final

from busops.domain.errors import BusopsError, InvalidInput
from busops.domain.values import Direction
from busops.planner.peers import ENGINES, UNTIMED, solve_with
from busops.planner.problem import Plan, Problem
from busops.planner.scale.executors import Pool, here
from busops.planner.scale.many import is_large
from busops.planner.scale.region import solve_region
from busops.planner.solve import Progress, solve
from busops.planner.verify import verify
from busops.planner.warm import warm

OURS: Final = "busops"
FAIR: Final = "busops-fair"  # ours, allowed to pay half a per cent for kinder rides
OUR_ENGINES: Final = {OURS: 0, FAIR: 5}  # thousandths of the cost that kinder rides may take
_TIMES: Final = "x"  # pyvrp@3x: three times our seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    A problem with a name; ``known_fen`` is the best cost that anybody has published for it.

    Where a public file is the source, ``keeps_stops_whole``: a stop that several trips share is a fault
    there, although the riders of a school may be split.
    """

    name: str
    problem: Problem
    known_fen: int | None = None
    keeps_stops_whole: bool = False
    scale: int = 100  # fen in a unit of the costs that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """
    A peer in the race. With neither field it gets the seconds that ours gets, with ``seconds`` its
    own, with ``times`` so many times ours.
    """

    engine: str
    seconds: float | None = None
    times: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """One run to be made; 0 ``seconds`` for an engine that ends by itself."""

    case: str
    engine: str
    seconds: float
    seed: int

    @property
    def label(self) -> str:
        """Engine and seconds, as tables name a column."""
        return f"{self.engine}@{self.seconds:g}" if self.seconds else self.engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """
    What came of a run. ``cost_fen`` is None when the engine found no plan that serves everybody;
    ``refused`` is the code of the reason when it could not even begin.

    ``first_s``: seconds to the first plan that serves everybody, where the engine tells it.
    ``cpu_s`` counts child processes too. ``loaded_mb`` is held by the process before the run.
    """

    race: Race
    cost_fen: int | None = None
    bound_fen: int = 0
    trips: int = 0
    unserved: int = 0
    violations: int = 0
    split_stops: int = 0  # where that is a fault
    longest_ride_s: int = 0
    p95_ride_s: int = 0
    first_s: float | None = None
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: int = 0
    loaded_mb: int = 0
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """
    How runs are held: ``lanes`` at a time, each pinned to a core of its own when ``is_pinned``;
    our engine may use so many ``processes``.
    """

    lanes: int = 1
    is_pinned: bool = False
    processes: int = 1


def entrants_of(text: str) -> tuple[Entrant, ...]:
    """
    The peers of ``pyvrp,pyvrp@60,ortools@3x``: our seconds, 60 seconds, three times our seconds.

    Raises InvalidInput for an unknown engine and for seconds that are none.
    """
    entrants = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        engine, mark, budget = word.partition("@")
        if engine not in (*ENGINES, FAIR):
            raise InvalidInput("bench_engine_unknown", found=engine, known=", ".join((*ENGINES, FAIR)))
        if not mark:
            entrants.append(Entrant(engine=engine))
        elif budget.endswith(_TIMES):
            entrants.append(Entrant(engine=engine, times=_positive(budget.removesuffix(_TIMES), word)))
        else:
            entrants.append(Entrant(engine=engine, seconds=_positive(budget, word)))
    return tuple(entrants)


def seconds_of(text: str) -> tuple[float, ...]:
    """The budgets of ``10,30``; InvalidInput when one is no positive number."""
    return tuple(dict.fromkeys(_positive(word.strip(), text) for word in text.split(",")))


def _positive(word: str, whole: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise InvalidInput("bench_seconds_wrong", found=whole)
    return number


def races(
    cases: Iterable[str], entrants: Sequence[Entrant], seconds: Sequence[float], seeds: Iterable[int]
) -> tuple[Race, ...]:
    """
    Every run: those of one case and seed stand next to each other, so that a slow hour of the
    machine meets all engines alike. None is made twice; an engine that takes no seed runs once a case,
    to its end unless it is given seconds.
    """
    made: dict[Race, None] = {}
    seeds = tuple(seeds)
    for case in cases:
        for seed in seeds:
            for budget in seconds:
                made[Race(case=case, engine=OURS, seconds=budget, seed=seed)] = None
                for one in entrants:
                    if one.seconds is None:
                        made[_race(case, one, budget * (one.times or 1), (seed, seeds[0]))] = None
            for one in entrants:
                if one.seconds is not None:
                    made[_race(case, one, one.seconds, (seed, seeds[0]))] = None
    return tuple(made)


def _race(case: str, entrant: Entrant, seconds: float, seed_and_first: tuple[int, int]) -> Race:
    seed, first = seed_and_first
    if entrant.engine not in UNTIMED:
        return Race(case=case, engine=entrant.engine, seconds=seconds, seed=seed)
    has_limit = entrant.seconds is not None or entrant.times is not None
    return Race(case=case, engine=entrant.engine, seconds=seconds if has_limit else 0, seed=first)


def hold(lineup: Sequence[Race], cases: Sequence[Case], track: Track) -> Iterator[Result]:
    """The result of each race, in their order, as soon as it is there."""
    by_name = {case.name: case for case in cases}
    lanes: SimpleQueue[int | None] = SimpleQueue()
    cores = sorted(os.sched_getaffinity(0))
    for lane in range(track.lanes):
        lanes.put(cores[lane % len(cores)] if track.is_pinned else None)

    def one(race: Race) -> Result:
        core = lanes.get()
        try:
            return run(race, by_name[race.case], core=core, processes=track.processes)
        finally:
            lanes.put(core)

    with ThreadPoolExecutor(max_workers=track.lanes) as starters:
        yield from starters.map(one, lineup)


def run(race: Race, case: Case, *, core: int | None = None, processes: int = 1) -> Result:
    """The race in a fresh process: nothing of an earlier run warms it or weighs on it."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as process:
        return process.submit(run_here, race, case, core=core, processes=processes).result()


def run_here(race: Race, case: Case, *, core: int | None = None, processes: int = 1) -> Result:
    """The race in this very process, which is pinned to ``core`` when one is given."""
    problem = case.problem
    if core is not None:
        os.sched_setaffinity(0, {core})
    first = _FirstPlan()
    is_ours = race.engine in OUR_ENGINES
    in_parts = is_ours and is_large(problem)
    # One search works itself beside the others; who solves parts only waits for them.
    with _workers(processes - (not in_parts) if is_ours and processes > 1 else 0) as workers:
        if is_ours:
            warm()  # the peers come as machine code too
        loaded_mb, busy_s = _peak_mb(), _cpu_s()
        began = first.began = time.monotonic()
        try:
            plan: Plan | None
            if in_parts:
                plan = solve_region(
                    problem,
                    seconds=race.seconds,
                    seed=race.seed,
                    executor=lambda: _pool_of(workers, processes),
                    on_progress=first,
                )
            elif is_ours:
                plan = solve(
                    problem,
                    seconds=race.seconds,
                    seed=race.seed,
                    on_progress=first,
                    fair_milli=OUR_ENGINES[race.engine],
                    executor=workers,
                )
            else:
                plan = solve_with(race.engine, problem, seconds=race.seconds, seed=race.seed)
        except BusopsError as error:
            return Result(race=race, unserved=len(problem.riders), refused=error.code)
        wall_s = time.monotonic() - began
    # Only now have the other processes ended, and their seconds count.
    measured = Result(
        race=race,
        first_s=first.seconds,
        wall_s=wall_s,
        cpu_s=_cpu_s() - busy_s,
        peak_mb=_peak_mb(),
        loaded_mb=loaded_mb,
        unserved=len(problem.riders),
    )
    return judged(measured, case, plan) if plan else measured


class _FirstPlan:
    """Notes when the first plan was there that serves everybody."""

    def __init__(self) -> None:
        self.began = 0.0
        self.seconds: float | None = None

    def __call__(self, progress: Progress) -> None:
        if self.seconds is None and not progress.unserved:
            self.seconds = time.monotonic() - self.began


@contextmanager
def _workers(count: int) -> Iterator[Executor | None]:
    """Processes that are up and have their machine code before the clock runs; None for no process."""
    if not count:
        yield None
        return
    with ProcessPoolExecutor(max_workers=count, mp_context=get_context("spawn")) as pool:
        for ready in [pool.submit(warm) for _worker in range(count)]:
            ready.result()
        yield pool


def _pool_of(workers: Executor | None, count: int) -> Pool:
    """The processes that are up already, as parts are given to them; this process without any."""
    if workers is None:
        return here()

    def leave() -> None:
        """They end with the race."""

    return Pool(name="bench", executor=workers, count=lambda: count, interrupt=leave, close=leave)


def judged(measured: Result, case: Case, plan: Plan) -> Result:
    """What was measured, with the plan's own figures and what the verifier says of it."""
    problem = case.problem
    rides = sorted(_rides_s(plan, problem.direction))
    halts = Counter(halt.stop_id for trip in plan.trips for halt in trip.stops)
    return replace(
        measured,
        cost_fen=None if plan.unserved else plan.cost_fen,
        bound_fen=plan.lower_bound_fen,
        trips=len(plan.trips),
        unserved=len(plan.unserved),
        violations=len(verify(problem, plan)),
        split_stops=sum(count > 1 for count in halts.values()) if case.keeps_stops_whole else 0,
        longest_ride_s=rides[-1] if rides else 0,
        p95_ride_s=rides[(len(rides) * 95 - 1) // 100] if rides else 0,
    )


def _rides_s(plan: Plan, direction: Direction) -> Iterator[int]:
    for trip in plan.trips:
        for stop in trip.stops:
            home = direction is Direction.HOMEWARD
            ride_s = stop.arrive_s if home else (trip.campus_arrive_s or 0) - stop.leave_s
            yield from (ride_s for _rider in stop.rider_ids)


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _cpu_s() -> float:
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)
