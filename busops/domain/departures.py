"""
Departures against what must hold before one: manifest read, vehicle looked over; where
riders get on, heads counted, every one expected marked on or given a reason, not too early;
and against the papers that forbade it and the riders who were struck off after it.

The bus has left when the tablet says so; these findings say what it left without.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from busops.domain.events import (
    Alighted,
    Boarded,
    Decision,
    Departed,
    DepartureForbidden,
    HeadCounted,
    ManifestAcked,
    ManifestChanged,
    MarkedAbsent,
    Observation,
    PreChecked,
)
from busops.domain.findings import Finding, Severity
from busops.domain.head_counts import count_fits
from busops.domain.run_plan import RunPlan
from busops.domain.timeline import Timeline
from busops.domain.values import RiderId

LEGAL_ITEMS: Final = frozenset({"brakes", "steering", "lights", "tyres", "emergency_door", "seats", "belts"})
EARLY: Final = timedelta(seconds=60)
MOVES: Final = (Boarded, Alighted, Departed)  # after the first of them nobody is struck off the manifest


def departure_findings(plan: RunPlan, line: Timeline, decided: Iterable[Decision]) -> Iterator[Finding]:
    """What each departure was made without."""
    events = line.standing()
    departures = [event for event in events if isinstance(event, Departed)]
    for departure in departures:
        before = tuple(event for event in events if not line.precedes(departure, event))
        place, stop_id = departure.event_id, departure.stop_id or "–"
        needed_v = _needed_version(departure, decided)
        if not _is_acknowledged(plan, before, needed_v):
            facts = {"stop_id": stop_id, "roster_v": needed_v}
            yield _gate("departed_without_ack", place, **facts)
        if departure.stop_id == plan.stops[0].stop_id and (missing := _unchecked_items(plan, before)):
            facts = {"stop_id": stop_id, "items": ", ".join(missing)}
            yield Finding(code="departed_without_precheck", place=place, facts=facts)
        boards_here = _boarding_here(plan, departure)
        if boards_here and not _is_counted(departure, before, line):
            yield _gate("departed_without_count", place, stop_id=stop_id)
        if waiting := boards_here - _told_of(before):
            facts = {"stop_id": stop_id, "count": len(waiting), "rider_ids": tuple(sorted(waiting))}
            yield _gate("departed_without_riders", place, **facts)
        planned = plan.planned(departure.stop_id) if departure.stop_id is not None else None
        if boards_here and planned is not None and departure.hi_ms < _ms(planned.leaves_at - EARLY):
            facts = {"stop_id": stop_id, "leaves_at": planned.leaves_at}
            yield Finding(code="departed_early", severity=Severity.WARN, place=place, facts=facts)


def forbidden_findings(line: Timeline, decided: Iterable[Decision]) -> Iterator[Finding]:
    """The departures that stand although papers forbade them; nobody can say that they did not."""
    departures = {event.event_id: event for event in line.standing() if isinstance(event, Departed)}
    for each in decided:
        if isinstance(each, DepartureForbidden) and (departure := departures.get(each.event_id)):
            facts = {"stop_id": departure.stop_id or "–", "papers": each.papers}
            yield Finding(code="departed_forbidden", place=each.event_id, facts=facts)


def removal_findings(plan: RunPlan, line: Timeline, decided: Iterable[Decision]) -> Iterator[Finding]:
    """
    The riders who were struck off the manifest when the bus may already have been boarding or gone.

    The office could not know of it then: the tablet told it later.
    """
    moved = [event for event in line.events if isinstance(event, MOVES)]
    for each in decided:
        if not isinstance(each, ManifestChanged):
            continue
        for rider_id in set(each.removed) - plan.riders.keys():
            if any(event.lo_ms < each.made_ms for event in moved):
                yield _gate("removed_underway", rider_id, rider_id=rider_id, version=each.version)


def _needed_version(departure: Departed, decided: Iterable[Decision]) -> int:
    """The manifest version the crew had to know: the tablet's, or a newer one made certainly before."""
    versions = [
        each.version
        for each in decided
        if isinstance(each, ManifestChanged) and each.made_ms < departure.lo_ms
    ]
    return max((departure.roster_v, *versions))


def _is_acknowledged(plan: RunPlan, before: tuple[Observation, ...], needed_v: int) -> bool:
    """Whether an attendant has read the manifest in that version."""
    attendants = plan.crew - {plan.driver_id}
    return any(
        isinstance(event, ManifestAcked) and event.by in attendants and event.roster_v >= needed_v
        for event in before
    )


def _unchecked_items(plan: RunPlan, before: tuple[Observation, ...]) -> tuple[str, ...]:
    found: set[str] = set()
    for event in before:
        if isinstance(event, PreChecked) and event.by in plan.crew:
            found |= event.items_ok
    return tuple(sorted(LEGAL_ITEMS - found))


def _is_counted(departure: Departed, before: tuple[Observation, ...], line: Timeline) -> bool:
    """Whether heads were counted at that stop and the last such count fits the marks."""
    return any(
        isinstance(event, HeadCounted) and event.stop_id == departure.stop_id and count_fits(event, line)
        for event in before
    )


def _boarding_here(plan: RunPlan, departure: Departed) -> set[RiderId]:
    return {rider.rider_id for rider in plan.manifest if plan.boards_at(rider) == departure.stop_id}


def _told_of(before: tuple[Observation, ...]) -> set[RiderId]:
    return {event.rider_id for event in before if isinstance(event, Boarded | Alighted | MarkedAbsent)}


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _gate(code: str, place: str, **facts: object) -> Finding:
    return Finding(code=code, severity=Severity.GATE, place=place, facts=facts)
