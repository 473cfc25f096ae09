"""The setting names an executor; processes start fresh, keep machine code ready and leave when told."""

import os
import sys
from concurrent.futures import ProcessPoolExecutor

import pytest

from busops.domain.errors import InvalidInput
from busops.planner.scale.executors import here, open_executor, worked
from busops.planner.warm import _done as _machine_code_is_there


def report(number: int, should_stop: object) -> tuple[int, int, bool, bool]:
    """What a worker knows about itself."""
    assert callable(should_stop)
    return number, os.getpid(), _machine_code_is_there.is_set(), should_stop()


@pytest.mark.parametrize("setting", ["many", "0", "-2", "2.5", "udp://127.0.0.1:1", "http://x:1"])
def test_an_unknown_executor_is_refused(setting: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(InvalidInput) as caught:
        open_executor(setting)
    assert caught.value.code == "executor_unknown"


def test_a_cluster_without_its_extra_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Dask installed the error names what to install."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InvalidInput) as caught:
        open_executor("tcp://127.0.0.1:1")
    assert (caught.value.code, caught.value.facts["extra"]) == ("executor_not_installed", "cluster")


def test_here_is_no_executor() -> None:
    """This process: one part at a time, nothing to close."""
    pool = here()
    assert pool.executor is None
    assert pool.count() == 1
    pool.close()


@pytest.mark.slow
def test_processes_are_other_processes_ready_to_work() -> None:
    """A worker is not this process, has its machine code before its first part, and sees the wish to stop."""
    pool = open_executor("1")
    assert isinstance(pool.executor, ProcessPoolExecutor)
    try:
        number, pid, is_ready, stops = pool.executor.submit(worked, report, (7,)).result(timeout=120)
        assert (number, is_ready, stops) == (7, True, False)
        assert pid != os.getpid()
        assert (pool.name, pool.count()) == ("processes:1", 1)
        pool.interrupt()
        assert pool.executor.submit(worked, report, (8,)).result(timeout=60)[3] is True
    finally:
        pool.close()
        pool.executor.shutdown(wait=True)
