"""
What was kept apart and happened all the same: the run whose fact it is, by the word of two people.

The event itself is never changed. A decision points at it: the run that the decision stands on takes
it in, whatever run the event names. What contradicts the log is never taken in, only dismissed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from busops.domain.events import Decision, Event, ManifestAcked, MovedIn, MovedOut, Observation
from busops.domain.findings import Finding, Severity
from busops.domain.values import CrewId, EventId, RiderId, RunId

# Why something true may have been kept apart; a fork, a broken chain or no envelope is none of these.
ADMISSIBLE: Final = frozenset({"device_not_trusted", "person_not_on_device", "unknown_run"})
AROUND: Final = timedelta(hours=3)  # a tablet is on before the bus leaves, and until it is parked


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted(Decision):
    """Two people say that what was kept apart happened on this run; ``told_run_id`` is what it names."""

    kind = "admitted"
    event_id: EventId
    told_run_id: RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A run that something kept apart may belong to."""

    run_id: RunId
    departs_at: datetime
    arrives_at: datetime
    rider_ids: frozenset[RiderId]
    crew_ids: frozenset[CrewId]
    devices: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelyRun:
    """A run and what speaks for it: codes, the most telling first."""

    run_id: RunId
    departs_at: datetime
    signs: tuple[str, ...]


def taken_in(run_id: RunId, events: Iterable[Event]) -> tuple[Event, ...]:
    """The events of a run: its own, and of those that name another one what two people admitted here."""
    own = [event for event in events if event.run_id == run_id]
    if not any(isinstance(event, Observation) and event.told_run_id for event in own):
        return tuple(own)
    named = {each.event_id for each in own if isinstance(each, Admitted) and _by_two(each)}
    return tuple(
        event
        for event in own
        if not isinstance(event, Observation) or event.told_run_id is None or event.event_id in named
    )


def known_since_ms(event: Observation, decided: Iterable[Decision]) -> int:
    """Since when the event is a fact of its run: since it came, or since two people admitted it."""
    admitted = (e.made_ms for e in decided if isinstance(e, Admitted) and e.event_id == event.event_id)
    return max((event.received_ms or 0, *admitted))


def reasons_not_to_admit(event: Observation, run_id: RunId) -> tuple[Finding, ...]:
    """Why the event can be no fact of this run; empty when it may be one."""
    reasons = []
    if event.run_id != run_id and isinstance(event, ManifestAcked):
        reasons.append("admit_other_list")  # it names the version of another run's list
    if isinstance(event, MovedIn | MovedOut) and event.other_run_id == run_id:
        reasons.append("admit_own_end")  # nobody changes from a bus into the same one
    return tuple(Finding(code=code, severity=Severity.BLOCK, place=event.event_id) for code in reasons)


def likely_runs(events: Sequence[Observation], candidates: Iterable[Candidate]) -> tuple[LikelyRun, ...]:
    """Of these runs those that something speaks for, the likeliest first; it is people who choose."""
    riders = {rider for each in events if (rider := getattr(each, "rider_id", None)) is not None}
    found = []
    for run in candidates:
        signs = tuple(
            sign
            for sign, holds in (
                ("riders_listed", bool(riders) and riders <= run.rider_ids),
                ("of_its_crew", bool(events) and {each.by for each in events} <= run.crew_ids),
                ("its_tablet", bool(events) and {each.dev for each in events} <= run.devices),
                ("in_its_time", bool(events) and all(_is_around(each, run) for each in events)),
            )
            if holds
        )
        if signs:
            found.append(LikelyRun(run_id=run.run_id, departs_at=run.departs_at, signs=signs))
    return tuple(sorted(found, key=lambda each: (-len(each.signs), each.departs_at, each.run_id)))


def _by_two(decision: Decision) -> bool:
    return decision.second not in (None, decision.by)


def _is_around(event: Observation, run: Candidate) -> bool:
    at_s = event.at_ms / 1000
    return (run.departs_at - AROUND).timestamp() <= at_s <= (run.arrives_at + AROUND).timestamp()
