"""How runs hang together: earlier ones, those left open, riders on two at once or gone over."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from busops.domain.events import Kind, MovedIn, MovedOut, Observation
from busops.domain.run import Phase
from busops.domain.run_plan import RunPlan
from busops.domain.timeline import timeline
from busops.domain.transfers import Elsewhere
from busops.domain.values import SCHOOL_TIME, CrewId, Plate, RiderId, RunId
from busops.storage import event_store
from busops.storage.database import Transaction
from busops.storage.event_tables import RunEventRow
from busops.storage.prepared import asked, select_rows
from busops.storage.run_tables import ManifestRiderRow, RunCrewRow, RunRow
from busops.storage.upsert import table_of

_ABOARD: Final = select_rows(RunRow, "run_on", columns=("run_id", "progress")).where(
    table_of(RunRow).c.aboard > 0
)
_PROVED = (Phase.CHECKED.value, Phase.CLOSED.value, Phase.CANCELLED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRun:
    """A run that left before."""

    run_id: RunId
    on: date
    plate: Plate
    crew_id: CrewId | None  # who of the crew asked about was on it; None when only the vehicle was


def earlier_runs(
    tx: Transaction, plan: RunPlan, crew: Iterable[CrewId], *, on: date | None = None
) -> tuple[EarlierRun, ...]:
    """
    The runs planned before ``plan`` with its vehicle or one of these people.

    Those that are not proved to the end, as far as the projection says; or all of the day ``on`` but
    the cancelled: what is proved by now need not have been proved then.
    """
    people = sorted(crew)
    is_asked = RunRow.phase.not_in(_PROVED) if on is None else RunRow.phase != Phase.CANCELLED.value
    query = (
        select(RunRow.run_id, RunRow.run_on, RunRow.plate, RunCrewRow.crew_id)
        .join_from(
            RunRow,
            RunCrewRow,
            (RunCrewRow.school_id == RunRow.school_id)
            & (RunCrewRow.run_id == RunRow.run_id)
            & RunCrewRow.crew_id.in_(people)
            & RunCrewRow.until_at.is_(None),
            isouter=True,
        )
        .where(RunRow.school_id == tx.school_id, RunRow.departs_at < plan.departs_at)
        .where(is_asked, RunRow.run_id != plan.run_id)
        .where(or_(RunRow.plate == plan.plate, RunCrewRow.crew_id.is_not(None)))
        .order_by(RunRow.departs_at, RunRow.run_id, RunCrewRow.crew_id)
    )
    if on is not None:
        query = query.where(RunRow.run_on == on)
    found: dict[str, EarlierRun] = {}
    for run_id, run_on, plate, crew_id in tx.session.execute(query):
        found.setdefault(
            run_id,
            EarlierRun(
                run_id=RunId(run_id),
                on=run_on,
                plate=Plate(plate),
                crew_id=CrewId(crew_id) if crew_id else None,
            ),
        )
    return tuple(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclosedRun:
    """A run that is neither closed nor cancelled, and its crew of record."""

    run_id: RunId
    on: date
    plate: Plate
    crew: frozenset[CrewId]


def unclosed_before(tx: Transaction, on: date) -> tuple[UnclosedRun, ...]:
    """The runs of the days before ``on`` that are neither closed nor cancelled, the oldest first."""
    query = (
        select(RunRow.run_id, RunRow.run_on, RunRow.plate, RunCrewRow.crew_id)
        .join_from(
            RunRow,
            RunCrewRow,
            (RunCrewRow.school_id == RunRow.school_id)
            & (RunCrewRow.run_id == RunRow.run_id)
            & RunCrewRow.until_at.is_(None),
            isouter=True,
        )
        .where(RunRow.school_id == tx.school_id, RunRow.run_on < on)
        .where(RunRow.phase.not_in((Phase.CLOSED.value, Phase.CANCELLED.value)))
        .order_by(RunRow.departs_at, RunRow.run_id, RunCrewRow.crew_id)
    )
    runs: dict[str, tuple[date, str]] = {}
    crews: dict[str, set[CrewId]] = {}
    for run_id, day, plate, crew_id in tx.session.execute(query):
        runs[run_id] = (day, plate)
        crews.setdefault(run_id, set()).update({CrewId(crew_id)} if crew_id else set())
    return tuple(
        UnclosedRun(run_id=RunId(run_id), on=day, plate=Plate(plate), crew=frozenset(crews[run_id]))
        for run_id, (day, plate) in runs.items()
    )


def partners(tx: Transaction, run_id: RunId) -> frozenset[RunId]:
    """The runs that this run's log says riders went over to or came from."""
    found = tx.session.scalars(
        select(RunEventRow.other_run_id)
        .where(RunEventRow.school_id == tx.school_id, RunEventRow.run_id == run_id)
        .where(RunEventRow.kind.in_((Kind.MOVED_IN, Kind.MOVED_OUT)))
        .distinct()
    )
    return frozenset(RunId(other) for other in found if other)


def changing_buses(tx: Transaction, run_ids: Iterable[RunId]) -> frozenset[RunId]:
    """Those of these runs from or to whose bus a rider was moved, by whichever run's log."""
    asked_about = sorted(run_ids)
    moves = select(RunEventRow.run_id, RunEventRow.other_run_id).where(
        RunEventRow.school_id == tx.school_id, RunEventRow.kind.in_((Kind.MOVED_IN, Kind.MOVED_OUT))
    )
    one_end = or_(RunEventRow.run_id.in_(asked_about), RunEventRow.other_run_id.in_(asked_about))
    return frozenset(RunId(run_id) for ends in tx.session.execute(moves.where(one_end)) for run_id in ends)


def elsewhere(tx: Transaction, run_id: RunId) -> Elsewhere:
    """What other runs say of riders who change between them and this one, or belong there."""
    others = partners(tx, run_id)
    awaited_on = _awaited_elsewhere(tx, run_id)
    return Elsewhere(
        moves=_moves_elsewhere(tx, run_id, others),
        awaited_on=awaited_on,
        run_names=run_names(tx, others | set(awaited_on.values())),
    )


def run_names(tx: Transaction, run_ids: Iterable[RunId]) -> dict[RunId, str]:
    """What people call these runs: the plate and the time of departure."""
    rows = tx.session.execute(
        select(RunRow.run_id, RunRow.plate, RunRow.departs_at).where(
            RunRow.school_id == tx.school_id, RunRow.run_id.in_(sorted(run_ids))
        )
    )
    return {RunId(run_id): f"{plate} {at.astimezone(SCHOOL_TIME):%H:%M}" for run_id, plate, at in rows}


def _moves_elsewhere(tx: Transaction, run_id: RunId, others: Iterable[RunId]) -> tuple[Observation, ...]:
    """The standing moves of these runs that name this one."""
    found: list[Observation] = []
    for other in sorted(others):
        line = timeline(event_store.load_observations(tx, other))
        for event in line.standing():
            if isinstance(event, MovedIn | MovedOut) and event.other_run_id == run_id:
                is_sure = (event.dev, event.boot) not in line.jumped
                found.append(event if is_sure else replace(event, off_ms=None, off_age_ms=None))
    return tuple(found)


def _awaited_elsewhere(tx: Transaction, run_id: RunId) -> dict[RiderId, RunId]:
    """Who was marked on here, is on no list here, and is on that of another run of the day and direction."""
    here = aliased(RunRow)
    listed = select(ManifestRiderRow.rider_id).where(
        ManifestRiderRow.school_id == here.school_id,
        ManifestRiderRow.run_id == here.run_id,
        ManifestRiderRow.version == here.roster_v,
    )
    rows = tx.session.execute(
        select(RunEventRow.rider_id, RunRow.run_id)
        .join_from(RunEventRow, here, (here.school_id == RunEventRow.school_id) & (here.run_id == run_id))
        .join(
            ManifestRiderRow,
            (ManifestRiderRow.school_id == RunEventRow.school_id)
            & (ManifestRiderRow.rider_id == RunEventRow.rider_id),
        )
        .join(
            RunRow,
            (RunRow.school_id == ManifestRiderRow.school_id)
            & (RunRow.run_id == ManifestRiderRow.run_id)
            & (RunRow.roster_v == ManifestRiderRow.version),
        )
        .where(RunEventRow.school_id == tx.school_id, RunEventRow.run_id == run_id)
        .where(RunEventRow.kind == Kind.BOARD, RunEventRow.rider_id.not_in(listed.correlate(here)))
        .where(RunRow.run_id != run_id, RunRow.phase != Phase.CANCELLED.value)
        .where(RunRow.run_on == here.run_on, RunRow.direction == here.direction)
        .order_by(RunEventRow.rider_id, RunRow.run_id.desc())
    )
    return {RiderId(str(rider_id)): RunId(other) for rider_id, other in rows}


def aboard_elsewhere(tx: Transaction, run_id: RunId, on: date) -> dict[RunId, frozenset[str]]:
    """Who may be aboard each other run of the day, by its projection."""
    found = tx.session.execute(_ABOARD, asked(tx, run_on=on))
    return {
        RunId(other): frozenset(progress.get("aboard_ids", ()))
        for other, progress in found
        if other != run_id
    }


def run_ids_of_rider(tx: Transaction, rider_id: RiderId) -> tuple[RunId, ...]:
    """The runs on whose newest manifest the rider stands."""
    rows = tx.session.scalars(
        select(RunRow.run_id)
        .join(
            ManifestRiderRow,
            (ManifestRiderRow.school_id == RunRow.school_id)
            & (ManifestRiderRow.run_id == RunRow.run_id)
            & (ManifestRiderRow.version == RunRow.roster_v),
        )
        .where(RunRow.school_id == tx.school_id, ManifestRiderRow.rider_id == rider_id)
        .order_by(RunRow.run_on, RunRow.run_id)
    )
    return tuple(RunId(run_id) for run_id in rows)
