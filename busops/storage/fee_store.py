"""
What a fee plan rests on beside its price: when a rider joined and left, who agreed to the price, subsidies.

Only ever inserted into; the last row of a rider holds. The guards (``guards/fees_*.sql``) hold that
without this module.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Integer,
    String,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.values import RiderId
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of


class ConsentWay(StrEnum):
    """How a guardian agreed to the price of a term, or that he takes it back."""

    WRITTEN = "WRITTEN"
    ONLINE = "ONLINE"
    WITHDRAWN = "WITHDRAWN"


_WAYS = ", ".join(f"'{way}'" for way in ConsentWay)


class RiderServiceRow(Base):
    """From when to when a rider uses the bus, as somebody wrote it down; empty = from or to any day."""

    __tablename__ = "rider_service"
    __table_args__ = (
        CheckConstraint("made_by <> '' AND note <> ''", name="told"),
        CheckConstraint("joined_on <= left_on", name="order"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    rider_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    joined_on: Mapped[date | None] = mapped_column(Date)
    left_on: Mapped[date | None] = mapped_column(Date)
    note: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PriceConsentRow(Base):
    """A guardian's word on the price of a term; ``note`` is the paper or record that shows it."""

    __tablename__ = "price_consent"
    __table_args__ = (
        CheckConstraint("made_by <> '' AND note <> ''", name="told"),
        CheckConstraint(f"way IN ({_WAYS})", name="way"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    rider_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    term_id: Mapped[str] = mapped_column(String(64))
    way: Mapped[str] = mapped_column(String(16))
    given_on: Mapped[date] = mapped_column(Date)
    note: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SubsidyRow(Base):
    """Money that somebody else gives for the buses, of one rider or for all; undone by its opposite."""

    __tablename__ = "subsidy"
    __table_args__ = (
        UniqueConstraint("school_id", "undoes"),
        ForeignKeyConstraint(["school_id", "undoes"], ["subsidy.school_id", "subsidy.subsidy_id"]),
        CheckConstraint("made_by <> '' AND note <> ''", name="told"),
        CheckConstraint("fen <> 0 AND (fen < 0) = (undoes IS NOT NULL) AND giver <> ''", name="fen"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    subsidy_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    received_on: Mapped[date] = mapped_column(Date)
    rider_id: Mapped[str | None] = mapped_column(String(64))
    fen: Mapped[int] = mapped_column(BigInteger)
    giver: Mapped[str] = mapped_column(Text)
    undoes: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Why something was written down, by whom and when."""

    note: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The days between which a rider uses the bus; None = no such day."""

    rider_id: RiderId
    joined_on: date | None
    left_on: date | None
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceConsent:
    """The last word of a guardian on the price of a term."""

    rider_id: RiderId
    term_id: str
    way: ConsentWay
    given_on: date
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Subsidy:
    """Money of others for the buses, fen; negative = it undoes another."""

    subsidy_id: str
    received_on: date
    fen: int
    giver: str
    told: Told
    rider_id: RiderId | None = None
    undoes: str | None = None


def insert_service(tx: Transaction, item: Service) -> None:
    """From now on these days hold for the rider."""
    table = table_of(RiderServiceRow)
    row = {"joined_on": item.joined_on, "left_on": item.left_on, **_told(item.told)}
    _insert_next(tx, table, item.rider_id, row)


def insert_consents(tx: Transaction, items: Iterable[PriceConsent]) -> None:
    """From now on these words hold for their riders."""
    table = table_of(PriceConsentRow)
    for item in items:
        row = {"term_id": item.term_id, "way": str(item.way), "given_on": item.given_on, **_told(item.told)}
        _insert_next(tx, table, item.rider_id, row)


def insert_subsidy(tx: Transaction, item: Subsidy) -> None:
    """The subsidy is on record; the guard raises IntegrityError where it undoes what it may not."""
    names = ("subsidy_id", "received_on", "rider_id", "fen", "giver", "undoes")
    row = {name: getattr(item, name) for name in names}
    tx.session.execute(insert(table_of(SubsidyRow)), [{"school_id": tx.school_id, **row, **_told(item.told)}])


def load_services(tx: Transaction) -> dict[RiderId, Service]:
    """The days that hold, by rider; who is not named uses the bus all the time."""
    rows = _rows(tx, table_of(RiderServiceRow))
    return {
        RiderId(row.rider_id): Service(
            rider_id=RiderId(row.rider_id), joined_on=row.joined_on, left_on=row.left_on, told=_told_of(row)
        )
        for row in rows
    }


def load_consents(tx: Transaction, term_id: str) -> dict[RiderId, PriceConsent]:
    """The last word of each guardian on the price of this term, by rider."""
    rows = (row for row in _rows(tx, table_of(PriceConsentRow)) if row.term_id == term_id)
    return {
        RiderId(row.rider_id): PriceConsent(
            rider_id=RiderId(row.rider_id), term_id=row.term_id, way=ConsentWay(row.way),
            given_on=row.given_on, told=_told_of(row),
        )
        for row in rows
    }  # fmt: skip


def load_subsidies(tx: Transaction) -> tuple[Subsidy, ...]:
    """Every subsidy and what undid one, in the order of their days."""
    table = table_of(SubsidyRow)
    query = select(table).where(table.c.school_id == tx.school_id)
    query = query.order_by(table.c.received_on, table.c.made_at, table.c.subsidy_id)
    return tuple(
        Subsidy(
            subsidy_id=row.subsidy_id, received_on=row.received_on, fen=row.fen, giver=row.giver,
            rider_id=None if row.rider_id is None else RiderId(row.rider_id), undoes=row.undoes,
            told=_told_of(row),
        )
        for row in tx.session.execute(query)
    )  # fmt: skip


def _insert_next(tx: Transaction, table: Any, rider_id: RiderId, row: dict[str, Any]) -> None:
    mine = (table.c.school_id == tx.school_id) & (table.c.rider_id == rider_id)
    last = tx.session.execute(select(func.max(table.c.number)).where(mine)).scalar() or 0
    known = {"school_id": tx.school_id, "rider_id": rider_id, "number": int(last) + 1}
    tx.session.execute(insert(table), [{**known, **row}])


def _rows(tx: Transaction, table: Any) -> Iterable[Any]:
    """The rows in the order they were written, so that the last one of a rider holds."""
    query = select(table).where(table.c.school_id == tx.school_id)
    return tx.session.execute(query.order_by(table.c.rider_id, table.c.number))


def _told(told: Told) -> dict[str, Any]:
    return {"note": told.note, "made_by": told.by, "made_at": told.at}


def _told_of(row: Any) -> Told:
    return Told(note=row.note, by=row.made_by, at=row.made_at)
