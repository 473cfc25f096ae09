"""
Parts are solved side by side, and every part is solved: elsewhere when a worker is lost, at last here.

An executor that breaks is opened again a few times; after that this process solves what is left.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, TypeAlias

from busops.planner.effort import StopWish
from busops.planner.scale.executors import OpenExecutor, Pool, worked

Task: TypeAlias = tuple[Any, ...]
Work: TypeAlias = Callable[..., Any]  # of a task's values and ``should_stop``

_POLL_S: Final = 0.05
_LAST_WORDS_S: Final = 0.3  # after a wish to stop, for parts that end at once
_GRACE_S: Final = 60.0  # above what a part was given, until its executor counts as lost
_MOST_OPENED: Final = 3
_MOST_TRIES: Final = 2  # of one part elsewhere
# What an executor that cannot be used any more raises; Dask's are kinds of OSError.
_UNUSABLE: Final = (BrokenExecutor, CancelledError, OSError, RuntimeError, TimeoutError)


@dataclass(slots=True)
class _Batch:
    """Tasks on their way: how often each was tried elsewhere, and the results of those that are done."""

    work: Work
    tasks: Sequence[Task]
    results: list[Any]
    tries: dict[int, int]  # of the tasks that are not done
    is_broken: bool = False

    def done(self) -> int:
        return len(self.tasks) - len(self.tries)


class Crew:
    """Those who solve the parts: opened at the first use, opened again when broken."""

    def __init__(self, open_executor: OpenExecutor, wish: StopWish) -> None:
        self._open = open_executor
        self._wish = wish
        self._pool: Pool | None = None
        self._opened = 0
        self._count = 0
        self._gone = 0
        self._lost = 0
        self._here = 0
        self._name = "here"

    @property
    def count(self) -> int:
        """How many parts are solved at a time."""
        self._usable()
        return max(self._count, 1)

    def stats(self) -> dict[str, int | str]:
        """Who solved the parts and what went wrong on the way, for the plan's own record."""
        told: dict[str, int | str] = {"executor": self._name}
        for name, value in (
            ("executor_reopened", self._opened - 1),
            ("workers_lost", self._gone),
            ("parts_lost", self._lost),
            ("parts_solved_here", self._here),
        ):
            if value > 0:
                told[name] = value
        return told

    def run(
        self, work: Work, tasks: Sequence[Task], *, seconds: float, heard: Callable[[int], None]
    ) -> list[Any]:
        """
        ``work(*task, should_stop)`` of every task, in their order; None for what a wish to stop left undone.

        ``seconds`` is what one task takes by itself: an executor that says nothing for a minute longer is
        lost. ``heard`` is called on this thread, many times a second, with how many tasks are done.
        Whatever ``work`` itself raises is raised here, once the task has failed elsewhere twice.
        """
        batch = _Batch(work, tasks, [None] * len(tasks), dict.fromkeys(range(len(tasks)), 0))
        while batch.tries and not self._wish():
            heard(batch.done())
            pool = self._usable()
            if pool is None or pool.executor is None or max(batch.tries.values()) >= _MOST_TRIES:
                self._solve_here(batch, is_planned=pool is not None and pool.executor is None)
                continue
            batch.is_broken = False
            futures = _submitted(pool.executor, batch)
            self._collect(pool, futures, batch, (seconds + _GRACE_S, heard))
            if batch.is_broken:
                self.close()
            else:
                self._look_round(pool)
        return batch.results

    def close(self) -> None:
        """The executor is closed; parts that it still has are given up."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _usable(self) -> Pool | None:
        """The open executor; None when it broke too often."""
        while self._pool is None and self._opened < _MOST_OPENED:
            self._opened += 1
            try:
                self._pool = self._open()
            except _UNUSABLE:
                continue
            self._count = 0
            self._look_round(self._pool)
            self._name = self._pool.name
        return self._pool

    def _look_round(self, pool: Pool) -> None:
        """How many parts are solved at a time from now on; workers may have gone, others may have come."""
        try:
            now = pool.count()
        except _UNUSABLE:
            return  # whoever is asked to solve the next part will notice
        self._gone += max(self._count - now, 0)
        self._count = now

    def _solve_here(self, batch: _Batch, *, is_planned: bool) -> None:
        """The task that failed most often is done by this process."""
        number = max(batch.tries, key=lambda one: (batch.tries[one], -one))
        batch.results[number] = batch.work(*batch.tasks[number], self._wish)
        del batch.tries[number]
        self._here += not is_planned

    def _collect(
        self,
        pool: Pool,
        futures: dict[Future[Any], int],
        batch: _Batch,
        how: tuple[float, Callable[[int], None]],
    ) -> None:
        """What comes back is in the batch; what does not counts as tried."""
        patience_s, heard = how
        pending = set(futures)
        silent_since = monotonic()
        stop_at = None
        while pending:
            done, pending = wait(pending, timeout=_POLL_S, return_when=FIRST_COMPLETED)
            for future in done:
                self._take(future, futures[future], batch)
            now = monotonic()
            silent_since = now if done else silent_since
            heard(batch.done())
            if stop_at is None and self._wish():
                pool.interrupt()
                stop_at = now + _LAST_WORDS_S
            if (stop_at is not None and now > stop_at) or now - silent_since > patience_s:
                break
        for future in pending:
            future.cancel()
            self._miss(futures[future], batch)
            batch.is_broken = True

    def _take(self, future: Future[Any], number: int, batch: _Batch) -> None:
        fault = CancelledError() if future.cancelled() else future.exception()
        if fault is None:
            batch.results[number] = future.result()
            del batch.tries[number]
            return
        self._miss(number, batch)
        batch.is_broken |= isinstance(fault, _UNUSABLE)

    def _miss(self, number: int, batch: _Batch) -> None:
        batch.tries[number] += 1
        self._lost += 1


def _submitted(executor: Executor, batch: _Batch) -> dict[Future[Any], int]:
    """A future for each task that is not done; fewer when the executor breaks meanwhile."""
    futures: dict[Future[Any], int] = {}
    try:
        for number in batch.tries:
            futures[executor.submit(worked, batch.work, batch.tasks[number])] = number
    except _UNUSABLE:
        batch.is_broken = True
    return futures
