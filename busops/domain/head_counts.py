"""
Head counts against marks: whoever counted must have counted those who are marked aboard.

A count that does not fit is an oddity until somebody counts again at the same stop and it
fits, or two people settle it.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from busops.domain.events import Alighted, Boarded, HeadCounted
from busops.domain.findings import Finding, Severity
from busops.domain.timeline import Timeline
from busops.domain.values import StopId
from busops.domain.whereabouts import RiderState, certain_state

if TYPE_CHECKING:
    from busops.domain.values import RiderId


def count_findings(line: Timeline) -> Iterator[Finding]:
    """The counts that do not fit the marks and were not put right by a later one at that stop."""
    counts = [event for event in line.standing() if isinstance(event, HeadCounted)]
    fits = {count.event_id: count_fits(count, line) for count in counts}
    for count in counts:
        is_put_right = any(
            fits[later.event_id] and later.stop_id == count.stop_id and line.precedes(count, later)
            for later in counts
        )
        if not fits[count.event_id] and not is_put_right:
            low, high = aboard_at(count, line)
            marked = str(low) if low == high else f"{low}-{high}"
            facts = {"stop_id": count.stop_id or "–", "counted": count.n, "marked": marked}
            yield Finding(
                code="head_count_differs", severity=Severity.GATE, place=count.event_id, facts=facts
            )


def counts_not_zero(terminal: StopId, line: Timeline) -> tuple[HeadCounted, ...]:
    """The counts at the terminal that found somebody, with no count there certainly after them."""
    counts = [
        event for event in line.standing() if isinstance(event, HeadCounted) and event.stop_id == terminal
    ]
    return tuple(
        count for count in counts if count.n > 0 and not any(line.precedes(count, later) for later in counts)
    )


def count_fits(count: HeadCounted, line: Timeline) -> bool:
    """Whether the number counted can be the number aboard at that moment."""
    low, high = aboard_at(count, line)
    return low <= count.n <= high


def aboard_at(count: HeadCounted, line: Timeline) -> tuple[int, int]:
    """How many were aboard when it was counted: at least and at most, as far as order is certain."""
    marks: dict[RiderId, list[Boarded | Alighted]] = defaultdict(list)
    for event in line.standing():
        if isinstance(event, Boarded | Alighted) and not line.precedes(count, event):
            marks[event.rider_id].append(event)
    low = high = 0
    for each in marks.values():
        certain = [mark for mark in each if line.precedes(mark, count)]
        is_sure = len(certain) == len(each)
        states = {_state(each, line)} if is_sure else {_state(certain, line), _state(each, line)}
        low += states == {RiderState.ABOARD}
        high += RiderState.ABOARD in states or RiderState.DISPUTED in states or not is_sure
    return low, high


def _state(marks: list[Boarded | Alighted], line: Timeline) -> RiderState:
    boards = [mark for mark in marks if isinstance(mark, Boarded)]
    alights = [mark for mark in marks if isinstance(mark, Alighted)]
    return certain_state(boards, alights, line)
