"""
Which vehicles can have a driver and an attendant on a day, all at the same time.

A licensed bus may only be driven by those named on its plate, so handing out drivers one after
the other can strand a vehicle; here drivers move over as long as one more vehicle gets a crew.
Who drives in the end is decided at release.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from busops.domain.fleet import CrewMember, CrewRole, Vehicle, VehicleClass, eligible_drivers
from busops.domain.values import CrewId, Plate


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewMatch:
    """A driver for each vehicle that can run, and those that cannot, by what they lack."""

    driver_of: Mapping[Plate, CrewId]
    without_driver: tuple[Plate, ...]
    without_attendant: tuple[Plate, ...]


def match_crews(vehicles: Iterable[Vehicle], crew: Sequence[CrewMember], on: date) -> CrewMatch:
    """
    The vehicles that can run at the same time on ``on``, the largest first.

    Among all ways to hand out drivers this one keeps the vehicles with the most seats: each
    vehicle is added by an augmenting path (Kuhn), and sets that can be matched form a matroid,
    for which greedy by weight is best.
    """
    attendants = sum(member.role is CrewRole.ATTENDANT for member in crew)
    seats_first = sorted(vehicles, key=lambda vehicle: (-vehicle.approved_students, vehicle.plate))
    may_drive = {
        vehicle.plate: _by_freedom(eligible_drivers(crew, vehicle, on), vehicle) for vehicle in seats_first
    }
    vehicle_of: dict[CrewId, Plate] = {}
    stranded: list[Plate] = []
    unattended: list[Plate] = []
    for vehicle in seats_first:
        if len(vehicle_of) >= attendants:
            unattended.append(vehicle.plate)
        elif not _place(vehicle.plate, may_drive, vehicle_of, set()):
            stranded.append(vehicle.plate)
    driver_of = {plate: driver for driver, plate in vehicle_of.items()}
    return CrewMatch(
        driver_of=dict(sorted(driver_of.items())),
        without_driver=tuple(sorted(stranded)),
        without_attendant=tuple(sorted(unattended)),
    )


def _by_freedom(drivers: Iterable[CrewMember], vehicle: Vehicle) -> tuple[CrewId, ...]:
    """Drivers in the order to try them: on a coach those on no plate come first, the others stay free."""
    is_coach = vehicle.vehicle_class is VehicleClass.CHARTER_COACH
    ordered = sorted(drivers, key=lambda driver: (len(driver.plates) if is_coach else 0, driver.crew_id))
    return tuple(driver.crew_id for driver in ordered)


def _place(
    plate: Plate,
    may_drive: Mapping[Plate, tuple[CrewId, ...]],
    vehicle_of: dict[CrewId, Plate],
    tried: set[CrewId],
) -> bool:
    for driver in may_drive[plate]:
        if driver in tried:
            continue
        tried.add(driver)
        if driver not in vehicle_of or _place(vehicle_of[driver], may_drive, vehicle_of, tried):
            vehicle_of[driver] = plate
            return True
    return False
