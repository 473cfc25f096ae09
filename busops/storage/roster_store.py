"""
Weekend rosters: the draft that may still change, and the locked versions that never do.

``weekend_on`` is always the Friday. A version is only ever inserted; the next lock writes the
next number.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Integer,
    String,
    Text,
    delete,
    except_,
    func,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import Conflict
from busops.domain.roster import NotRidingReason, RosterEntry, RosterVersion
from busops.domain.values import RiderId, StopId
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import rows_of, table_of, upsert


class WeekendRow(Base):
    """A weekend that has a roster; its day is the Friday."""

    __tablename__ = "weekend"
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    weekend_on: Mapped[date] = mapped_column(Date, primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RosterEntryRow(Base):
    """What one rider does on one weekend, as it stands now."""

    __tablename__ = "roster_entry"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "weekend_on"], ["weekend.school_id", "weekend.weekend_on"]),
        ForeignKeyConstraint(["school_id", "rider_id"], ["rider.school_id", "rider.rider_id"]),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    weekend_on: Mapped[date] = mapped_column(Date, primary_key=True)
    rider_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    rides_homeward: Mapped[bool] = mapped_column(Boolean)
    rides_return: Mapped[bool] = mapped_column(Boolean)
    stop_id: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(Text)


class RosterVersionRow(Base):
    """A locked roster; ``approval`` says why a lock after the first was allowed."""

    __tablename__ = "roster_version"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "weekend_on"], ["weekend.school_id", "weekend.weekend_on"]),
        CheckConstraint("version >= 1", name="version"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    weekend_on: Mapped[date] = mapped_column(Date, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    locked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    locked_by: Mapped[str] = mapped_column(Text)
    approval: Mapped[str] = mapped_column(Text)


class RosterVersionEntryRow(Base):
    """One rider's entry in a locked version."""

    __tablename__ = "roster_version_entry"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "weekend_on", "version"],
            ["roster_version.school_id", "roster_version.weekend_on", "roster_version.version"],
        ),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    weekend_on: Mapped[date] = mapped_column(Date, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    rider_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    rides_homeward: Mapped[bool] = mapped_column(Boolean)
    rides_return: Mapped[bool] = mapped_column(Boolean)
    stop_id: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekendSummary:
    """How one weekend stands: who rides, and the latest locked version, 0 before the first."""

    weekend_on: date
    entries: int
    homeward: int
    back: int
    version: int
    locked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One lock: when, by whom, and why it was allowed (empty for the first)."""

    version: int
    locked_at: datetime
    locked_by: str
    approval: str


def open_weekend(tx: Transaction, weekend_on: date, opened_at: datetime) -> None:
    """The weekend exists; opening it again changes nothing."""
    table = table_of(WeekendRow)
    known = select(table.c.weekend_on).where(
        table.c.school_id == tx.school_id, table.c.weekend_on == weekend_on
    )
    if tx.session.execute(known).first() is None:
        upsert(tx, WeekendRow, [{"weekend_on": weekend_on, "opened_at": opened_at}])


def list_weekends(tx: Transaction) -> tuple[WeekendSummary, ...]:
    """Every weekend with a roster, the latest first."""
    entries = table_of(RosterEntryRow)
    counts = select(
        entries.c.weekend_on,
        func.count().label("entries"),
        func.count().filter(entries.c.rides_homeward).label("homeward"),
        func.count().filter(entries.c.rides_return).label("back"),
    ).where(entries.c.school_id == tx.school_id)
    counted = {row.weekend_on: row for row in tx.session.execute(counts.group_by(entries.c.weekend_on))}
    locked: dict[date, Any] = {}
    for row in rows_of(tx, RosterVersionRow, order_by=["weekend_on", "version"]):
        locked[row.weekend_on] = row
    return tuple(
        WeekendSummary(
            weekend_on=row.weekend_on,
            entries=count.entries if (count := counted.get(row.weekend_on)) else 0,
            homeward=count.homeward if count else 0,
            back=count.back if count else 0,
            version=lock.version if (lock := locked.get(row.weekend_on)) else 0,
            locked_at=lock.locked_at if lock else None,
        )
        for row in reversed(rows_of(tx, WeekendRow, order_by=["weekend_on"]))
    )


def list_days(tx: Transaction) -> tuple[date, ...]:
    """The Fridays of every weekend with a roster, the first first."""
    return tuple(row.weekend_on for row in rows_of(tx, WeekendRow, order_by=["weekend_on"]))


def load_roster(tx: Transaction, weekend_on: date) -> tuple[RosterEntry, ...]:
    """The roster of a weekend as it stands now, by rider; empty when there is none."""
    table = table_of(RosterEntryRow)
    query = select(table).where(table.c.school_id == tx.school_id, table.c.weekend_on == weekend_on)
    return tuple(_entry(row) for row in tx.session.execute(query.order_by(table.c.rider_id)))


def save_roster(tx: Transaction, weekend_on: date, entries: Iterable[RosterEntry]) -> None:
    """These entries stand as given; the entries of other riders stay. The weekend must be open."""
    upsert(tx, RosterEntryRow, ({"weekend_on": weekend_on, **_row(entry)} for entry in entries))


def replace_roster(tx: Transaction, weekend_on: date, entries: Iterable[RosterEntry]) -> None:
    """These entries, and no others, are the draft of the weekend; locked versions are untouched."""
    table = table_of(RosterEntryRow)
    tx.session.execute(
        delete(table).where(table.c.school_id == tx.school_id, table.c.weekend_on == weekend_on)
    )
    save_roster(tx, weekend_on, entries)


def lock_roster(tx: Transaction, weekend_on: date, version: RosterVersion, *, approval: str = "") -> None:
    """The version is frozen; raises Conflict when its number is not the next one."""
    table = table_of(RosterVersionRow)
    mine = (table.c.school_id == tx.school_id) & (table.c.weekend_on == weekend_on)
    latest = tx.session.execute(select(func.max(table.c.version)).where(mine)).scalar() or 0
    if version.version != latest + 1:
        raise Conflict("roster_version_taken", weekend_on=weekend_on, version=version.version, latest=latest)
    key = {"school_id": tx.school_id, "weekend_on": weekend_on, "version": version.version}
    head = {"locked_at": version.locked_at, "locked_by": version.locked_by, "approval": approval}
    tx.session.execute(insert(table), [{**key, **head}])
    if version.entries:
        frozen = [{**key, **_row(entry)} for entry in version.entries]
        tx.session.execute(insert(table_of(RosterVersionEntryRow)), frozen)


def load_versions(tx: Transaction, weekend_on: date) -> tuple[RosterVersion, ...]:
    """The locked versions of a weekend, first to last."""
    frozen = table_of(RosterVersionEntryRow)
    mine = (frozen.c.school_id == tx.school_id) & (frozen.c.weekend_on == weekend_on)
    entries: dict[int, list[RosterEntry]] = {}
    query = select(frozen).where(mine).order_by(frozen.c.version, frozen.c.rider_id)
    for row in tx.session.execute(query):
        entries.setdefault(row.version, []).append(_entry(row))
    return tuple(
        RosterVersion(
            weekend_on=weekend_on,
            version=row.version,
            locked_at=row.locked_at,
            locked_by=row.locked_by,
            entries=tuple(entries.get(row.version, ())),
        )
        for row in _heads(tx, weekend_on)
    )


def load_locks(tx: Transaction, weekend_on: date) -> tuple[Lock, ...]:
    """The locks of a weekend without their entries, first to last."""
    return tuple(
        Lock(version=row.version, locked_at=row.locked_at, locked_by=row.locked_by, approval=row.approval)
        for row in _heads(tx, weekend_on)
    )


def load_latest_version(tx: Transaction, weekend_on: date) -> RosterVersion | None:
    """The roster that counts: the last locked version, or None before the first lock."""
    heads = _heads(tx, weekend_on)
    if not heads:
        return None
    head = heads[-1]
    table = table_of(RosterVersionEntryRow)
    query = select(table).where(
        table.c.school_id == tx.school_id,
        table.c.weekend_on == weekend_on,
        table.c.version == head.version,
    )
    entries = tuple(_entry(row) for row in tx.session.execute(query.order_by(table.c.rider_id)))
    return RosterVersion(
        weekend_on=weekend_on,
        version=head.version,
        locked_at=head.locked_at,
        locked_by=head.locked_by,
        entries=entries,
    )


def changed_riders(tx: Transaction, weekend_on: date, version: int) -> tuple[RiderId, ...]:
    """Whose entry in the draft is not what the version says, found by the database."""
    draft, frozen = table_of(RosterEntryRow), table_of(RosterVersionEntryRow)
    names = ("rider_id", "name", "rides_homeward", "rides_return", "stop_id", "reason", "note")
    now = select(*(draft.c[name] for name in names)).where(
        draft.c.school_id == tx.school_id, draft.c.weekend_on == weekend_on
    )
    then = select(*(frozen.c[name] for name in names)).where(
        frozen.c.school_id == tx.school_id, frozen.c.weekend_on == weekend_on, frozen.c.version == version
    )
    sides = (except_(now, then).subquery(), except_(then, now).subquery())
    found = {row.rider_id for side in sides for row in tx.session.execute(select(side.c.rider_id))}
    return tuple(RiderId(rider_id) for rider_id in sorted(found))


def _heads(tx: Transaction, weekend_on: date) -> list[Any]:
    table = table_of(RosterVersionRow)
    query = select(table).where(table.c.school_id == tx.school_id, table.c.weekend_on == weekend_on)
    return list(tx.session.execute(query.order_by(table.c.version)))


def _row(entry: RosterEntry) -> dict[str, Any]:
    return {
        "rider_id": entry.rider_id,
        "name": entry.name,
        "rides_homeward": entry.rides_homeward,
        "rides_return": entry.rides_return,
        "stop_id": entry.stop_id,
        "reason": entry.reason.value if entry.reason else None,
        "note": entry.note,
    }


def _entry(row: Any) -> RosterEntry:
    return RosterEntry(
        rider_id=RiderId(row.rider_id),
        name=row.name,
        rides_homeward=row.rides_homeward,
        rides_return=row.rides_return,
        stop_id=StopId(row.stop_id) if row.stop_id else None,
        reason=NotRidingReason(row.reason) if row.reason else None,
        note=row.note,
    )
