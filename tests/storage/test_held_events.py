"""What is held of a tablet is found by run and tablet, not by walking through the school's events."""

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import event, update
from sqlalchemy.exc import DBAPIError

from busops.domain.envelope import GENESIS, canonical_json, envelope_of
from busops.domain.values import RunId
from busops.storage import event_store, held_events, schema
from busops.storage.database import Database
from busops.storage.event_tables import QuarantineRow
from tests.builders import a_finished_run, a_run
from tests.run_kit import EVENING, send, store_run


def quarantine(database: Database, dev: int, *seqs: int) -> None:
    """Something unreadable of the tablet under each of these numbers."""
    with database.transaction() as tx:
        for seq in seqs:
            tx.session.add(
                QuarantineRow(
                    school_id=tx.school_id,
                    quarantine_id=f"q{dev}-{seq}",
                    dev=dev,
                    seq=seq,
                    digest=f"{seq:064x}",
                    why="unreadable",
                    raw="{}",
                    received_ms=1,
                )
            )


def acked(database: Database, dev: int) -> tuple[int, str]:
    """Number and digest up to which everything is held."""
    with database.reading() as tx:
        ack = held_events.ack_of(tx, dev)
    return ack.seq, ack.digest


def test_numbers_count_from_one_whatever_else_was_sent(database: Database) -> None:
    """Nothing, a hole at the beginning, numbers below one, and a hole later on."""
    assert acked(database, 9) == (0, GENESIS)
    quarantine(database, 1, 2, 3)
    assert acked(database, 1) == (0, GENESIS)
    quarantine(database, 2, -1, 0, 3)
    assert acked(database, 2) == (0, GENESIS)
    quarantine(database, 3, 1, 2, 4)
    assert acked(database, 3) == (2, f"{2:064x}")


def test_facts_and_quarantine_fill_one_sequence(database: Database) -> None:
    """What is in quarantine after the last fact goes on with its numbers; the run knows its tablet."""
    plan = a_run()
    store_run(database, plan)
    tablet = a_finished_run(plan)
    send(database, tablet)
    last = len(tablet.log)
    quarantine(database, 1, last + 1)
    assert acked(database, 1) == (last + 1, f"{last + 1:064x}")
    with database.reading() as tx:
        assert held_events.devices_of(tx, plan.run_id) == {1}
        assert held_events.devices_of(tx, RunId("another")) == frozenset()


def test_what_waits_apart_is_acknowledged_by_the_event_s_own_hash(database: Database) -> None:
    """The tablet compares the hash of its own chain; the row's, by which copies are found, never fits."""
    plan = a_run()
    store_run(database, plan)
    first = a_finished_run(plan).log[0]
    with database.transaction() as tx:
        event_store.keep_in_quarantine(
            tx,
            raw=canonical_json(envelope_of(first)),
            why="device_not_trusted",
            received_at=EVENING,
            quarantine_id="q1",
            claimed=first,
        )
    assert acked(database, first.dev) == (1, first.digest)
    with pytest.raises(DBAPIError, match="append_only"), database.transaction() as tx:
        tx.session.execute(update(QuarantineRow).values(event_digest="0" * 64))


def test_old_rows_get_their_event_s_hash(database: Database) -> None:
    """Down and up again: what was kept before the column is acknowledged by the same hash."""
    plan = a_run()
    store_run(database, plan)
    first = a_finished_run(plan).log[0]
    raw = canonical_json(envelope_of(first))
    given = {"received_at": EVENING, "quarantine_id": "q1", "claimed": first}
    with database.transaction() as tx:
        event_store.keep_in_quarantine(tx, raw=raw, why="device_not_trusted", **given)
    url = database.engine.url.render_as_string(hide_password=False)
    before = ScriptDirectory(str(schema.MIGRATIONS)).get_revision("0007").down_revision
    schema.downgrade(url, str(before))
    schema.upgrade(url)
    assert acked(database, first.dev) == (1, first.digest)


def test_the_reads_of_a_run_use_its_own_index(database: Database) -> None:
    """SQLite's plan of every statement about a run's log names the run, however the rows are ordered."""
    if database.engine.dialect.name != "sqlite":
        return  # PostgreSQL chooses by what it has counted in the tables
    asked: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, given: object, *_more: object) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, given))

    event.listen(database.engine, "before_cursor_execute", note)
    with database.reading() as tx:
        event_store.load_observations(tx, RunId("r"))
        event_store.load_decisions(tx, RunId("r"))
        held_events.devices_of(tx, RunId("r"))
    event.remove(database.engine, "before_cursor_execute", note)
    assert len(asked) == 3
    with database.engine.connect() as connection:
        for statement, given in asked:
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all()
            assert any("school_id=? AND run_id=?" in str(step) for step in steps), (statement, steps)
