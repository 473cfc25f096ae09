"""
Receipts into the books: each payment into the bank or channel and out of nobody's yet.

A bill of the page has a transaction for each line. A bill of a million lines has one for each
day and direction, as a voucher sums up a day.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from busops.domain.findings import Finding
from busops.domain.values import Clock, Ids, school_date
from busops.finance.ledger import Account, LedgerTxn, TxnKind, moves, period_of
from busops.finance.matching import Channel, ReceiptLine
from busops.sheets.bills.values import BillKind, contradiction
from busops.storage import ledger_store
from busops.storage.database import Transaction
from busops.storage.receipt_store import NewReceipt

READER_VERSION: Final = 1


def reader_of(kind: BillKind) -> str:
    """Which reader read a bill, for the record of its import."""
    return f"{kind.lower().replace('_', '-')}-{READER_VERSION}"


def changed_lines(lines: Iterable[ReceiptLine], known: Mapping[str, int]) -> Iterator[Finding]:
    """A blocking finding for each line that is on record with another amount."""
    for line in lines:
        before_fen = known.get(line.row_key, line.amount_fen)
        if before_fen != line.amount_fen:
            yield contradiction(line, before_fen)


def book_each(
    tx: Transaction, file_id: str, lines: Iterable[ReceiptLine], *, made_by: str, clock: Clock, ids: Ids
) -> list[NewReceipt]:
    """Each line has its transaction (a line of nothing has none); the receipts are still to be stored."""
    receipts = [
        NewReceipt(
            receipt_id=ids.new(), file_id=file_id, line=line, txn_id=ids.new() if line.amount_fen else None
        )
        for line in lines
    ]
    groups = [
        _Group(receipt.txn_id, receipt.line.row_key, receipt.line.paid_on, receipt.line.channel, fen)
        for receipt in receipts
        if receipt.txn_id is not None and (fen := receipt.line.amount_fen)
    ]
    _post(tx, groups, made_by, school_date(clock.now()))
    return receipts


def book_days(
    tx: Transaction,
    file_id: str,
    sums: Mapping[tuple[date, bool], int],
    channel: Channel,
    *,
    made_by: str,
    today: date,
) -> None:
    """
    The lines of a long bill are booked by day and direction (``True`` = money came in), fen as signed.

    Each transaction is named after the file, the day and the direction: by that a line finds its own.
    """
    names = {key: f"{file_id}.{key[0].isoformat()}.{'in' if key[1] else 'back'}" for key in sums}
    groups = [
        _Group(names[key], names[key], key[0], channel, fen) for key, fen in sorted(sums.items()) if fen
    ]
    _post(tx, groups, made_by, today)


@dataclass(frozen=True, slots=True)
class _Group:
    """What one transaction is for: its id and key, day and channel, and the sum in fen."""

    txn_id: str
    row_key: str
    paid_on: date
    channel: Channel
    fen: int


def _post(tx: Transaction, groups: Sequence[_Group], made_by: str, today: date) -> None:
    """A transaction for each group, in a period that is open."""
    months = {period_of(min(group.paid_on, today)) for group in groups}
    periods = {month: ledger_store.open_period_from(tx, month, by=made_by) for month in months}
    ledger_store.post(
        tx,
        [
            LedgerTxn(
                txn_id=group.txn_id,
                kind=TxnKind.RECEIPT,
                period=periods[period_of(min(group.paid_on, today))],
                on=group.paid_on,
                source="receipt",
                row_key=group.row_key,
                made_by=made_by,
                postings=moves(_account(group.channel), Account.SUSPENSE, group.fen),
            )
            for group in groups
        ],
    )


def _account(channel: Channel) -> Account:
    return Account.CHANNEL if channel in {Channel.WECHAT, Channel.ALIPAY} else Account.BANK
