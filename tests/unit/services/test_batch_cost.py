"""
What a batch costs the database: so many statements, whatever is in it. Counted, since a count does not vary.
"""

import json

import pytest
from sqlalchemy import event

from busops.clock import UuidIds
from busops.domain.values import RunId
from busops.services import devices, tablet_sync
from busops.storage.database import Database
from busops.storage.run_records import Recall, RunMemory
from tests.bench import sync_school
from tests.machine import FixedClock

DOOR = 1  # who the token speaks for, and its device
# Locks, device and people, what is known of its numbers, the facts themselves, how far the run has come,
# how far its tablets are complete, what lists show, its incidents and what was said of them, who is aboard
# where (and who no more), alarms.
USUAL = DOOR + 11
DEPARTS = USUAL + 7  # crew, vehicle and papers of the day, earlier runs, defects; what is kept of it
COLD = 7  # the plan in its parts, facts and decisions, bound tablets
HEARD = 1


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
