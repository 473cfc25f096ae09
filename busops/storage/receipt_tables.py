"""The tables of receipts: files, their lines and what was given to whom. and what is asked of them."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKeyConstraint,
    FromClause,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    exists,
    literal_column,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.finance.matching import LineKind, ReceiptStatus
from busops.storage.database import Base, UtcDateTime
from busops.storage.upsert import table_of

_KINDS = ", ".join(f"'{kind}'" for kind in LineKind)
_STATUSES = ", ".join(f"'{status}'" for status in ReceiptStatus)
_NAMED = text("refund_of <> ''")  # only lines that name the payment they go back on are looked up by it


class ReceiptFileRow(Base):
    """
    A file that was accepted; the same bytes are taken only once.

    Until it ``is_whole`` its lines are still coming in, nobody sees any, and all may go again;
    ``imported_at`` is then when the last of them came.
    """

    __tablename__ = "receipt_file"
    __table_args__ = (UniqueConstraint("school_id", "sha256"),)
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    file_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(16))
    rows: Mapped[int] = mapped_column(Integer)
    total_fen: Mapped[int] = mapped_column(BigInteger)
    stated_total_fen: Mapped[int | None] = mapped_column(BigInteger)
    rejected: Mapped[int] = mapped_column(Integer)
    known_rows: Mapped[int] = mapped_column(Integer)
    reader: Mapped[str] = mapped_column(String(64))
    imported_by: Mapped[str] = mapped_column(String(64))
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_whole: Mapped[bool] = mapped_column(Boolean, server_default=true())


class ReceiptRow(Base):
    """One payment; its facts never change, what became of it may."""

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("school_id", "row_key"),
        # A file of any length is counted while its lines are written, so its own row may come last.
        ForeignKeyConstraint(
            ["school_id", "file_id"],
            ["receipt_file.school_id", "receipt_file.file_id"],
            deferrable=True,
            initially="DEFERRED",
        ),
        ForeignKeyConstraint(["school_id", "txn_id"], ["ledger_txn.school_id", "ledger_txn.txn_id"]),
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        CheckConstraint(f"status IN ({_STATUSES})", name="status"),
        Index("ix_receipt_refund_of", "school_id", "refund_of", sqlite_where=_NAMED, postgresql_where=_NAMED),
        Index(
            "ix_receipt_open",
            "school_id",
            "status",
            sqlite_where=text("status <> 'MATCHED'"),
            postgresql_where=text("status <> 'MATCHED'"),
        ),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    receipt_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    file_id: Mapped[str] = mapped_column(String(64))
    line: Mapped[int] = mapped_column(Integer)
    cell: Mapped[str] = mapped_column(Text)
    paid_on: Mapped[date] = mapped_column(Date)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    payer: Mapped[str] = mapped_column(Text)
    remark: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    rider_hint: Mapped[str] = mapped_column(Text)
    row_key: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(16))
    txn_id: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    tier: Mapped[str] = mapped_column(String(4))
    rider_id: Mapped[str | None] = mapped_column(String(64))
    unit_key: Mapped[str | None] = mapped_column(String(64))
    flags: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(String(64))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(16), server_default=str(LineKind.PAYMENT))
    code: Mapped[str] = mapped_column(Text, server_default="")
    payer_key: Mapped[str] = mapped_column(String(64), server_default="")
    fee_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    refund_of: Mapped[str] = mapped_column(Text, server_default="")


class AllocationRow(Base):
    """Money of a receipt given to a rider's unit; taken back by a line that reverses it."""

    __tablename__ = "allocation"
    __table_args__ = (
        UniqueConstraint("school_id", "reverses"),
        ForeignKeyConstraint(["school_id", "receipt_id"], ["receipt.school_id", "receipt.receipt_id"]),
        ForeignKeyConstraint(["school_id", "reverses"], ["allocation.school_id", "allocation.allocation_id"]),
        ForeignKeyConstraint(["school_id", "txn_id"], ["ledger_txn.school_id", "ledger_txn.txn_id"]),
        CheckConstraint("fen <> 0", name="fen"),
        Index("ix_allocation_unit", "school_id", "unit_key"),
        Index("ix_allocation_receipt", "school_id", "receipt_id"),
        Index("ix_allocation_rider", "school_id", "rider_id"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    allocation_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    receipt_id: Mapped[str] = mapped_column(String(64))
    rider_id: Mapped[str] = mapped_column(String(64))
    unit_key: Mapped[str] = mapped_column(String(64))
    fen: Mapped[int] = mapped_column(BigInteger)
    tier: Mapped[str] = mapped_column(String(4))
    flags: Mapped[str] = mapped_column(Text)
    txn_id: Mapped[str] = mapped_column(String(64))
    reverses: Mapped[str | None] = mapped_column(String(64))
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


def stands(item: FromClause | None = None) -> ColumnElement[bool]:
    """That an allocation (of the table, or of a name for it) is neither taken back nor takes one back."""
    own, later = (table_of(AllocationRow) if item is None else item).c, table_of(AllocationRow).alias("later")
    is_taken_back = exists(later.c.reverses).where(
        later.c.school_id == own.school_id, later.c.reverses == own.allocation_id
    )
    return own.reverses.is_(None) & ~is_taken_back


def of_kind(status: ReceiptStatus, amount_fen: int) -> tuple[ColumnElement[bool], ...]:
    """That a receipt has this status and amount."""
    receipt = table_of(ReceiptRow).c
    return (receipt.status == str(status), receipt.amount_fen == amount_fen)


def not_matched() -> ColumnElement[bool]:
    """That a receipt is something else than plainly somebody's, in the words of ``ix_receipt_open``."""
    return table_of(ReceiptRow).c.status != literal_column(f"'{ReceiptStatus.MATCHED}'")


def shown_with(unit_keys: Iterable[str], first: date, last: date) -> ColumnElement[bool]:
    """That a receipt may be a period's: not plainly matched, given to one of its units, or paid in it."""
    receipt, given = table_of(ReceiptRow).c, table_of(AllocationRow).alias("given")
    mine = (given.c.school_id == receipt.school_id) & (given.c.receipt_id == receipt.receipt_id)
    return (
        not_matched()
        | exists(given.c.receipt_id).where(mine, given.c.unit_key.in_(sorted(unit_keys)))
        | (receipt.paid_on.between(first, last) & ~exists(given.c.receipt_id).where(mine, stands(given)))
    )
