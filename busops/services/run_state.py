"""
A run as it stands: the fold of its log, and what lists show of it.

Nobody outside decides here; this is where the store's log meets the domain's fold.
"""

from collections.abc import Iterable
from typing import Any

from busops.domain import due_alarms, due_tellings
from busops.domain.events import Arrived, Departed, Event, Observation
from busops.domain.run import Phase, RunState, fold
from busops.domain.run_plan import RunPlan
from busops.domain.timeline import timeline
from busops.domain.values import Clock, Ids, RunId, StopId
from busops.services.acting import SYSTEM
from busops.services.defects import CALLED, keep_defects
from busops.services.incidents import keep_incidents
from busops.services.late_classes import keep_integrity
from busops.storage import alarm_store, event_store, held_events, other_runs, run_order_store, run_store
from busops.storage.alarm_store import Alarm, AlarmState
from busops.storage.database import Transaction

TWO_RUNS = "aboard_two_runs"
MOVED_ALONE = "moved_in_alone"
FACT_LEVEL, MOVED_LEVEL = 3, 2
# What the watch raises ends with the run at the latest, but for the reports that an incident still owes.
CHECK_ALARMS = frozenset({*due_alarms.KINDS, due_tellings.PAPER_ENTRY})
# Findings for which somebody is called at once: they must not wait for the close.
CALLED_AT_ONCE = frozenset(
    {"off_stop_alight", "off_stop_board", "over_students", "over_persons", "departed_forbidden"}
    | {"wrong_route", CALLED}
    | {"away_from_stop_alight", "away_from_stop_board"}
)


def state_of(tx: Transaction, run_id: RunId) -> RunState:
    """The state of the run, from its whole log."""
    return _folded(tx, run_id)[0]


def facts_arrived(tx: Transaction, run_id: RunId, *, clock: Clock, ids: Ids) -> RunState:
    """
    What lists show of the run is up to date, and every alarm that the facts call for or end is so.

    To be called in the transaction that appended facts or decisions. If the database's guard
    and the fold ever differ on whether somebody may be aboard, the run is opened again. The runs
    that riders went over to or came from follow: what is known here may end what is asked there.
    """
    state = _follow(tx, run_id, clock=clock, ids=ids)
    for other in sorted(run_store.lock_runs(tx, other_runs.partners(tx, run_id))):
        _follow(tx, other, clock=clock, ids=ids)
    return state


def _follow(tx: Transaction, run_id: RunId, *, clock: Clock, ids: Ids) -> RunState:
    state, events = _folded(tx, run_id)
    now_ms = _ms(clock)
    shown = run_store.load_summary(tx, run_id)
    if shown.phase is Phase.CLOSED and state.phase is not Phase.CLOSED:
        run_store.mark_reopened(tx, run_id, reopened_ms=now_ms)
        state, events = _folded(tx, run_id)
    run_store.save_progress(tx, run_id, state.phase, progress_of(state, events))
    keep_defects(tx, state.plan, (event for event in events if isinstance(event, Observation)))
    keep_incidents(tx, state, events, clock=clock, ids=ids)
    keep_integrity(tx, run_id)
    _call_for_facts(tx, state, clock=clock, ids=ids)
    _call_for_two_runs(tx, state, clock=clock, ids=ids)
    _call_for_moves(tx, state, clock=clock, ids=ids)
    if state.checks.is_complete or state.phase in (Phase.CLOSED, Phase.CANCELLED):
        end_alarms(tx, run_id, frozenset({"check_overdue"}), evidence="checks_complete", clock=clock)
    if state.phase in (Phase.CLOSED, Phase.CANCELLED):
        kinds = CHECK_ALARMS | {"reopened", "device_unsigned", "device_forked", "device_store_lost"}
        end_alarms(tx, run_id, kinds, evidence=f"run_{state.phase.value}", clock=clock)
    return state


def end_alarms(tx: Transaction, run_id: RunId, kinds: frozenset[str], *, evidence: str, clock: Clock) -> None:
    """The run's alarms of these kinds are over, for the evidence named."""
    for alarm in alarm_store.load_alarms(tx, run_id):
        if alarm.kind in kinds:
            alarm_store.resolve(tx, alarm.alarm_id, by=SYSTEM, at=clock.now(), evidence=evidence)


def progress_of(state: RunState, events: Iterable[Event]) -> dict[str, Any]:
    """What lists show of a run; made anew from the log at any time."""
    observed = [event for event in events if isinstance(event, Observation)]
    expected = state.expected
    return {
        "expected": len(expected),
        "boarded": len(state.boarded_ever & expected),
        "walk_ons": len(state.boarded_ever - expected),
        "aboard": len(state.aboard),
        "aboard_ids": sorted(state.aboard),
        "alighted": len(state.alighted),
        "absent": len(state.absent),
        "not_yet": sorted(state.not_yet),
        "disputed": sorted(state.disputed),
        "moving": sorted(state.moving),
        "next_stop": next_stop(state.plan, observed),
        "arrived_ms": state.arrived_ms,
        "heard_ms": max((event.received_ms or 0 for event in observed), default=None),
        "open_findings": len([each for each in state.open_findings if each.severity in ("block", "gate")]),
    }


def next_stop(plan: RunPlan, observed: Iterable[Observation]) -> StopId | None:
    """Where the bus is heading, or stands now; None once it has left the last stop or reached it."""
    last: Arrived | Departed | None = None
    for event in timeline(observed).in_likely_order():
        if isinstance(event, Arrived | Departed) and event.stop_id in plan.stop_ids:
            last = event
    if last is None or last.stop_id is None:
        return plan.stops[0].stop_id
    place = plan.stop_ids.index(last.stop_id)
    if isinstance(last, Departed):
        place += 1
    elif last.stop_id == plan.terminal:
        return None
    return plan.stop_ids[place] if place < len(plan.stops) else None


def _folded(tx: Transaction, run_id: RunId) -> tuple[RunState, tuple[Event, ...]]:
    plan = run_store.load_run_plan(tx, run_id)
    events = event_store.load_events(tx, run_id)
    return fold(plan, events, held_events.holdings(tx, run_id)), events


def _call_for_facts(tx: Transaction, state: RunState, *, clock: Clock, ids: Ids) -> None:
    """Somebody is called at once for what must not wait; what two people have settled calls nobody more."""
    alarms = alarm_store.load_alarms(tx, state.plan.run_id, include_resolved=True)
    known = {(alarm.kind, alarm.occasion) for alarm in alarms if alarm.level == FACT_LEVEL}
    for finding in (each for each in state.open_findings if (each.code, each.place) not in known):
        if finding.code in CALLED_AT_ONCE:
            alarm_store.raise_alarm(
                tx,
                Alarm(
                    alarm_id=ids.new(),
                    run_id=state.plan.run_id,
                    kind=finding.code,
                    level=FACT_LEVEL,
                    occasion=finding.place,
                    state=AlarmState.RAISED,
                    raised_at=clock.now(),
                ),
            )
    for alarm in alarms:
        if alarm.state is AlarmState.RESOLVED:
            continue
        if alarm.kind in CALLED_AT_ONCE and f"{alarm.kind}:{alarm.occasion}" in state.settled:
            alarm_store.resolve(tx, alarm.alarm_id, by=SYSTEM, at=clock.now(), evidence="finding_settled")


def _call_for_two_runs(tx: Transaction, state: RunState, *, clock: Clock, ids: Ids) -> None:
    """A rider who may be aboard two buses at once is looked for in both; the alarm ends when he is on one."""
    run_id = state.plan.run_id
    others = run_order_store.aboard_elsewhere(tx, run_id, state.plan.on) if state.aboard else {}
    now = {f"{rider}:{other}" for other, riders in others.items() for rider in state.aboard & riders}
    _call_anew(tx, run_id, TWO_RUNS, now, level=FACT_LEVEL, clock=clock, ids=ids)
    for alarm in alarm_store.load_alarms(tx, kind=TWO_RUNS):
        rider, other = alarm.occasion.split(":")[:2]
        if run_id not in (alarm.run_id, other):
            continue
        is_over = f"{rider}:{other}" not in now if alarm.run_id == run_id else rider not in state.aboard
        if is_over:
            alarm_store.resolve(tx, alarm.alarm_id, by=SYSTEM, at=clock.now(), evidence="on_one_run")


def _call_for_moves(tx: Transaction, state: RunState, *, clock: Clock, ids: Ids) -> None:
    """Somebody came over from a bus that knows nothing of it: the office is called until it does."""
    now = {finding.place for finding in state.open_findings if finding.code == MOVED_ALONE}
    _call_anew(tx, state.plan.run_id, MOVED_ALONE, now, level=MOVED_LEVEL, clock=clock, ids=ids)
    for alarm in alarm_store.load_alarms(tx, state.plan.run_id, kind=MOVED_ALONE):
        if alarm.occasion.partition(":")[0] not in now:
            alarm_store.resolve(tx, alarm.alarm_id, by=SYSTEM, at=clock.now(), evidence="on_one_run")


def _call_anew(
    tx: Transaction, run_id: RunId, kind: str, now: set[str], *, level: int, clock: Clock, ids: Ids
) -> None:
    """
    For each of these an alarm stands, as often as it comes up: what was over once calls a second time.

    The second one of an occasion is named ``<occasion>:2``, and so on: an alarm is written down once.
    """
    alarms = alarm_store.load_alarms(tx, run_id, kind=kind, include_resolved=True) if now else ()
    for occasion in sorted(now):
        named = [each for each in alarms if f"{each.occasion}:".startswith(f"{occasion}:")]
        if all(each.state is AlarmState.RESOLVED for each in named):
            alarm = Alarm(
                alarm_id=ids.new(),
                run_id=run_id,
                kind=kind,
                level=level,
                occasion=f"{occasion}:{len(named) + 1}" if named else occasion,
                state=AlarmState.RAISED,
                raised_at=clock.now(),
            )
            alarm_store.raise_alarm(tx, alarm)


def _ms(clock: Clock) -> int:
    return round(clock.now().timestamp() * 1000)
