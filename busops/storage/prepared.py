"""
Statements that are asked for every batch of every tablet, built once over bare tables.

Building a statement and loading mapped objects costs several times what the database needs to answer it;
where a hundred tablets send at once that is what they wait for. What is added to such a statement is
written with the table's columns: one attribute of a mapped class makes it a statement of the mapper again.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select

from busops.storage.database import Base, Transaction
from busops.storage.upsert import table_of


def select_rows(row_class: type[Base], *keys: str, columns: tuple[str, ...] = ()) -> Select[Any]:
    """The rows of a school whose ``keys`` are as asked, as a statement; all columns, or only those named."""
    table = table_of(row_class)
    wanted: list[Any] = [table.c[name] for name in columns] or [table]
    return select(*wanted).where(*matches(row_class, *keys))


def matches(row_class: type[Base], *keys: str) -> list[ColumnElement[bool]]:
    """That the row is of the school and its ``keys`` are as asked."""
    table = table_of(row_class)
    return [table.c[name] == bindparam(name) for name in ("school_id", *keys)]


def asked(tx: Transaction, **keys: Any) -> dict[str, Any]:
    """What to put into such a statement."""
    return {"school_id": tx.school_id, **keys}
