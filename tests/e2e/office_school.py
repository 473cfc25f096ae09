"""A small school that held one weekend and has the next before it, served to a real browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from busops.cli.transport import wsgi_transport
from busops.clock import UuidIds
from busops.config import Settings
from busops.domain.people import Role
from busops.domain.values import CrewId
from busops.services import register, term_scheme, weekend
from busops.services.people import CHEAP, create_person
from busops.services.term_making import TermOrder
from busops.services.weekend import SteppedClock, WeekendOrder
from busops.storage import schema
from busops.storage.database import Database, open_engine
from busops.web.app import create_app
from tests.school_folder import FRIDAY, NAMES, rider_id, school_files

PASSWORD = "correct-horse-9"
NEXT_FRIDAY = FRIDAY + timedelta(days=7)
PEOPLE = {
    Role.DISPATCHER: ("邹若溪", ""),
    Role.FINANCE: ("薛知远", ""),
    Role.FINANCE_LEAD: ("曾明远", ""),
    Role.SUPERVISOR: ("龙可欣", ""),
    Role.ADMIN: ("孟思源", ""),
    Role.ATTENDANT: ("照管员0", "A000"),
    Role.DRIVER: ("驾驶员0", "D000"),
}
UNSURE = 3  # this rider's fare is paid by somebody who gives no student number


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeSchool:
    """The address, the application behind it and its database."""

    url: str
    app: Flask
    database: Database


def bill() -> bytes:
    """What platform users paid: everybody with his number, but one."""
    rows = ["日期,金额,付款人,备注,单号,学号"]
    for number in range(36):
        fare = 24 if number % 2 == 0 else 40
        if number % 10 != 9 and number != UNSURE:
            rows.append(f"{FRIDAY},{fare},家长{number},校车费,P{number:04d},{rider_id(number)}")
    rows.append(f"{FRIDAY},40,家长{UNSURE},{NAMES[UNSURE]} 车费,P9999,")
    return "\n".join(rows).encode() + b"\n"


@contextmanager
def served(settings: Settings) -> Iterator[OfficeSchool]:
    """The school at an address of this machine, its jobs done by one worker, until the block ends."""
    engine = open_engine(settings.database_url, guarded=False)
    schema.create_all(engine)
    engine.dispose()
    clock, ids = SteppedClock(weekend.planning_moment(FRIDAY)), UuidIds()
    app = create_app(settings, clock=clock, ids=ids)
    runtime = app.extensions["busops"]
    _hold_one_weekend(app, clock, ids)
    for role, (name, crew_id) in PEOPLE.items():
        create_person(
            runtime.database,
            name=name,
            username=role.value,
            role=role,
            password=PASSWORD,
            crew_id=CrewId(crew_id) if crew_id else None,
            clock=clock,
            ids=ids,
            hasher=CHEAP,
        )
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    runtime.jobs.start()
    yield OfficeSchool(url=f"http://127.0.0.1:{server.server_port}", app=app, database=runtime.database)
    runtime.jobs.stop()
    server.shutdown()
    thread.join()


class _Quiet:
    """Work that nobody watches or stops."""

    def progress(self, done: int, total: int, **facts: Any) -> None:
        """Not shown."""

    def cancelled(self) -> bool:
        """Never."""
        return False


def _hold_one_weekend(app: Flask, clock: SteppedClock, ids: Any) -> None:
    database = app.extensions["busops"].database
    files = school_files()
    coming = school_files(friday=NEXT_FRIDAY)
    name = f"roster-{NEXT_FRIDAY.isoformat()}.csv"
    outcome = register.import_folder(database, files=files | {name: coming[name]}, clock=clock, ids=ids)
    assert outcome.is_accepted, outcome.findings
    order = TermOrder(weekends=(FRIDAY,), tested=(NEXT_FRIDAY,), seconds=0.3, free_seconds=0.1)
    term_scheme.make(database, order, work=_Quiet(), by="dispatcher", clock=clock, ids=ids)
    weekend.hold_weekend(
        database,
        WeekendOrder(weekend_on=FRIDAY, seconds=1, seed=1, by="dispatcher"),
        costs=outcome.costs,
        receipts={},
        clock=clock,
        ids=ids,
        transport=wsgi_transport(app),
    )
