"""
Closures of runs in their versions, and what became known afterwards. Both are never changed.

A closure keeps what the run looked like when it was closed, which checks it rests on, and
the hash of every event behind it.
"""

import hashlib
import json
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
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.values import CrewId, EventId, RunId
from busops.storage.database import Base, Transaction, UtcDateTime


class ClosureRow(Base):
    __tablename__ = "closure"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "run_id"], ["run.school_id", "run.run_id"]),
        CheckConstraint("attendant_id <> driver_id", name="two_people"),
        CheckConstraint("version >= 1", name="version"),
        *(
            ForeignKeyConstraint(["school_id", column], ["run_event.school_id", "run_event.event_id"])
            for column in ("attendant_check", "driver_check", "parked")
        ),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_id: Mapped[str] = mapped_column(String, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    closed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_ms: Mapped[int] = mapped_column(BigInteger)
    closed_by: Mapped[str] = mapped_column(String)
    attendant_id: Mapped[str] = mapped_column(String)
    driver_id: Mapped[str] = mapped_column(String)
    attendant_check: Mapped[str] = mapped_column(String)
    driver_check: Mapped[str] = mapped_column(String)
    parked: Mapped[str] = mapped_column(String)
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String)


class ClosureAddendumRow(Base):
    __tablename__ = "closure_addendum"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "run_id", "version"], ["closure.school_id", "closure.run_id", "closure.version"]
        ),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_id: Mapped[str] = mapped_column(String, primary_key=True)
    event_id: Mapped[str] = mapped_column(String, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String)
    received_ms: Mapped[int] = mapped_column(BigInteger)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A run as it was closed."""

    run_id: RunId
    version: int
    closed_at: datetime
    closed_by: str
    attendant_id: CrewId
    driver_id: CrewId
    attendant_check: EventId
    driver_check: EventId
    parked: EventId
    snapshot: dict[str, Any]

    @property
    def digest(self) -> str:
        """The hash of the snapshot, in its one spelling."""
        text = json.dumps(self.snapshot, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Addendum:
    """A fact that came after a close and changed the record, not the safety, of the run."""

    run_id: RunId
    version: int
    event_id: EventId
    kind: str
    received_ms: int


def insert_closure(tx: Transaction, closure: Closure) -> None:
    """The closure stands under its version, for ever."""
    names = [name for name in Closure.__slots__ if name != "digest"]
    row = {name: getattr(closure, name) for name in names}
    closed_ms = round(closure.closed_at.timestamp() * 1000)
    row |= {"school_id": tx.school_id, "digest": closure.digest, "closed_ms": closed_ms}
    tx.session.execute(insert(ClosureRow), [row])


def load_closures(tx: Transaction, run_id: RunId) -> tuple[Closure, ...]:
    """The closures of a run, oldest first."""
    rows = tx.session.scalars(
        select(ClosureRow)
        .where(ClosureRow.school_id == tx.school_id, ClosureRow.run_id == run_id)
        .order_by(ClosureRow.version)
    )
    names = [name for name in Closure.__slots__ if name != "digest"]
    return tuple(Closure(**{name: getattr(row, name) for name in names}) for row in rows)


def load_addenda(tx: Transaction, run_id: RunId) -> tuple[Addendum, ...]:
    """What became known about a run after its closures, in order of receipt."""
    rows = tx.session.scalars(
        select(ClosureAddendumRow)
        .where(ClosureAddendumRow.school_id == tx.school_id, ClosureAddendumRow.run_id == run_id)
        .order_by(ClosureAddendumRow.received_ms, ClosureAddendumRow.event_id)
    )
    return tuple(
        Addendum(
            run_id=RunId(row.run_id),
            version=row.version,
            event_id=EventId(row.event_id),
            kind=row.kind,
            received_ms=row.received_ms,
        )
        for row in rows
    )
