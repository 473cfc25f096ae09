"""
The papers of costs: bills and receipts as files, under the digest of what was given and of what is kept.

Only ever inserted into; a paper belongs to a cost in the books or to one that waits for a second person.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import CheckConstraint, Integer, LargeBinary, String, Text, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of

MOST_BYTES: Final = 5 * 1024 * 1024


class PaperKind(StrEnum):
    """What a paper is."""

    PDF = "pdf"
    OFD = "ofd"
    JPEG = "jpeg"
    PNG = "png"


class CostDocumentRow(Base):
    """One file of one cost."""

    __tablename__ = "cost_document"
    __table_args__ = (
        CheckConstraint("kind IN ('pdf', 'ofd', 'jpeg', 'png')", name="kind"),
        CheckConstraint("length(given_sha256) = 64 AND length(sha256) = 64", name="digests"),
        CheckConstraint(f"n >= 1 AND length(content) <= {MOST_BYTES}", name="content"),
        CheckConstraint("kept_by <> ''", name="told"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    cost_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(Text)
    given_sha256: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    kept_by: Mapped[str] = mapped_column(String(64))
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostDocument:
    """What is known of a paper; its bytes are asked for apart."""

    cost_id: str
    n: int
    kind: PaperKind
    name: str
    given_sha256: str
    sha256: str
    size: int
    kept_by: str
    kept_at: datetime


_KNOWN: Final = ("cost_id", "n", "name", "given_sha256", "sha256", "kept_by", "kept_at")


def insert_document(tx: Transaction, document: CostDocument, content: bytes) -> None:
    """The paper is kept."""
    row: dict[str, Any] = {name: getattr(document, name) for name in _KNOWN}
    row |= {"school_id": tx.school_id, "kind": str(document.kind), "content": content}
    tx.session.execute(insert(table_of(CostDocumentRow)), [row])


def documents_of(tx: Transaction, cost_id: str) -> tuple[CostDocument, ...]:
    """The papers of a cost, the first one first."""
    table = table_of(CostDocumentRow)
    columns = [table.c[name] for name in _KNOWN]
    query = (
        select(*columns, table.c.kind, func.length(table.c.content).label("size"))
        .where(table.c.school_id == tx.school_id, table.c.cost_id == cost_id)
        .order_by(table.c.n)
    )
    return tuple(
        CostDocument(**{name: getattr(row, name) for name in _KNOWN}, kind=PaperKind(row.kind), size=row.size)
        for row in tx.session.execute(query)
    )


def count_documents(tx: Transaction) -> dict[str, int]:
    """How many papers each cost has; those without any are left out."""
    table = table_of(CostDocumentRow)
    query = (
        select(table.c.cost_id, func.count())
        .where(table.c.school_id == tx.school_id)
        .group_by(table.c.cost_id)
    )
    return {cost_id: int(count) for cost_id, count in tx.session.execute(query)}


def content_of(tx: Transaction, cost_id: str, n: int) -> bytes:
    """The bytes of a paper; raises NotFound."""
    table = table_of(CostDocumentRow)
    query = select(table.c.content).where(
        table.c.school_id == tx.school_id, table.c.cost_id == cost_id, table.c.n == n
    )
    content = tx.session.execute(query).scalar()
    if content is None:
        raise NotFound("cost_document_not_found", cost_id=cost_id)
    return bytes(content)
