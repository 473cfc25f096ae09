"""A real Dask scheduler and two workers on loopback: the same plan, also when one is killed mid-run."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import monotonic, sleep

import pytest

from busops.planner.problem import Plan, Problem
from busops.planner.scale.executors import here, open_executor
from busops.planner.scale.region import solve_region
from busops.planner.solve import PlanningPhase, Progress
from busops.planner.verify import verify
from tests.unit.planner.scale.cities import town, with_choices, with_lines

ROOT = Path(__file__).resolve().parents[4]
TOWN = with_choices(with_lines(town(50, seed=11)))
PATIENCE_S = 90

pytestmark = pytest.mark.slow


class Cluster:
    """A scheduler and its workers as processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scheduler = self._started(
            "dask_scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--scheduler-file",
            str(folder / "at.json"),
        )
        self.workers = [
            self._started(
                *("dask_worker", "--scheduler-file", str(folder / "at.json"), "--nthreads", "1"),
                *("--no-nanny", "--local-directory", str(folder)),
            )
            for _worker in range(2)
        ]

    def _started(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{program}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{program}", "--no-dashboard", *arguments],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    def address(self) -> str:
        """Where the scheduler listens, once both workers have found it."""
        until = monotonic() + PATIENCE_S
        log = self.folder / "dask_scheduler.log"
        while monotonic() < until:
            if log.exists() and log.read_text(encoding="utf-8").count("Register worker") >= 2:
                return str(json.loads((self.folder / "at.json").read_text(encoding="utf-8"))["address"])
            sleep(0.1)
        raise AssertionError(log.read_text(encoding="utf-8"))

    def close(self) -> None:
        """Every process is gone."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of two workers, taken down at the end."""
    started = Cluster(tmp_path)
    try:
        yield started
    finally:
        started.close()


class KillsMidRun:
    """A listener to progress that kills a process while the sectors are being solved."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.heard = 0

    def __call__(self, step: Progress) -> None:
        """The third time that it hears of the search the process is killed."""
        self.heard += step.phase is PlanningPhase.RUIN
        if self.heard == 3:
            self.process.kill()


def planned(problem: Problem, address: str = "", listener: KillsMidRun | None = None) -> Plan:
    """The plan in parts of about 20 groups; in this process without an address."""
    executor = partial(open_executor, address) if address else here
    return solve_region(
        problem, seconds=0, seed=1, executor=executor, rounds=3, part_groups=20, on_progress=listener
    )


def same(one: Plan, other: Plan) -> bool:
    """True when the plans differ in their record only."""
    return (one.trips, one.unserved, one.lower_bound_fen) == (
        other.trips,
        other.unserved,
        other.lower_bound_fen,
    )


def test_a_killed_worker_costs_no_plan(cluster: Cluster) -> None:
    """One of two workers dies with a part in hand: the other solves it; the plan is the one made here."""
    address = cluster.address()
    killer = KillsMidRun(cluster.workers[0])
    begun = monotonic()
    plan = planned(TOWN, address, killer)
    assert monotonic() - begun < PATIENCE_S
    assert cluster.workers[0].wait(10) != 0
    assert verify(TOWN, plan) == ()
    assert (plan.stats["executor"], plan.stats["workers_lost"]) == ("dask", 1)
    assert same(plan, planned(TOWN))


def test_a_killed_scheduler_costs_no_plan(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheduler dies and is not to be had again: this process solves what is left, the same way."""
    monkeypatch.setattr("busops.planner.scale.executors._CONNECT_S", 1)
    address = cluster.address()
    begun = monotonic()
    plan = planned(TOWN, address, KillsMidRun(cluster.scheduler))
    assert monotonic() - begun < PATIENCE_S
    assert verify(TOWN, plan) == ()
    assert int(plan.stats["parts_solved_here"]) >= 1
    assert same(plan, planned(TOWN))
