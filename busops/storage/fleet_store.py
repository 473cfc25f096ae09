"""
Vehicles and crew with their papers: domain values in, domain values out.

What the papers mean is ``domain.fleet``'s. Nothing is deleted: runs name vehicles and crew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Integer,
    String,
    Text,
    delete,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.evidence import Evidence
from busops.domain.fleet import CrewMember, CrewRole, Vehicle, VehicleClass
from busops.domain.values import CrewId, Plate
from busops.storage.database import Base, Transaction
from busops.storage.upsert import retire, rows_of, table_of, upsert


class VehicleRow(Base):
    """A vehicle as its licence says."""

    __tablename__ = "vehicle"
    __table_args__ = (
        CheckConstraint("vehicle_class IN ('LICENSED_SCHOOL_BUS', 'CHARTER_COACH')", name="vehicle_class"),
        CheckConstraint(
            "approved_students > 0 AND approved_students <= approved_total AND seat_rows >= 0", name="seats"
        ),
        CheckConstraint("fixed_fen >= 0 AND per_km_fen >= 0 AND max_trips >= 1", name="amounts"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    plate: Mapped[str] = mapped_column(String(32), primary_key=True)
    vehicle_class: Mapped[str] = mapped_column(String(24))
    approved_students: Mapped[int] = mapped_column(Integer)
    approved_total: Mapped[int] = mapped_column(Integer)
    seat_rows: Mapped[int] = mapped_column(Integer)
    fixed_fen: Mapped[int] = mapped_column(BigInteger)
    per_km_fen: Mapped[int] = mapped_column(BigInteger)
    permit_to: Mapped[date | None] = mapped_column(Date)
    inspection_to: Mapped[date | None] = mapped_column(Date)
    plate_to: Mapped[date | None] = mapped_column(Date)
    insurance_to: Mapped[date | None] = mapped_column(Date)
    max_trips: Mapped[int] = mapped_column(Integer)
    evidence: Mapped[str] = mapped_column(String(2), server_default="E1")
    retired_on: Mapped[date | None] = mapped_column(Date)


class CrewRow(Base):
    """A driver or attendant."""

    __tablename__ = "crew_member"
    __table_args__ = (CheckConstraint("role IN ('DRIVER', 'ATTENDANT')", name="role"),)
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    crew_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16))
    born_on: Mapped[date | None] = mapped_column(Date)
    qualified_to: Mapped[date | None] = mapped_column(Date)
    audit_to: Mapped[date | None] = mapped_column(Date)
    retired_on: Mapped[date | None] = mapped_column(Date)


class CrewPlateRow(Base):
    """A vehicle whose school-bus plate names this driver; the vehicle itself may not be registered."""

    __tablename__ = "crew_plate"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "crew_id"], ["crew_member.school_id", "crew_member.crew_id"]),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    crew_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    plate: Mapped[str] = mapped_column(String(32), primary_key=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredVehicle:
    """A vehicle with the day it left the register, if it did."""

    vehicle: Vehicle
    retired_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredCrew:
    """A crew member with the day he left the register, if he did."""

    member: CrewMember
    retired_on: date | None


def load_vehicles(tx: Transaction, *, include_retired: bool = False) -> tuple[Vehicle, ...]:
    """The registered vehicles by plate."""
    rows = rows_of(tx, VehicleRow, order_by=["plate"], include_retired=include_retired)
    return tuple(_vehicle(row) for row in rows)


def find_vehicle(tx: Transaction, plate: Plate) -> Vehicle | None:
    """The registered vehicle with this plate; None when there is none or it has retired."""
    rows = rows_of(tx, VehicleRow, order_by=["plate"], include_retired=False, within={"plate": [plate]})
    return _vehicle(rows[0]) if rows else None


def list_vehicles(tx: Transaction) -> tuple[RegisteredVehicle, ...]:
    """Every vehicle there ever was, with the day it retired."""
    rows = rows_of(tx, VehicleRow, order_by=["plate"])
    return tuple(RegisteredVehicle(vehicle=_vehicle(row), retired_on=row.retired_on) for row in rows)


def save_vehicles(tx: Transaction, vehicles: Iterable[Vehicle]) -> None:
    """These vehicles are registered as given; one that had retired is back."""
    rows = (
        {
            "plate": vehicle.plate,
            "vehicle_class": vehicle.vehicle_class.value,
            "approved_students": vehicle.approved_students,
            "approved_total": vehicle.approved_total,
            "seat_rows": vehicle.rows,
            "fixed_fen": vehicle.fixed_fen,
            "per_km_fen": vehicle.per_km_fen,
            "permit_to": vehicle.permit_to,
            "inspection_to": vehicle.inspection_to,
            "plate_to": vehicle.plate_to,
            "insurance_to": vehicle.insurance_to,
            "max_trips": vehicle.max_trips,
            "evidence": vehicle.evidence.value,
            "retired_on": None,
        }
        for vehicle in vehicles
    )
    upsert(tx, VehicleRow, rows)


def retire_vehicle(tx: Transaction, plate: str, on: date | None) -> None:
    """The vehicle has left the register on that day (None = is back)."""
    retire(tx, VehicleRow, {"plate": plate}, on)


def load_crew(tx: Transaction, *, include_retired: bool = False) -> tuple[CrewMember, ...]:
    """The registered drivers and attendants by number."""
    return tuple(entry.member for entry in list_crew(tx) if include_retired or entry.retired_on is None)


def list_crew(tx: Transaction) -> tuple[RegisteredCrew, ...]:
    """Everybody who ever drove or attended, with the day he left."""
    return _crew(tx, None)


def crew_named(tx: Transaction, crew_ids: Iterable[CrewId]) -> dict[CrewId, CrewMember]:
    """Those of these people who ever drove or attended, by number."""
    found = _crew(tx, {"crew_id": tuple(crew_ids)})
    return {entry.member.crew_id: entry.member for entry in found}


def save_crew(tx: Transaction, crew: Iterable[CrewMember]) -> None:
    """These crew members and their plates stand as given; one who had left is back."""
    members = tuple(crew)
    rows = (
        {
            "crew_id": member.crew_id,
            "name": member.name,
            "role": member.role.value,
            "born_on": member.born_on,
            "qualified_to": member.qualified_to,
            "audit_to": member.audit_to,
            "retired_on": None,
        }
        for member in members
    )
    upsert(tx, CrewRow, rows)
    table = table_of(CrewPlateRow)
    for member in members:
        mine = (table.c.school_id == tx.school_id) & (table.c.crew_id == member.crew_id)
        tx.session.execute(delete(table).where(mine))
    pairs = [
        {"crew_id": member.crew_id, "plate": plate} for member in members for plate in sorted(member.plates)
    ]
    upsert(tx, CrewPlateRow, pairs)


def retire_crew(tx: Transaction, crew_id: str, on: date | None) -> None:
    """The crew member has left on that day (None = is back)."""
    retire(tx, CrewRow, {"crew_id": crew_id}, on)


def _crew(tx: Transaction, within: Mapping[str, Iterable[CrewId]] | None) -> tuple[RegisteredCrew, ...]:
    plates: dict[str, set[Plate]] = {}
    for row in rows_of(tx, CrewPlateRow, order_by=["crew_id", "plate"], within=within):
        plates.setdefault(row.crew_id, set()).add(Plate(row.plate))
    return tuple(
        RegisteredCrew(member=_member(row, plates.get(row.crew_id, set())), retired_on=row.retired_on)
        for row in rows_of(tx, CrewRow, order_by=["crew_id"], within=within)
    )


def _vehicle(row: Any) -> Vehicle:
    return Vehicle(
        plate=Plate(row.plate),
        vehicle_class=VehicleClass(row.vehicle_class),
        approved_students=row.approved_students,
        approved_total=row.approved_total,
        rows=row.seat_rows,
        fixed_fen=row.fixed_fen,
        per_km_fen=row.per_km_fen,
        permit_to=row.permit_to,
        inspection_to=row.inspection_to,
        plate_to=row.plate_to,
        insurance_to=row.insurance_to,
        max_trips=row.max_trips,
        evidence=Evidence(row.evidence),
    )


def _member(row: Any, plates: Iterable[Plate]) -> CrewMember:
    return CrewMember(
        crew_id=CrewId(row.crew_id),
        name=row.name,
        role=CrewRole(row.role),
        born_on=row.born_on,
        qualified_to=row.qualified_to,
        audit_to=row.audit_to,
        plates=frozenset(plates),
    )
