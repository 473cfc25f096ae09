"""
The tables of the log: what was observed, what was decided, and what could not be read.

Append-only, by guard and by grant. ``raw`` is the envelope as hashed; the other columns are
taken from it so that the guards can judge a run without Python.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    bindparam,
    exists,
    select,
)
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from busops.storage.database import Base
from busops.storage.run_tables import RunDeviceRow, RunRow


class RunEventRow(Base):
    __tablename__ = "run_event"
    __table_args__ = (
        Unique("school_id", "dev", "seq", name="uq_run_event_dev_seq"),
        Unique("school_id", "srv", name="uq_run_event_srv"),
        ForeignKeyConstraint(["school_id", "run_id"], ["run.school_id", "run.run_id"]),
        CheckConstraint("lo_ms <= hi_ms AND hi_ms <= received_ms", name="interval"),
        CheckConstraint("seq >= 1 AND dev >= 1", name="sequence"),
        CheckConstraint("kind NOT IN ('board', 'alight', 'absent') OR rider_id IS NOT NULL", name="rider"),
        Index("ix_run_event_run", "school_id", "run_id", "kind", "rider_id"),
        # Else SQLite walks through all the school's events in their order to find those of one run.
        Index("ix_run_event_order", "school_id", "run_id", "srv"),
        Index("ix_run_event_dev", "school_id", "run_id", "dev"),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    event_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_id: Mapped[str] = mapped_column(String)
    dev: Mapped[int] = mapped_column(Integer)
    seq: Mapped[int] = mapped_column(Integer)
    prev: Mapped[str] = mapped_column(String)
    digest: Mapped[str] = mapped_column(String)
    kind: Mapped[str] = mapped_column(String)
    rider_id: Mapped[str | None] = mapped_column(String)
    stop_id: Mapped[str | None] = mapped_column(String)
    other_run_id: Mapped[str | None] = mapped_column(String)  # of a move, the run on its other end
    n: Mapped[int | None] = mapped_column(Integer)
    refs: Mapped[list[str]] = mapped_column(JSON)
    codes: Mapped[list[str]] = mapped_column(JSON)
    reason: Mapped[str | None] = mapped_column(String)
    crew_id: Mapped[str] = mapped_column(String)
    roster_v: Mapped[int] = mapped_column(Integer)
    boot: Mapped[str] = mapped_column(String)
    mono_ms: Mapped[int] = mapped_column(BigInteger)
    wall_ms: Mapped[int] = mapped_column(BigInteger)
    lo_ms: Mapped[int] = mapped_column(BigInteger)
    hi_ms: Mapped[int] = mapped_column(BigInteger)
    received_ms: Mapped[int] = mapped_column(BigInteger)
    srv: Mapped[int] = mapped_column(BigInteger)
    raw: Mapped[str] = mapped_column(Text)


class RunDecisionRow(Base):
    __tablename__ = "run_decision"
    __table_args__ = (
        Unique("school_id", "number", name="uq_run_decision_number"),
        ForeignKeyConstraint(["school_id", "run_id"], ["run.school_id", "run.run_id"]),
        CheckConstraint(
            "kind NOT IN ('resolved', 'device_released', 'finding_settled', 'admitted')"
            " OR (second_user IS NOT NULL AND second_user <> by_user)",
            name="two_people",
        ),
        CheckConstraint("kind <> 'resolved' OR (rider_id IS NOT NULL AND says IS NOT NULL)", name="resolved"),
        Index("ix_run_decision_run", "school_id", "run_id", "kind"),
        Index("ix_run_decision_order", "school_id", "run_id", "number"),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    decision_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_id: Mapped[str] = mapped_column(String)
    number: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String)
    made_ms: Mapped[int] = mapped_column(BigInteger)
    by_user: Mapped[str] = mapped_column(String)
    second_user: Mapped[str | None] = mapped_column(String)
    reason: Mapped[str] = mapped_column(Text)
    rider_id: Mapped[str | None] = mapped_column(String)
    says: Mapped[str | None] = mapped_column(String)
    covers: Mapped[list[str]] = mapped_column(JSON)
    dev: Mapped[int | None] = mapped_column(Integer)
    upto_seq: Mapped[int | None] = mapped_column(Integer)
    checked_by: Mapped[str | None] = mapped_column(String)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)


class QuarantineRow(Base):
    """What was sent and could not be taken as a fact; ``run_id`` is what it claimed."""

    __tablename__ = "quarantine"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'admitted', 'dismissed')", name="state"),
        CheckConstraint(
            "state = 'open' OR (settled_by IS NOT NULL AND second_user IS NOT NULL"
            " AND settled_by <> second_user)",
            name="two_people",
        ),
        Index("ix_quarantine_run", "school_id", "run_id", "state"),
        Index("ix_quarantine_dev", "school_id", "dev", "seq"),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    quarantine_id: Mapped[str] = mapped_column(String, primary_key=True)
    dev: Mapped[int | None] = mapped_column(Integer)
    seq: Mapped[int | None] = mapped_column(Integer)
    event_id: Mapped[str | None] = mapped_column(String)
    run_id: Mapped[str | None] = mapped_column(String)
    digest: Mapped[str] = mapped_column(String)  # of the row, by which a copy is known again
    event_digest: Mapped[str | None] = mapped_column(String)  # of the event, as its device chains it
    why: Mapped[str] = mapped_column(String)
    raw: Mapped[str] = mapped_column(Text)
    received_ms: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String, default="open")
    settled_by: Mapped[str | None] = mapped_column(String)
    second_user: Mapped[str | None] = mapped_column(String)
    note: Mapped[str] = mapped_column(Text, default="")


def holds_open() -> ColumnElement[bool]:
    """
    What in quarantine holds the run open that is asked about: what claims it, and what may belong to it.

    A number of one of its devices that names no run of ours, or is a second history, fills the
    device's chain; without this it would hide a gap of the run.
    """
    school_id, run_id = bindparam("school_id", type_=String()), bindparam("run_id", type_=String())
    log, bound, run, apart = (row.__table__.c for row in (RunEventRow, RunDeviceRow, RunRow, QuarantineRow))
    seen = select(log.dev).where(log.school_id == school_id, log.run_id == run_id)
    tablets = select(bound.dev).where(bound.school_id == school_id, bound.run_id == run_id)
    is_known = exists().where(run.school_id == school_id, run.run_id == apart.run_id)
    of_its_devices = apart.seq.is_not(None) & apart.dev.in_(tablets.union(seen))
    return (apart.run_id == run_id) | (of_its_devices & ((apart.why == "fork") | ~is_known))
