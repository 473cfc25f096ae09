"""
Where parts are solved: this machine's processes, the workers of a Dask scheduler, or this very process.

All three are a ``concurrent.futures.Executor`` that takes functions of a module and plain values. What
an executor that breaks means for a plan is ``crew.py``'s matter, not this file's.
"""

import importlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing.synchronize import Event
from typing import Any, Final, TypeAlias

from busops.domain.errors import InvalidInput
from busops.planner.warm import warm

PROCESSES: Final = "processes"
SCHEMES: Final = ("tcp://", "tls://")
_CONNECT_S: Final = 10
_ANSWER_S: Final = 5
_RETRIES: Final = 2  # by Dask itself, when the worker that had a part is gone

_asked: list[Event] = []  # of a worker process: set when its parts are not wanted any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """An open executor, how many parts it solves at a time, how to hurry them and how to close it."""

    name: str
    executor: Executor | None  # None: this very process
    count: Callable[[], int]  # now; OSError or TimeoutError when nobody answers
    interrupt: Callable[[], None]  # parts being solved end soon with what they have
    close: Callable[[], None]  # returns at once; nothing that was submitted is waited for


OpenExecutor: TypeAlias = Callable[[], Pool]


def open_executor(setting: str) -> Pool:
    """
    The executor that ``setting`` names: ``""`` or ``processes`` for one process a processor, a number
    for so many, ``tcp://host:port`` or ``tls://host:port`` for a Dask scheduler.

    Raises InvalidInput for anything else and for Dask without the extra ``cluster``; OSError when no
    scheduler answers there within ten seconds or it has no workers.
    """
    if setting.startswith(SCHEMES):
        return _dask(setting)
    if setting in {"", PROCESSES}:
        return _processes(
            len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        )
    if setting.isascii() and setting.isdigit() and int(setting) > 0:
        return _processes(int(setting))
    raise InvalidInput("executor_unknown", setting=setting)


def here() -> Pool:
    """No executor: this process solves one part after the other."""
    return Pool(name="here", executor=None, count=_one, interrupt=_nothing, close=_nothing)


def _processes(count: int | None) -> Pool:
    """
    Fresh processes, never forked ones: a fork inherits the locks that a thread of this process holds.

    Each makes its machine code ready when it starts, and leaves when this process is gone.
    """
    count = max(count or 1, 1)
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    executor = ProcessPoolExecutor(count, mp_context=context, initializer=_begin_work, initargs=(stop,))
    for _worker in range(count):
        executor.submit(warm)  # so that the processes start now, while the parts are being cut

    def close() -> None:
        stop.set()
        executor.shutdown(wait=False, cancel_futures=True)

    return Pool(
        name=f"{PROCESSES}:{count}", executor=executor, count=lambda: count, interrupt=stop.set, close=close
    )


def _begin_work(stop: Event) -> None:
    """Once a worker process, before its first part."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means
    _asked.append(stop)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    warm()


def _leave_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def worked(work: Callable[..., Any], task: tuple[Any, ...]) -> Any:
    """What a worker does with a task: ``work`` with its values, and with the wish to stop as the last."""
    return work(*task, _not_wanted)


def _not_wanted() -> bool:
    """True in a worker process whose parts are not wanted any more."""
    return any(stop.is_set() for stop in _asked)


def _dask(address: str) -> Pool:
    """The workers of a Dask scheduler; what is sent there holds numbers, no names (see ``part.py``)."""
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as fault:
        raise InvalidInput("executor_not_installed", extra="cluster") from fault
    client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
    try:
        client.wait_for_workers(1, timeout=_CONNECT_S)
    except BaseException:
        client.close()
        raise
    executor: Executor = client.get_executor(pure=False, retries=_RETRIES)
    # Closing waits for a scheduler that may be gone: nobody need wait for that.
    leave = threading.Thread(target=partial(client.close, timeout=1), daemon=True)
    return Pool(
        name="dask",
        executor=executor,
        count=partial(_threads_of, client),
        interrupt=_nothing,
        close=leave.start,
    )


def _threads_of(client: Any) -> int:
    """How many parts the workers that the scheduler still hears solve at a time."""
    threads: dict[str, int] = client.sync(client.scheduler.ncores, callback_timeout=_ANSWER_S)
    return sum(threads.values())


def _one() -> int:
    return 1


def _nothing() -> None:
    """There is nothing to be done."""
