"""Whatever raw SQL tries on a run's history, as the application could type it: refused, on both databases."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from busops.storage import guards, schema
from busops.storage.database import Base, Database, open_engine
from tests import run_kit
from tests.builders import Tablet, a_finished_run, a_run
from tests.run_kit import CLOSE, force, phase, send, store_run, write_closure

RUN = "WHERE school_id = 't1' AND run_id = 'run-1'"
COLUMNS = (
    "school_id, event_id, run_id, dev, seq, prev, digest, kind, rider_id, stop_id, other_run_id, n, refs, "
    "codes, reason, crew_id, roster_v, boot, mono_ms, wall_ms, lo_ms, hi_ms, received_ms, srv, raw"
)
AS_ALIGHT = COLUMNS.replace("kind", "'alight'")
WORDS = {
    "$RUN": RUN,
    "$COLUMNS": COLUMNS,
    "$AS_ALIGHT": AS_ALIGHT,
    "$AS_OTHER": AS_ALIGHT.replace("event_id", "'another'"),
}

ATTACKS = {
    "delete_the_run": "DELETE FROM run $RUN",
    "rename_the_run": "UPDATE run SET run_id = 'run-2' $RUN",
    "move_the_run_to_another_school": "UPDATE run SET school_id = 't2' $RUN",
    "change_the_terminal": "UPDATE run SET terminal = 'S1' $RUN",
    "put_off_the_arrival": "UPDATE run SET arrives_at = '2099-01-01T00:00:00.000+00:00' $RUN",
    "put_off_the_departure": "UPDATE run SET departs_at = '2099-01-01T00:00:00.000+00:00' $RUN",
    "approve_more_students": "UPDATE run SET approved_students = 99 $RUN",
    "approve_more_persons": "UPDATE run SET approved_total = 99 $RUN",
    "shorten_the_vehicle": "UPDATE run SET vehicle_rows = 1 $RUN",
    "take_it_out_of_the_plan": "UPDATE run SET plan_id = 'x' $RUN",
    "number_it_anew": "UPDATE run SET trip_no = 77 $RUN",
    "move_it_to_another_wave": "UPDATE run SET wave = 2 $RUN",
    "make_it_longer": "UPDATE run SET distance_m = 1000000 $RUN",
    "make_it_dearer": "UPDATE run SET cost_fen = 1000000 $RUN",
    "settle_an_alarm_before_it_is_raised": "INSERT INTO alarm (school_id, alarm_id, run_id, kind, level,"
    " occasion, state, raised_at, evidence) SELECT school_id, 'x', run_id, 'check_overdue', 3, 'v0', 'acked',"
    " departs_at, 'x' FROM run $RUN",
    "forget_the_reopening": "UPDATE run SET reopened_ms = NULL $RUN",
    "move_the_reopening_back": "UPDATE run SET reopened_ms = 1 $RUN",
    "delete_the_boardings": "DELETE FROM run_event WHERE kind = 'board'",
    "rewrite_a_boarding": "UPDATE run_event SET kind = 'alight' WHERE kind = 'board'",
    "move_a_fact_in_time": "UPDATE run_event SET lo_ms = lo_ms - 1",
    "give_a_fact_to_another_run": "UPDATE run_event SET run_id = 'run-2'",
    "delete_a_decision": "DELETE FROM run_decision",
    "rewrite_a_decision": "UPDATE run_decision SET reason = 'x'",
    "delete_the_closure": "DELETE FROM closure",
    "rewrite_the_closure": "UPDATE closure SET snapshot = '{}'",
    "delete_the_manifest": "DELETE FROM manifest_rider",
    "rewrite_the_manifest": "UPDATE manifest_rider SET stop_id = 'S9'",
    "add_to_an_old_manifest": "UPDATE manifest SET version = 9",
    "change_the_tags": "UPDATE run_tag SET code = '000000'",
    "ask_for_fewer_tags": "DELETE FROM run_tag WHERE place <> 'rear'",
    "forget_a_device": "DELETE FROM run_device",
    "swap_a_device": "UPDATE run_device SET dev = 77",
    "delete_the_crew": "DELETE FROM run_crew",
    "make_one_person_both": "INSERT INTO run_crew (school_id, run_id, crew_id, role, since_at) "
    "SELECT school_id, run_id, 'A1', 'DRIVER', since_at FROM run_crew $RUN AND role = 'DRIVER'",
    "rename_the_driver": "UPDATE run_crew SET crew_id = 'D9' WHERE role = 'DRIVER'",
    "delete_an_alarm": "DELETE FROM alarm",
    "resolve_an_alarm_without_evidence": "UPDATE alarm SET state = 'resolved', resolved_by = 'x'",
    "raise_the_alarm_as_something_else": "UPDATE alarm SET kind = 'note'",
    "cancel_with_riders_aboard": "UPDATE run SET phase = 'cancelled' $RUN",
    "close_by_a_lying_count": "UPDATE run SET aboard = -1 $RUN",
    "born_closed": "INSERT INTO run SELECT * FROM run",
    "close_again_with_the_old_closure": CLOSE,
}
SQLITE_ATTACKS = {
    "replace_the_run": "INSERT OR REPLACE INTO run SELECT * FROM run $RUN",
    "update_or_replace": CLOSE.replace("UPDATE run", "UPDATE OR REPLACE run"),
    "update_or_ignore": CLOSE.replace("UPDATE run", "UPDATE OR IGNORE run"),
    "replace_a_boarding_by_id": "INSERT OR REPLACE INTO run_event ($COLUMNS) SELECT $AS_ALIGHT"
    " FROM run_event WHERE kind = 'board'",
    "replace_a_boarding_by_its_number": "INSERT OR REPLACE INTO run_event ($COLUMNS) SELECT $AS_OTHER"
    " FROM run_event WHERE kind = 'board' LIMIT 1",
    "replace_the_closure": "INSERT OR REPLACE INTO closure SELECT * FROM closure",
    "replace_a_decision": "INSERT OR REPLACE INTO run_decision SELECT * FROM run_decision",
    "replace_a_tag": "INSERT OR REPLACE INTO run_tag SELECT * FROM run_tag",
    "replace_the_alarm": "INSERT OR REPLACE INTO alarm SELECT * FROM alarm",
    "drop_the_trigger": "DROP TRIGGER run_close",
    "drop_the_table": "DROP TABLE run_event",
    "attach_another_database": "ATTACH DATABASE ':memory:' AS other",
    "write_the_schema": "PRAGMA writable_schema = 1",
    "ignore_the_checks": "PRAGMA ignore_check_constraints = 1",
    "shadow_the_log": "CREATE TEMP TABLE run_event (a)",
}


def reopened_run(database: Database) -> None:
    """A run that was closed, then opened again by a late boarding; its closure, checks and alarm stand."""
    plan = a_run()
    store_run(database, plan)
    send(database, a_finished_run(plan))
    write_closure(database, plan)
    force(database, CLOSE)
    late = Tablet(plan=plan, dev=2, now_s=5000)
    late.board("r1")
    late.seal()
    send(database, late)
    assert phase(database, plan) == "reopened"


def spelt(attack: str) -> str:
    """The statement with its columns and conditions written out."""
    for word, meaning in WORDS.items():
        attack = attack.replace(word, meaning)
    return attack


def fingerprint(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Everything that must not have changed."""
    tables = ("run", "run_event", "run_decision", "closure", "manifest_rider", "run_tag", "run_crew", "alarm")
    with database.reading() as tx:
        return {
            table: sorted(map(tuple, tx.session.execute(select(Base.metadata.tables[table]))), key=repr)
            for table in tables
        }


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_raw_sql_on_the_history_of_a_run_is_refused(database: Database, attack: str) -> None:
    """Each statement fails and leaves every row as it was."""
    reopened_run(database)
    before = fingerprint(database)
    with pytest.raises(DBAPIError):
        force(database, spelt(attack))
    assert fingerprint(database) == before


@pytest.mark.parametrize("attack", SQLITE_ATTACKS.values(), ids=SQLITE_ATTACKS.keys())
def test_the_ways_around_a_trigger_that_only_sqlite_has_are_closed(
    sqlite_database: Database, attack: str
) -> None:
    """OR REPLACE runs no delete trigger; DDL and PRAGMA are denied to the application's connection."""
    reopened_run(sqlite_database)
    before = fingerprint(sqlite_database)
    with pytest.raises(DBAPIError):
        force(sqlite_database, spelt(attack))
    assert fingerprint(sqlite_database) == before
    assert schema.guards_intact(sqlite_database.engine)


def test_a_stale_check_does_not_close_a_reopened_run(database: Database) -> None:
    """After a reopening the old checks prove nothing, even with the rider cleared and a new closure row."""
    plan = a_run()
    reopened_run(database)
    off = Tablet(plan=plan, dev=3, now_s=5200)
    off.alight("r1", "S3")
    off.seal()
    send(database, off)
    assert run_kit.state(database, plan).aboard == frozenset()
    write_closure(database, plan)
    with pytest.raises(DBAPIError, match="no_sound_check"):
        force(database, CLOSE.replace("closure_v = 1", "closure_v = 2"))


def test_the_guards_are_whole_and_a_missing_one_is_named(database: Database) -> None:
    """The start-up check passes as installed and fails when a trigger was dropped behind our back."""
    assert schema.guards_intact(database.engine)
    engine = open_engine(database.engine.url.render_as_string(hide_password=False), guarded=False)
    on_table = "" if engine.dialect.name == "sqlite" else " ON run"
    with engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER run_close{on_table}"))
        assert guards.missing(connection) == ("run_close",)
    engine.dispose()
    assert not schema.guards_intact(database.engine)
