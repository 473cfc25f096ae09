"""
The guards in SQL, one file a topic and dialect: installed in name order, compared at start-up.

Each file has plain statements that can be run again: ``CREATE VIEW``/``CREATE TRIGGER`` on
SQLite (an older one of that name is dropped first), ``CREATE OR REPLACE`` on PostgreSQL.
"""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, text

FOLDER: Final = Path(__file__).parent

_OBJECT: Final = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(VIEW|TRIGGER|FUNCTION)\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)"
)
_SEQUENCE: Final = re.compile(r"CREATE\s+SEQUENCE\s+IF\s+NOT\s+EXISTS\s+(\w+)")
_BODY: Final = re.compile(r"FUNCTION\s+(\w+)\s*\(.*?AS\s+\$\$(.*?)\$\$", re.DOTALL)


def install(connection: Connection) -> None:
    """Every guard of the connection's dialect stands as written."""
    if connection.dialect.name == "sqlite":
        _install_sqlite(connection)
    else:
        for script in scripts("postgresql"):
            _driver(connection).execute(script)


def remove(connection: Connection) -> None:
    """No guard stands any more; only for taking the whole schema down."""
    dialect = connection.dialect.name
    found = [match for script in scripts(dialect) for match in _OBJECT.findall(script)]
    if dialect == "sqlite":
        for kind, name in found:
            connection.exec_driver_sql(f"DROP {kind} IF EXISTS {name}")
        return
    for kind, name in found:
        if kind == "FUNCTION":
            connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {name} CASCADE")
    for name in _SEQUENCE.findall("".join(scripts(dialect))):
        connection.exec_driver_sql(f"DROP SEQUENCE IF EXISTS {name}")


def missing(connection: Connection) -> tuple[str, ...]:
    """The names of the guards that are gone, changed or switched off; empty when all stand."""
    found = _sqlite_differences if connection.dialect.name == "sqlite" else _postgresql_differences
    return tuple(sorted(found(connection)))


def scripts(dialect: str) -> tuple[str, ...]:
    """The text of every guard file of a dialect, in name order."""
    return tuple(path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob(f"*{dialect}.sql")))


def statements(script: str) -> Iterator[str]:
    """The statements of a SQLite script, one by one, without their comments in between."""
    pending = ""
    for line in script.splitlines(keepends=True):
        if not pending and (not line.strip() or line.lstrip().startswith("--")):
            continue
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending.strip()
            pending = ""


def _install_sqlite(connection: Connection) -> None:
    wanted = [each for script in scripts("sqlite") for each in statements(script)]
    for statement in wanted:
        if match := _OBJECT.search(statement):
            connection.exec_driver_sql(f"DROP {match[1]} IF EXISTS {match[2]}")
    for statement in wanted:
        connection.exec_driver_sql(statement)


def _sqlite_differences(connection: Connection) -> Iterator[str]:
    rows = connection.execute(text("SELECT name, sql FROM sqlite_schema WHERE type IN ('trigger', 'view')"))
    stands = {name: _squeezed(sql) for name, sql in rows}
    for script in scripts("sqlite"):
        for statement in statements(script):
            match = _OBJECT.search(statement)
            if match and stands.get(match[2]) != _squeezed(statement):
                yield match[2]


def _postgresql_differences(connection: Connection) -> Iterator[str]:
    query = text("SELECT proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace")
    bodies: dict[str, str] = {row.proname: row.prosrc for row in connection.execute(query)}
    rows = connection.execute(text("SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')"))
    triggers = set(rows.scalars())
    for script in scripts("postgresql"):
        for name, body in _BODY.findall(script):
            if _squeezed(bodies.get(name, "")) != _squeezed(body):
                yield name
        for kind, name in _OBJECT.findall(script):
            if kind == "TRIGGER" and name not in triggers:
                yield name


def _squeezed(sql: str) -> str:
    return " ".join(sql.replace("IF NOT EXISTS ", "").split()).rstrip("; ")


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
