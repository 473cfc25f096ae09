"""
Term schemes from draft to the plates: stored, submitted, approved, put into the register, retired.

The authority decides outside; here its decision is recorded, by somebody else than who submitted
(Decree 617 arts 14 to 16: a line is driven as approved or not at all). How a scheme is made is
``term_making.py``'s, what the pages show ``term_view.py``'s.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, Protocol

from busops.domain.errors import InvalidInput, Refused
from busops.domain.findings import Finding, Severity
from busops.domain.fleet import VehicleClass
from busops.domain.network import ApprovedLine, LineStop, is_designated
from busops.domain.values import Clock, Direction, Ids, LineId, Plate, StopId, school_date
from busops.planner.term.document import read_lines
from busops.planner.term.scheme import TermLine
from busops.planner.travel.source import TravelSource
from busops.services import term_making, term_weekly
from busops.services.acting import By, record_act, user_of
from busops.services.plan_drafts import plain_facts
from busops.services.term_making import MadeScheme, TermOrder, Work
from busops.storage import fleet_store, network_store, term_store
from busops.storage.database import Database, Transaction
from busops.storage.term_store import StoredScheme, TermState, TermSummary

MOST_CHARACTERS: Final = 120
MINUTE_S: Final = 60


class Desk(Work, Protocol):
    """What a job may use: its progress, and the house's database, clock and ids."""

    database: Database
    clock: Clock
    ids: Ids

    def roads(self) -> TravelSource | None:
        """Who measures roads; None = ways are estimated."""
        ...


def run_job(desk: Desk, arguments: Mapping[str, Any]) -> dict[str, str]:
    """
    What a job's arguments ask for is made and stored as a draft; its id.

    With ``scheme_id`` it is the plan of one direction of a weekend on that scheme, else a scheme.
    """
    if scheme_id := arguments.get("scheme_id"):
        on, direction = term_weekly.read_weekend(arguments)
        plan_id = term_weekly.plan_on_scheme(
            desk.database,
            str(scheme_id),
            weekend_on=on,
            direction=direction,
            by=str(arguments.get("by", "")),
            clock=desk.clock,
            ids=desk.ids,
            roads=desk.roads(),
            should_stop=desk.cancelled,
        )
        return {"plan_id": plan_id}
    order = term_making.read_order(arguments)
    made = term_making.make_scheme(desk.database, order, work=desk, roads=desk.roads())
    by = str(arguments.get("by", ""))
    return {"scheme_id": store(desk.database, made, by=by, clock=desk.clock, ids=desk.ids)}


def make(
    database: Database,
    order: TermOrder,
    *,
    work: Work,
    by: By,
    clock: Clock,
    ids: Ids,
    rounds: int | None = None,
) -> str:
    """A scheme is made and stored as a draft; its id."""
    made = term_making.make_scheme(database, order, work=work, rounds=rounds)
    return store(database, made, by=by, clock=clock, ids=ids)


def store(database: Database, made: MadeScheme, *, by: By, clock: Clock, ids: Ids) -> str:
    """The scheme is a draft of the school; its id."""
    scheme, facts = made.design.scheme, made.facts
    with database.transaction() as tx:
        summary = TermSummary(
            scheme_id=ids.new(),
            number=term_store.next_number(tx),
            term_id=facts.term_id,
            state=TermState.DRAFT,
            percentile=facts.percentile,
            from_on=facts.from_on,
            to_on=facts.to_on,
            line_count=len(scheme.lines),
            cost_fen=scheme.cost_fen,
            lower_bound_fen=scheme.lower_bound_fen,
            left_out=made.left_out,
            violation_count=made.violation_count,
            made_at=clock.now(),
            made_by=user_of(by),
        )
        term_store.save_scheme(
            tx,
            StoredScheme(summary=summary, document=made.document, notices=tuple(_documents(made.notices))),
        )
    return summary.scheme_id


def submit(database: Database, scheme_id: str, *, left_out_seen: int, by: By, clock: Clock) -> None:
    """
    The scheme is with the authority; Refused with every reason why it cannot be.

    ``left_out_seen`` is how many planned riders without a line the person was shown.
    """
    with database.transaction() as tx:
        summary = term_store.load_scheme(tx, scheme_id).summary
        reasons = list(reasons_not_to_submit(summary))
        if left_out_seen != summary.left_out:
            reasons.append(
                Finding(code="unserved_not_seen", facts={"count": summary.left_out, "seen": left_out_seen})
            )
        if reasons:
            raise Refused("term_not_submitted", reasons, scheme_id=scheme_id)
        term_store.submit_scheme(tx, scheme_id, by=user_of(by), at=clock.now())
        facts = {"scheme": summary.number, "lines": summary.line_count, "unserved": summary.left_out}
        record_act(tx, by, "term_submitted", scheme_id, facts=facts, clock=clock)


def approve(
    database: Database, scheme_id: str, *, document_no: str, approved_on: date, by: By, clock: Clock
) -> None:
    """The approval is recorded by another person than who submitted; Refused with every reason."""
    number = document_no.strip()
    if not number or len(number) > MOST_CHARACTERS:
        raise InvalidInput("term_document_no_missing", most=MOST_CHARACTERS)
    if approved_on > school_date(clock.now()):
        raise InvalidInput("term_approved_in_future", on=approved_on)
    with database.transaction() as tx:
        summary = term_store.load_scheme(tx, scheme_id).summary
        reasons = list(_wrong_state(summary, TermState.APPROVED))
        if not reasons and user_of(by) == summary.submitted_by:
            reasons.append(Finding(code="term_submitted_by_same", severity=Severity.BLOCK))
        if reasons:
            raise Refused("term_not_approved", reasons, scheme_id=scheme_id)
        term_store.approve_scheme(
            tx, scheme_id, document_no=number, approved_on=approved_on, by=user_of(by), at=clock.now()
        )
        facts = {"scheme": summary.number, "document_no": number, "approved_on": approved_on}
        record_act(tx, by, "term_approved", scheme_id, facts=facts, clock=clock)


def adopt(database: Database, scheme_id: str, *, by: By, clock: Clock) -> int:
    """
    The scheme's licensed lines are the register's approved lines, and no others; how many there are.

    Weekly plans use them from now on. A scheme that was in force is retired. Refused with every
    reason: not approved, a bus or stop that left the register, nothing licensed in it.
    """
    with database.transaction() as tx:
        stored = term_store.load_scheme(tx, scheme_id)
        reasons = reasons_not_to_adopt(tx, stored)
        if reasons:
            raise Refused("term_not_adopted", reasons, scheme_id=scheme_id)
        today = school_date(clock.now())
        for line in network_store.load_lines(tx):
            network_store.retire_line(tx, line.line_id, today)
        lines = approved_lines(stored)
        network_store.save_lines(tx, lines)
        for other in term_store.list_schemes(tx):
            if other.is_in_force:
                term_store.retire_scheme(tx, other.scheme_id, why="", by=user_of(by), at=clock.now())
                facts = {"scheme": other.number, "replaced_by": stored.summary.number}
                record_act(tx, by, "term_retired", other.scheme_id, facts=facts, clock=clock)
        term_store.adopt_scheme(tx, scheme_id, by=user_of(by), at=clock.now())
        facts = {"scheme": stored.summary.number, "lines": len(lines)}
        record_act(tx, by, "term_adopted", scheme_id, facts=facts, clock=clock)
    return len(lines)


def retire(database: Database, scheme_id: str, *, why: str, by: By, clock: Clock) -> None:
    """The scheme is out, and its lines with it where they were the register's; Refused where it was out."""
    reason = why.strip()
    if not reason or len(reason) > MOST_CHARACTERS:
        raise InvalidInput("reason_needed")
    with database.transaction() as tx:
        stored = term_store.load_scheme(tx, scheme_id)
        reasons = tuple(_wrong_state(stored.summary, TermState.RETIRED))
        if reasons:
            raise Refused("term_not_retired", reasons, scheme_id=scheme_id)
        if stored.summary.is_in_force:
            mine = {line.line_id for line in approved_lines(stored)}
            for line in network_store.load_lines(tx):
                if line.line_id in mine:
                    network_store.retire_line(tx, line.line_id, school_date(clock.now()))
        term_store.retire_scheme(tx, scheme_id, why=reason, by=user_of(by), at=clock.now())
        facts = {"scheme": stored.summary.number, "note": reason}
        record_act(tx, by, "term_retired", scheme_id, facts=facts, clock=clock)


def reasons_not_to_submit(summary: TermSummary) -> Iterable[Finding]:
    """Everything that keeps a scheme from the authority's desk."""
    yield from _wrong_state(summary, TermState.SUBMITTED)
    if summary.violation_count:
        yield Finding(code="term_has_violations", facts={"count": summary.violation_count})
    if not summary.line_count:
        yield Finding(code="term_without_lines", severity=Severity.BLOCK)


def reasons_not_to_adopt(tx: Transaction, stored: StoredScheme) -> tuple[Finding, ...]:
    """Everything that keeps a scheme's lines out of the register, at once."""
    summary, reasons = stored.summary, []
    if summary.state is not TermState.APPROVED or summary.adopted_at is not None:
        facts = {"number": summary.number, "state": summary.state.value}
        reasons.append(Finding(code="term_state_not_fit", facts=facts))
    lines = approved_lines(stored)
    if not lines:
        reasons.append(Finding(code="term_without_licensed_lines", severity=Severity.BLOCK))
    buses = {
        vehicle.plate
        for vehicle in fleet_store.load_vehicles(tx)
        if vehicle.vehicle_class is VehicleClass.LICENSED_SCHOOL_BUS
    }
    stops = {stop.stop_id for stop in network_store.load_stops(tx) if is_designated(stop, summary.from_on)}
    for plate in sorted({line.plate for line in lines} - buses):
        reasons.append(Finding(code="term_bus_gone", place=plate, facts={"plate": plate}))
    for stop_id in sorted({stop_id for line in lines for stop_id in line.stop_ids} - stops):
        reasons.append(Finding(code="term_stop_gone", place=stop_id, facts={"stop_id": stop_id}))
    return tuple(reasons)


def approved_lines(stored: StoredScheme) -> tuple[ApprovedLine, ...]:
    """The licensed lines of a scheme as the register keeps them: outward, with the minute of leaving."""
    departs_min = stored.document["homeward"]["departs_min"]
    return tuple(
        ApprovedLine(
            line_id=LineId(f"T{stored.summary.number}-{line.line_id}"),
            plate=Plate(line.plate),
            stops=tuple(
                LineStop(
                    seq=seq,
                    stop_id=StopId(halt.stop_id),
                    departs_min=minute_of(departs_min, line, halt.leave_s),
                )
                for seq, halt in enumerate(line.homeward.halts, start=1)
            ),
        )
        for line in read_lines(stored.document)
        if line.is_licensed
    )


def minute_of(
    departs_min: int, line: TermLine, second_s: int, direction: Direction = Direction.HOMEWARD
) -> int:
    """The minute after midnight of a second of a line; begun minutes are dropped: nobody comes too late."""
    return departs_min + (line.driven(direction).depart_s + second_s) // MINUTE_S


def _wrong_state(summary: TermSummary, wanted: TermState) -> Iterable[Finding]:
    if summary.state not in term_store.COMES_FROM[wanted]:
        facts = {"number": summary.number, "state": summary.state.value}
        yield Finding(code="term_state_not_fit", facts=facts)


def _documents(findings: Iterable[Finding]) -> Iterable[dict[str, Any]]:
    for finding in findings:
        yield {
            "code": finding.code,
            "severity": finding.severity.value,
            "place": finding.place,
            "facts": plain_facts(finding.facts),
        }
