"""
What the dispatch board reads beside the runs themselves: crews, stops and the last happenings of a day.

It owns no table: one query for all runs of a day instead of one for each, and nothing is written.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import select

from busops.domain.fleet import CrewRole
from busops.domain.values import CrewId, Plate, RunId, StopId
from busops.storage.database import Transaction
from busops.storage.event_tables import RunEventRow
from busops.storage.people_store import UserRow
from busops.storage.prepared import asked, select_rows
from busops.storage.run_tables import RunCrewRow, RunRow, RunStopRow

_CREWS: Final = select_rows(RunCrewRow, "run_id", columns=("role", "crew_id", "since_at", "until_at"))
TOLD = ("depart", "arrive", "headcount", "check", "parked", "void")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPlace:
    """A stop of a run and when the run is planned to be there."""

    stop_id: StopId
    arrives_at: datetime
    leaves_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that was recorded on a run."""

    run_id: RunId
    kind: str
    stop_id: StopId | None
    n: int | None
    crew_id: CrewId
    received_ms: int


def crews_on(tx: Transaction, on: date) -> Mapping[RunId, tuple[tuple[CrewRole, CrewId], ...]]:
    """The crews of record of a day's runs, the driver first."""
    rows = tx.session.execute(
        select(RunCrewRow.run_id, RunCrewRow.role, RunCrewRow.crew_id)
        .join(RunRow, (RunRow.school_id == RunCrewRow.school_id) & (RunRow.run_id == RunCrewRow.run_id))
        .where(RunCrewRow.school_id == tx.school_id, RunRow.run_on == on, RunCrewRow.until_at.is_(None))
        .order_by(RunCrewRow.role.desc(), RunCrewRow.crew_id)
    )
    found: dict[RunId, list[tuple[CrewRole, CrewId]]] = defaultdict(list)
    for run_id, role, crew_id in rows:
        found[RunId(run_id)].append((CrewRole(role), CrewId(crew_id)))
    return {run_id: tuple(crew) for run_id, crew in found.items()}


def crews_of_vehicle(tx: Transaction, plate: Plate, *, before: date) -> frozenset[CrewId]:
    """Everybody who was of the crew of a run of this vehicle on an earlier day."""
    rows = tx.session.scalars(
        select(RunCrewRow.crew_id)
        .join(RunRow, (RunRow.school_id == RunCrewRow.school_id) & (RunRow.run_id == RunCrewRow.run_id))
        .where(RunRow.school_id == tx.school_id, RunRow.plate == plate, RunRow.run_on < before)
        .distinct()
    )
    return frozenset(CrewId(crew_id) for crew_id in rows)


def crew_at(tx: Transaction, run_id: RunId, at: datetime) -> tuple[tuple[CrewRole, CrewId], ...]:
    """The crew of record of a run at that moment; before the first one it is the first."""
    rows = tx.session.execute(_CREWS, asked(tx, run_id=run_id)).all()
    moment = max(at, min((row.since_at for row in rows), default=at))
    return tuple(
        (CrewRole(row.role), CrewId(row.crew_id))
        for row in rows
        if row.since_at <= moment and (row.until_at is None or moment < row.until_at)
    )


def stops_on(tx: Transaction, on: date) -> Mapping[RunId, tuple[PlannedPlace, ...]]:
    """The stops of a day's runs in their order."""
    rows = tx.session.execute(
        select(RunStopRow.run_id, RunStopRow.stop_id, RunStopRow.arrives_at, RunStopRow.leaves_at)
        .join(RunRow, (RunRow.school_id == RunStopRow.school_id) & (RunRow.run_id == RunStopRow.run_id))
        .where(RunStopRow.school_id == tx.school_id, RunRow.run_on == on)
        .order_by(RunStopRow.run_id, RunStopRow.seq)
    )
    found: dict[RunId, list[PlannedPlace]] = defaultdict(list)
    for run_id, stop_id, arrives_at, leaves_at in rows:
        place = PlannedPlace(stop_id=StopId(stop_id), arrives_at=arrives_at, leaves_at=leaves_at)
        found[RunId(run_id)].append(place)
    return {run_id: tuple(places) for run_id, places in found.items()}


def last_happenings(tx: Transaction, on: date, *, most: int = 8) -> tuple[Happening, ...]:
    """What was recorded last on a day's runs, newest first: the way of the buses, not each rider."""
    rows = tx.session.execute(
        select(
            RunEventRow.run_id,
            RunEventRow.kind,
            RunEventRow.stop_id,
            RunEventRow.n,
            RunEventRow.crew_id,
            RunEventRow.received_ms,
        )
        .join(RunRow, (RunRow.school_id == RunEventRow.school_id) & (RunRow.run_id == RunEventRow.run_id))
        .where(RunEventRow.school_id == tx.school_id, RunRow.run_on == on, RunEventRow.kind.in_(TOLD))
        .order_by(RunEventRow.srv.desc())
        .limit(most)
    )
    return tuple(Happening(**row._mapping) for row in rows)


def people_names(tx: Transaction) -> Mapping[str, str]:
    """What the people of the accounts are called, by user id."""
    rows = tx.session.execute(select(UserRow.user_id, UserRow.name).where(UserRow.school_id == tx.school_id))
    return {row.user_id: row.name for row in rows}
