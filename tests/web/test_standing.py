"""Whatever server runs the pages: over a database without its guards only the operator's tools answer."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask.testing import FlaskClient

from busops.config import Settings
from busops.storage import guards, schema
from busops.storage.database import open_engine
from busops.web import standing
from busops.web.app import create_app
from tests.machine import CountingIds, FixedClock

if TYPE_CHECKING:
    from sqlalchemy import Engine

BREAKS = {
    "sqlite": {
        "gone": "DROP TRIGGER run_close",
        "foreign": "CREATE TRIGGER swallow BEFORE INSERT ON run_event BEGIN SELECT RAISE(IGNORE); END",
    },
    "postgresql": {
        "gone": "DROP TRIGGER run_close ON run",
        "foreign": "ALTER TABLE run DISABLE TRIGGER run_close",
    },
}
ADDRESSES = ("/signin", "/", "/ca", "/api/v1/runs", "/api/docs/openapi.json", "/nowhere")


@pytest.fixture
def owner(database_url: str) -> "Iterator[Engine]":
    """An engine that may do everything, as somebody at the database could."""
    engine = open_engine(database_url, guarded=False)
    yield engine
    engine.dispose()


@pytest.fixture
def wsgi(settings: Settings, database_url: str, clock: FixedClock, ids: CountingIds) -> Iterator[Flask]:
    """What a server of another make gets from `create_app`, on either database."""
    made = create_app(replace(settings, database_url=database_url), clock=clock, ids=ids)
    yield made
    with made.app_context():
        made.extensions["sqlalchemy"].engine.dispose()


def spoil(owner: "Engine", how: str) -> None:
    """One guard is gone or another stands beside them."""
    with owner.begin() as connection:
        connection.exec_driver_sql(BREAKS[owner.dialect.name][how])


def statuses(client: FlaskClient) -> set[int]:
    """What the pages and the interface answer."""
    return {client.get(path).status_code for path in ADDRESSES}


@pytest.mark.parametrize("how", ["gone", "foreign"])
def test_nothing_is_served_without_the_guards(owner: "Engine", wsgi: Flask, how: str) -> None:
    """503 everywhere, for pages in words and for programs as a problem; the operator's tools answer."""
    spoil(owner, how)
    client = wsgi.test_client()
    assert statuses(client) == {503}
    assert "busops doctor" in client.get("/signin").text
    refused = client.post("/api/v1/events:batch", json={"events": []})
    assert refused.status_code == 503
    assert refused.get_json(force=True)["code"] == "guards_not_intact"
    assert refused.headers["Retry-After"] == "60"
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").get_json()["guards"] is False
    assert client.get("/metrics").status_code == 200


def test_a_guard_that_goes_while_it_runs_is_seen(
    owner: "Engine", wsgi: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the next look nothing is served; once the operator has put it back everything is, as it runs."""
    client = wsgi.test_client()
    assert 503 not in statuses(client)
    spoil(owner, "gone")
    assert 503 not in statuses(client), "one look a minute: a request does not pay for each"
    with monkeypatch.context() as later:
        later.setattr(standing.time, "monotonic", lambda: 10**9)
        assert statuses(client) == {503}
        with owner.begin() as connection:
            schema.install_guards(connection)
            assert guards.missing(connection) == ()
        later.setattr(standing.time, "monotonic", lambda: 10**9 + 10)
        assert 503 not in statuses(client)


def test_a_look_holds_up_no_writer(owner: "Engine") -> None:
    """The guards are compared while somebody else holds the database to write."""
    with owner.connect() as writer, writer.begin():
        writer.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
        assert schema.differing_guards(owner) == ()
