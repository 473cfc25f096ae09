"""
Plans as they were made: the document, what it costs, and where it stands between draft and release.

The document is the JSON contract of the planner's files and is never changed after it is
stored; only the state moves: draft → approved → released, or → discarded. What is proved about a plan
later stands beside it, and whoever reads the plan reads the best that is proved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    insert,
    select,
)
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


class PlanProofRow(Base):
    """What was proved about a plan after it was stored."""

    __tablename__ = "plan_proof"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "plan_id"], ["plan.school_id", "plan.plan_id"]),
        CheckConstraint("lower_bound_fen > 0", name="amount"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    plan_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    lower_bound_fen: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    bound_model: Mapped[str] = mapped_column(Text)
    proved_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterProof:
    """No plan of the named model costs less than this."""

    lower_bound_fen: int
    bound_model: str
    proved_at: datetime


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
    later = _later(tx, plan_id).get(plan_id)
    notices = tuple(row.notices)
    return StoredPlan(summary=_summary(row, later), document=_proved(row, later), notices=notices)


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
    later = _later(tx)
    rows = tx.session.execute(query.order_by(*newest_first))
    return tuple(_summary(row, later.get(row.plan_id)) for row in rows)


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


def add_proof(tx: Transaction, plan_id: str, proof: LaterProof) -> bool:
    """The proof stands beside its plan; False if as much was proved, or the plan costs less than it says."""
    stored = load_plan(tx, plan_id)
    if not stored.summary.lower_bound_fen < proof.lower_bound_fen <= stored.summary.cost_fen:
        return False
    row = {name: getattr(proof, name) for name in LaterProof.__dataclass_fields__}
    row |= {"school_id": tx.school_id, "plan_id": plan_id}
    tx.session.execute(insert(table_of(PlanProofRow)), [row])
    return True


def _later(tx: Transaction, plan_id: str | None = None) -> dict[str, LaterProof]:
    """The best later proof of each plan that has any."""
    table = table_of(PlanProofRow)
    query = select(table).where(table.c.school_id == tx.school_id).order_by(table.c.lower_bound_fen)
    if plan_id is not None:
        query = query.where(table.c.plan_id == plan_id)
    return {
        row.plan_id: LaterProof(**{name: getattr(row, name) for name in LaterProof.__dataclass_fields__})
        for row in tx.session.execute(query)
    }


def _proved(row: Any, later: LaterProof | None) -> Mapping[str, Any]:
    """The document with what is proved later, its gap by the rule of the file contract."""
    document: Mapping[str, Any] = row.document
    if later is None:
        return document
    over = (row.cost_fen - later.lower_bound_fen) / later.lower_bound_fen
    proved = {"lower_bound_fen": later.lower_bound_fen, "bound_model": later.bound_model}
    return {**document, **proved, "gap": round(over, 6)}


def _summary(row: Any, later: LaterProof | None) -> PlanSummary:
    values = {name: getattr(row, name) for name in _SUMMARY}
    if later is not None:
        values["lower_bound_fen"] = later.lower_bound_fen
    values["plan_id"] = PlanId(row.plan_id)
    values["direction"], values["state"] = Direction(row.direction), PlanState(row.state)
    return PlanSummary(**values)
