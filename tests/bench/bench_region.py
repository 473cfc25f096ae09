"""
How large problems fare: ``python -m tests.bench.bench_region [--quick] [--workers 1,2] [--dask 1,2,4]``.

Prints for each case the wall clock, the cost over the proven bound, who is left over and the memory of
this process and its children together; then the same case by more and more workers, processes or real
Dask workers on loopback. Nothing is asserted: a machine has as many cores as it has.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic, sleep

from busops.planner.problem import Plan, Problem
from busops.planner.scale.executors import open_executor
from busops.planner.scale.region import solve_region
from busops.planner.verify import verify
from tests.bench.towns import county

ROOT = Path(__file__).resolve().parents[2]
CASES = ((3000, 15_000, 60.0), (5000, 25_000, 600.0))  # stops, riders, seconds
QUICK = ((1200, 6000, 15.0),)
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20


class Memory:
    """The largest sum of resident memory of this process and its descendants while it is watched."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Memory":
        self._watch.start()
        return self

    def __exit__(self, *_fault: object) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._over.wait(0.25):
            self.peak_mb = max(self.peak_mb, sum(resident_mb(pid) for pid in family(os.getpid())))


def family(pid: int) -> set[int]:
    """The process and all that it started, as /proc tells."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text(encoding="ascii", errors="replace")
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def resident_mb(pid: int) -> float:
    """Resident memory without what is shared with other processes' files."""
    try:
        _size, resident, shared, *_rest = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0.0
    return (int(resident) - int(shared)) * PAGE_MB


def run(problem: Problem, seconds: float, setting: str, seed: int = 1) -> tuple[Plan, float, float]:
    """The plan, its wall clock and the peak of memory."""
    begun = monotonic()
    with Memory() as memory:
        plan = solve_region(problem, seconds=seconds, seed=seed, executor=partial(open_executor, setting))
    return plan, monotonic() - begun, memory.peak_mb


def line(name: str, problem: Problem, made: tuple[Plan, float, float]) -> str:
    """One row of the table."""
    plan, wall_s, peak_mb = made
    over = 100 * (plan.cost_fen / max(plan.lower_bound_fen, 1) - 1)
    faults = len(verify(problem, plan))
    return (
        f"{name:34} {wall_s:7.1f} s  {plan.cost_fen / 100:14,.0f} CNY  ≤ {over:5.2f} % over the bound  "
        f"{len(plan.trips):4} trips  {len(plan.unserved):4} left over  {faults} faults  {peak_mb:6.0f} MB  "
        f"{int(plan.stats['ruin_rounds']) / 1e6:7.2f} M rounds"
    )


@contextmanager
def dask(workers: int) -> Iterator[str]:
    """The address of a scheduler with so many workers of one thread on loopback."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder) / "at.json"
        log = (Path(folder) / "log").open("wb")
        run_ = partial(
            subprocess.Popen,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
        )
        program = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"]
        started = [run_([*program, "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(at)])]
        program = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-dashboard", "--no-nanny"]
        started += [
            run_([*program, "--scheduler-file", str(at), "--nthreads", "1"]) for _worker in range(workers)
        ]
        try:
            while Path(log.name).read_text(encoding="utf-8").count("Register worker") < workers:
                sleep(0.2)
            yield str(json.loads(at.read_text(encoding="utf-8"))["address"])
        finally:
            for process in started:
                process.kill()
                process.wait()
            log.close()


def numbers(text: str) -> Sequence[int]:
    """``1,2,4`` as numbers."""
    return [int(one) for one in text.split(",") if one]


def main() -> None:
    """The table, then the speed-up by workers: rounds of search in the same seconds, and what they bring."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true", help="one case of 1,200 stops")
    asked.add_argument("--workers", default="1,2", type=numbers, help="processes to compare")
    asked.add_argument("--dask", default="1,2,4", type=numbers, help="Dask workers to compare")
    asked.add_argument("--compare-seconds", default=30.0, type=float)
    given = asked.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    for stops, riders, seconds in QUICK if given.quick else CASES:
        begun = monotonic()
        problem = county(stops=stops, riders=riders, seed=7)
        print(f"{stops} stops, {riders} riders made in {monotonic() - begun:.1f} s", flush=True)
        made = run(problem, seconds, str(max(given.workers)))
        print(line(f"{stops} stops, {seconds:.0f} s", problem, made), flush=True)
    problem = county(stops=1200, riders=6000, seed=8)
    for count in given.workers:
        made = run(problem, given.compare_seconds, str(count))
        print(line(f"1200 stops, {count} processes", problem, made), flush=True)
    for count in given.dask:
        with dask(count) as address:
            made = run(problem, given.compare_seconds, address)
        print(line(f"1200 stops, {count} Dask workers", problem, made), flush=True)


if __name__ == "__main__":
    main()
