"""What the logs and lists of other runs say of one: who changed buses, and who is awaited elsewhere."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from sqlalchemy import bindparam, or_, select

from busops.domain.events import Kind, MovedIn, MovedOut, Observation
from busops.domain.run import Phase
from busops.domain.timeline import timeline
from busops.domain.transfers import Elsewhere
from busops.domain.values import SCHOOL_TIME, RiderId, RunId
from busops.storage import event_store
from busops.storage.database import Transaction
from busops.storage.event_tables import RunEventRow
from busops.storage.prepared import asked, matches, select_rows
from busops.storage.run_tables import ManifestRiderRow, RunRow
from busops.storage.upsert import table_of

_EVENT: Final = table_of(RunEventRow).c
_LISTED: Final = table_of(ManifestRiderRow).c
_RUN: Final = table_of(RunRow).c
_HERE: Final = table_of(RunRow).alias("here")
_IS_MOVE: Final = _EVENT.kind.in_((Kind.MOVED_IN.value, Kind.MOVED_OUT.value))

_PARTNERS: Final = select_rows(RunEventRow, "run_id", columns=("other_run_id",)).where(_IS_MOVE).distinct()
_CHANGING: Final = select_rows(RunEventRow, columns=("run_id", "other_run_id")).where(
    _IS_MOVE,
    or_(
        _EVENT.run_id.in_(bindparam("run_ids", expanding=True)),
        _EVENT.other_run_id.in_(bindparam("run_ids", expanding=True)),
    ),
)
_NAMES: Final = select_rows(RunRow, columns=("run_id", "plate", "departs_at")).where(
    _RUN.run_id.in_(bindparam("run_ids", expanding=True))
)
_ON_ITS_LIST: Final = (
    select(_LISTED.rider_id)
    .where(
        _LISTED.school_id == _HERE.c.school_id,
        _LISTED.run_id == _HERE.c.run_id,
        _LISTED.version == _HERE.c.roster_v,
    )
    .correlate(_HERE)
)
_STRANGERS: Final = (
    select(_EVENT.rider_id)
    .join_from(
        table_of(RunEventRow),
        _HERE,
        (_HERE.c.school_id == _EVENT.school_id) & (_HERE.c.run_id == _EVENT.run_id),
    )
    .where(*matches(RunEventRow, "run_id"), _EVENT.kind == Kind.BOARD.value)
    .where(_EVENT.rider_id.not_in(_ON_ITS_LIST))
    .distinct()
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
    .where(_LISTED.rider_id.in_(bindparam("rider_ids", expanding=True)))
    .where(_RUN.run_id != _HERE.c.run_id, _RUN.phase != Phase.CANCELLED.value)
    .where(_RUN.run_on == _HERE.c.run_on, _RUN.direction == _HERE.c.direction)
    .order_by(_LISTED.rider_id, _RUN.run_id.desc())
)


def partners(tx: Transaction, run_id: RunId) -> frozenset[RunId]:
    """The runs that this run's log says riders went over to or came from."""
    found = tx.session.scalars(_PARTNERS, asked(tx, run_id=run_id))
    return frozenset(RunId(other) for other in found if other)


def changing_buses(tx: Transaction, run_ids: Iterable[RunId]) -> frozenset[RunId]:
    """Those of these runs from or to whose bus a rider was moved, and the runs at the other end."""
    moves = tx.session.execute(_CHANGING, asked(tx, run_ids=sorted(run_ids)))
    return frozenset(RunId(run_id) for ends in moves for run_id in ends)


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


def _awaited_elsewhere(tx: Transaction, run_id: RunId) -> dict[RiderId, RunId]:
    """Who was marked on here, is on no list here, and is on that of another run of the day and direction."""
    strangers = list(tx.session.scalars(_STRANGERS, asked(tx, run_id=run_id)))
    if not strangers:
        return {}
    rows = tx.session.execute(_AWAITED, asked(tx, run_id=run_id, rider_ids=sorted(strangers)))
    return {RiderId(rider_id): RunId(other) for rider_id, other in rows}
