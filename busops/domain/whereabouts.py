"""
Where each rider of a run is: the one rule everything hangs on.

A rider is off only when some alighting is *certainly* after every boarding, aboard when
some boarding is certainly after every alighting, and otherwise disputed, which counts as
aboard: like a track circuit, what cannot be known to be free is taken as occupied.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from busops.domain.events import (
    Alighted,
    Boarded,
    Decision,
    MarkedAbsent,
    MovedIn,
    MovedOut,
    Observation,
    Resolved,
    Voided,
    Whereabouts,
)
from busops.domain.roster import NotRidingReason
from busops.domain.timeline import Timeline
from busops.domain.values import EventId, RiderId, RunId

Mark = Boarded | Alighted


class RiderState(StrEnum):
    """What is known of a rider on a run."""

    EXPECTED = "expected"
    ABSENT = "absent"
    ABOARD = "aboard"
    DISPUTED = "disputed"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiderAccount:
    """One rider's state, why he does not ride, and the marks it rests on."""

    rider_id: RiderId
    state: RiderState
    reason: NotRidingReason | None = None
    resolved: Resolved | None = None
    boards: tuple[Boarded, ...] = ()
    alights: tuple[Alighted, ...] = ()
    moves_to: RunId | None = None  # into whose bus he was moved while nothing says that he is in it
    went_to: RunId | None = None  # whose bus has him now

    @property
    def rode(self) -> bool:
        """Whether he was on the bus at any time."""
        if self.resolved is not None and self.resolved.says is Whereabouts.NEVER_ABOARD:
            return False
        return self.was_marked or self.state is RiderState.ABOARD

    @property
    def was_marked(self) -> bool:
        """Whether anybody marked him on or off."""
        return bool(self.boards or self.alights)


def accounts(
    expected: Iterable[RiderId],
    line: Timeline,
    decided: Sequence[Decision],
    others_moves: Iterable[Observation] = (),
) -> Mapping[RiderId, RiderAccount]:
    """
    The account of every expected rider and of everybody else who was marked.

    ``others_moves`` are the standing moves of other runs that name this one.
    """
    moved_in: dict[RiderId, list[MovedIn]] = defaultdict(list)
    for event in others_moves:
        if isinstance(event, MovedIn):
            moved_in[event.rider_id].append(event)
    marks: dict[RiderId, list[Mark]] = defaultdict(list)
    absences: dict[RiderId, list[MarkedAbsent]] = defaultdict(list)
    for event in line.standing():
        if isinstance(event, Boarded | Alighted):
            marks[event.rider_id].append(event)
        elif isinstance(event, MarkedAbsent):
            absences[event.rider_id].append(event)
    resolved = _standing_resolutions(decided, _to_cover(line))
    riders = {*expected, *marks, *absences, *resolved}
    found = {
        rider_id: _account(rider_id, marks[rider_id], absences[rider_id], resolved.get(rider_id), line)
        for rider_id in sorted(riders)
    }
    return {rider_id: _with_moves(account, moved_in[rider_id], line) for rider_id, account in found.items()}


def certain_state(boards: Sequence[Boarded], alights: Sequence[Alighted], line: Timeline) -> RiderState:
    """Off, aboard or disputed, from the marks alone; without a boarding he is off."""
    if not boards or any(all(line.precedes(board, alight) for board in boards) for alight in alights):
        return RiderState.OFF
    if any(all(line.precedes(alight, board) for alight in alights) for board in boards):
        return RiderState.ABOARD
    return RiderState.DISPUTED


def _account(
    rider_id: RiderId,
    marks: Sequence[Mark],
    absences: Sequence[MarkedAbsent],
    resolved: Resolved | None,
    line: Timeline,
) -> RiderAccount:
    boards = tuple(mark for mark in marks if isinstance(mark, Boarded))
    alights = tuple(mark for mark in marks if isinstance(mark, Alighted))
    reason = None
    if resolved is not None:
        state, reason = _resolved_state(resolved), resolved.absence
    elif marks:
        state = certain_state(boards, alights, line)
    elif absences:
        last = max(absences, key=lambda each: (each.at_ms, each.dev, each.seq))
        state, reason = RiderState.ABSENT, last.reason
    else:
        state = RiderState.EXPECTED
    return RiderAccount(
        rider_id=rider_id, state=state, reason=reason, resolved=resolved, boards=boards, alights=alights
    )


def _with_moves(account: RiderAccount, answers: Sequence[MovedIn], line: Timeline) -> RiderAccount:
    """The account with the other run of his last moves out: of one that is not whole, else of a whole one."""
    gone = _moves_out(account, line)
    still_open = [out for out in gone if not _is_whole(out, account, answers, line)]
    if still_open:
        return replace(account, moves_to=still_open[0].other_run_id)
    return replace(account, went_to=gone[-1].other_run_id) if gone else account


def _moves_out(account: RiderAccount, line: Timeline) -> tuple[MovedOut, ...]:
    """The moves out that count: he did not certainly come aboard again, nobody cleared up where he is."""
    if account.resolved is not None:
        return ()
    return tuple(
        out
        for out in account.alights
        if isinstance(out, MovedOut) and not any(line.precedes(out, board) for board in account.boards)
    )


def _is_whole(out: MovedOut, account: RiderAccount, answers: Sequence[MovedIn], line: Timeline) -> bool:
    """Whether he was marked into the bus of the run named, certainly after every boarding here."""
    return any(
        answer.run_id == out.other_run_id
        and all(_came_before(board, answer, line) for board in account.boards)
        for answer in answers
    )


def _came_before(board: Boarded, answer: MovedIn, line: Timeline) -> bool:
    """Whether a boarding here certainly came before a rider was marked into another bus."""
    if board.dev == answer.dev:
        return board.seq < answer.seq
    return line.intervals[board.event_id][1] < answer.lo_ms


def _resolved_state(resolved: Resolved) -> RiderState:
    if resolved.says is Whereabouts.ABOARD:
        return RiderState.ABOARD
    return RiderState.ABSENT if resolved.says is Whereabouts.NEVER_ABOARD else RiderState.OFF


def _to_cover(line: Timeline) -> Mapping[RiderId, set[EventId]]:
    """What a resolution must have seen of each rider: his marks, and whatever takes one of them back."""
    to_cover: dict[RiderId, set[EventId]] = defaultdict(set)
    rider_of: dict[EventId, RiderId] = {}
    for event in line.events:
        if isinstance(event, Boarded | Alighted):
            to_cover[event.rider_id].add(event.event_id)
            rider_of[event.event_id] = event.rider_id
    for event in _voids(line.events):
        for ref in event.refs:
            if ref in rider_of:
                to_cover[rider_of[ref]].add(event.event_id)
    return to_cover


def _voids(events: Iterable[Observation]) -> Iterable[Voided]:
    return (event for event in events if isinstance(event, Voided))


def _standing_resolutions(
    decided: Sequence[Decision], to_cover: Mapping[RiderId, set[EventId]]
) -> Mapping[RiderId, Resolved]:
    """The last word of two different people on each rider, unless something new was marked since."""
    return {
        each.rider_id: each
        for each in decided
        if isinstance(each, Resolved)
        and each.second not in (None, each.by)
        and to_cover.get(each.rider_id, set()) <= each.covers
    }
