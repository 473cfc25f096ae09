"""
Marks of days on which the clocks over somebody in a bus run shorter; each stands, the last one holds.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, Integer, String, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from busops.storage.database import Base, Transaction, UtcDateTime


class Weather(StrEnum):
    """What a bus that stands does to whoever is in it."""

    PLAIN = "plain"
    HOT = "hot"
    COLD = "cold"


_WEATHERS = ", ".join(f"'{each}'" for each in Weather)


class DayMarkRow(Base):
    __tablename__ = "day_mark"
    __table_args__ = (
        CheckConstraint(f"weather IN ({_WEATHERS})", name="weather"),
        CheckConstraint("number >= 1", name="number"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    marked_on: Mapped[date] = mapped_column(Date, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    weather: Mapped[str] = mapped_column(String(8))
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayMark:
    """What somebody said of a day; ``number`` counts what was said of it."""

    on: date
    number: int
    weather: Weather
    made_by: str
    made_at: datetime


def insert_mark(tx: Transaction, mark: DayMark) -> None:
    """The mark stands, for good."""
    row = {
        "school_id": tx.school_id,
        "marked_on": mark.on,
        "number": mark.number,
        "weather": mark.weather.value,
        "made_by": mark.made_by,
        "made_at": mark.made_at,
    }
    tx.session.execute(insert(DayMarkRow), [row])


def last_mark(tx: Transaction, on: date) -> DayMark | None:
    """What holds on that day; None when nobody said anything."""
    query = select(DayMarkRow).where(DayMarkRow.school_id == tx.school_id, DayMarkRow.marked_on == on)
    row = tx.session.scalars(query.order_by(DayMarkRow.number.desc()).limit(1)).first()
    return _mark(row) if row is not None else None


def short_days(tx: Transaction) -> frozenset[date]:
    """Every day on which the clocks run shorter."""
    rows = tx.session.scalars(
        select(DayMarkRow).where(DayMarkRow.school_id == tx.school_id).order_by(DayMarkRow.number)
    )
    last = {row.marked_on: row.weather for row in rows}
    return frozenset(on for on, weather in last.items() if weather != Weather.PLAIN)


def _mark(row: DayMarkRow) -> DayMark:
    return DayMark(
        on=row.marked_on,
        number=row.number,
        weather=Weather(row.weather),
        made_by=row.made_by,
        made_at=row.made_at,
    )
