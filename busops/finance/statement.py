"""
The reconciliation of a period as one value: rows, receipts, costs, sums and the verdict.

Everything that is shown, exported or checked is read from here, so that page, workbook and
file cannot differ.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from busops.domain.findings import Finding
from busops.domain.roster import Rider
from busops.domain.school import FinancePolicy, School
from busops.domain.values import RiderId, StopId
from busops.finance.costs import CostLine, CostSums, cost_sums
from busops.finance.matching import ReceiptLine, ReceiptStatus, Share
from busops.finance.net_revenue import NetRevenue, PeriodSums, judge
from busops.finance.reconcile import ReconRow, counted, status_counts
from busops.finance.refunds import Refund


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRecord:
    """A stored line of a bill and what became of it."""

    receipt_id: str
    line: ReceiptLine
    status: ReceiptStatus
    tier: str = ""
    rider_id: RiderId | None = None
    shares: tuple[Share, ...] = ()
    note: str = ""
    is_by_hand: bool = False  # a person decided: nothing matches it by itself any more

    @property
    def allocated_fen(self) -> int:
        """How much of it was given to riders' units."""
        return sum(share.fen for share in self.shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file that was imported: what it was, how many rows and how much it says it has."""

    file_id: str
    name: str
    sha256: str
    channel: str
    rows: int
    total_fen: int
    stated_total_fen: int | None
    rejected: int
    imported_by: str
    imported_at: str
    reader: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """
    A reconciled period; ``is_whole`` = with every receipt that belongs to it.

    For a page only those receipts are read that are not plainly matched: nothing of it is signed or kept.
    """

    period: str
    period_from: date
    period_to: date
    policy: FinancePolicy
    rows: Sequence[ReconRow]
    receipts: tuple[ReceiptRecord, ...]
    costs: tuple[CostLine, ...]
    cost_sums: CostSums
    sums: PeriodSums
    charged_fen: int
    judgement: NetRevenue
    sources: tuple[SourceFile, ...] = ()
    refunds: tuple[Refund, ...] = ()
    findings: tuple[Finding, ...] = ()
    open_runs: tuple[str, ...] = ()
    purchases_fen: int = 0  # vehicles bought in the period: a memo, in no basis
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """A reconciled period with the names that people know things by; ``lines`` = the buses a rider took."""

    statement: Statement
    school: School
    riders: Mapping[RiderId, Rider]
    stop_names: Mapping[StopId, str]
    lines: Mapping[RiderId, str]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a person must see: broken proofs first, then what is open, by kind."""
        return self.statement.findings


def make_statement(
    *,
    period: str,
    period_from: date,
    period_to: date,
    policy: FinancePolicy,
    rows: Sequence[ReconRow],
    receipts: tuple[ReceiptRecord, ...],
    costs: tuple[CostLine, ...],
    sources: tuple[SourceFile, ...] = (),
    refunds: tuple[Refund, ...] = (),
    subsidies_fen: int = 0,
    open_runs: tuple[str, ...] = (),
    purchases_fen: int = 0,
) -> Statement:
    """The statement of a period: sums taken from the rows and lines, and the verdict they lead to."""
    totals, kinds = cost_sums(costs), tuple(counted(rows))
    sums = PeriodSums(
        earned_fen=sum(row.earned_fen * times for row, times in kinds),
        receipts_fen=sum(row.received_fen * times for row, times in kinds),
        refunds_fen=sum(row.refunded_fen * times for row, times in kinds),
        unidentified_fen=sum(unidentified_fen(receipt) for receipt in receipts),
        costs_fen=totals.counted_fen,
        cash_costs_fen=totals.cash_fen,
        estimated_fen=totals.estimated_fen,
        estimated_cash_fen=totals.estimated_cash_fen,
        waived_fen=sum(row.waived_fen * times for row, times in kinds),
        subsidies_fen=subsidies_fen,
        open_runs=len(open_runs),
    )
    return Statement(
        period=period,
        period_from=period_from,
        period_to=period_to,
        policy=policy,
        rows=rows,
        receipts=receipts,
        costs=costs,
        cost_sums=totals,
        sums=sums,
        charged_fen=sum(row.facts.due_fen * times for row, times in kinds),
        judgement=judge(sums, policy),
        sources=sources,
        refunds=refunds,
        open_runs=open_runs,
        purchases_fen=purchases_fen,
    )


def unidentified_fen(receipt: ReceiptRecord) -> int:
    """How much of a receipt nobody has claimed yet."""
    if receipt.status in {ReceiptStatus.UNIDENTIFIED, ReceiptStatus.PARTIAL}:
        return receipt.line.amount_fen - receipt.allocated_fen
    return 0


def document(statement: Statement) -> dict[str, Any]:
    """The statement as ``reconciliation.json`` (files.md §3): plain values, the same bytes each time."""
    if not statement.is_whole:
        raise AssertionError("a statement without its receipts is for a page, not for the record")
    sums, official = statement.sums, statement.judgement.official
    return {
        "period": statement.period,
        "basis": str(official.basis),
        "verdict": str(statement.judgement.verdict),
        "sums_fen": {
            "charged": statement.charged_fen,
            "receipts": sums.receipts_fen,
            "refunds": sums.refunds_fen,
            "unidentified": sums.unidentified_fen,
            "earned": sums.earned_fen,
            "costs": official.costs_fen if official.basis != "CASH_GROSS" else sums.cash_costs_fen,
            "base": official.base_fen,
            "net": official.net_fen,
            # A memo (N+S), only where there is one: months signed before it was kept stay as signed.
            **({"subsidies": sums.subsidies_fen} if sums.subsidies_fen else {}),
        },
        "bases": {
            str(result.basis): {"base": result.base_fen, "net": result.net_fen, "met": result.is_met}
            for result in statement.judgement.bases
        },
        "rows": [_row_document(row) for row in statement.rows],
        "receipts": [_receipt_document(receipt) for receipt in statement.receipts],
        "status_counts": status_counts(statement.rows),
    }


def text_of(statement: Statement) -> str:
    """The document as the one text that is signed and kept when the period is closed (I8)."""
    return json.dumps(document(statement), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(statement: Statement) -> str:
    """SHA-256 of the text: the same period reconciled again must give the same."""
    return hashlib.sha256(text_of(statement).encode()).hexdigest()


def receipt_totals(receipts: Iterable[ReceiptRecord]) -> dict[str, int]:
    """The amounts of the lines by status, fen."""
    totals: dict[str, int] = {}
    for receipt in receipts:
        totals[str(receipt.status)] = totals.get(str(receipt.status), 0) + receipt.line.amount_fen
    return dict(sorted(totals.items()))


def _row_document(row: ReconRow) -> dict[str, Any]:
    return {
        "rider_id": row.rider_id,
        "unit": row.unit_key,
        "due_fen": row.facts.due_fen,
        "paid_fen": row.facts.paid_fen,
        "registered": row.facts.registered,
        "rides": row.facts.rides,
        "leave": row.facts.on_leave,
        "status": str(row.status),
        "flags": sorted(str(flag) for flag in row.flags),
    }


def _receipt_document(receipt: ReceiptRecord) -> dict[str, Any]:
    return {
        "source": receipt.line.source,
        "line": receipt.line.line,
        "amount_fen": receipt.line.amount_fen,
        "status": str(receipt.status),
        "rider_id": receipt.rider_id,
        "tier": receipt.tier or None,
    }
