"""
Charges in their revisions: what each rider owes for each unit, as it stands and as it stood.

A charge is never changed. A new revision takes its place; one with nothing due takes it back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from sys import intern
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    exists,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.values import RiderId
from busops.finance.charging import Charge
from busops.finance.tariff import FareUnit
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of


class ChargeRow(Base):
    """One revision of what one rider owes for one unit."""

    __tablename__ = "charge"
    __table_args__ = (
        UniqueConstraint("school_id", "rider_id", "unit_key", "revision"),
        ForeignKeyConstraint(["school_id", "txn_id"], ["ledger_txn.school_id", "ledger_txn.txn_id"]),
        CheckConstraint("list_fen >= waived_fen AND waived_fen >= 0", name="waived"),
        CheckConstraint("revision >= 1", name="revision"),
        Index("ix_charge_begins", "school_id", "unit", "from_on"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    charge_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    rider_id: Mapped[str] = mapped_column(String(64))
    unit_key: Mapped[str] = mapped_column(String(64))
    revision: Mapped[int] = mapped_column(Integer)
    unit: Mapped[str] = mapped_column(String(16))
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date] = mapped_column(Date)
    band: Mapped[str] = mapped_column(String(32))
    list_fen: Mapped[int] = mapped_column(BigInteger)
    waived_fen: Mapped[int] = mapped_column(BigInteger)
    basis: Mapped[str] = mapped_column(Text)
    txn_id: Mapped[str | None] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    price_fen: Mapped[int | None] = mapped_column(BigInteger)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCharge:
    """A charge as it stands, its revision and the transaction it was booked with (None = nothing due)."""

    charge_id: str
    revision: int
    charge: Charge
    txn_id: str | None


def insert_charges(tx: Transaction, charges: Iterable[StoredCharge], *, made_at: datetime) -> None:
    """The revisions stand; those before them stay on record."""
    rows = [
        {
            "school_id": tx.school_id,
            "charge_id": stored.charge_id,
            "revision": stored.revision,
            "txn_id": stored.txn_id,
            "made_at": made_at,
            "unit": str(stored.charge.unit),
            **{name: getattr(stored.charge, name) for name in _PLAIN},
        }
        for stored in charges
    ]
    if rows:
        tx.session.execute(insert(table_of(ChargeRow)), rows)


def load_charges(
    tx: Transaction, *, from_on: date | None = None, to_on: date | None = None, rider_id: str | None = None
) -> tuple[StoredCharge, ...]:
    """The charges as they stand whose time touches the days named, by rider and unit."""
    table = table_of(ChargeRow)
    query = select(table).where(table.c.school_id == tx.school_id, ~superseded())
    if from_on is not None:
        query = query.where(table.c.to_on >= from_on)
    if to_on is not None:
        query = query.where(table.c.from_on <= to_on)
    if rider_id is not None:
        query = query.where(table.c.rider_id == rider_id)
    rows = tx.session.execute(query.order_by(table.c.rider_id, table.c.unit_key))
    return tuple(_stored(row) for row in rows)


def superseded() -> ColumnElement[bool]:
    """That a later revision stands in a charge's place."""
    charge, later = table_of(ChargeRow).c, table_of(ChargeRow).alias("later")
    return exists(later.c.revision).where(
        later.c.school_id == charge.school_id,
        later.c.rider_id == charge.rider_id,
        later.c.unit_key == charge.unit_key,
        later.c.revision > charge.revision,
    )


_PLAIN = ("rider_id", "unit_key", "from_on", "to_on", "band", "list_fen", "waived_fen", "basis", "price_fen")


def _stored(row: Any) -> StoredCharge:
    charge = Charge(
        rider_id=RiderId(intern(row.rider_id)),
        unit=FareUnit(row.unit),
        unit_key=intern(row.unit_key),
        from_on=row.from_on,
        to_on=row.to_on,
        band=intern(row.band),
        list_fen=row.list_fen,
        waived_fen=row.waived_fen,
        price_fen=row.price_fen,
        basis=row.basis,
    )
    return StoredCharge(charge_id=row.charge_id, revision=row.revision, charge=charge, txn_id=row.txn_id)
