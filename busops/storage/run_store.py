"""
Runs as released: plan, stops, manifests in their versions, crew of record, tags asked for.

The row of a run carries its phase and what the board shows; both are projections of the
log (``event_store``) that may be dropped and rebuilt. Only closing is not: the guards let
a run become closed only when the log says so.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Select, String, bindparam, case, insert, update
from sqlalchemy.exc import DBAPIError

from busops.domain.errors import NotFound, Refused
from busops.domain.evidence import Evidence
from busops.domain.findings import Finding
from busops.domain.fleet import CrewRole
from busops.domain.run import Phase
from busops.domain.run_plan import ManifestRider, PlannedStop, RunPlan
from busops.domain.values import CrewId, Direction, Plate, RiderId, RunId, StopId
from busops.storage import bound_devices, place_store
from busops.storage.database import Base, Transaction
from busops.storage.prepared import among, asked, listed, select_rows
from busops.storage.run_tables import (
    ManifestRiderRow,
    ManifestRow,
    RunCrewRow,
    RunDeviceRow,
    RunRow,
    RunStopRow,
    RunTagRow,
)
from busops.storage.upsert import table_of

Days = tuple[date, date]
_OF_RUN: Final[dict[type[Base], Select[Any]]] = {
    row: select_rows(row, "run_id") for row in (RunRow, RunStopRow, RunCrewRow, RunTagRow)
}
_RUN: Final = table_of(RunRow).c
_MANIFEST: Final = select_rows(
    ManifestRiderRow, "run_id", "version", columns=("rider_id", "stop_id", "other_stops", "from_run_id")
).order_by("rider_id")
_LOCKED: Final = listed(
    select_rows(RunRow, columns=("run_id", "phase")).order_by("run_id").with_for_update(key_share=True),
    _RUN.run_id,
    "run_ids",
)
_VERSIONS: Final = select_rows(RunRow, columns=("run_id", "roster_v")).where(among(_RUN.run_id, "run_ids"))
_PROGRESS: Final = (
    update(table_of(RunRow))
    .where(_RUN.school_id == bindparam("of_school"), _RUN.run_id == bindparam("of_run"))
    .values(progress=bindparam("shown"))
)
_PHASE: Final = _PROGRESS.values(
    phase=case((_RUN.phase == Phase.CLOSED.value, _RUN.phase), else_=bindparam("reached", type_=String()))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedRun:
    """A run to be stored: its plan, and where it came from."""

    plan: RunPlan
    plan_id: str | None = None
    trip_no: int = 1
    wave: int = 1
    distance_m: int = 0
    cost_fen: int = 0
    made_at: datetime
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One run as lists show it; ``progress`` is a projection for reading."""

    run_id: RunId
    plan_id: str | None
    trip_no: int
    wave: int
    on: date
    direction: Direction
    plate: Plate
    departs_at: datetime
    arrives_at: datetime
    roster_v: int
    phase: Phase
    integrity: str
    closure_v: int | None
    closed_at: datetime | None
    distance_m: int
    cost_fen: int
    progress: dict[str, Any]


def insert_run(tx: Transaction, released: ReleasedRun) -> None:
    """The run stands as released, with its first manifest; never as anything further."""
    plan = released.plan
    key = {"school_id": tx.school_id, "run_id": plan.run_id}
    row = {
        "plan_id": released.plan_id,
        "trip_no": released.trip_no,
        "wave": released.wave,
        "run_on": plan.on,
        "direction": plan.direction.value,
        "plate": plan.plate,
        "vehicle_rows": plan.rows,
        "evidence": plan.evidence.value,
        "approved_students": plan.approved_students,
        "approved_total": plan.approved_total,
        "terminal": plan.terminal,
        "designated": sorted(plan.lawful_stops),
        "departs_at": plan.departs_at,
        "arrives_at": plan.arrives_at,
        "distance_m": released.distance_m,
        "cost_fen": released.cost_fen,
        "roster_v": plan.roster_v,
        "phase": Phase.READY.value,
    }
    tx.session.execute(insert(RunRow), [key | row])
    tx.session.execute(insert(RunStopRow), [key | stop for stop in _stop_rows(plan)])
    insert_manifest(tx, plan, made_at=released.made_at, made_by=released.made_by)
    insert_crew(tx, plan, since_at=released.made_at)
    tx.session.execute(insert(RunTagRow), [key | tag for tag in _tag_rows(plan)])
    place_store.insert_places(tx, plan)
    if plan.devices:
        tx.session.execute(insert(RunDeviceRow), [key | {"dev": dev} for dev in sorted(plan.devices)])


def insert_manifest(tx: Transaction, plan: RunPlan, *, made_at: datetime, made_by: str) -> None:
    """The manifest of ``plan`` is kept under its version; earlier versions stay as they were."""
    key = {"school_id": tx.school_id, "run_id": plan.run_id, "version": plan.roster_v}
    tx.session.execute(insert(ManifestRow), [key | {"made_at": made_at, "made_by": made_by}])
    riders = [{**key, **asdict(rider), "other_stops": list(rider.other_stops)} for rider in plan.manifest]
    if riders:
        tx.session.execute(insert(ManifestRiderRow), riders)
    tx.session.execute(update(RunRow).where(_is_run(tx, plan.run_id)).values(roster_v=plan.roster_v))


def insert_crew(tx: Transaction, plan: RunPlan, *, since_at: datetime) -> None:
    """The crew of ``plan`` is the crew of record from now on."""
    key = {"school_id": tx.school_id, "run_id": plan.run_id, "since_at": since_at}
    people = [(plan.driver_id, CrewRole.DRIVER), *((each, CrewRole.ATTENDANT) for each in plan.attendant_ids)]
    rows = [key | {"crew_id": crew_id, "role": role.value} for crew_id, role in people]
    tx.session.execute(insert(RunCrewRow), rows)


def retire_crew(tx: Transaction, run_id: RunId, *, until_at: datetime) -> None:
    """Nobody is of the run's crew any more; who was stays on record."""
    tx.session.execute(
        update(RunCrewRow)
        .where(RunCrewRow.school_id == tx.school_id, RunCrewRow.run_id == run_id)
        .where(RunCrewRow.until_at.is_(None))
        .values(until_at=until_at)
    )


def lock_runs(tx: Transaction, run_ids: Iterable[RunId]) -> frozenset[RunId]:
    """Those of the runs that exist, locked in the order of their ids until the transaction ends."""
    return frozenset(locked_phases(tx, run_ids))


def locked_phases(tx: Transaction, run_ids: Iterable[RunId]) -> dict[RunId, Phase]:
    """The same, with how far each of them is."""
    if not (named := sorted(set(run_ids))):
        return {}
    found = _LOCKED.execute(tx, named)
    return {RunId(run_id): Phase(phase) for run_id, phase in found}


def load_run_plan(tx: Transaction, run_id: RunId) -> RunPlan:
    """The run as planned, with its newest manifest and its crew of record."""
    run = _row(tx, run_id)
    crew = _all(tx, RunCrewRow, run_id)
    now = [row for row in crew if row.until_at is None]
    tags = _all(tx, RunTagRow, run_id)
    return RunPlan(
        run_id=RunId(run.run_id),
        direction=Direction(run.direction),
        on=run.run_on,
        stops=tuple(
            PlannedStop(stop_id=StopId(row.stop_id), arrives_at=row.arrives_at, leaves_at=row.leaves_at)
            for row in sorted(_all(tx, RunStopRow, run_id), key=lambda row: row.seq)
        ),
        manifest=load_manifest(tx, run_id, run.roster_v),
        roster_v=run.roster_v,
        designated=frozenset(StopId(stop_id) for stop_id in run.designated),
        plate=Plate(run.plate),
        rows=run.vehicle_rows,
        approved_students=run.approved_students,
        approved_total=run.approved_total,
        driver_id=next((CrewId(row.crew_id) for row in now if row.role == CrewRole.DRIVER), CrewId("")),
        attendant_ids=tuple(sorted(CrewId(row.crew_id) for row in now if row.role == CrewRole.ATTENDANT)),
        tags={row.place: row.code for row in tags},
        asked_rows={
            CrewRole.ATTENDANT: _rows_of([tag.place for tag in tags if tag.asks_attendant]),
            CrewRole.DRIVER: _rows_of([tag.place for tag in tags if tag.asks_driver]),
        },
        evidence=Evidence(run.evidence),
        devices=bound_devices.devices_of(tx, run_id),
        former_crew=frozenset(CrewId(row.crew_id) for row in crew if row.until_at is not None),
        departs_at=run.departs_at,
        arrives_at=run.arrives_at,
        places=place_store.load_places(tx, run_id),
    )


def load_manifest(tx: Transaction, run_id: RunId, version: int) -> tuple[ManifestRider, ...]:
    """The manifest of a run as it was in that version, by rider."""
    found = tx.session.execute(_MANIFEST, asked(tx, run_id=run_id, version=version))
    return tuple(
        ManifestRider(
            rider_id=RiderId(row.rider_id),
            stop_id=StopId(row.stop_id),
            other_stops=tuple(StopId(stop_id) for stop_id in row.other_stops),
            from_run_id=RunId(row.from_run_id) if row.from_run_id else None,
        )
        for row in found
    )


def list_runs(
    tx: Transaction, on: date | Days | None = None, *, plan_id: str | None = None, plate: str | None = None
) -> tuple[RunSummary, ...]:
    """The runs of a day (or of days), a plan or a vehicle, by departure; of everything when none is named."""
    query = select_rows(RunRow)
    if on is not None:
        query = query.where(_RUN.run_on.between(*(on if isinstance(on, tuple) else (on, on))))
    if plan_id is not None:
        query = query.where(_RUN.plan_id == plan_id)
    if plate is not None:
        query = query.where(_RUN.plate == plate)
    rows = tx.session.execute(query.order_by(_RUN.departs_at, _RUN.plate, _RUN.run_id), asked(tx))
    return tuple(_summary(row) for row in rows)


def load_summary(tx: Transaction, run_id: RunId) -> RunSummary:
    """One run as lists show it."""
    return _summary(_row(tx, run_id))


def roster_versions(tx: Transaction, run_ids: Iterable[RunId]) -> dict[RunId, int]:
    """The newest version of each run's manifest."""
    found = tx.session.execute(_VERSIONS, asked(tx, run_ids=sorted(run_ids)))
    return {RunId(run_id): version for run_id, version in found}


def save_progress(tx: Transaction, run_id: RunId, phase: Phase, progress: dict[str, Any]) -> None:
    """What lists show of the run; never closes nor opens it."""
    shown: dict[str, Any] = {"of_school": tx.school_id, "of_run": run_id, "shown": progress}
    if phase is Phase.CLOSED:
        tx.session.execute(_PROGRESS, shown)
    else:
        tx.session.execute(_PHASE, shown | {"reached": phase.value})


def mark_closed(tx: Transaction, run_id: RunId, *, version: int, closed_at: datetime) -> None:
    """The run is closed under a closure that is already written; the guards may refuse."""
    values = {"phase": Phase.CLOSED.value, "closure_v": version, "closed_at": closed_at, "integrity": "clean"}
    try:
        tx.session.execute(update(RunRow).where(_is_run(tx, run_id)).values(**values))
    except DBAPIError as error:
        code = refused_by_guard(error)
        if code is None:
            raise
        raise Refused("close_refused", reasons=(Finding(code=code),), run_id=run_id) from error


def refused_by_guard(error: DBAPIError) -> str | None:
    """The reason a guard of the database gave, or None when it was something else."""
    found = re.search(r"guard: (\w+)", str(error.orig))
    return found[1] if found else None


def mark_reopened(tx: Transaction, run_id: RunId, *, reopened_ms: int) -> None:
    """The run is open again and its checks are void."""
    values = {
        "phase": Phase.REOPENED.value,
        "closure_v": None,
        "closed_at": None,
        "reopened_ms": reopened_ms,
        "integrity": "challenged",
    }
    tx.session.execute(update(RunRow).where(_is_run(tx, run_id)).values(**values))


def _stop_rows(plan: RunPlan) -> list[dict[str, Any]]:
    return [
        {"seq": seq, "stop_id": stop.stop_id, "arrives_at": stop.arrives_at, "leaves_at": stop.leaves_at}
        for seq, stop in enumerate(plan.stops)
    ]


def _tag_rows(plan: RunPlan) -> list[dict[str, Any]]:
    asked = {role: plan.asked_codes(role) for role in CrewRole}
    return [
        {
            "place": place,
            "code": code,
            "asks_attendant": code in asked[CrewRole.ATTENDANT],
            "asks_driver": code in asked[CrewRole.DRIVER],
        }
        for place, code in sorted(plan.tags.items())
    ]


def _rows_of(places: Iterable[str]) -> tuple[int, ...]:
    return tuple(sorted(int(place.removeprefix("row:")) for place in places if place.startswith("row:")))


def _is_run(tx: Transaction, run_id: RunId) -> Any:
    return (RunRow.school_id == tx.school_id) & (RunRow.run_id == run_id)


def _row(tx: Transaction, run_id: RunId) -> Any:
    row = tx.session.execute(_OF_RUN[RunRow], asked(tx, run_id=run_id)).first()
    if row is None:
        raise NotFound("no_such_run", run_id=run_id)
    return row


def _all(tx: Transaction, table: type[Base], run_id: RunId) -> Sequence[Any]:
    return tx.session.execute(_OF_RUN[table], asked(tx, run_id=run_id)).all()


def _summary(row: Any) -> RunSummary:
    return RunSummary(
        run_id=RunId(row.run_id),
        plan_id=row.plan_id,
        trip_no=row.trip_no,
        wave=row.wave,
        on=row.run_on,
        direction=Direction(row.direction),
        plate=Plate(row.plate),
        departs_at=row.departs_at,
        arrives_at=row.arrives_at,
        roster_v=row.roster_v,
        phase=Phase(row.phase),
        integrity=row.integrity,
        closure_v=row.closure_v,
        closed_at=row.closed_at,
        distance_m=row.distance_m,
        cost_fen=row.cost_fen,
        progress=row.progress,
    )
