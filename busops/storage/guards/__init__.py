"""
The guards in SQL, one file a topic and dialect: installed in name order, compared at start-up.

Each file has plain statements: ``CREATE VIEW``/``CREATE TRIGGER`` on SQLite, ``CREATE OR REPLACE``
on PostgreSQL. Whatever guard stood before is taken down first, so that the database has those of
the files and no other: a trigger nobody wrote down could swallow a fact without a word.
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
_BODY: Final = re.compile(r"FUNCTION\s+(\w+)\s*\(.*?AS\s+\$\$(.*?)\$\$", re.DOTALL)
_TRIGGER: Final = re.compile(
    r"TRIGGER (?P<name>\w+) (?P<when>BEFORE|AFTER) (?P<events>[\w ]+?) ON (?:\w+\.)?(?P<table>\w+) "
    r"(?P<rows>REFERENCING NEW TABLE AS \w+ )?FOR EACH (?P<each>ROW|STATEMENT)(?P<condition>.*?) "
    r"EXECUTE FUNCTION (?:\w+\.)?(?P<function>\w+)\(\)"
)

# Tables belong to nobody else, so every trigger is a guard; views and functions may be the school's own.
_ON_SQLITE: Final = text("""
  SELECT type, name, sql FROM sqlite_schema
  WHERE type = 'trigger' OR (type = 'view' AND name LIKE 'guard\\_%' ESCAPE '\\') ORDER BY type, name""")
_FUNCTIONS: Final = text("""
  SELECT p.proname AS name, p.prosrc AS body, p.oid::regprocedure::text AS signature FROM pg_proc p
  WHERE p.pronamespace = current_schema()::regnamespace
    AND (p.proname LIKE 'guard\\_%' OR p.prorettype = 'trigger'::regtype OR p.proname = ANY (:names))
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
  ORDER BY p.proname""")
_TRIGGERS: Final = text("""
  SELECT t.tgname AS name, t.tgenabled IN ('O', 'A') AS is_on, t.tgrelid::regclass::text AS on_table,
    pg_get_triggerdef(t.oid) AS definition
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace ORDER BY t.tgname""")


def install(connection: Connection) -> None:
    """Every guard of the connection's dialect stands as written, and no trigger beside them."""
    remove(connection)
    for script in scripts(connection.dialect.name):
        if connection.dialect.name == "sqlite":
            for statement in statements(script):
                connection.exec_driver_sql(statement)
        else:
            _driver(connection).execute(script)


def remove(connection: Connection) -> None:
    """No guard stands any more, of this version or an older one; numbers go on where they were."""
    for command in _removals(connection):
        connection.exec_driver_sql(command)


def missing(connection: Connection) -> tuple[str, ...]:
    """The names of the guards that are gone, changed, switched off or nobody's; empty when all is right."""
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


def _removals(connection: Connection) -> list[str]:
    if connection.dialect.name == "sqlite":
        return [f"DROP {row.type} {row.name}" for row in connection.execute(_ON_SQLITE)]
    triggers = [f"DROP TRIGGER {row.name} ON {row.on_table}" for row in connection.execute(_TRIGGERS)]
    return triggers + [f"DROP FUNCTION IF EXISTS {row.signature} CASCADE" for row in _functions(connection)]


def _sqlite_differences(connection: Connection) -> Iterator[str]:
    stands = {row.name: _squeezed(row.sql) for row in connection.execute(_ON_SQLITE)}
    for script in scripts("sqlite"):
        for statement in statements(script):
            match = _OBJECT.search(statement)
            if match and stands.pop(match[2], None) != _squeezed(statement):
                yield match[2]
    yield from stands


def _postgresql_differences(connection: Connection) -> Iterator[str]:
    bodies = {row.name: _squeezed(row.body) for row in _functions(connection)}
    rows = connection.execute(_TRIGGERS)
    triggers = {row.name: _trigger(row.definition) if row.is_on else () for row in rows}
    for script in scripts("postgresql"):
        for name, body in _BODY.findall(script):
            if bodies.pop(name, None) != _squeezed(body):
                yield name
        for match in _TRIGGER.finditer(_squeezed(script)):
            if triggers.pop(match["name"], None) != _trigger(match[0]):
                yield match["name"]
    yield from bodies
    yield from triggers


def _trigger(definition: str) -> tuple[str, ...]:
    """What a trigger is, however it is spelt: PostgreSQL gives it back in its own way."""
    match = _TRIGGER.search(_squeezed(definition))
    if match is None:
        return (definition,)  # of a form that no guard has
    events = " ".join(sorted(match["events"].split(" OR ")))
    spelt = re.sub(r"::(character varying|\w+)(\[\])?", "", match["condition"]).lower()
    spelt = re.sub(r"<> all \(+array\[(.*?)\]\)+", r"not in \1", spelt)
    condition = re.sub(r"[()\s]", "", spelt)
    rows = match["rows"] or ""
    return match["when"], events, match["table"], rows, match["each"], condition, match["function"]


def _functions(connection: Connection) -> list[Any]:
    names = [name for script in scripts("postgresql") for name, _ in _BODY.findall(script)]
    return list(connection.execute(_FUNCTIONS, {"names": names}))


def _squeezed(sql: str) -> str:
    return " ".join(sql.replace("IF NOT EXISTS ", "").split()).rstrip("; ")


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
