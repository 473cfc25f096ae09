"""
The watch: alarms by the server's clock when a bus is not proved empty, is silent or stays open.

A dead tablet therefore alarms too. Each level is raised once; an acknowledgement says that
somebody has heard it and does not hold up the next level: only evidence does.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from busops.domain.errors import InvalidInput
from busops.domain.events import Alighted, Event, Observation, Reopened
from busops.domain.run import Phase, RunState, fold
from busops.domain.values import Clock, Ids, RunId
from busops.services.acting import SYSTEM, By, record_act, user_of
from busops.services.rollcall import rollcall_alarms
from busops.storage import alarm_store, device_store, event_store, held_events, run_store
from busops.storage.alarm_store import Alarm, AlarmState
from busops.storage.database import Database, Transaction

# How long after the bus should be checked each level is called (domain §5.5): 0 the crew, 1 the
# dispatcher, 2 a call and a walk to the bus, 3 the responsible, 4 the supervisor, 5 everybody.
LADDER: Final = tuple(timedelta(minutes=minutes) for minutes in (0, 3, 5, 10, 15, 30))
DEAD_MAN: Final = timedelta(minutes=20)
SILENCE: Final = ((timedelta(minutes=3), 1), (timedelta(minutes=10), 2), (timedelta(minutes=20), 3))
UNCLOSED: Final = timedelta(minutes=60)
HOT_DAY: Final = 0.5
SILENT: Final = "device_silent"

_OVER: Final = (Phase.CLOSED, Phase.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An alarm that should stand by now."""

    kind: str
    level: int
    occasion: str
    since_at: datetime


def raise_due_alarms(
    database: Database, clock: Clock, ids: Ids, *, is_hot_day: bool = False
) -> tuple[Alarm, ...]:
    """
    Every alarm that is due stands, once, and a silence that was broken is over; the alarms that are new.

    It looks without holding up the tablets, and takes the write lock only when something changes;
    those runs are looked at again under it.
    """
    now = clock.now()
    called = rollcall_alarms(database, clock, ids, is_hot_day=is_hot_day)
    with database.reading() as tx:
        seen = {device.dev: device.seen_at for device in device_store.load_devices(tx)}
        changed = [
            run.run_id
            for run in run_store.list_runs(tx)
            if run.phase not in _OVER and run.departs_at <= now + timedelta(hours=12)
            if _look(tx, run.run_id, seen, now, is_hot_day=is_hot_day).changes_something
        ]
    if not changed:
        return called
    raised: list[Alarm] = [*called]
    with database.transaction() as tx:
        for run_id in changed:
            look = _look(tx, run_id, seen, now, is_hot_day=is_hot_day)
            for alarm in look.broken:
                alarm_store.resolve(tx, alarm.alarm_id, by=SYSTEM, at=now, evidence="heard_again")
            raised += [new for due in look.due if (new := _raise(tx, run_id, due, ids.new(), now))]
    return tuple(raised)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What the watch found of a run: alarms that are due and not there yet, and silences that were broken."""

    due: tuple[Due, ...]
    broken: tuple[Alarm, ...]

    @property
    def changes_something(self) -> bool:
        return bool(self.due or self.broken)


def _look(
    tx: Transaction, run_id: RunId, seen: Mapping[int, datetime | None], now: datetime, *, is_hot_day: bool
) -> _Look:
    state, events = _load(tx, run_id)
    heard_at = _heard_at(events, seen)
    alarms = alarm_store.load_alarms(tx, run_id, include_resolved=True)
    known = {(alarm.kind, alarm.level, alarm.occasion) for alarm in alarms}
    due = due_alarms(state, events, now, is_hot_day=is_hot_day, heard_at=heard_at)
    fresh = tuple(each for each in due if (each.kind, each.level, each.occasion) not in known)
    return _Look(
        due=fresh,
        broken=tuple(
            alarm
            for alarm in alarms
            if alarm.kind == SILENT and alarm.state is not AlarmState.RESOLVED
            if heard_at is not None and not alarm.occasion.endswith(_instant(heard_at))
        ),
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


def _heard_at(events: Iterable[Event], seen: Mapping[int, datetime | None]) -> datetime | None:
    """When any tablet that records this run was last heard of, with news or without."""
    facts = [event for event in events if isinstance(event, Observation)]
    moments = [_moment(fact.received_ms) for fact in facts if fact.received_ms]
    moments += [moment for dev in {fact.dev for fact in facts} if (moment := seen.get(dev))]
    return max(moments, default=None)


def _instant(moment: datetime) -> str:
    return f":{int(moment.timestamp())}"


def due_alarms(
    state: RunState,
    events: tuple[Event, ...],
    now: datetime,
    *,
    is_hot_day: bool = False,
    heard_at: datetime | None = None,
) -> Iterator[Due]:
    """
    The alarms that should stand at ``now``, from nothing but the run's state and the time.

    ``heard_at`` is when a tablet of the run was last heard of; by default its last event.
    """
    if state.phase in _OVER:
        return
    factor = HOT_DAY if is_hot_day else 1
    facts = tuple(event for event in events if isinstance(event, Observation))
    reopenings = [_moment(event.made_ms) for event in events if isinstance(event, Reopened)]
    occasion = f"v{len(reopenings)}"
    since_at = check_due_at(state, facts, now)
    if since_at is not None:  # a reopened run has its own ladder, from the reopening
        since_at = max((since_at, *reopenings))
    if since_at is not None and not state.checks.is_complete:
        for level, after in enumerate(LADDER):
            # Level 0 is the tablets' own prompt; the server calls it only when no tablet can have shown it.
            if now >= since_at + after * factor and (level > 0 or state.arrived_ms is None):
                yield Due(kind="check_overdue", level=level, occasion=occasion, since_at=since_at)
    if now >= state.plan.arrives_at + UNCLOSED:
        yield Due(kind="run_unclosed", level=2, occasion=occasion, since_at=state.plan.arrives_at)
    heard_at = heard_at or _heard_at(events, {})
    if heard_at is not None and state.aboard:
        for after, level in SILENCE:
            if now >= heard_at + after:
                yield Due(
                    kind=SILENT,
                    level=level,
                    occasion=f"{occasion}{_instant(heard_at)}",
                    since_at=heard_at,
                )


def check_due_at(state: RunState, facts: tuple[Observation, ...], now: datetime) -> datetime | None:
    """
    Since when the empty bus should be proved: the start of the ladder, or None before it.

    The last alighting at the terminal, else the arrival there; whatever the tablets say or do
    not say, twenty minutes after the planned arrival at the latest.
    """
    plan = state.plan
    off = [fact.at_ms for fact in facts if isinstance(fact, Alighted) and fact.stop_id == plan.terminal]
    starts = [_moment(max(off))] if off and state.arrived_ms is not None else []
    if state.arrived_ms is not None and not starts:
        starts = [_moment(state.arrived_ms)]
    starts = [min(moment, now) for moment in starts]
    dead_man_at = plan.arrives_at + DEAD_MAN
    if now >= dead_man_at:
        starts.append(dead_man_at)
    return min(starts, default=None)


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


def _load(tx: Transaction, run_id: RunId) -> tuple[RunState, tuple[Event, ...]]:
    plan = run_store.load_run_plan(tx, run_id)
    events = event_store.load_events(tx, run_id)
    return fold(plan, events, held_events.holdings(tx, run_id)), events


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
