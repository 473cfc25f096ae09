"""Typed sheets and verdicts against raw SQL, on both databases."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from busops.domain.events import DeviceReleased
from busops.storage import device_store, guards, paper_store
from busops.storage.database import Database, open_engine
from busops.storage.paper_store import PaperEntry, Verdict
from tests import run_kit
from tests.builders import a_finished_run, a_run, decided
from tests.run_kit import CLOSE, force, send, store_run, write_closure
from tests.storage.test_ledger_guards import into, is_refused

AT = datetime(2026, 3, 13, 12, tzinfo=UTC)
NOW = "'2026-03-13T12:00:00.000+00:00'"
SCAN = "a" * 64


def an_entry(entry_id: str, *, dev: int = 2, by: str = "u1", scan: str = SCAN) -> str:
    """The SQL of one typed sheet."""
    values = f"'t1','{entry_id}','run-1',{dev},'{{}}','{scan}','image/jpeg','{by}',{NOW}"
    return into("paper_entry", values)


def a_verdict(verdict: str, by: str, entry_id: str = "e1") -> str:
    """The SQL of what somebody said of it."""
    return into("paper_verdict", f"'t1','{entry_id}','{verdict}','','[]','{by}',{NOW}")


@pytest.fixture
def typed(database: Database) -> Database:
    """One sheet that waits, and another device."""
    store_run(database, a_run())
    with database.transaction() as tx:
        devs = [device_store.enrol(tx, name, at=AT).dev for name in ("PAPER 1", "PAPER 2")]
        assert devs == [1, 2]
        entry = PaperEntry(
            entry_id="e1",
            run_id="run-1",
            dev=1,
            sheet={},
            scan_sha256=SCAN,
            scan_type="image/jpeg",
            typed_by="u1",
            typed_at=AT,
        )
        paper_store.insert_entry(tx, entry)
    return database


ATTACKS = {
    "confirm one's own": [a_verdict("confirmed", "u1")],
    "decide on nothing": [a_verdict("confirmed", "u2", "e9")],
    "decide twice": [a_verdict("rejected", "u2"), a_verdict("confirmed", "u3")],
    "decide otherwise": [a_verdict("rejected", "u2"), "UPDATE paper_verdict SET verdict = 'confirmed'"],
    "undo a verdict": [a_verdict("rejected", "u2"), "DELETE FROM paper_verdict"],
    "a verdict nobody knows": [a_verdict("perhaps", "u2")],
    "a verdict of nobody": [a_verdict("confirmed", "")],
    "change who typed": ["UPDATE paper_entry SET typed_by = 'u2'"],
    "change what was typed": ["UPDATE paper_entry SET sheet = '{\"a\": 1}'"],
    "delete a sheet": ["DELETE FROM paper_entry"],
    "a sheet in its place": [an_entry("e1")],
    "a second sheet of one device": [an_entry("e2", dev=1)],
    "a sheet of no device": [an_entry("e2", dev=9)],
    "a sheet of nobody": [an_entry("e2", by="")],
    "a sheet without a scan": [an_entry("e2", scan="")],
}
BY_TRIGGER = ("confirm one's own", "change who typed", "change what was typed", "delete a sheet")


def test_raw_sql_passes_no_second_person_and_changes_no_sheet(typed: Database) -> None:
    """Every attack is refused by the database itself, and the sheet still waits."""
    assert [name for name, attack in ATTACKS.items() if not is_refused(typed, attack)] == []
    for name in ("paper_entry", "paper_verdict"):
        replacing = f"INSERT OR REPLACE INTO {name} SELECT * FROM {name}"  # noqa: S608
        way = replacing if typed.engine.dialect.name == "sqlite" else f"TRUNCATE {name} CASCADE"
        if name == "paper_entry" or typed.engine.dialect.name != "sqlite":
            assert is_refused(typed, [way]), name
    with typed.reading() as tx:
        assert [each.verdict for each in paper_store.load_entries(tx, "run-1")] == [None]


def test_another_person_decides_once(typed: Database) -> None:
    """The honest way stands; and whoever typed a sheet may take it back himself."""
    with typed.transaction() as tx:
        paper_store.insert_verdict(tx, "e1", Verdict.CONFIRMED, note="", event_ids=("x",), by="u2", at=AT)
        entry = paper_store.load_entry(tx, "e1")
        assert (entry.verdict, entry.decided_by, entry.event_ids) == (Verdict.CONFIRMED, "u2", ("x",))
    assert not is_refused(typed, [an_entry("e2"), a_verdict("rejected", "u1", "e2")])


@pytest.mark.parametrize("verdict", [Verdict.CONFIRMED, Verdict.REJECTED])
def test_no_run_is_closed_over_a_sheet_that_waits(typed: Database, verdict: Verdict) -> None:
    """Everything else is in order and the sheet's device is given up: only a verdict lets the run close."""
    tablet = a_finished_run(a_run(devices=frozenset()), dev=2)
    send(typed, tablet)
    with typed.transaction() as tx:
        run_kit.decide_signed(tx, decided(DeviceReleased, tablet.plan, dev=1, upto_seq=0))
    write_closure(typed, tablet.plan)
    with pytest.raises(IntegrityError, match="guard: paper_waits"):
        force(typed, CLOSE)
    with typed.transaction() as tx:
        paper_store.insert_verdict(tx, "e1", verdict, note="x", event_ids=(), by="u2", at=AT)
    force(typed, CLOSE)


@pytest.mark.parametrize("name", BY_TRIGGER)
def test_without_its_guard_each_of_these_would_go_through(typed: Database, name: str) -> None:
    """None of the triggers is decoration: where they are gone, the same statement changes history."""
    bare = open_engine(typed.engine.url.render_as_string(hide_password=False), guarded=False)
    with bare.connect() as connection:
        guards.remove(connection)
        assert [connection.execute(text(each)).rowcount for each in ATTACKS[name]] == [1]
        connection.rollback()
    bare.dispose()
