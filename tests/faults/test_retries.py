"""
S8: a transaction that met another one is worked through again, three times at most, then told as busy.

The errors are the driver's own, planted; that PostgreSQL raises them is shown with real locks in
``test_postgresql_faults.py``.
"""

from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from busops.services import tablet_sync
from busops.storage.database import Database
from busops.web import errors
from tests.faults import history
from tests.faults.line import Line

PASSING = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.LockNotAvailable,
)
LASTING = (psycopg.errors.QueryCanceled, psycopg.errors.AdminShutdown)


@pytest.fixture
def line(sqlite_database: Database, settings: Any, ids: Any, monkeypatch: pytest.MonkeyPatch) -> Line:
    """A tablet and its server, which does not pause between its tries."""
    monkeypatch.setattr(errors, "PAUSE_S", 0)
    return Line(sqlite_database, settings, ids)


def failing(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception], times: int, *, after: bool = False
) -> list[int]:
    """The batch fails so often, before or after its transaction was committed; the calls, counted."""
    calls: list[int] = []
    real = tablet_sync.accept_batch

    def accept(*words: Any, **own: Any) -> Any:
        calls.append(1)
        done = real(*words, **own) if after or len(calls) > times else None
        if len(calls) <= times:
            raise OperationalError("a statement", {}, kind())
        return done

    monkeypatch.setattr(tablet_sync, "accept_batch", accept)
    return calls


@pytest.mark.parametrize("kind", PASSING, ids=lambda kind: kind.__name__)
def test_what_passes_is_tried_again(
    kind: type[Exception], line: Line, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deadlock, serialization and lock timeout: three failures are nobody's to see, nothing is doubled."""
    calls = failing(monkeypatch, kind, 3)
    assert line.send(2).status_code == 200
    assert len(calls) == 4
    assert history.told("S8 tried again", sqlite_database, line.sent, line.answered).stored == 2


def test_what_does_not_pass_is_told(
    line: Line, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the third time again it is 503 with the time to come back; nothing is stored."""
    calls = failing(monkeypatch, psycopg.errors.DeadlockDetected, 99)
    answer = line.send()
    assert (answer.status_code, answer.headers["Retry-After"], len(calls)) == (503, "2", 4)
    assert history.told("S8 given up", sqlite_database, line.sent, line.answered).stored == 0


@pytest.mark.parametrize("kind", LASTING, ids=lambda kind: kind.__name__)
def test_what_lasts_is_not_tried_again(
    kind: type[Exception], line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that took too long, or a server that goes down: asking at once would only press it."""
    calls = failing(monkeypatch, kind, 1)
    assert line.send().status_code == 503
    assert len(calls) == 1


def test_what_has_committed_something_is_never_done_twice(
    line: Line, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once anything of a request is committed it is not worked through again by itself."""
    calls = failing(monkeypatch, psycopg.errors.DeadlockDetected, 1, after=True)
    assert line.send().status_code == 503
    assert len(calls) == 1
    monkeypatch.undo()
    assert line.send(0).status_code == 200
    assert history.told("S8 committed before", sqlite_database, line.sent, line.answered).stored == 1
