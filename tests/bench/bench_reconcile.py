"""
The reconciliation of a whole term: ``python -m tests.bench.bench_reconcile [RIDERS] [WEEKS]``.

A seeded school of 25,000 riders and 20 weekends there and back, every ride on a closed run, charged by the
weekend and paid. Processor time of this process (other work on the machine does not count it, but stretches
it), peak memory, and the money's pages through the application; beside them the floor: the same rows read
by bare SQL and given up. Exit code 1 when a goal is missed. Each measurement has a process of its own.
"""

import argparse
import json
import os
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from busops.clock import UuidIds
from busops.config import make_settings
from busops.domain.people import Role
from busops.finance.rows import differences
from busops.log import configure_logging
from busops.services import reconciliation
from busops.services.people import CHEAP, create_person
from busops.storage.database import Database, open_engine
from busops.web.app import create_app
from tests.bench import term_school
from tests.machine import FixedClock

RIDERS: Final = 25_000
WEEKS: Final = 20
GOAL_S: Final = 10
GOAL_MIB: Final = 500
GOAL_PAGE_MS: Final = 300
PASSWORD: Final = "correct-horse-9"
SCANS: Final = (
    "SELECT rider_id, rides_homeward, rides_return, stop_id, reason FROM roster_version_entry",
    "SELECT c.run_id, j.key, j.value FROM closure c JOIN json_each(c.snapshot, '$.riders') j",
    "SELECT run_id, rider_id, stop_id FROM manifest_rider",
    "SELECT rider_id, unit_key, unit, from_on, to_on, band, list_fen, waived_fen FROM charge",
    "SELECT a.rider_id, a.unit_key, a.fen, a.tier, a.flags, r.paid_on, r.reference FROM allocation a"
    " JOIN receipt r ON r.school_id = a.school_id AND r.receipt_id = a.receipt_id",
    "SELECT rider_id, sum(fen) FROM posting GROUP BY rider_id",
)


def database_at(path: Path) -> Database:
    """The seeded database."""
    return Database(engine=open_engine(f"sqlite:///{path}"), school_id=term_school.SCHOOL)


def measure_floor(path: Path) -> dict[str, float]:
    """Every row that a term rests on, read as it is and given up."""
    bare, begun, rows = sqlite3.connect(path), time.process_time(), 0
    for scan in SCANS:
        rows += sum(1 for _ in bare.execute(scan))
    return {"s": time.process_time() - begun, "rows": rows, "mib": peak_mib()}


def measure_term(path: Path) -> dict[str, float]:
    """The whole term once, every proof asked, its differences found."""
    clock = FixedClock(term_school.AFTER)
    begun = time.process_time()
    result = reconciliation.reconcile(database_at(path), clock=clock, is_whole=False)
    odd = differences(result.statement.rows)
    seconds = time.process_time() - begun
    assert not [one for one in result.findings if one.code.startswith("invariant")]
    return {"s": seconds, "rows": len(result.statement.rows), "odd": len(odd), "mib": peak_mib()}


def measure_record(path: Path) -> dict[str, float]:
    """The whole term with every receipt, as it would be signed."""
    clock = FixedClock(term_school.AFTER)
    begun = time.process_time()
    result = reconciliation.reconcile(database_at(path), clock=clock)
    return {
        "s": time.process_time() - begun,
        "rows": len(result.statement.receipts),
        "mib": peak_mib(),
    }


def measure_pages(path: Path) -> dict[str, float]:
    """What people open every day: a weekend's differences, a rider's account, the home."""
    weekend_on = max(term_school.weekends(WEEKS))
    return _pages(
        path,
        f"/finance/?weekend={weekend_on}",
        f"/finance/?weekend={weekend_on}&page=5",
        f"/finance/riders/{term_school.rider_id(50)}",
        "/",
    )


def measure_verdicts(path: Path) -> dict[str, float]:
    """What a whole term stands behind: its differences, the card on the home, the verdict's page."""
    return _pages(path, "/finance/?period=term", "/verdict", "/finance/verdict")


def _pages(path: Path, *pages: str) -> dict[str, float]:
    """Processor time of pages through the application, the first time and the best of two more, ms."""
    clock, ids = FixedClock(term_school.AFTER), UuidIds()
    settings = make_settings(
        environment="test",
        instance_path=path.parent,
        database_url=f"sqlite:///{path}",
        school_id=term_school.SCHOOL,
        log_level="error",
    )
    configure_logging(settings)
    name = f"f{os.getpid()}"
    create_person(
        database_at(path), name=name, username=name, role=Role.FINANCE, password=PASSWORD,
        clock=clock, ids=ids, hasher=CHEAP,
    )  # fmt: skip
    client = create_app(settings, clock=clock, ids=ids).test_client()
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/signin").text)
    client.post("/signin", data={"account": name, "password": PASSWORD, "csrf_token": token and token[1]})
    taken: dict[str, float] = {}
    for page in pages:
        spent = [_milliseconds(client.get, page) for _ in range(3)]
        taken[f"first {page}"], taken[page] = spent[0], min(spent[1:])
    return taken | {"mib": peak_mib()}


def _milliseconds(get: Callable[[str], object], page: str) -> float:
    begun = time.process_time()
    answer = get(page)
    spent = 1000 * (time.process_time() - begun)
    if getattr(answer, "status_code", 0) != 200:
        raise SystemExit(f"{page} answers {getattr(answer, 'status_code', 0)}")
    return spent


def peak_mib() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(what: str, path: Path) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_reconcile", "--measure", what, str(path)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


MEASURES: Final = {
    "floor": measure_floor,
    "term": measure_term,
    "record": measure_record,
    "pages": measure_pages,
    "verdicts": measure_verdicts,
}


def main() -> int:
    """Seeds, measures, prints; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("riders", nargs="?", type=int, default=RIDERS)
    parser.add_argument("weeks", nargs="?", type=int, default=WEEKS)
    parser.add_argument("--measure", nargs=2, metavar=("WHAT", "PATH"))
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(MEASURES[asked.measure[0]](Path(asked.measure[1]))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "term.sqlite3"
        term_school.seed(path, riders=asked.riders, weeks=asked.weeks)
        size = path.stat().st_size / 2**20
        print(f"{asked.riders:,} riders, {asked.weeks} weekends, {size:,.0f} MiB on disk")
        found = {what: apart(what, path) for what in MEASURES}
    print(f"load of the machine over the last minute: {os.getloadavg()[0]:.1f}")
    return report(found)


def report(found: dict[str, dict[str, float]]) -> int:
    """The figures with their ratio to the floor; 1 when a goal is missed."""
    floor, term, record = found["floor"], found["term"], found["record"]
    pages = found["verdicts"] | found["pages"]
    print(f"floor: {floor['s']:.1f} s of processor for {floor['rows']:,.0f} bare rows")
    for name, one in (("term", term), ("term for the record", record)):
        ratio = one["s"] / floor["s"]
        print(
            f"{name}: {one['s']:.1f} s of processor = {ratio:.1f} × floor, {one['rows']:,.0f} rows,", end=""
        )
        print(f" {one['mib']:,.0f} MiB at most")
    print(f"rows of the term: {term['rows']:,.0f}, differences: {term['odd']:,.0f}")
    for page, spent in pages.items():
        if page.startswith("/"):
            print(f"{page:44} {spent:8.0f} ms of processor, first {pages[f'first {page}']:8.0f} ms")
    print(f"pages: {found['pages']['mib']:,.0f} MiB, of a term: {found['verdicts']['mib']:,.0f} MiB at most")
    page_ms = next(spent for page, spent in pages.items() if page.startswith("/finance/?weekend"))
    return 1 if term["s"] > GOAL_S or term["mib"] > GOAL_MIB or page_ms > GOAL_PAGE_MS else 0


if __name__ == "__main__":
    sys.exit(main())
