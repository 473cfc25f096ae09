"""
The database: one engine, its settings by dialect and version, and the only place that commits.

Every write runs in :meth:`Database.transaction`, which takes SQLite's write lock at once
(``BEGIN IMMEDIATE``): a deferred transaction that later writes fails with "database is
locked" whatever the timeout. Tables belong to the stores; this module owns none.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    DateTime,
    Engine,
    MetaData,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.engine import URL, Connection
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import Table
from sqlalchemy.types import Boolean, String, Text, TypeDecorator

BUSY_TIMEOUT_MS: Final = 2000
# On PostgreSQL nobody waits for ever: for a connection, for somebody's lock, for an answer, for a client.
CONNECT_TIMEOUT_S: Final = 3
IDLE_S: Final = (
    1.0  # a connection that was used this long ago is asked whether it still lives before it is used
)
POSTGRESQL_WAITS: Final = {
    "lock_timeout": "2s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "120s",
}
# Another transaction was in the way and this one is undone as a whole: serialization, deadlock, lock.
PASSING: Final = frozenset({"40001", "40P01", "55P03"})
DISK_FULL: Final = frozenset({"53100", "SQLITE_FULL"})
# WAL-reset corruption: fixed in 3.51.3 and in these backports (reliability notes §0.1).
WAL_FIXED: Final = ((3, 44, 6), (3, 50, 7), (3, 51, 3))
NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[Any]):
    """An aware UTC moment: text in ISO form on SQLite, timestamptz on PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(_IsoText() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value


class _IsoText(TypeDecorator[Any]):
    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else value.astimezone(UTC).isoformat(timespec="milliseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else datetime.fromisoformat(value)


class Base(DeclarativeBase):
    """The one declarative base; every store derives its tables from it."""

    metadata = MetaData(naming_convention=NAMING)


@compiles(String, "sqlite")
@compiles(Text, "sqlite")
@compiles(Date, "sqlite")
@compiles(JSON, "sqlite")
def _text_on_sqlite(_type: Any, _compiler: Any, **_: Any) -> str:
    return "TEXT"


@compiles(BigInteger, "sqlite")
@compiles(Boolean, "sqlite")
def _integer_on_sqlite(_type: Any, _compiler: Any, **_: Any) -> str:
    return "INTEGER"


@event.listens_for(Table, "after_parent_attach")
def _strict_on_sqlite(table: Table, _parent: Any) -> None:
    table.dialect_options["sqlite"]["strict"] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """An open unit of work in one school; stores take it, nobody commits it but the database."""

    session: Session
    school_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One school's database: how to read it and how to change it."""

    engine: Engine
    school_id: str
    # How it is read: what an engine is told beyond itself costs as much as a short statement.
    _reads: Engine = field(init=False, repr=False, compare=False)
    _asks: Engine = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        is_alone = self.engine.dialect.name == "postgresql" and not _is_lent(self.engine)
        alone = {"isolation_level": "AUTOCOMMIT"} if is_alone else {}
        object.__setattr__(self, "_reads", self.engine.execution_options(busops_reads=True))
        object.__setattr__(self, "_asks", self.engine.execution_options(busops_reads=True, **alone))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A writing transaction: committed when the block ends well, rolled back when it raises."""
        with _turn(self.engine), _open(self.engine) as session:
            try:
                yield Transaction(session=session, school_id=self.school_id)
                session.commit()
                _committed.set(_committed.get() + 1)
            except BaseException:
                session.rollback()
                raise

    @contextmanager
    def reading(self, *, once: bool = False) -> Iterator[Transaction]:
        """
        A reading transaction: sees one state, keeps nothing.

        ``once`` is for whoever asks a single question: on PostgreSQL it needs no beginning and no end.
        """
        with _open(self._asks if once else self._reads) as session:
            try:
                yield Transaction(session=session, school_id=self.school_id)
            finally:
                session.rollback()


def _is_lent(engine: object) -> bool:
    """Whether a connection stands in an engine's place: it is inside a transaction already."""
    return isinstance(engine, Connection)


def open_engine(url: str, *, guarded: bool = True) -> Engine:
    """
    An engine with every safety setting of its dialect.

    ``guarded`` engines refuse DROP, ALTER, ATTACH and dangerous PRAGMAs on SQLite; only
    migrations open an unguarded one. On PostgreSQL the application's role does that.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        waits = engine_options(parsed) if guarded else {}
        engine = create_engine(parsed.set(drivername="postgresql+psycopg"), **waits)
        prepare_engine(engine)
        return engine
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed)
    prepare_engine(engine, guarded=guarded)
    return engine


def engine_options(url: URL) -> dict[str, Any]:
    """
    What an application's engine is made with: on PostgreSQL a time for everything that can hang.

    A migration may take its time; whoever answers people may not.
    """
    if url.get_backend_name() != "postgresql":
        return {}
    options = " ".join(f"-c {name}={value}" for name, value in POSTGRESQL_WAITS.items())
    return {"connect_args": {"connect_timeout": CONNECT_TIMEOUT_S, "options": options}}


def commits() -> int:
    """How many writing transactions have been committed in this context so far."""
    return _committed.get()


def is_passing(error: Exception) -> bool:
    """Whether the same work may succeed at once: somebody else's transaction was in the way of this one."""
    return isinstance(error, DBAPIError) and _state_of(error) in PASSING


def is_full(error: Exception) -> bool:
    """Whether there is no room left to write."""
    return isinstance(error, DBAPIError) and _state_of(error) in DISK_FULL


def prepare_engine(engine: Engine, *, guarded: bool = True) -> None:
    """Sets the listeners that make every connection of ``engine`` safe."""
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, guarded=guarded)
    else:
        _prepare_postgresql(engine)


def _prepare_postgresql(engine: Engine) -> None:
    """A connection that a stopped server left behind is noticed before it is used, after a pause."""

    @event.listens_for(engine, "checkin")
    def _used(_connection: Any, entry: ConnectionPoolEntry) -> None:
        entry.info["used_s"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ask(connection: Any, entry: ConnectionPoolEntry, _proxy: Any) -> None:
        now_s = time.monotonic()
        if now_s - entry.info.get("used_s", now_s) < IDLE_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except Exception as error:
            raise InvalidatePoolError from error  # the pool opens others


def _prepare_sqlite(engine: Engine, *, guarded: bool) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        for pragma in (
            f"journal_mode={sqlite_journal_mode()}",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "trusted_schema=OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")
        if guarded:
            connection.set_authorizer(_authorize)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("busops_reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def sqlite_journal_mode(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> str:
    """WAL only where SQLite's WAL-reset corruption is fixed, else TRUNCATE (slower, safe)."""
    fixed = any(version[:2] == release[:2] and version >= release for release in WAL_FIXED)
    return "WAL" if fixed or version >= max(WAL_FIXED) else "TRUNCATE"


def describe(database: Database) -> dict[str, str]:
    """What the health page says of the database: dialect, version, journal mode and why."""
    with database.reading() as tx:
        if database.engine.dialect.name == "sqlite":
            mode = str(tx.session.execute(text("PRAGMA journal_mode")).scalar())
            return {"dialect": "sqlite", "version": sqlite3.sqlite_version, "journal_mode": mode.upper()}
        version = str(tx.session.execute(text("SHOW server_version")).scalar())
        return {"dialect": "postgresql", "version": version, "journal_mode": "-"}


_committed: ContextVar[int] = ContextVar("committed", default=0)


def _state_of(error: DBAPIError) -> str:
    """The database's own code for what happened."""
    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
    return str(code or "")


_turns: Final[WeakKeyDictionary[Engine, threading.Lock]] = WeakKeyDictionary()
_turns_made: Final = threading.Lock()


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """
    On SQLite the threads of this process write in turn, as long as one would wait for the database anyway.

    SQLite lets a writer who finds it locked sleep and look again, up to a tenth of a second each time,
    while nobody works. Who waits here goes on the moment the one before is done. Other processes are
    still waited for by SQLite; whoever gets no turn in time asks it all the same, and is told it is busy.
    """
    if engine.dialect.name != "sqlite":
        yield
        return
    with _turns_made:
        turn = _turns.setdefault(engine, threading.Lock())
    is_mine = turn.acquire(timeout=BUSY_TIMEOUT_MS / 1000)
    try:
        yield
    finally:
        if is_mine:
            turn.release()


@contextmanager
def _open(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session


_DDL: Final = frozenset(
    code
    for name, code in vars(sqlite3).items()
    if name.startswith(("SQLITE_CREATE_", "SQLITE_DROP_", "SQLITE_ALTER_"))
) | {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH}
_PRAGMAS: Final = frozenset(
    {"writable_schema", "ignore_check_constraints", "foreign_keys", "defer_foreign_keys"}
)


def _authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action in _DDL:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and first in _PRAGMAS and second is not None:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
