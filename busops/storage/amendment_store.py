"""Addenda to closures: which late facts two people of two roles have read. Append-only."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKeyConstraint,
    Integer,
    String,
    Text,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.people import Role
from busops.domain.values import EventId, RunId
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.run_tables import RunRow


class ClosureAmendmentRow(Base):
    __tablename__ = "closure_amendment"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "run_id", "version"], ["closure.school_id", "closure.run_id", "closure.version"]
        ),
        CheckConstraint("number >= 1 AND length(digest) = 64", name="number"),
        CheckConstraint("signed_by <> second_by AND signed_role <> second_role", name="two_roles"),
        CheckConstraint("signed_by <> '' AND second_by <> '' AND note <> ''", name="told"),
    )

    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    run_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    event_ids: Mapped[Any] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    signed_by: Mapped[str] = mapped_column(String(64))
    signed_role: Mapped[str] = mapped_column(String(16))
    second_by: Mapped[str] = mapped_column(String(64))
    second_role: Mapped[str] = mapped_column(String(16))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """One addendum to one version of a closure, and who answers for it."""

    run_id: RunId
    version: int
    number: int
    event_ids: tuple[EventId, ...]
    digest: str
    note: str
    signed_by: str
    signed_role: Role
    second_by: str
    second_role: Role
    made_at: datetime


def insert_amendment(tx: Transaction, amendment: Amendment) -> None:
    """The addendum stands, for ever."""
    row = {each.name: getattr(amendment, each.name) for each in fields(Amendment)}
    row |= {
        "school_id": tx.school_id,
        "event_ids": list(amendment.event_ids),
        "signed_role": amendment.signed_role.value,
        "second_role": amendment.second_role.value,
    }
    tx.session.execute(insert(ClosureAmendmentRow), [row])


def load_amendments(tx: Transaction, run_id: RunId) -> tuple[Amendment, ...]:
    """The addenda of a run, the first first."""
    rows = tx.session.scalars(
        select(ClosureAmendmentRow)
        .where(ClosureAmendmentRow.school_id == tx.school_id, ClosureAmendmentRow.run_id == run_id)
        .order_by(ClosureAmendmentRow.version, ClosureAmendmentRow.number)
    )
    return tuple(
        Amendment(
            run_id=RunId(row.run_id),
            version=row.version,
            number=row.number,
            event_ids=tuple(EventId(each) for each in row.event_ids),
            digest=row.digest,
            note=row.note,
            signed_by=row.signed_by,
            signed_role=Role(row.signed_role),
            second_by=row.second_by,
            second_role=Role(row.second_role),
            made_at=row.made_at,
        )
        for row in rows
    )


def mark_consistent(tx: Transaction, run_id: RunId) -> None:
    """What came after the close says nothing that the closure does not say."""
    which = (RunRow.school_id == tx.school_id, RunRow.run_id == run_id, RunRow.phase == "closed")
    tx.session.execute(update(RunRow).where(*which).values(integrity="clean"))
