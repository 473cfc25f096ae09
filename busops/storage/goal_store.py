"""
The goal of a term as it was chosen: basis, target and fee regime, who chose it and who agreed.

Nothing is rewritten; the database keeps the school's own row equal to the choice that holds
(``guards/term_goal_*.sql``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Integer,
    String,
    Text,
    and_,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.school import Basis, FeeRegime, FinancePolicy
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of

FIRST: Final = 1
_KNOWN: Final = (
    "basis IN ('ACCRUAL', 'CASH_NET', 'CASH_GROSS')"
    " AND fee_regime IN ('MARKET', 'SERVICE_CHARGE', 'AGENCY_COLLECTION')"
)


class TermGoalRow(Base):
    """One choice of a term's goal."""

    __tablename__ = "term_goal"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "term_id"], ["term.school_id", "term.term_id"]),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("target_bp >= 0", name="target"),
        CheckConstraint(_KNOWN, name="known"),
        CheckConstraint("asked_by <> '' AND reason <> ''", name="told"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    term_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    basis: Mapped[str] = mapped_column(String(16))
    target_bp: Mapped[int] = mapped_column(Integer)
    fee_regime: Mapped[str] = mapped_column(String(24))
    starts_on: Mapped[date] = mapped_column(Date)
    asked_on: Mapped[date] = mapped_column(Date)
    is_before_term: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TermGoalConsentRow(Base):
    """A second person's consent to a change after the term had begun."""

    __tablename__ = "term_goal_consent"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "term_id", "number"],
            ["term_goal.school_id", "term_goal.term_id", "term_goal.number"],
        ),
        CheckConstraint("agreed_by <> ''", name="told"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    term_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    agreed_by: Mapped[str] = mapped_column(String(64))
    agreed_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class TermGoal:
    """A choice; ``starts_on`` is the term's first day as it was then. Agreed by nobody = empty."""

    term_id: str
    number: int
    policy: FinancePolicy
    starts_on: date
    asked_on: date
    is_before_term: bool
    reason: str
    asked_by: str
    asked_at: datetime
    agreed_by: str = ""
    agreed_at: datetime | None = None

    @property
    def holds(self) -> bool:
        """Whether it counts: it was the first, or chosen before the term, or two people wanted it."""
        return self.number == FIRST or self.is_before_term or bool(self.agreed_by)


def goal_that_holds(goals: Iterable[TermGoal]) -> TermGoal | None:
    """The last of a term's choices that counts."""
    return max((goal for goal in goals if goal.holds), key=lambda goal: goal.number, default=None)


def load_goals(tx: Transaction, term_id: str) -> tuple[TermGoal, ...]:
    """Every choice of the term, the first first."""
    goal, consent = table_of(TermGoalRow), table_of(TermGoalConsentRow)
    same = and_(
        consent.c.school_id == goal.c.school_id,
        consent.c.term_id == goal.c.term_id,
        consent.c.number == goal.c.number,
    )
    query = (
        select(goal, consent.c.agreed_by, consent.c.agreed_at)
        .select_from(goal.outerjoin(consent, same))
        .where(goal.c.school_id == tx.school_id, goal.c.term_id == term_id)
        .order_by(goal.c.number)
    )
    return tuple(_goal(row) for row in tx.session.execute(query))


def insert_goal(tx: Transaction, goal: TermGoal) -> None:
    """The choice stands; whether it holds is told by its own facts."""
    row = {
        "school_id": tx.school_id,
        "basis": goal.policy.basis.value,
        "target_bp": goal.policy.target_bp,
        "fee_regime": goal.policy.fee_regime.value,
        **{name: getattr(goal, name) for name in _PLAIN},
    }
    tx.session.execute(insert(table_of(TermGoalRow)), [row])


def insert_consent(tx: Transaction, goal: TermGoal, *, by: str, at: datetime) -> None:
    """A second person agreed; raises IntegrityError from the guard for the person who asked."""
    key = {"school_id": tx.school_id, "term_id": goal.term_id, "number": goal.number}
    tx.session.execute(insert(table_of(TermGoalConsentRow)), [key | {"agreed_by": by, "agreed_at": at}])


_PLAIN: Final = (
    "term_id", "number", "starts_on", "asked_on", "is_before_term", "reason", "asked_by", "asked_at",
)  # fmt: skip


def _goal(row: Any) -> TermGoal:
    return TermGoal(
        policy=FinancePolicy(
            basis=Basis(row.basis), target_bp=row.target_bp, fee_regime=FeeRegime(row.fee_regime)
        ),
        agreed_by=row.agreed_by or "",
        agreed_at=row.agreed_at,
        **{name: getattr(row, name) for name in _PLAIN},
    )
