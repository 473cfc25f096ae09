"""Lines that nobody has claimed, for matching very many: which they are, some of them whole, and a mark."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select

from busops.finance.matching import MatchFlag, ReceiptStatus
from busops.finance.statement import ReceiptRecord
from busops.storage.account_store import AllowanceVerdictRow
from busops.storage.charge_store import ChargeRow
from busops.storage.database import Transaction
from busops.storage.match_store import PayerLinkRow, PaymentCodeRow
from busops.storage.receipt_store import record_of
from busops.storage.receipt_tables import AllocationRow, ReceiptFileRow, ReceiptRow
from busops.storage.refund_store import RefundStepRow
from busops.storage.upsert import table_of

_BOOKS = (ChargeRow, AllocationRow, AllowanceVerdictRow, RefundStepRow, PayerLinkRow, PaymentCodeRow)


def waiting_ids(tx: Transaction) -> list[str]:
    """The lines of whole bills that wait and that nobody took back by hand, in the order of payment."""
    table, file = table_of(ReceiptRow), table_of(ReceiptFileRow)
    query = (
        select(table.c.receipt_id)
        .join(file, (file.c.school_id == table.c.school_id) & (file.c.file_id == table.c.file_id))
        .where(table.c.school_id == tx.school_id, file.c.is_whole)
        .where(table.c.status == str(ReceiptStatus.UNIDENTIFIED))
        .where(table.c.flags.not_like(f"%{MatchFlag.MANUAL}%"))
        .order_by(table.c.paid_on, file.c.name, table.c.line, table.c.row_key)
    )
    return list(tx.session.scalars(query))


def count_open(tx: Transaction, *, paid_before: date | None = None) -> int:
    """How many lines of whole bills are not all somebody's; those that were paid before a day, or all."""
    table, file = table_of(ReceiptRow), table_of(ReceiptFileRow)
    query = (
        select(func.count())
        .select_from(table)
        .join(file, (file.c.school_id == table.c.school_id) & (file.c.file_id == table.c.file_id))
        .where(table.c.school_id == tx.school_id, file.c.is_whole)
        .where(table.c.status.in_([str(ReceiptStatus.UNIDENTIFIED), str(ReceiptStatus.PARTIAL)]))
    )
    if paid_before is not None:
        query = query.where(table.c.paid_on < paid_before)
    return int(tx.session.execute(query).scalar_one())


def load_waiting(tx: Transaction, receipt_ids: Sequence[str]) -> tuple[ReceiptRecord, ...]:
    """Those of these lines that wait still, in the order of payment."""
    table, file = table_of(ReceiptRow), table_of(ReceiptFileRow)
    query = (
        select(table, file.c.name.label("source"))
        .join(file, (file.c.school_id == table.c.school_id) & (file.c.file_id == table.c.file_id))
        .where(table.c.school_id == tx.school_id, table.c.receipt_id.in_(receipt_ids))
        .where(table.c.status == str(ReceiptStatus.UNIDENTIFIED))
    )
    rows = tx.session.execute(query.order_by(table.c.paid_on, file.c.name, table.c.line, table.c.row_key))
    found = (record_of(row, ()) for row in rows)
    return tuple(record for record in found if not record.is_by_hand)


def books_mark(tx: Transaction) -> tuple[int, ...]:
    """Changes with everything that decides who owes what: all of it only grows, or is deleted."""
    counts = (select(func.count()).select_from(table_of(row)).scalar_subquery() for row in _BOOKS)
    return tuple(tx.session.execute(select(*counts)).one())
