"""How runs hang together: those before of one vehicle or crew, those left open, riders on two at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select

from busops.domain.run import Phase
from busops.domain.run_plan import RunPlan
from busops.domain.values import CrewId, Plate, RunId
from busops.storage.database import Transaction
from busops.storage.run_tables import RunCrewRow, RunRow

_PROVED = (Phase.CHECKED.value, Phase.CLOSED.value, Phase.CANCELLED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRun:
    """A run that left before and was not proved empty, as far as its projection says."""

    run_id: RunId
    on: date
    plate: Plate
    crew_id: CrewId | None  # who of the crew asked about was on it; None when only the vehicle was


def earlier_runs(tx: Transaction, plan: RunPlan, crew: Iterable[CrewId]) -> tuple[EarlierRun, ...]:
    """The runs planned before ``plan`` with its vehicle or one of these people, and not proved to the end."""
    people = sorted(crew)
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
        .where(RunRow.phase.not_in(_PROVED), RunRow.run_id != plan.run_id)
        .where(or_(RunRow.plate == plan.plate, RunCrewRow.crew_id.is_not(None)))
        .order_by(RunRow.departs_at, RunRow.run_id, RunCrewRow.crew_id)
    )
    found: dict[str, EarlierRun] = {}
    for run_id, on, plate, crew_id in tx.session.execute(query):
        found.setdefault(
            run_id,
            EarlierRun(
                run_id=RunId(run_id),
                on=on,
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


def aboard_elsewhere(tx: Transaction, run_id: RunId, on: date) -> dict[RunId, frozenset[str]]:
    """Who may be aboard each other run of the day, by its projection."""
    rows = tx.session.execute(
        select(RunRow.run_id, RunRow.progress).where(
            RunRow.school_id == tx.school_id, RunRow.run_on == on, RunRow.aboard > 0, RunRow.run_id != run_id
        )
    )
    return {RunId(other): frozenset(progress.get("aboard_ids", ())) for other, progress in rows}
