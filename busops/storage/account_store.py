"""
A rider's account beside charges and payments: allowances with both words on them, and numbered receipts.

Only ever inserted into. The guards (``guards/accounts_*.sql``) hold two people on an allowance, and
receipts numbered without a gap, void only by their opposite.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
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

from busops.domain.errors import NotFound
from busops.domain.values import RiderId
from busops.finance.allowances import Allowance, AllowanceKind, AllowanceState
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of

_KINDS = ", ".join(f"'{kind}'" for kind in AllowanceKind)


class AllowanceRow(Base):
    """Something off a charge, as it was proposed."""

    __tablename__ = "allowance"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        CheckConstraint("fen > 0", name="fen"),
        CheckConstraint("proposed_by <> '' AND note <> ''", name="told"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    allowance_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    rider_id: Mapped[str] = mapped_column(String(64))
    unit_key: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    fen: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[str] = mapped_column(String(64))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AllowanceVerdictRow(Base):
    """The second person's word on it; agreed to with the transaction that booked it."""

    __tablename__ = "allowance_verdict"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "allowance_id"], ["allowance.school_id", "allowance.allowance_id"]
        ),
        ForeignKeyConstraint(["school_id", "txn_id"], ["ledger_txn.school_id", "ledger_txn.txn_id"]),
        UniqueConstraint("school_id", "txn_id"),
        CheckConstraint("verdict IN ('APPROVED', 'REFUSED')", name="verdict"),
        CheckConstraint("(txn_id IS NOT NULL) = (verdict = 'APPROVED')", name="booked"),
        CheckConstraint("by_user <> '' AND (verdict = 'APPROVED' OR note <> '')", name="told"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    allowance_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    txn_id: Mapped[str | None] = mapped_column(String(64))
    by_user: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class FareReceiptRow(Base):
    """A receipt given to a guardian; ``voids`` is the number of the one that it takes back."""

    __tablename__ = "fare_receipt"
    __table_args__ = (
        UniqueConstraint("school_id", "voids"),
        ForeignKeyConstraint(["school_id", "voids"], ["fare_receipt.school_id", "fare_receipt.number"]),
        CheckConstraint("number >= 1 AND issued_by <> ''", name="number"),
        CheckConstraint("fen <> 0 AND (fen < 0) = (voids IS NOT NULL)", name="fen"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    rider_id: Mapped[str] = mapped_column(String(64))
    fen: Mapped[int] = mapped_column(BigInteger)
    payments: Mapped[Any] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(Text)
    voids: Mapped[int | None] = mapped_column(Integer)
    issued_by: Mapped[str] = mapped_column(String(64))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAllowance:
    """An allowance as it stands, with what was said for and against it."""

    allowance: Allowance
    note: str
    proposed_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    verdict_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What a numbered receipt is for: money of one receipt given to one unit."""

    receipt_id: str
    unit_key: str
    fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FareReceipt:
    """A receipt given to a guardian, or the one that voids it."""

    number: int
    rider_id: RiderId
    fen: int
    payments: tuple[Payment, ...]
    note: str
    issued_by: str
    issued_at: datetime
    voids: int | None = None


def insert_allowance(tx: Transaction, item: StoredAllowance) -> None:
    """It is proposed; nothing is off the charge yet."""
    names = ("allowance_id", "rider_id", "unit_key", "fen", "proposed_by")
    row = {
        "school_id": tx.school_id,
        "kind": str(item.allowance.kind),
        "note": item.note,
        "proposed_at": item.proposed_at,
        **{name: getattr(item.allowance, name) for name in names},
    }
    tx.session.execute(insert(table_of(AllowanceRow)), [row])


def decide_allowance(
    tx: Transaction,
    allowance_id: str,
    verdict: AllowanceState,
    *,
    note: str,
    txn_id: str | None,
    by: str,
    at: datetime,
) -> None:
    """The second word is on it, once."""
    row = {
        "school_id": tx.school_id,
        "allowance_id": allowance_id,
        "verdict": str(verdict),
        "note": note,
        "txn_id": txn_id,
        "by_user": by,
        "at": at,
    }
    tx.session.execute(insert(table_of(AllowanceVerdictRow)), [row])


def load_allowances(tx: Transaction, rider_id: str | None = None) -> tuple[StoredAllowance, ...]:
    """Every allowance, of one rider or of all, in the order they were proposed."""
    table, verdict = table_of(AllowanceRow), table_of(AllowanceVerdictRow)
    query = (
        select(
            table,
            verdict.c.verdict,
            verdict.c.note.label("verdict_note"),
            verdict.c.by_user,
            verdict.c.at,
        )
        .outerjoin(
            verdict,
            (verdict.c.school_id == table.c.school_id) & (verdict.c.allowance_id == table.c.allowance_id),
        )
        .where(table.c.school_id == tx.school_id)
    )
    if rider_id is not None:
        query = query.where(table.c.rider_id == rider_id)
    rows = tx.session.execute(query.order_by(table.c.proposed_at, table.c.allowance_id))
    return tuple(_stored(row) for row in rows)


def load_allowance(tx: Transaction, allowance_id: str) -> StoredAllowance:
    """One allowance; raises NotFound."""
    for item in load_allowances(tx):
        if item.allowance.allowance_id == allowance_id:
            return item
    raise NotFound("allowance_not_found", allowance_id=allowance_id)


def next_number(tx: Transaction) -> int:
    """The number of the next receipt of the school."""
    table = table_of(FareReceiptRow)
    query = select(func.max(table.c.number)).where(table.c.school_id == tx.school_id)
    return int(tx.session.execute(query).scalar() or 0) + 1


def insert_receipt(tx: Transaction, receipt: FareReceipt) -> None:
    """The receipt is given; the guard raises IntegrityError where its number is not the next."""
    names = ("number", "rider_id", "fen", "note", "voids", "issued_by", "issued_at")
    row = {
        "school_id": tx.school_id,
        "payments": [
            {"receipt_id": item.receipt_id, "unit_key": item.unit_key, "fen": item.fen}
            for item in receipt.payments
        ],
        **{name: getattr(receipt, name) for name in names},
    }
    tx.session.execute(insert(table_of(FareReceiptRow)), [row])


def load_receipts(tx: Transaction, rider_id: str | None = None) -> tuple[FareReceipt, ...]:
    """The numbered receipts, of one rider or of all, by number."""
    table = table_of(FareReceiptRow)
    query = select(table).where(table.c.school_id == tx.school_id)
    if rider_id is not None:
        query = query.where(table.c.rider_id == rider_id)
    return tuple(
        FareReceipt(
            number=row.number,
            rider_id=RiderId(row.rider_id),
            fen=row.fen,
            payments=tuple(Payment(**item) for item in row.payments),
            note=row.note,
            issued_by=row.issued_by,
            issued_at=row.issued_at,
            voids=row.voids,
        )
        for row in tx.session.execute(query.order_by(table.c.number))
    )


def _stored(row: Any) -> StoredAllowance:
    return StoredAllowance(
        allowance=Allowance(
            allowance_id=row.allowance_id,
            rider_id=RiderId(row.rider_id),
            unit_key=row.unit_key,
            kind=AllowanceKind(row.kind),
            fen=row.fen,
            state=AllowanceState(row.verdict or AllowanceState.PROPOSED),
            proposed_by=row.proposed_by,
        ),
        note=row.note,
        proposed_at=row.proposed_at,
        decided_by=row.by_user or "",
        decided_at=row.at,
        verdict_note=row.verdict_note or "",
    )
