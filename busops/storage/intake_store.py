"""
A bill coming in: its file stands from the first line on, not whole, and is whole with one short change.

Readers of ``receipt_store`` see whole files only. What did not come to its end is taken out again,
slice by slice; the guards let nothing else go.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy import update as update_rows

from busops.domain.errors import Conflict
from busops.storage.database import Transaction
from busops.storage.receipt_tables import ReceiptFileRow, ReceiptRow
from busops.storage.upsert import table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A bill that is not whole, and when the last of its lines came."""

    file_id: str
    name: str
    sha256: str
    last_at: datetime


def coming_in(tx: Transaction) -> tuple[Intake, ...]:
    """Every bill that is not whole."""
    table = table_of(ReceiptFileRow)
    query = select(table).where(table.c.school_id == tx.school_id, ~table.c.is_whole)
    return tuple(
        Intake(file_id=row.file_id, name=row.name, sha256=row.sha256, last_at=row.imported_at)
        for row in tx.session.execute(query.order_by(table.c.file_id))
    )


def go_on(tx: Transaction, file_id: str, *, at: datetime) -> None:
    """The bill is still coming in; raises Conflict where somebody else has begun it anew."""
    _change(tx, file_id, {"imported_at": at})


def make_whole(tx: Transaction, file_id: str, facts: Mapping[str, Any]) -> None:
    """All lines are seen from now on, and nothing of them changes; ``facts`` = what they came to."""
    _change(tx, file_id, {**facts, "is_whole": True})


def take_out(tx: Transaction, file_id: str, most: int) -> bool:
    """At most so many lines of a bill that is not whole are gone; with the last its file, then True."""
    table, file = table_of(ReceiptRow), table_of(ReceiptFileRow)
    # Its lines are told by their numbers: ``/`` is the character after ``.``.
    mine = (table.c.school_id == tx.school_id) & table.c.receipt_id.between(f"{file_id}.", f"{file_id}/")
    some = tx.session.scalars(select(table.c.receipt_id).where(mine).order_by(table.c.receipt_id).limit(most))
    if found := some.all():
        tx.session.execute(delete(table).where(mine, table.c.receipt_id <= found[-1]))
    if len(found) == most:
        return False
    tx.session.execute(
        delete(file).where(file.c.school_id == tx.school_id, file.c.file_id == file_id, ~file.c.is_whole)
    )
    return True


def _change(tx: Transaction, file_id: str, values: Mapping[str, Any]) -> None:
    table = table_of(ReceiptFileRow)
    mine = (table.c.school_id == tx.school_id) & (table.c.file_id == file_id)
    found: Sequence[Any] = tx.session.execute(
        update_rows(table).where(mine, ~table.c.is_whole).values(**values).returning(table.c.file_id)
    ).all()
    if not found:
        raise Conflict("bill_taken_over", file_id=file_id)
