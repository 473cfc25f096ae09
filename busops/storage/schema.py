"""
The whole schema: every store's tables and, beside them, the guards in SQL.

The guards hold what must hold even when Python is wrong: a run is closed only when the log
says so, and history is never changed. :func:`guards_intact` says at start-up whether they
still stand as they were written.
"""

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import configure_mappers

from busops import storage
from busops.storage import guards
from busops.storage.database import Base, open_engine

MIGRATIONS: Final = Path(__file__).parent / "migrations"

# What the application's role on PostgreSQL may only read and add to.
APPEND_ONLY: Final = frozenset(
    {
        "audit_entry", "closure", "closure_addendum", "manifest", "manifest_rider", "run_decision",
        "run_device", "run_event", "run_stop", "run_tag",
    }
)  # fmt: skip
# What it may change as well, but never delete.
KEPT: Final = frozenset({"alarm", "quarantine", "run", "run_crew"})


def load_tables() -> None:
    """Every store is imported, so that its tables are known and ready."""
    for module in pkgutil.iter_modules(storage.__path__):
        if module.name.endswith(("_store", "_tables")):
            importlib.import_module(f"{storage.__name__}.{module.name}")
    configure_mappers()  # now, not at the first query, which may come in two threads at once


def create_all(engine: Engine) -> None:
    """Every table and guard stands in the database behind ``engine``."""
    load_tables()
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        install_guards(connection)
        MigrationContext.configure(connection).stamp(ScriptDirectory(str(MIGRATIONS)), "head")


def upgrade(url: str, revision: str = "head") -> None:
    """The database at ``url`` is at that revision; guards that stand already are left as they are."""
    _migrate(url, command.upgrade, revision)


def downgrade(url: str, revision: str) -> None:
    """The database at ``url`` is back at that revision; "base" means empty."""
    _migrate(url, command.downgrade, revision)


def install_guards(connection: Connection) -> None:
    """The guards of the dialect stand, replacing those of the same name."""
    guards.install(connection)


def restore_guards(url: str) -> None:
    """
    Every guard of the database at ``url`` stands as it is written now.

    An act of the operator after an update; a server never does it by itself, because a guard
    that is gone is a sign that somebody was at the database.
    """
    engine = open_engine(url, guarded=False)
    try:
        with engine.begin() as connection:
            if guards.missing(connection):
                install_guards(connection)
    finally:
        engine.dispose()


def at_head(engine: Engine) -> bool:
    """Whether every migration has run."""
    with engine.connect() as connection:
        stands_at = MigrationContext.configure(connection).get_current_heads()
    return set(stands_at) == set(ScriptDirectory(str(MIGRATIONS)).get_heads())


def guards_intact(engine: Engine) -> bool:
    """Whether every guard stands exactly as it was written."""
    with engine.connect() as connection:
        return not guards.missing(connection)


def grant_application(connection: Connection, role: str) -> None:
    """
    The PostgreSQL role may do what the application does, and no more.

    It owns nothing, makes no temporary tables (they could stand in for real ones) and can
    neither change nor delete history. Run by the owner of the tables.
    """
    load_tables()
    quote = connection.dialect.identifier_preparer.quote
    name, database = quote(role), quote(str(connection.scalar(text("SELECT current_database()"))))
    connection.execute(text(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC"))
    connection.execute(text(f"GRANT CONNECT ON DATABASE {database} TO {name}"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {name}"))
    connection.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}"))
    connection.execute(text(f"GRANT SELECT ON alembic_version TO {name}"))
    for table in sorted(Base.metadata.tables):
        rights = "SELECT, INSERT"
        if table not in APPEND_ONLY:
            rights += ", UPDATE" if table in KEPT else ", UPDATE, DELETE"
        connection.execute(text(f"GRANT {rights} ON {quote(table)} TO {name}"))


def _migrate(url: str, move: Callable[[Config, str], None], revision: str) -> None:
    engine = open_engine(url, guarded=False)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            move(config, revision)
    finally:
        engine.dispose()
