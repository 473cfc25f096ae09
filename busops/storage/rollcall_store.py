"""
What classes answer after a school-bound run, and which of a class's links is the valid one. Append-only.

A link itself is never kept: it is signed anew from class, day and number (``web/rollcall.py``).
Giving a class its next number makes every link before it worthless.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    func,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.rollcall import Answer, Mark
from busops.domain.values import RiderId, RunId
from busops.storage.database import Base, Transaction, UtcDateTime

_ANSWERS: Final = ", ".join(f"'{answer}'" for answer in Answer)


class RollcallMarkRow(Base):
    """One answer about one child, by the class's link or by the office."""

    __tablename__ = "rollcall_mark"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "run_id"], ["run.school_id", "run.run_id"]),
        CheckConstraint(f"answer IN ({_ANSWERS})", name="answer"),
        CheckConstraint("by_name <> ''", name="by_name"),
        Index("ix_rollcall_mark_run", "school_id", "run_id"),
    )

    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    mark_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    run_id: Mapped[str] = mapped_column(String(64))
    rider_id: Mapped[str] = mapped_column(String(64))
    class_name: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by_name: Mapped[str] = mapped_column(Text)
    by_user: Mapped[str] = mapped_column(String(64))
    link_number: Mapped[int] = mapped_column(Integer)


class RollcallLinkRow(Base):
    """From here on the class's link of that day is the one with this number."""

    __tablename__ = "rollcall_link"
    __table_args__ = (CheckConstraint("number >= 1", name="number"),)

    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    run_on: Mapped[date] = mapped_column(Date, primary_key=True)
    class_name: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where an answer came from: the class's link, and the person of the office if one gave it."""

    class_name: str
    link_number: int
    by_user: str = ""


def add_marks(tx: Transaction, marks: Iterable[Mark], source: Source) -> None:
    """The answers stand, each once and for good."""
    rows = [
        {
            "school_id": tx.school_id,
            "mark_id": mark.mark_id,
            "run_id": mark.run_id,
            "rider_id": mark.rider_id,
            "class_name": source.class_name,
            "answer": mark.answer.value,
            "at": mark.at,
            "by_name": mark.by_name,
            "by_user": source.by_user,
            "link_number": source.link_number,
        }
        for mark in marks
    ]
    if rows:
        tx.session.execute(insert(RollcallMarkRow), rows)


def load_marks(tx: Transaction, run_id: RunId) -> tuple[Mark, ...]:
    """Every answer about the run's children, oldest first."""
    rows = tx.session.scalars(
        select(RollcallMarkRow)
        .where(RollcallMarkRow.school_id == tx.school_id, RollcallMarkRow.run_id == run_id)
        .order_by(RollcallMarkRow.at, RollcallMarkRow.mark_id)
    )
    return tuple(
        Mark(
            mark_id=row.mark_id,
            run_id=RunId(row.run_id),
            rider_id=RiderId(row.rider_id),
            answer=Answer(row.answer),
            at=row.at,
            by_name=row.by_name,
        )
        for row in rows
    )


def link_numbers(tx: Transaction, on: date) -> dict[str, int]:
    """The valid number of each class whose link of that day was ever replaced; all others have 0."""
    rows = tx.session.execute(
        select(RollcallLinkRow.class_name, func.max(RollcallLinkRow.number).label("newest"))
        .where(RollcallLinkRow.school_id == tx.school_id, RollcallLinkRow.run_on == on)
        .group_by(RollcallLinkRow.class_name)
    )
    return {row.class_name: row.newest for row in rows}


def replace_link(tx: Transaction, on: date, class_name: str, *, by: str, at: datetime) -> int:
    """The class has another link for that day; its number."""
    number = link_numbers(tx, on).get(class_name, 0) + 1
    row = {
        "school_id": tx.school_id,
        "run_on": on,
        "class_name": class_name,
        "number": number,
        "made_by": by,
        "made_at": at,
    }
    tx.session.execute(insert(RollcallLinkRow), [row])
    return number
