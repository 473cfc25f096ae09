"""
The demo weekend from files to workbook, beside the planning it contains: time and memory.

``python -m tests.bench.bench_weekend [--seconds 20]``. The goal is 90 s and 700 MB on two cores
with 20 s of planning in each direction.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEEKEND = "2026-11-13"
DIRECTIONS = 2


def main() -> None:
    """Prints seconds, the ratio to the planning alone, and the peak memory of the process."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--seconds", type=float, default=20.0)
    seconds = given.parse_args().seconds
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "busops", "weekend", str(ROOT / "data" / "demo"), "--on", WEEKEND]
        begun = time.monotonic()
        done = subprocess.run(
            [*command, "--out", out, "--seconds", str(seconds)], cwd=ROOT, check=False, capture_output=True
        )
        spent = time.monotonic() - begun
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    ratio = spent / (DIRECTIONS * seconds)
    print(f"weekend: exit {done.returncode}, {spent:.1f} s = {ratio:.2f} × planning, peak {peak_mib} MiB")


if __name__ == "__main__":
    main()
