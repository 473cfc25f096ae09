"""The register's stores: what goes in comes out, nothing is deleted, riders are searched by the database."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from busops.domain.errors import NotFound
from busops.domain.fleet import CrewMember, CrewRole, Vehicle, VehicleClass
from busops.domain.network import ApprovedLine, LineStop, Stop, StopKind, TravelTime
from busops.domain.roster import HandoverMode, Rider
from busops.domain.school import FinancePolicy, PlanningPolicy, School, Term
from busops.domain.values import CAMPUS, CrewId, LineId, Plate, Position, RiderId, SchoolId, StopId
from busops.finance.tariff import FareUnit, TariffRate
from busops.storage import fleet_store, network_store, register_store
from busops.storage.database import Database
from busops.storage.register_store import RiderQuery

SCHOOL = School(
    school_id=SchoolId("t1"),
    name="示例中学",
    timezone="Asia/Shanghai",
    term=Term(term_id="2026-spring", starts_on=date(2026, 2, 23), ends_on=date(2026, 7, 3)),
    campus=Position(lat=31.127, lon=104.398),
    executor="校车组",
    responsible="甲",
    supervisor="乙",
    planning=PlanningPolicy(max_stops=9),
    finance=FinancePolicy(),
)
STOP = Stop(
    stop_id=StopId("S001"),
    name="东门",
    position=Position(lat=31.1234567, lon=104.3987654),
    kind=StopKind.SCHOOL_BUS_STOP,
    designated_from=date(2026, 1, 1),
    designated_to=None,
    radius_m=60,
    band="A",
)
RIDER = Rider(
    rider_id=RiderId("20230001"),
    name="甲一",
    grade="高一",
    class_name="1班",
    stop_id=StopId("S001"),
    other_stops=(StopId("S002"),),
    guardian="甲父",
    handover=HandoverMode.SELF,
)
VEHICLE = Vehicle(
    plate=Plate("川F·A0001"),
    vehicle_class=VehicleClass.LICENSED_SCHOOL_BUS,
    approved_students=36,
    approved_total=38,
    rows=10,
    fixed_fen=30000,
    per_km_fen=450,
    permit_to=date(2026, 12, 31),
    inspection_to=date(2026, 8, 1),
    plate_to=date(2026, 8, 1),
    insurance_to=None,
    max_trips=2,
)
DRIVER = CrewMember(
    crew_id=CrewId("D01"),
    name="丁一",
    role=CrewRole.DRIVER,
    born_on=date(1980, 1, 1),
    qualified_to=date(2027, 1, 1),
    audit_to=date(2027, 1, 1),
    plates=frozenset({Plate("川F·A0001"), Plate("川F·Z9999")}),
)


def fill(database: Database) -> None:
    """One stop of each kind of thing stands in the register."""
    with database.transaction() as tx:
        register_store.save_school(tx, SCHOOL)
        network_store.save_stops(tx, [STOP, replace(STOP, stop_id=StopId("S002"), name="西门")])
        register_store.save_riders(tx, [RIDER])
        fleet_store.save_vehicles(tx, [VEHICLE])
        fleet_store.save_crew(tx, [DRIVER])


def test_everything_comes_out_as_it_went_in(database: Database) -> None:
    """Each value of the register is equal to itself after the database, positions and dates included."""
    fill(database)
    line = ApprovedLine(
        line_id=LineId("L1"),
        plate=VEHICLE.plate,
        stops=(
            LineStop(seq=1, stop_id=StopId("S002"), departs_min=1005),
            LineStop(seq=2, stop_id=StopId("S001"), departs_min=None),
        ),
    )
    rate = TariffRate(
        band="A", unit=FareUnit.TRIP, fen=1250, from_on=date(2026, 2, 1), to_on=date(2026, 7, 31)
    )
    with database.transaction() as tx:
        network_store.save_lines(tx, [line])
        register_store.save_tariff(tx, [rate])
    with database.reading() as tx:
        assert register_store.load_school(tx) == SCHOOL
        assert network_store.load_stops(tx)[0] == STOP
        assert register_store.load_riders(tx) == (RIDER,)
        assert fleet_store.load_vehicles(tx) == (VEHICLE,)
        assert fleet_store.load_crew(tx) == (DRIVER,)
        assert network_store.load_lines(tx) == (line,)
        assert register_store.load_tariff(tx) == (rate,)


def test_saving_again_replaces_and_never_doubles(database: Database) -> None:
    """A second save of the same key changes its columns; a driver's plates become the new ones."""
    fill(database)
    moved = replace(DRIVER, plates=frozenset({Plate("川F·B0002")}))
    with database.transaction() as tx:
        register_store.save_riders(tx, [replace(RIDER, name="甲二")])
        fleet_store.save_crew(tx, [moved])
    with database.reading() as tx:
        assert [rider.name for rider in register_store.load_riders(tx)] == ["甲二"]
        assert fleet_store.load_crew(tx) == (moved,)


def test_a_retired_thing_leaves_the_lists_but_not_the_history(database: Database) -> None:
    """Retiring hides from use, keeps the row with its day, and can be taken back."""
    fill(database)
    with database.transaction() as tx:
        register_store.retire_rider(tx, "20230001", date(2026, 3, 13))
        fleet_store.retire_vehicle(tx, VEHICLE.plate, date(2026, 3, 13))
        network_store.retire_stop(tx, "S002", date(2026, 3, 13))
        fleet_store.retire_crew(tx, "D01", date(2026, 3, 13))
    with database.reading() as tx:
        assert register_store.load_riders(tx) == ()
        assert register_store.load_riders(tx, include_retired=True) == (RIDER,)
        assert fleet_store.list_vehicles(tx)[0].retired_on == date(2026, 3, 13)
        assert [stop.stop_id for stop in network_store.load_stops(tx)] == ["S001"]
        assert fleet_store.load_crew(tx) == ()
    with database.transaction() as tx:
        register_store.retire_rider(tx, "20230001", None)
    with database.reading() as tx:
        assert register_store.load_rider(tx, "20230001").retired_on is None


def test_what_is_not_there_cannot_retire(database: Database) -> None:
    """Retiring an unknown rider, loading him or loading an unset school raises NotFound."""
    with database.transaction() as tx, pytest.raises(NotFound):
        register_store.retire_rider(tx, "nobody", date(2026, 3, 13))
    with database.reading() as tx, pytest.raises(NotFound):
        register_store.load_rider(tx, "nobody")
    with database.reading() as tx, pytest.raises(NotFound):
        register_store.load_school(tx)


def test_a_rider_cannot_point_to_a_stop_that_is_not_there(database: Database) -> None:
    """The database itself refuses a rider whose stop does not exist, and keeps nothing of the batch."""

    def save_both() -> None:
        with database.transaction() as tx:
            network_store.save_stops(tx, [STOP])
            register_store.save_riders(tx, [replace(RIDER, stop_id=StopId("S404"))])

    with pytest.raises(IntegrityError):
        save_both()
    with database.reading() as tx:
        assert network_store.load_stops(tx) == ()


def test_travel_times_are_replaced_as_a_whole(database: Database) -> None:
    """A second file of travel times leaves nothing of the first."""
    first = TravelTime(origin=CAMPUS, destination=StopId("S001"), distance_m=900, duration_s=120)
    second = TravelTime(origin=StopId("S001"), destination=CAMPUS, distance_m=950, duration_s=130)
    with database.transaction() as tx:
        network_store.save_travel(tx, [first])
        network_store.save_travel(tx, [second])
    with database.reading() as tx:
        assert network_store.load_travel(tx) == (second,)


def test_riders_are_found_by_words_filters_and_pages(database: Database) -> None:
    """Every word must be found somewhere; wildcards in a word are plain characters; pages do not overlap."""
    fill(database)
    crowd = [
        replace(RIDER, rider_id=RiderId(f"3{number:04d}"), name=f"乙{number}", class_name=f"{number % 3}班")
        for number in range(30)
    ]
    with database.transaction() as tx:
        register_store.save_riders(tx, crowd)
    with database.reading() as tx:
        assert register_store.find_riders(tx, RiderQuery(words="乙 2班")).total == 10
        assert register_store.find_riders(tx, RiderQuery(words="%")).total == 0
        assert register_store.find_riders(tx, RiderQuery(class_name="0班")).total == 10
        first = register_store.find_riders(tx, RiderQuery(limit=20))
        rest = register_store.find_riders(tx, RiderQuery(limit=20, offset=20))
        seen = [entry.rider.rider_id for entry in first.riders + rest.riders]
        assert first.total == 31
        assert len(seen) == len(set(seen)) == 31
        descending = register_store.find_riders(tx, RiderQuery(order="name", descends=True, limit=1))
        assert descending.riders[0].rider.name == "甲一"
