"""
The tags of vehicles: the secrets their codes come from, and codes that stood before there were secrets.

A secret holds from a day on, until a later one does. A run keeps its own copy of the codes as
they were at its release (``run_tag``); a secret never leaves this table but as codes.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, Integer, String, Text, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.run import Phase
from busops.domain.values import Plate, RunId
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.fleet_store import VehicleRow
from busops.storage.run_tables import RunRow, VehicleTagRow

OVER = (Phase.CLOSED.value, Phase.CANCELLED.value)


class VehicleSecretRow(Base):
    """What a vehicle's tags are made from, from a day on."""

    __tablename__ = "vehicle_secret"
    __table_args__ = (CheckConstraint("version >= 1 AND length(secret) >= 32", name="secret"),)

    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    plate: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    secret: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date] = mapped_column(Date)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleSecret:
    """One secret of a vehicle; ``repr`` does not tell it."""

    version: int
    secret: bytes
    valid_from: date
    made_at: datetime

    def __repr__(self) -> str:
        return f"VehicleSecret(version={self.version}, valid_from={self.valid_from})"


def load_tags(tx: Transaction, plate: Plate) -> dict[str, str]:
    """The codes by place that were drawn before vehicles had secrets."""
    rows = tx.session.scalars(
        select(VehicleTagRow).where(VehicleTagRow.school_id == tx.school_id, VehicleTagRow.plate == plate)
    )
    return {row.place: row.code for row in rows}


def save_tags(tx: Transaction, plate: Plate, tags: dict[str, str]) -> None:
    """The vehicle has these tags as well; those it had keep their codes."""
    known = load_tags(tx, plate)
    rows = [
        {"school_id": tx.school_id, "plate": plate, "place": place, "code": code}
        for place, code in sorted(tags.items())
        if place not in known
    ]
    if rows:
        tx.session.execute(insert(VehicleTagRow), rows)


def load_secrets(tx: Transaction, plate: Plate) -> tuple[VehicleSecret, ...]:
    """Every secret the vehicle ever had, the first one first."""
    rows = tx.session.scalars(
        select(VehicleSecretRow)
        .where(VehicleSecretRow.school_id == tx.school_id, VehicleSecretRow.plate == plate)
        .order_by(VehicleSecretRow.version)
    )
    return tuple(
        VehicleSecret(
            version=row.version,
            secret=bytes.fromhex(row.secret),
            valid_from=row.valid_from,
            made_at=row.made_at,
        )
        for row in rows
    )


def add_secret(tx: Transaction, plate: Plate, secret: VehicleSecret, *, made_by: str) -> None:
    """The vehicle has this secret as its newest."""
    row = {
        "school_id": tx.school_id,
        "plate": plate,
        "version": secret.version,
        "secret": secret.secret.hex(),
        "valid_from": secret.valid_from,
        "made_at": secret.made_at,
        "made_by": made_by,
    }
    tx.session.execute(insert(VehicleSecretRow), [row])


def lock_vehicle(tx: Transaction, plate: Plate) -> None:
    """Nobody else releases this vehicle or makes new tags for it until the transaction ends."""
    tx.session.execute(
        select(VehicleRow.plate)
        .where(VehicleRow.school_id == tx.school_id, VehicleRow.plate == plate)
        .with_for_update()
    )


def open_runs_from(tx: Transaction, plate: Plate, on: date) -> tuple[RunId, ...]:
    """The vehicle's released runs of that day or later that are not over: they hold copies of codes."""
    found = tx.session.scalars(
        select(RunRow.run_id)
        .where(RunRow.school_id == tx.school_id, RunRow.plate == plate, RunRow.run_on >= on)
        .where(RunRow.phase.not_in(OVER))
        .order_by(RunRow.run_id)
    )
    return tuple(RunId(run_id) for run_id in found)
