"""What the logs and lists of other runs say of one: who changed buses, and who is awaited elsewhere."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from sqlalchemy import bindparam, or_, select

from busops.domain.events import Boarded, Event, Kind, MovedIn, MovedOut, Observation
from busops.domain.run import Phase
from busops.domain.run_plan import RunPlan
from busops.domain.timeline import timeline
from busops.domain.transfers import Elsewhere
from busops.domain.values import SCHOOL_TIME, RiderId, RunId
from busops.storage import event_store
from busops.storage.database import Transaction
from busops.storage.event_tables import RunEventRow
from busops.storage.prepared import among, asked, select_rows
from busops.storage.run_tables import ManifestRiderRow, RunRow
from busops.storage.upsert import table_of

_EVENT: Final = table_of(RunEventRow).c
_LISTED: Final = table_of(ManifestRiderRow).c
_RUN: Final = table_of(RunRow).c
_HERE: Final = table_of(RunRow).alias("here")
_IS_MOVE: Final = _EVENT.kind.in_((Kind.MOVED_IN.value, Kind.MOVED_OUT.value))

_CHANGING: Final = select_rows(RunEventRow, columns=("run_id", "other_run_id")).where(
    _IS_MOVE,
    or_(
        among(_EVENT.run_id, "run_ids"),
        among(_EVENT.other_run_id, "run_ids"),
    ),
)
_NAMES: Final = select_rows(RunRow, columns=("run_id", "plate", "departs_at")).where(
    among(_RUN.run_id, "run_ids")
)
_AWAITED: Final = (
    select(_LISTED.rider_id, _RUN.run_id)
    .join_from(
        table_of(ManifestRiderRow),
        table_of(RunRow),
        (_RUN.school_id == _LISTED.school_id)
        & (_RUN.run_id == _LISTED.run_id)
        & (_RUN.roster_v == _LISTED.version),
    )
    .join(_HERE, (_HERE.c.school_id == _RUN.school_id) & (_HERE.c.run_id == bindparam("run_id")))
    .where(_LISTED.school_id == bindparam("school_id"))
    .where(among(_LISTED.rider_id, "rider_ids"))
    .where(_RUN.run_id != _HERE.c.run_id, _RUN.phase != Phase.CANCELLED.value)
    .where(_RUN.run_on == _HERE.c.run_on, _RUN.direction == _HERE.c.direction)
    .order_by(_LISTED.rider_id, _RUN.run_id.desc())
)


def partners(events: Iterable[Event]) -> frozenset[RunId]:
    """The runs that these facts of a run say riders went over to or came from."""
    return frozenset(
        event.other_run_id for event in events if isinstance(event, MovedIn | MovedOut) and event.other_run_id
    )


def changing_buses(tx: Transaction, run_ids: Iterable[RunId]) -> frozenset[RunId]:
    """Those of these runs from or to whose bus a rider was moved, and the runs at the other end."""
    moves = tx.session.execute(_CHANGING, asked(tx, run_ids=sorted(run_ids)))
    return frozenset(RunId(run_id) for ends in moves for run_id in ends)


def elsewhere(tx: Transaction, plan: RunPlan, events: Iterable[Event]) -> Elsewhere:
    """What other runs say of riders who change between them and this one, or belong there."""
    events = tuple(events)
    others = partners(events)
    awaited_on = _awaited_elsewhere(tx, plan, events)
    return Elsewhere(
        moves=_moves_elsewhere(tx, plan.run_id, others),
        awaited_on=awaited_on,
        run_names=run_names(tx, others | set(awaited_on.values())),
    )


def run_names(tx: Transaction, run_ids: Iterable[RunId]) -> dict[RunId, str]:
    """What people call these runs: the plate and the time of departure."""
    if not (named := sorted(run_ids)):
        return {}
    rows = tx.session.execute(_NAMES, asked(tx, run_ids=named))
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


def _awaited_elsewhere(tx: Transaction, plan: RunPlan, events: Iterable[Event]) -> dict[RiderId, RunId]:
    """Who was marked on here, is on no list here, and is on that of another run of the day and direction."""
    boarded = {event.rider_id for event in events if isinstance(event, Boarded) and event.kind is Kind.BOARD}
    strangers = sorted(boarded - plan.riders.keys())
    if not strangers:
        return {}
    rows = tx.session.execute(_AWAITED, asked(tx, run_id=plan.run_id, rider_ids=strangers))
    return {RiderId(rider_id): RunId(other) for rider_id, other in rows}
