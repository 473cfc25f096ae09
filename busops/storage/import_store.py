"""
Imports as they were read: the file's name and digest, every finding, the rows, and what became of them.

An import is a record of its own: it is previewed, then accepted or discarded, and stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, Index, Integer, String, Text, insert, select
from sqlalchemy import update as update_rows
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import Conflict, NotFound
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of


class BatchState(StrEnum):
    """What became of an import; nothing of a file is in the register before it is accepted."""

    PREVIEWED = "previewed"
    ACCEPTED = "accepted"
    DISCARDED = "discarded"


class ImportBatchRow(Base):
    """One file, read once."""

    __tablename__ = "import_batch"
    __table_args__ = (
        CheckConstraint("state IN ('previewed', 'accepted', 'discarded')", name="state"),
        Index("ix_import_batch_digest", "school_id", "kind", "sha256"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    batch_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    file_name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    weekend_on: Mapped[date | None] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(16))
    block_count: Mapped[int] = mapped_column(Integer)
    warn_count: Mapped[int] = mapped_column(Integer)
    row_count: Mapped[int] = mapped_column(Integer)
    findings: Mapped[Any] = mapped_column(JSON)
    values: Mapped[Any] = mapped_column(JSON)
    sheet: Mapped[Any] = mapped_column(JSON)
    counts: Mapped[Any] = mapped_column(JSON)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportBatch:
    """One import: ``values`` are the parsed rows as plain JSON, ``sheet`` the cells around the findings."""

    batch_id: str
    kind: str
    file_name: str
    sha256: str
    weekend_on: date | None
    state: BatchState
    block_count: int
    warn_count: int
    row_count: int
    findings: tuple[Mapping[str, Any], ...]
    values: tuple[Any, ...]
    sheet: Mapping[str, Any]
    counts: Mapping[str, int]
    made_at: datetime
    made_by: str
    decided_at: datetime | None = None
    decided_by: str = ""


_FIELDS = tuple(ImportBatch.__dataclass_fields__)
_LISTED = tuple(name for name in _FIELDS if name not in {"findings", "values", "sheet"})


def insert_batch(tx: Transaction, batch: ImportBatch) -> None:
    """The import is on record."""
    row = {name: getattr(batch, name) for name in _FIELDS}
    row["state"] = batch.state.value
    for name in ("findings", "values"):
        row[name] = list(row[name])
    for name in ("sheet", "counts"):
        row[name] = dict(row[name])
    tx.session.execute(insert(table_of(ImportBatchRow)), [{"school_id": tx.school_id, **row}])


def load_batch(tx: Transaction, batch_id: str) -> ImportBatch:
    """The import with its rows and findings; raises NotFound."""
    table = table_of(ImportBatchRow)
    query = select(table).where(table.c.school_id == tx.school_id, table.c.batch_id == batch_id)
    row = tx.session.execute(query).first()
    if row is None:
        raise NotFound("import_not_found", batch_id=batch_id)
    return _batch(row, _FIELDS)


def list_batches(tx: Transaction, *, limit: int = 50) -> tuple[ImportBatch, ...]:
    """The latest imports, newest first, without rows and findings."""
    table = table_of(ImportBatchRow)
    query = select(*(table.c[name] for name in _LISTED)).where(table.c.school_id == tx.school_id)
    newest_first = query.order_by(table.c.made_at.desc(), table.c.batch_id.desc()).limit(limit)
    return tuple(_batch(row, _LISTED) for row in tx.session.execute(newest_first))


def find_accepted(tx: Transaction, *, kind: str, sha256: str, weekend_on: date | None) -> ImportBatch | None:
    """The latest accepted import of this kind, if it was of this very file; else None."""
    table = table_of(ImportBatchRow)
    query = select(*(table.c[name] for name in _LISTED)).where(
        table.c.school_id == tx.school_id, table.c.kind == kind, table.c.state == BatchState.ACCEPTED.value
    )
    if weekend_on is not None:
        query = query.where(table.c.weekend_on == weekend_on)
    newest = query.order_by(table.c.decided_at.desc(), table.c.batch_id.desc()).limit(1)
    row = tx.session.execute(newest).first()
    return _batch(row, _LISTED) if row is not None and row.sha256 == sha256 else None


def decide_batch(tx: Transaction, batch_id: str, state: BatchState, *, by: str, at: datetime) -> None:
    """The import is accepted or discarded; raises Conflict when that was decided before."""
    table = table_of(ImportBatchRow)
    mine = (table.c.school_id == tx.school_id) & (table.c.batch_id == batch_id)
    was = tx.session.execute(select(table.c.state).where(mine)).scalar()
    if was is None:
        raise NotFound("import_not_found", batch_id=batch_id)
    if was != BatchState.PREVIEWED.value:
        raise Conflict("import_decided", batch_id=batch_id, state=was)
    change = update_rows(table).where(mine).values(state=state.value, decided_by=by, decided_at=at)
    tx.session.execute(change)


def _batch(row: Any, names: tuple[str, ...]) -> ImportBatch:
    values = {"findings": (), "values": (), "sheet": {}, **{name: getattr(row, name) for name in names}}
    values["state"] = BatchState(row.state)
    values["findings"], values["values"] = tuple(values["findings"]), tuple(values["values"])
    return ImportBatch(**values)
