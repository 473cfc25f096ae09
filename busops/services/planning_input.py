"""
From the register and a weekend's roster to the planner's Problem, and what had to be left out.

Only what may lawfully run on the day goes in: designated stops, vehicles whose papers are valid
and that can have a driver and an attendant. Nothing is solved or stored here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from busops.domain.crews import match_crews
from busops.domain.errors import InvalidInput, Refused
from busops.domain.findings import Finding, Severity
from busops.domain.fleet import CrewMember, Vehicle, VehicleClass, vehicle_papers
from busops.domain.network import ApprovedLine, Stop, TravelTime, designated_on, lawful_duration_s
from busops.domain.planning_rules import PlanningRule
from busops.domain.road_source import TravelOrigin
from busops.domain.roster import Rider, RosterEntry
from busops.domain.school import PlanningPolicy, School
from busops.domain.values import CAMPUS, Direction, Plate, RiderId, StopId
from busops.finance.tariff import FareUnit, TariffRate, rate_on, ride_fare_fen
from busops.finance.waivers import parse_waiver, waived_fen
from busops.planner.problem import Limits, Plan, Problem, RiderDemand, Trip, VehicleOption
from busops.planner.rules.rules import KeptTrip
from busops.planner.travel import Places, TravelRow
from busops.planner.travel.choose import chosen_travel
from busops.planner.travel.estimate import Estimate
from busops.planner.travel.source import Travelled, TravelSource
from busops.services.planning_rule_use import with_kept, with_rules
from busops.storage import fleet_store, network_store, planning_rule_store, register_store, roster_store
from busops.storage.database import Transaction

RETURN_AFTER: Final = timedelta(days=2)
SCHOOL_WEEKS_A_MONTH: Final = 4
LICENSED: Final = VehicleClass.LICENSED_SCHOOL_BUS


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningInput:
    """
    Everything that a plan of one weekend depends on, as it was in one reading transaction.

    ``lines`` are those in use; ``any_lines`` says whether the school ever gave one, ended ones too.
    """

    school: School
    weekend_on: date
    roster_version: int
    entries: tuple[RosterEntry, ...]
    riders: Mapping[RiderId, Rider]
    stops: tuple[Stop, ...]
    vehicles: tuple[Vehicle, ...]
    crew: tuple[CrewMember, ...]
    lines: tuple[ApprovedLine, ...]
    any_lines: bool
    tariff: tuple[TariffRate, ...]
    travel: tuple[TravelTime, ...]
    rules: tuple[PlanningRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A problem ready to solve, where its travel times come from, and what was left out and why."""

    problem: Problem
    on: date
    travel_source: TravelOrigin
    notices: tuple[Finding, ...]


def day_of(weekend_on: date, direction: Direction) -> date:
    """The day on which the runs of a direction go: the Friday home, the Sunday back."""
    return weekend_on if direction is Direction.HOMEWARD else weekend_on + RETURN_AFTER


def load_input(tx: Transaction, weekend_on: date) -> PlanningInput:
    """What a plan of the weekend depends on; the last locked roster, else the draft (version 0)."""
    locked = roster_store.load_latest_version(tx, weekend_on)
    lines = network_store.list_lines(tx)
    return PlanningInput(
        school=register_store.load_school(tx),
        weekend_on=weekend_on,
        roster_version=locked.version if locked else 0,
        entries=locked.entries if locked else roster_store.load_roster(tx, weekend_on),
        riders={rider.rider_id: rider for rider in register_store.load_riders(tx)},
        stops=network_store.load_stops(tx),
        vehicles=fleet_store.load_vehicles(tx),
        crew=fleet_store.load_crew(tx),
        lines=tuple(entry.line for entry in lines if entry.retired_on is None),
        any_lines=bool(lines),
        tariff=register_store.load_tariff(tx),
        travel=network_store.load_travel(tx),
        rules=planning_rule_store.load_rules(tx),
    )


def prepare(
    given: PlanningInput,
    direction: Direction,
    kept: tuple[KeptTrip, ...] = (),
    *,
    roads: TravelSource | None = None,
) -> Prepared:
    """
    The problem of one direction under the rules of its day, with these trips kept.

    ``roads`` measures the ways of a school without a travel file; None = they are estimated. Raises
    Refused when there is nobody to carry, InvalidInput when a trip cannot be kept.
    """
    on = day_of(given.weekend_on, direction)
    designated = designated_on(given.stops, on)
    demands = _demands(given, direction, designated)
    if not demands:
        raise Refused("nobody_rides", weekend_on=given.weekend_on, direction=direction)
    wanted = {StopId(stop_id) for demand in demands for stop_id in demand.stop_ids}
    stops = {stop.stop_id: stop for stop in given.stops if stop.stop_id in wanted}
    options, notices = _options(given, frozenset(stops), direction, on)
    travelled = _travel(given, stops, designated, roads)
    notices += travelled.notices
    problem = Problem(
        direction=direction,
        stop_ids=tuple(stops),
        riders=tuple(demands),
        vehicles=options,
        limits=limits_of(given.school.planning),
        travel=travelled.times,
    )
    problem, left_out = with_rules(problem, given.rules, on)
    problem, notices = with_kept(problem, kept), [*notices, *left_out]
    if given.roster_version == 0:
        notices.insert(0, Finding(code="roster_not_locked", severity=Severity.WARN))
    return Prepared(problem=problem, on=on, travel_source=travelled.origin, notices=tuple(notices))


def travel_source_of(given: PlanningInput) -> TravelOrigin:
    """Where travel times come from before any is asked for: the school's file, or else an estimate."""
    return TravelOrigin.FILE if given.travel else TravelOrigin.ESTIMATE


def wants_to_ride(given: PlanningInput, direction: Direction) -> bool:
    """Whether anybody of the roster rides in this direction."""
    return any(entry.rider_id in given.riders and entry.rides(direction) for entry in given.entries)


def limits_of(policy: PlanningPolicy) -> Limits:
    """The school's planning policy in the planner's terms."""
    return Limits(
        max_ride_s=60 * policy.max_ride_min,
        ride_factor_milli=policy.ride_factor_milli,
        max_stops=policy.max_stops,
        dwell_base_s=policy.dwell_base_s,
        dwell_rider_s=policy.dwell_rider_s,
        returns_to_campus=policy.returns_to_campus,
    )


def fares_forecast(given: PlanningInput, plan: Plan, on: date) -> int:
    """What the riders of a plan will owe for this ride, fen, waivers taken off; no price = nothing."""
    own_stop = {entry.rider_id: entry.stop_id for entry in given.entries}
    band_of = {stop.stop_id: stop.band for stop in given.stops}
    total_fen = 0
    for trip in plan.trips:
        for rider_id in (RiderId(name) for halt in trip.stops for name in halt.rider_ids):
            rider = given.riders[rider_id]
            band = band_of.get(own_stop.get(rider_id) or rider.stop_id, "")
            fare_fen = _ride_fen(given, band, on)
            total_fen += fare_fen - _waived(rider, fare_fen)
    return total_fen


def speed_findings(problem: Problem, plan: Plan) -> tuple[Finding, ...]:
    """
    Legs that the plan's own times would have a bus drive faster than the law allows (art. 35).

    Judged by what the plan shows, not by the matrix it was made from: a forged time is found too.
    """
    found: dict[str, Finding] = {}
    for trip in plan.trips:
        for origin, target, seconds in _shown_legs(problem, trip):
            if not {origin, target} <= problem.travel.index.keys():
                continue  # a strange stop is told by the verifier
            metres = problem.travel.between(origin, target)[0]
            if seconds < lawful_duration_s(metres, seconds):
                facts = {"from": origin, "to": target, "distance_m": metres, "duration_s": seconds}
                place = f"{origin}→{target}"
                found[place] = Finding(code="plan_leg_too_fast", place=place, facts=facts)
    return tuple(found.values())


def _shown_legs(problem: Problem, trip: Trip) -> Iterator[tuple[str, str, int]]:
    """From, to and the seconds that the trip shows between leaving the one and arriving at the other."""
    if problem.direction is Direction.HOMEWARD and trip.stops:
        yield str(CAMPUS), trip.stops[0].stop_id, trip.stops[0].arrive_s
    for one, two in pairwise(trip.stops):
        yield one.stop_id, two.stop_id, two.arrive_s - one.leave_s
    if trip.campus_arrive_s is not None and trip.stops:
        last = trip.stops[-1]
        yield last.stop_id, str(CAMPUS), trip.campus_arrive_s - last.leave_s


def _demands(
    given: PlanningInput, direction: Direction, designated: Mapping[StopId, Stop]
) -> list[RiderDemand]:
    demands = []
    for entry in given.entries:
        rider = given.riders.get(entry.rider_id)
        if rider is None or not entry.rides(direction):
            continue
        # A stop named for this weekend is where the family waits: the usual others do not count then.
        wishes = (entry.stop_id,) if entry.stop_id else (rider.stop_id, *rider.other_stops)
        stop_ids = tuple(dict.fromkeys(str(stop_id) for stop_id in wishes if stop_id in designated))
        demands.append(RiderDemand(rider_id=rider.rider_id, stop_ids=stop_ids))
    return demands


def _options(
    given: PlanningInput, stops: frozenset[StopId], direction: Direction, on: date
) -> tuple[tuple[VehicleOption, ...], list[Finding]]:
    """The vehicles that may run on the day, and why the others may not."""
    notices: list[Finding] = []
    useful: dict[Plate, tuple[Vehicle, VehicleOption]] = {}
    for vehicle in given.vehicles:
        papers = vehicle_papers(vehicle, on)
        notices += papers
        if any(paper.severity is Severity.BLOCK for paper in papers):
            continue
        courses = _courses(given, vehicle, stops, direction)
        if courses == ():
            notices.append(_notice("vehicle_without_line", vehicle.plate))
        else:
            useful[vehicle.plate] = (vehicle, _option(vehicle, courses))
    match = match_crews((vehicle for vehicle, _ in useful.values()), given.crew, on)
    notices += (_notice("vehicle_without_driver", plate) for plate in match.without_driver)
    notices += (_notice("vehicle_without_attendant", plate) for plate in match.without_attendant)
    has_licensed = any(vehicle.vehicle_class is LICENSED for vehicle, _ in useful.values())
    if has_licensed and not given.any_lines:
        notices.append(Finding(code="lines_not_given", severity=Severity.WARN))
    return tuple(option for plate, (_, option) in useful.items() if plate in match.driver_of), notices


def _courses(
    given: PlanningInput, vehicle: Vehicle, stops: frozenset[StopId], direction: Direction
) -> tuple[tuple[str, ...], ...] | None:
    """
    The wanted stops on each of a licensed bus's lines, in driving order; None where it is free.

    The file gives a line from the campus outward; the way back to school is its mirror. A school
    that never gave a line has not said that none is approved: its buses stay free, with a notice.
    Where every line has ended, none is approved, and a bus drives none (Decree 617 arts 14 to 16).
    """
    if vehicle.vehicle_class is not LICENSED or not given.any_lines:
        return None
    step = 1 if direction is Direction.HOMEWARD else -1
    own = (line.stop_ids[::step] for line in given.lines if line.plate == vehicle.plate)
    wanted = (tuple(dict.fromkeys(str(stop_id) for stop_id in line if stop_id in stops)) for line in own)
    return tuple(course for course in wanted if course)


def _option(vehicle: Vehicle, courses: tuple[tuple[str, ...], ...] | None) -> VehicleOption:
    return VehicleOption(
        plate=vehicle.plate,
        capacity=vehicle.approved_students,
        fixed_fen=vehicle.fixed_fen,
        per_km_fen=vehicle.per_km_fen,
        max_trips=vehicle.max_trips,
        lines=courses,
    )


def _notice(code: str, plate: Plate) -> Finding:
    return Finding(code=code, severity=Severity.WARN, place=plate, facts={"plate": plate})


def _travel(
    given: PlanningInput,
    stops: Mapping[StopId, Stop],
    designated: Mapping[StopId, Stop],
    roads: TravelSource | None,
) -> Travelled:
    places = Places(
        campus=given.school.campus,
        stops={str(stop_id): stop.position for stop_id, stop in stops.items()},
        beside=tuple(stop.position for stop_id, stop in designated.items() if stop_id not in stops),
    )
    estimate = Estimate(detour_milli=given.school.planning.detour_factor_milli)
    return chosen_travel(places, rows=_ways(given), source=roads, estimate=estimate)


def _ways(given: PlanningInput) -> Iterator[TravelRow]:
    for way in given.travel:
        yield way.origin, way.destination, way.distance_m, way.duration_s


def _ride_fen(given: PlanningInput, band: str, on: date) -> int:
    """The price of one ride; where only months or terms are priced, its share of those."""
    fare_fen = ride_fare_fen(given.tariff, band, on)
    if fare_fen is not None:
        return fare_fen
    if month := rate_on(given.tariff, band, FareUnit.MONTH, on):
        return month.fen // (2 * SCHOOL_WEEKS_A_MONTH)
    if term := rate_on(given.tariff, band, FareUnit.TERM, on):
        weeks = max(1, ((given.school.term.ends_on - given.school.term.starts_on).days + 1) // 7)
        return term.fen // (2 * weeks)
    return 0


def _waived(rider: Rider, fare_fen: int) -> int:
    try:
        return waived_fen(parse_waiver(rider.waiver), fare_fen)
    except InvalidInput:
        return 0  # the charge stays whole too until somebody reads the words
