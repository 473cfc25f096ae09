"""
Whether a tablet's browser promised to keep its store, as the tablet says, and who accepted that it did not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, ForeignKeyConstraint, Integer, String, Text, select, update
from sqlalchemy.orm import Mapped, mapped_column

from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import upsert


class DeviceKeepingRow(Base):
    __tablename__ = "device_keeping"
    __table_args__ = (ForeignKeyConstraint(["school_id", "dev"], ["device.school_id", "device.dev"]),)

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    dev: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    is_kept: Mapped[bool] = mapped_column(Boolean)
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_by: Mapped[str | None] = mapped_column(String)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(Text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What a tablet said of its store, and the acceptance where somebody gave one."""

    is_kept: bool
    told_at: datetime
    accepted_by: str | None = None
    accepted_at: datetime | None = None
    reason: str | None = None

    @property
    def is_ready(self) -> bool:
        """The browser promised to keep the store, or somebody of the office accepts that it did not."""
        return self.is_kept or self.accepted_by is not None


def keeping_of(tx: Transaction, dev: int) -> Keeping | None:
    """What this tablet said last; None when it never did."""
    return keepings(tx).get(dev)


def keepings(tx: Transaction) -> Mapping[int, Keeping]:
    """What every tablet said last, by its number."""
    rows = tx.session.scalars(select(DeviceKeepingRow).where(DeviceKeepingRow.school_id == tx.school_id))
    return {
        row.dev: Keeping(
            is_kept=row.is_kept,
            told_at=row.told_at,
            accepted_by=row.accepted_by,
            accepted_at=row.accepted_at,
            reason=row.reason,
        )
        for row in rows
    }


def save(tx: Transaction, dev: int, *, is_kept: bool, at: datetime) -> None:
    """The tablet says this now; what was accepted of another state is no longer."""
    fresh = {"accepted_by": None, "accepted_at": None, "reason": None}
    upsert(tx, DeviceKeepingRow, [{"dev": dev, "is_kept": is_kept, "told_at": at, **fresh}])


def accept(tx: Transaction, dev: int, *, by: str, at: datetime, reason: str) -> None:
    """Somebody takes it upon himself that the store may be cleared."""
    tx.session.execute(
        update(DeviceKeepingRow)
        .where(DeviceKeepingRow.school_id == tx.school_id, DeviceKeepingRow.dev == dev)
        .values(accepted_by=by, accepted_at=at, reason=reason)
    )
