"""
Vehicles, crew and their papers: who and what may carry pupils on a day.

The rules are the BLOCK rows of the school-bus decree that the school's files can know
(rule ids CN-14 … CN-38). They are asked at planning, at release and at departure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from busops.domain.evidence import Evidence
from busops.domain.findings import Finding, Severity
from busops.domain.values import CrewId, Plate

DRIVER_MIN_AGE: Final = 25  # Decree 617 art. 23
DRIVER_MAX_AGE: Final = 60  # read strictly: allowed up to and including the 60th birthday
WARN_DAYS: Final = 30


class VehicleClass(StrEnum):
    """Decides the papers a vehicle needs and whether its line is free (domain §1.7)."""

    LICENSED_SCHOOL_BUS = "LICENSED_SCHOOL_BUS"
    CHARTER_COACH = "CHARTER_COACH"


class CrewRole(StrEnum):
    """What a crew member is on a run."""

    DRIVER = "DRIVER"
    ATTENDANT = "ATTENDANT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A vehicle as its licence says; None where a paper is not held or not known."""

    plate: Plate
    vehicle_class: VehicleClass
    approved_students: int
    approved_total: int
    rows: int
    fixed_fen: int
    per_km_fen: int
    permit_to: date | None
    inspection_to: date | None
    plate_to: date | None
    insurance_to: date | None
    max_trips: int
    evidence: Evidence = Evidence.E2  # what a check of this vehicle must show


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewMember:
    """A driver or attendant with qualification, yearly review and the plates he is printed on."""

    crew_id: CrewId
    name: str
    role: CrewRole
    born_on: date | None
    qualified_to: date | None
    audit_to: date | None
    plates: frozenset[Plate]


def vehicle_papers(vehicle: Vehicle, on: date) -> tuple[Finding, ...]:
    """
    What is missing or out of date on ``on``: BLOCK findings, and WARN when a paper ends within 30 days.

    A licensed bus needs permit, inspection, school-bus plate and insurance; a charter coach
    inspection and insurance (the permit and plate columns then hold its transport papers and
    are checked when given). CN-14, CN-18, CN-20.
    """
    licensed = vehicle.vehicle_class is VehicleClass.LICENSED_SCHOOL_BUS
    papers = (
        ("permit", vehicle.permit_to, licensed),
        ("inspection", vehicle.inspection_to, True),
        ("plate", vehicle.plate_to, licensed),
        ("insurance", vehicle.insurance_to, True),
    )
    findings = [
        finding
        for paper, valid_to, is_required in papers
        if (finding := _paper(vehicle.plate, f"vehicle_{paper}", valid_to, on, is_required=is_required))
    ]
    return tuple(findings)


def driver_papers(driver: CrewMember, vehicle: Vehicle, on: date) -> tuple[Finding, ...]:
    """What forbids this driver this vehicle on ``on``: role, age, papers, plate (CN-16, 23, 25, 26)."""
    findings: list[Finding] = []
    if driver.role is not CrewRole.DRIVER:
        findings.append(_finding("not_a_driver", driver.crew_id, name=driver.name))
    findings += _driver_age(driver, on)
    for paper, valid_to in (("driver_qualification", driver.qualified_to), ("driver_audit", driver.audit_to)):
        if finding := _paper(driver.crew_id, paper, valid_to, on, is_required=True):
            findings.append(finding)
    if vehicle.vehicle_class is VehicleClass.LICENSED_SCHOOL_BUS and vehicle.plate not in driver.plates:
        facts = {"name": driver.name, "plate": vehicle.plate}
        findings.append(_finding("driver_not_on_plate", driver.crew_id, **facts))
    return tuple(findings)


def crew_papers(
    vehicle: Vehicle, driver: CrewMember | None, attendants: Sequence[CrewMember], on: date
) -> tuple[Finding, ...]:
    """What forbids this vehicle and crew to carry pupils on ``on``: every reason at once (CN-14 … CN-38)."""
    findings = list(vehicle_papers(vehicle, on))
    if driver is None:
        findings.append(_finding("no_driver", vehicle.plate, plate=vehicle.plate))
    else:
        findings += driver_papers(driver, vehicle, on)
    if not attendants:
        findings.append(_finding("no_attendant", vehicle.plate, plate=vehicle.plate))
    for attendant in attendants:
        if attendant.role is not CrewRole.ATTENDANT:
            findings.append(_finding("not_an_attendant", attendant.crew_id, name=attendant.name))
        if driver is not None and attendant.crew_id == driver.crew_id:
            findings.append(_finding("same_person", attendant.crew_id, name=attendant.name))
    return tuple(findings)


def eligible_drivers(drivers: Iterable[CrewMember], vehicle: Vehicle, on: date) -> tuple[CrewMember, ...]:
    """The drivers who may drive this vehicle on ``on``, in their order."""
    return tuple(
        driver
        for driver in drivers
        if driver.role is CrewRole.DRIVER
        and not any(finding.severity is Severity.BLOCK for finding in driver_papers(driver, vehicle, on))
    )


def age_on(born_on: date, on: date) -> int:
    """Completed years of age on ``on``."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def _driver_age(driver: CrewMember, on: date) -> list[Finding]:
    if driver.born_on is None:
        return [_finding("driver_age_unknown", driver.crew_id, name=driver.name)]
    age = age_on(driver.born_on, on)
    has_birthday = (driver.born_on.month, driver.born_on.day) == (on.month, on.day)
    if age < DRIVER_MIN_AGE:
        facts = {"name": driver.name, "age": age, "minimum": DRIVER_MIN_AGE}
        return [_finding("driver_too_young", driver.crew_id, **facts)]
    if age > DRIVER_MAX_AGE or (age == DRIVER_MAX_AGE and not has_birthday):
        facts = {"name": driver.name, "age": age, "maximum": DRIVER_MAX_AGE}
        return [_finding("driver_too_old", driver.crew_id, **facts)]
    return []


def _paper(place: str, paper: str, valid_to: date | None, on: date, *, is_required: bool) -> Finding | None:
    if valid_to is None:
        return _finding(f"{paper}_missing", place, who=place) if is_required else None
    if valid_to < on:
        return _finding(f"{paper}_expired", place, who=place, valid_to_on=valid_to)
    days = (valid_to - on).days
    if days <= WARN_DAYS:
        facts = {"who": place, "valid_to_on": valid_to, "days": days}
        return Finding(code=f"{paper}_expiring", severity=Severity.WARN, place=place, facts=facts)
    return None


def _finding(code: str, place: str, **facts: object) -> Finding:
    return Finding(code=code, severity=Severity.BLOCK, place=place, facts=facts)
