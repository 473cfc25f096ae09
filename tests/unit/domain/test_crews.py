"""Crews are handed out so that as many seats as possible can run, and only lawfully."""

from dataclasses import replace
from datetime import date

from busops.domain.crews import match_crews
from busops.domain.fleet import CrewRole, VehicleClass
from busops.domain.values import Plate
from tests.small_school import a_crew_member, a_vehicle

ON = date(2026, 3, 13)
BUS_A, BUS_B, COACH = Plate("川FA0001"), Plate("川FA0002"), Plate("川FB0001")
LICENSED, FREE = VehicleClass.LICENSED_SCHOOL_BUS, VehicleClass.CHARTER_COACH
ATTENDANTS = [a_crew_member(f"Z{number}", CrewRole.ATTENDANT) for number in range(3)]


def test_a_driver_moves_over_when_that_lets_one_more_vehicle_run() -> None:
    """D1 may drive both buses, D2 only the first: handing D1 to the first would strand the second."""
    buses = [a_vehicle(BUS_A, LICENSED, 40), a_vehicle(BUS_B, LICENSED, 30)]
    crew = [
        a_crew_member("D1", CrewRole.DRIVER, [BUS_A, BUS_B]),
        a_crew_member("D2", CrewRole.DRIVER, [BUS_A]),
        *ATTENDANTS,
    ]
    assert match_crews(buses, crew, ON).driver_of == {BUS_A: "D2", BUS_B: "D1"}


def test_the_vehicle_with_more_seats_wins_the_last_crew() -> None:
    """One attendant: the coach of 50 goes, the bus of 30 is named as lacking one."""
    vehicles = [a_vehicle(BUS_A, LICENSED, 30), a_vehicle(COACH, FREE, 50)]
    crew = [
        a_crew_member("D1", CrewRole.DRIVER, [BUS_A]),
        a_crew_member("D2", CrewRole.DRIVER),
        ATTENDANTS[0],
    ]
    match = match_crews(vehicles, crew, ON)
    assert match.driver_of == {COACH: "D2"}
    assert (match.without_attendant, match.without_driver) == ((BUS_A,), ())


def test_nobody_drives_without_papers_age_and_plate() -> None:
    """An expired qualification, an age above 60 and a foreign plate each leave the bus without a driver."""
    bus = a_vehicle(BUS_A, LICENSED, 30)
    good = a_crew_member("D1", CrewRole.DRIVER, [BUS_A])
    for driver in (
        replace(good, qualified_to=date(2026, 3, 12)),
        replace(good, born_on=date(1950, 1, 1)),
        replace(good, plates=frozenset({BUS_B})),
        replace(good, role=CrewRole.ATTENDANT),
    ):
        assert match_crews([bus], [driver, *ATTENDANTS], ON).without_driver == (BUS_A,)
    assert match_crews([bus], [good, *ATTENDANTS], ON).driver_of == {BUS_A: "D1"}
