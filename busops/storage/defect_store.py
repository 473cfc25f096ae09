"""
Defects of vehicles as drivers reported them, and who said that one is mended. Append-only, both.

A vehicle with an open critical one is released for no run: the database refuses it too
(``guards/defects_*.sql``).
"""

from dataclasses import replace

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.defects import Defect
from busops.domain.errors import NotFound
from busops.domain.values import CrewId, EventId, Plate, RunId
from busops.storage.database import Base, Transaction


class VehicleDefectRow(Base):
    """One report; its id is the id of the look-over that told of it."""

    __tablename__ = "vehicle_defect"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "run_id"], ["run.school_id", "run.run_id"]),
        ForeignKeyConstraint(["school_id", "defect_id"], ["run_event.school_id", "run_event.event_id"]),
        Index("ix_vehicle_defect_plate", "school_id", "plate"),
    )

    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    defect_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    plate: Mapped[str] = mapped_column(String(32))
    run_id: Mapped[str] = mapped_column(String(64))
    items: Mapped[list[str]] = mapped_column(JSON)
    text: Mapped[str] = mapped_column(Text)
    is_critical: Mapped[bool] = mapped_column(Boolean)
    reported_by: Mapped[str] = mapped_column(String(64))
    reported_ms: Mapped[int] = mapped_column(BigInteger)


class DefectClearanceRow(Base):
    """Somebody said that it is mended, and how."""

    __tablename__ = "defect_clearance"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "defect_id"], ["vehicle_defect.school_id", "vehicle_defect.defect_id"]
        ),
        CheckConstraint("cleared_by <> '' AND how <> ''", name="told"),
    )

    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    defect_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    cleared_by: Mapped[str] = mapped_column(String(64))
    cleared_ms: Mapped[int] = mapped_column(BigInteger)
    how: Mapped[str] = mapped_column(Text)


def insert_defect(tx: Transaction, defect: Defect) -> None:
    """The report stands."""
    row = {
        "school_id": tx.school_id,
        "defect_id": defect.defect_id,
        "plate": defect.plate,
        "run_id": defect.run_id,
        "items": list(defect.items),
        "text": defect.text,
        "is_critical": defect.is_critical,
        "reported_by": defect.reported_by,
        "reported_ms": defect.reported_ms,
    }
    tx.session.execute(insert(VehicleDefectRow), [row])


def insert_clearance(tx: Transaction, defect_id: str, *, by: str, how: str, at_ms: int) -> None:
    """Somebody answers for it that the defect is mended."""
    row = {
        "school_id": tx.school_id,
        "defect_id": defect_id,
        "cleared_by": by,
        "cleared_ms": at_ms,
        "how": how,
    }
    tx.session.execute(insert(DefectClearanceRow), [row])


def load_defects(tx: Transaction, plate: Plate | None = None) -> tuple[Defect, ...]:
    """The reports of a vehicle or of all, the newest first."""
    told, cleared = VehicleDefectRow, DefectClearanceRow
    query = (
        select(told, cleared)
        .join_from(
            told,
            cleared,
            (told.school_id == cleared.school_id) & (told.defect_id == cleared.defect_id),
            isouter=True,
        )
        .where(told.school_id == tx.school_id)
        .order_by(told.reported_ms.desc(), told.defect_id)
    )
    if plate is not None:
        query = query.where(told.plate == plate)
    return tuple(_defect(report, clearance) for report, clearance in tx.session.execute(query))


def load_defect(tx: Transaction, defect_id: str) -> Defect:
    """One report; raises NotFound."""
    found = next((each for each in load_defects(tx) if each.defect_id == defect_id), None)
    if found is None:
        raise NotFound("no_such_defect", defect_id=defect_id)
    return found


def _defect(told: VehicleDefectRow, cleared: DefectClearanceRow | None) -> Defect:
    defect = Defect(
        defect_id=EventId(told.defect_id),
        plate=Plate(told.plate),
        run_id=RunId(told.run_id),
        items=tuple(told.items),
        text=told.text,
        is_critical=told.is_critical,
        reported_by=CrewId(told.reported_by),
        reported_ms=told.reported_ms,
    )
    if cleared is None:
        return defect
    return replace(defect, cleared_ms=cleared.cleared_ms, cleared_by=cleared.cleared_by, how=cleared.how)
