"""
Periods: a month is open, then signed once (soft closed), then signed by a second person and closed.

A closed month stays closed. What it said when it was signed is kept whole, and so is what people
said of the differences they left in it. The guards (``guards/ledger_*.sql``) hold that without Python.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    String,
    Text,
    insert,
    select,
)
from sqlalchemy import update as update_rows
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import Conflict, NotFound, Refused
from busops.domain.people import BOOKKEEPERS
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.people_store import UserRow
from busops.storage.upsert import table_of


class PeriodState(StrEnum):
    """Who may still book in a period: everybody, the bookkeepers, nobody."""

    OPEN = "open"
    SOFT_CLOSED = "soft_closed"
    CLOSED = "closed"


class PeriodRow(Base):
    """An accounting period; ``digest`` is that of the statement it was signed with."""

    __tablename__ = "period"
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    period: Mapped[str] = mapped_column(String(16), primary_key=True)
    locked: Mapped[bool] = mapped_column(Boolean)
    digest: Mapped[str] = mapped_column(String(64))
    locked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    locked_by: Mapped[str] = mapped_column(Text)
    prepared_by: Mapped[str] = mapped_column(String(64), server_default="")
    prepared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PeriodStatementRow(Base):
    """What a period said when it was signed, under the digest of these very bytes."""

    __tablename__ = "period_statement"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "period"], ["period.school_id", "period.period"]),
        CheckConstraint("length(digest) = 64 AND content <> ''", name="digest"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    period: Mapped[str] = mapped_column(String(16), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[str] = mapped_column(Text)


class DisposalRow(Base):
    """What a person said of a difference as it stood; a difference that changes is asked for anew."""

    __tablename__ = "disposal"
    __table_args__ = (CheckConstraint("made_by <> '' AND note <> ''", name="told"),)
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    period: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[str] = mapped_column(String(200), primary_key=True)
    state: Mapped[str] = mapped_column(String(64), primary_key=True)
    note: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A period as it stands, with both signatures as far as they are given."""

    period: str
    locked: bool
    digest: str = ""
    locked_at: datetime | None = None
    locked_by: str = ""
    prepared_by: str = ""
    prepared_at: datetime | None = None

    @property
    def state(self) -> PeriodState:
        """Who may still book in it."""
        if self.locked:
            return PeriodState.CLOSED
        return PeriodState.SOFT_CLOSED if self.prepared_by else PeriodState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposal:
    """What was said of one difference (``subject``) as it stood (``state``)."""

    subject: str
    state: str
    note: str
    made_by: str
    made_at: datetime


def load_periods(tx: Transaction) -> tuple[Period, ...]:
    """Every period that was booked in, oldest first."""
    table = table_of(PeriodRow)
    rows = tx.session.execute(select(table).where(table.c.school_id == tx.school_id).order_by(table.c.period))
    names = tuple(Period.__dataclass_fields__)
    return tuple(Period(**{name: getattr(row, name) for name in names}) for row in rows)


def is_open_to(tx: Transaction, period: str, by: str) -> bool:
    """Whether ``by`` may still book in the period: once it is soft closed only a bookkeeper may."""
    found = {item.period: item.state for item in load_periods(tx)}.get(period, PeriodState.OPEN)
    if found is PeriodState.SOFT_CLOSED:
        table = table_of(UserRow)
        mine = (table.c.school_id == tx.school_id) & (table.c.user_id == by)
        return tx.session.execute(select(table.c.role).where(mine)).scalar() in BOOKKEEPERS
    return found is PeriodState.OPEN


def open_periods(tx: Transaction, wanted: set[str]) -> None:
    """The periods are there and none is closed; raises Refused for one that is."""
    known = {item.period: item.locked for item in load_periods(tx)}
    for period in sorted(wanted):
        if known.get(period):
            raise Refused("period_locked", period=period)
    fresh = [
        {"school_id": tx.school_id, "period": period, "locked": False, "digest": "", "locked_by": ""}
        for period in sorted(wanted - known.keys())
    ]
    if fresh:
        tx.session.execute(insert(table_of(PeriodRow)), fresh)


def prepare_period(tx: Transaction, period: str, *, digest: str, content: str, by: str, at: datetime) -> None:
    """The first signature stands under what the period says; raises Refused when it is closed."""
    open_periods(tx, {period})
    statement = table_of(PeriodStatementRow)
    key = {"school_id": tx.school_id, "period": period, "digest": digest}
    known = select(statement.c.digest).filter_by(**key)
    if tx.session.execute(known).first() is None:
        tx.session.execute(insert(statement), [{**key, "content": content}])
    table = table_of(PeriodRow)
    mine = (table.c.school_id == tx.school_id) & (table.c.period == period)
    tx.session.execute(update_rows(table).where(mine).values(digest=digest, prepared_by=by, prepared_at=at))


def lock_period(tx: Transaction, period: str, *, by: str, at: datetime) -> None:
    """The second signature closes the period for ever; raises Conflict when it was closed before."""
    known = {item.period: item.locked for item in load_periods(tx)}
    if known.get(period):
        raise Conflict("period_locked_before", period=period)
    table = table_of(PeriodRow)
    mine = (table.c.school_id == tx.school_id) & (table.c.period == period)
    tx.session.execute(update_rows(table).where(mine).values(locked=True, locked_by=by, locked_at=at))


def load_statement(tx: Transaction, period: str, digest: str) -> str:
    """What the period said when it was signed with this digest; raises NotFound."""
    table = table_of(PeriodStatementRow)
    query = select(table.c.content).where(
        table.c.school_id == tx.school_id, table.c.period == period, table.c.digest == digest
    )
    content = tx.session.execute(query).scalar()
    if content is None:
        raise NotFound("period_statement_missing", period=period)
    return str(content)


def insert_disposals(tx: Transaction, period: str, disposals: Iterable[Disposal]) -> None:
    """What was said of these differences is on record."""
    names = tuple(Disposal.__dataclass_fields__)
    rows = [
        {"school_id": tx.school_id, "period": period, **{name: getattr(one, name) for name in names}}
        for one in disposals
    ]
    if rows:
        tx.session.execute(insert(table_of(DisposalRow)), rows)


def load_disposals(tx: Transaction, period: str) -> tuple[Disposal, ...]:
    """What was said of differences of the period, by subject."""
    table = table_of(DisposalRow)
    query = select(table).where(table.c.school_id == tx.school_id, table.c.period == period)
    names = tuple(Disposal.__dataclass_fields__)
    rows = tx.session.execute(query.order_by(table.c.subject, table.c.state))
    return tuple(Disposal(**{name: getattr(row, name) for name in names}) for row in rows)
