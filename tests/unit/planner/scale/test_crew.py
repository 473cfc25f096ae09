"""Every task is done, whoever is lost: elsewhere, else here; what happened is told; a wish is heard."""

import os
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path
from typing import Any

import pytest

from busops.planner.effort import StopWish
from busops.planner.scale.crew import Crew
from busops.planner.scale.executors import Pool, here, open_executor

Stop = Callable[[], bool]


def square(number: int, should_stop: Stop) -> int:
    """A task."""
    assert not should_stop()
    return number * number


def die_once(marker: str, number: int, should_stop: Stop) -> int:
    """A task whose worker is killed the first time that number 2 is asked for."""
    if number == 2 and not Path(marker).exists():
        Path(marker).touch()
        os._exit(9)
    return square(number, should_stop)


def refuse(number: int, _should_stop: Stop) -> int:
    """A task with a fault of its own."""
    raise ValueError(number)


class Faulty(Executor):
    """An executor in this process: the tasks of ``losing`` never come back well, ``silent`` ones never."""

    def __init__(
        self, losing: tuple[int, ...] = (), silent: tuple[int, ...] = (), broken: bool = False
    ) -> None:
        self.losing, self.silent, self.broken = losing, silent, broken

    def submit(self, fn: Callable[..., Any], /, *args: Any, **_more: Any) -> Future[Any]:
        """A future that is done, failed or never will be."""
        future: Future[Any] = Future()
        number = args[1][-1]
        if self.broken:
            raise BrokenExecutor
        if number in self.losing:
            future.set_exception(BrokenExecutor())
        elif number not in self.silent:
            future.set_result(fn(*args))
        return future


def pool_of(executor: Executor | None, closed: list[int] | None = None, workers: int = 2) -> Pool:
    """A pool round an executor that counts how often it is closed."""
    times = closed if closed is not None else []
    return Pool(
        name="faulty",
        executor=executor,
        count=lambda: workers,
        interrupt=lambda: None,
        close=lambda: times.append(1),
    )


def squares(crew: Crew, seconds: float = 1.0) -> list[Any]:
    """The squares of 0 … 4 by the crew."""
    return crew.run(square, [(number,) for number in range(5)], seconds=seconds, heard=lambda _done: None)


RIGHT = [0, 1, 4, 9, 16]


def test_without_an_executor_this_process_does_everything() -> None:
    """As planned, so nothing is told but the name."""
    crew = Crew(here, StopWish(None))
    assert squares(crew) == RIGHT
    assert crew.stats() == {"executor": "here"}


def test_lost_tasks_are_done_again_by_a_new_executor() -> None:
    """The broken executor is closed, a new one does what was lost."""
    closed: list[int] = []
    pools = [pool_of(Faulty(losing=(1, 3)), closed), pool_of(Faulty(), closed)]
    crew = Crew(lambda: pools.pop(0), StopWish(None))
    assert squares(crew) == RIGHT
    assert crew.stats() == {"executor": "faulty", "executor_reopened": 1, "parts_lost": 2}
    crew.close()
    assert closed == [1, 1]


def test_a_task_that_is_lost_everywhere_is_done_here() -> None:
    """Two losses of the same task elsewhere are enough."""
    crew = Crew(lambda: pool_of(Faulty(losing=(3,))), StopWish(None))
    assert squares(crew) == RIGHT
    told = crew.stats()
    assert (told["parts_lost"], told["parts_solved_here"]) == (2, 1)


@pytest.mark.parametrize("fault", [OSError, TimeoutError, BrokenExecutor])
def test_an_executor_that_cannot_be_opened_or_used_is_given_up(fault: type[Exception]) -> None:
    """No scheduler there, or one that takes nothing: after three tries everything is done here."""
    opened = []

    def unreachable() -> Pool:
        opened.append(1)
        raise fault

    crew = Crew(unreachable, StopWish(None))
    assert crew.count == 1
    assert squares(crew) == RIGHT
    assert len(opened) == 3
    assert crew.stats()["parts_solved_here"] == 5
    takes_nothing = Crew(lambda: pool_of(Faulty(broken=True)), StopWish(None))
    assert squares(takes_nothing) == RIGHT
    assert takes_nothing.stats()["parts_solved_here"] == 5


def test_an_executor_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks that never come back are done again elsewhere once the patience is over."""
    monkeypatch.setattr("busops.planner.scale.crew._GRACE_S", 0.1)
    pools = [pool_of(Faulty(silent=(0, 4))), pool_of(Faulty())]
    crew = Crew(lambda: pools.pop(0), StopWish(None))
    assert squares(crew, seconds=0.1) == RIGHT
    assert crew.stats()["parts_lost"] == 2


def test_workers_that_leave_are_counted() -> None:
    """An executor that heals itself still shows how many workers it has: the difference is told."""
    counts = [3, 2, 2, 4]
    pool = pool_of(Faulty())
    crew = Crew(
        lambda: Pool(
            name="dask",
            executor=pool.executor,
            count=lambda: counts.pop(0),
            interrupt=pool.interrupt,
            close=pool.close,
        ),
        StopWish(None),
    )
    assert squares(crew) == RIGHT
    assert squares(crew) == RIGHT
    assert squares(crew) == RIGHT
    assert (crew.count, crew.stats()["workers_lost"]) == (4, 1)


def test_a_fault_of_the_task_itself_is_raised() -> None:
    """It is no fault of a worker: tried elsewhere, then here, then told as it is."""
    crew = Crew(lambda: pool_of(None), StopWish(None))
    with pytest.raises(ValueError, match="3"):
        crew.run(refuse, [(3,)], seconds=1, heard=lambda _done: None)


def test_after_a_wish_to_stop_nothing_is_begun() -> None:
    """What was not done is None; nobody waits for tasks that never end."""
    interrupted = []
    pool = pool_of(Faulty(silent=(2,)))
    wishes = iter([False, False])
    crew = Crew(
        lambda: Pool(
            name="x",
            executor=pool.executor,
            count=lambda: 1,
            interrupt=lambda: interrupted.append(1),
            close=pool.close,
        ),
        StopWish(lambda: next(wishes, True)),
    )
    assert squares(crew) == [0, 1, None, 9, 16]
    assert interrupted == [1]


@pytest.mark.slow
def test_a_killed_worker_process_costs_no_task(tmp_path: Path) -> None:
    """A worker that is killed breaks its pool of processes: another is opened, and every task is done."""
    crew = Crew(lambda: open_executor("1"), StopWish(None))
    tasks = [(str(tmp_path / "died"), number) for number in range(5)]
    assert crew.run(die_once, tasks, seconds=1, heard=lambda _done: None) == RIGHT
    assert (tmp_path / "died").exists()
    told = crew.stats()
    assert told["executor_reopened"] == 1
    assert told["parts_lost"] >= 1
    crew.close()
