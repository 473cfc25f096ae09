"""
A run as it stands: the fold of its log, and what lists show of it.

Nobody outside decides here; this is where the store's log meets the domain's fold.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from busops.domain import due_alarms, due_tellings
from busops.domain.events import Arrived, Departed, Observation
from busops.domain.run import Phase, RunState, fold
from busops.domain.run_plan import RunPlan
from busops.domain.timeline import timeline
from busops.domain.values import Clock, Ids, RunId, StopId
from busops.services.acting import SYSTEM
from busops.services.defects import CALLED, keep_defects
from busops.services.hand_over_calls import call_for_hand_overs
from busops.services.incidents import keep_incidents
from busops.services.late_classes import keep_integrity
from busops.storage import alarm_store, held_events, other_runs, run_order_store, run_store
from busops.storage.alarm_store import TWO_RUNS, Alarm, AlarmState
from busops.storage.database import Transaction
from busops.storage.log_marks import Mark
from busops.storage.run_records import Recall, RunRecord

MOVED_ALONE = "moved_in_alone"
WRONG_ROUTE = "wrong_route"
SIREN_QUIETENED = "siren_quietened"
FACT_LEVEL, MOVED_LEVEL = 3, 2
# Of these somebody is called again each time; of how many parts the name of the first occasion is.
COME_AGAIN = {TWO_RUNS: 2, MOVED_ALONE: 1, WRONG_ROUTE: 1}
Wanted = tuple[str, int, str]  # kind, level and place of an alarm that should stand
# What the watch raises ends with the run at the latest, but for a rider whom nobody took, and for the
# reports that an incident still owes.
CHECK_ALARMS = frozenset({*due_alarms.KINDS, due_tellings.PAPER_ENTRY}) - {due_alarms.HANDOVER_WAIT}
# Findings for which somebody is called at once: they must not wait for the close.
CALLED_AT_ONCE = frozenset(
    {"off_stop_alight", "off_stop_board", "over_students", "over_persons", "departed_forbidden"}
    | {WRONG_ROUTE, CALLED}
    | {"away_from_stop_alight", "away_from_stop_board"}
)


def state_of(tx: Transaction, run_id: RunId, recall: Recall | None = None) -> RunState:
    """The state of the run, from its whole log."""
    return folded(tx, (recall or Recall()).record(tx, run_id))


def folded(tx: Transaction, record: RunRecord) -> RunState:
    """The state that follows from a run's record and from what the store holds beyond it."""
    events = record.events
    return fold(record.plan, events, held_events.holdings(tx, record.plan, events))


def facts_arrived(
    tx: Transaction, run_id: RunId, *, clock: Clock, ids: Ids, recall: Recall | None = None
) -> RunState:
    """
    What lists show of the run is up to date, and every alarm that the facts call for or end is so.

    To be called in the transaction that appended facts or decisions. If the database's guard
    and the fold ever differ on whether somebody may be aboard, the run is opened again. The runs
    that riders went over to or came from follow: what is known here may end what is asked there.
    """
    recall = recall or Recall()
    state, record = _follow(tx, run_id, recall, clock=clock, ids=ids)
    for other in sorted(run_store.lock_runs(tx, other_runs.partners(record.facts))):
        _follow(tx, other, recall, clock=clock, ids=ids)
    return state


def _follow(
    tx: Transaction, run_id: RunId, recall: Recall, *, clock: Clock, ids: Ids
) -> tuple[RunState, RunRecord]:
    record = recall.record(tx, run_id)
    state = folded(tx, record)
    if record.mark.phase is Phase.CLOSED and state.phase is not Phase.CLOSED:
        run_store.mark_reopened(tx, run_id, reopened_ms=_ms(clock))
        record = recall.record(tx, run_id)
        state = folded(tx, record)
    run_store.save_progress(tx, run_id, state.phase, progress_of(state, record.facts))
    keep_defects(tx, state.plan, record.facts)
    keep_incidents(tx, state, record.facts, clock=clock, ids=ids, are_there=record.mark.incidents > 0)
    if record.mark.phase is Phase.CLOSED:
        keep_integrity(tx, run_id)
    _call(tx, state, record.mark, clock=clock, ids=ids)
    if state.checks.is_complete or state.phase in (Phase.CLOSED, Phase.CANCELLED):
        kinds = frozenset({due_alarms.CHECK_OVERDUE, SIREN_QUIETENED})
        end_alarms(tx, run_id, kinds, evidence="checks_complete", clock=clock)
    if state.phase in (Phase.CLOSED, Phase.CANCELLED):
        kinds = CHECK_ALARMS | {"reopened", "device_unsigned", "device_forked", "device_store_lost"}
        end_alarms(tx, run_id, kinds, evidence=f"run_{state.phase.value}", clock=clock)
        call_for_hand_overs(tx, state, record.events, clock=clock, ids=ids)
    return state, record


def end_alarms(tx: Transaction, run_id: RunId, kinds: frozenset[str], *, evidence: str, clock: Clock) -> None:
    """The run's alarms of these kinds are over, for the evidence named."""
    for alarm in alarm_store.load_alarms(tx, run_id):
        if alarm.kind in kinds:
            alarm_store.resolve(tx, alarm.alarm_id, by=SYSTEM, at=clock.now(), evidence=evidence)


def progress_of(state: RunState, observed: Collection[Observation]) -> dict[str, Any]:
    """What lists show of a run; made anew from the log at any time."""
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


def _call(tx: Transaction, state: RunState, mark: Mark, *, clock: Clock, ids: Ids) -> None:
    """Every alarm that what is known of the run calls for or ends is so."""
    shown = run_order_store.show_aboard(tx, state.plan, state.aboard)
    are_there = mark.alarms or mark.on_two_runs
    alarms = alarm_store.alarms_about(tx, state.plan.run_id) if are_there else ()
    both = {f"{rider}:{other}" for other, riders in shown.items() for rider in riders}
    own = [each for each in alarms if each.run_id == state.plan.run_id]
    for kind, level, place in (*_for_facts(state), *_for_two_runs(both), *_for_moves(state)):
        occasion = _anew(place, [each for each in own if (each.kind, each.level) == (kind, level)])
        if occasion is not None:
            alarm = Alarm(
                alarm_id=ids.new(),
                run_id=state.plan.run_id,
                kind=kind,
                level=level,
                occasion=occasion,
                state=AlarmState.RAISED,
                raised_at=clock.now(),
            )
            alarm_store.raise_alarm(tx, alarm)
    for alarm in alarms:
        if alarm.state is not AlarmState.RESOLVED and (evidence := _ended_by(state, alarm, both)):
            alarm_store.resolve(tx, alarm.alarm_id, by=SYSTEM, at=clock.now(), evidence=evidence)


def _anew(place: str, known: Iterable[Alarm]) -> str | None:
    """
    The occasion under which somebody is called for this place; None where that has been done.

    Who is in two buses, or between them, a second time is called for a second time, as ``<place>:2``, and so
    on: an alarm is written down once. A fact of the field is there for good and calls once.
    """
    named = [each for each in known if _place_of(each) == place]
    if not named:
        return place
    comes_again = named[0].kind in COME_AGAIN and all(each.state is AlarmState.RESOLVED for each in named)
    return f"{place}:{len(named) + 1}" if comes_again else None


def _place_of(alarm: Alarm) -> str:
    """What the alarm is about, however often it came."""
    parts = COME_AGAIN.get(alarm.kind)
    return alarm.occasion if parts is None else ":".join(alarm.occasion.split(":")[:parts])


def _for_facts(state: RunState) -> Iterator[Wanted]:
    """Somebody is called at once for what must not wait; what two people have settled calls nobody more."""
    for finding in state.open_findings:
        if finding.code in CALLED_AT_ONCE:
            yield finding.code, FACT_LEVEL, finding.place


def _for_two_runs(both: Iterable[str]) -> Iterator[Wanted]:
    """A rider who may be aboard two buses at once is looked for in both."""
    for place in sorted(both):
        yield TWO_RUNS, FACT_LEVEL, place


def _for_moves(state: RunState) -> Iterator[Wanted]:
    """Somebody came over from a bus that knows nothing of it: the office is called until it does."""
    for rider_id in sorted({each.place for each in state.open_findings if each.code == MOVED_ALONE}):
        yield MOVED_ALONE, MOVED_LEVEL, rider_id


def _ended_by(state: RunState, alarm: Alarm, both: Collection[str]) -> str | None:
    """The evidence that ends an alarm which stands, of this run or of a rider on it and on another."""
    run_id = state.plan.run_id
    if alarm.kind == TWO_RUNS:
        rider, other = alarm.occasion.split(":")[:2]
        on_one = _place_of(alarm) not in both if alarm.run_id == run_id else rider not in state.aboard
        return "on_one_run" if on_one and run_id in (alarm.run_id, other) else None
    if alarm.kind == MOVED_ALONE:
        alone = {each.place for each in state.open_findings if each.code == MOVED_ALONE}
        return None if _place_of(alarm) in alone else "on_one_run"
    key = f"{alarm.kind}:{_place_of(alarm)}"
    if alarm.kind == WRONG_ROUTE and key not in {each.key for each in state.findings}:
        return "not_on_wrong_bus"
    is_settled = alarm.kind in CALLED_AT_ONCE and key in state.settled
    return "finding_settled" if is_settled else None


def _ms(clock: Clock) -> int:
    return round(clock.now().timestamp() * 1000)
