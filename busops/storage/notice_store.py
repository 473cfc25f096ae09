"""
Channels that notices of alarms go to, and every notice: one for an alarm and a channel, kept for good.

A row is claimed before it is sent: ``next_at`` moves on by the length of the claim and ``tries``
fences it, so that two workers never send the same notice at the same time.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    insert,
    select,
    update,
)
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import Conflict, NotFound
from busops.domain.notices import ChannelKind
from busops.storage.alarm_store import Alarm, AlarmRow, AlarmState, alarm_of
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of


class NoticeState(StrEnum):
    """How far a notice has come."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"  # tried often enough: a person must look
    DROPPED = "dropped"  # the alarm was over before it left


_KINDS = ", ".join(f"'{kind}'" for kind in ChannelKind)
_STATES = ", ".join(f"'{state}'" for state in NoticeState)


class ChannelRow(Base):
    __tablename__ = "notice_channel"
    __table_args__ = (
        Unique("school_id", "name"),
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        CheckConstraint("name <> '' AND target <> ''", name="named"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    channel_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(80))
    target: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    levels: Mapped[Any] = mapped_column(JSON)
    language: Mapped[str] = mapped_column(String(8))
    is_on: Mapped[bool] = mapped_column(Boolean)
    since_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[str] = mapped_column(Text)


class NoticeRow(Base):
    __tablename__ = "notice"
    __table_args__ = (
        Unique("school_id", "alarm_id", "channel_id", name="uq_notice_once"),
        ForeignKeyConstraint(
            ["school_id", "alarm_id"], ["alarm.school_id", "alarm.alarm_id"], name="fk_notice_alarm"
        ),
        ForeignKeyConstraint(
            ["school_id", "channel_id"],
            ["notice_channel.school_id", "notice_channel.channel_id"],
            name="fk_notice_channel",
        ),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("tries >= 0", name="tries"),
        Index("ix_notice_due", "school_id", "state", "next_at"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    notice_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    alarm_id: Mapped[str] = mapped_column(String)
    channel_id: Mapped[str] = mapped_column(String(64))
    level: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    tries: Mapped[int] = mapped_column(Integer)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    why: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where notices go: a person's mail, a school's own system, a group's robot; at which levels."""

    channel_id: str
    kind: ChannelKind
    name: str
    target: str = field(repr=False)
    secret: str = field(default="", repr=False)
    levels: frozenset[int]
    language: str
    is_on: bool = True
    since_at: datetime
    made_by: str
    made_at: datetime
    tried_at: datetime | None = None
    result: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One alarm on its way to one channel."""

    notice_id: str
    alarm_id: str
    channel_id: str
    level: int
    state: NoticeState = NoticeState.WAITING
    tries: int = 0
    made_at: datetime
    next_at: datetime
    done_at: datetime | None = None
    why: str = ""


def insert_channel(tx: Transaction, channel: Channel) -> None:
    """The channel stands; raises Conflict when another has its name."""
    if any(each.name == channel.name for each in load_channels(tx)):
        raise Conflict("notice_channel_stands", name=channel.name)
    row = {
        "school_id": tx.school_id,
        "channel_id": channel.channel_id,
        "kind": channel.kind.value,
        "name": channel.name,
        "target": channel.target,
        "secret": channel.secret,
        "levels": sorted(channel.levels),
        "language": channel.language,
        "is_on": channel.is_on,
        "since_at": channel.since_at,
        "made_by": channel.made_by,
        "made_at": channel.made_at,
        "tried_at": channel.tried_at,
        "result": channel.result,
    }
    tx.session.execute(insert(ChannelRow), [row])


def change_channel(tx: Transaction, channel_id: str, **values: Any) -> None:
    """Levels, language, on or off, the last result: what may change of a channel has changed."""
    if "levels" in values:
        values["levels"] = sorted(values["levels"])
    changed = tx.session.execute(
        update(ChannelRow)
        .where(ChannelRow.school_id == tx.school_id, ChannelRow.channel_id == channel_id)
        .values(**values)
        .returning(ChannelRow.channel_id)
    ).first()
    if changed is None:
        raise NotFound("no_such_channel", channel_id=channel_id)


def load_channels(tx: Transaction) -> tuple[Channel, ...]:
    """Every channel there ever was, those in use first."""
    rows = tx.session.scalars(
        select(ChannelRow)
        .where(ChannelRow.school_id == tx.school_id)
        .order_by(ChannelRow.is_on.desc(), ChannelRow.name)
        .execution_options(populate_existing=True)
    )
    return tuple(
        Channel(
            channel_id=row.channel_id,
            kind=ChannelKind(row.kind),
            name=row.name,
            target=row.target,
            secret=row.secret,
            levels=frozenset(row.levels),
            language=row.language,
            is_on=row.is_on,
            since_at=row.since_at,
            made_by=row.made_by,
            made_at=row.made_at,
            tried_at=row.tried_at,
            result=row.result,
        )
        for row in rows
    )


def load_channel(tx: Transaction, channel_id: str) -> Channel:
    """The channel with that id."""
    found = next((each for each in load_channels(tx) if each.channel_id == channel_id), None)
    if found is None:
        raise NotFound("no_such_channel", channel_id=channel_id)
    return found


def unnoticed(tx: Transaction, channel: Channel) -> tuple[Alarm, ...]:
    """The alarms that are not over and that this channel has not been told of, since it was switched on."""
    known = select(NoticeRow.alarm_id).where(
        NoticeRow.school_id == tx.school_id, NoticeRow.channel_id == channel.channel_id
    )
    rows = tx.session.scalars(
        select(AlarmRow)
        .where(AlarmRow.school_id == tx.school_id, AlarmRow.state != AlarmState.RESOLVED.value)
        .where(AlarmRow.level.in_(sorted(channel.levels)), AlarmRow.raised_at >= channel.since_at)
        .where(AlarmRow.alarm_id.not_in(known))
        .order_by(AlarmRow.raised_at, AlarmRow.alarm_id)
    )
    return tuple(alarm_of(row) for row in rows)


def insert_notice(tx: Transaction, notice: Notice) -> None:
    """The notice waits; when another worker has just made it, that one does."""
    row = {
        "school_id": tx.school_id,
        "notice_id": notice.notice_id,
        "alarm_id": notice.alarm_id,
        "channel_id": notice.channel_id,
        "level": notice.level,
        "state": notice.state.value,
        "tries": notice.tries,
        "made_at": notice.made_at,
        "next_at": notice.next_at,
        "why": notice.why,
    }
    is_sqlite = tx.session.get_bind().dialect.name == "sqlite"
    into = (sqlite_insert if is_sqlite else postgresql_insert)(table_of(NoticeRow))
    tx.session.execute(into.values([row]).on_conflict_do_nothing())


def due_notices(tx: Transaction, now: datetime) -> tuple[Notice, ...]:
    """What waits and may be tried now, the worst level first."""
    query = _notices(tx).where(NoticeRow.state == NoticeState.WAITING.value, NoticeRow.next_at <= now)
    rows = tx.session.scalars(query.order_by(NoticeRow.level.desc(), NoticeRow.next_at, NoticeRow.notice_id))
    return tuple(_notice(row) for row in rows)


def claim(tx: Transaction, notice: Notice, *, until: datetime) -> bool:
    """Whether this caller may send it now; until the claim ends nobody else does."""
    claimed = tx.session.execute(
        update(NoticeRow)
        .where(NoticeRow.school_id == tx.school_id, NoticeRow.notice_id == notice.notice_id)
        .where(NoticeRow.state == NoticeState.WAITING.value, NoticeRow.tries == notice.tries)
        .values(tries=notice.tries + 1, next_at=until)
        .returning(NoticeRow.notice_id)
    ).first()
    return claimed is not None


def move_notice(
    tx: Transaction, notice_id: str, *, state: NoticeState, comes_from: NoticeState, **values: Any
) -> None:
    """The notice has come so far; raises Conflict when it is not where it was thought to be."""
    moved = tx.session.execute(
        update(NoticeRow)
        .where(NoticeRow.school_id == tx.school_id, NoticeRow.notice_id == notice_id)
        .where(NoticeRow.state == comes_from.value)
        .values(state=state.value, **values)
        .returning(NoticeRow.notice_id)
    ).first()
    if moved is None:
        raise Conflict("notice_moved_on", notice_id=notice_id)


def list_notices(
    tx: Transaction, state: NoticeState | None = None, *, most: int = 50
) -> tuple[tuple[Notice, Alarm], ...]:
    """Notices with their alarms, the latest first."""
    query = select(NoticeRow, AlarmRow).join(
        AlarmRow, (AlarmRow.school_id == NoticeRow.school_id) & (AlarmRow.alarm_id == NoticeRow.alarm_id)
    )
    query = query.where(NoticeRow.school_id == tx.school_id)
    if state is not None:
        query = query.where(NoticeRow.state == state.value)
    rows = tx.session.execute(query.order_by(NoticeRow.made_at.desc(), NoticeRow.notice_id).limit(most))
    return tuple((_notice(row), alarm_of(alarm)) for row, alarm in rows)


def _notices(tx: Transaction) -> Any:
    query = select(NoticeRow).where(NoticeRow.school_id == tx.school_id)
    return query.execution_options(populate_existing=True)


def _notice(row: NoticeRow) -> Notice:
    return Notice(
        notice_id=row.notice_id,
        alarm_id=row.alarm_id,
        channel_id=row.channel_id,
        level=row.level,
        state=NoticeState(row.state),
        tries=row.tries,
        made_at=row.made_at,
        next_at=row.next_at,
        done_at=row.done_at,
        why=row.why,
    )
