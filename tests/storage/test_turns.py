"""On SQLite the threads of one process write in turn: who waits does not ask the database meanwhile."""

import threading
from typing import Any

import pytest
from sqlalchemy import event, text

from busops.storage import database
from busops.storage.database import Database


def test_a_second_writer_begins_when_the_first_is_done(sqlite_database: Database) -> None:
    """No BEGIN IMMEDIATE is tried, and none sleeps, while the other thread holds the lock."""
    begun: list[Any] = []
    event.listen(sqlite_database.engine, "begin", begun.append)
    is_on_its_way = threading.Event()

    def write() -> None:
        is_on_its_way.set()
        with sqlite_database.transaction() as tx:
            tx.session.execute(text("SELECT 1"))

    second = threading.Thread(target=write)
    with sqlite_database.transaction() as tx:
        tx.session.execute(text("SELECT 1"))
        second.start()
        is_on_its_way.wait(timeout=5)
        second.join(timeout=0.2)
        assert second.is_alive()
        assert len(begun) == 1
    second.join(timeout=5)
    assert not second.is_alive()
    assert len(begun) == 2


def test_a_writer_that_fails_gives_its_turn_back(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one does not wait for a turn that nobody has."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 60_000)
    with pytest.raises(KeyError), sqlite_database.transaction():
        raise KeyError
    written: list[Any] = []

    def write() -> None:
        with sqlite_database.transaction() as tx:
            written.append(tx.session.scalar(text("SELECT 1")))

    following = threading.Thread(target=write, daemon=True)
    following.start()
    following.join(timeout=10)
    assert written == [1]
