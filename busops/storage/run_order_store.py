"""How runs hang together: earlier ones, those left open, and riders on two at once."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from sqlalchemy import Text, cast, or_, select

from busops.domain.run import Phase
from busops.domain.run_plan import RunPlan
from busops.domain.values import CrewId, Plate, RiderId, RunId
from busops.storage.database import Transaction
from busops.storage.prepared import asked, matches
from busops.storage.run_tables import ManifestRiderRow, RunCrewRow, RunRow
from busops.storage.upsert import table_of

_RUN: Final = table_of(RunRow).c
_ABOARD: Final = select(_RUN.run_id, cast(_RUN.progress, Text)).where(
    *matches(RunRow, "run_on"), _RUN.aboard > 0
)
SHOWN_KEPT: Final = 2048  # of so many runs that are under way it stays in memory who is aboard
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


def aboard_elsewhere(tx: Transaction, run_id: RunId, on: date) -> dict[RunId, frozenset[str]]:
    """Who may be aboard each other run of the day, by its projection."""
    found = tx.session.execute(_ABOARD, asked(tx, run_on=on))
    return {RunId(other): _aboard_in(shown) for other, shown in found if other != run_id}


@lru_cache(maxsize=SHOWN_KEPT)
def _aboard_in(progress: str) -> frozenset[str]:
    """Who may be aboard by this projection, which stays the same from one batch of its run to the next."""
    return frozenset(json.loads(progress).get("aboard_ids", ()))


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
