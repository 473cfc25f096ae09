"""
The bytes of bills as they were uploaded: what the books rest on, to be handed out unchanged.

Never changed. An original goes only with a preview that was thrown away; once a bill is in the
books, the database refuses to let its original go (``guards/claims_*.sql``).
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import BytesIO
from typing import BinaryIO, Final

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    String,
    Text,
    delete,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.import_store import BatchState, ImportBatchRow
from busops.storage.receipt_tables import ReceiptFileRow
from busops.storage.upsert import table_of

MOST_BYTES: Final = 10 * 1024 * 1024


class BillOriginalRow(Base):
    """The bytes of one bill under their own digest."""

    __tablename__ = "bill_original"
    __table_args__ = (
        CheckConstraint("length(sha256) = 64", name="sha256"),
        CheckConstraint(f"length(content) <= {MOST_BYTES}", name="content"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    kept_by: Mapped[str] = mapped_column(String(64))
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)


class BillPartRow(Base):
    """What of a bill is longer than one row may hold, piece by piece."""

    __tablename__ = "bill_part"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "sha256"], ["bill_original.school_id", "bill_original.sha256"]),
        CheckConstraint(f"n >= 1 AND length(content) <= {MOST_BYTES}", name="content"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A bill's own bytes and the name it came under first."""

    name: str
    content: bytes


def keep_original(
    tx: Transaction, sha256: str, *, name: str, content: bytes | BinaryIO, by: str, at: datetime
) -> None:
    """The bytes are kept under their digest, a long file piece by piece; the same bytes change nothing."""
    table = table_of(BillOriginalRow)
    known = select(table.c.sha256).where(table.c.school_id == tx.school_id, table.c.sha256 == sha256)
    if tx.session.execute(known).first() is not None:
        return
    file = BytesIO(content) if isinstance(content, bytes) else content
    own = {"school_id": tx.school_id, "sha256": sha256}
    row = {**own, "name": name, "content": file.read(MOST_BYTES), "kept_by": by, "kept_at": at}
    tx.session.execute(insert(table), [row])
    for n, piece in enumerate(iter(partial(file.read, MOST_BYTES), b""), start=1):
        keep_part(tx, sha256, n, piece)


def keep_part(tx: Transaction, sha256: str, n: int, content: bytes) -> None:
    """The n-th piece of a long original is kept; the beginning stands already."""
    row = {"school_id": tx.school_id, "sha256": sha256, "n": n, "content": content}
    tx.session.execute(insert(table_of(BillPartRow)), [row])


def load_original(tx: Transaction, sha256: str) -> Original:
    """The bytes of the bill with this digest; raises NotFound where they were never kept."""
    table = table_of(BillOriginalRow)
    query = select(table.c.name, table.c.content).where(
        table.c.school_id == tx.school_id, table.c.sha256 == sha256
    )
    row = tx.session.execute(query).first()
    if row is None:
        raise NotFound("original_not_kept", sha256=sha256)
    part = table_of(BillPartRow)
    more = select(part.c.content).where(part.c.school_id == tx.school_id, part.c.sha256 == sha256)
    pieces = tx.session.scalars(more.order_by(part.c.n))
    return Original(name=row.name, content=b"".join([bytes(row.content), *map(bytes, pieces)]))


def kept_originals(tx: Transaction) -> frozenset[str]:
    """The digests of every original that is kept."""
    table = table_of(BillOriginalRow)
    return frozenset(tx.session.scalars(select(table.c.sha256).where(table.c.school_id == tx.school_id)))


def forget_unused(tx: Transaction, sha256: str) -> None:
    """The bytes are gone, unless a bill of the books or another preview rests on them."""
    table, file, batch = table_of(BillOriginalRow), table_of(ReceiptFileRow), table_of(ImportBatchRow)
    used = select(file.c.sha256).where(file.c.school_id == tx.school_id, file.c.sha256 == sha256)
    waits = select(batch.c.sha256).where(
        batch.c.school_id == tx.school_id,
        batch.c.sha256 == sha256,
        batch.c.state == str(BatchState.PREVIEWED),
    )
    if tx.session.execute(used).first() is None and tx.session.execute(waits).first() is None:
        part = table_of(BillPartRow)
        tx.session.execute(delete(part).where(part.c.school_id == tx.school_id, part.c.sha256 == sha256))
        tx.session.execute(delete(table).where(table.c.school_id == tx.school_id, table.c.sha256 == sha256))
