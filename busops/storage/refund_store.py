"""
Refunds: what was asked for, each step with whose hand took it, and the school's policy of refunds.

Only ever inserted into. The guards (``guards/refunds_*.sql``) hold without this module that steps
follow each other, by different hands, on posted money, and never for more than came in.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
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
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.domain.values import RiderId
from busops.finance.refunds import Notice, Refund, RefundPolicy, RefundRule, RefundState, RefundTrigger
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of

_TRIGGERS = ", ".join(f"'{trigger}'" for trigger in RefundTrigger)
_STEPS = ", ".join(f"'{state}'" for state in RefundState if state is not RefundState.REQUESTED)


class RefundRow(Base):
    """Money of one receipt that somebody asked back; ``row_key`` makes the same proposal one."""

    __tablename__ = "refund"
    __table_args__ = (
        UniqueConstraint("school_id", "row_key"),
        ForeignKeyConstraint(["school_id", "receipt_id"], ["receipt.school_id", "receipt.receipt_id"]),
        CheckConstraint(f"trigger_code IN ({_TRIGGERS})", name="trigger_code"),
        CheckConstraint("fen > 0 AND charge_fen >= 0 AND charge_fen <= fen", name="fen"),
        CheckConstraint("requested_by <> ''", name="told"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    refund_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    rider_id: Mapped[str] = mapped_column(String(64))
    unit_key: Mapped[str] = mapped_column(String(64))
    receipt_id: Mapped[str] = mapped_column(String(64))
    trigger_code: Mapped[str] = mapped_column(String(32))
    fen: Mapped[int] = mapped_column(BigInteger)
    charge_fen: Mapped[int] = mapped_column(BigInteger)
    row_key: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(Text)
    requested_by: Mapped[str] = mapped_column(String(64))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RefundStepRow(Base):
    """One step of a refund; ``seen_receipt_id`` is the bill's line in which the money was seen to leave."""

    __tablename__ = "refund_step"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "refund_id"], ["refund.school_id", "refund.refund_id"]),
        ForeignKeyConstraint(["school_id", "txn_id"], ["ledger_txn.school_id", "ledger_txn.txn_id"]),
        ForeignKeyConstraint(["school_id", "seen_receipt_id"], ["receipt.school_id", "receipt.receipt_id"]),
        UniqueConstraint("school_id", "seen_receipt_id"),
        UniqueConstraint("school_id", "txn_id"),
        CheckConstraint(f"state IN ({_STEPS})", name="state"),
        CheckConstraint(
            "by_user <> '' AND (state NOT IN ('REFUSED', 'RETURNING') OR note <> '')", name="told"
        ),
        CheckConstraint("state <> 'PAID' OR reference <> ''", name="reference"),
        CheckConstraint(
            "(txn_id IS NOT NULL) = (state IN ('APPROVED', 'PAID', 'RECONCILED', 'RETURNED'))", name="booked"
        ),
        CheckConstraint("(seen_receipt_id IS NOT NULL) = (state = 'RECONCILED')", name="seen"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    refund_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(String(128))
    txn_id: Mapped[str | None] = mapped_column(String(64))
    seen_receipt_id: Mapped[str | None] = mapped_column(String(64))
    by_user: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class RefundPolicyRow(Base):
    """The policy as somebody chose it; the last one holds."""

    __tablename__ = "refund_policy"
    __table_args__ = (CheckConstraint("number >= 1 AND made_by <> '' AND reason <> ''", name="told"),)
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    rules: Mapped[Any] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundStep:
    """A step to be taken, or as it was taken."""

    state: RefundState
    by: str
    at: datetime
    note: str = ""
    reference: str = ""
    txn_id: str | None = None
    seen_receipt_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRefund:
    """A refund as it stands, with every step and why it was asked for."""

    refund: Refund
    row_key: str
    note: str
    requested_at: datetime
    steps: tuple[RefundStep, ...]

    @property
    def reference(self) -> str:
        """The channel's number of the payment; empty before."""
        return next((step.reference for step in self.steps if step.reference), "")


def insert_refunds(tx: Transaction, refunds: Iterable[StoredRefund]) -> None:
    """They are asked for; the guard raises IntegrityError where a receipt would give more than it brought."""
    rows = [
        {
            "school_id": tx.school_id,
            "refund_id": item.refund.refund_id,
            "rider_id": item.refund.rider_id,
            "unit_key": item.refund.unit_key,
            "receipt_id": item.refund.receipt_id,
            "trigger_code": str(item.refund.trigger),
            "fen": item.refund.fen,
            "charge_fen": item.refund.charge_fen,
            "row_key": item.row_key,
            "note": item.note,
            "requested_by": item.refund.hands[RefundState.REQUESTED],
            "requested_at": item.requested_at,
        }
        for item in refunds
    ]
    if rows:
        tx.session.execute(insert(table_of(RefundRow)), rows)


def insert_step(tx: Transaction, refund_id: str, number: int, step: RefundStep) -> None:
    """The step is taken; raises IntegrityError from the guard when it may not be."""
    row = {
        "school_id": tx.school_id,
        "refund_id": refund_id,
        "n": number,
        "state": str(step.state),
        "note": step.note,
        "reference": step.reference,
        "txn_id": step.txn_id,
        "seen_receipt_id": step.seen_receipt_id,
        "by_user": step.by,
        "at": step.at,
    }
    tx.session.execute(insert(table_of(RefundStepRow)), [row])


def load_refunds(tx: Transaction, rider_id: str | None = None) -> tuple[StoredRefund, ...]:
    """Every refund, of one rider or of all, in the order they were asked for."""
    table, step = table_of(RefundRow), table_of(RefundStepRow)
    query = select(table).where(table.c.school_id == tx.school_id)
    if rider_id is not None:
        query = query.where(table.c.rider_id == rider_id)
    taken: dict[str, list[RefundStep]] = {}
    steps = select(step).where(step.c.school_id == tx.school_id).order_by(step.c.refund_id, step.c.n)
    for row in tx.session.execute(steps):
        taken.setdefault(row.refund_id, []).append(_step(row))
    rows = tx.session.execute(query.order_by(table.c.requested_at, table.c.refund_id))
    return tuple(_stored(row, tuple(taken.get(row.refund_id, ()))) for row in rows)


def load_refund(tx: Transaction, refund_id: str) -> StoredRefund:
    """One refund; raises NotFound."""
    for item in load_refunds(tx):
        if item.refund.refund_id == refund_id:
            return item
    raise NotFound("refund_not_found", refund_id=refund_id)


def save_policy(tx: Transaction, policy: RefundPolicy, *, reason: str, by: str, at: datetime) -> None:
    """From now on this policy holds."""
    table = table_of(RefundPolicyRow)
    query = select(table.c.number).where(table.c.school_id == tx.school_id)
    number = max(tx.session.scalars(query), default=0) + 1
    row = {
        "school_id": tx.school_id,
        "number": number,
        "rules": {str(trigger): asdict(rule) for trigger, rule in policy.rules.items()},
        "reason": reason,
        "made_by": by,
        "made_at": at,
    }
    tx.session.execute(insert(table), [row])


def load_policy(tx: Transaction) -> RefundPolicy:
    """The policy that holds; the default before any was chosen."""
    table = table_of(RefundPolicyRow)
    query = select(table.c.rules).where(table.c.school_id == tx.school_id).order_by(table.c.number.desc())
    rules = tx.session.execute(query.limit(1)).scalar()
    if rules is None:
        return RefundPolicy()
    return RefundPolicy(
        rules={
            trigger: RefundRule(**{**rules[trigger], "notice": Notice(rules[trigger]["notice"])})
            for trigger in RefundTrigger
        }
    )


def _stored(row: Any, steps: tuple[RefundStep, ...]) -> StoredRefund:
    hands = {RefundState.REQUESTED: row.requested_by, **{step.state: step.by for step in steps}}
    refund = Refund(
        refund_id=row.refund_id,
        rider_id=RiderId(row.rider_id),
        unit_key=row.unit_key,
        receipt_id=row.receipt_id,
        trigger=RefundTrigger(row.trigger_code),
        fen=row.fen,
        charge_fen=row.charge_fen,
        state=steps[-1].state if steps else RefundState.REQUESTED,
        hands=hands,
    )
    return StoredRefund(
        refund=refund, row_key=row.row_key, note=row.note, requested_at=row.requested_at, steps=steps
    )


def _step(row: Any) -> RefundStep:
    return RefundStep(
        state=RefundState(row.state),
        by=row.by_user,
        at=row.at,
        note=row.note,
        reference=row.reference,
        txn_id=row.txn_id,
        seen_receipt_id=row.seen_receipt_id,
    )
