"""
The watch: alarms by the server's clock when a bus is not proved empty, is silent, late or stays open.

A dead tablet therefore alarms too. Each level is raised once; an acknowledgement says that
somebody has heard it and does not hold up the next level: only evidence does. Which alarms are
due is ``domain/due_alarms.py``'s and ``due_tellings.py``'s to say; here they are raised and ended.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from busops.domain.due_alarms import OVER, Due, Watched, check_start, due_alarms, ended_by, heard_from
from busops.domain.due_tellings import REMEMBERED, due_tellings, told_by
from busops.domain.errors import InvalidInput
from busops.domain.events import Event
from busops.domain.incidents import Incident
from busops.domain.roster import HandoverMode
from busops.domain.run import Holdings, RunState, fold
from busops.domain.safety_policy import SafetyPolicy
from busops.domain.values import Clock, Ids, RiderId, RunId
from busops.services.acting import SYSTEM, By, record_act, user_of
from busops.services.hand_over_calls import handed_among
from busops.services.rollcall import rollcall_alarms
from busops.storage import (
    alarm_store,
    day_store,
    device_store,
    handover_store,
    incident_store,
    other_runs,
    paper_store,
    register_store,
    run_order_store,
    safety_policy_store,
)
from busops.storage.alarm_store import Alarm, AlarmState
from busops.storage.database import Database, Transaction
from busops.storage.log_marks import Mark, log_marks
from busops.storage.run_records import Recall, RunMemory, RunRecord

AHEAD: Final = timedelta(hours=12)
AT_ONCE: Final = 16  # runs that are read in one transaction: on SQLite whoever reads holds up whoever writes


@dataclass(slots=True, kw_only=True)
class Memory:
    """
    What the watch made of each run's record at its last look, as long as nothing is added to it.

    Hundreds of buses on their way are looked at every few seconds, and most have nothing new. Only what
    was read outside of a writing transaction is remembered, and nothing is decided by it: a run of which
    something seems due is read anew under the write lock.
    """

    folded: dict[RunId, tuple[RunRecord, RunState]] = field(default_factory=dict)
    records: RunMemory = field(default_factory=RunMemory)


def raise_due_alarms(
    database: Database, clock: Clock, ids: Ids, memory: Memory | None = None
) -> tuple[Alarm, ...]:
    """
    Every alarm that is due stands, once, and what has lost its ground is over; the alarms that are new.

    It looks at a few runs at a time; the write lock is taken only when something changes, and those runs
    are looked at again under it.
    """
    now = clock.now()
    called = rollcall_alarms(database, clock, ids)
    memory = memory or Memory()
    with database.reading() as tx:
        around = _around(tx)
        marks = log_marks(tx, _near(tx, now))
        # Where riders change buses, what the other run's record says is a part of this one's state.
        moving = other_runs.changing_buses(tx, marks)
    memory.folded = {
        run_id: kept
        for run_id, kept in memory.folded.items()
        if run_id not in moving and run_id in marks and kept[0].mark == marks[run_id]
    }
    changed: list[RunId] = []
    for part in _parts(tuple(marks)):
        _fold_anew(database, [each for each in part if each not in memory.folded], memory)
        with database.reading() as tx:
            beside = _beside(tx, {run_id: marks[run_id] for run_id in part})
        seen = {run_id: memory.folded[run_id] for run_id in part}
        changed += [each for each in part if _look(*seen[each], beside[each], around, now).changes_something]
    if not changed:
        return called
    raised: list[Alarm] = [*called]
    with database.transaction() as tx:
        around = _around(tx)
        marks = log_marks(tx, changed)
        beside = _beside(tx, marks)
        for run_id in changed:
            record = Recall(memory.records).record(tx, run_id, marks[run_id])
            look = _look(record, fold(record.plan, *_folded_by(tx, record)), beside[run_id], around, now)
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
    handed: frozenset[RiderId]  # the riders whose guardians are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    """What stands beside a run's record: its alarms, incidents, sheets that wait, riders with a code."""

    alarms: tuple[Alarm, ...] = ()
    incidents: tuple[Incident, ...] = ()
    waits: bool = False
    coded: frozenset[RiderId] = frozenset()


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
        handed=register_store.rider_ids_handed(tx, HandoverMode.LISTED),
    )


def _parts(run_ids: Sequence[RunId]) -> Iterator[Sequence[RunId]]:
    return (run_ids[start : start + AT_ONCE] for start in range(0, len(run_ids), AT_ONCE))


def _near(tx: Transaction, now: datetime) -> tuple[RunId, ...]:
    """The runs that are under way, near or still owe a report, by departure."""
    owing = incident_store.runs_owing(tx, round((now - REMEMBERED).timestamp() * 1000))
    return run_order_store.runs_before(tx, now + AHEAD, but_in=OVER, unless=owing)


def _fold_anew(database: Database, run_ids: Collection[RunId], memory: Memory) -> None:
    """What the records of these runs say now is remembered; the folding itself holds up nobody."""
    if not run_ids:
        return
    recall = Recall(memory.records)
    with database.reading() as tx:
        marks = log_marks(tx, run_ids)
        read = [recall.record(tx, run_id, marks[run_id]) for run_id in run_ids]
        folded_by = [_folded_by(tx, record) for record in read]
    recall.keep()
    for record, (events, others) in zip(read, folded_by, strict=True):
        memory.folded[record.run_id] = (record, fold(record.plan, events, others))


def _folded_by(tx: Transaction, record: RunRecord) -> tuple[tuple[Event, ...], Holdings]:
    """What the records say; whether tablets hold something back is for the gate to ask."""
    events = record.events
    return events, Holdings(elsewhere=other_runs.elsewhere(tx, record.plan, events))


def _beside(tx: Transaction, marks: Mapping[RunId, Mark]) -> Mapping[RunId, _Beside]:
    """What stands beside these runs; asked for only where their marks say that there is something."""
    alarms = alarm_store.alarms_of(tx, [run_id for run_id, mark in marks.items() if mark.alarms])
    incidents = incident_store.incidents_of(tx, [run_id for run_id, mark in marks.items() if mark.incidents])
    return {
        run_id: _Beside(
            alarms=alarms.get(run_id, ()),
            incidents=incidents.get(run_id, ()),
            waits=bool(mark.papers and paper_store.waiting_devices(tx, run_id)),
            coded=(
                frozenset(code.rider_id for code in handover_store.load_codes(tx, run_id))
                if mark.codes
                else frozenset()
            ),
        )
        for run_id, mark in marks.items()
    }


def _look(record: RunRecord, state: RunState, beside: _Beside, around: _Around, now: datetime) -> _Look:
    plan, events = record.plan, record.events
    run = Watched(
        state=state,
        events=events,
        heard=heard_from(state, events, around.seen),
        is_shortened=plan.on in around.short_days,
        handed=handed_among(plan, around.handed | beside.coded),
        policy=around.policy,
    )
    known = {(alarm.kind, alarm.level, alarm.occasion) for alarm in beside.alarms}
    standing = [alarm for alarm in beside.alarms if alarm.state is not AlarmState.RESOLVED]
    due = (*due_alarms(run, now), *due_tellings(run, beside.incidents, waits=beside.waits, now=now))
    over = (
        (
            alarm,
            ended_by(run, alarm.kind, alarm.occasion, now)
            or told_by(run, beside.incidents, alarm.kind, alarm.occasion, waits=beside.waits, now=now),
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
