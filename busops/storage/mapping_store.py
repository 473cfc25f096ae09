"""What people said about the columns of sheets that nobody knew, by the header they said it of."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, String, UniqueConstraint, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from busops.storage.database import Base, Transaction, UtcDateTime
from busops.storage.upsert import table_of


class SheetMappingRow(Base):
    """One mapping; a header has one, and a name belongs to one."""

    __tablename__ = "sheet_mapping"
    __table_args__ = (
        UniqueConstraint("school_id", "name"),
        CheckConstraint("unit IN ('yuan', 'fen')", name="unit"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    header_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    header: Mapped[Any] = mapped_column(JSON)
    columns: Mapped[Any] = mapped_column(JSON)
    unit: Mapped[str] = mapped_column(String(8))
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


def put_mapping(tx: Transaction, row: dict[str, Any], *, by: str, at: datetime) -> None:
    """The mapping of this header is this one, whatever was said of it before (keys: the columns')."""
    forget_mapping(tx, row["header_key"])
    own = {"school_id": tx.school_id, "made_by": by, "made_at": at}
    tx.session.execute(insert(table_of(SheetMappingRow)), [{**row, **own}])


def forget_mapping(tx: Transaction, header_key: str) -> None:
    """Nothing is said of the header any more."""
    table = table_of(SheetMappingRow)
    mine = (table.c.school_id == tx.school_id) & (table.c.header_key == header_key)
    tx.session.execute(delete(table).where(mine))


def load_mappings(tx: Transaction) -> tuple[dict[str, Any], ...]:
    """Every mapping of the school as plain values, by name."""
    table = table_of(SheetMappingRow)
    query = select(table).where(table.c.school_id == tx.school_id).order_by(table.c.name)
    return tuple(dict(row) for row in tx.session.execute(query).mappings())
