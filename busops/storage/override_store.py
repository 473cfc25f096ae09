"""
Overrides asked for, and what the second person said. Append-only, both.

The database refuses a word of the same person, of the same role, or after ten minutes, and a
finding settled without the one it needs (``guards/overrides_*.sql``).
"""

from dataclasses import fields
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, String, Text, insert, select
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


def insert_request(tx: Transaction, asked: Override) -> None:
    """The request waits for a second person."""
    names = ("override_id", "run_id", "kind", "finding_key", "reason", "note", "asked_by", "asked_ms")
    row = {name: getattr(asked, name) for name in names} | {"asked_role": asked.asked_role.value}
    tx.session.execute(insert(OverrideRequestRow), [row | {"school_id": tx.school_id}])


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


def load_overrides(tx: Transaction, run_id: RunId | None = None) -> tuple[Override, ...]:
    """The overrides of a run or of all, newest first, each with what the second person said."""
    asked, said = OverrideRequestRow, OverrideVerdictRow
    query = (
        select(asked, said)
        .join_from(
            asked,
            said,
            (asked.school_id == said.school_id) & (asked.override_id == said.override_id),
            isouter=True,
        )
        .where(asked.school_id == tx.school_id)
        .order_by(asked.asked_ms.desc(), asked.override_id)
    )
    if run_id is not None:
        query = query.where(asked.run_id == run_id)
    return tuple(_override(request, verdict) for request, verdict in tx.session.execute(query))


def _override(asked: OverrideRequestRow, said: OverrideVerdictRow | None) -> Override:
    own: dict[str, Any] = {
        name: getattr(asked, name)
        for name in (each.name for each in fields(Override))
        if hasattr(OverrideRequestRow, name)
    }
    own |= {
        "kind": OverrideKind(asked.kind),
        "reason": OverrideReason(asked.reason),
        "asked_role": Role(asked.asked_role),
    }
    if said is not None:
        own |= {
            "verdict": OverrideVerdict(said.verdict),
            "decided_by": said.decided_by,
            "decided_role": Role(said.decided_role),
            "decided_ms": said.decided_ms,
        }
    return Override(**own)
