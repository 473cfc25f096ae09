"""
What several tables say about each other: unknown stops and plates, riders on one list only, prices with gaps.

Rows that name something unknown are found with their cell; nothing is repaired here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from busops.domain.findings import Finding, Severity
from busops.domain.fleet import CrewMember, Vehicle, VehicleClass
from busops.domain.network import ApprovedLine, Stop, TravelTime
from busops.domain.planning_rules import PlanningRule
from busops.domain.roster import Rider, RosterEntry
from busops.domain.values import CAMPUS, RiderId, StopId
from busops.finance.costs import CostLine
from busops.finance.tariff import FareUnit, TariffRate
from busops.sheets.tables.context import TableContext
from busops.sheets.tables.rows import Placed

FRIDAY: Final = 4
NAMED_AT_MOST: Final = 20
FAR_DEGREES: Final = 2.0  # about 200 km: more likely a wrong coordinate than a stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The rows that were read together, each with its place."""

    stops: Sequence[Placed[Stop]] = ()
    vehicles: Sequence[Placed[Vehicle]] = ()
    crew: Sequence[Placed[CrewMember]] = ()
    lines: Sequence[Placed[ApprovedLine]] = ()
    riders: Sequence[Placed[Rider]] = ()
    rosters: Mapping[date, Sequence[Placed[RosterEntry]]] = field(default_factory=dict)
    tariff: Sequence[Placed[TariffRate]] = ()
    costs: Sequence[Placed[CostLine]] = ()
    travel: Sequence[Placed[TravelTime]] = ()
    rules: Sequence[Placed[PlanningRule]] = ()


def cross_check(tables: Tables, known: TableContext) -> tuple[Finding, ...]:
    """Every contradiction between the tables, and between them and what is known."""
    findings: list[Finding] = []
    findings += _stops(tables.stops, known)
    findings += _plates(tables, known)
    findings += _lines(tables, known)
    findings += _riders(tables.riders, known)
    for weekend_on, entries in tables.rosters.items():
        findings += _roster(weekend_on, entries, known)
    findings += _overlaps(tables.tariff)
    if known.term is not None:
        findings += _gaps(tables.tariff, known.term.starts_on, known.term.ends_on)
    findings += _bands(tables, known)
    findings += _travel(tables.travel, known)
    findings += _rules(tables.rules, known)
    return tuple(findings)


def known_riders_only(
    entries: Iterable[Placed[RosterEntry]], riders: Mapping[RiderId, Rider] | None
) -> tuple[RosterEntry, ...]:
    """The entries of registered riders; an entry of anybody else has been found by ``cross_check``."""
    return tuple(entry.value for entry in entries if riders is None or entry.value.rider_id in riders)


def _stops(stops: Iterable[Placed[Stop]], known: TableContext) -> Iterator[Finding]:
    if known.campus is None:
        return
    for placed in stops:
        at = placed.value.position
        if max(abs(at.lat - known.campus.lat), abs(at.lon - known.campus.lon)) > FAR_DEGREES:
            yield placed.finding("lat", "stop_far_from_campus", Severity.WARN, stop_id=placed.value.stop_id)


def _plates(tables: Tables, known: TableContext) -> Iterator[Finding]:
    if known.plates is None:
        return
    for member in tables.crew:
        for plate in sorted(member.value.plates - known.plates):
            yield member.finding("plates", "plate_unknown", Severity.WARN, found=plate)
    for line in tables.lines:
        if line.value.plate not in known.plates:
            yield line.finding("plate", "plate_unknown", found=line.value.plate)
    for cost in tables.costs:
        if cost.value.plate and cost.value.plate not in known.plates:
            yield cost.finding("plate", "plate_unknown", Severity.WARN, found=cost.value.plate)


def _lines(tables: Tables, known: TableContext) -> Iterator[Finding]:
    if known.stop_ids is not None:
        for line in tables.lines:
            for stop_id in line.value.stop_ids:
                if stop_id not in known.stop_ids:
                    line_id = line.value.line_id
                    yield line.finding("stop_id", "line_stop_unknown", found=stop_id, line_id=line_id)
    bound = {line.value.plate for line in tables.lines}
    for vehicle in tables.vehicles:
        is_licensed = vehicle.value.vehicle_class is VehicleClass.LICENSED_SCHOOL_BUS
        if tables.lines and is_licensed and vehicle.value.plate not in bound:
            plate = vehicle.value.plate
            yield vehicle.finding("plate", "licensed_bus_without_line", Severity.WARN, plate=plate)


def _riders(riders: Iterable[Placed[Rider]], known: TableContext) -> Iterator[Finding]:
    if known.stop_ids is None:
        return
    for placed in riders:
        rider = placed.value
        if rider.stop_id not in known.stop_ids:
            yield _unknown_stop(placed, "stop_id", rider.stop_id, known.stop_ids)
        for stop_id in rider.other_stops:
            if stop_id not in known.stop_ids:
                yield _unknown_stop(placed, "other_stops", stop_id, known.stop_ids)


def _roster(
    weekend_on: date, entries: Sequence[Placed[RosterEntry]], known: TableContext
) -> Iterator[Finding]:
    if entries and weekend_on.weekday() != FRIDAY:
        file = entries[0].sheet.file
        yield Finding(
            code="roster_not_friday",
            severity=Severity.WARN,
            place=file,
            facts={"file": file, "on": weekend_on},
        )
    for placed in entries:
        entry = placed.value
        if entry.stop_id and known.stop_ids is not None and entry.stop_id not in known.stop_ids:
            yield _unknown_stop(placed, "stop_id", entry.stop_id, known.stop_ids)
        if known.riders is None:
            continue
        rider = known.riders.get(entry.rider_id)
        if rider is None:
            found, name = entry.rider_id, entry.name
            yield placed.finding(
                "rider_id", "roster_rider_unregistered", Severity.WARN, found=found, name=name
            )
        elif rider.name != entry.name:
            yield placed.finding(
                "name", "roster_name_differs", Severity.WARN, found=entry.name, expected=rider.name
            )
    yield from _not_on_roster(entries, known.riders or {})


def _not_on_roster(
    entries: Sequence[Placed[RosterEntry]], riders: Mapping[RiderId, Rider]
) -> Iterator[Finding]:
    missing = sorted(riders.keys() - {entry.value.rider_id for entry in entries})
    if entries and missing:
        file = entries[0].sheet.file
        named = [f"{riders[rider_id].name} {rider_id}" for rider_id in missing[:NAMED_AT_MOST]]
        facts = {"file": file, "count": len(missing), "riders": named}
        yield Finding(code="riders_not_on_roster", severity=Severity.WARN, place=file, facts=facts)


def _unknown_stop(
    placed: Placed[Rider] | Placed[RosterEntry], column: str, found: StopId, stop_ids: frozenset[StopId]
) -> Finding:
    similar = next((stop for stop in sorted(stop_ids) if stop.lower() == found.lower()), "")
    if similar:
        return placed.finding(column, "stop_spelled_otherwise", found=found, expected=similar)
    return placed.finding(column, "stop_unknown", found=found)


def _overlaps(tariff: Iterable[Placed[TariffRate]]) -> Iterator[Finding]:
    """Two prices of one band and unit on one day."""
    by_kind: dict[tuple[str, FareUnit], list[Placed[TariffRate]]] = defaultdict(list)
    for placed in tariff:
        by_kind[placed.value.band, placed.value.unit].append(placed)
    for rates in by_kind.values():
        rates.sort(key=lambda placed: placed.value.from_on)
        for before, after in pairwise(rates):
            if before.value.to_on is None or after.value.from_on <= before.value.to_on:
                first_cell = before.sheet.facts(before.row, "from_on")["cell"]
                band = after.value.band
                yield after.finding("from_on", "tariff_overlap", band=band, first_cell=first_cell)


def _gaps(tariff: Iterable[Placed[TariffRate]], starts_on: date, ends_on: date) -> Iterator[Finding]:
    """Days of the term on which a band has no price at all."""
    by_band: dict[str, list[Placed[TariffRate]]] = defaultdict(list)
    for placed in tariff:
        by_band[placed.value.band].append(placed)
    for band, rates in sorted(by_band.items()):
        rates.sort(key=lambda placed: placed.value.from_on)
        priced_until = starts_on - timedelta(days=1)
        for placed in rates:
            if placed.value.from_on > priced_until + timedelta(days=1) and priced_until < ends_on:
                yield _gap(placed, band, priced_until + timedelta(days=1), placed.value.from_on)
            priced_until = max(priced_until, placed.value.to_on or date.max)
        if priced_until < ends_on:
            yield _gap(rates[-1], band, priced_until + timedelta(days=1), ends_on + timedelta(days=1))


def _gap(placed: Placed[TariffRate], band: str, from_on: date, until_on: date) -> Finding:
    to_on = until_on - timedelta(days=1)
    return placed.finding(
        "from_on", "tariff_gap", Severity.WARN, band=band, gap_from_on=from_on, gap_to_on=to_on
    )


def _bands(tables: Tables, known: TableContext) -> Iterator[Finding]:
    if known.bands is None:
        return
    reported: set[str] = set()
    for placed in tables.stops:
        band = placed.value.band
        if band not in known.bands and band not in reported:
            reported.add(band)
            yield placed.finding("band", "band_without_price", Severity.WARN, band=band)


def _travel(travel: Sequence[Placed[TravelTime]], known: TableContext) -> Iterator[Finding]:
    """Where the file is given it must name every pair of stops, both ways, and the campus."""
    if not travel or known.stop_ids is None:
        return
    file = travel[0].sheet.file
    places = {CAMPUS, *known.stop_ids}
    to: dict[StopId, set[StopId]] = defaultdict(set)
    unknown: set[StopId] = set()
    for placed in travel:
        pair = placed.value
        to[pair.origin].add(pair.destination)
        for column, stop_id in (("from", pair.origin), ("to", pair.destination)):
            if stop_id not in places and stop_id not in unknown:
                unknown.add(stop_id)
                yield placed.finding(column, "travel_stop_unknown", Severity.WARN, found=stop_id)
    for origin in sorted(places):
        missing = sorted(places - to[origin] - {origin})
        if missing:
            named = list(missing[:NAMED_AT_MOST])
            facts = {"file": file, "origin": origin, "count": len(missing), "missing": named}
            yield Finding(code="travel_pair_missing", place=f"{file}!{origin}", facts=facts)


def _rules(rules: Iterable[Placed[PlanningRule]], known: TableContext) -> Iterator[Finding]:
    """A rule about somebody or something that is not in the register binds nobody: look at it."""
    for placed in rules:
        rule = placed.value
        parts: tuple[tuple[str, Iterable[str], Collection[str] | None], ...] = (
            ("riders", rule.rider_ids, known.riders),
            ("plates", rule.plates, known.plates),
            ("stops", rule.stop_ids, known.stop_ids),
        )
        for column, named, there in parts:
            for found in sorted(named):
                if there is not None and found not in there:
                    yield placed.finding(column, "rule_names_unknown", Severity.WARN, found=found)
