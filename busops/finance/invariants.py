"""
The invariants of a reconciliation (domain §3.6, I1 … I7): each gives findings, none when it holds.

They take what they compare from different places on purpose: a sum that is checked against
itself proves nothing.
"""

from collections.abc import Iterable, Mapping, Set
from typing import Any

from busops.domain.findings import Finding, Severity
from busops.domain.values import RiderId, RunId
from busops.finance.matching import ReceiptStatus
from busops.finance.reconcile import ReconRow, counted
from busops.finance.refunds import Refund
from busops.finance.rows import Allocation
from busops.finance.statement import ReceiptRecord, SourceFile, Statement


def every_receipt_is_somewhere(receipts: Iterable[ReceiptRecord]) -> tuple[Finding, ...]:
    """I1: each imported amount is allocated or has another status, all of it and only once."""
    findings = []
    for receipt in receipts:
        amount, allocated = receipt.line.amount_fen, receipt.allocated_fen
        if not is_somewhere(receipt.status, amount, allocated):
            place = f"{receipt.line.source}:{receipt.line.line}"
            findings.append(_broken("I1", place, amount_fen=amount, allocated_fen=allocated))
    return tuple(findings)


def is_somewhere(status: ReceiptStatus, amount_fen: int, allocated_fen: int) -> bool:
    """Whether a receipt of this status and amount may have given this much."""
    match status:
        case ReceiptStatus.MATCHED:
            return allocated_fen == amount_fen
        case ReceiptStatus.PARTIAL:
            return 0 < allocated_fen < amount_fen
        case ReceiptStatus.REFUND_LINE:
            return amount_fen < 0 and allocated_fen in {0, amount_fen}
        case _:
            return allocated_fen == 0


def rows_hold_every_allocation(
    rows: Iterable[ReconRow], allocations: Iterable[Allocation], refunds: Iterable[Refund] = ()
) -> tuple[Finding, ...]:
    """I2: what the rows call paid is the sum of the allocations, less the refunds that were paid."""
    return rows_hold_all(rows, sum(item.fen for item in allocations), refunds)


def rows_hold_all(
    rows: Iterable[ReconRow], given_fen: int, refunds: Iterable[Refund] = ()
) -> tuple[Finding, ...]:
    """I2 where the allocations were added up elsewhere."""
    given = given_fen - sum(item.fen for item in refunds if item.is_paid)
    return _same("I2", sum(row.facts.paid_fen * times for row, times in counted(rows)), given)


def ledger_agrees(owed: Mapping[RiderId, int], ledger: Mapping[RiderId, int]) -> tuple[Finding, ...]:
    """I3: for each rider due minus paid, over all time, is his balance in the ledger."""
    return tuple(
        _broken("I3", rider_id, owed_fen=owed.get(rider_id, 0), ledger_fen=ledger.get(rider_id, 0))
        for rider_id in sorted(owed.keys() | ledger.keys())
        if owed.get(rider_id, 0) != ledger.get(rider_id, 0)
    )


def runs_agree(
    gathered: Mapping[RunId, Set[RiderId]], closed: Mapping[RunId, Set[RiderId]]
) -> tuple[Finding, ...]:
    """I4: for each closed run the riders counted as boarded are those of its closure."""
    findings = []
    for run_id in sorted(gathered.keys() | closed.keys()):
        apart = gathered.get(run_id, frozenset()) ^ closed.get(run_id, frozenset())
        if apart:
            findings.append(_broken("I4", run_id, riders=sorted(apart)))
    return tuple(findings)


def files_agree(sources: Iterable[SourceFile]) -> tuple[Finding, ...]:
    """I5: the total a file states is the total of the lines read from it."""
    return tuple(
        _broken("I5", source.name, stated_fen=source.stated_total_fen, read_fen=source.total_fen)
        for source in sources
        if source.stated_total_fen is not None and source.stated_total_fen != source.total_fen
    )


def none_twice(times: Mapping[str, int]) -> tuple[Finding, ...]:
    """I6: no payment is held twice, whichever files show it; ``times`` = how often each key is on record."""
    return tuple(_broken("I6", row_key, times=count) for row_key, count in sorted(times.items()) if count > 1)


def totals_agree(statement: Statement, sheet: Mapping[str, int]) -> tuple[Finding, ...]:
    """I7: the totals that a sheet adds up from its own lines are the sums of the verdict."""
    sums = statement.sums
    expected = {
        "due": statement.charged_fen,
        "paid": sums.receipts_fen - sums.refunds_fen,
        "refunded": sums.refunds_fen,
        "waived": sums.waived_fen,
        "earned": sums.earned_fen,
        "unidentified": sums.unidentified_fen,
        "costs": sums.costs_fen,
    }
    return tuple(
        _broken("I7", name, sum_fen=fen, sheet_fen=sheet[name])
        for name, fen in expected.items()
        if name in sheet and sheet[name] != fen
    )


def _same(invariant: str, left_fen: int, right_fen: int) -> tuple[Finding, ...]:
    if left_fen == right_fen:
        return ()
    return (_broken(invariant, "", left_fen=left_fen, right_fen=right_fen),)


def _broken(invariant: str, place: str, **facts: Any) -> Finding:
    code = f"invariant_{invariant.lower()}"
    return Finding(code=code, severity=Severity.BLOCK, place=place, facts={"place": place, **facts})
