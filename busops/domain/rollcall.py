"""
The class roll-call after a school-bound run: who is asked for, since when, and what is amiss.

It is the third barrier behind the two checks of the bus: a child that the list lets get off at
the campus must be seen by somebody of its class. Answers are facts; nothing here decides whether
a run may be closed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from busops.domain.events import Whereabouts
from busops.domain.roster import NotRidingReason
from busops.domain.run import RunState
from busops.domain.values import RiderId, RunId

ANSWER_WITHIN: Final = timedelta(minutes=30)  # domain §5.5
RUNG: Final = timedelta(minutes=10)  # SOP 27: no answer in ten minutes → the responsible person
EARLIEST: Final = timedelta(minutes=15)  # before the planned arrival nobody can have come
HOT_DAY: Final = 0.5
MISSING: Final = "rollcall_missing"
OVERDUE: Final = "rollcall_overdue"
KINDS: Final = frozenset({MISSING, OVERDUE})
# A child that somebody looked for and did not find is louder than one nobody has answered for.
_LEVELS: Final = {MISSING: (2, 3), OVERDUE: (1, 2, 3)}

# Reasons that somebody gave before: of these children nobody expects to see them.
EXCUSED: Final = frozenset(
    {
        NotRidingReason.LEAVE,
        NotRidingReason.GUARDIAN_PICKUP,
        NotRidingReason.STAYS_AT_SCHOOL,
        NotRidingReason.ILL,
        NotRidingReason.NOT_REGISTERED,
    }
)
# Two people of the office have said where these are.
_ELSEWHERE: Final = frozenset(
    {Whereabouts.TRANSFERRED, Whereabouts.HANDED_TO_MEDICAL, Whereabouts.HANDED_TO_AUTHORITY}
)


class Answer(StrEnum):
    """What somebody of the class says of a child."""

    IN_CLASS = "in_class"
    IN_DORMITORY = "in_dormitory"
    WITH_GUARDIAN = "with_guardian"
    SICKROOM = "sickroom"
    NOT_HERE = "not_here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One answer: of which child, what, when, and the name of who gave it."""

    mark_id: str
    run_id: RunId
    rider_id: RiderId
    answer: Answer
    at: datetime
    by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A child of a run's list as the roll-call sees it; ``mark`` is the last answer."""

    rider_id: RiderId
    came: bool
    absence: NotRidingReason | None
    is_asked: bool
    mark: Mark | None

    @property
    def is_found(self) -> bool:
        """Whether somebody has seen the child or knows where it is."""
        return self.mark is not None and self.mark.answer is not Answer.NOT_HERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An alarm that should stand: of which child, how far up, and since when."""

    kind: str
    level: int
    occasion: str
    since_at: datetime


def children_of(state: RunState, marks: Iterable[Mark]) -> tuple[Child, ...]:
    """Every child of the run's list and everybody who rode, each with the last answer."""
    last: dict[RiderId, Mark] = {}
    for mark in sorted(marks, key=lambda each: (each.at, each.mark_id)):
        last[mark.rider_id] = mark
    rode, absent = state.boarded_ever, state.absent
    riders = sorted(state.expected | rode | frozenset(absent))
    return tuple(_child(state, rider_id, rode, absent, last.get(rider_id)) for rider_id in riders)


def starts_at(state: RunState, now: datetime) -> datetime | None:
    """Since when the class is asked: the first getting off at the last stop, or the arrival there."""
    terminal = state.plan.terminal
    off = [
        alight.at_ms
        for account in state.accounts.values()
        for alight in account.alights
        if alight.stop_id == terminal
    ]
    starts = [*off, *([state.arrived_ms] if state.arrived_ms is not None else [])]
    if not starts:
        return None
    return min(datetime.fromtimestamp(min(starts) / 1000, UTC), now)  # a wild clock delays nothing


def is_open(state: RunState, now: datetime) -> bool:
    """Whether answers make sense yet: the bus has come, or could have."""
    return starts_at(state, now) is not None or now >= state.plan.arrives_at - EARLIEST


def calls(
    children: Iterable[Child], started_at: datetime | None, now: datetime, *, is_hot_day: bool = False
) -> Iterator[Call]:
    """The alarms that should stand at ``now``: who is said to be missing, and who was not answered for."""
    factor = HOT_DAY if is_hot_day else 1
    for child in children:
        if not child.is_asked:
            continue
        if child.mark is not None and not child.is_found:
            yield from _rungs(MISSING, _about(child, child.mark), child.mark.at, now, factor)
        elif child.mark is None and started_at is not None:
            due_at = started_at + ANSWER_WITHIN * factor
            if now >= due_at:
                yield from _rungs(OVERDUE, child.rider_id, due_at, now, factor)


def is_over(kind: str, occasion: str, child: Child | None) -> bool:
    """Whether an alarm of the roll-call has its evidence: the child was found, or is asked for no more."""
    if child is None or not child.is_asked or child.is_found:
        return True
    if kind == OVERDUE:
        return child.mark is not None  # then it is missing, and that rings
    return child.mark is None or occasion != _about(child, child.mark)


def rider_of(occasion: str) -> RiderId:
    """The child that an alarm of the roll-call is about."""
    return RiderId(occasion.partition(":")[0])


def _about(child: Child, mark: Mark) -> str:
    return f"{child.rider_id}:{mark.mark_id}"


def _rungs(kind: str, occasion: str, since_at: datetime, now: datetime, factor: float) -> Iterator[Call]:
    for rung, level in enumerate(_LEVELS[kind]):
        if now >= since_at + rung * RUNG * factor:
            yield Call(kind=kind, level=level, occasion=occasion, since_at=since_at)


def _child(
    state: RunState,
    rider_id: RiderId,
    rode: frozenset[RiderId],
    absent: Mapping[RiderId, NotRidingReason],
    mark: Mark | None,
) -> Child:
    account = state.accounts[rider_id]
    is_elsewhere = account.went_to is not None  # asked for by the list of the run that has him
    if account.resolved is not None:
        is_elsewhere = account.resolved.says in _ELSEWHERE
    came = rider_id in rode and not is_elsewhere
    absence = absent.get(rider_id)
    is_excused = absence is not None and absence in EXCUSED
    return Child(
        rider_id=rider_id,
        came=came,
        absence=absence,
        is_asked=came or not (is_elsewhere or is_excused),
        mark=mark,
    )
