"""
What each device has handed in, counted: for the list of devices, not for any decision.

Owns no table; reads the log of events, the quarantine and the runs they belong to.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, func, select, union_all

from busops.domain.values import Plate, RunId
from busops.storage.database import Transaction
from busops.storage.event_tables import QuarantineRow, RunEventRow
from busops.storage.held_events import ack_of
from busops.storage.run_tables import RunCrewRow, RunDeviceRow, RunRow


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLog:
    """Up to which number everything of a device is held, the highest it sent, and when the last came."""

    acked_seq: int = 0
    highest_seq: int = 0
    last_at: datetime | None = None
    apart: int = 0  # of these, in quarantine and not yet decided


def logs(tx: Transaction) -> dict[int, DeviceLog]:
    """The log of every device that ever handed something in."""
    apart: dict[int, int] = {
        row.dev: row.waiting
        for row in tx.session.execute(
            select(QuarantineRow.dev, func.count().label("waiting"))
            .where(QuarantineRow.school_id == tx.school_id, QuarantineRow.state == "open")
            .where(QuarantineRow.dev.is_not(None))
            .group_by(QuarantineRow.dev)
        )
    }
    held = union_all(_held(tx, RunEventRow), _held(tx, QuarantineRow)).subquery()
    last = (
        select(RunEventRow.dev, func.max(RunEventRow.received_ms).label("last_ms"))
        .where(RunEventRow.school_id == tx.school_id)
        .group_by(RunEventRow.dev)
    )
    last_ms = {row.dev: row.last_ms for row in tx.session.execute(last)}
    found: dict[int, DeviceLog] = {}
    numbers = select(
        held.c.dev,
        func.count(held.c.seq.distinct()).label("numbers"),
        func.max(held.c.seq).label("highest"),
    ).group_by(held.c.dev)
    for row in tx.session.execute(numbers):
        highest = row.highest or 0
        found[row.dev] = DeviceLog(
            # Only where a number is missing the long way round is gone.
            acked_seq=highest if row.numbers == highest else ack_of(tx, row.dev).seq,
            highest_seq=highest,
            last_at=_moment(last_ms.get(row.dev)),
            apart=apart.get(row.dev, 0),
        )
    return found


def last_plates(tx: Transaction) -> dict[int, Plate]:
    """The vehicle of the latest run that each device recorded."""
    rows = tx.session.execute(
        select(RunDeviceRow.dev, RunRow.plate)
        .join(RunRow, (RunRow.school_id == RunDeviceRow.school_id) & (RunRow.run_id == RunDeviceRow.run_id))
        .where(RunDeviceRow.school_id == tx.school_id)
        .order_by(RunRow.run_on, RunRow.direction, RunRow.wave, RunRow.run_id)
    )
    return {row.dev: Plate(row.plate) for row in rows}


def crew_ever(tx: Transaction, run_id: RunId) -> frozenset[str]:
    """Everybody who was of the run's crew or checked its bus: none of them is a third person."""
    checks = select(RunEventRow.crew_id).where(
        RunEventRow.school_id == tx.school_id, RunEventRow.run_id == run_id, RunEventRow.kind == "check"
    )
    crew = select(RunCrewRow.crew_id).where(RunCrewRow.school_id == tx.school_id, RunCrewRow.run_id == run_id)
    return frozenset(tx.session.scalars(crew.union(checks)))


def _held(tx: Transaction, table: type[RunEventRow] | type[QuarantineRow]) -> Select[int | None, int | None]:
    mine = (table.school_id == tx.school_id, table.dev.is_not(None), table.seq.is_not(None))
    return select(table.dev, table.seq).where(*mine)


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
