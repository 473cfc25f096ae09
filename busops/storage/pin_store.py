"""
The personal PIN of each crew member, as its hash, with how often it was tried in vain.

A PIN that was tried too often stays locked until somebody gives a new one.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, Integer, String, Text, delete, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.values import CrewId
from busops.storage.database import Base, Transaction, UtcDateTime


class CrewPinRow(Base):
    __tablename__ = "crew_pin"
    __table_args__ = (CheckConstraint("failures >= 0", name="failures"),)

    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    crew_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    pin_hash: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(Integer)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewPin:
    """A person's PIN: its hash, who gave it and when, and how often it was wrong in a row."""

    crew_id: CrewId
    pin_hash: str
    made_by: str
    made_at: datetime
    failures: int = 0


def replace_pin(tx: Transaction, pin: CrewPin) -> None:
    """The person has this PIN and no other; whatever was counted before is forgotten."""
    mine = (CrewPinRow.school_id == tx.school_id, CrewPinRow.crew_id == pin.crew_id)
    tx.session.execute(delete(CrewPinRow).where(*mine))
    row = {
        "school_id": tx.school_id,
        "crew_id": pin.crew_id,
        "pin_hash": pin.pin_hash,
        "made_by": pin.made_by,
        "made_at": pin.made_at,
        "failures": pin.failures,
    }
    tx.session.execute(insert(CrewPinRow), [row])


def find_pin(tx: Transaction, crew_id: CrewId) -> CrewPin | None:
    """The person's PIN; None when nobody gave one."""
    return load_pins(tx).get(crew_id)


def load_pins(tx: Transaction) -> dict[CrewId, CrewPin]:
    """Everybody's PIN, by crew id."""
    rows = tx.session.execute(
        select(
            CrewPinRow.crew_id,
            CrewPinRow.pin_hash,
            CrewPinRow.made_by,
            CrewPinRow.made_at,
            CrewPinRow.failures,
        ).where(CrewPinRow.school_id == tx.school_id)
    )
    found = [CrewPin(**row._mapping) for row in rows]
    return {pin.crew_id: pin for pin in found}


def count_failure(tx: Transaction, crew_id: CrewId, *, most: int) -> bool:
    """One more try is counted; False when there have been that many already."""
    counted = tx.session.execute(
        update(CrewPinRow)
        .where(CrewPinRow.school_id == tx.school_id, CrewPinRow.crew_id == crew_id)
        .where(CrewPinRow.failures < most)
        .values(failures=CrewPinRow.failures + 1)
        .returning(CrewPinRow.failures)
    ).first()
    return counted is not None


def forget_failures(tx: Transaction, crew_id: CrewId) -> None:
    """The PIN was right: nothing is counted any more."""
    tx.session.execute(
        update(CrewPinRow)
        .where(CrewPinRow.school_id == tx.school_id, CrewPinRow.crew_id == crew_id)
        .values(failures=0)
    )
