"""
Why a stored plan is as it is: alternatives for a rider, a stop or a trip, with names, prices and minutes.

The plan is read as it was stored, the problem as register and roster stand now; where the two no longer
agree nothing is answered, because every price would be wrong. Nothing is stored here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from busops.domain.errors import Refused
from busops.domain.network import Stop
from busops.domain.road_source import TravelOrigin
from busops.domain.roster import Rider
from busops.planner.advice.ground import Barrier, Ground, Refusal
from busops.planner.advice.why import Alternative, Answer, RideChange, why_rider, why_stop, why_trip
from busops.planner.document import read_plan_document
from busops.planner.problem import Plan, Problem, Trip
from busops.planner.travel.source import TravelSource
from busops.planner.verify import verify
from busops.services.plan_check import problem_of
from busops.services.planning_input import PlanningInput, load_input
from busops.storage import network_store, plan_store, register_store
from busops.storage.database import Database
from busops.storage.plan_store import PlanSummary

MOST_HITS: Final = 12
_NAMED: Final = 8  # riders who ride longer are named up to here


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCase:
    """A stored plan with the problem that it solves, and the register's names for what is in it."""

    summary: PlanSummary
    document: Mapping[str, Any]
    problem: Problem
    travel_source: TravelOrigin
    plan: Plan
    given: PlanningInput
    riders: Mapping[str, Rider]
    stops: Mapping[str, Stop]

    def stop_name(self, stop_id: str) -> str:
        """The stop's name, or its id where the register has none."""
        stop = self.stops.get(stop_id)
        return stop.name if stop else stop_id

    def rider_name(self, rider_id: str) -> str:
        """The rider's name, or his id where the register has none."""
        rider = self.riders.get(rider_id)
        return rider.name if rider else rider_id

    def towards(self, trip: Trip) -> str:
        """The farthest stop along a trip."""
        far = max(trip.stops, key=lambda halt: halt.arrive_s)
        return self.stop_name(far.stop_id if trip.campus_arrive_s is None else trip.stops[0].stop_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RideRow:
    """A rider whose ride changes, with his name."""

    rider_id: str
    name: str
    before_s: int | None
    after_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternativeRow:
    """An alternative in words and figures: code and facts, fen, seconds, who rides longer."""

    code: str
    facts: Mapping[str, Any]
    exchange: str  # code of the vehicle exchange that it needs, or ""
    price_fen: int
    longest_before_s: int
    longest_s: int
    own: tuple[int | None, int | None]  # the longest ride of those asked about, before and after
    longer: tuple[RideRow, ...]  # the hardest hit, some of them
    longer_count: int
    shorter_count: int

    @property
    def longer_most_s(self) -> int:
        """By how much the hardest hit rides longer."""
        hardest = self.longer[0] if self.longer else None
        return (hardest.after_s or 0) - (hardest.before_s or 0) if hardest else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRow:
    """Why a trip is no alternative: its number (0: a trip of their own, or several), code and facts."""

    trip: int
    barrier: str
    code: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalGroup:
    """The refusals by one limit: the trips that it closes, and how many more there are."""

    barrier: str
    trips: tuple[int, ...]
    others: int
    rows: tuple[RefusalRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """What is asked about, where it is now, and what else there is; ``kind`` is rider, stop or trip."""

    kind: str
    title: str
    about: str
    riders: int
    trip: int
    plate: str
    stop_name: str
    ride_s: int | None
    alternatives: tuple[AlternativeRow, ...]
    refusals: tuple[RefusalRow, ...]

    @property
    def refused(self) -> tuple[RefusalGroup, ...]:
        """The refusals by limit, the limit that forbids most first."""
        groups: dict[str, list[RefusalRow]] = {}
        for row in self.refusals:
            groups.setdefault(row.barrier, []).append(row)
        return tuple(
            RefusalGroup(
                barrier=barrier,
                trips=tuple(row.trip for row in rows if row.trip),
                others=sum(not row.trip for row in rows),
                rows=tuple(rows),
            )
            for barrier, rows in sorted(groups.items(), key=lambda group: -len(group[1]))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Something that can be asked about: the arguments of its address, and how it is called."""

    arguments: Mapping[str, str]
    name: str
    about: str
    trip: int


def open_case(database: Database, plan_id: str, roads: TravelSource | None = None) -> PlanCase:
    """
    The plan and its problem as the register stands now, its ways measured by ``roads`` if they were.

    Raises NotFound for an unknown plan, and Refused with every contradiction when register or roster
    have changed so that the plan is none of theirs any more.
    """
    with database.reading() as tx:
        stored = plan_store.load_plan(tx, plan_id)
        given = load_input(tx, stored.summary.weekend_on)
        riders = register_store.load_riders(tx, include_retired=True)
        stops = network_store.load_stops(tx, include_retired=True)
    plan = read_plan_document(stored.document)
    prepared = problem_of(given, stored.document, plan, roads)
    findings = verify(prepared.problem, plan)
    if findings:
        raise Refused("advice_plan_is_outdated", findings, plan_id=plan_id, count=len(findings))
    return PlanCase(
        summary=stored.summary,
        document=stored.document,
        problem=prepared.problem,
        travel_source=prepared.travel_source,
        plan=plan,
        given=given,
        riders={str(rider.rider_id): rider for rider in riders},
        stops={str(stop.stop_id): stop for stop in stops},
    )


def find(case: PlanCase, query: str) -> tuple[Hit, ...]:
    """Riders by name, number or class, stops by name or id, trips by number or plate; some of each."""
    words = query.casefold().split()
    if not words:
        return ()

    def matching(hits: Iterable[Hit]) -> list[Hit]:
        found = [hit for hit in hits if all(word in _searched(hit) for word in words)]
        return found[:MOST_HITS]

    return (*matching(_rider_hits(case)), *matching(_stop_hits(case)), *matching(trip_hits(case)))


def trip_hits(case: PlanCase) -> tuple[Hit, ...]:
    """Every trip of the plan."""
    return tuple(
        Hit(
            arguments={"trip": str(number)},
            name=case.towards(trip),
            about=f"{trip.plate}#{trip.wave}",
            trip=number,
        )
        for number, trip in enumerate(case.plan.trips, start=1)
    )


def stops_of_trip(case: PlanCase, number: int) -> tuple[Hit, ...]:
    """The halts of a trip, to be asked about."""
    return tuple(hit for hit in _stop_hits(case) if hit.trip == number)


def answer_about(case: PlanCase, *, rider: str = "", stop: str = "", trip: int = 0) -> AnswerView:
    """The answer about a rider, a stop's riders on a trip, or a trip; NotFound for what is not there."""
    if rider:
        answer = why_rider(case.problem, case.plan, rider)
        person = case.riders.get(rider)
        about = f"{person.grade}{person.class_name}" if person else ""
        return _view(case, answer, ("rider", case.rider_name(rider), f"{about} {rider}".strip()))
    if stop:
        answer = why_stop(case.problem, case.plan, stop, trip)
        return _view(case, answer, ("stop", case.stop_name(stop), stop))
    answer = why_trip(case.problem, case.plan, trip)
    driven = case.plan.trips[trip - 1]
    return _view(case, answer, ("trip", case.towards(driven), f"{driven.plate}#{driven.wave}"))


def refusal_row(case: PlanCase, refusal: Refusal) -> RefusalRow:
    """A refusal with names for stops and minutes for seconds."""
    facts = dict(refusal.facts)
    code = f"advice_barrier.{refusal.barrier.value}"
    if refusal.barrier is Barrier.RULE:  # the verifier's own words, with names where it has ids
        for name in facts.keys() & {"first", "second"}:
            facts[name] = case.rider_name(str(facts[name]))
        code = str(facts["rule"])
        return RefusalRow(trip=refusal.trip, barrier=refusal.barrier.value, code=code, facts=facts)
    if "stop_id" in facts:
        if not facts["stop_id"]:
            code += "_order"
        facts["stop"] = case.stop_name(str(facts["stop_id"]))
    if "because" in facts:
        facts["because"] = Barrier(facts["because"])
    for name in ("ride_s", "cap_s"):
        if name in facts:
            facts[name.replace("_s", "_min")] = -(-int(facts[name]) // 60)
    return RefusalRow(trip=refusal.trip, barrier=refusal.barrier.value, code=code, facts=facts)


def _view(case: PlanCase, answer: Answer, about: tuple[str, str, str]) -> AnswerView:
    kind, title, more = about
    return AnswerView(
        kind=kind,
        title=title,
        about=more,
        riders=len(answer.riders),
        trip=answer.trip,
        plate=case.plan.trips[answer.trip - 1].plate if answer.trip else "",
        stop_name=case.stop_name(answer.stop_id) if answer.stop_id else "",
        ride_s=answer.ride_s,
        alternatives=tuple(_row(case, one, answer) for one in answer.alternatives),
        refusals=tuple(refusal_row(case, one) for one in answer.refusals),
    )


def _row(case: PlanCase, one: Alternative, answer: Answer) -> AlternativeRow:
    facts = {**one.facts, "trip": one.trip}
    if "stop_id" in facts:
        facts["stop"] = case.stop_name(str(facts["stop_id"]))
    exchange = ""
    if "plate_before" in facts and one.way.value in ("join", "new_halt"):
        exchange = f"advice_exchange.{'swap' if 'swapped' in facts else 'free'}"
    asked = frozenset(answer.riders)
    ground = Ground(case.problem)
    return AlternativeRow(
        code=f"advice_way.{one.way.value}",
        facts=facts,
        exchange=exchange,
        price_fen=one.price_fen,
        longest_before_s=one.longest_before_s,
        longest_s=one.longest_s,
        own=(answer.ride_s, _longest_of(ground, one, asked, answer.ride_s)),
        longer=tuple(_ride_row(case, ride) for ride in one.longer[:_NAMED]),
        longer_count=len(one.longer),
        shorter_count=sum(ride.longer_s < 0 for ride in one.rides),
    )


def _longest_of(ground: Ground, one: Alternative, asked: frozenset[str], before_s: int | None) -> int | None:
    """The longest ride of those asked about on the changed trips."""
    rides = [
        ride_s
        for redrive in one.redrives
        for (_stop, riders), ride_s in zip(redrive.halts, ground.rides_s(redrive.halts), strict=True)
        if asked.intersection(riders)
    ]
    return max(rides, default=before_s)


def _ride_row(case: PlanCase, ride: RideChange) -> RideRow:
    name = case.rider_name(ride.rider_id)
    return RideRow(rider_id=ride.rider_id, name=name, before_s=ride.before_s, after_s=ride.after_s)


def _searched(hit: Hit) -> str:
    number = f"#{hit.trip} {hit.trip}" if "trip" in hit.arguments and "stop" not in hit.arguments else ""
    return f"{hit.name} {hit.about} {number} {' '.join(hit.arguments.values())}".casefold()


def _rider_hits(case: PlanCase) -> Iterable[Hit]:
    trip_of = {
        rider_id: number
        for number, trip in enumerate(case.plan.trips, start=1)
        for halt in trip.stops
        for rider_id in halt.rider_ids
    }
    for demand in case.problem.riders:
        rider = case.riders.get(demand.rider_id)
        about = f"{rider.grade}{rider.class_name}" if rider else ""
        yield Hit(
            arguments={"rider": demand.rider_id},
            name=case.rider_name(demand.rider_id),
            about=about,
            trip=trip_of.get(demand.rider_id, 0),
        )


def _stop_hits(case: PlanCase) -> Iterable[Hit]:
    for number, trip in enumerate(case.plan.trips, start=1):
        for halt in trip.stops:
            yield Hit(
                arguments={"stop": halt.stop_id, "trip": str(number)},
                name=case.stop_name(halt.stop_id),
                about=halt.stop_id,
                trip=number,
            )
