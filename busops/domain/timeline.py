"""
Order without a common clock: what certainly came before what on a run.

Two events of one device are ordered by its sequence. Two devices are ordered only when
their intervals of possible time do not touch; else the order is unknown, and whoever asks
must take the safe side. Arrival order and copies never matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from busops.domain.device_time import CLOCK_UNKNOWN_MS
from busops.domain.events import (
    Alighted,
    Boarded,
    Decision,
    Event,
    HeadCounted,
    MarkedAbsent,
    Observation,
    Sealed,
    Voided,
)
from busops.domain.values import EventId

UNDO_MS: Final = 120_000  # its author may take a tap back for so long (domain §5.7 rule 6)
JUMP_MS: Final = 120_000  # a wall clock that moves this far within one boot was set by hand

_UNDOABLE: Final = (Boarded, Alighted, MarkedAbsent, HeadCounted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The observations of a run, each once, with their intervals and what was taken back."""

    events: tuple[Observation, ...]
    intervals: Mapping[EventId, tuple[int, int]]
    voided: frozenset[EventId]
    jumped: frozenset[tuple[int, str]]
    _standing: tuple[Observation, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        standing = tuple(event for event in self.events if event.event_id not in self.voided)
        object.__setattr__(self, "_standing", standing)

    def precedes(self, first: Observation, then: Observation) -> bool:
        """Whether ``first`` certainly happened before ``then``; False also means unknown."""
        if first.dev == then.dev:
            return first.seq < then.seq
        return self.intervals[first.event_id][1] < self.intervals[then.event_id][0]

    def standing(self) -> tuple[Observation, ...]:
        """The observations that were not taken back."""
        return self._standing

    def in_likely_order(self) -> tuple[Observation, ...]:
        """The observations by their best guess of time: for reading, never for deciding."""
        return tuple(sorted(self.events, key=lambda event: (event.at_ms, event.dev, event.seq)))


def timeline(events: Iterable[Event]) -> Timeline:
    """The order of a set of events; equal sets give equal timelines."""
    unique = observations(events)
    jumped = _jumped_boots(unique)
    return Timeline(
        events=unique,
        intervals={event.event_id: _interval(event, jumped) for event in unique},
        voided=_voided(unique),
        jumped=jumped,
    )


def observations(events: Iterable[Event]) -> tuple[Observation, ...]:
    """Each observation once, by device and sequence."""
    seen: dict[EventId, Observation] = {}
    for event in events:
        if isinstance(event, Observation):
            known = seen.setdefault(event.event_id, event)
            seen[event.event_id] = min(known, event, key=lambda each: (each.received_ms or 0, each.digest))
    return tuple(sorted(seen.values(), key=lambda event: (event.dev, event.seq, event.event_id)))


def decisions(events: Iterable[Event]) -> tuple[Decision, ...]:
    """Each decision once, in the order the server took them."""
    seen = {event.decision_id: event for event in events if isinstance(event, Decision)}
    return tuple(sorted(seen.values(), key=lambda each: (each.number, each.made_ms, each.decision_id)))


def elapsed_ms(first: Observation, then: Observation) -> int:
    """How long after ``first`` the same device recorded ``then``; the wall clock only across boots."""
    if first.boot == then.boot:
        return then.mono_ms - first.mono_ms
    return then.wall_ms - first.wall_ms


def _interval(event: Observation, jumped: frozenset[tuple[int, str]]) -> tuple[int, int]:
    if (event.dev, event.boot) not in jumped:
        return event.lo_ms, event.hi_ms
    hi_ms = event.at_ms + CLOCK_UNKNOWN_MS
    if event.received_ms is not None:
        hi_ms = event.received_ms if event.is_clock_stale else min(hi_ms, event.received_ms)
    return min(event.lo_ms, hi_ms - CLOCK_UNKNOWN_MS, event.at_ms - CLOCK_UNKNOWN_MS), hi_ms


def _jumped_boots(events: Iterable[Observation]) -> frozenset[tuple[int, str]]:
    """The boots in which the corrected clock and the running time disagree with one another."""
    starts: dict[tuple[int, str], list[int]] = defaultdict(list)
    for event in events:
        if event.off_ms is not None:
            starts[event.dev, event.boot].append(event.at_ms - event.mono_ms)
    return frozenset(
        boot for boot, started_ms in starts.items() if max(started_ms) - min(started_ms) > JUMP_MS
    )


def _voided(events: Iterable[Observation]) -> frozenset[EventId]:
    """What its own author took back on the same device, in time and before the device was sealed."""
    by_id = {event.event_id: event for event in events}
    seals: dict[int, list[int]] = defaultdict(list)
    for event in by_id.values():
        if isinstance(event, Sealed):
            seals[event.dev].append(event.seq)
    return frozenset(
        ref
        for void in by_id.values()
        if isinstance(void, Voided)
        for ref in void.refs
        if (target := by_id.get(ref)) is not None
        and isinstance(target, _UNDOABLE)
        and (target.dev, target.by) == (void.dev, void.by)
        and target.seq < void.seq
        and 0 <= elapsed_ms(target, void) <= UNDO_MS
        and not any(target.seq < seal < void.seq for seal in seals[void.dev])
    )
