"""
Receipts into the books: each payment into the bank or channel and out of nobody's yet.

A bill of the page has a transaction for each line. A bill of a million lines has one for each
day, account and direction of a batch, as a voucher sums up a day; its lines name that one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from busops.domain.findings import Finding
from busops.domain.values import Clock, Ids, school_date
from busops.finance.ledger import Account, LedgerTxn, TxnKind, moves, period_of
from busops.finance.matching import Channel, ReceiptLine
from busops.sheets.bills.values import BillKind, contradiction
from busops.storage import ledger_store, receipt_store
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
        (receipt.txn_id, receipt.line.row_key, receipt.line, receipt.line.amount_fen)
        for receipt in receipts
        if receipt.txn_id is not None
    ]
    _post(tx, groups, made_by, school_date(clock.now()))
    return receipts


def book_by_day(
    tx: Transaction, file_id: str, lines: Sequence[ReceiptLine], first: int, *, made_by: str, today: date
) -> None:
    """The lines of a batch stand and are booked by day, account and direction; ``first`` numbers them."""
    sums: dict[tuple[date, Channel, bool], int] = defaultdict(int)
    of: dict[tuple[date, Channel, bool], ReceiptLine] = {}
    keys = [(line.paid_on, line.channel, line.amount_fen > 0) for line in lines]
    for key, line in zip(keys, lines, strict=True):
        if line.amount_fen:  # a line of nothing has no transaction
            sums[key] += line.amount_fen
            of.setdefault(key, line)
    txn_ids = {key: f"{file_id}.{first}.{n}" for n, key in enumerate(sums)}
    _post(tx, [(txn_ids[key], txn_ids[key], of[key], fen) for key, fen in sums.items()], made_by, today)
    receipts = (
        NewReceipt(
            receipt_id=f"{file_id}.{n}",
            file_id=file_id,
            line=line,
            txn_id=txn_ids[key] if line.amount_fen else None,
        )
        for n, (key, line) in enumerate(zip(keys, lines, strict=True), start=first)
    )
    receipt_store.insert_receipts(tx, receipts)


def _post(
    tx: Transaction, groups: Sequence[tuple[str, str, ReceiptLine, int]], made_by: str, today: date
) -> None:
    """A transaction (its id, what it is for, a line of it, fen) for each group, in a period that is open."""
    months = {period_of(min(line.paid_on, today)) for _, _, line, _ in groups}
    periods = {month: ledger_store.open_period_from(tx, month, by=made_by) for month in months}
    ledger_store.post(
        tx,
        [
            LedgerTxn(
                txn_id=txn_id,
                kind=TxnKind.RECEIPT,
                period=periods[period_of(min(line.paid_on, today))],
                on=line.paid_on,
                source="receipt",
                row_key=row_key,
                made_by=made_by,
                postings=moves(_account(line.channel), Account.SUSPENSE, fen),
            )
            for txn_id, row_key, line, fen in groups
        ],
    )


def _account(channel: Channel) -> Account:
    return Account.CHANNEL if channel in {Channel.WECHAT, Channel.ALIPAY} else Account.BANK
