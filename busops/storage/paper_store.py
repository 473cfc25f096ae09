"""
Sheets of paper that were typed in, and what a second person said of them. Append-only, both.

The facts themselves stand in the log like everybody's, written by a device that belongs to one
sheet alone; the verdict names them. Nobody confirms what he typed himself: the database refuses
it too (``guards/paper_*.sql``). The scans are files, kept by ``services/paper_scan.py``.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    insert,
    select,
)
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.domain.values import RunId
from busops.storage.database import Base, Transaction, UtcDateTime


class Verdict(StrEnum):
    """What became of a typed sheet; only somebody else than the typist confirms."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"


_VERDICTS: Final = ", ".join(f"'{verdict}'" for verdict in Verdict)


class PaperEntryRow(Base):
    """One sheet as one person typed it, with the scan it was read from and the device it writes by."""

    __tablename__ = "paper_entry"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "run_id"], ["run.school_id", "run.run_id"]),
        ForeignKeyConstraint(["school_id", "dev"], ["device.school_id", "device.dev"]),
        Unique("school_id", "dev", name="uq_paper_entry_dev"),
        CheckConstraint("length(scan_sha256) = 64", name="scan_sha256"),
        CheckConstraint("typed_by <> ''", name="typed_by"),
        Index("ix_paper_entry_run", "school_id", "run_id"),
    )

    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    entry_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    run_id: Mapped[str] = mapped_column(String(64))
    dev: Mapped[int] = mapped_column(Integer)
    sheet: Mapped[Any] = mapped_column(JSON)
    scan_sha256: Mapped[str] = mapped_column(String(64))
    scan_type: Mapped[str] = mapped_column(String(32))
    typed_by: Mapped[str] = mapped_column(String(64))
    typed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PaperVerdictRow(Base):
    """What was said of a sheet, once, and which facts it became."""

    __tablename__ = "paper_verdict"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "entry_id"], ["paper_entry.school_id", "paper_entry.entry_id"]),
        CheckConstraint(f"verdict IN ({_VERDICTS})", name="verdict"),
        CheckConstraint("decided_by <> ''", name="decided_by"),
    )

    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    entry_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    event_ids: Mapped[Any] = mapped_column(JSON)
    decided_by: Mapped[str] = mapped_column(String(64))
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperEntry:
    """A typed sheet and what became of it; ``verdict`` is None while it waits."""

    entry_id: str
    run_id: RunId
    dev: int
    sheet: Any
    scan_sha256: str
    scan_type: str
    typed_by: str
    typed_at: datetime
    verdict: Verdict | None = None
    note: str = ""
    event_ids: tuple[str, ...] = ()
    decided_by: str = ""
    decided_at: datetime | None = None


def insert_entry(tx: Transaction, entry: PaperEntry) -> None:
    """The typed sheet waits for a second person."""
    row = {
        "school_id": tx.school_id,
        "entry_id": entry.entry_id,
        "run_id": entry.run_id,
        "dev": entry.dev,
        "sheet": entry.sheet,
        "scan_sha256": entry.scan_sha256,
        "scan_type": entry.scan_type,
        "typed_by": entry.typed_by,
        "typed_at": entry.typed_at,
    }
    tx.session.execute(insert(PaperEntryRow), [row])


def insert_verdict(
    tx: Transaction,
    entry_id: str,
    verdict: Verdict,
    *,
    note: str,
    event_ids: tuple[str, ...],
    by: str,
    at: datetime,
) -> None:
    """The second person's word stands."""
    row = {
        "school_id": tx.school_id,
        "entry_id": entry_id,
        "verdict": verdict.value,
        "note": note,
        "event_ids": list(event_ids),
        "decided_by": by,
        "decided_at": at,
    }
    tx.session.execute(insert(PaperVerdictRow), [row])


def load_entry(tx: Transaction, entry_id: str) -> PaperEntry:
    """One sheet; NotFound when there is none."""
    found = _load(tx, PaperEntryRow.entry_id == entry_id)
    if not found:
        raise NotFound("no_such_paper", entry_id=entry_id)
    return found[0]


def load_entries(tx: Transaction, run_id: RunId) -> tuple[PaperEntry, ...]:
    """Every sheet of a run, oldest first."""
    return _load(tx, PaperEntryRow.run_id == run_id)


def waiting_devices(tx: Transaction, run_id: RunId) -> frozenset[int]:
    """The devices of the sheets on which nobody has decided yet."""
    return frozenset(each.dev for each in load_entries(tx, run_id) if each.verdict is None)


def _load(tx: Transaction, which: Any) -> tuple[PaperEntry, ...]:
    rows = tx.session.execute(
        select(PaperEntryRow, PaperVerdictRow)
        .outerjoin(
            PaperVerdictRow,
            (PaperVerdictRow.school_id == PaperEntryRow.school_id)
            & (PaperVerdictRow.entry_id == PaperEntryRow.entry_id),
        )
        .where(PaperEntryRow.school_id == tx.school_id, which)
        .order_by(PaperEntryRow.typed_at, PaperEntryRow.entry_id)
    )
    return tuple(_entry(row, verdict) for row, verdict in rows)


def _entry(row: PaperEntryRow, verdict: PaperVerdictRow | None) -> PaperEntry:
    return PaperEntry(
        entry_id=row.entry_id,
        run_id=RunId(row.run_id),
        dev=row.dev,
        sheet=row.sheet,
        scan_sha256=row.scan_sha256,
        scan_type=row.scan_type,
        typed_by=row.typed_by,
        typed_at=row.typed_at,
        verdict=Verdict(verdict.verdict) if verdict else None,
        note=verdict.note if verdict else "",
        event_ids=tuple(verdict.event_ids) if verdict else (),
        decided_by=verdict.decided_by if verdict else "",
        decided_at=verdict.decided_at if verdict else None,
    )
