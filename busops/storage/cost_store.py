"""
Cost lines: what the service cost, with who entered it. Taken back by a line of the opposite sign.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

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
    or_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.finance.costs import COST_CODES, CostLine
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.ledger_store import LedgerTxnRow
from busops.storage.upsert import table_of

_CODES = ", ".join(f"'{code}'" for code in COST_CODES)


# A cost pays for its own day, or from one day to another.
COVERS: Final = (
    "(covers_from IS NULL) = (covers_to IS NULL) AND (covers_from IS NULL OR covers_from <= covers_to)"
)
_ENTERED: Final = (
    *("code", "fen", "plate", "run", "line", "note", "document", "is_estimate"),
    *("tax_fen", "covers_from", "covers_to"),
)  # fmt: skip


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
        CheckConstraint("abs(tax_fen) <= abs(fen)", name="tax"),
        CheckConstraint(COVERS, name="covers"),
        CheckConstraint("approved_by IS NULL OR approved_by <> made_by", name="two_people"),
        UniqueConstraint("school_id", "replaces"),
        ForeignKeyConstraint(["school_id", "replaces"], ["cost_line.school_id", "cost_line.cost_id"]),
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
    line: Mapped[str] = mapped_column(String(64), server_default="")
    tax_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    covers_from: Mapped[date | None] = mapped_column(Date)
    covers_to: Mapped[date | None] = mapped_column(Date)
    replaces: Mapped[str | None] = mapped_column(String(64))
    approved_by: Mapped[str | None] = mapped_column(String(64))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCost:
    """
    A cost line with its identity, who entered it when, and who agreed where it took two.

    ``reverses`` is the cost it takes back, ``replaces`` the estimate whose bill it is.
    """

    cost_id: str
    line: CostLine
    row_key: str
    txn_id: str
    made_by: str
    made_at: datetime
    reverses: str | None = None
    replaces: str | None = None
    approved_by: str | None = None


def insert_costs(tx: Transaction, costs: Iterable[StoredCost]) -> None:
    """The lines stand, for ever."""
    rows = [
        {"school_id": tx.school_id, **columns_of(cost.line), **{name: getattr(cost, name) for name in _OWN}}
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
    """The lines that the days named count, by their own day or what they cover, by day, code and key."""
    table = table_of(CostLineRow)
    query = select(table).where(table.c.school_id == tx.school_id)
    if from_on is not None:
        query = query.where(or_(table.c.cost_on >= from_on, table.c.covers_to >= from_on))
    if to_on is not None:
        query = query.where(or_(table.c.cost_on <= to_on, table.c.covers_from <= to_on))
    rows = tx.session.execute(query.order_by(table.c.cost_on, table.c.code, table.c.row_key))
    return tuple(_stored(row) for row in rows)


def load_cost(tx: Transaction, cost_id: str) -> StoredCost:
    """One cost; raises NotFound."""
    table = table_of(CostLineRow)
    query = select(table).where(table.c.school_id == tx.school_id, table.c.cost_id == cost_id)
    row = tx.session.execute(query).first()
    if row is None:
        raise NotFound("cost_not_found", cost_id=cost_id)
    return _stored(row)


def periods_of(tx: Transaction) -> dict[str, str]:
    """The month in which each cost was booked, by the cost's id."""
    table, txn = table_of(CostLineRow), table_of(LedgerTxnRow)
    query = (
        select(table.c.cost_id, txn.c.period)
        .join(txn, (txn.c.school_id == table.c.school_id) & (txn.c.txn_id == table.c.txn_id))
        .where(table.c.school_id == tx.school_id)
    )
    return {row.cost_id: row.period for row in tx.session.execute(query)}


def undone_by(tx: Transaction, cost_id: str) -> str | None:
    """The cost that takes this one back, if one does."""
    table = table_of(CostLineRow)
    query = select(table.c.cost_id).where(table.c.school_id == tx.school_id, table.c.reverses == cost_id)
    return tx.session.execute(query).scalar()


def columns_of(line: CostLine) -> dict[str, Any]:
    """The columns that say what was entered."""
    return {"cost_on": line.on, **{name: getattr(line, name) for name in _ENTERED}}


def line_of(row: Any) -> CostLine:
    """What a row with those columns says."""
    return CostLine(on=row.cost_on, **{name: getattr(row, name) for name in _ENTERED})


_OWN = ("cost_id", "row_key", "txn_id", "made_by", "made_at", "reverses", "replaces", "approved_by")


def _stored(row: Any) -> StoredCost:
    return StoredCost(line=line_of(row), **{name: getattr(row, name) for name in _OWN})
