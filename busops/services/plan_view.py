"""
A plan as a page shows it: trips with names, places and loads, who is left over, the forecast.

Reads a stored document and the register; computes only what can be added up from them. What a
plan may do is decided by ``services.planning``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from busops.domain.findings import Finding, Severity
from busops.domain.fleet import Vehicle, VehicleClass
from busops.domain.network import Stop
from busops.domain.roster import Rider
from busops.domain.values import SCHOOL_TIME, Direction, Plate, Position
from busops.services.plan_figures import (
    FULL_BP,
    FairnessTrade,
    RideFigures,
    fairness_of,
    gap_bp,
    ride_figures,
    ride_s,
    rides_s,
)
from busops.services.planning import reasons_not_to_approve
from busops.services.run_release import FIRST_DEPARTURE
from busops.services.search_course import Point, course_of
from busops.storage import fleet_store, network_store, plan_store, register_store, run_store
from busops.storage.database import Database, Transaction
from busops.storage.plan_store import PlanState, PlanSummary

BIN_S: Final = 15 * 60
COLOURS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltView:
    """One halt of a trip: when, in seconds after the trip's own time 0 and on the clock."""

    stop_id: str
    name: str
    position: Position | None
    arrive_s: int
    leave_s: int
    arrives_at: datetime
    riders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TripView:
    """One trip: its number on the map, its colour, its load, what it costs, its longest ride."""

    number: int
    plate: str
    wave: int
    is_licensed: bool
    capacity: int
    depart_s: int
    departs_at: datetime  # from the campus, or from the first stop on the way back to it
    halts: tuple[HaltView, ...]
    riders: int
    distance_m: int
    cost_fen: int
    longest_s: int
    duration_s: int

    @property
    def colour(self) -> int:
        """1 to 8; further trips repeat the colours with a dash."""
        return (self.number - 1) % COLOURS + 1

    @property
    def is_dashed(self) -> bool:
        """True for the second, fourth … round of colours."""
        return (self.number - 1) // COLOURS % 2 == 1

    @property
    def towards(self) -> str:
        """The stop farthest along: where the trip is going, or comes from."""
        return max(self.halts, key=lambda halt: halt.arrive_s).name if self.halts else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOver:
    """A rider without a seat, and why."""

    rider_id: str
    name: str
    grade: str
    class_name: str
    stop_name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """Everything the plan page shows."""

    summary: PlanSummary
    trips: tuple[TripView, ...]
    left_over: tuple[LeftOver, ...]
    violations: tuple[Finding, ...]
    notices: tuple[Finding, ...]
    reasons: tuple[Finding, ...]
    rides: tuple[tuple[int, int], ...]  # minutes from which, riders
    figures: RideFigures
    fairness: FairnessTrade | None
    bound_model: str
    course: tuple[Point, ...]  # how the search went; empty for plans that came without
    is_stopped: bool
    campus: Position
    cap_s: int
    target_bp: int
    seconds: float
    seed: int
    travel: str

    @property
    def vehicles(self) -> int:
        """How many vehicles are used."""
        return len({trip.plate for trip in self.trips})

    @property
    def seats(self) -> int:
        """The seats of all trips."""
        return sum(trip.capacity for trip in self.trips)

    @property
    def distance_m(self) -> int:
        """The metres of all trips."""
        return sum(trip.distance_m for trip in self.trips)

    @property
    def longest_s(self) -> int:
        """The longest ride of anybody."""
        return self.figures.longest_s

    @property
    def net_fen(self) -> int:
        """Forecast fares less cost."""
        return self.summary.fares_fen - self.summary.cost_fen

    @property
    def net_bp(self) -> int | None:
        """The net share of the fares in basis points, floored; None without fares."""
        return self.net_fen * FULL_BP // self.summary.fares_fen if self.summary.fares_fen > 0 else None

    @property
    def meets_target(self) -> bool:
        """True when the net share reaches the school's goal; never by a rounded ratio."""
        return FULL_BP * self.net_fen >= self.target_bp * self.summary.fares_fen

    @property
    def gap_bp(self) -> int | None:
        """How far above the proven bound the cost can lie, rounded up; None when that says nothing."""
        return gap_bp(self.summary.cost_fen, self.summary.lower_bound_fen)

    @property
    def left_groups(self) -> tuple[tuple[str, tuple[LeftOver, ...]], ...]:
        """Those left over by what is in the way, the commonest first."""
        counts = Counter(one.reason for one in self.left_over)
        return tuple(
            (reason, tuple(one for one in self.left_over if one.reason == reason))
            for reason, _ in counts.most_common()
        )

    @property
    def states_next(self) -> tuple[str, ...]:
        """What may be decided about it now."""
        match self.summary.state:
            case PlanState.DRAFT:
                return ("approve", "discard")
            case PlanState.APPROVED:
                return ("release", "discard")
            case _:
                return ()


def view(database: Database, plan_id: str) -> PlanView:
    """The plan as the page shows it; raises NotFound."""
    with database.reading() as tx:
        plan = plan_store.load_plan(tx, plan_id)
        school = register_store.load_school(tx)
        stops = {stop.stop_id: stop for stop in network_store.load_stops(tx, include_retired=True)}
        fleet = {car.plate: car for car in fleet_store.load_vehicles(tx, include_retired=True)}
        reasons = _reasons(tx, plan)
        runs = {(run.plate, run.wave): run.departs_at for run in run_store.list_runs(tx, plan_id=plan_id)}
        left = plan.document.get("unserved", [])
        riders = _riders(tx) if left else {}
    direction = plan.summary.direction
    rides = rides_s(plan.document)
    trips = tuple(
        _trip(number, trip, _zero_at(plan.summary, trip, runs), stops=stops, fleet=fleet, direction=direction)
        for number, trip in enumerate(plan.document["trips"], start=1)
    )
    return PlanView(
        summary=plan.summary,
        trips=trips,
        left_over=tuple(_left_over(row, riders, stops) for row in left),
        violations=tuple(_finding(one) for one in plan.violations),
        notices=tuple(_finding(one) for one in plan.notices),
        reasons=reasons,
        rides=_histogram(rides),
        figures=ride_figures(rides),
        fairness=fairness_of(plan.document),
        bound_model=plan.document.get("bound_model", ""),
        course=course_of(plan.document),
        is_stopped=bool(plan.document.get("is_stopped")),
        campus=school.campus,
        cap_s=60 * school.planning.max_ride_min,
        target_bp=school.finance.target_bp,
        seconds=plan.document.get("seconds", 0.0),
        seed=plan.document.get("seed", 0),
        travel=plan.document.get("travel", ""),
    )


def map_data(shown: PlanView) -> dict[str, Any]:
    """The trips as the map draws them: numbers, colours and places, no names of people."""
    return {
        "campus": {"lat": shown.campus.lat, "lon": shown.campus.lon},
        "trips": [
            {
                "number": trip.number,
                "colour": trip.colour,
                "is_dashed": trip.is_dashed,
                "plate": trip.plate,
                "homeward": shown.summary.direction is Direction.HOMEWARD,
                "stops": [
                    {
                        "id": halt.stop_id,
                        "name": halt.name,
                        "lat": halt.position.lat,
                        "lon": halt.position.lon,
                        "count": halt.riders,
                    }
                    for halt in trip.halts
                    if halt.position is not None
                ],
            }
            for trip in shown.trips
        ],
    }


def _reasons(tx: Transaction, plan: plan_store.StoredPlan) -> tuple[Finding, ...]:
    return reasons_not_to_approve(tx, plan) if plan.summary.state is PlanState.DRAFT else ()


def _riders(tx: Transaction) -> dict[str, Rider]:
    riders = register_store.load_riders(tx, include_retired=True)
    return {str(rider.rider_id): rider for rider in riders}


def _trip(
    number: int,
    trip: Mapping[str, Any],
    zero_at: datetime,
    *,
    stops: Mapping[Any, Stop],
    fleet: Mapping[Any, Vehicle],
    direction: Direction,
) -> TripView:
    vehicle = fleet.get(trip["plate"])
    halts = tuple(
        HaltView(
            stop_id=halt["stop_id"],
            name=stop.name if (stop := stops.get(halt["stop_id"])) else halt["stop_id"],
            position=stop.position if stop else None,
            arrive_s=halt["arrive_s"],
            leave_s=halt["leave_s"],
            arrives_at=zero_at + timedelta(seconds=halt["arrive_s"]),
            riders=len(halt["riders"]),
        )
        for halt in trip["stops"]
    )
    longest = max((ride_s(trip, halt, direction) for halt in trip["stops"]), default=0)
    return TripView(
        number=number,
        plate=trip["plate"],
        wave=trip["wave"],
        is_licensed=vehicle is not None and vehicle.vehicle_class is VehicleClass.LICENSED_SCHOOL_BUS,
        capacity=vehicle.approved_students if vehicle else 0,
        depart_s=trip["depart_s"],
        departs_at=zero_at + _lead(trip, direction),
        halts=halts,
        riders=sum(halt.riders for halt in halts),
        distance_m=trip["distance_m"],
        cost_fen=trip["cost_fen"],
        longest_s=longest,
        duration_s=trip.get("campus_arrive_s") or max((halt.leave_s for halt in halts), default=0),
    )


def _zero_at(
    summary: PlanSummary, trip: Mapping[str, Any], runs: Mapping[tuple[Plate, int], datetime]
) -> datetime:
    """The trip's time 0 on the clock: of its run, or as a release would set it."""
    released_at = runs.get((Plate(trip["plate"]), trip["wave"]))
    if released_at is not None:
        return released_at - _lead(trip, summary.direction)
    first_at = datetime.combine(summary.on, FIRST_DEPARTURE[summary.direction], SCHOOL_TIME)
    return first_at + timedelta(seconds=trip["depart_s"])


def _lead(trip: Mapping[str, Any], direction: Direction) -> timedelta:
    """From time 0 to leaving: nothing at the campus, the boarding at the first stop."""
    at_once = direction is Direction.HOMEWARD or not trip["stops"]
    return timedelta(seconds=0 if at_once else trip["stops"][0]["leave_s"])


def _left_over(row: Mapping[str, Any], riders: Mapping[str, Rider], stops: Mapping[Any, Stop]) -> LeftOver:
    rider = riders.get(row["rider_id"])
    stop = stops.get(rider.stop_id) if rider else None
    return LeftOver(
        rider_id=row["rider_id"],
        name=rider.name if rider else "",
        grade=rider.grade if rider else "",
        class_name=rider.class_name if rider else "",
        stop_name=stop.name if stop else "",
        reason=row["reason"],
    )


def _histogram(rides: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Riders by quarter of an hour of their ride, from the shortest to the longest."""
    counts = Counter(max(0, ride - 1) // BIN_S for ride in rides)
    if not counts:
        return ()
    return tuple((15 * quarter, counts[quarter]) for quarter in range(max(counts) + 1))


def _finding(plain: Mapping[str, Any]) -> Finding:
    return Finding(
        code=plain["code"],
        severity=Severity(plain["severity"]),
        place=plain.get("place", ""),
        facts=plain.get("facts", {}),
    )
