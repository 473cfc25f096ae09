"""
The tests of the tablets' guards are tested, on both databases: a guard made weaker must be noticed.

The statements are those of ``test_device_guards``; everything is rolled back after each mutant.
"""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from busops.storage import guards
from busops.storage.database import Database, open_engine
from tests import pg
from tests.pg_mutants import condition_mutants, trigger_mutants
from tests.storage import test_device_guards as statements

SCRIPT = (guards.FOLDER / "devices_postgresql.sql").read_text(encoding="utf-8")
ON_SQLITE = (guards.FOLDER / "devices_sqlite.sql").read_text(encoding="utf-8")
TRUNCATIONS = [f"TRUNCATE {name} CASCADE" for name in ("device", "device_token", "enrolment")]


def outcomes(connection: Connection) -> Iterator[str]:
    """How each statement ends; nothing of it is kept."""
    more = TRUNCATIONS if connection.dialect.name == "postgresql" else []
    for statement in [*statements.ATTACKS.values(), *statements.HONEST.values(), *more]:
        savepoint = connection.begin_nested()
        try:
            connection.exec_driver_sql(statement)
            yield "done"
        except DBAPIError as error:
            yield str(error.orig).splitlines()[0]
        finally:
            savepoint.rollback()


@pytest.mark.postgres
def test_every_mutant_of_the_tablets_guards_dies_on_postgresql(
    cluster: pg.Cluster, empty_postgresql: str
) -> None:
    """Without one trigger or one condition some statement ends otherwise."""
    name = cluster.new_database(template=empty_postgresql)
    engine = open_engine(cluster.url(name))
    statements.fill_tablets(Database(engine=engine, school_id="t1"))
    alive = []
    with engine.connect() as connection:
        right = list(outcomes(connection))
        for mutant in [*trigger_mutants(SCRIPT), *condition_mutants(SCRIPT)]:
            savepoint = connection.begin_nested()
            connection.exec_driver_sql(mutant.sql.replace("%", "%%"))
            if list(outcomes(connection)) == right:
                alive.append(mutant.name)
            savepoint.rollback()
        connection.rollback()
    engine.dispose()
    cluster.drop_database(name)
    assert not alive, "\n".join(alive)


def test_every_refusal_on_sqlite_is_needed(sqlite_database: Database) -> None:
    """Each refusal of each trigger made silent, one at a time: some statement is no longer refused."""
    statements.fill_tablets(sqlite_database)
    refusals = list(re.finditer(r"RAISE\(ABORT, '[^']+'\)", ON_SQLITE))
    assert len(refusals) > 20
    engine = open_engine(sqlite_database.engine.url.render_as_string(hide_password=False), guarded=False)
    alive = []
    with engine.connect() as connection:
        right = list(outcomes(connection))
        for refusal in refusals:
            weaker = ON_SQLITE[: refusal.start()] + "NULL" + ON_SQLITE[refusal.end() :]
            savepoint = connection.begin_nested()
            for statement in guards.statements(weaker):
                if trigger := re.match(r"CREATE TRIGGER (\w+)", statement):
                    connection.exec_driver_sql(f"DROP TRIGGER {trigger[1]}")
                    connection.exec_driver_sql(statement)
            if list(outcomes(connection)) == right:
                alive.append(ON_SQLITE[: refusal.end()].splitlines()[-1].strip())
            savepoint.rollback()
        connection.rollback()
    engine.dispose()
    # A key or an earlier guard holds these too, or only a REPLACE would meet them.
    assert [line for line in alive if "_exists" not in line] == []
