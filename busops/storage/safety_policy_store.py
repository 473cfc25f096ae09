"""
The school's safety policy: every change stands with who made it and why, the last one holds.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Integer, String, Text, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.safety_policy import DEFAULT, NAMES, SafetyPolicy, policy_faults
from busops.storage.database import Base, Transaction, UtcDateTime


class SafetyPolicyRow(Base):
    __tablename__ = "safety_policy"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("made_by <> '' AND reason <> ''", name="told"),
    )

    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    clocks: Mapped[Any] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """A policy, who chose it, when and why."""

    number: int
    policy: SafetyPolicy
    reason: str
    made_by: str
    made_at: datetime


def insert_change(tx: Transaction, change: PolicyChange) -> None:
    """From now on this policy holds."""
    row = {
        "school_id": tx.school_id,
        "number": change.number,
        "clocks": asdict(change.policy),
        "reason": change.reason,
        "made_by": change.made_by,
        "made_at": change.made_at,
    }
    tx.session.execute(insert(SafetyPolicyRow), [row])


def load_changes(tx: Transaction) -> tuple[PolicyChange, ...]:
    """Every policy there was, the newest first."""
    rows = tx.session.scalars(
        select(SafetyPolicyRow)
        .where(SafetyPolicyRow.school_id == tx.school_id)
        .order_by(SafetyPolicyRow.number.desc())
    )
    return tuple(
        PolicyChange(
            number=row.number,
            policy=_policy(row.clocks),
            reason=row.reason,
            made_by=row.made_by,
            made_at=row.made_at,
        )
        for row in rows
    )


def load_policy(tx: Transaction) -> SafetyPolicy:
    """
    The policy that holds; the default before any was chosen.

    What stands in the database but is looser than the most that is allowed does not count.
    """
    clocks = tx.session.scalar(
        select(SafetyPolicyRow.clocks)
        .where(SafetyPolicyRow.school_id == tx.school_id)
        .order_by(SafetyPolicyRow.number.desc())
        .limit(1)
    )
    return DEFAULT if clocks is None else _policy(clocks)


def _policy(clocks: dict[str, Any]) -> SafetyPolicy:
    """The policy as it was kept; a clock of a later version is not known yet and has its default."""
    known = {name: clocks[name] for name in NAMES if isinstance(clocks.get(name), int)}
    policy = SafetyPolicy(**known)
    return DEFAULT if policy_faults(policy) else policy
