"""Chains on another processor: they help, they repeat, and an executor that breaks harms nothing."""

from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import pytest

from busops.planner.solve import solve
from busops.planner.verify import verify
from tests.bench.towns import county


@pytest.fixture
def threads() -> Iterator[Executor]:
    """Compiled chains hold no lock, so that threads do for a test."""
    with ThreadPoolExecutor(2) as executor:
        yield executor


def test_a_second_chain_is_joined_and_the_plan_repeats(threads: Executor) -> None:
    """Counted rounds give the same plan again, at most as dear as alone, and the stats tell the chains."""
    case = county(stops=25, riders=200, seed=4)
    first = solve(case, seconds=0, seed=5, rounds=20, executor=threads)
    second = solve(case, seconds=0, seed=5, rounds=20, executor=threads)
    assert first == second
    assert int(first.stats["other_chains"]) >= 1
    assert verify(case, first) == ()


class _Broken(Executor):
    """An executor whose workers are gone: at once, or when the answer is asked for."""

    def __init__(self, refuses: bool) -> None:
        self.refuses = refuses

    def submit(self, *_anything: object, **_named: object) -> Future[object]:  # type: ignore[override]
        if self.refuses:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Future[object] = Future()
        future.set_exception(OSError("a worker died"))
        return future


@pytest.mark.parametrize("refuses", [True, False])
def test_an_executor_that_breaks_costs_its_chain_only(refuses: bool) -> None:
    """The plan is the one that is made without an executor."""
    case = county(stops=20, riders=150, seed=4)
    alone = solve(case, seconds=0, seed=5, rounds=12)
    broken = solve(case, seconds=0, seed=5, rounds=12, executor=_Broken(refuses))
    assert broken.trips == alone.trips
    assert "other_chains" not in broken.stats
