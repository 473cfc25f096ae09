"""The guard of riders between two buses, on SQLite: each condition made weaker is noticed by a history."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from busops.storage import guards
from busops.storage.database import Database, open_engine
from tests import run_kit
from tests.run_kit import CLOSE, force, phase
from tests.test_mutants import no_guards
from tests.transfer_histories import PAIRS, A, told

__all__ = ["no_guards"]

# Each with the history that must end otherwise.
MUTANTS = {
    "closing": ("THEN RAISE(ABORT, 'guard: transfer_open')", "THEN NULL", "unanswered"),
    "two people": ("WHERE d.school_id = o.school_id AND d.run_id = o.run_id", "WHERE 0", "cleared_up"),
    "came back": (
        "AND (CASE WHEN o.dev = b.dev THEN o.seq < b.seq ELSE o.hi_ms < b.lo_ms END))", "AND 0)",
        "there_and_back",
    ),
    "whoever": (
        "i.run_id = o.other_run_id AND i.rider_id = o.rider_id", "i.run_id = o.other_run_id",
        "another_answered",
    ),
    "whichever run": ("AND i.run_id = o.other_run_id AND", "AND", "another_run_answered"),
    "of whichever run": ("AND i.other_run_id = o.run_id\n", "\n", "answer_to_another_run"),
    "any move": ("AND i.kind = 'moved_in' AND", "AND", "answered_by_going_on"),
    "whenever": (
        "AND NOT (CASE WHEN b.dev = i.dev THEN b.seq < i.seq ELSE b.hi_ms < i.lo_ms END)", "AND 0",
        "answered_before_boarding",
    ),
    "by the likely time": (
        "ELSE b.hi_ms < i.lo_ms END", "ELSE b.lo_ms < i.hi_ms END", "answered_without_a_clock",
    ),
    "no end without the office": (" AND t.kind = 'transfer_opened'", "", "not_by_the_office"),
    "an end": ("AND a.kind = 'moved_out'\n", "AND 0\n", "tr01_whole"),
    "an end that stands": (
        "guard_mark a\n    JOIN run_decision", "run_event a\n    JOIN run_decision", "only_out_taken_back",
    ),
    "a movement": (
        "'moved_in', 'moved_out', 'depart', 'arrive', 'void')", "'depart', 'arrive', 'void')",
        "tr03_checked_too_early",
    ),
    "undone": ("t.kind IN ('board', 'alight', 'moved_in', 'moved_out',", "t.kind IN ('board', 'alight',",
               "answer_taken_back"),
    "aboard": (
        "WHERE m.kind IN ('board', 'moved_in') AND", "WHERE m.kind = 'board' AND", "came_over_and_stays",
    ),
    "off": ("AND a.kind IN ('alight', 'moved_out')", "AND a.kind = 'alight'", "tr01_whole"),
    "seen by two": (
        "(e.kind IN ('board', 'alight', 'moved_in', 'moved_out') AND", "(e.kind IN ('board', 'alight') AND",
        "cleared_up_unseen",
    ),
    "the void seen by two": (
        "WHERE t.kind IN ('board', 'alight', 'moved_in', 'moved_out') AND",
        "WHERE t.kind IN ('board', 'alight') AND", "cleared_up_before_a_void",
    ),
    "no stop asked": ("WHERE m.kind IN ('board', 'alight')\n  AND (", "WHERE (", "tr01_whole"),
    "reopened": ("WHERE NEW.kind = 'void' AND school_id", "WHERE 0 AND school_id", "late void"),
    "reopened by a move": (
        "      OR EXISTS (SELECT 1 FROM guard_open_move g WHERE g.school_id = NEW.school_id"
        " AND g.run_id = NEW.run_id)\n", "", "late move",
    ),
}  # fmt: skip


def ends(database: Database, name: str) -> str:
    """How closing run-1 by SQL ends, or what comes of a fact that arrives after it."""
    found = told(database, PAIRS["tr01_whole" if name.startswith("late") else name][0])
    try:
        force(database, CLOSE)
        if name == "late void":
            other = found.others[0]
            other.void(other.log[-1], after_s=20)
            send_raw(database, other, len(other.log) - 1)
        elif name == "late move":
            tablet = found.first
            tablet.record("moved_out", rider="r1", text="run-2")
            send_raw(database, tablet, len(tablet.log) - 1)
    except DBAPIError as error:
        return str(error.orig)
    return phase(database, A)


def send_raw(database: Database, tablet: object, at: int) -> None:
    """One event arrives, and no Python puts right what the guards left."""
    with database.transaction() as tx:
        run_kit.event_store.append(tx, tablet.log[at], received_at=run_kit.EVENING, quarantine_id="q")


def built(script: str, bare: Path, path: Path) -> Database:
    """A database with these guards."""
    path.write_bytes(bare.read_bytes())
    with sqlite3.connect(path) as connection:
        connection.executescript(script)
    connection.close()
    return Database(engine=open_engine(f"sqlite:///{path}"), school_id="t1")


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_weaker_guard_of_moves_is_noticed(
    mutant: tuple[str, str, str], no_guards: Path, tmp_path: Path
) -> None:
    """The history ends otherwise than with the guards as they are."""
    before, after, name = mutant
    script = (guards.FOLDER / "sqlite.sql").read_text(encoding="utf-8")
    assert before in script
    ended = []
    for number, text in enumerate((script, script.replace(before, after))):
        database = built(text, no_guards, tmp_path / f"{number}.sqlite3")
        try:
            ended.append(ends(database, name))
        finally:
            database.engine.dispose()
    assert ended[0] != ended[1]
