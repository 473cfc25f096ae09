"""What the register's lists show of each thing: the row, whether it retired, its papers on the day."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from busops.domain.findings import Finding
from busops.domain.fleet import CrewMember, CrewRole, Vehicle, VehicleClass, driver_papers, vehicle_papers
from busops.domain.network import ApprovedLine, Stop, is_designated
from busops.domain.roster import Rider
from busops.domain.values import Plate
from busops.finance.tariff import TariffRate
from busops.storage import fleet_store, network_store, register_store
from busops.storage.database import Database
from busops.storage.register_store import RiderQuery

ANY_COACH = VehicleClass.CHARTER_COACH


@dataclass(frozen=True, slots=True, kw_only=True)
class RiderRow:
    """A rider and the name of his stop."""

    rider: Rider
    stop_name: str
    retired_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRow:
    """A stop, how many riders use it, and whether it is designated today."""

    stop: Stop
    riders: int
    is_designated: bool
    retired_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleRow:
    """A vehicle and what its papers say today."""

    vehicle: Vehicle
    papers: tuple[Finding, ...]
    retired_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewRow:
    """A crew member and what his papers say today, the plate of a licensed bus left aside."""

    member: CrewMember
    papers: tuple[Finding, ...]
    retired_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """An approved line and the names of its stops in order."""

    line: ApprovedLine
    stop_names: tuple[str, ...]
    retired_on: date | None


def riders(database: Database, *, with_retired: bool = False) -> tuple[RiderRow, ...]:
    """The riders by number."""
    with database.reading() as tx:
        names = {stop.stop_id: stop.name for stop in network_store.load_stops(tx, include_retired=True)}
        found = register_store.find_riders(tx, RiderQuery(shows_retired=with_retired))
    return tuple(
        RiderRow(
            rider=entry.rider,
            stop_name=names.get(entry.rider.stop_id, ""),
            retired_on=entry.retired_on,
        )
        for entry in found.riders
    )


def stops(database: Database, *, today: date) -> tuple[StopRow, ...]:
    """Every stop there ever was, by number."""
    with database.reading() as tx:
        using = Counter(rider.stop_id for rider in register_store.load_riders(tx))
        entries = network_store.list_stops(tx)
    return tuple(
        StopRow(
            stop=entry.stop,
            riders=using[entry.stop.stop_id],
            is_designated=is_designated(entry.stop, today),
            retired_on=entry.retired_on,
        )
        for entry in entries
    )


def vehicles(database: Database, *, today: date) -> tuple[VehicleRow, ...]:
    """Every vehicle there ever was, by plate."""
    with database.reading() as tx:
        entries = fleet_store.list_vehicles(tx)
    return tuple(
        VehicleRow(
            vehicle=entry.vehicle,
            papers=() if entry.retired_on else vehicle_papers(entry.vehicle, today),
            retired_on=entry.retired_on,
        )
        for entry in entries
    )


def crew(database: Database, *, today: date) -> tuple[CrewRow, ...]:
    """Everybody who ever drove or attended, by number."""
    with database.reading() as tx:
        entries = fleet_store.list_crew(tx)
        fleet = fleet_store.load_vehicles(tx)
    licensed = {vehicle.plate: vehicle for vehicle in fleet if vehicle.vehicle_class is not ANY_COACH}
    return tuple(
        CrewRow(
            member=entry.member,
            papers=() if entry.retired_on else _own_papers(entry.member, licensed, fleet, today),
            retired_on=entry.retired_on,
        )
        for entry in entries
    )


def lines(database: Database) -> tuple[LineRow, ...]:
    """Every line that was ever approved, by number."""
    with database.reading() as tx:
        names = {stop.stop_id: stop.name for stop in network_store.load_stops(tx, include_retired=True)}
        entries = network_store.list_lines(tx)
    return tuple(
        LineRow(
            line=entry.line,
            stop_names=tuple(names.get(stop_id, stop_id) for stop_id in entry.line.stop_ids),
            retired_on=entry.retired_on,
        )
        for entry in entries
    )


def tariff(database: Database) -> tuple[TariffRate, ...]:
    """Every fare, past and to come."""
    with database.reading() as tx:
        return register_store.load_tariff(tx)


def _own_papers(
    member: CrewMember, licensed: Mapping[Plate, Vehicle], fleet: tuple[Vehicle, ...], today: date
) -> tuple[Finding, ...]:
    """The driver's own papers: asked with a vehicle on whose plate he is, so that no plate is missed."""
    if member.role is not CrewRole.DRIVER or not fleet:
        return ()
    own = next((licensed[plate] for plate in sorted(member.plates) if plate in licensed), None)
    coach = next((vehicle for vehicle in fleet if vehicle.vehicle_class is ANY_COACH), None)
    vehicle = own or coach
    if vehicle is None:
        return ()
    return driver_papers(member, vehicle, today)


def licensed_plates(database: Database) -> tuple[str, ...]:
    """The licensed school buses in use: only they have approved lines."""
    with database.reading() as tx:
        fleet = fleet_store.load_vehicles(tx)
    return tuple(vehicle.plate for vehicle in fleet if vehicle.vehicle_class is not ANY_COACH)


def stop_names(database: Database) -> tuple[tuple[str, str], ...]:
    """The stops in use: number and name."""
    with database.reading() as tx:
        return tuple((stop.stop_id, stop.name) for stop in network_store.load_stops(tx))
