"""
Photos of checks: what is known of each; the picture itself is a file beside the database.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, Integer, String, UniqueConstraint, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.values import CrewId, RunId
from busops.storage.database import Base, Transaction, UtcDateTime


class RunPhotoRow(Base):
    """A photo of a check: whose, of which run, and the hash of what the tablet sent."""

    __tablename__ = "run_photo"
    __table_args__ = (
        UniqueConstraint("school_id", "run_id", "digest", name="uq_run_photo_once"),
        CheckConstraint("length(digest) = 64", name="digest"),
    )

    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    photo_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    run_id: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    dev: Mapped[int] = mapped_column(Integer)
    taken_by: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPhoto:
    """One photo as it is kept."""

    photo_id: str
    run_id: RunId
    digest: str
    dev: int
    taken_by: CrewId
    received_at: datetime


def add_photo(tx: Transaction, photo: RunPhoto) -> None:
    """The photo is known."""
    row = {
        "school_id": tx.school_id,
        "photo_id": photo.photo_id,
        "run_id": photo.run_id,
        "digest": photo.digest,
        "dev": photo.dev,
        "taken_by": photo.taken_by,
        "received_at": photo.received_at,
    }
    tx.session.execute(insert(RunPhotoRow), [row])


def photos_of(tx: Transaction, run_id: RunId) -> tuple[RunPhoto, ...]:
    """The run's photos, the first one first."""
    query = select(RunPhotoRow).where(RunPhotoRow.school_id == tx.school_id, RunPhotoRow.run_id == run_id)
    rows = tx.session.scalars(query.order_by(RunPhotoRow.received_at, RunPhotoRow.photo_id))
    return tuple(_photo(row) for row in rows)


def take_older(tx: Transaction, before: datetime) -> tuple[RunPhoto, ...]:
    """Photos received before that moment are forgotten; they are returned, so that their files can go."""
    mine = (RunPhotoRow.school_id == tx.school_id) & (RunPhotoRow.received_at < before)
    found = tuple(_photo(row) for row in tx.session.scalars(select(RunPhotoRow).where(mine)))
    if found:
        tx.session.execute(delete(RunPhotoRow).where(mine))
    return found


def _photo(row: RunPhotoRow) -> RunPhoto:
    return RunPhoto(
        photo_id=row.photo_id,
        run_id=RunId(row.run_id),
        digest=row.digest,
        dev=row.dev,
        taken_by=CrewId(row.taken_by),
        received_at=row.received_at,
    )
