"""
Statements that are asked for every batch of every tablet, built once over bare tables.

Building a statement and loading mapped objects costs several times what the database needs to answer it;
where a hundred tablets send at once that is what they wait for. What is added to such a statement is
written with the table's columns: one attribute of a mapped class makes it a statement of the mapper again.
A list goes into one parameter, whatever its length: the statement stays the same text, which the driver and
PostgreSQL then know already.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Insert,
    Result,
    Select,
    Text,
    TextClause,
    bindparam,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

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


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """That the column has one of the values of the list ``name``, which goes into one parameter."""
    return _Among(column, bindparam(name, type_=_Several(column.type)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """
    A statement about the values of a list, and the same about one alone, as it usually is.

    Of one value PostgreSQL keeps one plan, which goes by the index. Of a list whose length it cannot know
    it makes a plan each time, or goes through the whole table if that was small when it first made one.
    """

    name: str
    of_one: Select[Any]
    of_several: Select[Any]

    def execute(self, tx: Transaction, values: Sequence[Any], **keys: Any) -> Sequence[Any]:
        """The rows of these values, in the school; ``keys`` are whatever else it asks for."""
        if len(values) == 1:
            return tx.session.execute(self.of_one, asked(tx, **{_one(self.name): values[0]}, **keys)).all()
        return tx.session.execute(self.of_several, asked(tx, **{self.name: list(values)}, **keys)).all()


def listed(statement: Select[Any], column: ColumnElement[Any], name: str) -> Listed:
    """``statement`` where ``column`` has one of the values of the list ``name``."""
    return Listed(
        name=name,
        of_one=statement.where(column == bindparam(_one(name))),
        of_several=statement.where(among(column, name)),
    )


def _one(name: str) -> str:
    return f"one_of_{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertion:
    """
    How many rows of one table are written at once, in their order.

    On PostgreSQL they go as JSON into one parameter: five hundred parameters cost the driver more than
    PostgreSQL needs to write twenty rows. ``given`` is a column that a guard fills there.
    """

    usual: Insert
    at_once: TextClause

    def execute(self, tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> Result[Any]:
        """The rows stand in the table."""
        if tx.session.get_bind().dialect.name == "sqlite":
            return tx.session.execute(self.usual, rows)
        return tx.session.execute(self.at_once, {"rows": json.dumps(rows, default=str)})


def insertion(row_class: type[Base], *, given: str = "", returning: tuple[str, ...] = ()) -> Insertion:
    """Built once; ``returning`` are the columns of its result."""
    table = table_of(row_class)
    names = ", ".join(column.name for column in table.c if column.name != given)
    then = f" RETURNING {', '.join(returning)}" if returning else ""
    source = f"json_populate_recordset(NULL::{table.name}, :rows)"
    usual = insert(table)
    return Insertion(
        usual=usual.returning(*(table.c[name] for name in returning)) if returning else usual,
        at_once=text(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {source}{then}"),  # noqa: S608
    )


class _Several(TypeDecorator[Any]):
    """A list in one parameter: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(self.of))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return json.dumps(value) if dialect.name == "sqlite" else value


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> Any:
        """Itself: where there are no truth values it would else be compared with one, past every index."""
        return self


@compiles(_Among, "postgresql")
def _any_of(element: Any, compiler: Any, **how: Any) -> str:
    column, values = (compiler.process(each, **how) for each in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(_Among, "sqlite")
def _each_of(element: Any, compiler: Any, **how: Any) -> str:
    column, values = (compiler.process(each, **how) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608
