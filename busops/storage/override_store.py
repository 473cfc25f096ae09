"""
Overrides asked for, who searched the bus of a lost tablet, and what the second person said. Append-only, all.

The database refuses a word of the same person, of the same role, or after ten minutes, and a finding
settled, a tablet given up or a record taken in without the one it needs (``guards/overrides_*.sql``).
"""

from dataclasses import fields
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    and_,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.domain.overrides import Override, OverrideKind, OverrideReason, OverrideVerdict
from busops.domain.people import Role
from busops.domain.values import RunId
from busops.storage.database import Base, Transaction

_KINDS = ", ".join(f"'{kind}'" for kind in OverrideKind)
_REASONS = ", ".join(f"'{reason}'" for reason in OverrideReason)
_VERDICTS = ", ".join(f"'{verdict}'" for verdict in OverrideVerdict)


class OverrideRequestRow(Base):
    __tablename__ = "override_request"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "run_id"], ["run.school_id", "run.run_id"]),
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        CheckConstraint(f"reason IN ({_REASONS})", name="reason"),
        CheckConstraint("note <> '' AND asked_by <> ''", name="told"),
        Index("ix_override_request_run", "school_id", "run_id"),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    override_id: Mapped[str] = mapped_column(String, primary_key=True)
    run_id: Mapped[str] = mapped_column(String)
    kind: Mapped[str] = mapped_column(String)
    finding_key: Mapped[str] = mapped_column(String)
    reason: Mapped[str] = mapped_column(String)
    note: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String)
    asked_role: Mapped[str] = mapped_column(String)
    asked_ms: Mapped[int] = mapped_column(BigInteger)


class OverrideVerdictRow(Base):
    __tablename__ = "override_verdict"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "override_id"], ["override_request.school_id", "override_request.override_id"]
        ),
        CheckConstraint(f"verdict IN ({_VERDICTS})", name="verdict"),
        CheckConstraint("decided_by <> ''", name="decided_by"),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    override_id: Mapped[str] = mapped_column(String, primary_key=True)
    verdict: Mapped[str] = mapped_column(String)
    decided_by: Mapped[str] = mapped_column(String)
    decided_role: Mapped[str] = mapped_column(String)
    decided_ms: Mapped[int] = mapped_column(BigInteger)


class OverrideSearchRow(Base):
    __tablename__ = "override_search"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "override_id"], ["override_request.school_id", "override_request.override_id"]
        ),
        CheckConstraint("searched_by <> ''", name="searched_by"),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    override_id: Mapped[str] = mapped_column(String, primary_key=True)
    searched_by: Mapped[str] = mapped_column(String)
    searched_ms: Mapped[int] = mapped_column(BigInteger)


class OverrideRecordRow(Base):
    __tablename__ = "override_record"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "override_id"], ["override_request.school_id", "override_request.override_id"]
        ),
        ForeignKeyConstraint(
            ["school_id", "quarantine_id"], ["quarantine.school_id", "quarantine.quarantine_id"]
        ),
    )

    school_id: Mapped[str] = mapped_column(String, primary_key=True)
    override_id: Mapped[str] = mapped_column(String, primary_key=True)
    quarantine_id: Mapped[str] = mapped_column(String, primary_key=True)


def insert_request(tx: Transaction, asked: Override) -> None:
    """The request waits for a second person."""
    names = ("override_id", "run_id", "kind", "finding_key", "reason", "note", "asked_by", "asked_ms")
    row = {name: getattr(asked, name) for name in names} | {"asked_role": asked.asked_role.value}
    tx.session.execute(insert(OverrideRequestRow), [row | {"school_id": tx.school_id}])
    own = {"school_id": tx.school_id, "override_id": asked.override_id}
    if asked.records:
        rows = [own | {"quarantine_id": each} for each in asked.records]
        tx.session.execute(insert(OverrideRecordRow), rows)


def insert_search(tx: Transaction, override_id: str, *, by: str, at_ms: int) -> None:
    """A third person has searched the bus and says so, once."""
    row = {"school_id": tx.school_id, "override_id": override_id, "searched_by": by, "searched_ms": at_ms}
    tx.session.execute(insert(OverrideSearchRow), [row])


def insert_verdict(
    tx: Transaction, override_id: str, verdict: OverrideVerdict, *, by: str, role: Role, at_ms: int
) -> None:
    """The second person said so, once."""
    row = {
        "school_id": tx.school_id,
        "override_id": override_id,
        "verdict": verdict.value,
        "decided_by": by,
        "decided_role": role.value,
        "decided_ms": at_ms,
    }
    tx.session.execute(insert(OverrideVerdictRow), [row])


def load_override(tx: Transaction, override_id: str) -> Override:
    """One override; raises NotFound."""
    found = [each for each in load_overrides(tx) if each.override_id == override_id]
    if not found:
        raise NotFound("no_such_override", override_id=override_id)
    return found[0]


def load_overrides(
    tx: Transaction, run_id: RunId | None = None, *, kind: OverrideKind | None = None
) -> tuple[Override, ...]:
    """The overrides of a run or of all, of a kind or all, newest first, with what was said of each."""
    asked, said, searched = OverrideRequestRow, OverrideVerdictRow, OverrideSearchRow
    query = (
        select(asked, said, searched)
        .join_from(asked, said, _same(asked, said), isouter=True)
        .join(searched, _same(asked, searched), isouter=True)
        .where(asked.school_id == tx.school_id)
        .order_by(asked.asked_ms.desc(), asked.override_id)
    )
    if run_id is not None:
        query = query.where(asked.run_id == run_id)
    if kind is not None:
        query = query.where(asked.kind == kind.value)
    rows = tx.session.execute(query).all()
    records = _records(tx, [row[0].override_id for row in rows if row[0].kind == OverrideKind.ADMISSION])
    return tuple(_override(*row, records.get(row[0].override_id, ())) for row in rows)


def _same(
    asked: type[OverrideRequestRow], other: type[OverrideVerdictRow | OverrideSearchRow]
) -> ColumnElement[bool]:
    return and_(asked.school_id == other.school_id, asked.override_id == other.override_id)


def _records(tx: Transaction, override_ids: list[str]) -> dict[str, tuple[str, ...]]:
    """What each of these requests to take something in is about."""
    row = OverrideRecordRow
    query = select(row).where(row.school_id == tx.school_id, row.override_id.in_(override_ids))
    found: dict[str, tuple[str, ...]] = {}
    for each in tx.session.scalars(query.order_by(row.quarantine_id)) if override_ids else ():
        found[each.override_id] = (*found.get(each.override_id, ()), each.quarantine_id)
    return found


def _override(
    asked: OverrideRequestRow,
    said: OverrideVerdictRow | None,
    searched: OverrideSearchRow | None,
    records: tuple[str, ...],
) -> Override:
    own: dict[str, Any] = {
        name: getattr(asked, name)
        for name in (each.name for each in fields(Override))
        if hasattr(OverrideRequestRow, name)
    }
    own |= {
        "kind": OverrideKind(asked.kind),
        "reason": OverrideReason(asked.reason),
        "asked_role": Role(asked.asked_role),
        "records": records,
    }
    if searched is not None:
        own |= {"searched_by": searched.searched_by, "searched_ms": searched.searched_ms}
    if said is not None:
        own |= {
            "verdict": OverrideVerdict(said.verdict),
            "decided_by": said.decided_by,
            "decided_role": Role(said.decided_role),
            "decided_ms": said.decided_ms,
        }
    return Override(**own)
