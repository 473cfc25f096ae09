"""The guards stand as their files say: after every upgrade, and never anything else unnoticed."""

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from busops.storage import guards, schema
from busops.storage.database import open_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

SWALLOW = {
    "sqlite": (
        "CREATE TRIGGER swallow BEFORE INSERT ON run_event BEGIN SELECT RAISE(IGNORE); END",
        "CREATE VIEW guard_old AS SELECT 1",
    ),
    "postgresql": (
        "CREATE FUNCTION guard_old() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "CREATE TRIGGER swallow BEFORE INSERT ON run_event FOR EACH ROW EXECUTE FUNCTION guard_old()",
    ),
}
WEAKENED = {
    "sqlite": (
        "DROP TRIGGER run_kept",
        "CREATE TRIGGER run_kept BEFORE DELETE ON run WHEN 0 BEGIN SELECT RAISE(ABORT, ''); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION guard_refuse(why text) RETURNS void LANGUAGE plpgsql AS $$BEGIN END$$",
    ),
}
POSTGRESQL_TWISTS = {
    "switched off": "ALTER TABLE run DISABLE TRIGGER run_close",
    "for replicas only": "ALTER TABLE run ENABLE REPLICA TRIGGER run_close",
    "another condition": "CREATE OR REPLACE TRIGGER run_close BEFORE UPDATE ON run FOR EACH ROW "
    "WHEN (NEW.phase = 'closed' AND OLD.phase = 'checked') EXECUTE FUNCTION guard_run_close()",
    "no condition": "CREATE OR REPLACE TRIGGER run_close BEFORE UPDATE ON run FOR EACH ROW "
    "EXECUTE FUNCTION guard_run_close()",
    "another function": "CREATE OR REPLACE TRIGGER run_close BEFORE UPDATE ON run FOR EACH ROW "
    "WHEN (NEW.phase = 'closed' AND OLD.phase <> 'closed') EXECUTE FUNCTION guard_run_change()",
    "another moment": "CREATE OR REPLACE TRIGGER run_close AFTER UPDATE ON run FOR EACH ROW "
    "WHEN (NEW.phase = 'closed' AND OLD.phase <> 'closed') EXECUTE FUNCTION guard_run_close()",
    "another event": "CREATE OR REPLACE TRIGGER run_close BEFORE INSERT ON run FOR EACH ROW "
    "EXECUTE FUNCTION guard_run_close()",
    "some columns only": "CREATE OR REPLACE TRIGGER run_close BEFORE UPDATE OF plate ON run FOR EACH ROW "
    "WHEN (NEW.phase = 'closed' AND OLD.phase <> 'closed') EXECUTE FUNCTION guard_run_close()",
}


@pytest.fixture
def owner(database_url: str) -> "Iterator[Engine]":
    """An engine that may do everything, as somebody at the database could."""
    engine = open_engine(database_url, guarded=False)
    yield engine
    engine.dispose()


def run_all(engine: "Engine", statements: "tuple[str, ...]") -> None:
    """The statements ran in one transaction."""
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def differing(engine: "Engine") -> tuple[str, ...]:
    """The names of the guards that are not as written."""
    with engine.connect() as connection:
        return guards.missing(connection)


def test_the_set_of_triggers_is_that_of_the_files(owner: "Engine") -> None:
    """Counted without the comparison's own eyes: each name in the files once, and no other trigger."""
    dialect = owner.dialect.name
    files = "".join(guards.scripts(dialect))
    wanted = re.findall(r"^CREATE (?:OR REPLACE )?TRIGGER (?:IF NOT EXISTS )?(\w+)", files, re.MULTILINE)
    query = {
        "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    }[dialect]
    with owner.connect() as connection:
        assert sorted(connection.execute(text(query)).scalars()) == sorted(wanted)
    assert len(wanted) > 50
    assert differing(owner) == ()


def test_a_trigger_that_no_file_names_is_a_fault(owner: "Engine") -> None:
    """A trigger that swallows facts, and what an older version left behind, are named and taken away."""
    run_all(owner, SWALLOW[owner.dialect.name])
    assert differing(owner) == ("guard_old", "swallow")
    assert not schema.guards_intact(owner)
    schema.restore_guards(owner.url.render_as_string(hide_password=False))
    assert differing(owner) == ()


def test_a_guard_of_another_text_is_a_fault_that_only_the_operator_heals(owner: "Engine") -> None:
    """A start upgrades and leaves a changed guard as it is, to be refused; `init` puts it right."""
    url = owner.url.render_as_string(hide_password=False)
    run_all(owner, WEAKENED[owner.dialect.name])
    schema.upgrade(url)
    assert not schema.guards_intact(owner)
    schema.restore_guards(url)
    assert schema.guards_intact(owner)


def test_a_step_of_the_schema_ends_with_every_guard(owner: "Engine") -> None:
    """Inside a migration none stands; after a step all do, a weakened one too. No step, no change."""
    url = owner.url.render_as_string(hide_password=False)
    run_all(owner, WEAKENED[owner.dialect.name])
    weakened = differing(owner)
    with schema.migrating(url) as connection, schema.guarded_anew(connection):
        assert len(guards.missing(connection)) > 50
    assert differing(owner) == weakened
    with schema.migrating(url) as connection:
        now = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        move_to(connection, "older")
        with schema.guarded_anew(connection):
            move_to(connection, str(now))
    assert differing(owner) == ()


def move_to(connection: "Connection", revision: str) -> None:
    """The database says it is at that revision."""
    connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


@pytest.mark.postgres
@pytest.mark.parametrize("twist", POSTGRESQL_TWISTS.values(), ids=POSTGRESQL_TWISTS.keys())
def test_a_trigger_of_the_right_name_and_another_form_is_a_fault(
    cluster: object, empty_postgresql: str, twist: str
) -> None:
    """PostgreSQL: switched off, other condition, moment, event or function. Nothing is kept."""
    engine = open_engine(cluster.url(empty_postgresql), guarded=False)
    with engine.connect() as connection:
        assert guards.missing(connection) == ()
        connection.exec_driver_sql("DROP TRIGGER run_close ON run" if "AFTER" in twist else "SELECT 1")
        connection.exec_driver_sql(twist)
        assert guards.missing(connection) == ("run_close",)
        connection.rollback()
    engine.dispose()
