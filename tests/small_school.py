"""A small synthetic school in a database: six stops, two dozen riders, three vehicles and their crews."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from busops.domain.fleet import CrewMember, CrewRole, Vehicle, VehicleClass
from busops.domain.network import ApprovedLine, LineStop, Stop, StopKind
from busops.domain.roster import HandoverMode, NotRidingReason, Rider, RosterEntry
from busops.domain.school import FinancePolicy, PlanningPolicy, School, Term
from busops.domain.values import CrewId, LineId, Plate, Position, RiderId, SchoolId, StopId
from busops.finance.tariff import FareUnit, TariffRate
from busops.storage import fleet_store, network_store, register_store, roster_store
from busops.storage.database import Database

FRIDAY = date(2026, 3, 13)
SUNDAY = date(2026, 3, 15)
OPENED_AT = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
NEXT_YEAR = date(2027, 3, 1)
LICENSED = Plate("川FA0001")
COACH = Plate("川FB0002")
LAPSED = Plate("川FC0003")
RIDERS_A_STOP = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallSchool:
    """What stands in the database."""

    school: School
    stops: tuple[Stop, ...]
    riders: tuple[Rider, ...]
    vehicles: tuple[Vehicle, ...]
    crew: tuple[CrewMember, ...]
    entries: tuple[RosterEntry, ...]


def a_stop(number: int, band: str = "A") -> Stop:
    """A designated stop some kilometres from the campus."""
    return Stop(
        stop_id=StopId(f"S{number:03d}"),
        name=f"{number}号站",
        position=Position(lat=31.127 + 0.02 * number, lon=104.398 + 0.015 * (number % 3)),
        kind=StopKind.SCHOOL_BUS_STOP,
        designated_from=date(2025, 9, 1),
        designated_to=None,
        radius_m=60,
        band=band,
    )


def a_rider(number: int, stop: Stop, **changed: str) -> Rider:
    """A pupil at a stop."""
    return Rider(
        rider_id=RiderId(f"2023{number:04d}"),
        name=changed.get("name", f"学生{number}"),
        grade="高一",
        class_name=f"{1 + number % 3}班",
        stop_id=stop.stop_id,
        other_stops=(),
        guardian=f"家长{number}",
        handover=HandoverMode.SELF,
        waiver=changed.get("waiver", ""),
    )


def a_vehicle(
    plate: Plate, vehicle_class: VehicleClass, students: int, insured_to: date = NEXT_YEAR
) -> Vehicle:
    """A vehicle whose papers are good until next year."""
    return Vehicle(
        plate=plate,
        vehicle_class=vehicle_class,
        approved_students=students,
        approved_total=students + 2,
        rows=8,
        fixed_fen=20000,
        per_km_fen=400,
        permit_to=NEXT_YEAR,
        inspection_to=NEXT_YEAR,
        plate_to=NEXT_YEAR,
        insurance_to=insured_to,
        max_trips=1,
    )


def a_crew_member(crew_id: str, role: CrewRole, plates: Iterable[Plate] = ()) -> CrewMember:
    """A grown-up with every paper."""
    return CrewMember(
        crew_id=CrewId(crew_id),
        name=f"队员{crew_id}",
        role=role,
        born_on=date(1985, 5, 5),
        qualified_to=NEXT_YEAR,
        audit_to=NEXT_YEAR,
        plates=frozenset(plates),
    )


def small_school() -> SmallSchool:
    """The values: rider 20230005 is ill, 20230006 is fetched on Friday; coach 川FC0003 has no insurance."""
    stops = tuple(a_stop(number, "A" if number <= 3 else "B") for number in range(1, 7))
    riders = tuple(
        a_rider(number, stops[number % 6], waiver="全免" if number == 1 else "")
        for number in range(1, 1 + 6 * RIDERS_A_STOP)
    )
    stays = {"20230005": (False, NotRidingReason.ILL), "20230006": (True, NotRidingReason.GUARDIAN_PICKUP)}
    entries = tuple(
        RosterEntry(
            rider_id=rider.rider_id,
            name=rider.name,
            rides_homeward=rider.rider_id not in stays,
            rides_return=stays.get(rider.rider_id, (True, None))[0],
            reason=stays.get(rider.rider_id, (True, None))[1],
        )
        for rider in riders
    )
    return SmallSchool(
        school=School(
            school_id=SchoolId("t1"),
            name="示例中学",
            timezone="Asia/Shanghai",
            term=Term(term_id="2026-spring", starts_on=date(2026, 2, 23), ends_on=date(2026, 7, 3)),
            campus=Position(lat=31.127, lon=104.398),
            executor="校车组",
            responsible="甲",
            supervisor="乙",
            planning=PlanningPolicy(),
            finance=FinancePolicy(),
        ),
        stops=stops,
        riders=riders,
        vehicles=(
            a_vehicle(LICENSED, VehicleClass.LICENSED_SCHOOL_BUS, 12),
            a_vehicle(COACH, VehicleClass.CHARTER_COACH, 20),
            a_vehicle(LAPSED, VehicleClass.CHARTER_COACH, 40, insured_to=date(2026, 3, 1)),
        ),
        crew=(
            a_crew_member("D1", CrewRole.DRIVER, [LICENSED]),
            a_crew_member("D2", CrewRole.DRIVER),
            a_crew_member("Z1", CrewRole.ATTENDANT),
            a_crew_member("Z2", CrewRole.ATTENDANT),
        ),
        entries=entries,
    )


def fill(database: Database) -> SmallSchool:
    """The small school stands in the database, its roster as a draft."""
    made = small_school()
    line = ApprovedLine(
        line_id=LineId("L1"),
        plate=LICENSED,
        stops=tuple(
            LineStop(seq=seq, stop_id=stop.stop_id, departs_min=None)
            for seq, stop in enumerate(made.stops[:3], start=1)
        ),
    )
    fares = (("A", 1000), ("B", 1500))
    with database.transaction() as tx:
        register_store.save_school(tx, made.school)
        network_store.save_stops(tx, made.stops)
        register_store.save_riders(tx, made.riders)
        fleet_store.save_vehicles(tx, made.vehicles)
        fleet_store.save_crew(tx, made.crew)
        network_store.save_lines(tx, [line])
        register_store.save_tariff(
            tx,
            [
                TariffRate(band=band, unit=FareUnit.TRIP, fen=fen, from_on=date(2026, 2, 1), to_on=None)
                for band, fen in fares
            ],
        )
        roster_store.open_weekend(tx, FRIDAY, OPENED_AT)
        roster_store.save_roster(tx, FRIDAY, made.entries)
    return made
