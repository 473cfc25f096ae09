"""
The words of the first schema: how a table and a column of each kind are written down.

Frozen with it. SQLite's strict tables know INTEGER and TEXT only; PostgreSQL has its own types.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FLAG = sa.Boolean().with_variant(sa.Integer(), "sqlite")
DAY = sa.Date().with_variant(sa.Text(), "sqlite")
JSON = sa.JSON().with_variant(sa.Text(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def text(length: int | None = None) -> sa.types.TypeEngine[Any]:
    """Characters, of at most that length where the database counts."""
    return sa.String(length).with_variant(sa.Text(), "sqlite")


def table(name: str, *parts: sa.schema.SchemaItem) -> None:
    """A table of that name stands; strict on SQLite."""
    op.create_table(name, *parts, sqlite_strict=True)
