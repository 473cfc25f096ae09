"""
The whole schema: every store's tables and, beside them, the guards in SQL.

The guards hold what must hold even when Python is wrong: a run is closed only when the log
says so, and history is never changed. :func:`guards_intact` says at start-up whether they
still stand as they were written.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, text
from sqlalchemy.orm import configure_mappers

from busops import storage
from busops.storage import guards
from busops.storage.database import NAMING, Base, open_engine

MIGRATIONS: Final = Path(__file__).parent / "migrations"

# What the application's role on PostgreSQL may only read and add to.
APPEND_ONLY: Final = frozenset(
    {
        "allowance", "allowance_verdict", "audit_entry", "claim_proposal", "claim_verdict", "closure",
        "closure_addendum", "closure_amendment", "cost_document", "cost_proposal", "cost_word", "day_mark",
        "defect_clearance", "depreciation_month", "depreciation_plan", "disposal", "fare_receipt",
        "incident", "incident_word", "manifest", "manifest_rider", "match_policy", "match_refusal",
        "match_review", "other_use", "override_record", "override_request", "override_search",
        "override_verdict", "paper_entry", "paper_verdict", "payment_code", "period_statement", "plan_proof",
        "price_consent", "refund", "refund_policy", "refund_step", "rider_service", "rollcall_link",
        "rollcall_mark", "run_decision", "run_device", "run_event", "run_place", "run_stop", "run_tag",
        "safety_policy", "subsidy", "term_goal", "term_goal_consent", "vehicle_defect", "vehicle_secret",
    }
)  # fmt: skip
# What it may change as well, but never delete.
KEPT: Final = frozenset(
    {
        "alarm", "device", "device_keeping", "device_token", "enrolment", "notice", "notice_channel",
        "planning_rule", "quarantine", "rider_card", "run", "run_crew", "term_scheme",
    }
)  # fmt: skip


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
        _copy_of_tables().create_all(connection)
        install_guards(connection)
        MigrationContext.configure(connection).stamp(ScriptDirectory(str(MIGRATIONS)), "head")


def upgrade(url: str, revision: str = "head") -> None:
    """
    The database at ``url`` is at that revision; whenever that took a step, with every guard as written.

    Where nothing was to do, nothing is touched: guards that are gone or changed stay so, and the
    server refuses to start (:func:`guards_intact`) until the operator has looked.
    """
    _migrate(url, command.upgrade, revision)


def downgrade(url: str, revision: str) -> None:
    """The database at ``url`` is back at that revision, for the release that knows it; "base" means empty."""
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
        return _heads(connection) == _newest()


def guards_intact(engine: Engine) -> bool:
    """Whether every guard stands exactly as it was written."""
    return not differing_guards(engine)


def differing_guards(engine: Engine) -> tuple[str, ...]:
    """The names of the guards that are gone, changed, switched off or nobody's; holds up no writer."""
    with engine.execution_options(busops_reads=True).connect() as connection:
        return guards.missing(connection)


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


@contextmanager
def migrating(url: str) -> Iterator[Connection]:
    """
    A connection on which the schema may be changed, in one transaction.

    SQLite changes a table by making it anew; while it does, foreign keys must not follow the old
    one down. They are all checked before the transaction ends.
    """
    engine = open_engine(url, guarded=False)
    is_sqlite = engine.dialect.name == "sqlite"
    try:
        with engine.connect() as connection:
            if is_sqlite:
                cast("Any", connection.connection.driver_connection).execute("PRAGMA foreign_keys=OFF")
            with connection.begin():
                yield connection
                if is_sqlite and (orphans := connection.execute(text("PRAGMA foreign_key_check")).all()):
                    raise RuntimeError(f"the migration left rows without what they name: {orphans[:3]}")
    finally:
        engine.dispose()


@contextmanager
def guarded_anew(connection: Connection) -> Iterator[None]:
    """
    Migrations may run inside: no guard is in their way, and at the newest revision all stand again.

    Nobody else ever sees the database without them, since it is one transaction. When no step was
    taken the guards are as they were, right or wrong.
    """
    before = _heads(connection)
    with connection.begin_nested() as savepoint:
        guards.remove(connection)
        yield
        after = _heads(connection)
        if after == before:
            savepoint.rollback()
        elif after == _newest():
            install_guards(connection)


def _copy_of_tables() -> MetaData:
    """
    The tables, for one creation.

    Where two tables name each other, PostgreSQL gets the key by ALTER, and SQLAlchemy then leaves it
    out of that table for good: a SQLite database made later in the same process would lack it.
    In the order of their names, not in that in which the process happened to import the stores.
    """
    copied = MetaData(naming_convention=NAMING)
    for _, table in sorted(Base.metadata.tables.items()):
        table.to_metadata(copied)
    return copied


def _migrate(url: str, move: Callable[[Config, str], None], revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with migrating(url) as connection:
        if revision == "head" and _heads(connection) == _newest():
            return  # a role that may not change the schema starts a server too
        config.attributes["connection"] = connection
        move(config, revision)


def _heads(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())


def _newest() -> set[str]:
    return set(ScriptDirectory(str(MIGRATIONS)).get_heads())
