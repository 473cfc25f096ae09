"""
From an approved plan to runs: crews found, papers checked, tags and rows drawn, manifests frozen.

All of a plan's trips are released or none. Every reason against it is told at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from busops.domain.crews import match_crews
from busops.domain.defects import reasons_to_stand
from busops.domain.errors import Refused
from busops.domain.events import Released
from busops.domain.findings import Finding, Severity, blocking
from busops.domain.fleet import CrewMember, CrewRole, Vehicle, crew_papers
from busops.domain.network import Stop, designated_on, place_of
from busops.domain.office_gates import LeftOpen, crew_reasons, vehicle_reasons
from busops.domain.roster import Rider
from busops.domain.run import Phase
from busops.domain.run_plan import ManifestRider, PlannedStop, RunPlan
from busops.domain.values import CAMPUS, SCHOOL_TIME, Clock, CrewId, Direction, Ids, Plate, RunId, StopId
from busops.services.acting import By, record_act, user_of
from busops.services.evidence import level_of_run
from busops.services.left_open import left_open
from busops.services.run_state import facts_arrived
from busops.services.run_tags import draw_rows, tags_of
from busops.storage import (
    defect_store,
    event_store,
    fleet_store,
    network_store,
    plan_store,
    register_store,
    run_store,
)
from busops.storage.database import Database, Transaction
from busops.storage.plan_store import PlanState
from busops.storage.run_store import ReleasedRun, RunSummary

FIRST_DEPARTURE: Final = {Direction.HOMEWARD: time(16, 0), Direction.RETURN: time(15, 0)}


def release_plan(
    database: Database,
    plan_id: str,
    *,
    by: By,
    clock: Clock,
    ids: Ids,
    first_departs_at: datetime | None = None,
    stagger_s: int = 0,
) -> tuple[RunId, ...]:
    """
    Every trip of the approved plan is a run with vehicle, crew and manifest; Refused with all reasons.

    Each vehicle leaves ``stagger_s`` after the one before, in the order of their plates.
    """
    with database.transaction() as tx:
        stored = plan_store.load_plan(tx, plan_id)
        if stored.violations:
            raise Refused("plan_has_violations", plan_id=plan_id, count=len(stored.violations))
        plan_store.move_plan(tx, plan_id, PlanState.RELEASED, by=user_of(by), at=clock.now())
        desk = _desk(tx, stored.document, first_departs_at, stagger_s, now=clock.now())
        return _release(tx, desk, plan_id=plan_id, by=by, clock=clock, ids=ids)


def release_document(
    database: Database,
    document: Mapping[str, Any],
    *,
    by: By,
    clock: Clock,
    ids: Ids,
    first_departs_at: datetime | None = None,
) -> tuple[RunId, ...]:
    """The same for a plan document that is in nobody's store."""
    with database.transaction() as tx:
        desk = _desk(tx, document, first_departs_at, now=clock.now())
        return _release(tx, desk, plan_id=None, by=by, clock=clock, ids=ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trip:
    """A trip of the document on the clock."""

    plate: Plate
    wave: int
    stops: tuple[PlannedStop, ...]
    riders: tuple[tuple[str, StopId], ...]
    distance_m: int
    cost_fen: int

    @property
    def departs_at(self) -> datetime:
        return self.stops[0].leaves_at

    @property
    def arrives_at(self) -> datetime:
        return self.stops[-1].arrives_at


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """Everything a release looks at."""

    on: date
    direction: Direction
    trips: tuple[_Trip, ...]
    vehicles: Mapping[Plate, Vehicle]
    crew: tuple[CrewMember, ...]
    riders: Mapping[str, Rider]
    stops: Mapping[StopId, Stop]  # those that are designated on the day
    others: tuple[RunSummary, ...]
    busy: Mapping[CrewId, tuple[RunSummary, ...]]
    left_open: tuple[LeftOpen, ...]  # runs of days that are over

    @property
    def blocked(self) -> frozenset[CrewId]:
        """Who has left a run open."""
        return frozenset(crew_id for run in self.left_open for crew_id in run.crew)


def _desk(
    tx: Transaction,
    document: Mapping[str, Any],
    first_departs_at: datetime | None,
    stagger_s: int = 0,
    *,
    now: datetime,
) -> _Desk:
    on, direction = date.fromisoformat(document["on"]), Direction(document["direction"])
    starts_at = first_departs_at or datetime.combine(on, FIRST_DEPARTURE[direction], SCHOOL_TIME)
    plates = sorted({trip["plate"] for trip in document["trips"]})
    starts = {plate: starts_at + place * timedelta(seconds=stagger_s) for place, plate in enumerate(plates)}
    others = tuple(run for run in run_store.list_runs(tx, on) if run.phase is not Phase.CANCELLED)
    busy: dict[CrewId, tuple[RunSummary, ...]] = {}
    for run in others:
        plan = run_store.load_run_plan(tx, run.run_id)
        for crew_id in (plan.driver_id, *plan.attendant_ids):
            busy[crew_id] = (*busy.get(crew_id, ()), run)
    return _Desk(
        on=on,
        direction=direction,
        trips=tuple(_trip(trip, direction, starts[trip["plate"]]) for trip in document["trips"]),
        vehicles={vehicle.plate: vehicle for vehicle in fleet_store.load_vehicles(tx)},
        crew=fleet_store.load_crew(tx),
        riders={rider.rider_id: rider for rider in register_store.load_riders(tx)},
        stops=designated_on(network_store.load_stops(tx), on),
        others=others,
        busy=busy,
        left_open=left_open(tx, now),
    )


def _trip(trip: Mapping[str, Any], direction: Direction, starts_at: datetime) -> _Trip:
    zero_at = starts_at + timedelta(seconds=trip["depart_s"])

    def stop(stop_id: str, arrive_s: int, leave_s: int) -> PlannedStop:
        return PlannedStop(
            stop_id=StopId(stop_id),
            arrives_at=zero_at + timedelta(seconds=arrive_s),
            leaves_at=zero_at + timedelta(seconds=leave_s),
        )

    stops = [stop(each["stop_id"], each["arrive_s"], each["leave_s"]) for each in trip["stops"]]
    if direction is Direction.HOMEWARD:
        stops.insert(0, stop(CAMPUS, 0, 0))
    else:
        stops.append(stop(CAMPUS, trip["campus_arrive_s"], trip["campus_arrive_s"]))
    riders = tuple(
        (rider_id, StopId(each["stop_id"])) for each in trip["stops"] for rider_id in each["riders"]
    )
    return _Trip(
        plate=Plate(trip["plate"]),
        wave=trip["wave"],
        stops=tuple(stops),
        riders=riders,
        distance_m=trip["distance_m"],
        cost_fen=trip["cost_fen"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Crew:
    driver: CrewMember | None
    attendants: tuple[CrewMember, ...]


def _release(
    tx: Transaction, desk: _Desk, *, plan_id: str | None, by: By, clock: Clock, ids: Ids
) -> tuple[RunId, ...]:
    crews = _assign(desk)
    reasons = tuple(_reasons(tx, desk, crews))
    if blocking(reasons):
        raise Refused("release_refused", reasons=blocking(reasons), plan_id=plan_id or "–")
    first_no = 1 + max((run.trip_no for run in desk.others), default=0)
    released = []
    for number, trip in enumerate(sorted(desk.trips, key=lambda trip: (trip.wave, trip.plate)), first_no):
        plan = _run_plan(tx, desk, trip, crews[trip.plate], clock=clock, ids=ids)
        stored = ReleasedRun(
            plan=plan,
            plan_id=plan_id,
            trip_no=number,
            wave=trip.wave,
            distance_m=trip.distance_m,
            cost_fen=trip.cost_fen,
            made_at=clock.now(),
            made_by=user_of(by),
        )
        run_store.insert_run(tx, stored)
        made_ms = round(clock.now().timestamp() * 1000)
        decision = Released(decision_id=ids.new(), run_id=plan.run_id, made_ms=made_ms, by=user_of(by))
        event_store.decide(tx, decision)
        facts_arrived(tx, plan.run_id, clock=clock, ids=ids)
        released.append(plan.run_id)
    record_act(tx, by, "plan_released", plan_id or "–", facts={"runs": len(released)}, clock=clock)
    return tuple(released)


def _assign(desk: _Desk) -> Mapping[Plate, _Crew]:
    """A driver and an attendant for each vehicle, the same for all its trips; nobody twice."""
    used = sorted({trip.plate for trip in desk.trips})
    unbusy = [member for member in desk.crew if not _overlaps(desk.busy.get(member.crew_id, ()), desk.trips)]
    free = [member for member in unbusy if member.crew_id not in desk.blocked]
    vehicles = [desk.vehicles[plate] for plate in used if plate in desk.vehicles]
    matched = match_crews(vehicles, free, desk.on)
    by_id = {member.crew_id: member for member in free}
    attendants = iter(member for member in free if member.role is CrewRole.ATTENDANT)
    crews = {}
    for plate in used:
        attendant = next(attendants, None)
        crews[plate] = _Crew(
            driver=by_id.get(matched.driver_of.get(plate, CrewId(""))),
            attendants=() if attendant is None else (attendant,),
        )
    return crews


def _reasons(tx: Transaction, desk: _Desk, crews: Mapping[Plate, _Crew]) -> Iterable[Finding]:
    for plate, crew in crews.items():
        vehicle = desk.vehicles.get(plate)
        trips = [trip for trip in desk.trips if trip.plate == plate]
        if vehicle is None:
            yield _block("no_such_vehicle", plate, plate=plate)
            continue
        yield from crew_papers(vehicle, crew.driver, crew.attendants, desk.on)
        yield from vehicle_reasons(desk.left_open, plate)
        if crew.driver is None or not crew.attendants:
            yield from crew_reasons(desk.left_open, desk.blocked)
        yield from reasons_to_stand(defect_store.load_defects(tx, plate))
        if _overlaps([run for run in desk.others if run.plate == plate], trips):
            yield _block("vehicle_busy", plate, plate=plate)
        for trip in trips:
            yield from _load_reasons(desk, vehicle, trip)
    yield from _rider_reasons(tx, desk)


def _load_reasons(desk: _Desk, vehicle: Vehicle, trip: _Trip) -> Iterable[Finding]:
    place = f"{trip.plate}#{trip.wave}"
    if len(trip.riders) > vehicle.approved_students:
        facts = {"plate": trip.plate, "aboard": len(trip.riders), "approved": vehicle.approved_students}
        yield _block("over_students", place, **facts)
    for stop in trip.stops:
        if stop.stop_id != CAMPUS and stop.stop_id not in desk.stops:
            facts = {"stop_id": stop.stop_id, "on": desk.on}
            yield _block("not_designated", f"{place}/{stop.stop_id}", **facts)


def _rider_reasons(tx: Transaction, desk: _Desk) -> Iterable[Finding]:
    """Nobody rides twice the same way on one day, and everybody who rides is registered."""
    riding: dict[str, str] = {
        rider_id: run.run_id
        for run in desk.others
        if run.direction is desk.direction
        for rider_id in run_store.load_run_plan(tx, run.run_id).riders
    }
    seen: set[str] = set()
    for rider_id in (rider_id for trip in desk.trips for rider_id, _ in trip.riders):
        if rider_id in riding or rider_id in seen:
            facts = {"rider_id": rider_id, "run_id": riding.get(rider_id, "–")}
            yield _block("rider_on_two_runs", rider_id, **facts)
        if rider_id not in desk.riders:
            yield _block("rider_not_registered", rider_id, rider_id=rider_id)
        seen.add(rider_id)


def _run_plan(tx: Transaction, desk: _Desk, trip: _Trip, crew: _Crew, *, clock: Clock, ids: Ids) -> RunPlan:
    vehicle = desk.vehicles[trip.plate]
    run_id = RunId(ids.new())
    if crew.driver is None:
        raise AssertionError("a run without a driver is refused before")
    manifest = tuple(
        ManifestRider(
            rider_id=desk.riders[rider_id].rider_id,
            stop_id=stop_id,
            other_stops=tuple(
                sorted({desk.riders[rider_id].stop_id, *desk.riders[rider_id].other_stops} - {stop_id})
            ),
        )
        for rider_id, stop_id in sorted(trip.riders)
    )
    return RunPlan(
        run_id=run_id,
        direction=desk.direction,
        on=desk.on,
        stops=trip.stops,
        manifest=manifest,
        roster_v=1,
        designated=frozenset(desk.stops),
        plate=vehicle.plate,
        rows=vehicle.rows,
        approved_students=vehicle.approved_students,
        approved_total=vehicle.approved_total,
        driver_id=crew.driver.crew_id,
        attendant_ids=tuple(attendant.crew_id for attendant in crew.attendants),
        tags=tags_of(tx, vehicle, desk.on, clock=clock, ids=ids),
        asked_rows={role: draw_rows(vehicle.rows, f"{ids.new()}{role}") for role in CrewRole},
        evidence=level_of_run(tx, vehicle, desk.on, (crew.driver, *crew.attendants)),
        departs_at=trip.departs_at,
        arrives_at=trip.arrives_at,
        places={
            each.stop_id: place_of(desk.stops[each.stop_id])
            for each in trip.stops
            if each.stop_id in desk.stops
        },
    )


def _overlaps(runs: Iterable[RunSummary], trips: Sequence[_Trip]) -> bool:
    return any(
        run.departs_at < trip.arrives_at and trip.departs_at < run.arrives_at
        for run in runs
        for trip in trips
    )


def _block(code: str, place: str, **facts: object) -> Finding:
    return Finding(code=code, severity=Severity.BLOCK, place=place, facts=facts)
