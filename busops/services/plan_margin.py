"""
The frontier and the levers of a stored plan as long work, and a point of the frontier as a draft.

Reads plan, register and roster in one transaction and solves outside any. What was found is the
job's result: the page shows it again as long as the job is kept. Nothing is approved here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, Final, Protocol

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.findings import Finding, blocking
from busops.domain.values import Clock, Ids, PlanId, RiderId, StopId
from busops.finance.waivers import Waiver, parse_waiver
from busops.planner.document import plan_document, read_plan_document
from busops.planner.margin.frontier import FIRST_SHARE, PLANS, FrontierPoint, frontier
from busops.planner.margin.lever.values import Lever
from busops.planner.margin.levers import REPLANS, levers
from busops.planner.margin.margin import Fares, RiderFare, margin_of
from busops.planner.margin.replan import Replanning
from busops.planner.margin.rides import Affected
from busops.planner.problem import Plan, Trip, TripStop
from busops.planner.travel import estimate_travel
from busops.planner.travel.source import TravelSource
from busops.planner.verify import verify
from busops.services.acting import By
from busops.services.plan_check import problem_of
from busops.services.plan_drafts import store_draft
from busops.services.planning_input import (
    PlanningInput,
    Prepared,
    fares_forecast,
    load_input,
    speed_findings,
)
from busops.storage import job_store, plan_store
from busops.storage.database import Database
from busops.storage.job_store import Job, JobState
from busops.storage.plan_store import StoredPlan

JOB: Final = "plan_margin"
MAX_SECONDS: Final = 3600
USUAL_SECONDS: Final = 60
Walks = dict[tuple[str, str], int]


class Part(StrEnum):
    """What the page can have found out about a plan."""

    FRONTIER = "frontier"
    LEVERS = "levers"


class Work(Protocol):
    """What long work is given: where it reads, what it lives by, where it tells how far it is."""

    @property
    def database(self) -> Database:
        """The school's database."""
        ...

    @property
    def clock(self) -> Clock:
        """The school's time."""
        ...

    def roads(self) -> TravelSource | None:
        """Who measures roads; None = ways are estimated."""
        ...

    def progress(self, done: int, total: int, **facts: Any) -> None:
        """So much of so much is done."""
        ...

    def cancelled(self) -> bool:
        """True once somebody asked to stop."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginOrder:
    """What is asked: which plan, which part, for how long."""

    plan_id: str
    part: Part
    seconds: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """A stored plan beside the register and roster as they stand, and what has changed since it was made."""

    stored: StoredPlan
    given: PlanningInput
    prepared: Prepared
    plan: Plan
    fares: Fares
    changed: tuple[Finding, ...]


def read_order(arguments: Mapping[str, Any]) -> MarginOrder:
    """The arguments of a job as values; raises InvalidInput for what cannot be done."""
    try:
        order = MarginOrder(
            plan_id=str(arguments["plan_id"]),
            part=Part(arguments["part"]),
            seconds=float(arguments.get("seconds") or USUAL_SECONDS),
            seed=int(arguments.get("seed") or 1),
        )
    except (KeyError, ValueError, TypeError) as fault:
        raise InvalidInput("margin_order_invalid") from fault
    if not 0 < order.seconds <= MAX_SECONDS:
        raise InvalidInput("plan_seconds_out_of_range", seconds=order.seconds, most=MAX_SECONDS)
    return order


def run_margin_job(work: Work, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked about the plan, as plain JSON; raises Refused when stopped, or for a stale plan."""
    order = read_order(arguments)
    now = current_of(work.database, order.plan_id, work.roads())
    if now.changed:
        raise Refused("margin_plan_stale", now.changed, plan_id=order.plan_id)

    def told(done: int, total: int) -> None:
        work.progress(1000 * done // (total + 1), 1000, phase=order.part.value)

    told(0, 1)
    how = Replanning(
        seconds=order.seconds / _plans_of(order.part), seed=order.seed, should_stop=work.cancelled
    )
    if order.part is Part.FRONTIER:
        points = frontier(now.prepared.problem, how, known=[now.plan], on_step=told)
        found = [_point_document(now, order, point) for point in points]
    else:
        target_bp = now.given.school.finance.target_bp
        tried = levers(
            now.prepared.problem,
            now.plan,
            now.fares,
            how,
            target_bp=target_bp,
            walks=_walks(now),
            on_step=told,
        )
        found = [_lever_document(lever) for lever in tried]
    if work.cancelled():
        raise Refused("planning_stopped", plan_id=order.plan_id)
    return {
        "part": order.part.value,
        "plan_id": order.plan_id,
        "roster_version": now.given.roster_version,
        "made_at": work.clock.now().isoformat(),
        "seconds": order.seconds,
        "found": found,
    }


def current_of(database: Database, plan_id: str, roads: TravelSource | None = None) -> Current:
    """The plan and the world it would be planned in now; raises NotFound, InvalidInput or Refused."""
    with database.reading() as tx:
        stored = plan_store.load_plan(tx, plan_id)
        given = load_input(tx, stored.summary.weekend_on)
    plan = read_plan_document(stored.document)
    prepared = problem_of(given, stored.document, plan, roads)
    return Current(
        stored=stored,
        given=given,
        prepared=prepared,
        plan=plan,
        fares=rider_fares(given, prepared.on),
        changed=tuple(_changes(stored, given, prepared, plan)),
    )


def latest(database: Database, plan_id: str, part: Part, *, done: bool = False) -> Job | None:
    """The newest job about this part of the plan, or the newest that was done; None without one."""
    about = {"plan_id": plan_id, "part": part.value}
    with database.reading() as tx:
        return job_store.latest_job(tx, JOB, about, state=JobState.DONE if done else None)


def use_point(
    database: Database,
    plan_id: str,
    job_id: str,
    number: int,
    *,
    by: By,
    clock: Clock,
    ids: Ids,
    roads: TravelSource | None = None,
) -> PlanId:
    """
    A point of the frontier stands as a draft; its id.

    Raises NotFound for a point that is not there, Refused when roster or register have changed since.
    """
    with database.reading() as tx:
        job = job_store.load_job(tx, job_id)
    order = job.arguments if job.kind == JOB else {}
    is_of_plan = order.get("plan_id") == plan_id and order.get("part") == Part.FRONTIER
    points = job.result["found"] if is_of_plan and job.state is JobState.DONE else []
    if not 1 <= number <= len(points):
        raise NotFound("margin_point_not_found", plan_id=plan_id, number=number)
    now = current_of(database, plan_id, roads)
    document = points[number - 1]["document"]
    plan = read_plan_document(document)
    against = tuple(_faults(now.prepared, plan))
    if job.result["roster_version"] != now.given.roster_version or against:
        raise Refused("margin_plan_stale", (*now.changed, *against), plan_id=plan_id)
    return store_draft(
        database,
        now.given,
        now.prepared,
        replace(plan, stats={**plan.stats, "frontier_of": plan_id, "frontier_point": number}),
        seed=int(document["seed"]),
        seconds=float(document["seconds"]),
        clock=clock,
        ids=ids,
        by=by,
    )


def rider_fares(given: PlanningInput, on: date) -> dict[str, RiderFare]:
    """The price of one ride of everybody on the roster, by the forecast that a plan's fares come from."""
    own_stop = {entry.rider_id: entry.stop_id for entry in given.entries}
    band_of = {stop.stop_id: stop.band for stop in given.stops}
    prices: dict[str, int] = {}
    fares: dict[str, RiderFare] = {}
    for rider_id, rider in given.riders.items():
        if rider_id not in own_stop:
            continue
        band = band_of.get(own_stop.get(rider_id) or rider.stop_id, "")
        if band not in prices:
            prices[band] = _price_fen(given, rider_id, on)
        fares[rider_id] = RiderFare(band=band, list_fen=prices[band], waiver=_waiver(rider.waiver))
    return fares


def all_fares_fen(now: Current) -> int:
    """What everybody of the problem owes for the ride, seat or not."""
    return sum(
        now.fares[rider.rider_id].due_fen()
        for rider in now.prepared.problem.riders
        if rider.rider_id in now.fares
    )


def _price_fen(given: PlanningInput, rider_id: RiderId, on: date) -> int:
    """The forecast's price of this rider's band: what he would owe alone, without a waiver."""
    full = replace(given.riders[rider_id], waiver="")
    halt = TripStop(stop_id="", arrive_s=0, leave_s=0, rider_ids=(rider_id,))
    trip = Trip(plate="", wave=1, stops=(halt,), depart_s=0, campus_arrive_s=None, distance_m=0, cost_fen=0)
    alone = Plan(trips=(trip,), unserved=(), cost_fen=0, lower_bound_fen=0, bound_model="")
    return fares_forecast(replace(given, riders={rider_id: full}), alone, on)


def _waiver(text: str) -> Waiver | None:
    try:
        return parse_waiver(text)
    except InvalidInput:
        return None  # as the charge itself: whole until somebody reads the words


def _changes(stored: StoredPlan, given: PlanningInput, prepared: Prepared, plan: Plan) -> list[Finding]:
    """Why the plan is not one of today's roster and register any more."""
    changes = []
    if stored.summary.roster_version != given.roster_version:
        versions = {"planned": stored.summary.roster_version, "locked": given.roster_version}
        changes.append(Finding(code="roster_is_newer", facts=versions))
    return [*changes, *_faults(prepared, plan)]


def _faults(prepared: Prepared, plan: Plan) -> tuple[Finding, ...]:
    problem = prepared.problem
    return blocking((*verify(problem, plan), *speed_findings(problem, plan)))


def _plans_of(part: Part) -> int:
    return PLANS + FIRST_SHARE if part is Part.FRONTIER else REPLANS


def _walks(now: Current) -> Walks:
    """Metres on foot between the stops of the problem: the straight line with the school's detour."""
    stops = {StopId(stop_id) for stop_id in now.prepared.problem.stop_ids}
    positions = {str(stop.stop_id): stop.position for stop in now.given.stops if stop.stop_id in stops}
    detour_milli = now.given.school.planning.detour_factor_milli
    ways = estimate_travel(now.given.school.campus, positions, detour_milli=detour_milli)
    return {(one, two): ways.between(one, two)[0] for one in positions for two in positions if one != two}


def _point_document(now: Current, order: MarginOrder, point: FrontierPoint) -> dict[str, Any]:
    margin = margin_of(point.plan, now.fares)
    return {
        "longest_s": point.longest_s,
        "p95_s": point.p95_s,
        "cost_fen": point.plan.cost_fen,
        "fares_fen": margin.fares_fen,
        "trips": len(point.plan.trips),
        "vehicles": len({trip.plate for trip in point.plan.trips}),
        "unserved": len(point.plan.unserved),
        "document": plan_document(
            now.prepared.problem,
            point.plan,
            school_id=now.given.school.school_id,
            on=now.prepared.on,
            seed=order.seed,
            seconds=order.seconds,
            fares_fen=margin.fares_fen,
            travel_source=now.prepared.travel_source,
            violations=_faults(now.prepared, point.plan),
        ),
    }


def _lever_document(lever: Lever) -> dict[str, Any]:
    return {
        "kind": lever.kind.value,
        "facts": dict(lever.facts),
        "saved_fen": lever.saved_fen,
        "more_fares_fen": lever.more_fares_fen,
        "fares_fen": lever.after.fares_fen,
        "cost_fen": lever.after.cost_fen,
        "verified": lever.verified,
        "affected": [_affected_row(one) for one in lever.affected],
    }


def _affected_row(one: Affected) -> list[str | int]:
    return [one.rider_id, one.walk_m, one.longer_s, one.later_s, one.dearer_fen, int(one.loses_service)]


def read_affected(row: list[Any]) -> Affected:
    """The rider of a row that a lever's result holds."""
    rider_id, walk_m, longer_s, later_s, dearer_fen, loses = row
    return Affected(
        rider_id=rider_id,
        walk_m=walk_m,
        longer_s=longer_s,
        later_s=later_s,
        dearer_fen=dearer_fen,
        loses_service=bool(loses),
    )
