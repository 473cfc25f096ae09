"""
Large costs that wait for a second person, and what was said of them.

A cost keeps its id from the proposal to the books. Only ever inserted into; the guards
(``guards/costs_*.sql``) hold two people without Python.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    String,
    Text,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.finance.costs import COST_CODES, CostLine
from busops.storage.cost_store import COVERS, columns_of, line_of
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of

_CODES = ", ".join(f"'{code}'" for code in COST_CODES)


class CostWord(StrEnum):
    """What became of a proposal."""

    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class CostProposalRow(Base):
    """A cost as it was proposed; nothing is booked yet."""

    __tablename__ = "cost_proposal"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "reverses"], ["cost_line.school_id", "cost_line.cost_id"]),
        ForeignKeyConstraint(["school_id", "replaces"], ["cost_line.school_id", "cost_line.cost_id"]),
        CheckConstraint(f"code IN ({_CODES})", name="code"),
        CheckConstraint("fen <> 0 AND abs(tax_fen) <= abs(fen)", name="fen"),
        CheckConstraint(COVERS, name="covers"),
        CheckConstraint("made_by <> '' AND (fen > 0) = (reverses IS NULL)", name="told"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    cost_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    on: Mapped[date] = mapped_column("cost_on", Date)
    code: Mapped[str] = mapped_column(String(8))
    fen: Mapped[int] = mapped_column(BigInteger)
    plate: Mapped[str] = mapped_column(String(32))
    run: Mapped[str] = mapped_column(String(64))
    line: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(String(128))
    is_estimate: Mapped[bool] = mapped_column(Boolean)
    tax_fen: Mapped[int] = mapped_column(BigInteger)
    covers_from: Mapped[date | None] = mapped_column(Date)
    covers_to: Mapped[date | None] = mapped_column(Date)
    reverses: Mapped[str | None] = mapped_column(String(64))
    replaces: Mapped[str | None] = mapped_column(String(64))
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CostWordRow(Base):
    """The word on a proposal, given once: by another person, or by the proposer who thinks again."""

    __tablename__ = "cost_word"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "cost_id"], ["cost_proposal.school_id", "cost_proposal.cost_id"]),
        CheckConstraint("word IN ('APPROVED', 'REFUSED', 'WITHDRAWN')", name="word"),
        CheckConstraint("said_by <> '' AND (word <> 'REFUSED' OR note <> '')", name="told"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    cost_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    word: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    said_by: Mapped[str] = mapped_column(String(64))
    said_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostProposal:
    """A cost that takes two people, with the word on it as far as there is one."""

    cost_id: str
    line: CostLine
    made_by: str
    made_at: datetime
    reverses: str | None = None
    replaces: str | None = None
    word: CostWord | None = None
    said_by: str = ""
    said_note: str = ""


def insert_proposal(tx: Transaction, proposal: CostProposal) -> None:
    """The cost waits for a second person."""
    names = ("cost_id", "reverses", "replaces", "made_by", "made_at")
    row = {name: getattr(proposal, name) for name in names}
    row |= {"school_id": tx.school_id, **columns_of(proposal.line)}
    tx.session.execute(insert(table_of(CostProposalRow)), [row])


def insert_word(tx: Transaction, cost_id: str, word: CostWord, *, note: str, by: str, at: datetime) -> None:
    """The word stands."""
    row = {"school_id": tx.school_id, "cost_id": cost_id, "word": str(word)}
    row |= {"note": note, "said_by": by}
    tx.session.execute(insert(table_of(CostWordRow)), [{**row, "said_at": at}])


def load_proposals(tx: Transaction) -> tuple[CostProposal, ...]:
    """Every proposal, oldest first."""
    asked, said = table_of(CostProposalRow), table_of(CostWordRow)
    query = (
        select(asked, said.c.word, said.c.said_by, said.c.note.label("said_note"))
        .outerjoin(said, (said.c.school_id == asked.c.school_id) & (said.c.cost_id == asked.c.cost_id))
        .where(asked.c.school_id == tx.school_id)
        .order_by(asked.c.made_at, asked.c.cost_id)
    )
    return tuple(_proposal(row) for row in tx.session.execute(query))


def load_proposal(tx: Transaction, cost_id: str) -> CostProposal:
    """One proposal; raises NotFound."""
    for proposal in load_proposals(tx):
        if proposal.cost_id == cost_id:
            return proposal
    raise NotFound("cost_not_found", cost_id=cost_id)


def _proposal(row: Any) -> CostProposal:
    return CostProposal(
        cost_id=row.cost_id,
        line=line_of(row),
        made_by=row.made_by,
        made_at=row.made_at,
        reverses=row.reverses,
        replaces=row.replaces,
        word=CostWord(row.word) if row.word else None,
        said_by=row.said_by or "",
        said_note=row.said_note or "",
    )
