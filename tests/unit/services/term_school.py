"""The small school with four weekends: rosters that differ, a licensed bus, two coaches, synthetic riders."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from busops.domain.fleet import CrewRole, VehicleClass
from busops.domain.roster import RosterEntry
from busops.services import rosters, term_scheme
from busops.services.term_making import TermOrder
from busops.storage import fleet_store, roster_store, term_store
from busops.storage.database import Database, open_engine
from tests.machine import CountingIds, FixedClock
from tests.small_school import (
    COACH,
    FRIDAY,
    LICENSED,
    OPENED_AT,
    a_crew_member,
    a_vehicle,
    fill,
    small_school,
)

WEEKENDS = tuple(FRIDAY + timedelta(weeks=number) for number in range(-3, 1))
ROUNDS = 6


class Watched:
    """Work that remembers what it was told, and can be told to end after so many pieces of news."""

    def __init__(self, ends_after: int | None = None) -> None:
        self.news: list[tuple[int, int, dict[str, Any]]] = []
        self.ends_after = ends_after

    def progress(self, done: int, total: int, **facts: Any) -> None:
        """The news is kept."""
        self.news.append((done, total, facts))

    def cancelled(self) -> bool:
        """Yes once there was that much news."""
        return self.ends_after is not None and len(self.news) >= self.ends_after


def an_order(**changed: Any) -> TermOrder:
    """Made from the first three weekends, tried on the fourth; a moment of search."""
    order = TermOrder(weekends=WEEKENDS[:3], tested=WEEKENDS[3:], seconds=0.3, free_seconds=0.1)
    return replace(order, **changed)


def fill_term(database: Database, clock: FixedClock) -> None:
    """Four locked weekends: on each some other riders stay at school, and one goes to another stop."""
    fill(database)
    made = small_school()
    with database.transaction() as tx:
        fleet_store.save_vehicles(tx, [a_vehicle(COACH, VehicleClass.CHARTER_COACH, 20)])
        fleet_store.save_crew(tx, [a_crew_member("D1", CrewRole.DRIVER, [LICENSED])])
        for number, on in enumerate(WEEKENDS[:3]):
            roster_store.open_weekend(tx, on, OPENED_AT)
            roster_store.save_roster(tx, on, [_entry(number, at, one) for at, one in enumerate(made.entries)])
    for on in WEEKENDS:
        rosters.lock(database, on, by="test", clock=clock)


def _entry(weekend: int, at: int, entry: RosterEntry) -> RosterEntry:
    rides = (at + weekend) % 5 != 0
    return replace(entry, rides_homeward=rides, rides_return=rides, reason=entry.reason)


def fill_draft(database: Database, empty_sqlite: Path) -> str:
    """The four weekends with a draft made from all of them, which is made once a session; its id."""
    template = empty_sqlite.with_name("term.sqlite3")
    ids, clock = CountingIds(), FixedClock()
    ids.given = 900  # so that what a test makes has other ids
    if not template.exists():
        making = template.with_suffix(".making")
        shutil.copy(empty_sqlite, making)
        engine = open_engine(f"sqlite:///{making}")
        made = Database(engine=engine, school_id=database.school_id)
        fill_term(made, clock)
        order = an_order(weekends=WEEKENDS, tested=(), seconds=1.0)
        term_scheme.make(made, order, work=Watched(), by="dora", clock=clock, ids=ids, rounds=ROUNDS)
        engine.dispose()
        making.rename(template)
    database.engine.dispose()
    shutil.copy(template, str(database.engine.url.database))
    with database.reading() as tx:
        return term_store.list_schemes(tx)[0].scheme_id
