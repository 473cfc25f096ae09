"""
The watch: alarms by the server's clock when a bus is not proved empty, is silent, late or stays open.

A dead tablet therefore alarms too. Each level is raised once; an acknowledgement says that
somebody has heard it and does not hold up the next level: only evidence does. Which alarms are
due is ``domain/due_alarms.py``'s and ``due_tellings.py``'s to say; here they are raised and ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from busops.domain.due_alarms import OVER, Due, Watched, check_start, due_alarms, ended_by, heard_from
from busops.domain.due_tellings import REMEMBERED, due_tellings, told_by
from busops.domain.errors import InvalidInput
from busops.domain.events import Event
from busops.domain.run import Holdings, RunState, fold
from busops.domain.safety_policy import SafetyPolicy
from busops.domain.values import Clock, Ids, RunId
from busops.services.acting import SYSTEM, By, record_act, user_of
from busops.services.handovers import handed_of
from busops.services.rollcall import rollcall_alarms
from busops.storage import (
    alarm_store,
    day_store,
    device_store,
    event_store,
    incident_store,
    other_runs,
    paper_store,
    run_store,
    safety_policy_store,
)
from busops.storage.alarm_store import Alarm, AlarmState
from busops.storage.database import Database, Transaction
from busops.storage.log_marks import Mark, log_marks

AHEAD: Final = timedelta(hours=12)

Seen = tuple[Mark, RunState, tuple[Event, ...]]  # what the record of a run said at that mark


@dataclass(slots=True, kw_only=True)
class Memory:
    """
    What the watch made of each run's record at its last look, as long as nothing is added to it.

    Hundreds of buses on their way are looked at every few seconds, and most have nothing new. Only what
    was read outside of a writing transaction is remembered, and nothing is decided by it: a run of which
    something seems due is read anew under the write lock.
    """

    folded: dict[RunId, Seen] = field(default_factory=dict)


def raise_due_alarms(
    database: Database, clock: Clock, ids: Ids, memory: Memory | None = None
) -> tuple[Alarm, ...]:
    """
    Every alarm that is due stands, once, and what has lost its ground is over; the alarms that are new.

    It looks at one run after the other, since on SQLite whoever reads holds up whoever writes; the write
    lock is taken only when something changes, and those runs are looked at again under it.
    """
    now = clock.now()
    called = rollcall_alarms(database, clock, ids)
    memory = memory or Memory()
    with database.reading() as tx:
        around = _around(tx)
        known = _remembered(tx, memory, now)
    memory.folded, changed = {}, []
    for run_id, kept in known.items():
        with database.reading() as tx:
            seen = kept or (log_marks(tx, (run_id,))[run_id], *_folded(tx, run_id))
            if _look(tx, seen[1], seen[2], around, now).changes_something:
                changed.append(run_id)
        memory.folded[run_id] = seen
    if not changed:
        return called
    raised: list[Alarm] = [*called]
    with database.transaction() as tx:
        around = _around(tx)
        for run_id in changed:
            look = _look(tx, *_folded(tx, run_id), around, now)
            for alarm, evidence in look.over:
                alarm_store.resolve(tx, alarm.alarm_id, by=SYSTEM, at=now, evidence=evidence)
            raised += [new for due in look.due if (new := _raise(tx, run_id, due, ids.new(), now))]
    return tuple(raised)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What is the same for every run: when each tablet was heard of, days of shorter clocks, the policy."""

    seen: Mapping[int, datetime | None]
    short_days: frozenset[date]
    policy: SafetyPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What the watch found of a run: alarms that are due and not there yet, and those that are over, why."""

    due: tuple[Due, ...]
    over: tuple[tuple[Alarm, str], ...]

    @property
    def changes_something(self) -> bool:
        return bool(self.due or self.over)


def _around(tx: Transaction) -> _Around:
    return _Around(
        seen={device.dev: device.seen_at for device in device_store.load_devices(tx)},
        short_days=day_store.short_days(tx),
        policy=safety_policy_store.load_policy(tx),
    )


def _remembered(tx: Transaction, memory: Memory, now: datetime) -> Mapping[RunId, Seen | None]:
    """The runs that are under way, near or still owe a report, with what is remembered and still holds."""
    owing = incident_store.runs_owing(tx, round((now - REMEMBERED).timestamp() * 1000))
    near = [
        run.run_id
        for run in run_store.list_runs(tx)
        if (run.phase not in OVER or run.run_id in owing) and run.departs_at <= now + AHEAD
    ]
    marks = log_marks(tx, near)
    # Where riders change buses, what the other run's record says is a part of this one's state.
    moving = other_runs.changing_buses(tx, near)
    known = {run_id: memory.folded.get(run_id) for run_id in near if run_id not in moving}
    return {
        run_id: kept if (kept := known.get(run_id)) is not None and kept[0] == mark else None
        for run_id, mark in marks.items()
    }


def _folded(tx: Transaction, run_id: RunId) -> tuple[RunState, tuple[Event, ...]]:
    """What the records say; whether tablets hold something back is for the gate to ask."""
    events = event_store.load_events(tx, run_id)
    plan = run_store.load_run_plan(tx, run_id)
    others = Holdings(elsewhere=other_runs.elsewhere(tx, plan, events))
    return fold(plan, events, others), events


def _look(
    tx: Transaction, state: RunState, events: tuple[Event, ...], around: _Around, now: datetime
) -> _Look:
    plan = state.plan
    run = Watched(
        state=state,
        events=events,
        heard=heard_from(state, events, around.seen),
        is_shortened=plan.on in around.short_days,
        handed=handed_of(tx, plan),
        policy=around.policy,
    )
    alarms = alarm_store.load_alarms(tx, plan.run_id, include_resolved=True)
    known = {(alarm.kind, alarm.level, alarm.occasion) for alarm in alarms}
    standing = [alarm for alarm in alarms if alarm.state is not AlarmState.RESOLVED]
    incidents = incident_store.load_incidents(tx, plan.run_id)
    waits = any(each.verdict is None for each in paper_store.load_entries(tx, plan.run_id))
    due = (*due_alarms(run, now), *due_tellings(run, incidents, waits=waits, now=now))
    over = (
        (
            alarm,
            ended_by(run, alarm.kind, alarm.occasion, now)
            or told_by(run, incidents, alarm.kind, alarm.occasion, waits=waits, now=now),
        )
        for alarm in standing
    )
    return _Look(
        due=tuple(each for each in due if (each.kind, each.level, each.occasion) not in known),
        over=tuple((alarm, evidence) for alarm, evidence in over if evidence is not None),
    )


def _raise(tx: Transaction, run_id: RunId, due: Due, alarm_id: str, now: datetime) -> Alarm | None:
    alarm = Alarm(
        alarm_id=alarm_id,
        run_id=run_id,
        kind=due.kind,
        level=due.level,
        occasion=due.occasion,
        state=AlarmState.RAISED,
        raised_at=now,
    )
    return alarm if alarm_store.raise_alarm(tx, alarm) else None


def check_due_at(
    state: RunState, events: tuple[Event, ...], now: datetime, policy: SafetyPolicy
) -> datetime | None:
    """Since when the empty bus should be proved, as a tablet that asks just now is told; None before."""
    heard = dict.fromkeys(state.devices, now) or {0: now}
    start = check_start(Watched(state=state, events=events, heard=heard, policy=policy), now)
    return start.since_at if start else None


def acknowledge(database: Database, alarm_id: str, *, by: By, clock: Clock) -> None:
    """Somebody has heard the alarm; the ladder goes on until there is evidence."""
    with database.transaction() as tx:
        alarm_store.acknowledge(tx, alarm_id, by=user_of(by), at=clock.now())
        record_act(tx, by, "alarm_acknowledged", alarm_id, facts={}, clock=clock)


def resolve_alarm(database: Database, alarm_id: str, *, by: By, evidence: str, clock: Clock) -> None:
    """The alarm is over, for what was found; InvalidInput without evidence."""
    if not evidence.strip():
        raise InvalidInput("evidence_needed", alarm_id=alarm_id)
    with database.transaction() as tx:
        alarm_store.resolve(tx, alarm_id, by=user_of(by), at=clock.now(), evidence=evidence)
        record_act(tx, by, "alarm_resolved", alarm_id, facts={"evidence": evidence}, clock=clock)
