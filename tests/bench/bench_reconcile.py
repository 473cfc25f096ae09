"""
The reconciliation of a whole term: ``python -m tests.bench.bench_reconcile [RIDERS] [WEEKS]``.

A seeded school of 25,000 riders and 20 weekends there and back, every ride on a closed run, charged by the
weekend and paid. Processor time of this process (other work on the machine does not count), peak memory and
the time of a page of differences; exit code 1 when a goal is missed. Each measurement runs in a process of
its own, so that one does not pay for the other.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from busops.domain.values import school_date
from busops.finance.rows import differences
from busops.services import reconciliation
from busops.storage.database import Database, open_engine
from tests.bench import term_school
from tests.machine import FixedClock

RIDERS: Final = 25_000
WEEKS: Final = 20
GOAL_S: Final = 10
GOAL_MIB: Final = 500
GOAL_PAGE_MS: Final = 300
PAGE_ROWS: Final = 100


def database_at(path: Path) -> Database:
    """The seeded database."""
    return Database(engine=open_engine(f"sqlite:///{path}"), school_id=term_school.SCHOOL)


def measure_term(path: Path) -> dict[str, float]:
    """The whole term once."""
    clock = FixedClock(term_school.AFTER)
    begun = time.process_time()
    result = reconciliation.reconcile(database_at(path), clock=clock)
    seconds = time.process_time() - begun
    return {"s": seconds, "rows": len(result.statement.rows), "mib": peak_mib()}


def measure_page(path: Path) -> dict[str, float]:
    """The first hundred differences of the last weekend: what the page opens with."""
    clock, database = FixedClock(term_school.AFTER), database_at(path)
    weekend_on = max(term_school.weekends(WEEKS))
    spent = []
    for _ in range(3):
        begun = time.process_time()
        result = reconciliation.reconcile(database, clock=clock, weekend_on=weekend_on)
        shown = differences(result.statement.rows)[:PAGE_ROWS]
        spent.append(time.process_time() - begun)
    assert school_date(clock.now()) >= weekend_on
    return {"ms": 1000 * min(spent), "shown": len(shown), "mib": peak_mib()}


def peak_mib() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(what: str, path: Path) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_reconcile", "--measure", what, str(path)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def main() -> int:
    """Seeds, measures, prints; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("riders", nargs="?", type=int, default=RIDERS)
    parser.add_argument("weeks", nargs="?", type=int, default=WEEKS)
    parser.add_argument("--measure", nargs=2, metavar=("WHAT", "PATH"))
    asked = parser.parse_args()
    if asked.measure:
        measured = {"term": measure_term, "page": measure_page}[asked.measure[0]]
        print(json.dumps(measured(Path(asked.measure[1]))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "term.sqlite3"
        term_school.seed(path, riders=asked.riders, weeks=asked.weeks)
        print(
            f"{asked.riders:,} riders, {asked.weeks} weekends, {path.stat().st_size / 2**20:,.0f} MiB on disk"
        )
        term, page = apart("term", path), apart("page", path)
    print(f"term: {term['s']:.1f} s of processor, {term['rows']:,.0f} rows, {term['mib']:,.0f} MiB at most")
    print(f"page of differences: {page['ms']:.0f} ms of processor, {page['mib']:,.0f} MiB at most")
    missed = term["s"] > GOAL_S or term["mib"] > GOAL_MIB or page["ms"] > GOAL_PAGE_MS
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
