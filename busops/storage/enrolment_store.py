"""
Offers to enrol a tablet: a code that works once and not for long, of which only the hash is kept.

The row goes on to say which device took it, with what check code, and who compared that.
"""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Integer, String, insert, select, update
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.domain.fleet import CrewRole
from busops.domain.values import Plate
from busops.storage.database import Base, Transaction, UtcDateTime


class EnrolmentRow(Base):
    __tablename__ = "enrolment"
    __table_args__ = (
        Unique("school_id", "code_hash"),
        ForeignKeyConstraint(["school_id", "dev"], ["device.school_id", "device.dev"]),
        CheckConstraint("role IN ('DRIVER', 'ATTENDANT')", name="role"),
        CheckConstraint(
            "(used_at IS NULL) = (dev IS NULL) AND (used_at IS NULL) = (check_code IS NULL)", name="used"
        ),
        CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_by IS NULL)"
            " AND (confirmed_at IS NULL OR used_at IS NOT NULL)",
            name="confirmed",
        ),
    )

    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    enrolment_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    plate: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dev: Mapped[int | None] = mapped_column(Integer)
    check_code: Mapped[str | None] = mapped_column(String(16))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[str | None] = mapped_column(String(64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An offer and what became of it."""

    enrolment_id: str
    plate: Plate
    role: CrewRole
    made_by: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    dev: int | None = None
    check_code: str | None = None
    confirmed_at: datetime | None = None
    confirmed_by: str | None = None


def insert_offer(tx: Transaction, offer: Offer, code_hash: str) -> None:
    """The offer stands; the code itself is kept nowhere."""
    row = {each.name: getattr(offer, each.name) for each in fields(Offer)}
    row |= {"school_id": tx.school_id, "code_hash": code_hash, "role": offer.role.value}
    tx.session.execute(insert(EnrolmentRow), [row])


def find_open(tx: Transaction, code_hash: str, *, at: datetime) -> Offer | None:
    """The offer with this code, if nobody has used it and it has not run out."""
    row = tx.session.scalar(
        select(EnrolmentRow).where(
            EnrolmentRow.school_id == tx.school_id,
            EnrolmentRow.code_hash == code_hash,
            EnrolmentRow.used_at.is_(None),
            EnrolmentRow.expires_at > at,
        )
    )
    return None if row is None else _offer(row)


def use(tx: Transaction, enrolment_id: str, *, dev: int, check_code: str, at: datetime) -> bool:
    """The device has taken the offer; False when another was there first."""
    taken = tx.session.execute(
        update(EnrolmentRow)
        .where(EnrolmentRow.school_id == tx.school_id, EnrolmentRow.enrolment_id == enrolment_id)
        .where(EnrolmentRow.used_at.is_(None))
        .values(used_at=at, dev=dev, check_code=check_code)
        .returning(EnrolmentRow.enrolment_id)
    ).first()
    return taken is not None


def confirm(tx: Transaction, enrolment_id: str, *, by: str, at: datetime) -> bool:
    """Somebody has compared the check codes; False when that was done before or nothing was taken."""
    done = tx.session.execute(
        update(EnrolmentRow)
        .where(EnrolmentRow.school_id == tx.school_id, EnrolmentRow.enrolment_id == enrolment_id)
        .where(EnrolmentRow.used_at.is_not(None), EnrolmentRow.confirmed_at.is_(None))
        .values(confirmed_at=at, confirmed_by=by)
        .returning(EnrolmentRow.enrolment_id)
    ).first()
    return done is not None


def load_offer(tx: Transaction, enrolment_id: str) -> Offer:
    """The offer with that id."""
    row = tx.session.get(EnrolmentRow, (tx.school_id, enrolment_id), populate_existing=True)
    if row is None:
        raise NotFound("no_such_enrolment")
    return _offer(row)


def offers_of_devices(tx: Transaction) -> dict[int, Offer]:
    """The offer that each device took, by its number."""
    rows = tx.session.scalars(
        select(EnrolmentRow).where(EnrolmentRow.school_id == tx.school_id, EnrolmentRow.dev.is_not(None))
    )
    return {offer.dev: offer for offer in map(_offer, rows) if offer.dev is not None}


def _offer(row: EnrolmentRow) -> Offer:
    own = {each.name: getattr(row, each.name) for each in fields(Offer)}
    return Offer(**own | {"role": CrewRole(row.role)})
