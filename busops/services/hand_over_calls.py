"""
Who must be given into somebody's hands, and the call for whoever was not when his bus was closed.

While a run is open the watch calls (``watch.py``). A closed run is watched no longer, so the close itself
calls; what is told of the rider afterwards ends it, the close does not.
"""

from collections.abc import Collection

from busops.domain.due_alarms import HANDOVER_WAIT, Watched, ended_by, hand_overs_due
from busops.domain.events import Event
from busops.domain.roster import HandoverMode
from busops.domain.run import RunState
from busops.domain.run_plan import RunPlan
from busops.domain.values import Clock, Direction, Ids, RiderId
from busops.services.acting import SYSTEM
from busops.storage import alarm_store, handover_store, register_store
from busops.storage.alarm_store import Alarm, AlarmState
from busops.storage.database import Transaction


def handed_of(tx: Transaction, plan: RunPlan) -> frozenset[RiderId]:
    """The riders of the manifest who must be given into somebody's hands: by list, or by a code."""
    by_list = register_store.rider_ids_handed(tx, HandoverMode.LISTED)
    codes = {code.rider_id for code in handover_store.load_codes(tx, plan.run_id)}
    return handed_among(plan, by_list | codes)


def handed_among(plan: RunPlan, asked_for: Collection[RiderId]) -> frozenset[RiderId]:
    """Those of the manifest of whom it is asked; on the way to school of nobody."""
    if plan.direction is not Direction.HOMEWARD:
        return frozenset()
    return frozenset(plan.riders.keys() & asked_for)


def call_for_hand_overs(
    tx: Transaction, state: RunState, events: tuple[Event, ...], *, clock: Clock, ids: Ids
) -> None:
    """Of a run that is closed: whoever nobody took is called for, and who is accounted for no longer."""
    if state.plan.direction is not Direction.HOMEWARD:
        return
    now, run_id = clock.now(), state.plan.run_id
    run = Watched(state=state, events=events, handed=handed_of(tx, state.plan))
    for due in hand_overs_due(run, now):
        alarm = Alarm(
            alarm_id=ids.new(),
            run_id=run_id,
            kind=due.kind,
            level=due.level,
            occasion=due.occasion,
            state=AlarmState.RAISED,
            raised_at=now,
        )
        alarm_store.raise_alarm(tx, alarm)
    for alarm in alarm_store.load_alarms(tx, run_id, kind=HANDOVER_WAIT):
        if evidence := ended_by(run, alarm.kind, alarm.occasion, now):
            alarm_store.resolve(tx, alarm.alarm_id, by=SYSTEM, at=now, evidence=evidence)
