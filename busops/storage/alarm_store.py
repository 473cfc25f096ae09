"""
Alarms: raised once per run, kind, level and occasion; acknowledged, then resolved, never deleted.

An acknowledgement says that somebody has heard it. Only evidence resolves it.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    Select,
    String,
    Text,
    bindparam,
    insert,
    select,
    union_all,
    update,
)
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.domain.values import RunId
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.prepared import among, asked, select_rows
from busops.storage.upsert import table_of

TWO_RUNS: Final = "aboard_two_runs"  # a rider who may be on two buses: an alarm of one run, about both


class AlarmState(StrEnum):
    """How far an alarm has been dealt with; it only moves forward."""

    RAISED = "raised"
    ACKED = "acked"
    RESOLVED = "resolved"


class AlarmRow(Base):
    __tablename__ = "alarm"
    __table_args__ = (
        Unique("school_id", "run_id", "kind", "level", "occasion", name="uq_alarm_once"),
        ForeignKeyConstraint(["school_id", "run_id"], ["run.school_id", "run.run_id"]),
        CheckConstraint("state IN ('raised', 'acked', 'resolved')", name="state"),
        Index("ix_alarm_state", "school_id", "state"),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    alarm_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_id: Mapped[str] = mapped_column(String)
    kind: Mapped[str] = mapped_column(String)
    level: Mapped[int] = mapped_column(Integer)
    occasion: Mapped[str] = mapped_column(String, default="")
    state: Mapped[str] = mapped_column(String, default="raised")
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    acked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acked_by: Mapped[str | None] = mapped_column(String)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[str | None] = mapped_column(String)
    evidence: Mapped[str] = mapped_column(Text, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm of a run; ``occasion`` tells apart the same alarm after a reopening."""

    alarm_id: str
    run_id: RunId
    kind: str
    level: int
    occasion: str
    state: AlarmState
    raised_at: datetime
    acked_by: str | None = None
    resolved_by: str | None = None
    evidence: str = ""


_ALARM: Final = table_of(AlarmRow).c
_ALARMS: Final[dict[tuple[str, ...], Select[Any]]] = {
    keys: select_rows(AlarmRow, *keys).order_by(_ALARM.level.desc(), _ALARM.raised_at, _ALARM.alarm_id)
    for keys in ((), ("run_id",), ("kind",), ("run_id", "kind"))
}
_STANDING: Final = {
    keys: query.where(_ALARM.state != AlarmState.RESOLVED.value) for keys, query in _ALARMS.items()
}

_OF_RUNS: Final = select_rows(AlarmRow).where(among(_ALARM.run_id, "run_ids"))
_ABOUT: Final = union_all(
    select_rows(AlarmRow, "run_id"),
    select_rows(AlarmRow).where(
        _ALARM.kind == TWO_RUNS,
        _ALARM.run_id != bindparam("run_id"),
        _ALARM.state.in_((AlarmState.RAISED.value, AlarmState.ACKED.value)),
    ),
)


def raise_alarm(tx: Transaction, alarm: Alarm) -> bool:
    """The alarm stands, once; whether it is new."""
    known = tx.session.scalar(
        select(AlarmRow.alarm_id).where(
            AlarmRow.school_id == tx.school_id,
            AlarmRow.run_id == alarm.run_id,
            AlarmRow.kind == alarm.kind,
            AlarmRow.level == alarm.level,
            AlarmRow.occasion == alarm.occasion,
        )
    )
    if known is not None:
        return False
    row = {
        "school_id": tx.school_id,
        "alarm_id": alarm.alarm_id,
        "run_id": alarm.run_id,
        "kind": alarm.kind,
        "level": alarm.level,
        "occasion": alarm.occasion,
        "raised_at": alarm.raised_at,
    }
    tx.session.execute(insert(AlarmRow), [row])
    return True


def acknowledge(tx: Transaction, alarm_id: str, *, by: str, at: datetime) -> None:
    """Somebody has heard the alarm; it stays until there is evidence."""
    values = {"state": AlarmState.ACKED.value, "acked_by": by, "acked_at": at}
    _move(tx, alarm_id, (AlarmState.RAISED,), values)


def resolve(tx: Transaction, alarm_id: str, *, by: str, at: datetime, evidence: str) -> None:
    """The alarm is over, for the reason given as evidence."""
    values = {
        "state": AlarmState.RESOLVED.value,
        "resolved_by": by,
        "resolved_at": at,
        "evidence": evidence,
    }
    _move(tx, alarm_id, (AlarmState.RAISED, AlarmState.ACKED), values)


def load_alarms(
    tx: Transaction,
    run_id: RunId | None = None,
    *,
    kind: str | None = None,
    include_resolved: bool = False,
) -> tuple[Alarm, ...]:
    """The alarms of a run or of all, of one kind or of all, the worst first."""
    keys = {name: value for name, value in (("run_id", run_id), ("kind", kind)) if value is not None}
    query = _ALARMS[tuple(keys)] if include_resolved else _STANDING[tuple(keys)]
    return tuple(alarm_of(row) for row in tx.session.execute(query, asked(tx, **keys)))


def alarms_of(tx: Transaction, run_ids: Collection[RunId]) -> dict[RunId, tuple[Alarm, ...]]:
    """All alarms of these runs, over or not, by run."""
    found: dict[RunId, list[Alarm]] = defaultdict(list)
    for row in tx.session.execute(_OF_RUNS, asked(tx, run_ids=sorted(run_ids))) if run_ids else ():
        found[RunId(row.run_id)].append(alarm_of(row))
    return {run_id: tuple(alarms) for run_id, alarms in found.items()}


def alarms_about(tx: Transaction, run_id: RunId) -> tuple[Alarm, ...]:
    """The alarms of a run, over or not, and those that stand for other runs about riders on two."""
    return tuple(alarm_of(row) for row in tx.session.execute(_ABOUT, asked(tx, run_id=run_id)))


def load_alarm(tx: Transaction, alarm_id: str) -> Alarm:
    """The alarm with that id, over or not."""
    query = select(AlarmRow).where(AlarmRow.school_id == tx.school_id, AlarmRow.alarm_id == alarm_id)
    row = tx.session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("no_such_alarm", alarm_id=alarm_id)
    return alarm_of(row)


def alarm_of(row: Any) -> Alarm:
    """The alarm that a row is."""
    return Alarm(
        alarm_id=row.alarm_id,
        run_id=RunId(row.run_id),
        kind=row.kind,
        level=row.level,
        occasion=row.occasion,
        state=AlarmState(row.state),
        raised_at=row.raised_at,
        acked_by=row.acked_by,
        resolved_by=row.resolved_by,
        evidence=row.evidence,
    )


def _move(
    tx: Transaction, alarm_id: str, comes_from: tuple[AlarmState, ...], values: dict[str, object]
) -> None:
    moved = tx.session.execute(
        update(AlarmRow)
        .where(AlarmRow.school_id == tx.school_id, AlarmRow.alarm_id == alarm_id)
        .where(AlarmRow.state.in_([state.value for state in comes_from]))
        .values(**values)
        .returning(AlarmRow.alarm_id)
    ).first()
    if moved is None:
        raise NotFound("no_such_alarm", alarm_id=alarm_id)
