"""
What a database says of itself: how it keeps what is written, and what the role that asks may do.

Read only, and nothing is tried out: SQLite explains what it would do, PostgreSQL names its rights.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

SYNCHRONOUS: Final = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
_ROLE: Final = text("""
  SELECT current_user AS name, r.rolsuper AS is_superuser, r.rolbypassrls AS bypasses_rls,
    EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
      AND c.relkind IN ('r', 'p') AND pg_has_role(r.oid, c.relowner, 'MEMBER')) AS owns_tables,
    has_parameter_privilege('session_replication_role', 'SET') AS may_skip_triggers
  FROM pg_roles r WHERE r.rolname = current_user""")
_PROMISES: Final = ("fsync", "synchronous_commit", "full_page_writes", "default_transaction_isolation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """The PostgreSQL role that serves, and what it could do besides."""

    name: str
    is_superuser: bool
    bypasses_rls: bool
    owns_tables: bool
    may_skip_triggers: bool

    @property
    def powers(self) -> tuple[str, ...]:
        """The names of the rights that it should not have."""
        named = {
            "superuser": self.is_superuser,
            "bypass_rls": self.bypasses_rls,
            "owner": self.owns_tables,
            "skip_triggers": self.may_skip_triggers,
        }
        return tuple(name for name, has in named.items() if has)


def sqlite_promises(engine: Engine) -> tuple[str, str]:
    """Journal mode and synchronisation of the connections that pages use."""
    with engine.execution_options(busops_reads=True).connect() as connection:
        mode = str(connection.scalar(text("PRAGMA journal_mode"))).upper()
        level = connection.scalar(text("PRAGMA synchronous"))
    return mode, SYNCHRONOUS.get(int(level or 0), str(level))


def may_change_schema(engine: Engine) -> bool:
    """Whether a connection of the pages could drop a table of SQLite; asked by EXPLAIN, nothing happens."""
    with engine.execution_options(busops_reads=True).connect() as connection:
        try:
            connection.execute(text("EXPLAIN DROP TABLE alembic_version")).all()
        except DatabaseError:
            return False
    return True


def postgresql_promises(engine: Engine) -> dict[str, str]:
    """The server's settings that what was promised hangs on."""
    with engine.connect() as connection:
        return {name: str(connection.scalar(text(f"SHOW {name}"))) for name in _PROMISES}


def postgresql_role(engine: Engine) -> Role:
    """The role of this connection and its rights."""
    with engine.connect() as connection:
        row = connection.execute(_ROLE).one()
    return Role(**row._mapping)


def database_clock(engine: Engine) -> datetime | None:
    """What time PostgreSQL thinks it is; SQLite has this machine's clock."""
    if engine.dialect.name == "sqlite":
        return None
    with engine.connect() as connection:
        found: datetime | None = connection.scalar(text("SELECT clock_timestamp()"))
    return found
