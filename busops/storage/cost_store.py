"""
Cost lines: what the service cost, with who entered it. Taken back by a line of the opposite sign.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.finance.costs import COST_CODES, CostLine
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of

_CODES = ", ".join(f"'{code}'" for code in COST_CODES)


class CostLineRow(Base):
    """One cost; ``row_key`` is the same for the same line of the same sheet."""

    __tablename__ = "cost_line"
    __table_args__ = (
        UniqueConstraint("school_id", "row_key"),
        UniqueConstraint("school_id", "reverses"),
        ForeignKeyConstraint(["school_id", "reverses"], ["cost_line.school_id", "cost_line.cost_id"]),
        ForeignKeyConstraint(["school_id", "txn_id"], ["ledger_txn.school_id", "ledger_txn.txn_id"]),
        CheckConstraint(f"code IN ({_CODES})", name="code"),
        CheckConstraint("fen <> 0", name="fen"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    cost_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    on: Mapped[date] = mapped_column("cost_on", Date)
    code: Mapped[str] = mapped_column(String(8))
    fen: Mapped[int] = mapped_column(BigInteger)
    plate: Mapped[str] = mapped_column(String(32))
    run: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(String(128))
    is_estimate: Mapped[bool] = mapped_column(Boolean)
    row_key: Mapped[str] = mapped_column(String(64))
    reverses: Mapped[str | None] = mapped_column(String(64))
    txn_id: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCost:
    """A cost line with its identity, and who entered it when."""

    cost_id: str
    line: CostLine
    row_key: str
    txn_id: str
    made_by: str
    made_at: datetime
    reverses: str | None = None


def insert_costs(tx: Transaction, costs: Iterable[StoredCost]) -> None:
    """The lines stand, for ever."""
    names = ("code", "fen", "plate", "run", "note", "document", "is_estimate")
    rows = [
        {
            "school_id": tx.school_id,
            "cost_on": cost.line.on,
            **{name: getattr(cost.line, name) for name in names},
            **{name: getattr(cost, name) for name in _OWN},
        }
        for cost in costs
    ]
    if rows:
        tx.session.execute(insert(table_of(CostLineRow)), rows)


def known_row_keys(tx: Transaction) -> frozenset[str]:
    """The keys of every line on record."""
    table = table_of(CostLineRow)
    return frozenset(tx.session.scalars(select(table.c.row_key).where(table.c.school_id == tx.school_id)))


def load_costs(
    tx: Transaction, *, from_on: date | None = None, to_on: date | None = None
) -> tuple[StoredCost, ...]:
    """The lines of the days named, by day, code and key."""
    table = table_of(CostLineRow)
    query = select(table).where(table.c.school_id == tx.school_id)
    if from_on is not None:
        query = query.where(table.c.cost_on >= from_on)
    if to_on is not None:
        query = query.where(table.c.cost_on <= to_on)
    rows = tx.session.execute(query.order_by(table.c.cost_on, table.c.code, table.c.row_key))
    return tuple(_stored(row) for row in rows)


_OWN = ("cost_id", "row_key", "txn_id", "made_by", "made_at", "reverses")


def _stored(row: Any) -> StoredCost:
    line = CostLine(
        on=row.cost_on,
        code=row.code,
        fen=row.fen,
        plate=row.plate,
        run=row.run,
        note=row.note,
        document=row.document,
        is_estimate=row.is_estimate,
    )
    return StoredCost(line=line, **{name: getattr(row, name) for name in _OWN})
