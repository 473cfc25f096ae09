"""
The tables of a run: what it was released as, and the projections shown of it.

Only tables stand here; ``run_store`` reads and writes them. No foreign key leads to the
register: a run is history and keeps its own copy of what it needs.
"""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.run import Phase
from busops.storage.database import Base, UtcDateTime

_PHASES: Final = ", ".join(f"'{phase.value}'" for phase in Phase)
_RUN: Final = ["run.school_id", "run.run_id"]


class RunRow(Base):
    __tablename__ = "run"
    __table_args__ = (
        CheckConstraint(f"phase IN ({_PHASES})", name="phase"),
        CheckConstraint("direction IN ('homeward', 'return')", name="direction"),
        CheckConstraint("integrity IN ('clean', 'amended', 'challenged')", name="integrity"),
        CheckConstraint("aboard >= 0", name="aboard"),
        CheckConstraint(
            "(phase = 'closed') = (closure_v IS NOT NULL) AND (phase = 'closed') = (closed_at IS NOT NULL)"
            " AND (phase <> 'closed' OR aboard = 0)",
            name="closed",
        ),
        ForeignKeyConstraint(
            ["school_id", "run_id", "closure_v"],
            ["closure.school_id", "closure.run_id", "closure.version"],
            name="fk_run_closure",
            use_alter=True,
        ),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_id: Mapped[str] = mapped_column(String, primary_key=True)
    plan_id: Mapped[str | None] = mapped_column(String)
    trip_no: Mapped[int] = mapped_column(Integer)
    wave: Mapped[int] = mapped_column(Integer)
    run_on: Mapped[date] = mapped_column(Date, index=True)
    direction: Mapped[str] = mapped_column(String)
    plate: Mapped[str] = mapped_column(String)
    vehicle_rows: Mapped[int] = mapped_column(Integer)
    evidence: Mapped[str] = mapped_column(String(2), server_default="E1")
    approved_students: Mapped[int] = mapped_column(Integer)
    approved_total: Mapped[int] = mapped_column(Integer)
    terminal: Mapped[str] = mapped_column(String)
    designated: Mapped[list[str]] = mapped_column(JSON)
    departs_at: Mapped[datetime] = mapped_column(UtcDateTime)
    arrives_at: Mapped[datetime] = mapped_column(UtcDateTime)
    distance_m: Mapped[int] = mapped_column(BigInteger, default=0)
    cost_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    roster_v: Mapped[int] = mapped_column(Integer)
    phase: Mapped[str] = mapped_column(String)
    integrity: Mapped[str] = mapped_column(String, default="clean")
    aboard: Mapped[int] = mapped_column(Integer, default=0)
    closure_v: Mapped[int | None] = mapped_column(Integer)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reopened_ms: Mapped[int | None] = mapped_column(BigInteger)
    progress: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class RunStopRow(Base):
    __tablename__ = "run_stop"
    __table_args__ = (ForeignKeyConstraint(["school_id", "run_id"], _RUN),)

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_id: Mapped[str] = mapped_column(String, primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    stop_id: Mapped[str] = mapped_column(String)
    arrives_at: Mapped[datetime] = mapped_column(UtcDateTime)
    leaves_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ManifestRow(Base):
    __tablename__ = "manifest"
    __table_args__ = (ForeignKeyConstraint(["school_id", "run_id"], _RUN),)

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_id: Mapped[str] = mapped_column(String, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(String)


class ManifestRiderRow(Base):
    __tablename__ = "manifest_rider"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "run_id", "version"],
            ["manifest.school_id", "manifest.run_id", "manifest.version"],
        ),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_id: Mapped[str] = mapped_column(String, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    rider_id: Mapped[str] = mapped_column(String, primary_key=True, index=True)
    stop_id: Mapped[str] = mapped_column(String)
    other_stops: Mapped[list[str]] = mapped_column(JSON)
    from_run_id: Mapped[str | None] = mapped_column(String)


class RunCrewRow(Base):
    __tablename__ = "run_crew"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "run_id"], _RUN),
        CheckConstraint("role IN ('DRIVER', 'ATTENDANT')", name="role"),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_id: Mapped[str] = mapped_column(String, primary_key=True)
    crew_id: Mapped[str] = mapped_column(String, primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String, primary_key=True)
    since_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RunTagRow(Base):
    """The tags of the vehicle as they were at the release, and who is asked for which."""

    __tablename__ = "run_tag"
    __table_args__ = (ForeignKeyConstraint(["school_id", "run_id"], _RUN),)

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_id: Mapped[str] = mapped_column(String, primary_key=True)
    place: Mapped[str] = mapped_column(String, primary_key=True)
    code: Mapped[str] = mapped_column(String)
    asks_attendant: Mapped[bool] = mapped_column(Boolean)
    asks_driver: Mapped[bool] = mapped_column(Boolean)


class RunDeviceRow(Base):
    __tablename__ = "run_device"
    __table_args__ = (ForeignKeyConstraint(["school_id", "run_id"], _RUN),)

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_id: Mapped[str] = mapped_column(String, primary_key=True)
    dev: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, index=True)


class RiderAboardRow(Base):
    """Who may be aboard which run of a day: a projection, by which a rider on two buses at once is found."""

    __tablename__ = "rider_aboard"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "run_id"], _RUN),
        Index("ix_rider_aboard_run", "school_id", "run_id"),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_on: Mapped[date] = mapped_column(Date, primary_key=True)
    rider_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_id: Mapped[str] = mapped_column(String, primary_key=True)


class VehicleTagRow(Base):
    __tablename__ = "vehicle_tag"

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    plate: Mapped[str] = mapped_column(String, primary_key=True)
    place: Mapped[str] = mapped_column(String, primary_key=True)
    code: Mapped[str] = mapped_column(String)
