"""
The machine that a figure comes from, in one line: a benchmark without it says nothing.
"""

import os
import platform
from collections.abc import Iterable
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Final

from busops import __version__

CPUINFO: Final = Path("/proc/cpuinfo")
PACKAGES: Final = ("ortools", "numpy", "numba", "pyvrp", "pyvroom")


def machine_facts(at: datetime, packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Date, processor, cores that this process may use, load, Python and the versions that matter."""
    loads = "/".join(f"{load:.1f}" for load in os.getloadavg())
    facts = {
        "date": at.strftime("%Y-%m-%d %H:%M %Z"),
        "cpu": cpu_model(CPUINFO),
        "cores": f"{len(os.sched_getaffinity(0))}",
        "load": loads,
        "python": platform.python_version(),
        "busops": __version__,
    }
    return facts | {name: found for name in packages if (found := _version(name))}


def machine_line(facts: dict[str, str]) -> str:
    """The facts in one line."""
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def cpu_model(cpuinfo: Path) -> str:
    """What the kernel calls the processor, or its architecture where it does not say."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
