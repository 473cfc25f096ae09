"""
Reconciliation of a period: registered × rode × paid, the 10 % goal, and the proofs that it adds up.

Reads only. The rows, statuses and the verdict are the finance core's; here the facts are
brought together and the invariants asked.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.domain.roster import Rider
from busops.domain.values import Clock, RiderId, RunId, school_date
from busops.finance import statement as statements
from busops.finance.invariants import (
    every_receipt_is_somewhere,
    files_agree,
    rows_hold_all,
)
from busops.finance.matching import ReceiptStatus
from busops.finance.reconcile import SETTLED, ReconRow, RowStatus, counted, status_counts
from busops.finance.refunds import Refund, RefundPolicy
from busops.finance.row_cases import CaseSheet
from busops.finance.rows import RowTerms, agreed_of, judged, needs_somebody, riders_of
from busops.finance.statement import (
    ReceiptRecord,
    Reconciliation,
    SourceFile,
    Statement,
    make_statement,
)
from busops.finance.tariff import weekend_of
from busops.services import book_proofs
from busops.services.counted_costs import costs_of_days
from busops.services.fee_plans import subsidies_fen
from busops.services.period_cases import PeriodCases, load_cases
from busops.services.ride_facts import weekend_end
from busops.sheets.reconciliation_book import rows_as_csv
from busops.storage import (
    account_store,
    cost_store,
    depreciation_store,
    money_sums,
    receipt_store,
    refund_store,
    register_store,
)
from busops.storage.database import Database, Transaction
from busops.storage.receipt_tables import not_matched, shown_with

# Bills reach a month back and come a month late: money of nobody shows with every weekend it may belong to.
AROUND: Final = timedelta(days=31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """
    What is on record of a period, as it was in one reading transaction.

    ``broken`` are the proofs that the database was asked; ``seen`` the lines in which a refund was seen to
    leave. What is not ``is_whole`` has only those receipts and riders that a page shows.
    """

    first: date
    last: date
    facts: PeriodCases
    receipts: tuple[ReceiptRecord, ...]
    files: tuple[SourceFile, ...]
    costs: tuple[cost_store.StoredCost, ...]
    purchases_fen: int
    subsidies_fen: int
    refunds: tuple[Refund, ...]
    policy: RefundPolicy
    riders: Mapping[RiderId, Rider]
    given_fen: int
    broken: tuple[Finding, ...]
    seen: frozenset[str]
    is_whole: bool


def reconcile(
    database: Database,
    *,
    clock: Clock,
    weekend_on: date | None = None,
    period_from: date | None = None,
    period_to: date | None = None,
    is_whole: bool = True,
) -> Reconciliation:
    """
    The period reconciled as the books stand now: a weekend (Friday to Thursday), days, or the whole term.

    Without ``is_whole`` it is for a page: receipts that are plainly matched are proved but not listed, and
    only the riders with a difference have their names.
    """
    with database.reading() as tx:
        first, last = _days(tx, weekend_on, period_from, period_to)
        books = load_books(tx, first, last, is_whole=is_whole)
        result = reconciled(books, today=school_date(clock.now()))
        if is_whole:
            return result
        odd = riders_of(result.statement.rows, needs_somebody)
        shown = register_store.load_some_riders(tx, odd)
    return replace(result, riders={rider.rider_id: rider for rider in shown})


def reconciled(books: Books, *, today: date) -> Reconciliation:
    """What these books say, every proof asked; runs after ``today`` are no reason for doubt."""
    facts = books.facts
    statement = _statement(books, today=today)
    findings = (
        *books.broken,
        *rows_hold_all(statement.rows, books.given_fen, books.refunds),
        *facts.broken,
        *files_agree(books.files),
        *facts.findings,
        *_open_matters(statement, books.seen),
    )
    return Reconciliation(
        statement=replace(statement, findings=findings),
        school=facts.school,
        riders=books.riders,
        stop_names={stop_id: stop.name for stop_id, stop in facts.stops.items()},
        lines=_lines(facts) if books.is_whole else {},
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


def load_books(tx: Transaction, first: date, last: date, *, is_whole: bool = True) -> Books:
    """Register, rosters, runs, charges, receipts and costs that a period rests on."""
    duplicates = receipt_store.duplicate_payments(tx)
    stored = refund_store.load_refunds(tx)
    refunds = [item.refund for item in stored]
    allowances = [item.allowance for item in account_store.load_allowances(tx)]
    seconds = frozenset((rider_id, unit_key) for rider_id, unit_key, _ in duplicates)
    facts = load_cases(tx, first, last, agreed_of(refunds, allowances, seconds=seconds))
    second = {receipt_id: key for _, key, receipt_id in duplicates}
    near = (first - AROUND, last + AROUND)
    wanted = shown_with(facts.unit_keys, *near) if is_whole else not_matched()
    receipts = tuple(
        receipt
        for receipt in receipt_store.load_receipts(tx, where=[wanted])
        if _belongs(receipt, facts.unit_keys, second, near)
    )
    everybody = register_store.load_riders(tx, include_retired=True) if is_whole else ()
    return Books(
        first=first,
        last=last,
        facts=facts,
        receipts=receipts,
        files=receipt_store.load_files(tx),
        costs=costs_of_days(tx, first, last),
        purchases_fen=depreciation_store.bought_fen(tx, first, last),
        subsidies_fen=subsidies_fen(tx, first, last),
        refunds=_refunds_of(facts.sheet, refunds),
        policy=refund_store.load_policy(tx),
        riders={rider.rider_id: rider for rider in everybody},
        given_fen=money_sums.given_fen(tx, facts.unit_keys),
        broken=(
            *every_receipt_is_somewhere(receipts),
            *(() if is_whole else book_proofs.of_receipts(tx, facts.unit_keys)),
            *book_proofs.of_books(tx, refunds, allowances),
        ),
        seen=frozenset(
            step.seen_receipt_id for item in stored for step in item.steps if step.seen_receipt_id is not None
        ),
        is_whole=is_whole,
    )


def _belongs(
    receipt: ReceiptRecord, inside: Set[str], second: Mapping[str, str], near: tuple[date, date]
) -> bool:
    """Given to a unit of the period; nobody's yet (whenever paid); else paid in the period or near it."""
    if receipt.shares:
        return any(share.unit_key in inside for share in receipt.shares)
    if receipt.receipt_id in second:
        return second[receipt.receipt_id] in inside
    if receipt.status in {ReceiptStatus.UNIDENTIFIED, ReceiptStatus.PARTIAL}:
        return True
    return near[0] <= receipt.line.paid_on <= near[1]


def _statement(books: Books, *, today: date) -> Statement:
    facts = books.facts
    terms = RowTerms(
        period_from=books.first,
        period_to=books.last,
        earned_to=today,
        term=facts.school.term,
        stop_bands=facts.stop_bands,
        policy=books.policy,
    )
    statement = make_statement(
        period=f"{books.first}/{books.last}",
        period_from=books.first,
        period_to=books.last,
        policy=facts.school.finance,
        rows=judged(facts.sheet, terms),
        receipts=books.receipts,
        costs=tuple(cost.line for cost in books.costs),
        purchases_fen=books.purchases_fen,
        sources=books.files,
        refunds=books.refunds,
        subsidies_fen=books.subsidies_fen,
        open_runs=tuple(run.run_id for run in facts.open_runs if run.on <= today),
    )
    return replace(statement, is_whole=books.is_whole)


def _refunds_of(sheet: CaseSheet, refunds: Iterable[Refund]) -> tuple[Refund, ...]:
    """The refunds of the units that money of the period was given to."""
    places = ((refund, sheet.place_of(refund.rider_id, refund.unit_key)) for refund in refunds)
    return tuple(refund for refund, place in places if place is not None and sheet.cases[place].allocations)


def _lines(facts: PeriodCases) -> dict[RiderId, str]:
    """The buses a rider took: plate and wave, in the order of the days."""
    sheet = facts.sheet
    taken: dict[RiderId, set[tuple[date, RunId]]] = defaultdict(set)
    for rider_id, case, runs in zip(sheet.riders, sheet.cases, sheet.runs, strict=True):
        taken[rider_id].update(
            (ride.on, run_id) for ride, run_id in zip(case.facts, runs, strict=True) if ride.boarded
        )
    return {
        rider_id: " ".join(dict.fromkeys(facts.plates[run_id] for _, run_id in sorted(rides)))
        for rider_id, rides in taken.items()
        if rides
    }


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
            rows = [(row, times) for row, times in counted(statement.rows) if row.status == status]
            facts = {
                "status": RowStatus(status),
                "count": count,
                "amount_fen": sum(row.difference_fen * times for row, times in rows),
                "riders": list(riders_of(statement.rows, partial(_has_status, status))),
            }
            yield Finding(code="rows_differ", severity=Severity.WARN, facts=facts)
    for doubt in statement.judgement.doubts:
        yield _warn(f"doubt_{doubt}", verdict=str(statement.judgement.verdict))


def _has_status(status: str, row: ReconRow) -> bool:
    return row.status == status


def _warn(code: str, **facts: Any) -> Finding:
    return Finding(code=code, severity=Severity.WARN, facts=facts)
