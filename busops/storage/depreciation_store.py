"""
The register of how vehicles are written off, and the months that were.

Only ever inserted into. The guards (``guards/costs_*.sql``) hold that no month of a vehicle is in the
books twice, that it is as much as its plan says, and that whoever made the plan does not accept it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
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

from busops.finance.depreciation import MOST_MONTHS, DepreciationPlan
from busops.storage.cost_store import CostLineRow
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of


class DepreciationPlanRow(Base):
    """What a vehicle cost, what it will be worth in the end, and over how many months."""

    __tablename__ = "depreciation_plan"
    __table_args__ = (
        CheckConstraint("residual_fen >= 0 AND residual_fen <= cost_fen AND cost_fen > 0", name="cost"),
        CheckConstraint(f"months >= 1 AND months <= {MOST_MONTHS}", name="months"),
        CheckConstraint("number >= 1 AND plate <> '' AND made_by <> ''", name="told"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    plate: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    bought_on: Mapped[date] = mapped_column(Date)
    cost_fen: Mapped[int] = mapped_column(BigInteger)
    residual_fen: Mapped[int] = mapped_column(BigInteger)
    months: Mapped[int] = mapped_column(Integer)
    starts: Mapped[str] = mapped_column(String(7))
    note: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DepreciationMonthRow(Base):
    """A month that was accepted; ``n`` is 2 when the first posting was taken back."""

    __tablename__ = "depreciation_month"
    __table_args__ = (
        UniqueConstraint("school_id", "cost_id"),
        ForeignKeyConstraint(
            ["school_id", "plate", "number"],
            ["depreciation_plan.school_id", "depreciation_plan.plate", "depreciation_plan.number"],
        ),
        ForeignKeyConstraint(
            ["school_id", "cost_id"],
            ["cost_line.school_id", "cost_line.cost_id"],
            deferrable=True,  # the month stands before its cost, whose guard asks for it
            initially="DEFERRED",
        ),
        CheckConstraint("n >= 1 AND fen > 0 AND made_by <> ''", name="told"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    plate: Mapped[str] = mapped_column(String(32), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer)
    fen: Mapped[int] = mapped_column(BigInteger)
    cost_id: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """A plan with who entered it."""

    plan: DepreciationPlan
    note: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedMonth:
    """A month in the books; ``stands`` unless its cost was taken back."""

    plate: str
    month: str
    n: int
    number: int
    fen: int
    cost_id: str
    made_by: str
    made_at: datetime
    stands: bool = True


_PLAN = tuple(DepreciationPlan.__dataclass_fields__)
_MONTH = tuple(name for name in PostedMonth.__dataclass_fields__ if name != "stands")


def insert_plan(tx: Transaction, stored: StoredPlan) -> None:
    """The vehicle is in the register."""
    row = {name: getattr(stored.plan, name) for name in _PLAN}
    row |= {"school_id": tx.school_id, "note": stored.note}
    row |= {"made_by": stored.made_by, "made_at": stored.made_at}
    tx.session.execute(insert(table_of(DepreciationPlanRow)), [row])


def load_plans(tx: Transaction) -> tuple[StoredPlan, ...]:
    """Every plan, by vehicle and number."""
    table = table_of(DepreciationPlanRow)
    query = select(table).where(table.c.school_id == tx.school_id).order_by(table.c.plate, table.c.number)
    return tuple(
        StoredPlan(
            plan=DepreciationPlan(**{name: getattr(row, name) for name in _PLAN}),
            note=row.note,
            made_by=row.made_by,
            made_at=row.made_at,
        )
        for row in tx.session.execute(query)
    )


def bought_fen(tx: Transaction, first: date, last: date) -> int:
    """What vehicles of the register were bought for in these days, fen."""
    table = table_of(DepreciationPlanRow)
    query = select(table.c.cost_fen).where(
        table.c.school_id == tx.school_id,
        table.c.number == 1,
        table.c.bought_on >= first,
        table.c.bought_on <= last,
    )
    return sum(tx.session.scalars(query))


def insert_month(tx: Transaction, posted: PostedMonth) -> None:
    """The month is accepted; its cost must follow in the same transaction."""
    row: dict[str, Any] = {name: getattr(posted, name) for name in _MONTH}
    tx.session.execute(insert(table_of(DepreciationMonthRow)), [{"school_id": tx.school_id, **row}])


def load_months(tx: Transaction) -> tuple[PostedMonth, ...]:
    """Every month that was ever accepted, by vehicle and month."""
    table, cost = table_of(DepreciationMonthRow), table_of(CostLineRow)
    query = (
        select(table, cost.c.cost_id.label("undone"))
        .outerjoin(cost, (cost.c.school_id == table.c.school_id) & (cost.c.reverses == table.c.cost_id))
        .where(table.c.school_id == tx.school_id)
        .order_by(table.c.plate, table.c.month, table.c.n)
    )
    return tuple(
        PostedMonth(**{name: getattr(row, name) for name in _MONTH}, stands=row.undone is None)
        for row in tx.session.execute(query)
    )
