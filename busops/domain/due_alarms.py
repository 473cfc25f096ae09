"""
Which alarms should stand at a moment: a pure rule over a run's log, the tablets' news and the time.

The ladder starts from what the crew recorded. Where nothing is heard at all the dead man's clock
starts it, and an hour after the planned arrival it starts whatever the tablets say. A bus that is
late while its tablets speak is late, not unchecked. What ends an alarm is said here too.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from busops.domain import checks
from busops.domain.events import (
    Alighted,
    Arrived,
    Decision,
    Departed,
    Event,
    MovedOut,
    Observation,
    Parked,
    Reopened,
)
from busops.domain.handover import waiting
from busops.domain.office_gates import day_over_at
from busops.domain.run import Phase, RunState
from busops.domain.run_plan import RunPlan
from busops.domain.safety_policy import DEFAULT, SafetyPolicy
from busops.domain.timeline import decisions, timeline
from busops.domain.values import RiderId, StopId

LATE: Final = ((timedelta(minutes=10), 1), (timedelta(minutes=20), 2), (timedelta(minutes=40), 3))
OVER: Final = (Phase.CLOSED, Phase.CANCELLED)

CHECK_OVERDUE: Final = "check_overdue"
RUN_UNCLOSED: Final = "run_unclosed"
RUN_LATE: Final = "run_late"
DEVICE_SILENT: Final = "device_silent"
NO_SHOW_OPEN: Final = "no_show"
HANDOVER_WAIT: Final = "handover_wait"
TRANSFER_OPEN: Final = "transfer_open"
KINDS: Final = (
    CHECK_OVERDUE, RUN_UNCLOSED, RUN_LATE, DEVICE_SILENT, NO_SHOW_OPEN, HANDOVER_WAIT, TRANSFER_OPEN,
)  # fmt: skip
# What is told when the last reason for an alarm of the kind is gone.
_OVER_WHEN_GONE: Final = {
    DEVICE_SILENT: "heard_again",
    NO_SHOW_OPEN: "riders_accounted",
    HANDOVER_WAIT: "handed_over",
    TRANSFER_OPEN: "riders_accounted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An alarm that should stand by now."""

    kind: str
    level: int
    occasion: str
    since_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Since when the empty bus should be proved, and the occasion that its ladder is named by."""

    since_at: datetime
    occasion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """
    A run as the watch sees it: its state, its log, when each tablet was last heard of, the day.

    ``handed`` are the riders who must be given into somebody's hands.
    """

    state: RunState
    events: tuple[Event, ...]
    heard: Mapping[int, datetime] = field(default_factory=dict)
    is_shortened: bool = False
    handed: frozenset[RiderId] = frozenset()
    policy: SafetyPolicy = DEFAULT

    @property
    def facts(self) -> tuple[Observation, ...]:
        """What the crew recorded."""
        return tuple(event for event in self.events if isinstance(event, Observation))

    @property
    def heard_at(self) -> datetime | None:
        """When any tablet of the run was last heard of."""
        return max(self.heard.values(), default=None)

    @property
    def turn(self) -> str:
        """Which opening of the run it is: each has its own alarms."""
        return f"v{len(self.reopenings)}"

    @property
    def reopenings(self) -> tuple[datetime, ...]:
        """When it was opened again."""
        return tuple(moment_of(event.made_ms) for event in self.events if isinstance(event, Reopened))

    def clock(self, whole: timedelta) -> timedelta:
        """A clock that watches over somebody in a bus, as long as it is on this day."""
        return whole * self.policy.short_pct / 100 if self.is_shortened else whole

    @property
    def dead_man(self) -> timedelta:
        """How long nothing may be heard, from the planned arrival or the last news."""
        return self.clock(timedelta(minutes=self.policy.dead_man_min))


def heard_from(
    state: RunState, events: tuple[Event, ...], seen: Mapping[int, datetime | None]
) -> dict[int, datetime]:
    """When each tablet of the run was last heard of, with news or without; only those that were."""
    heard: dict[int, datetime] = {}
    for event in events:
        if isinstance(event, Observation) and event.received_ms:
            heard[event.dev] = max(moment_of(event.received_ms), heard.get(event.dev, _LONG_AGO))
    for dev in state.devices:
        if (moment := seen.get(dev)) is not None:
            heard[dev] = max(moment, heard.get(dev, _LONG_AGO))
    return heard


def due_alarms(run: Watched, now: datetime) -> Iterator[Due]:
    """The alarms that should stand at ``now``; of a run that is over, for who was given to nobody."""
    yield from hand_overs_due(run, now)
    if run.state.phase in OVER:
        return
    start = check_start(run, now)
    if start is not None and not run.state.checks.is_complete:
        for level, after in enumerate(run.policy.ladder):
            # Level 0 is the tablets' own prompt; the server calls it only when no tablet can have shown it.
            if now >= start.since_at + run.clock(after) and (level > 0 or run.state.arrived_ms is None):
                yield Due(kind=CHECK_OVERDUE, level=level, occasion=start.occasion, since_at=start.since_at)
    arrives_at = run.state.plan.arrives_at
    unclosed = timedelta(minutes=run.policy.unclosed_min)
    at_midnight = max(day_over_at(run.state.plan.on) - arrives_at, unclosed)
    yield from _climbed(RUN_UNCLOSED, ((unclosed, 2), (at_midnight, 3)), run.turn, arrives_at, now)
    if start is None and run.state.arrived_ms is None and _is_heard(run, now):
        yield from _climbed(RUN_LATE, LATE, run.turn, arrives_at, now)
    if run.state.aboard:
        for dev, heard_at in _listening(run):
            steps = tuple((run.clock(after), level) for after, level in run.policy.silence)
            yield from _climbed(DEVICE_SILENT, steps, _silence(run, dev, heard_at), heard_at, now)
    yield from _about_riders(run, now)


def hand_overs_due(run: Watched, now: datetime) -> Iterator[Due]:
    """
    Everybody who got off, must be given into somebody's hands, and was not: three minutes after it.

    At once where nobody is there, and once the run is closed: nobody of his bus waits with him any more.
    """
    wait = run.clock(timedelta(minutes=run.policy.handover_min))
    for off, is_nobody_there in _waiting(run):
        after = timedelta(0) if is_nobody_there or run.state.phase is Phase.CLOSED else wait
        yield from _climbed(HANDOVER_WAIT, ((after, 1),), off.event_id, _happened_at(off), now)


def ended_by(run: Watched, kind: str, occasion: str, now: datetime) -> str | None:
    """
    The evidence that an alarm which was raised is over, or None while it stands.

    A ladder that starts from what the crew recorded is ended by the checks alone, and what ends
    with the run is not said here either.
    """
    if kind == CHECK_OVERDUE and _GUESSED.search(occasion):
        start = check_start(run, now)
        if start is None or start.occasion != occasion:
            return "heard_again" if run.state.arrived_ms is None else "arrived"
    if kind == RUN_LATE and run.state.arrived_ms is not None:
        return "arrived"
    if kind in _OVER_WHEN_GONE and occasion not in _occasions(run, kind):
        return _OVER_WHEN_GONE[kind]
    return None


def _occasions(run: Watched, kind: str) -> set[str]:
    """What an alarm of this kind may still stand for."""
    if kind == DEVICE_SILENT:
        return {_silence(run, *each) for each in _listening(run)}
    if kind == NO_SHOW_OPEN:
        return {f"{run.turn}:{stop_id}" for stop_id, _ in _no_shows(run)}
    if kind == HANDOVER_WAIT:
        return {off.event_id for off, _ in _waiting(run)}
    return {_move(run, out) for out in _between_buses(run)}


def check_start(run: Watched, now: datetime) -> Start | None:
    """
    The start of the ladder, or None before it.

    The last alighting at the terminal, else the arrival there. Before an arrival: twenty minutes
    without news from the planned arrival on, an hour after it with or without. A run that was
    opened again, and a proof that a later movement made void, have a ladder of their own.
    """
    found = _recorded_start(run) or _guessed_start(run, now)
    if found is None:
        return None
    voider = None if run.state.checks.is_complete else _voiding_movement(run)
    if voider is not None:
        found = Start(
            since_at=max(found.since_at, _happened_at(voider)), occasion=f"{run.turn}:{voider.event_id}"
        )
    return replace(found, since_at=max((found.since_at, *run.reopenings)))


def moment_of(ms: int) -> datetime:
    """The moment of so many milliseconds."""
    return datetime.fromtimestamp(ms / 1000, UTC)


_LONG_AGO: Final = moment_of(0)
_GUESSED: Final = re.compile(":(silent|late)")  # ladders that nothing recorded has started


def _recorded_start(run: Watched) -> Start | None:
    terminal = run.state.plan.terminal
    arrivals = [fact for fact in run.facts if isinstance(fact, Arrived) and fact.stop_id == terminal]
    off = [fact for fact in run.facts if isinstance(fact, Alighted) and fact.stop_id == terminal]
    moved = [fact for fact in run.facts if isinstance(fact, MovedOut)]
    ends = (off or arrivals) if arrivals else moved
    if run.state.arrived_ms is None or not ends:
        return None
    return Start(since_at=max(_happened_at(fact) for fact in ends), occasion=run.turn)


def _guessed_start(run: Watched, now: datetime) -> Start | None:
    """The dead man's start, or the ceiling's; whichever came first and has come."""
    heard_at, arrives_at = run.heard_at, run.state.plan.arrives_at
    silence = f"{run.turn}:silent{_instant(heard_at) if heard_at else ''}"
    starts = (
        Start(since_at=arrives_at + timedelta(minutes=run.policy.ceiling_min), occasion=f"{run.turn}:late"),
        Start(since_at=max(arrives_at, heard_at or arrives_at) + run.dead_man, occasion=silence),
    )
    return min(
        (each for each in starts if each.since_at <= now), key=lambda each: each.since_at, default=None
    )


def _is_heard(run: Watched, now: datetime) -> bool:
    return run.heard_at is not None and now < run.heard_at + run.dead_man


def _happened_at(fact: Observation) -> datetime:
    """When it happened, never later than the server had it: a clock that is ahead holds up no alarm."""
    return moment_of(min(fact.at_ms, fact.received_ms) if fact.received_ms else fact.at_ms)


def _voiding_movement(run: Watched) -> Observation | None:
    """
    The movement that made the last complete proof void, or None when none was ever complete.

    Told by what the server had at each receipt: the proof it had then ended the ladder, so the
    movement that came next starts another.
    """
    facts = run.facts
    if not any(isinstance(fact, Parked) for fact in facts):
        return None
    decided = decisions(run.events)
    receipts = sorted({fact.received_ms or 0 for fact in facts})
    for had_ms, then_ms in reversed(tuple(pairwise(receipts))):
        had = tuple(fact for fact in facts if (fact.received_ms or 0) <= had_ms)
        came = tuple(fact for fact in facts if (fact.received_ms or 0) == then_ms)
        moved = checks.movements(timeline(came))
        if moved and _was_proved(run, had, tuple(each for each in decided if each.made_ms <= then_ms)):
            return min(moved, key=lambda fact: (fact.at_ms, fact.dev, fact.seq))
    return None


def _was_proved(run: Watched, had: tuple[Observation, ...], decided: tuple[Decision, ...]) -> bool:
    return checks.check_state(run.state.plan, timeline(had), decided).is_complete


def _listening(run: Watched) -> Iterator[tuple[int, datetime]]:
    """Every tablet that still has something to say, and when it was last heard of."""
    for dev, heard_at in sorted(run.heard.items()):
        device = run.state.devices.get(dev)
        if device is not None and not device.is_sealed and not device.is_released:
            yield dev, heard_at


def _silence(run: Watched, dev: int, heard_at: datetime) -> str:
    return f"{run.turn}:{dev}{_instant(heard_at)}"


def _no_shows(run: Watched) -> Iterator[tuple[StopId, datetime]]:
    """Where riders are awaited of whom nobody decided, and since when the bus waits or has left."""
    state, plan = run.state, run.state.plan
    if not any(account.was_marked or account.reason for account in state.accounts.values()):
        return
    left = {fact.stop_id: _happened_at(fact) for fact in reversed(run.facts) if isinstance(fact, Departed)}
    gone_to = max((_place(plan, stop_id) for stop_id in left), default=-1)
    for place, stop in enumerate(plan.stops[:-1]):
        awaited = [each for each in state.not_yet if plan.boards_at(plan.riders[each]) == stop.stop_id]
        if awaited and place <= max(gone_to, 0):
            yield stop.stop_id, max(stop.leaves_at, left.get(stop.stop_id, _LONG_AGO))


def _about_riders(run: Watched, now: datetime) -> Iterator[Due]:
    """Who did not come where the bus waits, and who is between two buses."""
    no_show = timedelta(minutes=run.policy.no_show_min)
    for stop_id, since_at in _no_shows(run):
        yield from _climbed(NO_SHOW_OPEN, ((no_show, 1),), f"{run.turn}:{stop_id}", since_at, now)
    for out in _between_buses(run):
        steps = tuple((run.clock(after), level) for after, level in run.policy.between)
        yield from _climbed(TRANSFER_OPEN, steps, _move(run, out), _happened_at(out), now)


def _waiting(run: Watched) -> Iterator[tuple[Alighted, bool]]:
    return waiting(run.state.plan.direction, run.state.accounts, run.facts, run.handed)


def _between_buses(run: Watched) -> Iterator[MovedOut]:
    """The last move of everybody who left for another bus that has not marked him in."""
    for rider_id in run.state.moving:
        outs = [fact for fact in run.facts if isinstance(fact, MovedOut) and fact.rider_id == rider_id]
        yield max(outs, key=_happened_at)


def _move(run: Watched, out: MovedOut) -> str:
    """Who went over, and when: whoever does so twice is called for twice."""
    return f"{run.turn}:{out.rider_id}:{out.event_id}"


def _place(plan: RunPlan, stop_id: StopId | None) -> int:
    return plan.stop_ids.index(stop_id) if stop_id in plan.stop_ids else -1


def _climbed(
    kind: str, steps: tuple[tuple[timedelta, int], ...], occasion: str, since_at: datetime, now: datetime
) -> Iterator[Due]:
    for after, level in steps:
        if now >= since_at + after:
            yield Due(kind=kind, level=level, occasion=occasion, since_at=since_at)


def _instant(moment: datetime) -> str:
    return f":{int(moment.timestamp())}"
