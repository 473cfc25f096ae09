"""
How far the record of each run has come: equal marks mean that nothing was added that a fold rests on.

Facts, decisions, manifests and tablets are only ever added and a crew's turn only ever ended, all under the
run's lock: how many there are and which is the last say whether there are more. What the plan takes from
the run's own row (newest list, vehicle, evidence asked for) stands in the mark as it is.
Beside the record a mark says where the run stands and whether anything hangs on it, all in one statement.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, func, select

from busops.domain.run import Phase
from busops.domain.values import RunId
from busops.storage.alarm_store import TWO_RUNS, AlarmRow, AlarmState
from busops.storage.database import Base, Transaction
from busops.storage.event_tables import RunDecisionRow, RunEventRow
from busops.storage.handover_store import PickupCodeRow
from busops.storage.incident_store import IncidentRow
from busops.storage.paper_store import PaperEntryRow
from busops.storage.prepared import listed, matches
from busops.storage.run_tables import ManifestRow, RunCrewRow, RunDeviceRow, RunRow
from busops.storage.upsert import table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """
    How many facts and decisions a run has and which are the last, and all that its plan rests on.

    ``phase`` and what follows is no part of the record and makes no two marks differ: how the run stands,
    and how many alarms (over or not), incidents, sheets of paper and one-time codes it has; and how many
    alarms stand in the school about riders on two runs at once.
    """

    facts: int
    last_srv: int
    last_digest: str
    decisions: int
    last_number: int
    plan: tuple[object, ...]
    phase: Phase = field(compare=False)
    alarms: int = field(compare=False)
    incidents: int = field(compare=False)
    papers: int = field(compare=False)
    codes: int = field(compare=False)
    on_two_runs: int = field(compare=False)


_RUN: Final = table_of(RunRow)


def _of_run(row_class: type[Base], what: ColumnElement[Any]) -> Any:
    own = table_of(row_class).c
    same = (own.school_id == _RUN.c.school_id, own.run_id == _RUN.c.run_id)
    return select(what).where(*same).correlate(_RUN)


def _count(row_class: type[Base], what: ColumnElement[Any] | None = None) -> Any:
    return _of_run(row_class, func.count() if what is None else func.count(what)).scalar_subquery()


_EVENT, _DECISION = table_of(RunEventRow).c, table_of(RunDecisionRow).c
_TOLD: Final = table_of(AlarmRow).alias("told").c
_LAST_DIGEST: Final = _of_run(RunEventRow, _EVENT.digest).order_by(_EVENT.srv.desc()).limit(1)
_OF_RUNS: Final = select(
    _RUN.c.run_id,
    _count(RunEventRow).label("facts"),
    func.coalesce(_of_run(RunEventRow, func.max(_EVENT.srv)).scalar_subquery(), 0).label("last_srv"),
    func.coalesce(_LAST_DIGEST.scalar_subquery(), "").label("last_digest"),
    _count(RunDecisionRow).label("decisions"),
    func.coalesce(_of_run(RunDecisionRow, func.max(_DECISION.number)).scalar_subquery(), 0).label(
        "last_number"
    ),
    _RUN.c.phase,
    _count(AlarmRow).label("alarms"),
    _count(IncidentRow).label("incidents"),
    _count(PaperEntryRow).label("papers"),
    _count(PickupCodeRow).label("codes"),
    select(func.count())
    .where(
        _TOLD.school_id == bindparam("school_id"),
        _TOLD.kind == TWO_RUNS,
        _TOLD.state.in_((AlarmState.RAISED.value, AlarmState.ACKED.value)),
    )
    .scalar_subquery(),
    _RUN.c.roster_v,
    _RUN.c.evidence,
    _RUN.c.plate,
    _RUN.c.vehicle_rows,
    _RUN.c.approved_students,
    _RUN.c.approved_total,
    _count(ManifestRow),
    _count(RunDeviceRow),
    _of_run(RunDeviceRow, func.max(table_of(RunDeviceRow).c.dev)).scalar_subquery(),
    _count(RunCrewRow),
    _count(RunCrewRow, table_of(RunCrewRow).c.until_at),
).where(*matches(RunRow))
_MARKS: Final = listed(_OF_RUNS, _RUN.c.run_id, "run_ids")


def log_marks(tx: Transaction, run_ids: Collection[RunId]) -> dict[RunId, Mark]:
    """The mark of each of these runs, of those that exist."""
    rows = _MARKS.execute(tx, sorted(run_ids))
    return {RunId(row.run_id): _mark(*row) for row in rows}


def _mark(_run_id: str, facts: int, last_srv: int, last_digest: str, decisions: int, *others: Any) -> Mark:
    last_number, phase, alarms, incidents, papers, codes, on_two_runs, *plan = others
    return Mark(
        facts=facts,
        last_srv=last_srv,
        last_digest=last_digest,
        decisions=decisions,
        last_number=last_number,
        plan=tuple(plan),
        phase=Phase(phase),
        alarms=alarms,
        incidents=incidents,
        papers=papers,
        codes=codes,
        on_two_runs=on_two_runs,
    )
