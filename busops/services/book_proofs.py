"""
The invariants I1, I3 and I6 asked of the whole books by sums in the database (domain §3.6).

The rules are ``finance/invariants.py``'s; here both sides of each are brought together, from different
tables. I3 and I6 rest on tables that only grow, so their outcome is kept for as long as those are as long
as they were: a page need not add up a term's postings again when nobody has booked anything.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from busops.domain.findings import Finding
from busops.domain.values import RiderId
from busops.finance.allowances import Allowance, allowed_of
from busops.finance.invariants import every_receipt_is_somewhere, is_somewhere, ledger_agrees, none_twice
from busops.finance.matching import ReceiptStatus
from busops.finance.refunds import Refund
from busops.storage import ledger_store, money_sums, receipt_store, receipt_tables
from busops.storage.database import Transaction

_lock = Lock()
_proved: WeakKeyDictionary[Any, dict[tuple[str, str], tuple[Any, tuple[Finding, ...]]]] = WeakKeyDictionary()


def of_receipts(tx: Transaction, unit_keys: Collection[str]) -> Iterator[Finding]:
    """I1 of the receipts that gave to these units: by kind, and one by one only where a kind is wrong."""
    for kind in money_sums.kinds_of_receipts(tx, unit_keys):
        status = ReceiptStatus(kind.status)
        if not is_somewhere(status, kind.amount_fen, kind.allocated_fen):
            of_kind = receipt_tables.of_kind(status, kind.amount_fen)
            wrong = receipt_store.load_receipts(tx, where=of_kind)
            yield from every_receipt_is_somewhere(
                receipt for receipt in wrong if receipt.allocated_fen == kind.allocated_fen
            )


def of_books(
    tx: Transaction, refunds: Iterable[Refund], allowances: Iterable[Allowance]
) -> tuple[Finding, ...]:
    """I3 and I6 over all time; what was agreed is given, it is little and has states of its own."""
    agreed, lengths = _agreed(refunds, allowances), money_sums.book_lengths(tx)
    of_riders = _kept(tx, "I3", (lengths, tuple(sorted(agreed.items()))), lambda: _of_riders(tx, agreed))
    of_lines = _kept(tx, "I6", lengths, lambda: none_twice(money_sums.lines_held_twice(tx)))
    return of_riders + of_lines


def _kept(
    tx: Transaction, proof: str, key: Any, prove: Callable[[], tuple[Finding, ...]]
) -> tuple[Finding, ...]:
    """The outcome of the proof, asked again only when its key is another."""
    engine = tx.session.get_bind().engine
    with _lock:
        known = _proved.setdefault(engine, {}).get((tx.school_id, proof))
    if known is not None and known[0] == key:
        return known[1]
    findings = prove()
    with _lock:
        _proved[engine][tx.school_id, proof] = (key, findings)
    return findings


def _of_riders(tx: Transaction, agreed: dict[RiderId, int]) -> tuple[Finding, ...]:
    """I3: charges less payments, with what was agreed, against the ledger's receivables."""
    owed: dict[RiderId, int] = defaultdict(int, money_sums.charged_by_rider(tx))
    for rider_id, fen in money_sums.given_by_rider(tx).items():
        owed[rider_id] -= fen
    for rider_id, fen in agreed.items():
        owed[rider_id] += fen
    return ledger_agrees(owed, ledger_store.owed_by_rider(tx))


def _agreed(refunds: Iterable[Refund], allowances: Iterable[Allowance]) -> dict[RiderId, int]:
    """What people agreed to beside charges and payments, by rider, fen."""
    found: dict[RiderId, int] = defaultdict(int)
    for refund in refunds:
        if refund.is_approved:  # what was paid beyond the charge is owed back, no more to the rider
            found[refund.rider_id] += refund.fen - refund.charge_fen
    for item in allowances:
        found[item.rider_id] -= allowed_of([item])
    return found
