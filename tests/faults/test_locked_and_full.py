"""
S4, S5 and S6: a database that another writer holds, that is full, and one that must not upgrade a read.

The tablet gets 503 with the time to come back, in words; what was acknowledged stays, and the same
process goes on as soon as it can.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from busops.storage import database as settings_of_database
from busops.storage.database import Database
from busops.web.context import EXTENSION
from tests.faults import history
from tests.faults.line import Line


@pytest.fixture
def line(sqlite_database: Database, settings: Any, ids: Any) -> Line:
    """A tablet, its server, and their history."""
    return Line(sqlite_database, settings, ids)


def test_a_locked_database_is_answered_with_503_and_a_time(
    line: Line, sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S5: another writer really holds it; nothing is stored, nothing lost; afterwards it is stored, once."""
    assert settings_of_database.BUSY_TIMEOUT_MS == 2000
    monkeypatch.setattr(settings_of_database, "BUSY_TIMEOUT_MS", 100)
    line.app.extensions[EXTENSION].database.engine.dispose()
    assert line.send(3).status_code == 200
    with closing(sqlite3.connect(tmp_path / "busops.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = line.send(2)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert answer.get_json()["code"] == "busy"
        assert "数据库" in answer.get_json()["title"] + answer.get_json().get("detail", "")
        other.execute("ROLLBACK")
    assert line.send(1).status_code == 200
    assert history.told("S5 locked", sqlite_database, line.sent, line.answered).stored == 6


def test_a_writing_transaction_takes_the_lock_at_once(sqlite_database: Database, tmp_path: Path) -> None:
    """S6: between a read and the write after it nobody else can write, so no upgrade ever fails."""
    with closing(sqlite3.connect(tmp_path / "busops.sqlite3", isolation_level=None, timeout=0)) as other:
        with sqlite_database.transaction() as tx:
            tx.session.execute(text("SELECT count(*) FROM run")).scalar()
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")


def test_a_full_disk_loses_nothing_and_says_so(line: Line, sqlite_database: Database, tmp_path: Path) -> None:
    """S4: 503 with words of its own; the file is whole; with room again the same process stores."""
    assert line.send(2).status_code == 200
    with room_for(line, pages=4):
        statuses = [line.send(4, text_="x" * 1500).status_code for _ in range(6)]
        assert statuses[-1] == 503
        answer = line.send()
        assert (answer.get_json()["code"], answer.headers["Retry-After"]) == ("disk_full", "60")
        history.told("S4 full", sqlite_database, line.sent, line.answered)
    assert line.send().status_code == 200
    verdict = history.told("S4 with room again", sqlite_database, line.sent, line.answered)
    assert verdict.stored == len(line.sent)
    with closing(sqlite3.connect(tmp_path / "busops.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@contextmanager
def room_for(line: Line, *, pages: int) -> Iterator[None]:
    """The server's file may grow by so many pages and no further."""
    engine = line.app.extensions[EXTENSION].database.engine

    def limit(connection: sqlite3.Connection, _entry: object) -> None:
        now = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {now + pages}")

    engine.dispose()
    event.listen(engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(engine, "connect", limit)
        engine.dispose()
