"""
Receipts: the files that were accepted, their lines, and what was given to whom.

A line's facts are never changed, nor is an allocation: it is taken back by its opposite.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from operator import attrgetter
from sys import intern
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, insert, select
from sqlalchemy import update as update_rows

from busops.domain.errors import Conflict, NotFound
from busops.domain.values import RiderId
from busops.finance.matching import Channel, LineKind, Match, MatchFlag, ReceiptLine, ReceiptStatus, Share
from busops.finance.rows import Allocation
from busops.finance.statement import ReceiptRecord, SourceFile
from busops.storage.database import Transaction
from busops.storage.receipt_tables import AllocationRow, ReceiptFileRow, ReceiptRow, not_matched, stands
from busops.storage.upsert import table_of

KEYS_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file to be taken in; ``known_rows`` of its lines were on record before."""

    file_id: str
    name: str
    sha256: str
    channel: str
    rows: int
    total_fen: int
    stated_total_fen: int | None
    rejected: int
    known_rows: int
    reader: str
    imported_by: str
    imported_at: datetime
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReceipt:
    """A line to be taken in, with the transaction that booked it (None for a line of nothing)."""

    receipt_id: str
    file_id: str
    line: ReceiptLine
    txn_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAllocation:
    """Money to be given to a rider's unit, or taken back when it ``reverses`` an allocation."""

    allocation_id: str
    receipt_id: str
    share: Share
    tier: str
    flags: frozenset[MatchFlag]
    txn_id: str
    made_by: str
    made_at: datetime
    reverses: str | None = None


def find_file(tx: Transaction, sha256: str) -> str | None:
    """The id of the file with these very bytes, if it was accepted before; Conflict while it comes in."""
    table = table_of(ReceiptFileRow)
    row = tx.session.execute(
        select(table).where(table.c.school_id == tx.school_id, table.c.sha256 == sha256)
    ).first()
    if row is not None and not row.is_whole:
        raise Conflict("bill_coming_in", file=row.name)
    return None if row is None else str(row.file_id)


def amounts_by_key(tx: Transaction, row_keys: Iterable[str], *, own: str = "") -> dict[str, int]:
    """
    The amount (fen) of each of these lines that is on record, by its key.

    Raises Conflict where one belongs to a bill that is coming in and not the ``own``: it may go again.
    """
    table, file, wanted = table_of(ReceiptRow), table_of(ReceiptFileRow), list(row_keys)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), KEYS_AT_ONCE):
        some = table.c.row_key.in_(wanted[start : start + KEYS_AT_ONCE])
        query = select(table.c.row_key, table.c.amount_fen, file).join(
            file, (file.c.school_id == table.c.school_id) & (file.c.file_id == table.c.file_id)
        )
        for row in tx.session.execute(query.where(table.c.school_id == tx.school_id, some)):
            if not row.is_whole and row.file_id != own:
                raise Conflict("bill_coming_in", file=row.name)
            found[row.row_key] = row.amount_fen
    return found


def insert_file(tx: Transaction, file: NewFile, receipts: Iterable[NewReceipt]) -> None:
    """The file and its new lines stand, nobody's yet."""
    row = {item.name: getattr(file, item.name) for item in fields(file)}
    tx.session.execute(insert(table_of(ReceiptFileRow)), [{"school_id": tx.school_id, **row}])
    insert_receipts(tx, receipts)


def insert_receipts(tx: Transaction, receipts: Iterable[NewReceipt]) -> None:
    """The lines stand, nobody's yet; by the end of the transaction their file must stand too."""
    own = tx.school_id
    insert_rows(tx, [(own, one.receipt_id, one.file_id, one.txn_id, *line_row(one.line)) for one in receipts])


def insert_rows(tx: Transaction, rows: Sequence[tuple[Any, ...]]) -> None:
    """The lines stand: school, receipt, file and transaction of each, then its :func:`line_row`."""
    if rows:
        # Straight to the driver: a million lines spend more time in dictionaries than in the database.
        connection = tx.session.connection()
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        marks = ", ".join([mark] * len(_COLUMNS))
        names = ", ".join(_COLUMNS)
        connection.exec_driver_sql(f"INSERT INTO receipt ({names}) VALUES ({marks})", list(rows))  # noqa: S608


def line_row(line: ReceiptLine) -> tuple[Any, ...]:
    """A line nobody has claimed in the order of its columns, all of it text, numbers and nothing."""
    return (line.paid_on.isoformat(), _VALUES[line.channel], _VALUES[line.kind], *_FACTS(line), *_NEW)


def record_matches(
    tx: Transaction, matches: Iterable[tuple[str, Match]], *, by: str, at: datetime, note: str = ""
) -> None:
    """What became of each receipt (by its id) stands on it."""
    table = table_of(ReceiptRow)
    rows = [
        {
            "mine": receipt_id,
            "status": str(match.status),
            "tier": str(match.tier or ""),
            "rider_id": match.rider_id,
            "unit_key": match.shares[0].unit_key if match.shares else None,
            "flags": _flags_text(match.flags),
        }
        for receipt_id, match in matches
    ]
    if rows:
        mine = (table.c.school_id == tx.school_id) & (table.c.receipt_id == bindparam("mine"))
        told = {"note": note, "decided_by": by, "decided_at": at}
        tx.session.connection().execute(update_rows(table).where(mine).values(told), rows)


def insert_allocations(tx: Transaction, allocations: Iterable[NewAllocation]) -> None:
    """The money is given; raises IntegrityError from the guard when a receipt gives more than it brought."""
    rows = [
        {
            "school_id": tx.school_id,
            "allocation_id": item.allocation_id,
            "receipt_id": item.receipt_id,
            "rider_id": item.share.rider_id,
            "unit_key": item.share.unit_key,
            "fen": item.share.fen,
            "tier": item.tier,
            "flags": _flags_text(item.flags),
            "txn_id": item.txn_id,
            "reverses": item.reverses,
            "made_by": item.made_by,
            "made_at": item.made_at,
        }
        for item in allocations
    ]
    if rows:
        tx.session.execute(insert(table_of(AllocationRow)), rows)


def load_files(tx: Transaction, file_ids: Iterable[str] | None = None) -> tuple[SourceFile, ...]:
    """The accepted files, oldest first; those named, or all."""
    table = table_of(ReceiptFileRow)
    query = select(table).where(table.c.school_id == tx.school_id, table.c.is_whole)
    if file_ids is not None:
        query = query.where(table.c.file_id.in_(sorted(file_ids)))
    rows = tx.session.execute(query.order_by(table.c.imported_at, table.c.file_id))
    names = [item.name for item in fields(SourceFile) if item.name != "imported_at"]
    return tuple(
        SourceFile(
            **{name: getattr(row, name) for name in names},
            imported_at=row.imported_at.isoformat(timespec="seconds"),
        )
        for row in rows
    )


def load_receipts(
    tx: Transaction,
    statuses: Sequence[ReceiptStatus] = (),
    *,
    where: Sequence[ColumnElement[bool]] = (),
) -> tuple[ReceiptRecord, ...]:
    """
    The receipts with what was given of each, in the order of payment; those of some statuses, or all.

    ``where`` narrows them further, by columns of the receipt.
    """
    table, file = table_of(ReceiptRow), table_of(ReceiptFileRow)
    wanted = [table.c.school_id == tx.school_id, *where]
    if statuses:
        wanted.append(table.c.status.in_([str(status) for status in statuses]))
    query = (
        select(table, file.c.name.label("source"))
        .join(file, (file.c.school_id == table.c.school_id) & (file.c.file_id == table.c.file_id))
        .where(*wanted, file.c.is_whole)
    )
    shares: dict[str, list[Share]] = defaultdict(list)
    for item in load_allocations(tx, where=wanted):
        shares[item.receipt_id].append(Share(rider_id=item.rider_id, unit_key=item.unit_key, fen=item.fen))
    rows = tx.session.execute(query.order_by(table.c.paid_on, file.c.name, table.c.line, table.c.row_key))
    return tuple(record_of(row, tuple(shares.get(row.receipt_id, ()))) for row in rows)


def load_receipt(tx: Transaction, receipt_id: str) -> ReceiptRecord:
    """The receipt with what was given of it; raises NotFound."""
    for receipt in load_receipts(tx, where=[table_of(ReceiptRow).c.receipt_id == receipt_id]):
        return receipt
    raise NotFound("receipt_not_found", receipt_id=receipt_id)


def load_allocations(
    tx: Transaction,
    receipt_id: str | None = None,
    *,
    rider_id: str | None = None,
    where: Sequence[ColumnElement[bool]] = (),
) -> tuple[Allocation, ...]:
    """
    The allocations that stand (neither reversed nor reversals), in the order they were made.

    Those of one receipt or rider, or of the receipts that ``where`` says, or all.
    """
    table, receipt = table_of(AllocationRow), table_of(ReceiptRow)
    query = (
        select(table, receipt.c.channel, receipt.c.paid_on, receipt.c.reference)
        .join(
            receipt, (receipt.c.school_id == table.c.school_id) & (receipt.c.receipt_id == table.c.receipt_id)
        )
        .where(table.c.school_id == tx.school_id, stands(), *where)
    )
    if receipt_id is not None:
        query = query.where(table.c.receipt_id == receipt_id)
    if rider_id is not None:
        query = query.where(table.c.rider_id == rider_id)
    return tuple(
        Allocation(
            receipt_id=row.receipt_id,
            rider_id=RiderId(intern(row.rider_id)),
            unit_key=intern(row.unit_key),
            fen=row.fen,
            tier=intern(row.tier),
            flags=flags_of(row.flags),
            channel=intern(row.channel),
            paid_on=row.paid_on,
            reference=row.reference,
        )
        for row in tx.session.execute(query.order_by(table.c.made_at, table.c.allocation_id))
    )


def standing_allocations(tx: Transaction, receipt_id: str) -> tuple[NewAllocation, ...]:
    """The allocations of one receipt that stand, as they were made; raises Conflict if there are none."""
    table = table_of(AllocationRow)
    query = select(table).where(table.c.school_id == tx.school_id, table.c.receipt_id == receipt_id, stands())
    found = tuple(
        NewAllocation(
            allocation_id=row.allocation_id,
            receipt_id=row.receipt_id,
            share=Share(rider_id=RiderId(row.rider_id), unit_key=row.unit_key, fen=row.fen),
            tier=row.tier,
            flags=flags_of(row.flags),
            txn_id=row.txn_id,
            made_by=row.made_by,
            made_at=row.made_at,
        )
        for row in tx.session.execute(query.order_by(table.c.allocation_id))
    )
    if not found:
        raise Conflict("nothing_allocated", receipt_id=receipt_id)
    return found


def duplicate_payments(tx: Transaction) -> tuple[tuple[RiderId, str, str], ...]:
    """Rider, unit and receipt of every payment that was a second one."""
    table = table_of(ReceiptRow)
    query = select(table.c.rider_id, table.c.unit_key, table.c.receipt_id).where(
        table.c.school_id == tx.school_id,
        table.c.status == str(ReceiptStatus.DUPLICATE),
        not_matched(),
        table.c.rider_id.is_not(None),
        table.c.unit_key.is_not(None),
    )
    rows = tx.session.execute(query.order_by(table.c.receipt_id))
    return tuple((RiderId(row.rider_id), row.unit_key, row.receipt_id) for row in rows)


_LINE = (
    *("line", "cell", "paid_on", "amount_fen", "payer", "remark", "reference", "rider_hint", "row_key"),
    *("code", "payer_key", "fee_fen", "refund_of"),
)


_FACTS = attrgetter(*(name for name in _LINE if name != "paid_on"))
_COLUMNS = (
    *("school_id", "receipt_id", "file_id", "txn_id", "paid_on", "channel", "kind"),
    *(name for name in _LINE if name != "paid_on"),
    *("status", "tier", "flags", "note", "decided_by"),
)
_NEW = (ReceiptStatus.UNIDENTIFIED.value, "", "", "", "")
_VALUES = {member: member.value for member in (*Channel, *LineKind)}  # quicker than asking the member
ROW_DAY, ROW_FEN, ROW_KEY, ROW_CELL, ROW_REFERENCE = (
    _COLUMNS[4:].index(name) for name in ("paid_on", "amount_fen", "row_key", "cell", "reference")
)


def record_of(row: Any, shares: tuple[Share, ...]) -> ReceiptRecord:
    """The receipt of a row that names its ``source``."""
    facts = {name: getattr(row, name) for name in _LINE}
    return ReceiptRecord(
        receipt_id=row.receipt_id,
        line=ReceiptLine(source=row.source, channel=Channel(row.channel), kind=LineKind(row.kind), **facts),
        status=ReceiptStatus(row.status),
        tier=row.tier,
        rider_id=None if row.rider_id is None else RiderId(row.rider_id),
        shares=shares,
        note=row.note,
        is_by_hand=MatchFlag.MANUAL in flags_of(row.flags),
    )


def _flags_text(flags: Iterable[MatchFlag]) -> str:
    return " ".join(sorted(str(flag) for flag in flags))


@cache
def flags_of(text: str) -> frozenset[MatchFlag]:
    return frozenset(MatchFlag(flag) for flag in text.split())
