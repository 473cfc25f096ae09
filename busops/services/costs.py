"""
Costs: entered by hand or read from a sheet, booked once, taken back by their opposite.

The same line of the same sheet is the same cost; two equal lines in one sheet are two costs. What a person
enters or takes back from :data:`TWO_PEOPLE_FROM_FEN` on waits for a second one (``cost_consents.py``).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from busops.domain.errors import InvalidInput, Refused
from busops.domain.findings import Finding, Severity
from busops.domain.people import Actor
from busops.domain.values import Clock, Ids
from busops.finance.costs import DEPRECIATION, TWO_PEOPLE_FROM_FEN, CostLine, problems_of
from busops.finance.depreciation import plan_of
from busops.finance.ledger import period_of
from busops.services.acting import By, record_act, user_of
from busops.services.cost_booking import NewCost, book, key_of
from busops.services.counted_costs import line_of
from busops.storage import cost_proposal_store, cost_store, depreciation_store, fleet_store, run_store
from busops.storage.cost_proposal_store import CostProposal
from busops.storage.cost_store import StoredCost
from busops.storage.database import Database, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class CostOutcome:
    """How many lines are new, and how many were on record."""

    added: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteredCost:
    """The id of a cost, and whether it waits for a second person before it is booked."""

    cost_id: str
    waits: bool


def add_costs(
    database: Database, lines: Iterable[CostLine], *, clock: Clock, ids: Ids, by: By = None
) -> CostOutcome:
    """The lines that are not on record yet are booked; the same lines again change nothing."""
    keyed = [(_row_key(line, n), line) for line, n in _numbered(lines)]
    with database.transaction() as tx:
        known = cost_store.known_row_keys(tx)
        fresh = [
            NewCost(cost_id=ids.new(), key=key, line=line)
            for key, line in keyed
            if key not in known and line.fen
        ]
        _refuse_registered(tx, [cost.line for cost in fresh])
        large = [cost for cost in fresh if _needs_two(by, cost.line.fen)]
        booked = [cost for cost in fresh if cost not in large]
        book(tx, booked, by=by, clock=clock, ids=ids)
        for cost in large:
            _propose(tx, cost, clock=clock, by=by)
        if fresh:
            facts = {"lines": len(fresh), "fen": sum(cost.line.fen for cost in fresh)}
            record_act(tx, by, "costs_added", "costs", facts=facts, clock=clock)
    return CostOutcome(added=len(fresh), known=len(keyed) - len(fresh))


def enter_cost(
    database: Database, line: CostLine, *, clock: Clock, ids: Ids, by: By, replaces: str | None = None
) -> EnteredCost:
    """
    A cost typed by a person is booked, even if an equal one is on record, or waits where it is much.

    ``replaces`` is the estimate whose bill it is: that is undone by its opposite in the same step.
    """
    problems = problems_of(line)
    if problems:
        raise InvalidInput(problems[0].code, problems, **problems[0].facts)
    cost_id = ids.new()
    with database.transaction() as tx:
        _refuse_unknown(tx, line)
        _refuse_registered(tx, [line])
        cost = NewCost(cost_id=cost_id, key=key_of("entered", cost_id), line=line, replaces=replaces)
        estimate = None if replaces is None else _standing(tx, replaces)
        if estimate is not None and (not estimate.line.is_estimate or line.is_estimate):
            raise Refused("cost_no_estimate", cost_id=replaces)
        most_fen = max(line.fen, estimate.line.fen if estimate else 0)
        if _needs_two(by, most_fen):
            _propose(tx, cost, clock=clock, by=by)
            return EnteredCost(cost_id=cost_id, waits=True)
        book(tx, entry_of(cost, estimate, ids), clock=clock, ids=ids, by=by)
        facts = {"code": line.code, "fen": line.fen, "on": line.on, "replaces": replaces}
        record_act(tx, by, "cost_entered", cost_id, facts=facts, clock=clock)
    return EnteredCost(cost_id=cost_id, waits=False)


def take_back_cost(
    database: Database, cost_id: str, *, note: str, clock: Clock, ids: Ids, by: By
) -> EnteredCost:
    """The cost is undone by its opposite on the same day, or that waits; Refused when it was undone."""
    if not note.strip():
        raise InvalidInput("reason_needed")
    with database.transaction() as tx:
        cost = _standing(tx, cost_id)
        undo = undoing(cost, ids, note=note.strip())
        if _needs_two(by, cost.line.fen):
            _propose(tx, undo, clock=clock, by=by)
            return EnteredCost(cost_id=undo.cost_id, waits=True)
        book(tx, [undo], clock=clock, ids=ids, by=by)
        record_act(tx, by, "cost_taken_back", cost_id, facts={"note": note.strip()}, clock=clock)
    return EnteredCost(cost_id=undo.cost_id, waits=False)


def list_costs(
    database: Database, *, from_on: date | None = None, to_on: date | None = None
) -> tuple[StoredCost, ...]:
    """The costs that the days named count, by day and code."""
    with database.reading() as tx:
        return cost_store.load_costs(tx, from_on=from_on, to_on=to_on)


def entry_of(cost: NewCost, estimate: StoredCost | None, ids: Ids) -> list[NewCost]:
    """What is booked for a cost: itself, after its estimate's opposite where it takes one's place."""
    return [cost] if estimate is None else [undoing(estimate, ids, note=estimate.line.note), cost]


def undoing(cost: StoredCost, ids: Ids, *, note: str) -> NewCost:
    """The opposite of a cost, on its day."""
    line = replace(cost.line, fen=-cost.line.fen, tax_fen=-cost.line.tax_fen, note=note)
    return NewCost(cost_id=ids.new(), key=key_of("undone", cost.cost_id), line=line, reverses=cost.cost_id)


def _standing(tx: Transaction, cost_id: str) -> StoredCost:
    """The cost, which is neither an opposite, nor undone, nor about to be."""
    cost = cost_store.load_cost(tx, cost_id)
    if cost.reverses is not None or cost_store.undone_by(tx, cost_id) is not None:
        raise Refused("cost_taken_back", cost_id=cost_id)
    if any(
        proposal.word is None and cost_id in (proposal.reverses, proposal.replaces)
        for proposal in cost_proposal_store.load_proposals(tx)
    ):
        raise Refused("cost_waits_already", cost_id=cost_id)
    return cost


def _needs_two(by: By, fen: int) -> bool:
    """A person enters much only with a second one; what a tool of the server reads is its operator's."""
    return isinstance(by, Actor) and abs(fen) >= TWO_PEOPLE_FROM_FEN


def _propose(tx: Transaction, cost: NewCost, *, clock: Clock, by: By) -> None:
    proposal = CostProposal(
        cost_id=cost.cost_id,
        line=cost.line,
        made_by=user_of(by),
        made_at=clock.now(),
        reverses=cost.reverses,
        replaces=cost.replaces,
    )
    cost_proposal_store.insert_proposal(tx, proposal)
    facts = {"code": cost.line.code, "fen": cost.line.fen, "on": cost.line.on}
    record_act(tx, by, "cost_proposed", cost.cost_id, facts=facts, clock=clock)


def _refuse_unknown(tx: Transaction, line: CostLine) -> None:
    """What a cost names is there, else it would fall on everybody."""
    if line.plate and line.plate not in {str(vehicle.plate) for vehicle in fleet_store.load_vehicles(tx)}:
        raise InvalidInput("cost_plate_unknown", found=line.plate)
    if line.run or line.line:
        runs = run_store.list_runs(tx)
        if line.run and line.run not in {str(run.run_id) for run in runs}:
            raise InvalidInput("cost_run_unknown", found=line.run)
        if line.line and line.line not in {line_of(run) for run in runs}:
            raise InvalidInput("cost_line_unknown", found=line.line)


def _refuse_registered(tx: Transaction, lines: Sequence[CostLine]) -> None:
    """A vehicle of the register is written off by its plan alone, so that no month counts twice."""
    written_off = [line for line in lines if line.code == DEPRECIATION and line.fen > 0]
    if not written_off:
        return
    plans = [stored.plan for stored in depreciation_store.load_plans(tx)]
    reasons = [
        Finding(code="cost_by_register", severity=Severity.BLOCK, facts={"plate": line.plate})
        for line in written_off
        if plan_of(plans, line.plate, period_of(line.on)) is not None
    ]
    if reasons:
        raise Refused("cost_by_register", reasons, **reasons[0].facts)


def _numbered(lines: Iterable[CostLine]) -> Iterable[tuple[CostLine, int]]:
    seen: Counter[CostLine] = Counter()
    for line in lines:
        seen[line] += 1
        yield line, seen[line]


def _row_key(line: CostLine, n: int) -> str:
    """The same for the same line of a sheet; what a line may say since then counts where it says it."""
    parts = [line.on, line.code, line.fen, line.plate, line.run, line.note, line.document, line.is_estimate]
    later = (line.line, line.tax_fen, line.covers_from, line.covers_to)
    more = later if any(later) else ()
    return key_of("sheet", *parts, n, *more)
