"""
The audit: who did what, in a chain that cannot be edited unnoticed. Append-only.

Rows hold keys, never names, so that a person can be erased without breaking the chain. The
database refuses UPDATE, DELETE and gaps by itself (``guards/audit_*.sql``).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import JSON, CheckConstraint, Index, Integer, String, Text, func, select
from sqlalchemy.orm import Mapped, mapped_column

from busops.storage.database import Base, Transaction, UtcDateTime

FIRST_PREV: Final = "0" * 64
BATCH: Final = 1000
PG_LOCK: Final = 7_204_811  # any number that nothing else locks by


class AuditRow(Base):
    """One act."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        CheckConstraint("entry_no >= 1", name="entry_no"),
        CheckConstraint("length(prev_hash) = 64 AND length(entry_hash) = 64", name="hashes"),
        Index("ix_audit_entry_subject", "school_id", "subject"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    entry_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_id: Mapped[str | None] = mapped_column(String(64))
    role: Mapped[str | None] = mapped_column(String(16))
    act: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(Text)
    facts: Mapped[Any] = mapped_column(JSON)
    prev_hash: Mapped[str] = mapped_column(String(64))
    entry_hash: Mapped[str] = mapped_column(String(64))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One act as it stands in the chain."""

    entry_no: int
    at: datetime
    user_id: str | None
    role: str | None
    act: str
    subject: str
    facts: Mapping[str, Any]
    prev_hash: str
    entry_hash: str

    def digest(self, school_id: str) -> str:
        """What ``entry_hash`` must be: SHA-256 over everything else, the link before included."""
        body = {
            "school": school_id,
            "no": self.entry_no,
            "at": self.at.astimezone(UTC).isoformat(timespec="milliseconds"),
            "user": self.user_id,
            "role": self.role,
            "act": self.act,
            "subject": self.subject,
            "facts": dict(self.facts),
            "prev": self.prev_hash,
        }
        text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def append_entry(
    tx: Transaction,
    *,
    at: datetime,
    user_id: str | None,
    role: str | None,
    act: str,
    subject: str,
    facts: Mapping[str, Any],
) -> int:
    """The act is the newest link of the chain; its number."""
    _take_turn(tx)
    last = tx.session.execute(
        select(AuditRow.entry_no, AuditRow.entry_hash)
        .where(AuditRow.school_id == tx.school_id)
        .order_by(AuditRow.entry_no.desc())
        .limit(1)
    ).first()
    number, prev = (last[0] + 1, last[1]) if last else (1, FIRST_PREV)
    # Kept and hashed to the millisecond: what the database gives back must hash the same.
    moment = at.replace(microsecond=at.microsecond // 1000 * 1000)
    bare = AuditEntry(
        entry_no=number,
        at=moment,
        user_id=user_id,
        role=role,
        act=act,
        subject=subject,
        facts=facts,
        prev_hash=prev,
        entry_hash="",
    )
    tx.session.add(
        AuditRow(
            school_id=tx.school_id,
            entry_no=number,
            at=moment,
            user_id=user_id,
            role=role,
            act=act,
            subject=subject,
            facts=dict(facts),
            prev_hash=prev,
            entry_hash=bare.digest(tx.school_id),
        )
    )
    tx.session.flush()
    return number


def newest_entries(tx: Transaction, *, limit: int, before: int | None = None) -> tuple[AuditEntry, ...]:
    """The newest acts first, at most ``limit``, those before a number when it is given."""
    wanted = [AuditRow.school_id == tx.school_id]
    if before is not None:
        wanted.append(AuditRow.entry_no < before)
    rows = tx.session.scalars(select(AuditRow).where(*wanted).order_by(AuditRow.entry_no.desc()).limit(limit))
    return tuple(_entry(row) for row in rows)


def newest_of_act(tx: Transaction, act: str, *, limit: int | None = None) -> tuple[AuditEntry, ...]:
    """The acts of one kind, the newest first."""
    wanted = (AuditRow.school_id == tx.school_id, AuditRow.act == act)
    rows = tx.session.scalars(select(AuditRow).where(*wanted).order_by(AuditRow.entry_no.desc()).limit(limit))
    return tuple(_entry(row) for row in rows)


def count_entries(tx: Transaction) -> int:
    """How many acts there are."""
    found = tx.session.scalar(
        select(func.count()).select_from(AuditRow).where(AuditRow.school_id == tx.school_id)
    )
    return int(found or 0)


def each_entry(tx: Transaction) -> Iterator[AuditEntry]:
    """Every act from the first to the newest, read in batches."""
    last = 0
    while True:
        rows = tx.session.scalars(
            select(AuditRow)
            .where(AuditRow.school_id == tx.school_id, AuditRow.entry_no > last)
            .order_by(AuditRow.entry_no)
            .limit(BATCH)
        ).all()
        if not rows:
            return
        for row in rows:
            yield _entry(row)
        last = rows[-1].entry_no
        tx.session.expunge_all()


def _take_turn(tx: Transaction) -> None:
    # SQLite writers are alone anyway; PostgreSQL's wait here, so that no two take the same number.
    if tx.session.get_bind().dialect.name == "postgresql":
        tx.session.execute(select(func.pg_advisory_xact_lock(PG_LOCK)))


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        entry_no=row.entry_no,
        at=row.at,
        user_id=row.user_id,
        role=row.role,
        act=row.act,
        subject=row.subject,
        facts=row.facts,
        prev_hash=row.prev_hash,
        entry_hash=row.entry_hash,
    )
