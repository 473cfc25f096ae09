"""
The school, its terms, its riders and its tariff: domain values in, domain values out.

Stops, lines and travel times are in ``network_store``, vehicles and crew in ``fleet_store``.
Nothing is ever deleted here: history names riders, so they retire.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from busops.domain.errors import NotFound
from busops.domain.roster import HandoverMode, PickupPerson, Rider
from busops.domain.school import Basis, FeeRegime, FinancePolicy, PlanningPolicy, School, Term
from busops.domain.values import Position, RiderId, SchoolId, StopId
from busops.finance.tariff import FareUnit, TariffRate
from busops.storage.database import Base, Transaction
from busops.storage.prepared import among
from busops.storage.upsert import retire, rows_of, table_of, upsert

NANO: Final = 1_000_000_000
NO_PERSONS: Final = '{"next": 1, "listed": []}'
RIDER_ORDERS: Final = ("rider_id", "name", "grade", "class_name", "stop_id")


class TermRow(Base):
    """A school term."""

    __tablename__ = "term"
    __table_args__ = (CheckConstraint("starts_on <= ends_on", name="in_order"),)
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    term_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)


class SchoolRow(Base):
    """The one school of this database and its policies; positions in thousand-millionths of a degree."""

    __tablename__ = "school"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "term_id"], ["term.school_id", "term.term_id"]),
        CheckConstraint("target_bp >= 0", name="target"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(String(64))
    term_id: Mapped[str] = mapped_column(String(64))
    campus_lat_nano: Mapped[int] = mapped_column(BigInteger)
    campus_lon_nano: Mapped[int] = mapped_column(BigInteger)
    executor: Mapped[str] = mapped_column(Text)
    responsible: Mapped[str] = mapped_column(Text)
    supervisor: Mapped[str] = mapped_column(Text)
    max_ride_min: Mapped[int] = mapped_column(Integer)
    ride_factor_milli: Mapped[int] = mapped_column(Integer)
    max_stops: Mapped[int] = mapped_column(Integer)
    dwell_base_s: Mapped[int] = mapped_column(Integer)
    dwell_rider_s: Mapped[int] = mapped_column(Integer)
    returns_to_campus: Mapped[bool] = mapped_column(Boolean)
    detour_factor_milli: Mapped[int] = mapped_column(Integer)
    basis: Mapped[str] = mapped_column(String(16))
    target_bp: Mapped[int] = mapped_column(Integer)
    fee_regime: Mapped[str] = mapped_column(String(24))


class RiderRow(Base):
    """A registered pupil."""

    __tablename__ = "rider"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "stop_id"], ["stop.school_id", "stop.stop_id"]),
        CheckConstraint("handover IN ('SELF', 'LISTED')", name="handover"),
        Index("ix_rider_class", "school_id", "grade", "class_name"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    rider_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    grade: Mapped[str] = mapped_column(Text)
    class_name: Mapped[str] = mapped_column(Text)
    stop_id: Mapped[str] = mapped_column(String(64))
    other_stops: Mapped[Any] = mapped_column(JSON)
    guardian: Mapped[str] = mapped_column(Text)
    handover: Mapped[str] = mapped_column(String(8))
    waiver: Mapped[str] = mapped_column(Text)
    persons: Mapped[Any] = mapped_column(JSON, server_default=NO_PERSONS)
    retired_on: Mapped[date | None] = mapped_column(Date)


class TariffRow(Base):
    """A fare of a band for a unit of service from a day on."""

    __tablename__ = "tariff_rate"
    __table_args__ = (
        CheckConstraint("fen >= 0", name="fare"),
        CheckConstraint("to_on IS NULL OR from_on <= to_on", name="in_order"),
        CheckConstraint("unit IN ('TRIP', 'WEEKEND', 'MONTH', 'TERM')", name="unit"),
    )
    school_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    band: Mapped[str] = mapped_column(String(64), primary_key=True)
    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    from_on: Mapped[date] = mapped_column(Date, primary_key=True)
    to_on: Mapped[date | None] = mapped_column(Date)
    fen: Mapped[int] = mapped_column(BigInteger)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiderQuery:
    """Which riders a list shows: words found in number, name, class or guardian; filters; order; page."""

    words: str = ""
    grade: str = ""
    class_name: str = ""
    stop_id: str = ""
    shows_retired: bool = False
    order: str = "rider_id"
    descends: bool = False
    offset: int = 0
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredRider:
    """A rider with the day he left the register, if he did."""

    rider: Rider
    retired_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiderPage:
    """One page of a list and how many the whole list has."""

    riders: tuple[RegisteredRider, ...]
    total: int


def load_school(tx: Transaction) -> School:
    """The school of this database; raises NotFound before its first import."""
    schools, terms = table_of(SchoolRow), table_of(TermRow)
    joined = schools.join(
        terms, (terms.c.school_id == schools.c.school_id) & (terms.c.term_id == schools.c.term_id)
    )
    query = select(schools, terms.c.starts_on, terms.c.ends_on).select_from(joined)
    row = tx.session.execute(query.where(schools.c.school_id == tx.school_id)).first()
    if row is None:
        raise NotFound("school_not_set_up")
    planning = {name: getattr(row, name) for name in PlanningPolicy.__dataclass_fields__}
    return School(
        school_id=SchoolId(row.school_id),
        name=row.name,
        timezone=row.timezone,
        term=Term(term_id=row.term_id, starts_on=row.starts_on, ends_on=row.ends_on),
        campus=Position(lat=row.campus_lat_nano / NANO, lon=row.campus_lon_nano / NANO),
        executor=row.executor,
        responsible=row.responsible,
        supervisor=row.supervisor,
        planning=PlanningPolicy(**planning),
        finance=FinancePolicy(
            basis=Basis(row.basis), target_bp=row.target_bp, fee_regime=FeeRegime(row.fee_regime)
        ),
    )


def save_school(tx: Transaction, school: School) -> None:
    """The school and its term stand as given, under this database's school id."""
    term = school.term
    upsert(tx, TermRow, [{"term_id": term.term_id, "starts_on": term.starts_on, "ends_on": term.ends_on}])
    policies = {name: getattr(school.planning, name) for name in PlanningPolicy.__dataclass_fields__}
    row = {
        "name": school.name,
        "timezone": school.timezone,
        "term_id": term.term_id,
        "campus_lat_nano": round(school.campus.lat * NANO),
        "campus_lon_nano": round(school.campus.lon * NANO),
        "executor": school.executor,
        "responsible": school.responsible,
        "supervisor": school.supervisor,
        "basis": school.finance.basis.value,
        "target_bp": school.finance.target_bp,
        "fee_regime": school.finance.fee_regime.value,
    }
    upsert(tx, SchoolRow, [{**row, **policies}])


def load_riders(tx: Transaction, *, include_retired: bool = False) -> tuple[Rider, ...]:
    """The registered riders by number."""
    rows = rows_of(tx, RiderRow, order_by=["rider_id"], include_retired=include_retired)
    return tuple(_rider(row) for row in rows)


def load_some_riders(tx: Transaction, rider_ids: Iterable[str]) -> tuple[Rider, ...]:
    """Those of the riders that are registered, retired ones too, by number."""
    table = table_of(RiderRow)
    query = select(table).where(table.c.school_id == tx.school_id, among(table.c.rider_id, "rider_ids"))
    rows = tx.session.execute(query.order_by(table.c.rider_id), {"rider_ids": sorted(set(rider_ids))})
    return tuple(_rider(row) for row in rows)


def load_rider(tx: Transaction, rider_id: str) -> RegisteredRider:
    """One rider, retired or not; raises NotFound."""
    table = table_of(RiderRow)
    query = select(table).where(table.c.school_id == tx.school_id, table.c.rider_id == rider_id)
    row = tx.session.execute(query).first()
    if row is None:
        raise NotFound("not_registered", rider_id=rider_id)
    return RegisteredRider(rider=_rider(row), retired_on=row.retired_on)


def rider_ids_handed(tx: Transaction, mode: HandoverMode) -> frozenset[RiderId]:
    """The riders with this way of being handed over, retired ones too."""
    table = table_of(RiderRow)
    wanted = select(table.c.rider_id).where(table.c.school_id == tx.school_id, table.c.handover == mode.value)
    return frozenset(RiderId(rider_id) for rider_id in tx.session.scalars(wanted))


def find_riders(tx: Transaction, query: RiderQuery) -> RiderPage:
    """The page of riders that a query asks for, searched and sorted by the database."""
    table = table_of(RiderRow)
    wanted = [table.c.school_id == tx.school_id]
    if not query.shows_retired:
        wanted.append(table.c.retired_on.is_(None))
    for name in ("grade", "class_name", "stop_id"):
        if value := getattr(query, name):
            wanted.append(table.c[name] == value)
    searched = (table.c.rider_id, table.c.name, table.c.class_name, table.c.guardian, table.c.stop_id)
    for word in query.words.split():
        wanted.append(or_(*(column.contains(word, autoescape=True) for column in searched)))
    total = tx.session.execute(select(func.count()).select_from(table).where(*wanted)).scalar_one()
    order = table.c[query.order if query.order in RIDER_ORDERS else "rider_id"]
    found = select(table).where(*wanted).order_by(order.desc() if query.descends else order, table.c.rider_id)
    rows = tx.session.execute(found.offset(query.offset).limit(query.limit)).all()
    riders = tuple(RegisteredRider(rider=_rider(row), retired_on=row.retired_on) for row in rows)
    return RiderPage(riders=riders, total=total)


def save_riders(tx: Transaction, riders: Iterable[Rider]) -> None:
    """These riders are registered as given; one who had retired is back."""
    table = table_of(RiderRow)
    stored = select(table.c.rider_id, table.c.persons).where(table.c.school_id == tx.school_id)
    persons = {row.rider_id: row.persons for row in tx.session.execute(stored)}
    rows = (
        {
            "rider_id": rider.rider_id,
            "name": rider.name,
            "grade": rider.grade,
            "class_name": rider.class_name,
            "stop_id": rider.stop_id,
            "other_stops": list(rider.other_stops),
            "guardian": rider.guardian,
            "handover": rider.handover.value,
            "waiver": rider.waiver,
            "persons": _numbered(rider.persons, persons.get(rider.rider_id)),
            "retired_on": None,
        }
        for rider in riders
    )
    upsert(tx, RiderRow, rows)


def retire_rider(tx: Transaction, rider_id: str, on: date | None) -> None:
    """The rider has left the register on that day (None = is back); who might pick him up is forgotten."""
    retire(tx, RiderRow, {"rider_id": rider_id}, on)
    table = table_of(RiderRow)
    mine = [table.c.school_id == tx.school_id, table.c.rider_id == rider_id]
    before = tx.session.scalar(select(table.c.persons).where(*mine))
    tx.session.execute(update(table).where(*mine).values(persons=_numbered((), before)))


def load_tariff(tx: Transaction) -> tuple[TariffRate, ...]:
    """Every fare, past and to come, by band, unit and first day."""
    return tuple(
        TariffRate(
            band=row.band,
            unit=FareUnit(row.unit),
            fen=row.fen,
            from_on=row.from_on,
            to_on=row.to_on,
        )
        for row in rows_of(tx, TariffRow, order_by=["band", "unit", "from_on"])
    )


def save_tariff(tx: Transaction, rates: Iterable[TariffRate]) -> None:
    """These fares stand as given; a fare of the same band, unit and first day is replaced."""
    rows = (
        {
            "band": rate.band,
            "unit": rate.unit.value,
            "from_on": rate.from_on,
            "to_on": rate.to_on,
            "fen": rate.fen,
        }
        for rate in rates
    )
    upsert(tx, TariffRow, rows)


def _numbered(persons: Iterable[PickupPerson], before: Any) -> dict[str, Any]:
    """
    The persons with their numbers: who stood there keeps his, nobody ever gets one that was another's.

    Who is listed no more is gone with his name; records have his number alone.
    """
    given = {(name, relation): no for no, name, relation in (before or {}).get("listed", ())}
    next_no: int = (before or {}).get("next", 1)
    listed = []
    for person in persons:
        no = given.get((person.name, person.relation), next_no)
        next_no = max(next_no, no + 1)
        listed.append([no, person.name, person.relation])
    return {"next": next_no, "listed": listed}


def _rider(row: Any) -> Rider:
    return Rider(
        rider_id=RiderId(row.rider_id),
        name=row.name,
        grade=row.grade,
        class_name=row.class_name,
        stop_id=StopId(row.stop_id),
        other_stops=tuple(StopId(stop_id) for stop_id in row.other_stops),
        guardian=row.guardian,
        handover=HandoverMode(row.handover),
        waiver=row.waiver,
        persons=tuple(
            PickupPerson(no=no, name=name, relation=relation) for no, name, relation in row.persons["listed"]
        ),
    )
