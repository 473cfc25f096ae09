"""
Runs to look at: the board of a day, one run in full, and where a rider is.

The board reads projections and costs one query however many runs there are; the page of one
run folds its log, so that what a person decides on is never stale.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from busops.domain.events import Decision, Observation, Reopened
from busops.domain.findings import Finding
from busops.domain.gate import reasons_not_to_cancel, reasons_not_to_close
from busops.domain.late import Late
from busops.domain.run import Phase, RunState, fold
from busops.domain.timeline import timeline
from busops.domain.values import Clock, Direction, EventId, Plate, RiderId, RunId, StopId, school_date
from busops.domain.whereabouts import RiderAccount, RiderState
from busops.services import late_classes
from busops.storage import (
    alarm_store,
    amendment_store,
    closure_store,
    event_store,
    held_events,
    register_store,
    run_order_store,
    run_store,
)
from busops.storage.alarm_store import Alarm
from busops.storage.amendment_store import Amendment
from busops.storage.closure_store import Addendum, Closure
from busops.storage.database import Database, Transaction
from busops.storage.event_store import Quarantined
from busops.storage.run_store import RunSummary

_OVER: Final = (Phase.CLOSED, Phase.CANCELLED)
# What needs a person first: opened again, arrived and not proved empty, under way, about to go.
_URGENCY: Final = {
    Phase.REOPENED: 0,
    Phase.ARRIVED: 1,
    Phase.CHECKED: 2,
    Phase.UNDERWAY: 3,
    Phase.READY: 4,
    Phase.PLANNED: 5,
    Phase.CLOSED: 6,
    Phase.CANCELLED: 7,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One run on the board; ``sync_age_s`` is None while nothing was heard of it."""

    run: RunSummary
    boarded: int
    expected: int
    aboard: int
    missing: tuple[str, ...]
    next_stop: StopId | None
    sync_age_s: int | None
    open_findings: int
    alarms: tuple[Alarm, ...]

    @property
    def alarm_level(self) -> int:
        """The worst alarm that is not over; 0 without one."""
        return max((alarm.level + 1 for alarm in self.alarms), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestStop:
    """A stop of the run and everybody who belongs to it."""

    stop_id: StopId
    arrives_at: datetime
    riders: tuple[RiderAccount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run in full: where everybody is, what happened, and what is still in the way."""

    run: RunSummary
    state: RunState
    stops: tuple[ManifestStop, ...]
    walk_ons: tuple[RiderAccount, ...]
    names: Mapping[RiderId, str]
    facts: tuple[Observation, ...]
    voided: frozenset[str]
    decisions: tuple[Decision, ...]
    reasons: tuple[Finding, ...]
    reasons_not_to_cancel: tuple[Finding, ...]
    alarms: tuple[Alarm, ...]
    closures: tuple[Closure, ...]
    addenda: tuple[Addendum, ...]
    late: Mapping[EventId, Late]
    amendments: tuple[Amendment, ...]
    unsigned: tuple[EventId, ...]
    quarantine: tuple[Quarantined, ...]

    @property
    def was_reopened(self) -> bool:
        """Whether the run was closed before and opened again."""
        return any(isinstance(each, Reopened) for each in self.decisions)

    def fact_of(self, event_id: EventId) -> Observation | None:
        """The fact of this id, where the run has it."""
        return next((each for each in self.facts if each.event_id == event_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiderOnRun:
    """Where a rider is on one run."""

    rider_id: RiderId
    name: str
    run_id: RunId
    on: date
    direction: Direction
    plate: Plate
    phase: Phase
    state: RiderState


def run_board(database: Database, on: date, clock: Clock) -> tuple[BoardRow, ...]:
    """
    The runs of a day, those that need somebody first.

    Today's board also has every open run of a day before for which somebody is called: midnight
    ends nothing.
    """
    now = clock.now()
    with database.reading() as tx:
        runs = run_store.list_runs(tx, on)
        alarms = _by_run(alarm_store.load_alarms(tx))
        if on == school_date(now):
            before = (run.run_id for run in run_order_store.unclosed_before(tx, on))
            runs = (*runs, *(run_store.load_summary(tx, run_id) for run_id in before if run_id in alarms))
        missing = {rider_id for run in runs for rider_id in run.progress.get("not_yet", ())}
        names = _names(tx, missing)
    rows = [_row(run, alarms.get(run.run_id, ()), names, now) for run in runs]
    return tuple(sorted(rows, key=_urgency))


def run_view(database: Database, run_id: RunId) -> RunView:
    """The run in full, as its log says now; raises NotFound."""
    with database.reading() as tx:
        run = run_store.load_summary(tx, run_id)
        plan = run_store.load_run_plan(tx, run_id)
        events = event_store.load_events(tx, run_id)
        state = fold(plan, events, held_events.holdings(tx, plan, events))
        line = timeline(events)
        manifest = [
            ManifestStop(
                stop_id=stop.stop_id,
                arrives_at=stop.arrives_at,
                riders=tuple(
                    state.accounts[rider.rider_id] for rider in plan.manifest if rider.stop_id == stop.stop_id
                ),
            )
            for stop in plan.stops
        ]
        return RunView(
            run=run,
            state=state,
            stops=tuple(manifest),
            walk_ons=tuple(each for each in state.accounts.values() if each.rider_id not in plan.riders),
            names=_names(tx, state.accounts),
            facts=line.in_likely_order(),
            voided=frozenset(line.voided),
            decisions=tuple(event for event in events if isinstance(event, Decision)),
            reasons=reasons_not_to_close(state),
            reasons_not_to_cancel=reasons_not_to_cancel(state),
            alarms=alarm_store.load_alarms(tx, run_id, include_resolved=True),
            closures=closure_store.load_closures(tx, run_id),
            addenda=closure_store.load_addenda(tx, run_id),
            late=late_classes.classes_of(tx, run_id),
            amendments=amendment_store.load_amendments(tx, run_id),
            unsigned=late_classes.unsigned(tx, run_id),
            quarantine=event_store.load_quarantine(tx, run_id),
        )


def find_rider(database: Database, words: str, *, on: date | None = None) -> tuple[RiderOnRun, ...]:
    """Where the riders are whose name or number holds these words, on the runs of a day or on all."""
    wanted = words.strip()
    if not wanted:
        return ()
    with database.reading() as tx:
        found = [
            rider
            for rider in register_store.load_riders(tx, include_retired=True)
            if wanted in rider.name or wanted in rider.rider_id
        ]
        return tuple(
            RiderOnRun(
                rider_id=rider.rider_id,
                name=rider.name,
                run_id=run_id,
                on=summary.on,
                direction=summary.direction,
                plate=summary.plate,
                phase=summary.phase,
                state=_state_on(tx, run_id, rider.rider_id),
            )
            for rider in found
            for run_id in run_order_store.run_ids_of_rider(tx, rider.rider_id)
            for summary in (run_store.load_summary(tx, run_id),)
            if on is None or summary.on == on
        )


def _state_on(tx: Transaction, run_id: RunId, rider_id: RiderId) -> RiderState:
    state = fold(run_store.load_run_plan(tx, run_id), event_store.load_events(tx, run_id))
    account = state.accounts.get(rider_id)
    return account.state if account else RiderState.EXPECTED


def _row(run: RunSummary, alarms: tuple[Alarm, ...], names: Mapping[RiderId, str], now: datetime) -> BoardRow:
    shown: Mapping[str, Any] = run.progress
    heard_ms = shown.get("heard_ms")
    heard_at = None if heard_ms is None else datetime.fromtimestamp(heard_ms / 1000, UTC)
    return BoardRow(
        run=run,
        boarded=shown.get("boarded", 0),
        expected=shown.get("expected", 0),
        aboard=shown.get("aboard", 0),
        missing=tuple(names.get(rider_id, rider_id) for rider_id in shown.get("not_yet", ())),
        next_stop=shown.get("next_stop"),
        sync_age_s=None if heard_at is None else int((now - heard_at).total_seconds()),
        open_findings=shown.get("open_findings", 0),
        alarms=alarms,
    )


def _urgency(row: BoardRow) -> tuple[int, int, datetime, str]:
    over = row.run.phase in _OVER
    return (0 if over else -row.alarm_level, _URGENCY[row.run.phase], row.run.departs_at, row.run.run_id)


def _by_run(alarms: Iterable[Alarm]) -> Mapping[RunId, tuple[Alarm, ...]]:
    by_run: dict[RunId, tuple[Alarm, ...]] = {}
    for alarm in alarms:
        by_run[alarm.run_id] = (*by_run.get(alarm.run_id, ()), alarm)
    return by_run


def _names(tx: Transaction, rider_ids: Iterable[str]) -> Mapping[RiderId, str]:
    wanted = set(rider_ids)
    if not wanted:
        return {}
    riders = register_store.load_riders(tx, include_retired=True)
    return {rider.rider_id: rider.name for rider in riders if rider.rider_id in wanted}
