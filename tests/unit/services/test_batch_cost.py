"""
What a batch costs the database: so many statements, whatever is in it. Counted, since a count does not vary.
"""

import json
from collections.abc import Iterable
from itertools import islice

import pytest
from sqlalchemy import event, text

from busops.clock import UuidIds
from busops.domain.values import RunId
from busops.services import devices, tablet_sync
from busops.storage.database import Database
from busops.storage.run_records import Recall, RunMemory
from tests.bench import sync_school
from tests.conftest import ON_POSTGRESQL
from tests.machine import FixedClock

DOOR = 1  # who the token speaks for, and its device
# Locks, device and people, what is known of its numbers, the facts themselves, how far the run has come,
# how far its tablets are complete, what lists show, its incidents and what was said of them, who is aboard
# where (and who no more), alarms.
USUAL = DOOR + 11
DEPARTS = USUAL + 7  # crew, vehicle and papers of the day, earlier runs, defects; what is kept of it
COLD = 7  # the plan in its parts, facts and decisions, bound tablets
HEARD = 1
MARKS, TRIES = 40, 5  # PostgreSQL plans a prepared statement five times before it compares


@pytest.mark.parametrize("size", [1, 20])
def test_a_batch_asks_so_many_questions_and_no_more(database: Database, size: int) -> None:
    """The first of a process reads the run's plan and record; each further one only what is new."""
    database = Database(engine=database.engine, school_id="load")
    clock, ids, memory = FixedClock(), UuidIds(), RunMemory()
    (tablet, *_) = sync_school.fill(database, 3, now=clock.now())
    asked: list[str] = []

    def note(*told: object) -> None:
        if not str(told[2]).startswith("BEGIN"):
            asked.append(str(told[2]))

    event.listen(database.engine, "before_cursor_execute", note)
    for place, (count, raw) in enumerate(tablet.batches(size)):
        asked.clear()
        body = json.loads(raw)
        holder = devices.holder_of(database, tablet.token, clock=clock)
        assert holder is not None
        done = tablet_sync.accept_batch(
            database, holder=holder, body=body, clock=clock, ids=ids, memory=memory
        )
        assert [each.outcome for each in done.results] == ["stored"] * count
        leaves = any(each["kind"] == "depart" for each in body["events"])
        most = (DEPARTS if leaves else USUAL) + (0 if place else COLD + HEARD)
        sqlite = database.engine.dialect.name == "sqlite"  # where the next place in the log is a question
        assert len(asked) <= most + sqlite, "\n".join(asked)
    event.remove(database.engine, "before_cursor_execute", note)
    with database.reading() as tx:
        run_id = RunId(tablet.events[0]["run"])
        found = Recall(memory).record(tx, run_id)
        assert found == Recall().record(tx, run_id)
        assert len(found.facts) == len(tablet.events)


@pytest.mark.parametrize("database_url", [ON_POSTGRESQL], indirect=True)
def test_postgresql_plans_the_questions_about_a_mark_once(database: Database) -> None:
    """After the first few marks no question of a batch of one is planned anew: lists would be, each time."""
    database = Database(engine=database.engine, school_id="load")
    clock, ids, memory = FixedClock(), UuidIds(), RunMemory()
    (tablet, *others) = sync_school.fill(database, 3, now=clock.now())

    def take(batches: Iterable[tuple[int, bytes]], token: str) -> None:
        for _, raw in batches:
            holder = devices.holder_of(database, token, clock=clock)
            assert holder is not None
            tablet_sync.accept_batch(
                database, holder=holder, body=json.loads(raw), clock=clock, ids=ids, memory=memory
            )

    take(others[0].batches(100), others[0].token)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    take(islice(tablet.batches(1), MARKS), tablet.token)
    query = "SELECT statement, custom_plans, generic_plans FROM pg_prepared_statements"
    with database.engine.connect() as connection:
        rows = connection.execute(text(f"{query} WHERE statement LIKE 'SELECT%'")).all()
    usual = [row for row in rows if row.custom_plans + row.generic_plans > MARKS // 2]
    assert len(usual) > 5
    assert [row for row in usual if row.custom_plans > TRIES] == []
