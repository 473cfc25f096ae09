"""
What was odd about a run: facts that are kept as they are and pointed out.

BLOCK and GATE findings hold the run open until two people have settled them; WARN and LOG
are for reading. Nothing here changes where anybody is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from busops.domain import head_counts
from busops.domain.checks import CheckState
from busops.domain.defects import reported
from busops.domain.departures import departure_findings, forbidden_findings, removal_findings
from busops.domain.events import (
    Alighted,
    Arrived,
    Boarded,
    Checked,
    Decision,
    MarkedAbsent,
    MovedIn,
    MovedOut,
    Voided,
)
from busops.domain.findings import Finding, Severity
from busops.domain.roster import NotRidingReason
from busops.domain.run_plan import RunPlan
from busops.domain.stop_changes import StopChanged, is_allowed, standing_changes
from busops.domain.stop_gate import place_findings
from busops.domain.timeline import Timeline
from busops.domain.values import Direction, RiderId
from busops.domain.whereabouts import RiderAccount, RiderState

_CLEARING = (Alighted, MarkedAbsent, Voided)


def find(
    plan: RunPlan,
    line: Timeline,
    decided: Sequence[Decision],
    riders: Mapping[RiderId, RiderAccount],
    checked: CheckState,
    *,
    others: Iterable[Finding] = (),
) -> tuple[Finding, ...]:
    """
    Every oddity of a run, worst first, each at its place; equal facts give equal findings.

    ``others`` are those that come of what other runs' logs say.
    """
    found = [
        *others,
        *_about_riders(plan, riders, line),
        *_about_stops(plan, line, standing_changes(decided)),
        *place_findings(line.standing(), plan.places),
        *_about_load(plan, line),
        *head_counts.count_findings(line),
        *departure_findings(plan, line, decided),
        *forbidden_findings(line, decided),
        *removal_findings(plan, line, decided),
        *_about_people(plan, line),
        *_about_checks(checked),
        *_about_vehicle(plan, line),
        *_about_clocks(line),
    ]
    order = list(Severity)
    unique = {finding.key: finding for finding in found}
    return tuple(sorted(unique.values(), key=lambda each: (order.index(each.severity), each.key)))


def _about_riders(plan: RunPlan, riders: Mapping[RiderId, RiderAccount], line: Timeline) -> Iterator[Finding]:
    for rider_id, account in riders.items():
        if account.was_marked and rider_id not in plan.riders:
            yield _finding("walk_on", Severity.WARN, rider_id, rider_id=rider_id)
        if account.alights and not account.boards:
            yield _finding("alight_without_board", Severity.WARN, rider_id, rider_id=rider_id)
        if account.state is RiderState.DISPUTED:
            yield _finding("disputed", Severity.WARN, rider_id, rider_id=rider_id)
        if len(account.boards) > 1 and _boarded_twice(account, line):
            yield _finding("aboard_twice", Severity.LOG, rider_id, rider_id=rider_id)
        if account.state is RiderState.ABSENT and account.reason is NotRidingReason.MISSING:
            yield _finding("rider_missing", Severity.GATE, rider_id, rider_id=rider_id)
    marked = {rider_id for rider_id, account in riders.items() if account.was_marked}
    for event in line.standing():
        if isinstance(event, MarkedAbsent) and event.rider_id in marked:
            yield _finding("absent_but_boarded", Severity.WARN, event.rider_id, rider_id=event.rider_id)


def _boarded_twice(account: RiderAccount, line: Timeline) -> bool:
    """Whether some boarding follows another with no alighting certainly between the two."""
    return any(
        first is not second
        and not any(
            line.precedes(first, alight) and line.precedes(alight, second) for alight in account.alights
        )
        and not any(
            line.precedes(second, alight) and line.precedes(alight, first) for alight in account.alights
        )
        for index, first in enumerate(account.boards)
        for second in account.boards[index + 1 :]
    )


def _about_stops(plan: RunPlan, line: Timeline, changes: Sequence[StopChanged]) -> Iterator[Finding]:
    arrivals = [event for event in line.standing() if isinstance(event, Arrived)]
    for event in line.standing():
        if not isinstance(event, Boarded | Alighted) or isinstance(event, MovedIn | MovedOut):
            continue  # from bus to bus: wherever the one that goes no further stands
        facts = {"rider_id": event.rider_id, "stop_id": event.stop_id or "–", "on": plan.on}
        way = "board" if isinstance(event, Boarded) else "alight"
        if event.stop_id not in plan.lawful_stops:
            yield _finding(f"off_stop_{way}", Severity.BLOCK, event.event_id, **facts)
        elif event.stop_id not in plan.stop_ids:
            yield _finding("stop_not_of_run", Severity.WARN, event.event_id, **facts)
        elif isinstance(event, Alighted):
            rider = plan.riders.get(event.rider_id)
            if rider is not None and event.stop_id not in plan.alights_at(rider):
                if not is_allowed(event, changes):
                    yield _finding("other_stop", Severity.WARN, event.event_id, **facts)
            elif _is_before_arrival(event, arrivals, line):
                yield _finding("alight_before_arrival", Severity.WARN, event.event_id, **facts)
        elif (rider := plan.riders.get(event.rider_id)) is not None and (
            plan.direction is Direction.RETURN and event.stop_id not in {rider.stop_id, *rider.other_stops}
        ):
            yield _finding("other_stop", Severity.WARN, event.event_id, **facts)


def _is_before_arrival(event: Alighted, arrivals: Sequence[Arrived], line: Timeline) -> bool:
    """Whether the rider was marked off before the bus reached that stop, as far as that is certain."""
    here = [each for each in arrivals if each.stop_id == event.stop_id]
    return bool(arrivals) and all(line.precedes(event, arrival) for arrival in here)


def _about_load(plan: RunPlan, line: Timeline) -> Iterator[Finding]:
    """The highest load, in the likely order of the marks, against what the licence allows."""
    aboard: set[RiderId] = set()
    peak = 0
    for event in line.in_likely_order():
        if event.event_id in line.voided:
            continue
        if isinstance(event, Boarded):
            aboard.add(event.rider_id)
        elif isinstance(event, Alighted):
            aboard.discard(event.rider_id)
        peak = max(peak, len(aboard))
    crew = 1 + len(plan.attendant_ids)
    if peak > plan.approved_students:
        facts = {"plate": plan.plate, "aboard": peak, "approved": plan.approved_students}
        yield _finding("over_students", Severity.BLOCK, plan.plate, **facts)
    if peak + crew > plan.approved_total:
        facts = {"plate": plan.plate, "aboard": peak + crew, "approved": plan.approved_total}
        yield _finding("over_persons", Severity.BLOCK, plan.plate, **facts)


def _about_people(plan: RunPlan, line: Timeline) -> Iterator[Finding]:
    """Strangers; where one marked riders off, absent or took a mark back, two people must have looked."""
    for by in sorted({event.by for event in line.events} - plan.crew):
        clearing = [each for each in line.events if each.by == by and isinstance(each, _CLEARING)]
        if clearing:  # named after the last of them, so that one more asks anew
            yield _finding("not_of_crew", Severity.GATE, clearing[-1].event_id, crew_id=by)
        else:
            yield _finding("not_of_crew", Severity.WARN, by, crew_id=by)


def _about_checks(checked: CheckState) -> Iterator[Finding]:
    for fault in checked.faults:
        found = fault.check.n if isinstance(fault.check, Checked) else 0
        yield _finding(fault.code, Severity.WARN, fault.check.event_id, crew_id=fault.check.by, n=found)
    for check in checked.fast:
        yield _finding("check_too_fast", Severity.WARN, check.event_id, crew_id=check.by)
    for lack in checked.lacking:
        severity = Severity.WARN if lack.code == "audit_without_photo" else Severity.GATE
        yield _finding(lack.code, severity, lack.check.event_id, crew_id=lack.check.by)


def _about_vehicle(plan: RunPlan, line: Timeline) -> Iterator[Finding]:
    for defect in reported(plan.plate, line.standing()):
        code = "defect_critical" if defect.is_critical else "defect_reported"
        yield _finding(code, Severity.WARN, defect.defect_id, plate=plan.plate, defect=defect.text)


def _about_clocks(line: Timeline) -> Iterator[Finding]:
    for dev in sorted({event.dev for event in line.events if event.is_clock_wild or event.is_clock_stale}):
        yield _finding("clock_wild", Severity.WARN, str(dev), dev=dev)
    for dev in sorted({dev for dev, _ in line.jumped}):
        yield _finding("clock_jumped", Severity.WARN, str(dev), dev=dev)
    for dev in sorted({event.dev for event in line.events if event.off_ms is None}):
        yield _finding("clock_unknown", Severity.LOG, str(dev), dev=dev)


def _finding(code: str, severity: Severity, place: str, **facts: object) -> Finding:
    return Finding(code=code, severity=severity, place=place, facts=facts)
