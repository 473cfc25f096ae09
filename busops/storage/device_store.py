"""
Devices that record runs, and the tokens they show. A token is kept only as its hash.

A device's number is never given again: storage lost on a tablet means a new number, so
that a gap in an old one stays visible.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, ForeignKeyConstraint, Integer, String, Text, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.domain.values import CrewId
from busops.storage.database import Base, Transaction, UtcDateTime


class DeviceRow(Base):
    __tablename__ = "device"

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    dev: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String)
    public_key: Mapped[str | None] = mapped_column(Text)
    enrolled_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    app: Mapped[str] = mapped_column(String, default="")
    is_frozen: Mapped[bool] = mapped_column(Boolean, default=False)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DeviceTokenRow(Base):
    __tablename__ = "device_token"
    __table_args__ = (ForeignKeyConstraint(["school_id", "dev"], ["device.school_id", "device.dev"]),)

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String, primary_key=True)
    dev: Mapped[int] = mapped_column(Integer, index=True)
    user_id: Mapped[str] = mapped_column(String)
    crew_id: Mapped[str | None] = mapped_column(String)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device and how it stands: frozen after a fork, revoked when lost."""

    dev: int
    name: str
    enrolled_at: datetime
    seen_at: datetime | None
    app: str
    is_frozen: bool
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceToken:
    """Who a token speaks for."""

    dev: int
    user_id: str
    crew_id: CrewId | None
    expires_at: datetime
    revoked_at: datetime | None

    def is_valid(self, at: datetime) -> bool:
        """Whether the token may be used at that moment."""
        return self.revoked_at is None and at < self.expires_at


def enrol(tx: Transaction, name: str, *, at: datetime) -> Device:
    """A device with a number that no device ever had."""
    highest = tx.session.scalar(select(func.max(DeviceRow.dev)).where(DeviceRow.school_id == tx.school_id))
    dev = (highest or 0) + 1
    row = {"school_id": tx.school_id, "dev": dev, "name": name, "enrolled_at": at}
    tx.session.execute(insert(DeviceRow), [row])
    return load_device(tx, dev)


def load_device(tx: Transaction, dev: int) -> Device:
    """The device with that number."""
    found = [device for device in load_devices(tx) if device.dev == dev]
    if not found:
        raise NotFound("no_such_device", dev=dev)
    return found[0]


def load_devices(tx: Transaction) -> tuple[Device, ...]:
    """Every device there ever was, by number."""
    rows = tx.session.execute(
        select(
            DeviceRow.dev,
            DeviceRow.name,
            DeviceRow.enrolled_at,
            DeviceRow.seen_at,
            DeviceRow.app,
            DeviceRow.is_frozen,
            DeviceRow.revoked_at,
        )
        .where(DeviceRow.school_id == tx.school_id)
        .order_by(DeviceRow.dev)
    )
    return tuple(Device(**row._mapping) for row in rows)


def touch(tx: Transaction, dev: int, *, at: datetime, app: str = "") -> None:
    """The device was heard of just now."""
    _change(tx, dev, seen_at=at, **({"app": app} if app else {}))


def freeze(tx: Transaction, dev: int) -> None:
    """Nothing more is taken from the device as fact: two histories carry its number."""
    _change(tx, dev, is_frozen=True)


def revoke(tx: Transaction, dev: int, *, at: datetime) -> None:
    """The device is given up, for good; what it still sends goes to quarantine."""
    _change(tx, dev, revoked_at=at)
    tx.session.execute(
        update(DeviceTokenRow)
        .where(DeviceTokenRow.school_id == tx.school_id, DeviceTokenRow.dev == dev)
        .where(DeviceTokenRow.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def revoke_tokens_of(tx: Transaction, user_id: str, *, at: datetime) -> None:
    """No token speaks for the person any more; their devices stay sound for whoever enrols them anew."""
    tx.session.execute(
        update(DeviceTokenRow)
        .where(DeviceTokenRow.school_id == tx.school_id, DeviceTokenRow.user_id == user_id)
        .where(DeviceTokenRow.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def save_token(tx: Transaction, token_hash: str, token: DeviceToken) -> None:
    """The token with this hash speaks for its device and person until it expires."""
    row = {
        "school_id": tx.school_id,
        "token_hash": token_hash,
        "dev": token.dev,
        "user_id": token.user_id,
        "crew_id": token.crew_id,
        "expires_at": token.expires_at,
    }
    tx.session.execute(insert(DeviceTokenRow), [row])


def find_token(tx: Transaction, token_hash: str) -> DeviceToken | None:
    """Who the token with this hash speaks for, valid or not; None when there is none."""
    row = tx.session.scalar(
        select(DeviceTokenRow).where(
            DeviceTokenRow.school_id == tx.school_id, DeviceTokenRow.token_hash == token_hash
        )
    )
    if row is None:
        return None
    return DeviceToken(
        dev=row.dev,
        user_id=row.user_id,
        crew_id=CrewId(row.crew_id) if row.crew_id else None,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


def last_tokens(tx: Transaction) -> dict[int, DeviceToken]:
    """The token of each device that lasts longest: who spoke through it last."""
    rows = tx.session.scalars(
        select(DeviceTokenRow)
        .where(DeviceTokenRow.school_id == tx.school_id)
        .order_by(DeviceTokenRow.expires_at, DeviceTokenRow.token_hash)
    )
    return {
        row.dev: DeviceToken(
            dev=row.dev,
            user_id=row.user_id,
            crew_id=CrewId(row.crew_id) if row.crew_id else None,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
    }


def crews_of(tx: Transaction, dev: int) -> frozenset[CrewId]:
    """Everybody who ever signed in on the device, by crew id."""
    found = tx.session.scalars(
        select(DeviceTokenRow.crew_id)
        .where(DeviceTokenRow.school_id == tx.school_id, DeviceTokenRow.dev == dev)
        .where(DeviceTokenRow.crew_id.is_not(None))
        .distinct()
    )
    return frozenset(CrewId(crew_id) for crew_id in found if crew_id)


def _change(tx: Transaction, dev: int, **values: object) -> None:
    changed = tx.session.execute(
        update(DeviceRow)
        .where(DeviceRow.school_id == tx.school_id, DeviceRow.dev == dev)
        .values(**values)
        .returning(DeviceRow.dev)
    ).first()
    if changed is None:
        raise NotFound("no_such_device", dev=dev)
