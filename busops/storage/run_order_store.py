"""How runs hang together: those before of one vehicle or crew, and riders on two at once."""

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


def aboard_elsewhere(tx: Transaction, run_id: RunId, on: date) -> dict[RunId, frozenset[str]]:
    """Who may be aboard each other run of the day, by its projection."""
    rows = tx.session.execute(
        select(RunRow.run_id, RunRow.progress).where(
            RunRow.school_id == tx.school_id, RunRow.run_on == on, RunRow.aboard > 0, RunRow.run_id != run_id
        )
    )
    return {RunId(other): frozenset(progress.get("aboard_ids", ())) for other, progress in rows}
