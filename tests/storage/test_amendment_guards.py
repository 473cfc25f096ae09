"""Addenda to closures against raw SQL, on both databases."""

import pytest

from busops.services import runs
from busops.storage.database import Database
from tests.builders import a_finished_run, a_run
from tests.machine import CountingIds, FixedClock
from tests.run_kit import EVENING, send, store_run
from tests.storage.test_ledger_guards import into, is_refused

NOW = "'2026-03-13T12:00:00.000+00:00'"
DIGEST = "a" * 64


def an_addendum(number: int, *, second: str = "u2", role: str = "supervisor", note: str = "x") -> str:
    """The SQL of an addendum to the first closure."""
    people = f"'u1','dispatcher','{second}','{role}'"
    return into("closure_amendment", f"'t1','run-1',1,{number},'[\"e1\"]','{DIGEST}','{note}',{people},{NOW}")


ATTACKS = {
    "by one person": [an_addendum(1, second="u1")],
    "by one role": [an_addendum(1, role="dispatcher")],
    "by nobody else": [an_addendum(1, second="")],
    "without a word": [an_addendum(1, note="")],
    "out of turn": [an_addendum(2)],
    "to no closure": [an_addendum(1).replace("'run-1',1", "'run-1',2")],
    "in its place": [an_addendum(1), an_addendum(1)],
    "of other facts": [an_addendum(1), "UPDATE closure_amendment SET event_ids = '[]'"],
    "by another": [an_addendum(1), "UPDATE closure_amendment SET second_by = 'u9'"],
    "forgotten": [an_addendum(1), "DELETE FROM closure_amendment"],
}


def close(database: Database) -> None:
    """A run that was closed once."""
    store_run(database, a_run())
    send(database, a_finished_run(a_run()))
    runs.close_run(database, "run-1", by="u1", clock=FixedClock(EVENING), ids=CountingIds())


@pytest.fixture
def closed(database: Database) -> Database:
    """It is closed."""
    close(database)
    return database


def test_raw_sql_signs_for_nobody_and_changes_no_addendum(closed: Database) -> None:
    """Every attack is refused by the database; the honest addenda in their turn are not."""
    assert [name for name, attack in ATTACKS.items() if not is_refused(closed, attack)] == []
    if closed.engine.dialect.name == "postgresql":
        assert is_refused(closed, ["TRUNCATE closure_amendment"])
    assert not is_refused(closed, [an_addendum(1), an_addendum(2)])
