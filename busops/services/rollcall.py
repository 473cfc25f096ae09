"""
The class roll-call of a day: whom each class is asked for, what it answered, and who is called.

It rings on its own clock whether or not the run is closed. Who holds a class's link is not
known here; ``web/rollcall.py`` signs links and this module says which number of them is valid.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from busops.domain import rollcall
from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.people import Actor
from busops.domain.rollcall import Answer, Call, Child, Mark
from busops.domain.roster import Rider, class_of
from busops.domain.run import Phase, RunState, fold
from busops.domain.values import SCHOOL_TIME, Clock, Direction, Ids, RiderId, RunId, school_date
from busops.services.acting import SYSTEM, record_act
from busops.storage import (
    alarm_store,
    day_store,
    event_store,
    held_events,
    register_store,
    rollcall_store,
    run_store,
)
from busops.storage.alarm_store import Alarm, AlarmState
from busops.storage.database import Database, Transaction
from busops.storage.rollcall_store import Source
from busops.storage.run_store import RunSummary

LINK_ENDS: Final = time(12, 0)  # noon of the day after: late buses and evening roll-calls are over by then
MOST_NAME: Final = 40
MOST_MARKS: Final = 20  # answers about one child of one run
TAIL: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A child as its class reads of it: a display name, and the number's tail only where names are equal."""

    run_id: RunId
    no: int
    child: Child
    name: str
    tail: str
    class_name: str

    @property
    def key(self) -> str:
        """What a form calls this child."""
        return f"{self.run_id}|{self.child.rider_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """One school-bound run as its classes see it: planned, come, and until when they should answer."""

    run_id: RunId
    no: int
    arrives_at: datetime
    started_at: datetime | None
    is_open: bool

    @property
    def due_at(self) -> datetime | None:
        """Until when every child should be answered for."""
        return None if self.started_at is None else self.started_at + rollcall.ANSWER_WITHIN


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRoll:
    """A class on a day: its children by run, and which of its links is valid."""

    on: date
    class_name: str
    link_number: int
    runs: tuple[Coming, ...]
    children: tuple[Asked, ...]

    def of(self, run: Coming) -> tuple[Asked, ...]:
        """The children of one run."""
        return tuple(each for each in self.children if each.run_id == run.run_id)

    @property
    def asked(self) -> int:
        """How many children are asked for on runs that have come."""
        return len(self._due())

    @property
    def found(self) -> int:
        """Of these, how many somebody has seen."""
        return sum(each.child.is_found for each in self._due())

    @property
    def missing(self) -> tuple[Asked, ...]:
        """Those who are said not to be there."""
        return tuple(each for each in self._due() if each.child.mark is not None and not each.child.is_found)

    @property
    def waiting(self) -> int:
        """Those nobody has answered for."""
        return self.asked - self.found - len(self.missing)

    def _due(self) -> list[Asked]:
        come = {run.run_id for run in self.runs if run.started_at is not None}
        return [each for each in self.children if each.child.is_asked and each.run_id in come]


def day_rolls(database: Database, on: date, now: datetime) -> tuple[ClassRoll, ...]:
    """The classes that school-bound runs of the day carry children of, by name."""
    with database.reading() as tx:
        numbers = rollcall_store.link_numbers(tx, on)
        riders = {rider.rider_id: rider for rider in register_store.load_riders(tx, include_retired=True)}
        runs, children = _day(tx, on, now, riders)
    names = sorted({each.class_name for each in children})
    return tuple(_class_roll(on, name, numbers.get(name, 0), runs, children) for name in names)


def class_roll(database: Database, on: date, class_name: str, *, link: int, now: datetime) -> ClassRoll:
    """What a class's link shows; Refused when the link is over or another has taken its place."""
    with database.reading() as tx:
        _check_link(tx, on, class_name, link, now)
        riders = {rider.rider_id: rider for rider in register_store.load_riders(tx, include_retired=True)}
        runs, children = _day(tx, on, now, riders)
    return _class_roll(on, class_name, link, runs, children)


def answer(
    database: Database,
    on: date,
    class_name: str,
    *,
    link: int,
    answers: Mapping[str, Answer],
    by_name: str,
    by: Actor | None,
    clock: Clock,
    ids: Ids,
) -> int:
    """
    What somebody of the class says of its children stands, and who must be called is called at once.

    ``answers`` goes by the children's keys. Returns how many were new. Nothing is kept of a child
    of another class, nor before its bus can have come.
    """
    name = by_name.strip()
    if not name or len(name) > MOST_NAME:
        raise InvalidInput("rollcall_name_needed", most=MOST_NAME)
    now = clock.now()
    roll = class_roll(database, on, class_name, link=link, now=now)
    known = {each.key: each for each in roll.children}
    is_open = {run.run_id: run.is_open for run in roll.runs}
    if unknown := sorted(set(answers) - set(known)):
        raise NotFound("rollcall_not_of_class", child=unknown[0][:64])
    if any(not is_open[known[key].run_id] for key in answers):
        raise Refused("rollcall_too_early")
    source = Source(class_name=class_name, link_number=link, by_user=by.user_id if by else "")
    with database.transaction() as tx:
        touched = sorted({known[key].run_id for key in answers})
        run_store.lock_runs(tx, touched)
        _check_link(tx, on, class_name, link, now)
        marks = [
            Mark(
                mark_id=ids.new(),
                run_id=known[key].run_id,
                rider_id=known[key].child.rider_id,
                answer=said,
                at=now,
                by_name=name,
            )
            for key, said in sorted(answers.items())
        ]
        _refuse_too_many(tx, touched, marks)
        rollcall_store.add_marks(tx, marks, source)
        for run_id in touched:
            _settle(tx, run_id, now, ids)
    return len(marks)


def replace_link(database: Database, on: date, class_name: str, *, by: Actor, clock: Clock) -> int:
    """The class's links of that day open nothing any more; the number of the next one."""
    with database.transaction() as tx:
        number = rollcall_store.replace_link(tx, on, class_name, by=by.user_id, at=clock.now())
        facts = {"class_name": class_name, "number": number}
        record_act(tx, by, "rollcall_link_replaced", on.isoformat(), facts=facts, clock=clock)
    return number


def rollcall_alarms(database: Database, clock: Clock, ids: Ids) -> tuple[Alarm, ...]:
    """Every alarm of the roll-call that is due stands, those that were answered are over; the new ones."""
    now = clock.now()
    with database.reading() as tx:
        changed = [
            run.run_id
            for on in (school_date(now - timedelta(days=1)), school_date(now))
            for run in _school_bound(tx, on)
            if any(_due(tx, run.run_id, now))
        ]
    if not changed:
        return ()
    with database.transaction() as tx:
        return tuple(alarm for run_id in changed for alarm in _settle(tx, run_id, now, ids))


def _settle(tx: Transaction, run_id: RunId, now: datetime, ids: Ids) -> tuple[Alarm, ...]:
    due, over = _due(tx, run_id, now)
    for alarm, evidence in over:
        alarm_store.resolve(tx, alarm.alarm_id, by=SYSTEM, at=now, evidence=evidence)
    raised = [
        Alarm(
            alarm_id=ids.new(),
            run_id=run_id,
            kind=call.kind,
            level=call.level,
            occasion=call.occasion,
            state=AlarmState.RAISED,
            raised_at=now,
        )
        for call in due
    ]
    return tuple(alarm for alarm in raised if alarm_store.raise_alarm(tx, alarm))


def _due(
    tx: Transaction, run_id: RunId, now: datetime
) -> tuple[tuple[Call, ...], tuple[tuple[Alarm, str], ...]]:
    """What should ring and does not yet, and what rings although it was answered, with the evidence."""
    state = _state(tx, run_id)
    children = rollcall.children_of(state, rollcall_store.load_marks(tx, run_id))
    is_hot_day = state.plan.on in day_store.short_days(tx)
    called = tuple(rollcall.calls(children, rollcall.starts_at(state, now), now, is_hot_day=is_hot_day))
    alarms = alarm_store.load_alarms(tx, run_id, include_resolved=True)
    known = {(alarm.kind, alarm.level, alarm.occasion) for alarm in alarms}
    by_rider = {child.rider_id: child for child in children}
    ringing = [
        (alarm, by_rider.get(rollcall.rider_of(alarm.occasion)))
        for alarm in alarms
        if alarm.kind in rollcall.KINDS and alarm.state is not AlarmState.RESOLVED
    ]
    over = tuple(
        (alarm, _evidence(child))
        for alarm, child in ringing
        if rollcall.is_over(alarm.kind, alarm.occasion, child)
    )
    return tuple(call for call in called if (call.kind, call.level, call.occasion) not in known), over


def _evidence(child: Child | None) -> str:
    if child is None or not child.is_asked:
        return "rollcall_not_asked"
    return f"rollcall_{child.mark.answer.value}" if child.mark is not None else "rollcall_not_asked"


def _day(
    tx: Transaction, on: date, now: datetime, riders: Mapping[RiderId, Rider]
) -> tuple[tuple[Coming, ...], tuple[Asked, ...]]:
    runs, asked = [], []
    for summary in _school_bound(tx, on):
        state = _state(tx, summary.run_id)
        runs.append(
            Coming(
                run_id=summary.run_id,
                no=summary.trip_no,
                arrives_at=state.plan.arrives_at,
                started_at=rollcall.starts_at(state, now),
                is_open=rollcall.is_open(state, now),
            )
        )
        children = rollcall.children_of(state, rollcall_store.load_marks(tx, summary.run_id))
        asked += [_asked(summary, child, riders.get(child.rider_id)) for child in children]
    return tuple(runs), tuple(asked)


def _asked(summary: RunSummary, child: Child, rider: Rider | None) -> Asked:
    return Asked(
        run_id=summary.run_id,
        no=summary.trip_no,
        child=child,
        name=rider.name if rider else child.rider_id,
        tail=child.rider_id[-TAIL:],
        class_name=class_of(rider) if rider else "",
    )


def _class_roll(
    on: date, class_name: str, number: int, runs: Iterable[Coming], children: Iterable[Asked]
) -> ClassRoll:
    own = sorted(
        (each for each in children if each.class_name == class_name),
        key=lambda each: (each.name, each.child.rider_id),
    )
    carrying = {each.run_id for each in own}
    return ClassRoll(
        on=on,
        class_name=class_name,
        link_number=number,
        runs=tuple(run for run in runs if run.run_id in carrying),
        children=tuple(own),
    )


def _check_link(tx: Transaction, on: date, class_name: str, link: int, now: datetime) -> None:
    ends_at = datetime.combine(on + timedelta(days=1), LINK_ENDS, SCHOOL_TIME)
    if now >= ends_at or rollcall_store.link_numbers(tx, on).get(class_name, 0) != link:
        raise Refused("rollcall_link_over")


def _refuse_too_many(tx: Transaction, run_ids: Iterable[RunId], marks: Iterable[Mark]) -> None:
    before = [mark for run_id in run_ids for mark in rollcall_store.load_marks(tx, run_id)]
    kept = [(mark.run_id, mark.rider_id) for mark in before]
    if any(kept.count((mark.run_id, mark.rider_id)) >= MOST_MARKS for mark in marks):
        raise Refused("rollcall_too_many", most=MOST_MARKS)


def _school_bound(tx: Transaction, on: date) -> tuple[RunSummary, ...]:
    return tuple(
        run
        for run in run_store.list_runs(tx, on)
        if run.direction is Direction.RETURN and run.phase is not Phase.CANCELLED
    )


def _state(tx: Transaction, run_id: RunId) -> RunState:
    plan = run_store.load_run_plan(tx, run_id)
    events = event_store.load_events(tx, run_id)
    return fold(plan, events, held_events.holdings(tx, plan, events))
