"""Papers of vehicles and crew: what forbids whom what, and from which day to which."""

from dataclasses import replace
from datetime import date

import pytest

from busops.domain.findings import Severity
from busops.domain.fleet import (
    CrewMember,
    CrewRole,
    Vehicle,
    VehicleClass,
    age_on,
    crew_papers,
    driver_papers,
    eligible_drivers,
    vehicle_papers,
)

ON = date(2026, 3, 13)
LATER = date(2027, 1, 1)
BUS = Vehicle(
    plate="川F00001",
    vehicle_class=VehicleClass.LICENSED_SCHOOL_BUS,
    approved_students=40,
    approved_total=43,
    rows=10,
    fixed_fen=20000,
    per_km_fen=400,
    permit_to=LATER,
    inspection_to=LATER,
    plate_to=LATER,
    insurance_to=LATER,
    max_trips=2,
)
COACH = replace(
    BUS, plate="川F00002", vehicle_class=VehicleClass.CHARTER_COACH, permit_to=None, plate_to=None
)
DRIVER = CrewMember(
    crew_id="D1",
    name="驾一",
    role=CrewRole.DRIVER,
    born_on=date(1980, 1, 1),
    qualified_to=LATER,
    audit_to=LATER,
    plates=frozenset({"川F00001"}),
)
ATTENDANT = replace(DRIVER, crew_id="A1", name="照一", role=CrewRole.ATTENDANT)


def codes(findings: tuple) -> set[str]:
    """The codes of the findings that forbid."""
    return {finding.code for finding in findings if finding.severity is Severity.BLOCK}


@pytest.mark.parametrize("paper", ["permit", "inspection", "plate", "insurance"])
def test_each_paper_of_a_licensed_bus_is_needed_up_to_and_including_its_day(paper: str) -> None:
    """Valid on its last day, expired the next, missing when there is none."""
    last_day = replace(BUS, **{f"{paper}_to": ON})
    assert codes(vehicle_papers(last_day, ON)) == set()
    expired = replace(BUS, **{f"{paper}_to": date(2026, 3, 12)})
    assert codes(vehicle_papers(expired, ON)) == {f"vehicle_{paper}_expired"}
    assert codes(vehicle_papers(replace(BUS, **{f"{paper}_to": None}), ON)) == {f"vehicle_{paper}_missing"}
    assert [finding.severity for finding in vehicle_papers(last_day, ON)] == [Severity.WARN]


def test_a_charter_coach_needs_inspection_and_insurance_only() -> None:
    """It has no school-bus permit or plate, and none is asked for."""
    assert vehicle_papers(COACH, ON) == ()
    assert codes(vehicle_papers(replace(COACH, insurance_to=None), ON)) == {"vehicle_insurance_missing"}


@pytest.mark.parametrize(
    ("born_on", "code"),
    [
        (date(2001, 3, 13), None),
        (date(2001, 3, 14), "driver_too_young"),
        (date(1966, 3, 13), None),
        (date(1966, 3, 12), "driver_too_old"),
        (date(1965, 3, 13), "driver_too_old"),
        (None, "driver_age_unknown"),
    ],
)
def test_cr01_a_driver_is_25_and_at_most_on_his_60th_birthday(born_on: date | None, code: str | None) -> None:
    """The limits are read strictly, both ends to the day."""
    found = codes(driver_papers(replace(DRIVER, born_on=born_on), BUS, ON))
    assert found == ({code} if code else set())


def test_a_crew_is_one_driver_on_the_plate_and_another_person() -> None:
    """No driver, no attendant, the wrong role, the wrong plate and the same person each forbid."""
    assert codes(crew_papers(BUS, DRIVER, [ATTENDANT], ON)) == set()
    assert codes(crew_papers(BUS, None, [], ON)) == {"no_driver", "no_attendant"}
    assert codes(crew_papers(BUS, DRIVER, [DRIVER], ON)) == {"not_an_attendant", "same_person"}
    assert codes(crew_papers(COACH, replace(DRIVER, plates=frozenset()), [ATTENDANT], ON)) == set()
    assert codes(crew_papers(replace(BUS, plate="川F9"), DRIVER, [ATTENDANT], ON)) == {"driver_not_on_plate"}
    assert codes(crew_papers(BUS, ATTENDANT, [ATTENDANT], ON)) == {"not_a_driver", "same_person"}
    assert eligible_drivers([ATTENDANT, DRIVER], BUS, ON) == (DRIVER,)


def test_an_age_is_in_completed_years() -> None:
    """The day before the birthday it is one less, also for a birthday on 29 February."""
    assert age_on(date(2000, 2, 29), date(2026, 2, 28)) == 25
    assert age_on(date(2000, 2, 29), date(2026, 3, 1)) == 26
