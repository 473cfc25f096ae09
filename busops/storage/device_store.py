"""
Devices that record runs, and the tokens they show. A token is kept only as its hash.

A device's number is never given again: storage lost on a tablet means a new number, so
that a gap in an old one stays visible. What may never be taken back (given up, frozen,
confirmed, its key) the guards hold: ``guards/devices_*.sql``.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    ForeignKeyConstraint,
    Integer,
    String,
    Text,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.domain.fleet import CrewRole
from busops.domain.values import CrewId, Plate
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.prepared import asked, matches, select_rows
from busops.storage.upsert import table_of


class Standing(StrEnum):
    """Whether somebody has compared the tablet's check code; one that waits is not believed."""

    PENDING = "pending"
    ACTIVE = "active"


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
    plate: Mapped[str | None] = mapped_column(String)
    role: Mapped[str | None] = mapped_column(String)
    state: Mapped[str] = mapped_column(String, server_default=Standing.ACTIVE.value)


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
    """
    A device and how it stands: frozen after a fork, revoked when lost.

    ``plate`` and ``role`` are whose it is when it belongs to a vehicle and to no person.
    """

    dev: int
    name: str
    enrolled_at: datetime
    seen_at: datetime | None
    app: str
    is_frozen: bool
    revoked_at: datetime | None
    public_key: str | None
    plate: Plate | None
    role: CrewRole | None
    state: Standing

    @property
    def is_sound(self) -> bool:
        """Whether what it sends may become a fact."""
        return self.state is Standing.ACTIVE and not self.is_frozen and self.revoked_at is None


_DEVICE_FIELDS: Final = tuple(each.name for each in fields(Device))


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


_DEVICE: Final = select_rows(DeviceRow, "dev")
_DEVICES: Final = select_rows(DeviceRow).order_by("dev")
_DEV: Final = table_of(DeviceRow)
_SPOKEN: Final = table_of(DeviceTokenRow).c
_OF_DEVICE: Final = (_SPOKEN.school_id == _DEV.c.school_id) & (_SPOKEN.dev == _DEV.c.dev)
_TOKEN: Final = (
    select(_DEV, _SPOKEN.user_id, _SPOKEN.crew_id, _SPOKEN.expires_at, _SPOKEN.revoked_at.label("ended_at"))
    .join_from(table_of(DeviceTokenRow), _DEV, _OF_DEVICE)
    .where(*matches(DeviceTokenRow, "token_hash"))
)
_WITH_PEOPLE: Final = (
    select(_DEV, _SPOKEN.crew_id)
    .join_from(_DEV, table_of(DeviceTokenRow), _OF_DEVICE & _SPOKEN.crew_id.is_not(None), isouter=True)
    .where(*matches(DeviceRow, "dev"))
    .distinct()
)
_CREWS: Final = (
    select_rows(DeviceTokenRow, "dev", columns=("crew_id",))
    .where(table_of(DeviceTokenRow).c.crew_id.is_not(None))
    .distinct()
)
_TOUCHED: Final = (
    update(_DEV)
    .where(_DEV.c.school_id == bindparam("of_school"), _DEV.c.dev == bindparam("of_dev"))
    .values(seen_at=bindparam("now"), app=func.coalesce(bindparam("version", type_=String()), _DEV.c.app))
    .returning(_DEV.c.dev)
)


def enrol(
    tx: Transaction,
    name: str,
    *,
    at: datetime,
    public_key: str | None = None,
    belongs: tuple[Plate, CrewRole] | None = None,
) -> Device:
    """A device with a number that no device ever had; one that belongs to a vehicle waits to be confirmed."""
    highest = tx.session.scalar(select(func.max(DeviceRow.dev)).where(DeviceRow.school_id == tx.school_id))
    dev = (highest or 0) + 1
    row = {
        "school_id": tx.school_id,
        "dev": dev,
        "name": name,
        "enrolled_at": at,
        "public_key": public_key,
        "plate": belongs[0] if belongs else None,
        "role": belongs[1].value if belongs else None,
        "state": Standing.PENDING.value if belongs else Standing.ACTIVE.value,
    }
    tx.session.execute(insert(DeviceRow), [row])
    return load_device(tx, dev)


def load_device(tx: Transaction, dev: int) -> Device:
    """The device with that number."""
    row = tx.session.execute(_DEVICE, asked(tx, dev=dev)).first()
    if row is None:
        raise NotFound("no_such_device", dev=dev)
    return _device(row)


def load_with_people(tx: Transaction, dev: int) -> tuple[Device, frozenset[CrewId]]:
    """The device with that number, and everybody who ever signed in on it."""
    rows = tx.session.execute(_WITH_PEOPLE, asked(tx, dev=dev)).all()
    if not rows:
        raise NotFound("no_such_device", dev=dev)
    return _device(rows[0]), frozenset(CrewId(row.crew_id) for row in rows if row.crew_id)


def load_devices(tx: Transaction) -> tuple[Device, ...]:
    """Every device there ever was, by number."""
    return tuple(_device(row) for row in tx.session.execute(_DEVICES, asked(tx)))


def touch(tx: Transaction, dev: int, *, at: datetime, app: str = "") -> None:
    """The device was heard of just now."""
    told = {"of_school": tx.school_id, "of_dev": dev, "now": at, "version": app or None}
    if tx.session.execute(_TOUCHED, told).first() is None:
        raise NotFound("no_such_device", dev=dev)


def freeze(tx: Transaction, dev: int) -> None:
    """Nothing more is taken from the device as fact: two histories carry its number."""
    _change(tx, dev, is_frozen=True)


def confirm(tx: Transaction, dev: int) -> None:
    """Somebody has compared the check code: the device is believed from now on."""
    _change(tx, dev, state=Standing.ACTIVE.value)


def keep_key(tx: Transaction, dev: int, public_key: str) -> None:
    """The device signs with this key from now on; a device that has one keeps it."""
    _change(tx, dev, public_key=public_key)


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


def end_pin_tokens(tx: Transaction, crew_id: CrewId, *, at: datetime) -> None:
    """No token that a PIN opened on a vehicle's tablet speaks for the person any more."""
    shared = select(DeviceRow.dev).where(DeviceRow.school_id == tx.school_id, DeviceRow.plate.is_not(None))
    tx.session.execute(
        update(DeviceTokenRow)
        .where(DeviceTokenRow.school_id == tx.school_id, DeviceTokenRow.crew_id == crew_id)
        .where(DeviceTokenRow.dev.in_(shared), DeviceTokenRow.revoked_at.is_(None))
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


def find_token(tx: Transaction, token_hash: str) -> tuple[DeviceToken, Device] | None:
    """Who the token with this hash speaks for, valid or not, and its device; None when there is none."""
    row = tx.session.execute(_TOKEN, asked(tx, token_hash=token_hash)).first()
    if row is None:
        return None
    token = DeviceToken(
        dev=row.dev,
        user_id=row.user_id,
        crew_id=CrewId(row.crew_id) if row.crew_id else None,
        expires_at=row.expires_at,
        revoked_at=row.ended_at,
    )
    return token, _device(row)


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
    found = tx.session.scalars(_CREWS, asked(tx, dev=dev))
    return frozenset(CrewId(crew_id) for crew_id in found if crew_id)


def _device(row: Any) -> Device:
    own = {name: getattr(row, name) for name in _DEVICE_FIELDS}
    own |= {"role": CrewRole(row.role) if row.role else None, "state": Standing(row.state)}
    return Device(**own)


def _change(tx: Transaction, dev: int, **values: object) -> None:
    changed = tx.session.execute(
        update(DeviceRow)
        .where(DeviceRow.school_id == tx.school_id, DeviceRow.dev == dev)
        .values(**values)
        .returning(DeviceRow.dev)
    ).first()
    if changed is None:
        raise NotFound("no_such_device", dev=dev)
