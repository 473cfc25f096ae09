"""
Writing many rows at once on both dialects: what every store saves goes through here.

It knows tables and keys, not what the rows mean. History tables (events, postings, versions)
never use it: they only insert.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import CursorResult, Executable, Select, Table, bindparam, select
from sqlalchemy import update as update_rows
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from busops.domain.errors import NotFound
from busops.storage.database import Base, Transaction


def table_of(row_class: type[Base]) -> Table:
    """The table behind a mapped class; every mapped class here has exactly one."""
    table = row_class.__table__
    if not isinstance(table, Table):
        raise AssertionError(f"{row_class.__name__} is mapped to something that is no table")
    return table


def upsert(tx: Transaction, row_class: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    """Each row stands in its table as given; a row with the same key has its named columns replaced."""
    full = [{"school_id": tx.school_id, **row} for row in rows]
    if not full:
        return
    table = table_of(row_class)
    dialect = tx.session.get_bind().dialect.name
    statement = sqlite_insert(table) if dialect == "sqlite" else postgresql_insert(table)
    keys = [column.name for column in table.primary_key]
    named = {name: statement.excluded[name] for name in full[0] if name not in keys}
    if named:
        tx.session.execute(statement.on_conflict_do_update(index_elements=keys, set_=named), full)
    else:
        tx.session.execute(statement.on_conflict_do_nothing(index_elements=keys), full)


def rows_of(
    tx: Transaction,
    row_class: type[Base],
    *,
    order_by: Sequence[str],
    include_retired: bool = True,
    within: Mapping[str, Iterable[Any]] | None = None,
) -> Sequence[Any]:
    """
    The rows of this school in a stable order, as named tuples of plain column values.

    ``within`` leaves only those whose columns have one of these values.
    """
    lists = {name: sorted(values) for name, values in (within or {}).items()}
    query = _rows(row_class, tuple(order_by), tuple(lists), include_retired=include_retired)
    return tx.session.execute(query, {"school_id": tx.school_id, **lists}).all()


def bare_rows(tx: Transaction, query: Executable, keys: Mapping[str, Any] | None = None) -> list[Any]:
    """
    The rows as the driver gives them, plain tuples: a day or a moment is text on SQLite.

    For many rows at once, where making named rows costs more than the database needs to find them.
    """
    result = tx.session.execute(query, keys)
    if not isinstance(result, CursorResult):
        raise AssertionError("a statement that reads nothing")
    return list(result.cursor.fetchall())


@cache
def _rows(
    row_class: type[Base], order_by: tuple[str, ...], within: tuple[str, ...], *, include_retired: bool
) -> Select[Any]:
    """The statement, built once."""
    table = table_of(row_class)
    query = select(table).where(table.c.school_id == bindparam("school_id"))
    for name in within:
        query = query.where(table.c[name].in_(bindparam(name, expanding=True)))
    if not include_retired:
        query = query.where(table.c.retired_on.is_(None))
    return query.order_by(*(table.c[name] for name in order_by))


def retire(tx: Transaction, row_class: type[Base], key: Mapping[str, Any], on: date | None) -> None:
    """The row is retired on that day (None = in use again); raises NotFound when there is none."""
    table = table_of(row_class)
    matches = [table.c.school_id == tx.school_id, *(table.c[name] == value for name, value in key.items())]
    found = tx.session.execute(select(table.c.school_id).where(*matches)).first()
    if found is None:
        raise NotFound("not_registered", **key)
    tx.session.execute(update_rows(table).where(*matches).values(retired_on=on))
