"""
Server time of the pages people open most, at 2,400 riders, beside the health page of the same application.

``python -m tests.bench.bench_pages``; exit code 1 when a page misses the goal of 150 ms.
"""

import re
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from busops.clock import UuidIds
from busops.config import make_settings
from busops.domain.people import Role
from busops.log import configure_logging
from busops.services import register
from busops.services.people import CHEAP, create_person
from busops.storage import schema
from busops.storage.database import Database, open_engine
from busops.web.app import create_app
from tests.machine import FixedClock
from tests.school_folder import FRIDAY, school_files

RIDERS = 2_400
GOAL_MS = 150
TRIES = 7
PASSWORD = "correct-horse-9"
THURSDAY = datetime(2026, 11, 12, 2, tzinfo=UTC)
PAGES = {
    Role.DISPATCHER: (
        "/",
        "/register/riders",
        "/register/riders?q=林",
        f"/rosters/{FRIDAY}",
        "/dispatch",
        "/runs/",
    ),
    Role.FINANCE: ("/finance/",),
}


def milliseconds(client, path: str) -> float:
    """The median server time of a page that answers 200."""
    spent = []
    for _ in range(TRIES):
        begun = time.perf_counter()
        answer = client.get(path)
        spent.append(1000 * (time.perf_counter() - begun))
        if answer.status_code != 200:
            raise SystemExit(f"{path} answers {answer.status_code}")
    return statistics.median(spent)


def signed_in(app, role: Role):
    """A browser of this role."""
    client = app.test_client()
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/signin").text)[1]
    client.post("/signin", data={"account": role.value, "password": PASSWORD, "csrf_token": token})
    return client


def main() -> int:
    """Prints each page's median and its ratio to the health page."""
    clock, ids = FixedClock(THURSDAY), UuidIds()
    with tempfile.TemporaryDirectory() as folder:
        settings = make_settings(environment="test", instance_path=Path(folder), log_level="error")
        configure_logging(settings)
        schema.upgrade(settings.database_url)
        database = Database(engine=open_engine(settings.database_url), school_id=settings.school_id)
        files = school_files(stops=90, riders=RIDERS, coaches=150)
        register.import_folder(database, files=files, clock=clock, ids=ids)
        for role in PAGES:
            create_person(
                database, name=role.value, username=role.value, role=role, password=PASSWORD,
                clock=clock, ids=ids, hasher=CHEAP,
            )  # fmt: skip
        app = create_app(settings, clock=clock, ids=ids)
        missed = [path for role, paths in PAGES.items() if (path := slowest(signed_in(app, role), paths))]
    return 1 if missed else 0


def slowest(client, paths: tuple[str, ...]) -> str:
    """The slowest page beyond the goal, or nothing; every page is printed."""
    floor_ms = milliseconds(client, "/healthz")
    taken = {path: milliseconds(client, path) for path in paths}
    for path, page_ms in taken.items():
        print(f"{path:28} {page_ms:7.1f} ms = {page_ms / floor_ms:6.1f} × /healthz ({floor_ms:.1f} ms)")
    worst = max(taken, key=taken.__getitem__)
    return worst if taken[worst] > GOAL_MS else ""


if __name__ == "__main__":
    sys.exit(main())
