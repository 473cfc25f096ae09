"""
S3 and S8 on a PostgreSQL that writes as a real one: stopped dead under load, and a lock that lasts.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from busops.storage import database as settings_of_database
from busops.storage.database import Database, open_engine
from busops.web import errors
from tests import pg
from tests.conftest import SCHOOL_ID, create_schema
from tests.faults import history
from tests.faults.line import Line

pytestmark = pytest.mark.postgres
STOPS = 4
PATIENCE_S = 60


@pytest.fixture(scope="module")
def durable() -> Iterator[pg.Cluster]:
    """A cluster with fsync and synchronous commits: what it acknowledged, it keeps."""
    if not pg.available():
        pytest.skip("PostgreSQL's initdb is not installed")
    running = pg.start_cluster(durable=True)
    yield running
    running.stop()


@pytest.fixture
def line(durable: pg.Cluster, settings: Any, ids: Any) -> Iterator[Line]:
    """A tablet and its server over a database of that cluster."""
    url = durable.url(durable.new_database())
    create_schema(url)
    engine = open_engine(url)
    made = Line(Database(engine=engine, school_id=SCHOOL_ID), replace(settings, database_url=url), ids)
    yield made
    made.engine().dispose()
    engine.dispose()


@pytest.mark.slow
def test_a_database_stopped_dead_under_load_keeps_what_was_acknowledged(
    line: Line, durable: pg.Cluster
) -> None:
    """S3: only 200 and 503 are ever answered; afterwards everything is stored, once."""
    statuses: dict[int, int] = {}
    ends = threading.Event()

    def load() -> None:
        status = 200
        while not ends.is_set():
            # What waits is sent again; a tablet that records on and on meanwhile would outgrow a batch.
            status = line.send(3 if status == 200 else 0).status_code
            statuses[status] = statuses.get(status, 0) + 1
            if status != 200:
                time.sleep(0.05)

    hand = threading.Thread(target=load)
    hand.start()
    for _ in range(STOPS):
        until, seen = time.monotonic() + PATIENCE_S, statuses.get(200, 0)
        while statuses.get(200, 0) < seen + 3 and time.monotonic() < until:
            time.sleep(0.05)
        durable.stop_dead()
        time.sleep(0.3)
        durable.rise()
    ends.set()
    hand.join()
    assert line.send(0).status_code == 200
    assert set(statuses) <= {200, 503}
    assert statuses[503] > 0, "no request ever met a server that was down"
    engine = open_engine(durable.url(line.database_name))
    stored = Database(engine=engine, school_id=SCHOOL_ID)
    verdict = history.told(f"S3 stopped dead {STOPS} times", stored, line.sent, line.answered)
    engine.dispose()
    assert verdict.stored == len(line.sent)


def test_nobody_waits_for_ever(line: Line, durable: pg.Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """S8: a run that somebody holds is told as busy, after the tries; what waited is stored later."""
    monkeypatch.setattr(errors, "PAUSE_S", 0)
    assert line.send(2).status_code == 200
    with line.engine().connect() as connection:
        waits = {
            name: connection.scalar(text(f"SHOW {name}")) for name in settings_of_database.POSTGRESQL_WAITS
        }
    assert waits["lock_timeout"] == "2s"
    assert "0" not in waits.values()
    other = open_engine(durable.url(line.database_name))
    with other.begin() as connection:
        connection.execute(text("SELECT 1 FROM run WHERE run_id = 'run-1' FOR UPDATE"))
        began = time.monotonic()
        answer = line.send()
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert time.monotonic() - began > 4 * 1.9, "it was not tried three times again"
    assert line.send(0).status_code == 200
    verdict = history.told("S8 held", Database(engine=other, school_id=SCHOOL_ID), line.sent, line.answered)
    other.dispose()
    assert verdict.stored == 3
