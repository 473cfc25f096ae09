"""How runs hang together: earlier ones, those left open, and riders on two at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import bindparam, delete, or_, select, union_all

from busops.domain.run import Phase
from busops.domain.run_plan import RunPlan
from busops.domain.values import CrewId, Plate, RiderId, RunId
from busops.storage.database import Transaction
from busops.storage.prepared import among, asked, insertion, matches, select_rows
from busops.storage.run_tables import ManifestRiderRow, RiderAboardRow, RunCrewRow, RunRow
from busops.storage.upsert import table_of

_RUN: Final = table_of(RunRow).c
_SHOWN: Final = table_of(RiderAboardRow).c
_HERE_AND_ELSEWHERE: Final = union_all(
    select_rows(RiderAboardRow, "run_id", columns=("run_id", "rider_id")),
    select_rows(RiderAboardRow, "run_on", columns=("run_id", "rider_id")).where(
        among(_SHOWN.rider_id, "rider_ids"), _SHOWN.run_id != bindparam("run_id")
    ),
)
_SHOW: Final = insertion(RiderAboardRow)
_SHOW_NO_MORE: Final = delete(table_of(RiderAboardRow)).where(
    *matches(RiderAboardRow, "run_id"), among(_SHOWN.rider_id, "rider_ids")
)
_PROVED = (Phase.CHECKED.value, Phase.CLOSED.value, Phase.CANCELLED.value)
_CREW: Final = table_of(RunCrewRow).c
_BEFORE: Final = (
    select(_RUN.run_id, _RUN.run_on, _RUN.plate, _CREW.crew_id)
    .join_from(
        table_of(RunRow),
        table_of(RunCrewRow),
        (_CREW.school_id == _RUN.school_id)
        & (_CREW.run_id == _RUN.run_id)
        & among(_CREW.crew_id, "people")
        & _CREW.until_at.is_(None),
        isouter=True,
    )
    .where(*matches(RunRow), _RUN.departs_at < bindparam("departs_at", type_=_RUN.departs_at.type))
    .where(_RUN.run_id != bindparam("run_id"))
    .where(or_(_RUN.plate == bindparam("plate"), _CREW.crew_id.is_not(None)))
    .order_by(_RUN.departs_at, _RUN.run_id, _CREW.crew_id)
)
_UNPROVED: Final = _BEFORE.where(_RUN.phase.not_in(_PROVED))
_OF_THE_DAY: Final = _BEFORE.where(_RUN.phase != Phase.CANCELLED.value, *matches(RunRow, "run_on"))


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRun:
    """A run that left before."""

    run_id: RunId
    on: date
    plate: Plate
    crew_id: CrewId | None  # who of the crew asked about was on it; None when only the vehicle was


def runs_before(
    tx: Transaction, at: datetime, *, but_in: Collection[Phase], unless: Collection[RunId]
) -> tuple[RunId, ...]:
    """The runs that depart until then, by departure; those in these phases only where they are named."""
    left_out = [phase.value for phase in but_in]
    query = (
        select_rows(RunRow, columns=("run_id",))
        .where(_RUN.departs_at <= bindparam("at", type_=_RUN.departs_at.type))
        .where(_RUN.phase.not_in(left_out) | among(_RUN.run_id, "run_ids"))
        .order_by(_RUN.departs_at, _RUN.plate, _RUN.run_id)
    )
    found = tx.session.scalars(query, asked(tx, at=at, run_ids=sorted(unless)))
    return tuple(RunId(run_id) for run_id in found)


def earlier_runs(
    tx: Transaction, plan: RunPlan, crew: Iterable[CrewId], *, on: date | None = None
) -> tuple[EarlierRun, ...]:
    """
    The runs planned before ``plan`` with its vehicle or one of these people.

    Those that are not proved to the end, as far as the projection says; or all of the day ``on`` but
    the cancelled: what is proved by now need not have been proved then.
    """
    keys = asked(
        tx,
        people=sorted(crew),
        plate=plan.plate,
        departs_at=plan.departs_at,
        run_id=plan.run_id,
        **({} if on is None else {"run_on": on}),
    )
    rows = tx.session.execute(_UNPROVED if on is None else _OF_THE_DAY, keys)
    found: dict[str, EarlierRun] = {}
    for run_id, run_on, plate, crew_id in rows:
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


def show_aboard(
    tx: Transaction, plan: RunPlan, aboard: Collection[RiderId]
) -> dict[RunId, frozenset[RiderId]]:
    """
    Lists show these riders aboard the run; who of them is shown aboard another run of the day.

    To be called under the run's lock, like everything that is written of it.
    """
    these = asked(tx, run_id=plan.run_id, run_on=plan.on, rider_ids=sorted(aboard))
    shown: dict[RunId, set[RiderId]] = defaultdict(set)
    for run_id, rider_id in tx.session.execute(_HERE_AND_ELSEWHERE, these):
        shown[RunId(run_id)].add(RiderId(rider_id))
    before = shown.pop(plan.run_id, set())
    if gone := before - set(aboard):
        tx.session.execute(_SHOW_NO_MORE, asked(tx, run_id=plan.run_id, rider_ids=sorted(gone)))
    if come := set(aboard) - before:
        key = {"run_on": plan.on, "run_id": plan.run_id}
        _SHOW.execute(tx, [asked(tx, rider_id=each, **key) for each in sorted(come)])
    return {run_id: frozenset(riders) for run_id, riders in shown.items()}


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
