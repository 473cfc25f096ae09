"""
Defects of vehicles as drivers reported them, and who said that one is mended. Append-only, both.

A vehicle with an open critical one is released for no run: the database refuses it too
(``guards/defects_*.sql``).
"""

from typing import Any, Final

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
from busops.storage.prepared import asked, matches
from busops.storage.upsert import table_of


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


_TOLD: Final = table_of(VehicleDefectRow)
_CLEARED: Final = table_of(DefectClearanceRow)
_DEFECTS: Final = (
    select(_TOLD, _CLEARED.c.cleared_ms, _CLEARED.c.cleared_by, _CLEARED.c.how)
    .join_from(
        _TOLD,
        _CLEARED,
        (_TOLD.c.school_id == _CLEARED.c.school_id) & (_TOLD.c.defect_id == _CLEARED.c.defect_id),
        isouter=True,
    )
    .where(*matches(VehicleDefectRow))
    .order_by(_TOLD.c.reported_ms.desc(), _TOLD.c.defect_id)
)
_DEFECTS_OF: Final = _DEFECTS.where(*matches(VehicleDefectRow, "plate"))


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
    query = _DEFECTS if plate is None else _DEFECTS_OF
    keys = {} if plate is None else {"plate": plate}
    return tuple(_defect(row) for row in tx.session.execute(query, asked(tx, **keys)))


def load_defect(tx: Transaction, defect_id: str) -> Defect:
    """One report; raises NotFound."""
    found = next((each for each in load_defects(tx) if each.defect_id == defect_id), None)
    if found is None:
        raise NotFound("no_such_defect", defect_id=defect_id)
    return found


def _defect(row: Any) -> Defect:
    return Defect(
        defect_id=EventId(row.defect_id),
        plate=Plate(row.plate),
        run_id=RunId(row.run_id),
        items=tuple(row.items),
        text=row.text,
        is_critical=row.is_critical,
        reported_by=CrewId(row.reported_by),
        reported_ms=row.reported_ms,
        cleared_ms=row.cleared_ms,
        cleared_by=row.cleared_by or "",
        how=row.how or "",
    )
