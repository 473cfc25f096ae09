"""
Compiled numeric code: what a search does millions of times runs as machine code, without the lock.

The functions are plain Python over arrays; with ``NUMBA_DISABLE_JIT=1`` they run as such. Machine
code is kept beside the sources (or in ``NUMBA_CACHE_DIR``), so that only the first search on a
machine waits for it; where neither may be written to, every process makes it anew.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar, cast

import numba
import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

_OPTIONS: Final[dict[str, Any]] = {"cache": True, "nogil": True, "_nrt": False}
_INNER: Final[dict[str, Any]] = {"_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

_made: list[Any] = []  # every compiled function

Ints: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
Table: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.int64]]
Cube: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Words: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.uint64]]
Places: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.int32]]
Keys: TypeAlias = np.ndarray[tuple[int], np.dtype[np.uint64]]


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """
    The function as machine code, made at its first call; it holds no interpreter lock while it runs.

    It may not make arrays: without Numba's memory runtime, looking into a tuple of arrays counts no
    references, and those counts (atomic ones) were four fifths of the search's time.
    """
    try:
        machine = numba.njit(**_OPTIONS)(function)
    except RuntimeError:  # no folder may be written to: this process makes the code for itself
        machine = numba.njit(**{**_OPTIONS, "cache": False})(function)
    _made.append(machine)
    return cast("Callable[P, R]", machine)


def forget_stored() -> None:
    """No machine code of ours is stored: what an older version left can refuse even to be looked at."""
    folders = {Path(machine.stats.cache_path) for machine in _made if machine.stats.cache_path}
    names = {machine.py_func.__module__.rpartition(".")[2] for machine in _made}
    for folder in folders:
        for file in (*folder.glob("*.nbi"), *folder.glob("*.nbc")):
            if file.name.partition(".")[0] in names:
                file.unlink(missing_ok=True)


def inner(function: Callable[P, R]) -> Callable[P, R]:
    """As ``compiled``, but only compiled functions may call it; it is kept as part of its callers."""
    return cast("Callable[P, R]", numba.njit(**_INNER)(function))


@inner
def copy(source: Any, target: Any, count: int) -> None:
    """The first ``count`` entries of ``target`` are those of ``source``."""
    for at in range(count):
        target[at] = source[at]


@inner
def draw(state: Keys) -> float:
    """The next number in [0, 1) of the generator whose only state is ``state[0]`` (splitmix64)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    mixed = state[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return float(mixed >> np.uint64(11)) * 2.0**-53
