"""
The checklist of a month's close: every reason why it may not be signed yet, at once.

Pure: what was found in the books comes in as values. Who signs and where that is kept is the
services' and the database's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from busops.domain.findings import Finding, Severity
from busops.domain.people import Role
from busops.finance.reconcile import ReconRow
from busops.finance.statement import ReceiptRecord, Statement, unidentified_fen

AGED: Final = timedelta(days=30)
PREPARERS: Final = frozenset({Role.FINANCE})
CLOSERS: Final = frozenset({Role.FINANCE_LEAD})
SHOWN: Final = 10  # of the riders that a reason names


class CheckItem(StrEnum):
    """What must be so before a month is signed, in the order of the page."""

    PERIOD_OVER = "period_over"
    EARLIER_CLOSED = "earlier_closed"
    RUNS_CLOSED = "runs_closed"
    CHARGED = "charged"
    AGREED = "agreed"
    PRICES = "prices"
    DELIVERED = "delivered"
    POSTED = "posted"
    MONEY_AGED = "money_aged"
    DIFFERENCES = "differences"
    PROOFS = "proofs"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMatter:
    """One difference as it stands; what is said of it holds only while ``state`` does."""

    subject: str
    state: str
    kind: str
    fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseFacts:
    """What the checklist asks about; ``said`` are the matters (subject, state) that somebody settled."""

    period: str
    last_on: date
    today: date
    statement: Statement
    earlier_open: tuple[str, ...]
    uncharged: int
    undelivered: int
    unagreed: tuple[str, ...]
    prices_beyond: int
    unposted: int
    said: frozenset[tuple[str, str]]


def checklist(facts: CloseFacts) -> Mapping[CheckItem, tuple[Finding, ...]]:
    """Every item with its reasons; an item without one is met."""
    aged = undisposed(aged_money(facts.statement.receipts, facts.last_on, facts.today), facts.said)
    rows = undisposed(differences_of(facts.statement.rows), facts.said)
    proofs = [item for item in facts.statement.findings if item.severity is Severity.BLOCK]
    return {
        CheckItem.PERIOD_OVER: _if(facts.last_on >= facts.today, "period_not_over", period=facts.period),
        CheckItem.EARLIER_CLOSED: _if(
            bool(facts.earlier_open), "earlier_periods_open", periods=list(facts.earlier_open)
        ),
        CheckItem.RUNS_CLOSED: _if(
            bool(facts.statement.open_runs), "runs_open", count=len(facts.statement.open_runs)
        ),
        CheckItem.CHARGED: _if(facts.uncharged > 0, "charges_waiting", count=facts.uncharged),
        CheckItem.AGREED: _if(
            bool(facts.unagreed),
            "consents_missing",
            count=len(facts.unagreed),
            riders=list(facts.unagreed[:SHOWN]),
        ),
        CheckItem.PRICES: _if(facts.prices_beyond > 0, "prices_beyond_term", count=facts.prices_beyond),
        CheckItem.DELIVERED: _if(facts.undelivered > 0, "deliveries_waiting", count=facts.undelivered),
        CheckItem.POSTED: _if(facts.unposted > 0, "txns_unposted", count=facts.unposted),
        CheckItem.MONEY_AGED: _if(
            bool(aged), "money_aged", count=len(aged), amount_fen=sum(item.fen for item in aged)
        ),
        CheckItem.DIFFERENCES: _if(bool(rows), "differences_undisposed", count=len(rows)),
        CheckItem.PROOFS: tuple(proofs),
    }


def reasons_not_to_close(facts: CloseFacts) -> tuple[Finding, ...]:
    """All reasons of the checklist, in its order; none = the month may be signed."""
    return tuple(reason for reasons in checklist(facts).values() for reason in reasons)


def differences_of(rows: Iterable[ReconRow]) -> tuple[OpenMatter, ...]:
    """Each row that needs somebody, as it stands."""
    return tuple(
        OpenMatter(
            subject=f"row {row.rider_id} {row.unit_key}",
            state=f"{row.status} {row.difference_fen}",
            kind=str(row.status),
            fen=row.difference_fen,
        )
        for row in rows
        if row.needs_somebody
    )


def aged_money(receipts: Iterable[ReceiptRecord], last_on: date, today: date) -> tuple[OpenMatter, ...]:
    """Each receipt up to the month's end that nobody has claimed for more than 30 days."""
    return tuple(
        OpenMatter(
            subject=f"receipt {receipt.receipt_id}",
            state=f"{receipt.status} {unidentified_fen(receipt)}",
            kind=str(receipt.status),
            fen=unidentified_fen(receipt),
        )
        for receipt in receipts
        if unidentified_fen(receipt)
        and receipt.line.paid_on <= last_on
        and today - receipt.line.paid_on > AGED
    )


def undisposed(matters: Iterable[OpenMatter], said: frozenset[tuple[str, str]]) -> tuple[OpenMatter, ...]:
    """Those of which nobody has said yet, as they stand now, what becomes of them."""
    return tuple(item for item in matters if (item.subject, item.state) not in said)


def _if(is_so: bool, code: str, **facts: object) -> tuple[Finding, ...]:
    return (Finding(code=code, severity=Severity.BLOCK, facts=facts),) if is_so else ()
