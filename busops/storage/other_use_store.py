"""
Trips of the school's buses for others than pupils, as the bus team logged them.

Only ever inserted into: a wrong entry is taken back by a row that names it, while its month is unsigned.
What was driven in a month that was signed counts on the first day of the next open one, so that what was
signed stays as it was.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Integer,
    String,
    Text,
    UniqueConstraint,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.finance.cost_shares import OtherUse
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of


class OtherUseRow(Base):
    """One trip for others, or the row that takes one back."""

    __tablename__ = "other_use"
    __table_args__ = (
        UniqueConstraint("school_id", "undoes"),
        ForeignKeyConstraint(["school_id", "undoes"], ["other_use.school_id", "other_use.use_id"]),
        CheckConstraint("plate <> '' AND purpose <> '' AND made_by <> ''", name="told"),
        CheckConstraint("distance_m > 0 AND duration_s > 0", name="driven"),
        CheckConstraint("counts_on >= driven_on", name="counts"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    use_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    driven_on: Mapped[date] = mapped_column(Date)
    counts_on: Mapped[date] = mapped_column(Date)
    plate: Mapped[str] = mapped_column(String(32))
    distance_m: Mapped[int] = mapped_column(Integer)
    duration_s: Mapped[int] = mapped_column(Integer)
    purpose: Mapped[str] = mapped_column(Text)
    undoes: Mapped[str | None] = mapped_column(String(64))
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredUse:
    """A trip for others as logged; it was driven on one day and counts on that day or a later one."""

    use: OtherUse
    driven_on: date
    purpose: str
    made_by: str
    made_at: datetime
    undoes: str | None = None


def insert_uses(tx: Transaction, uses: Iterable[StoredUse]) -> None:
    """They are on record."""
    rows = [
        {
            "school_id": tx.school_id,
            "use_id": item.use.use_id,
            "driven_on": item.driven_on,
            "counts_on": item.use.on,
            "plate": item.use.plate,
            "distance_m": item.use.distance_m,
            "duration_s": item.use.duration_s,
            "purpose": item.purpose,
            "undoes": item.undoes,
            "made_by": item.made_by,
            "made_at": item.made_at,
        }
        for item in uses
    ]
    if rows:
        tx.session.execute(insert(table_of(OtherUseRow)), rows)


def load_log(tx: Transaction) -> tuple[StoredUse, ...]:
    """Everything that was logged, the latest trip first."""
    table = table_of(OtherUseRow)
    query = select(table).where(table.c.school_id == tx.school_id)
    rows = tx.session.execute(query.order_by(table.c.driven_on.desc(), table.c.use_id))
    return tuple(_stored(row) for row in rows)


def load_use(tx: Transaction, use_id: str) -> StoredUse:
    """One entry; raises NotFound."""
    table = table_of(OtherUseRow)
    query = select(table).where(table.c.school_id == tx.school_id, table.c.use_id == use_id)
    row = tx.session.execute(query).first()
    if row is None:
        raise NotFound("other_use_not_found", use_id=use_id)
    return _stored(row)


def load_uses(tx: Transaction, first: date, last: date) -> tuple[OtherUse, ...]:
    """The trips that these days count, by day; those that were taken back count no more."""
    table = table_of(OtherUseRow)
    query = select(table).where(
        table.c.school_id == tx.school_id, table.c.counts_on >= first, table.c.counts_on <= last
    )
    rows = list(tx.session.execute(query.order_by(table.c.counts_on, table.c.use_id)))
    gone = {row.undoes for row in rows if row.undoes is not None}
    return tuple(_use(row) for row in rows if row.undoes is None and row.use_id not in gone)


def _use(row: Any) -> OtherUse:
    return OtherUse(
        use_id=row.use_id,
        plate=row.plate,
        on=row.counts_on,
        distance_m=row.distance_m,
        duration_s=row.duration_s,
    )


def _stored(row: Any) -> StoredUse:
    return StoredUse(
        use=_use(row),
        driven_on=row.driven_on,
        purpose=row.purpose,
        made_by=row.made_by,
        made_at=row.made_at,
        undoes=row.undoes,
    )
