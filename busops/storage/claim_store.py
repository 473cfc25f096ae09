"""
Large claims that wait for a second person, and what that person said. Append-only, both.

The database refuses a verdict of the proposer's own hand (``guards/claims_*.sql``). Money moves
in ``receipt_store``; here stands only who wanted it and who agreed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    String,
    Text,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.domain.values import RiderId
from busops.finance.matching import Share
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.receipt_tables import ReceiptRow
from busops.storage.upsert import table_of


class Verdict(StrEnum):
    """What became of a proposal; only the proposer withdraws, only somebody else decides."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


_VERDICTS = ", ".join(f"'{verdict}'" for verdict in Verdict)


class ClaimProposalRow(Base):
    """A receipt's money as one person wants it given."""

    __tablename__ = "claim_proposal"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "receipt_id"], ["receipt.school_id", "receipt.receipt_id"]),
        CheckConstraint("fen > 0", name="fen"),
        CheckConstraint("proposed_by <> ''", name="proposed_by"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    proposal_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    receipt_id: Mapped[str] = mapped_column(String(64))
    shares: Mapped[Any] = mapped_column(JSON)
    fen: Mapped[int] = mapped_column(BigInteger)
    grounds: Mapped[Any] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[str] = mapped_column(String(64))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ClaimVerdictRow(Base):
    """What a second person said of a proposal, or that it was withdrawn: one a proposal."""

    __tablename__ = "claim_verdict"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "proposal_id"], ["claim_proposal.school_id", "claim_proposal.proposal_id"]
        ),
        CheckConstraint(f"verdict IN ({_VERDICTS})", name="verdict"),
        CheckConstraint("decided_by <> ''", name="decided_by"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    proposal_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(String(64))
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A claim with what it rests on; ``verdict`` is None while it waits."""

    proposal_id: str
    receipt_id: str
    shares: tuple[Share, ...]
    grounds: tuple[str, ...]
    note: str
    proposed_by: str
    proposed_at: datetime
    verdict: Verdict | None = None
    verdict_note: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None

    @property
    def fen(self) -> int:
        """How much would be given."""
        return sum(share.fen for share in self.shares)

    @property
    def rider_ids(self) -> tuple[RiderId, ...]:
        """The riders of the proposal, each once."""
        return tuple(dict.fromkeys(share.rider_id for share in self.shares))


def insert_proposal(tx: Transaction, proposal: Proposal) -> None:
    """The proposal waits."""
    shares = [
        {"rider_id": share.rider_id, "unit_key": share.unit_key, "fen": share.fen}
        for share in proposal.shares
    ]
    row = {
        "school_id": tx.school_id,
        "proposal_id": proposal.proposal_id,
        "receipt_id": proposal.receipt_id,
        "shares": shares,
        "fen": proposal.fen,
        "grounds": list(proposal.grounds),
        "note": proposal.note,
        "proposed_by": proposal.proposed_by,
        "proposed_at": proposal.proposed_at,
    }
    tx.session.execute(insert(table_of(ClaimProposalRow)), [row])


def insert_verdict(
    tx: Transaction, proposal_id: str, verdict: Verdict, *, note: str, by: str, at: datetime
) -> None:
    """The proposal is decided, for ever; the guard refuses what the proposer may not say of his own."""
    row = {
        "school_id": tx.school_id,
        "proposal_id": proposal_id,
        "verdict": str(verdict),
        "note": note,
        "decided_by": by,
        "decided_at": at,
    }
    tx.session.execute(insert(table_of(ClaimVerdictRow)), [row])


def load_proposals(tx: Transaction) -> tuple[Proposal, ...]:
    """Every proposal with its verdict, oldest first."""
    return tuple(_proposals(tx))


def load_proposal(tx: Transaction, proposal_id: str) -> Proposal:
    """The proposal as it stands; its receipt is locked until the transaction ends. Raises NotFound."""
    found = [item for item in _proposals(tx) if item.proposal_id == proposal_id]
    if not found:
        raise NotFound("proposal_not_found", proposal_id=proposal_id)
    receipt = table_of(ReceiptRow)
    mine = (receipt.c.school_id == tx.school_id) & (receipt.c.receipt_id == found[0].receipt_id)
    tx.session.execute(select(receipt.c.receipt_id).where(mine).with_for_update())
    return next(item for item in _proposals(tx) if item.proposal_id == proposal_id)


def waiting_receipts(tx: Transaction) -> frozenset[str]:
    """The receipts that a proposal waits for."""
    return frozenset(item.receipt_id for item in _proposals(tx) if item.verdict is None)


def _proposals(tx: Transaction) -> Iterable[Proposal]:
    asked, said = table_of(ClaimProposalRow), table_of(ClaimVerdictRow)
    same = (said.c.school_id == asked.c.school_id) & (said.c.proposal_id == asked.c.proposal_id)
    query = (
        select(
            asked,
            said.c.verdict,
            said.c.note.label("verdict_note"),
            said.c.decided_by,
            said.c.decided_at,
        )
        .outerjoin(said, same)
        .where(asked.c.school_id == tx.school_id)
        .order_by(asked.c.proposed_at, asked.c.proposal_id)
    )
    for row in tx.session.execute(query):
        yield Proposal(
            proposal_id=row.proposal_id,
            receipt_id=row.receipt_id,
            shares=tuple(
                Share(rider_id=RiderId(one["rider_id"]), unit_key=one["unit_key"], fen=one["fen"])
                for one in row.shares
            ),
            grounds=tuple(row.grounds),
            note=row.note,
            proposed_by=row.proposed_by,
            proposed_at=row.proposed_at,
            verdict=None if row.verdict is None else Verdict(row.verdict),
            verdict_note=row.verdict_note or "",
            decided_by=row.decided_by or "",
            decided_at=row.decided_at,
        )
