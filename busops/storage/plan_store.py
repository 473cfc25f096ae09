"""
Plans as they were made: the document, what it costs, and where it stands between draft and release.

The document is the JSON contract of the planner's files and is never changed after it is
stored; only the state moves: draft → approved → released, or → discarded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, CheckConstraint, Date, Index, Integer, String, Text, insert, select
from sqlalchemy import update as update_rows
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import Conflict, NotFound
from busops.domain.values import Direction, PlanId
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of


class PlanState(StrEnum):
    """Where a plan stands; a released plan has runs and stays."""

    DRAFT = "draft"
    APPROVED = "approved"
    RELEASED = "released"
    DISCARDED = "discarded"


# From which states a plan may come into one.
COMES_FROM: Final[Mapping[PlanState, tuple[PlanState, ...]]] = {
    PlanState.APPROVED: (PlanState.DRAFT,),
    PlanState.RELEASED: (PlanState.APPROVED,),
    PlanState.DISCARDED: (PlanState.DRAFT, PlanState.APPROVED),
}


class PlanRow(Base):
    """A plan of one direction of one weekend."""

    __tablename__ = "plan"
    __table_args__ = (
        CheckConstraint("direction IN ('homeward', 'return')", name="direction"),
        CheckConstraint("state IN ('draft', 'approved', 'released', 'discarded')", name="state"),
        CheckConstraint("cost_fen >= 0 AND lower_bound_fen >= 0 AND violation_count >= 0", name="amounts"),
        CheckConstraint(
            "violation_count = 0 OR state IN ('draft', 'discarded')", name="no_violation_approved"
        ),
        Index("ix_plan_weekend", "school_id", "weekend_on", "direction"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    plan_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    weekend_on: Mapped[date] = mapped_column(Date)
    on: Mapped[date] = mapped_column(Date)
    direction: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    roster_version: Mapped[int] = mapped_column(Integer)
    document: Mapped[Any] = mapped_column(JSON)
    cost_fen: Mapped[int] = mapped_column(BigInteger)
    lower_bound_fen: Mapped[int] = mapped_column(BigInteger)
    fares_fen: Mapped[int] = mapped_column(BigInteger)
    trip_count: Mapped[int] = mapped_column(Integer)
    served_count: Mapped[int] = mapped_column(Integer)
    unserved_count: Mapped[int] = mapped_column(Integer)
    violation_count: Mapped[int] = mapped_column(Integer)
    notices: Mapped[Any] = mapped_column(JSON)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """A plan without its document; ``roster_version`` 0 means the unlocked draft of the roster."""

    plan_id: PlanId
    weekend_on: date
    on: date
    direction: Direction
    state: PlanState
    roster_version: int
    cost_fen: int
    lower_bound_fen: int
    fares_fen: int
    trip_count: int
    served_count: int
    unserved_count: int
    violation_count: int
    made_at: datetime
    made_by: str
    decided_at: datetime | None = None
    decided_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """A plan with its document (the JSON of the file contract) and the findings of its making."""

    summary: PlanSummary
    document: Mapping[str, Any]
    notices: tuple[Mapping[str, Any], ...] = ()

    @property
    def plan_id(self) -> PlanId:
        """The plan's identity."""
        return self.summary.plan_id

    @property
    def violations(self) -> tuple[Mapping[str, Any], ...]:
        """What the independent check found against it; empty means verified."""
        return tuple(self.document.get("violations", ()))


_SUMMARY: Final = tuple(PlanSummary.__dataclass_fields__)


def save_plan(tx: Transaction, plan: StoredPlan) -> None:
    """The plan is stored for good; raises Conflict when there is one with this id."""
    table = table_of(PlanRow)
    known = select(table.c.plan_id).where(table.c.school_id == tx.school_id, table.c.plan_id == plan.plan_id)
    if tx.session.execute(known).first() is not None:
        raise Conflict("plan_exists", plan_id=plan.plan_id)
    row = {name: getattr(plan.summary, name) for name in _SUMMARY}
    row["direction"], row["state"] = plan.summary.direction.value, plan.summary.state.value
    full = {"school_id": tx.school_id, "document": dict(plan.document), "notices": list(plan.notices)}
    tx.session.execute(insert(table), [{**row, **full}])


def load_plan(tx: Transaction, plan_id: str) -> StoredPlan:
    """The plan; raises NotFound."""
    table = table_of(PlanRow)
    query = select(table).where(table.c.school_id == tx.school_id, table.c.plan_id == plan_id)
    row = tx.session.execute(query).first()
    if row is None:
        raise NotFound("plan_not_found", plan_id=plan_id)
    return StoredPlan(summary=_summary(row), document=row.document, notices=tuple(row.notices))


def list_plans(
    tx: Transaction, weekend_on: date | None = None, *, direction: Direction | None = None
) -> tuple[PlanSummary, ...]:
    """The plans of a weekend (or of all), the latest first."""
    table = table_of(PlanRow)
    query = select(*(table.c[name] for name in _SUMMARY)).where(table.c.school_id == tx.school_id)
    if weekend_on is not None:
        query = query.where(table.c.weekend_on == weekend_on)
    if direction is not None:
        query = query.where(table.c.direction == direction.value)
    newest_first = (table.c.weekend_on.desc(), table.c.made_at.desc(), table.c.plan_id.desc())
    return tuple(_summary(row) for row in tx.session.execute(query.order_by(*newest_first)))


def move_plan(tx: Transaction, plan_id: str, state: PlanState, *, by: str, at: datetime) -> None:
    """The plan is in ``state``; raises Conflict when it was not where it may come from."""
    table = table_of(PlanRow)
    mine = (table.c.school_id == tx.school_id) & (table.c.plan_id == plan_id)
    was = tx.session.execute(select(table.c.state).where(mine)).scalar()
    if was is None:
        raise NotFound("plan_not_found", plan_id=plan_id)
    if PlanState(was) not in COMES_FROM.get(state, ()):
        raise Conflict("plan_state_changed", plan_id=plan_id, state=was, wanted=state.value)
    change = update_rows(table).where(mine, table.c.state == was)
    moved = change.values(state=state.value, decided_by=by, decided_at=at).returning(table.c.plan_id)
    if tx.session.execute(moved).first() is None:
        raise Conflict("plan_state_changed", plan_id=plan_id, state=was, wanted=state.value)


def _summary(row: Any) -> PlanSummary:
    values = {name: getattr(row, name) for name in _SUMMARY}
    values["plan_id"] = PlanId(row.plan_id)
    values["direction"], values["state"] = Direction(row.direction), PlanState(row.state)
    return PlanSummary(**values)
