"""
Stops, approved lines and travel times: domain values in, domain values out.

Positions are kept as whole thousand-millionths of a degree (a tenth of a millimetre), so that
what was read equals what is stored. Travel times are replaced as a whole: a file of them is
the truth, not an addition.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Integer,
    String,
    Text,
    delete,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.network import ApprovedLine, LineStop, Stop, StopKind, TravelTime
from busops.domain.values import LineId, Plate, Position, StopId
from busops.storage.database import Base, Transaction
from busops.storage.upsert import retire, rows_of, table_of, upsert

NANO: Final = 1_000_000_000


class StopRow(Base):
    """A designated stop, WGS-84."""

    __tablename__ = "stop"
    __table_args__ = (
        CheckConstraint("kind IN ('SCHOOL_BUS_STOP', 'BUS_PLATFORM', 'SCHOOL')", name="kind"),
        CheckConstraint("designated_to IS NULL OR designated_from <= designated_to", name="in_order"),
        CheckConstraint("radius_m > 0", name="radius"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    stop_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    lat_nano: Mapped[int] = mapped_column(BigInteger)
    lon_nano: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(24))
    designated_from: Mapped[date] = mapped_column(Date)
    designated_to: Mapped[date | None] = mapped_column(Date)
    radius_m: Mapped[int] = mapped_column(Integer)
    band: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    retired_on: Mapped[date | None] = mapped_column(Date)


class ApprovedLineRow(Base):
    """A line approved for one licensed bus."""

    __tablename__ = "approved_line"
    __table_args__ = (ForeignKeyConstraint(["school_id", "plate"], ["vehicle.school_id", "vehicle.plate"]),)
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    line_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    plate: Mapped[str] = mapped_column(String(32))
    retired_on: Mapped[date | None] = mapped_column(Date)


class LineStopRow(Base):
    """One stop of an approved line, in approved order."""

    __tablename__ = "line_stop"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "line_id"], ["approved_line.school_id", "approved_line.line_id"]),
        ForeignKeyConstraint(["school_id", "stop_id"], ["stop.school_id", "stop.stop_id"]),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    line_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    stop_id: Mapped[str] = mapped_column(String(64))
    departs_min: Mapped[int | None] = mapped_column(Integer)


class TravelTimeRow(Base):
    """Road metres and seconds from one place to another; ``@campus`` is the campus."""

    __tablename__ = "travel_time"
    __table_args__ = (CheckConstraint("distance_m >= 0 AND duration_s >= 0", name="amounts"),)
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    origin_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    target_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    distance_m: Mapped[int] = mapped_column(Integer)
    duration_s: Mapped[int] = mapped_column(Integer)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredStop:
    """A stop with the day it left the register, if it did."""

    stop: Stop
    retired_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredLine:
    """An approved line with the day it left the register, if it did."""

    line: ApprovedLine
    retired_on: date | None


def load_stops(tx: Transaction, *, include_retired: bool = False) -> tuple[Stop, ...]:
    """The registered stops by number."""
    rows = rows_of(tx, StopRow, order_by=["stop_id"], include_retired=include_retired)
    return tuple(_stop(row) for row in rows)


def list_stops(tx: Transaction) -> tuple[RegisteredStop, ...]:
    """Every stop there ever was, with the day it retired."""
    rows = rows_of(tx, StopRow, order_by=["stop_id"])
    return tuple(RegisteredStop(stop=_stop(row), retired_on=row.retired_on) for row in rows)


def save_stops(tx: Transaction, stops: Iterable[Stop]) -> None:
    """These stops are registered as given; one that had retired is back."""
    rows = (
        {
            "stop_id": stop.stop_id,
            "name": stop.name,
            "lat_nano": round(stop.position.lat * NANO),
            "lon_nano": round(stop.position.lon * NANO),
            "kind": stop.kind.value,
            "designated_from": stop.designated_from,
            "designated_to": stop.designated_to,
            "radius_m": stop.radius_m,
            "band": stop.band,
            "note": stop.note,
            "retired_on": None,
        }
        for stop in stops
    )
    upsert(tx, StopRow, rows)


def retire_stop(tx: Transaction, stop_id: str, on: date | None) -> None:
    """The stop has left the register on that day (None = is back)."""
    retire(tx, StopRow, {"stop_id": stop_id}, on)


def load_lines(tx: Transaction, *, include_retired: bool = False) -> tuple[ApprovedLine, ...]:
    """The approved lines by number, their stops in approved order."""
    return tuple(entry.line for entry in list_lines(tx) if include_retired or entry.retired_on is None)


def list_lines(tx: Transaction) -> tuple[RegisteredLine, ...]:
    """Every line that was ever approved, with the day it retired."""
    stops: dict[str, list[LineStop]] = {}
    for row in rows_of(tx, LineStopRow, order_by=["line_id", "seq"]):
        stop = LineStop(seq=row.seq, stop_id=StopId(row.stop_id), departs_min=row.departs_min)
        stops.setdefault(row.line_id, []).append(stop)
    return tuple(
        RegisteredLine(
            line=ApprovedLine(
                line_id=LineId(row.line_id), plate=Plate(row.plate), stops=tuple(stops.get(row.line_id, ()))
            ),
            retired_on=row.retired_on,
        )
        for row in rows_of(tx, ApprovedLineRow, order_by=["line_id"])
    )


def save_lines(tx: Transaction, lines: Iterable[ApprovedLine]) -> None:
    """These lines and their stops stand as given; one that had retired is back."""
    approved = tuple(lines)
    rows = ({"line_id": line.line_id, "plate": line.plate, "retired_on": None} for line in approved)
    upsert(tx, ApprovedLineRow, rows)
    table = table_of(LineStopRow)
    for line in approved:
        mine = (table.c.school_id == tx.school_id) & (table.c.line_id == line.line_id)
        tx.session.execute(delete(table).where(mine))
    stops = (
        {
            "line_id": line.line_id,
            "seq": stop.seq,
            "stop_id": stop.stop_id,
            "departs_min": stop.departs_min,
        }
        for line in approved
        for stop in line.stops
    )
    upsert(tx, LineStopRow, stops)


def retire_line(tx: Transaction, line_id: str, on: date | None) -> None:
    """The line is no longer approved from that day (None = is again)."""
    retire(tx, ApprovedLineRow, {"line_id": line_id}, on)


def load_travel(tx: Transaction) -> tuple[TravelTime, ...]:
    """The school's own road distances and times; empty means that they are estimated."""
    return tuple(
        TravelTime(
            origin=StopId(row.origin_id),
            destination=StopId(row.target_id),
            distance_m=row.distance_m,
            duration_s=row.duration_s,
        )
        for row in rows_of(tx, TravelTimeRow, order_by=["origin_id", "target_id"])
    )


def save_travel(tx: Transaction, travel: Iterable[TravelTime]) -> None:
    """These, and no others, are the travel times."""
    table = table_of(TravelTimeRow)
    tx.session.execute(delete(table).where(table.c.school_id == tx.school_id))
    rows = (
        {
            "origin_id": way.origin,
            "target_id": way.destination,
            "distance_m": way.distance_m,
            "duration_s": way.duration_s,
        }
        for way in travel
    )
    upsert(tx, TravelTimeRow, rows)


def _stop(row: Any) -> Stop:
    return Stop(
        stop_id=StopId(row.stop_id),
        name=row.name,
        position=Position(lat=row.lat_nano / NANO, lon=row.lon_nano / NANO),
        kind=StopKind(row.kind),
        designated_from=row.designated_from,
        designated_to=row.designated_to,
        radius_m=row.radius_m,
        band=row.band,
        note=row.note,
    )
