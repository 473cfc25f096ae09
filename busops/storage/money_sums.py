"""
Charges and payments in bulk, as bare rows and sums: what a reconciliation is made of and proved by.

Single charges and receipts as values are ``charge_store``'s and ``receipt_store``'s. Everything here is
read in one statement, whatever the size of the school. What asks for allocations meets no bill that is
still coming in: nothing is given of a line before its bill is whole.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select, text

from busops.domain.values import RiderId
from busops.finance.tariff import FareUnit
from busops.storage.charge_store import ChargeRow, superseded
from busops.storage.database import Transaction
from busops.storage.ledger_store import LedgerTxnRow, PostingRow
from busops.storage.receipt_tables import AllocationRow, ReceiptFileRow, ReceiptRow, stands
from busops.storage.upsert import bare_rows, table_of

_CHARGE: Final = table_of(ChargeRow)
_ALLOCATION: Final = table_of(AllocationRow)
_RECEIPT: Final = table_of(ReceiptRow)
_FILE: Final = table_of(ReceiptFileRow)
_POSTING: Final = table_of(PostingRow)
_TXN: Final = table_of(LedgerTxnRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptKind:
    """Receipts of one status, amount and sum given away, fen, and how many there are."""

    status: str
    amount_fen: int
    allocated_fen: int
    receipts: int


def load_dues(
    tx: Transaction,
    units: Collection[FareUnit],
    *,
    begins: tuple[date, date],
    until: date,
    parts_of: Collection[str] = (),
) -> Sequence[Any]:
    """
    Rider, unit's key, unit, first and last day, band, list and waived fen of the charges that stand.

    Of these units, those of some amount that begin in the days named and go on to ``until`` at least; and
    those that are a part of a whole price, of the units whose keys are ``parts_of``.
    """
    charge = _CHARGE.c
    when = charge.from_on.between(*begins) & (charge.to_on >= until)
    if parts_of:
        when |= charge.price_fen.is_not(None) & charge.unit_key.in_(sorted(parts_of))
    query = select(
        charge.rider_id,
        charge.unit_key,
        charge.unit,
        charge.from_on,
        charge.to_on,
        charge.band,
        charge.list_fen,
        charge.waived_fen,
    ).where(
        charge.school_id == tx.school_id,
        charge.unit.in_([str(unit) for unit in units]),
        when,
        charge.list_fen != 0,
        ~superseded(),
    )
    return bare_rows(tx, query)


def load_given(tx: Transaction, unit_keys: Collection[str]) -> Sequence[Any]:
    """Rider, unit, fen, tier, flags, channel, day, receipt and reference of what stands of these units."""
    item, receipt = _ALLOCATION.c, _RECEIPT.c
    query = (
        select(
            item.rider_id,
            item.unit_key,
            item.fen,
            item.tier,
            item.flags,
            receipt.channel,
            receipt.paid_on,
            item.receipt_id,
            receipt.reference,
        )
        # Every allocation has its receipt; an outer join keeps SQLite from beginning with all receipts.
        .join(_RECEIPT, _of_receipt(), isouter=True)
        .where(item.school_id == tx.school_id, item.unit_key.in_(sorted(unit_keys)), stands())
    )
    return bare_rows(tx, query)


def given_fen(tx: Transaction, unit_keys: Collection[str]) -> int:
    """What stands of all that was given to these units, fen."""
    item = _ALLOCATION.c
    query = select(func.coalesce(func.sum(item.fen), 0)).where(
        item.school_id == tx.school_id, item.unit_key.in_(sorted(unit_keys)), stands()
    )
    return int(tx.session.execute(query).scalar_one())


def kinds_of_receipts(tx: Transaction, unit_keys: Collection[str]) -> tuple[ReceiptKind, ...]:
    """The receipts that something of these units was given from, by status, amount and all they gave."""
    receipt, item, share = _RECEIPT.c, _ALLOCATION.alias("item"), _ALLOCATION.c
    given = (
        select(func.coalesce(func.sum(share.fen), 0))
        .where(share.school_id == receipt.school_id, share.receipt_id == receipt.receipt_id, stands())
        .scalar_subquery()
    )
    inside = (
        select(item.c.receipt_id)
        .where(item.c.school_id == tx.school_id, item.c.unit_key.in_(sorted(unit_keys)))
        .distinct()
        .subquery()
    )
    each = (
        select(receipt.status, receipt.amount_fen, given.label("given"))
        .select_from(inside.join(_RECEIPT, receipt.receipt_id == inside.c.receipt_id))
        .where(receipt.school_id == tx.school_id)
        .subquery()
    )
    query = select(each, func.count().label("receipts")).group_by(*each.c)
    return tuple(
        ReceiptKind(
            status=row.status,
            amount_fen=row.amount_fen,
            allocated_fen=int(row.given),
            receipts=row.receipts,
        )
        for row in tx.session.execute(query)
    )


def charged_by_rider(tx: Transaction) -> dict[RiderId, int]:
    """What the charges that stand come to, after their waivers, by rider, fen."""
    charge = _CHARGE.c
    query = select(charge.rider_id, func.sum(charge.list_fen - charge.waived_fen)).where(
        charge.school_id == tx.school_id, ~superseded()
    )
    return _by_rider(tx, query.group_by(charge.rider_id))


def given_by_rider(tx: Transaction) -> dict[RiderId, int]:
    """What stands of all that was given to each rider's units, fen."""
    item = _ALLOCATION.c
    query = select(item.rider_id, func.sum(item.fen)).where(item.school_id == tx.school_id, stands())
    return _by_rider(tx, query.group_by(item.rider_id))


def lines_held_twice(tx: Transaction) -> dict[str, int]:
    """
    The keys of lines that are held more than once, and how often.

    The one sum that sees a bill still coming in: each of its lines must be nobody else's from the start.
    """
    receipt = _RECEIPT.c
    query = select(receipt.row_key, func.count()).where(receipt.school_id == tx.school_id)
    rows = tx.session.execute(query.group_by(receipt.row_key).having(func.count() > 1))
    return {str(row.row_key): int(row[1]) for row in rows}


def book_lengths(tx: Transaction) -> tuple[int, ...]:
    """
    How many charges, allocations, receipts, postings, transactions and whole bills there are, and how many
    transactions are not posted.

    These tables only grow (the guards refuse a change or a removal), so equal lengths are the same rows.
    Lines of a bill that is not whole may go again: what comes in their place is told by its whole bill.
    """
    tables = (_CHARGE, _ALLOCATION, _RECEIPT, _POSTING, _TXN)
    counts = [
        select(func.count()).select_from(table).where(table.c.school_id == tx.school_id).scalar_subquery()
        for table in tables
    ]
    unposted = (
        select(func.count())
        .select_from(_TXN)
        .where(_TXN.c.school_id == tx.school_id, text("NOT ledger_txn.posted"))  # as the index says it
    )
    whole = select(func.count()).select_from(_FILE).where(_FILE.c.school_id == tx.school_id, _FILE.c.is_whole)
    counts += [whole.scalar_subquery(), unposted.scalar_subquery()]
    return tuple(tx.session.execute(select(*counts)).one())


def _of_receipt() -> ColumnElement[bool]:
    item, receipt = _ALLOCATION.c, _RECEIPT.c
    return (receipt.school_id == item.school_id) & (receipt.receipt_id == item.receipt_id)


def _by_rider(tx: Transaction, query: Select[Any]) -> dict[RiderId, int]:
    return {RiderId(rider_id): int(fen) for rider_id, fen in tx.session.execute(query)}
