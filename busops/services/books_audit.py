"""
The books checked from the ground up: balances made again out of the postings, and compared.

What pages and proofs read are sums that the database makes; here every posted transaction is read and
added up again, asked whether it may stand, and whether closed months still say what was signed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.domain.values import RiderId
from busops.finance.ledger import Account, LedgerTxn, balances, checked, receivable_by_rider, reversal
from busops.services import deliveries, periods
from busops.storage import account_store, ledger_store
from busops.storage.account_store import FareReceipt
from busops.storage.database import Database, Transaction

Sums: TypeAlias = Mapping[Account, int] | Mapping[RiderId, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksVerdict:
    """How many transactions were read, and what does not hold; empty = the books are as they are shown."""

    txns: int
    findings: tuple[Finding, ...]


def verify_books(database: Database) -> BooksVerdict:
    """Every transaction read again, balances and riders' accounts made anew and compared with those shown."""
    with database.reading() as tx:
        txns = ledger_store.load_all(tx)
        shown = ledger_store.account_balances(tx)
        owed = ledger_store.owed_by_rider(tx)
        receipts = account_store.load_receipts(tx)
        delivered = deliveries.load_delivered(tx, _last_month(tx))
        prepaid = {Account.PREPAID: -deliveries.prepaid_fen(tx)}
    postings = [posting for txn in txns for posting in txn.postings]
    own = receivable_by_rider(postings)
    findings = (
        *_unsound(txns),
        *_apart("balance_differs", balances(postings), shown),
        *_apart("rider_balance_differs", own, owed),
        *_apart("prepaid_differs", prepaid, {Account.PREPAID: shown.get(Account.PREPAID, 0)}),
        *(_broken("delivery_differs", key, right_fen=fen or 0) for key, fen in delivered.waiting),
        *_gaps(receipts),
        *periods.check_closed(database),
    )
    return BooksVerdict(txns=len(txns), findings=findings)


def _last_month(tx: Transaction) -> date:
    """The last month whose deliveries were booked; of later ones nothing can be wrong yet."""
    standing = ledger_store.load_standing(tx, deliveries.SOURCE, Account.PREPAID)
    months = [item.row_key.split()[-2] for item in standing if not item.is_reversed]
    return date.fromisoformat(f"{max(months)}-01") if months else date.min


def _unsound(txns: Iterable[LedgerTxn]) -> Iterable[Finding]:
    """Transactions that may not stand: unbalanced, by one person, or reversals that undo nothing."""
    txns = tuple(txns)
    known = {txn.txn_id: txn for txn in txns}
    for txn in txns:
        try:
            checked(txn)
        except InvalidInput as fault:
            yield _broken("txn_unsound", txn.txn_id, reason=fault.code)
        undone = known.get(txn.reverses or "")
        if txn.reverses is not None and not _undoes(txn, undone):
            yield _broken("txn_unsound", txn.txn_id, reason="no_reversal")


def _undoes(txn: LedgerTxn, undone: LedgerTxn | None) -> bool:
    if undone is None or undone.reverses is not None:
        return False
    own = reversal(undone, txn_id=txn.txn_id, period=txn.period, on=txn.on, made_by=txn.made_by)
    return sorted(map(repr, own.postings)) == sorted(map(repr, txn.postings)) and own.adjusts == txn.adjusts


def _apart(code: str, made: Sums, shown: Sums) -> Iterable[Finding]:
    own = {str(name): fen for name, fen in made.items() if fen}
    told = {str(name): fen for name, fen in shown.items() if fen}
    for name in sorted(own.keys() | told.keys()):
        if own.get(name, 0) != told.get(name, 0):
            yield _broken(code, name, made_fen=own.get(name, 0), shown_fen=told.get(name, 0))


def _gaps(receipts: tuple[FareReceipt, ...]) -> Iterable[Finding]:
    for expected, receipt in enumerate(receipts, start=1):
        if receipt.number != expected:
            yield _broken("receipt_gap", str(expected))
            return


def _broken(code: str, place: str, **facts: object) -> Finding:
    return Finding(code=code, severity=Severity.BLOCK, place=place, facts=facts)
