"""
Reconciliation of a period: registered × rode × paid, the 10 % goal, and the proofs that it adds up.

Reads only. The rows, statuses and the verdict are the finance core's; here the facts are
brought together and the invariants asked.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.domain.values import Clock, Direction, RiderId, school_date
from busops.finance import statement as statements
from busops.finance.allowances import Allowance, allowed_of
from busops.finance.charging import Charge, RideFact, charges_due, unit_of
from busops.finance.invariants import (
    every_receipt_is_somewhere,
    files_agree,
    ledger_agrees,
    no_line_twice,
    rows_hold_every_allocation,
    runs_agree,
)
from busops.finance.matching import ReceiptStatus
from busops.finance.reconcile import SETTLED, RowStatus, status_counts
from busops.finance.refunds import Refund, RefundPolicy
from busops.finance.rows import Allocation, ReconSources, build_rows
from busops.finance.statement import (
    ReceiptRecord,
    Reconciliation,
    SourceFile,
    Statement,
    make_statement,
)
from busops.finance.tariff import span_of, weekend_of
from busops.services.counted_costs import costs_of_days
from busops.services.fee_plans import subsidies_fen
from busops.services.ride_facts import PeriodFacts, load_facts, weekend_end
from busops.sheets.reconciliation_book import rows_as_csv
from busops.storage import (
    account_store,
    charge_store,
    cost_store,
    depreciation_store,
    ledger_store,
    receipt_store,
    refund_store,
    register_store,
)
from busops.storage.charge_store import StoredCharge
from busops.storage.database import Database, Transaction
from busops.storage.refund_store import StoredRefund

# Bills reach a month back and come a month late: money of nobody shows with every weekend it may belong to.
AROUND: Final = timedelta(days=31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What is on record of a period, as it was in one reading transaction."""

    first: date
    last: date
    facts: PeriodFacts
    charges: tuple[StoredCharge, ...]
    allocations: tuple[Allocation, ...]
    all_allocations: tuple[Allocation, ...]
    receipts: tuple[ReceiptRecord, ...]
    duplicates: tuple[tuple[RiderId, str, str], ...]
    files: tuple[SourceFile, ...]
    costs: tuple[cost_store.StoredCost, ...]
    purchases_fen: int
    ledger: Mapping[RiderId, int]
    refunds: tuple[StoredRefund, ...]
    policy: RefundPolicy
    allowances: tuple[Allowance, ...]
    subsidies_fen: int = 0


def reconcile(
    database: Database,
    *,
    clock: Clock,
    weekend_on: date | None = None,
    period_from: date | None = None,
    period_to: date | None = None,
) -> Reconciliation:
    """
    The period reconciled as the books stand now: a weekend (Friday to Thursday), days, or the whole term.
    """
    with database.reading() as tx:
        first, last = _days(tx, weekend_on, period_from, period_to)
        books = load_books(tx, first, last)
    return reconciled(books, today=school_date(clock.now()))


def reconciled(books: Books, *, today: date) -> Reconciliation:
    """What these books say, every proof asked; runs after ``today`` are no reason for doubt."""
    facts = books.facts
    statement = _statement(books, today=today)
    findings = (
        *_broken_proofs(books, statement),
        *facts.findings,
        *charges_due(_without_price(facts), facts.payers, facts.rates, facts.school.term)[1],
        *_open_matters(statement, _seen(books)),
    )
    return Reconciliation(
        statement=replace(statement, findings=findings),
        school=facts.school,
        riders=facts.riders,
        stop_names={stop_id: stop.name for stop_id, stop in facts.stops.items()},
        lines=facts.lines,
    )


def document(result: Reconciliation) -> dict[str, Any]:
    """The reconciliation as ``reconciliation.json``."""
    return statements.document(result.statement)


def rows_csv(result: Reconciliation, *, locale: str = "zh") -> bytes:
    """The rows as CSV that every spreadsheet program opens."""
    return rows_as_csv(result, locale)


def _days(
    tx: Transaction, weekend_on: date | None, period_from: date | None, period_to: date | None
) -> tuple[date, date]:
    if weekend_on is not None:
        friday = weekend_of(weekend_on)
        return friday, weekend_end(friday)
    term = register_store.load_school(tx).term
    first, last = period_from or term.starts_on, period_to or term.ends_on
    if first > last:
        raise InvalidInput("period_backwards", from_on=first, to_on=last)
    return first, last


def load_books(tx: Transaction, first: date, last: date) -> Books:
    """Register, rosters, runs, charges, receipts and costs that a period rests on."""
    facts = load_facts(tx, from_on=first, to_on=last)
    allocations = receipt_store.load_allocations(tx)
    receipts = receipt_store.load_receipts(tx, given=allocations)
    duplicates = receipt_store.duplicate_payments(tx)
    keys = {item.unit_key for item in allocations} | {unit_key for _, unit_key, _ in duplicates}
    inside = {key for key in keys if _touches(key, first, last, facts)}
    second = {receipt_id: key for _, key, receipt_id in duplicates}
    shown = tuple(receipt for receipt in receipts if _belongs(receipt, inside, second, first, last))
    return Books(
        first=first,
        last=last,
        facts=facts,
        charges=charge_store.load_charges(tx),
        allocations=tuple(item for item in allocations if item.unit_key in inside),
        all_allocations=allocations,
        receipts=shown,
        duplicates=tuple(item for item in duplicates if item[1] in inside),
        files=receipt_store.load_files(tx),
        costs=costs_of_days(tx, first, last),
        purchases_fen=depreciation_store.bought_fen(tx, first, last),
        ledger=ledger_store.owed_by_rider(tx),
        refunds=refund_store.load_refunds(tx),
        policy=refund_store.load_policy(tx),
        allowances=tuple(item.allowance for item in account_store.load_allowances(tx)),
        subsidies_fen=subsidies_fen(tx, first, last),
    )


def _touches(unit_key: str, first: date, last: date, facts: PeriodFacts) -> bool:
    try:
        span = span_of(unit_key, facts.school.term)
    except InvalidInput:
        return False
    return span.from_on <= last and span.to_on >= first


def _is_of(charge: Charge, first: date, last: date, facts: PeriodFacts) -> bool:
    """Whether the unit of a charge touches these days; who owes a part of it owes it in all of its time."""
    if charge.price_fen is not None:
        return _touches(charge.unit_key, first, last, facts)
    return charge.from_on <= last and charge.to_on >= first


def _belongs(
    receipt: ReceiptRecord, inside: set[str], second: Mapping[str, str], first: date, last: date
) -> bool:
    """Given to a unit of the period; nobody's yet (whenever paid); else paid in the period or near it."""
    if receipt.shares:
        return any(share.unit_key in inside for share in receipt.shares)
    if receipt.receipt_id in second:
        return second[receipt.receipt_id] in inside
    if receipt.status in {ReceiptStatus.UNIDENTIFIED, ReceiptStatus.PARTIAL}:
        return True
    return first - AROUND <= receipt.line.paid_on <= last + AROUND


def sources_of(books: Books) -> ReconSources:
    """What the rows are made of."""
    facts, first, last = books.facts, books.first, books.last
    return ReconSources(
        period_from=first,
        period_to=last,
        term=facts.school.term,
        rates=facts.rates,
        payers=facts.payers,
        seats=facts.seats,
        facts=facts.facts,
        charges=tuple(
            item.charge
            for item in books.charges
            if item.charge.list_fen and _is_of(item.charge, first, last, facts)
        ),
        allocations=books.allocations,
        stop_bands=facts.stop_bands,
        cancelled=facts.cancelled,
        duplicates=frozenset((rider_id, unit_key) for rider_id, unit_key, _ in books.duplicates),
        refunds=_refunds_of(books),
        policy=books.policy,
        allowances=books.allowances,
    )


def _statement(books: Books, *, today: date) -> Statement:
    return make_statement(
        period=f"{books.first}/{books.last}",
        period_from=books.first,
        period_to=books.last,
        policy=books.facts.school.finance,
        rows=build_rows(replace(sources_of(books), earned_to=today)),
        receipts=books.receipts,
        costs=tuple(cost.line for cost in books.costs),
        purchases_fen=books.purchases_fen,
        sources=books.files,
        refunds=_refunds_of(books),
        subsidies_fen=books.subsidies_fen,
        open_runs=tuple(run.run_id for run in books.facts.open_runs if run.on <= today),
    )


def _without_price(facts: PeriodFacts) -> list[RideFact]:
    """The rides that nobody can be charged for; a band and day have one price, which is asked for once."""
    known: dict[tuple[str, int, date, Direction], bool] = {}
    found = []
    for fact in facts.charge_facts:
        payer = facts.payers.get((fact.rider_id, weekend_of(fact.on)))
        if payer is None:
            found.append(fact)
            continue
        what = (payer.band, payer.directions, fact.on, fact.direction)
        if what not in known:
            known[what] = unit_of(payer, facts.rates, fact.on, fact.direction, facts.school.term) is not None
        if not known[what]:
            found.append(fact)
    return found


def _broken_proofs(books: Books, statement: Statement) -> Iterable[Finding]:
    """I1 … I6; I7 is asked when the workbook is made and I8 of periods that are closed."""
    owed: dict[RiderId, int] = defaultdict(int)
    for item in books.charges:
        owed[item.charge.rider_id] += item.charge.due_fen
    for allocation in books.all_allocations:
        owed[allocation.rider_id] -= allocation.fen
    for stored in books.refunds:
        refund = stored.refund
        if refund.is_approved:  # what was paid beyond the charge is owed back, no more to the rider
            owed[refund.rider_id] += refund.fen - refund.charge_fen
    for agreed in books.allowances:
        owed[agreed.rider_id] -= allowed_of([agreed])
    counted: dict[Any, set[RiderId]] = defaultdict(set)
    for fact in books.facts.facts:
        if fact.boarded:
            counted[fact.run_id].add(fact.rider_id)
    boarded = {run_id: riders for run_id, riders in books.facts.boarded.items() if riders}
    yield from every_receipt_is_somewhere(books.receipts)
    yield from rows_hold_every_allocation(statement.rows, books.allocations, _refunds_of(books))
    yield from ledger_agrees(owed, books.ledger)
    yield from runs_agree({run_id: frozenset(riders) for run_id, riders in counted.items()}, boarded)
    yield from files_agree(books.files)
    yield from no_line_twice(books.receipts)


def _refunds_of(books: Books) -> tuple[Refund, ...]:
    """The refunds of the units that money of the period was given to."""
    inside = {(item.rider_id, item.unit_key) for item in books.allocations}
    found = (item.refund for item in books.refunds)
    return tuple(refund for refund in found if (refund.rider_id, refund.unit_key) in inside)


def _open_matters(statement: Statement, seen: frozenset[str]) -> Iterable[Finding]:
    """What is left for people, one finding a kind, with how many and how much."""
    if statement.open_runs:
        yield _warn("runs_open", count=len(statement.open_runs), runs=list(statement.open_runs))
    waiting = Counter(
        {receipt.receipt_id: statements.unidentified_fen(receipt) for receipt in statement.receipts}
    )
    nobody = [fen for fen in waiting.values() if fen]
    if nobody:
        yield _warn("receipts_unidentified", count=len(nobody), amount_fen=sum(nobody))
    unassigned = [
        receipt
        for receipt in statement.receipts
        if receipt.status is ReceiptStatus.REFUND_LINE
        and not receipt.shares
        and receipt.receipt_id not in seen
    ]
    if unassigned:
        amount_fen = sum(receipt.line.amount_fen for receipt in unassigned)
        yield _warn("refunds_unassigned", count=len(unassigned), amount_fen=amount_fen)
    for status, count in status_counts(statement.rows).items():
        if RowStatus(status) not in SETTLED:
            rows = [row for row in statement.rows if row.status == status]
            facts = {
                "status": RowStatus(status),
                "count": count,
                "amount_fen": sum(row.difference_fen for row in rows),
                "riders": [row.rider_id for row in rows],
            }
            yield Finding(code="rows_differ", severity=Severity.WARN, facts=facts)
    for doubt in statement.judgement.doubts:
        yield _warn(f"doubt_{doubt}", verdict=str(statement.judgement.verdict))


def _seen(books: Books) -> frozenset[str]:
    """The lines of bills in which a refund of ours was seen to leave."""
    steps = (step for item in books.refunds for step in item.steps)
    return frozenset(step.seen_receipt_id for step in steps if step.seen_receipt_id is not None)


def _warn(code: str, **facts: Any) -> Finding:
    return Finding(code=code, severity=Severity.WARN, facts=facts)
