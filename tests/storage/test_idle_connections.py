"""Connections to PostgreSQL: a dead one is noticed before it is used, a busy one is not asked each time."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from busops.storage import database as databases
from busops.storage.database import Database, open_engine
from tests import pg

pytestmark = pytest.mark.postgres


@pytest.fixture
def postgresql(cluster: pg.Cluster) -> Iterator[Database]:
    """An empty database, and a pool that holds one connection."""
    name = cluster.new_database()
    engine = open_engine(cluster.url(name))
    yield Database(engine=engine, school_id="t1")
    engine.dispose()
    cluster.drop_database(name)


def backend(database: Database, *, once: bool = False) -> int:
    """The process of PostgreSQL that answers."""
    with database.reading(once=once) as tx:
        return int(tx.session.scalar(text("SELECT pg_backend_pid()")) or 0)


def kill(database: Database, pid: int) -> None:
    """That process ends, as with a restart; another connection says so and is closed."""
    other = open_engine(database.engine.url.render_as_string(hide_password=False))
    with other.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    other.dispose()
    time.sleep(0.1)


def test_a_dead_connection_is_replaced_before_it_is_used(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a pause each connection is asked first; whoever reads sees nothing of a restart."""
    monkeypatch.setattr(databases, "IDLE_S", 0.0)
    first = backend(postgresql)
    kill(postgresql, first)
    assert backend(postgresql) not in (0, first)


def test_a_connection_in_use_is_not_asked_whether_it_lives(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a second of its last use it is taken as it is."""
    pings: list[object] = []
    monkeypatch.setattr(postgresql.engine.dialect, "do_ping", pings.append)
    for _ in range(5):
        backend(postgresql)
    assert pings == []
    monkeypatch.setattr(databases, "IDLE_S", 0.0)
    backend(postgresql)
    assert len(pings) == 1


def test_a_single_question_needs_no_transaction(postgresql: Database) -> None:
    """It is answered outside of one, and the next transaction on the connection is one again."""
    with postgresql.reading(once=True) as tx:
        tx.session.execute(text("CREATE TABLE told (n int)"))
    with postgresql.reading() as tx:
        assert tx.session.scalar(text("SELECT count(*) FROM told")) == 0
        tx.session.execute(text("INSERT INTO told VALUES (1)"))
    with postgresql.reading() as tx:
        assert tx.session.scalar(text("SELECT count(*) FROM told")) == 0
