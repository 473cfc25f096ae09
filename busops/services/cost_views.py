"""
A cost as its page shows it: how it falls on the lines of the term, its postings, papers and history.

The shares are those of the line results: the same runs, costs and rule (``finance/cost_shares.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from busops.domain.school import Term
from busops.domain.values import Clock, school_date
from busops.finance.cost_shares import CostShare, LineRun, RunBook, by_line, share_of
from busops.finance.costs import OVERHEAD, CostLine
from busops.finance.ledger import LedgerTxn
from busops.finance.line_results import fares_by_line
from busops.services import reconciliation
from busops.services.counted_costs import counted_line, runs_of_days
from busops.services.line_money import counted_costs, fares_of, load_driven, runs_of
from busops.storage import (
    cost_document_store,
    cost_proposal_store,
    cost_store,
    fleet_store,
    ledger_store,
    other_use_store,
    people_store,
    register_store,
)
from busops.storage.cost_document_store import CostDocument
from busops.storage.cost_proposal_store import CostProposal
from busops.storage.cost_store import StoredCost
from busops.storage.database import Database, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """How a cost falls in the term: what counts of it, on which lines and runs, fen."""

    term: Term
    line: CostLine
    share: CostShare
    by_line: Mapping[str, int]
    runs: Mapping[str, LineRun]

    @property
    def has_own(self) -> bool:
        """Whether the vehicle that it names drove any of the runs that bear it."""
        return any(self.runs[run_id].plate == self.line.plate for run_id in self.share.by_run)

    def runs_on(self, line: str) -> int:
        """How many runs of a line bear it."""
        return sum(self.runs[run_id].line == line for run_id in self.share.by_run)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostView:
    """
    A cost with everything that hangs on it; ``proposal`` where it took, or awaits, a second person.

    ``entered`` is what was typed; ``cost`` is None while it waits, or when it was refused.
    """

    entered: CostLine
    cost: StoredCost | None
    proposal: CostProposal | None
    fall: Fall | None
    txn: LedgerTxn | None
    documents: tuple[CostDocument, ...]
    undone_by: str | None
    replaced_by: str | None
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """A cost as the list shows it: its month in the books, papers, and whether it was undone."""

    cost: StoredCost
    period: str
    papers: int
    is_undone: bool

    @property
    def is_open_estimate(self) -> bool:
        """An estimate whose bill has not come."""
        return self.cost.line.is_estimate and not self.is_undone and self.cost.reverses is None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostForm:
    """What an entry may name: the vehicles, and the lines that ran in the term."""

    plates: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CostOfLine:
    """What one cost lays on one line on the official basis, fen."""

    cost: StoredCost
    fen: int


def cost_rows(database: Database) -> tuple[CostRow, ...]:
    """Every cost in the books."""
    with database.reading() as tx:
        costs = cost_store.load_costs(tx)
        periods, papers = cost_store.periods_of(tx), cost_document_store.count_documents(tx)
    undone = {cost.reverses for cost in costs}
    return tuple(
        CostRow(
            cost=cost,
            period=periods[cost.cost_id],
            papers=papers.get(cost.cost_id, 0),
            is_undone=cost.cost_id in undone,
        )
        for cost in costs
    )


def cost_form(database: Database) -> CostForm:
    """What the entry of a cost offers."""
    with database.reading() as tx:
        term = register_store.load_school(tx).term
        runs = runs_of_days(tx, term.starts_on, term.ends_on)
        plates = tuple(sorted(str(vehicle.plate) for vehicle in fleet_store.load_vehicles(tx)))
    return CostForm(plates=plates, lines=tuple(sorted({run.line for run in runs})))


def cost_view(database: Database, cost_id: str, *, clock: Clock) -> CostView:
    """Everything about one cost, booked or waiting; raises NotFound."""
    with database.reading() as tx:
        proposals = {item.cost_id: item for item in cost_proposal_store.load_proposals(tx)}
        proposal = proposals.get(cost_id)
        costs = {cost.cost_id: cost for cost in cost_store.load_costs(tx)}
        cost = costs.get(cost_id) or (None if proposal else cost_store.load_cost(tx, cost_id))
        entered = cost.line if cost else proposal.line if proposal else None
        assert entered is not None  # noqa: S101 - load_cost has raised
        return CostView(
            entered=entered,
            cost=cost,
            proposal=proposal,
            fall=_fall(tx, entered, clock),
            txn=ledger_store.load_txn(tx, cost.txn_id) if cost else None,
            documents=cost_document_store.documents_of(tx, cost_id),
            undone_by=next((one.cost_id for one in costs.values() if one.reverses == cost_id), None),
            replaced_by=next((one.cost_id for one in costs.values() if one.replaces == cost_id), None),
            names={person.user_id: person.name for person in people_store.load_people(tx)},
        )


def preview(database: Database, line: CostLine, *, clock: Clock) -> Fall | None:
    """How a cost would fall that is not entered yet; None for what never counts."""
    with database.reading() as tx:
        return _fall(tx, line, clock)


def costs_of_line(database: Database, line: str, *, clock: Clock) -> tuple[CostOfLine, ...]:
    """Every cost of the term that lays something on this line; together what the verdict's page says."""
    today = school_date(clock.now())
    with database.reading() as tx:
        term = register_store.load_school(tx).term
        books = reconciliation.load_books(tx, term.starts_on, term.ends_on, is_whole=False)
        driven = load_driven(tx, books, today=today)
    result = reconciliation.reconciled(books, today=today)
    runs = RunBook(runs_of(books, driven))
    fares, _ = fares_of(books, driven, result.statement.rows)
    earned, _ = fares_by_line(fares, {run.line for run in runs.all})
    basis = books.facts.school.finance.basis
    found = []
    for cost in books.costs:
        for counted in counted_costs([cost.line], basis):
            fen = by_line(share_of(counted, runs, earned=earned), runs).get(line, 0)
            if fen:
                found.append(CostOfLine(cost=replace(cost, line=counted), fen=fen))
    return tuple(found)


def _fall(tx: Transaction, line: CostLine, clock: Clock) -> Fall | None:
    """On accrual, as the term stands today."""
    if line.code == OVERHEAD:
        return None
    term, today = register_store.load_school(tx).term, school_date(clock.now())
    first, last = term.starts_on, term.ends_on
    runs = RunBook(run for run in runs_of_days(tx, first, last) if run.on <= today)
    if line.covers_from is None and not first <= line.on <= last:
        counted = replace(line, fen=0)
    else:
        others = other_use_store.load_uses(tx, first, last)
        counted = counted_line(line, first, last, runs, others)
    share = share_of(counted, runs, earned=_earned(tx, first, last, today) if line.code == "C14" else None)
    return Fall(term=term, line=counted, share=share, by_line=by_line(share, runs), runs=runs.by_id)


def _earned(tx: Transaction, first: date, last: date, today: date) -> dict[str, int]:
    books = reconciliation.load_books(tx, first, last, is_whole=False)
    driven = load_driven(tx, books, today=today)
    rows = reconciliation.reconciled(books, today=today).statement.rows
    fares, _ = fares_of(books, driven, rows)
    return fares_by_line(fares, {driven.line_of(run) for run in driven.runs})[0]
