"""
The 10 % page of a plan: verdict, certificate, what each trip needs, and what was found out about it.

Puts names to a stored plan and to the results of its jobs; what a lever or a point is worth was decided
when it was found. Where roster or register have changed since, the page says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from busops.domain.errors import InvalidInput, Refused
from busops.domain.findings import Finding
from busops.domain.roster import Rider
from busops.domain.school import FeeRegime
from busops.planner.document import read_plan_document
from busops.planner.margin.certificate import Certificate, certify
from busops.planner.margin.lever.values import LeverKind
from busops.planner.margin.margin import Fares, Margin, TripMargin, trip_margins
from busops.planner.margin.rides import Affected, longest_s, ride_s
from busops.planner.problem import Plan
from busops.planner.travel.source import TravelSource
from busops.services.plan_margin import Current, Part, all_fares_fen, current_of, latest, read_affected
from busops.storage import network_store, plan_store, register_store
from busops.storage.database import Database
from busops.storage.job_store import Job
from busops.storage.plan_store import PlanSummary

_Names: TypeAlias = tuple[Mapping[str, str], Mapping[str, Rider], int]  # stops, riders, the goal


@dataclass(frozen=True, slots=True, kw_only=True)
class TripRow:
    """One trip with the name of where it goes and what it brings; the mean fare is floored."""

    towards: str
    figures: TripMargin

    @property
    def mean_fare_fen(self) -> int | None:
        """What its riders owe on average, floored; None when nobody rides."""
        return self.figures.margin.fares_fen // self.figures.riders if self.figures.riders else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRow:
    """One point of the frontier; ``is_stored`` = it is the plan of this page itself."""

    number: int
    margin: Margin
    longest_s: int
    p95_s: int
    trips: int
    vehicles: int
    is_stored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One rider who is worse off, by name."""

    name: str
    class_name: str
    how: Affected


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverRow:
    """One lever with the facts of its words and who is worse off."""

    kind: LeverKind
    facts: Mapping[str, Any]
    mix: tuple[tuple[int, int, int], ...]  # seats, coaches now, coaches then
    saved_fen: int
    more_fares_fen: int
    after: Margin
    people: tuple[Person, ...]
    is_verified: bool

    @property
    def gain_fen(self) -> int:
        """What it adds to the net."""
        return self.saved_fen + self.more_fares_fen

    @property
    def per_rider_fen(self) -> int:
        """What it adds for each rider who is worse off, floored."""
        return self.gain_fen // max(1, len(self.people))

    @property
    def effects(self) -> tuple[tuple[str, int, int], ...]:
        """(what, how many riders, the most of it) for each way in which riders are worse off."""
        ways = {
            "loses": [int(one.how.loses_service) for one in self.people],
            "walk": [one.how.walk_m for one in self.people],
            "longer": [one.how.longer_s for one in self.people],
            "later": [one.how.later_s for one in self.people],
            "dearer": [one.how.dearer_fen for one in self.people],
        }
        return tuple(
            (what, sum(value > 0 for value in values), max(values))
            for what, values in ways.items()
            if any(values)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The newest job about a part, and the newest result with what it was made of."""

    job: Job | None
    job_id: str = ""
    made_at: datetime | None = None
    roster_version: int = 0
    seconds: float = 0.0
    points: tuple[PointRow, ...] = ()
    levers: tuple[LeverRow, ...] = ()

    @property
    def is_there(self) -> bool:
        """True when there is a result to show."""
        return self.made_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginView:
    """Everything that the page shows."""

    summary: PlanSummary
    school_name: str
    term: tuple[date, date]
    fee_regime: FeeRegime
    certificate: Certificate
    trips: tuple[TripRow, ...]
    longest_s: int
    changed: tuple[Finding, ...]
    frontier: Found
    levers: Found

    @property
    def margin(self) -> Margin:
        """The plan's own margin, by the forecast that it was stored with."""
        return self.certificate.margin


def view(database: Database, plan_id: str, roads: TravelSource | None = None) -> MarginView:
    """The plan's 10 % page; raises NotFound."""
    with database.reading() as tx:
        stored = plan_store.load_plan(tx, plan_id)
        school = register_store.load_school(tx)
        names = {str(stop.stop_id): stop.name for stop in network_store.load_stops(tx, include_retired=True)}
        riders = {str(one.rider_id): one for one in register_store.load_riders(tx, include_retired=True)}
    now, changed = _now(database, plan_id, roads)
    plan, summary = read_plan_document(stored.document), stored.summary
    fares: Fares = now.fares if now else {}
    target_bp = school.finance.target_bp
    margin = Margin(fares_fen=summary.fares_fen, cost_fen=summary.cost_fen, target_bp=target_bp)
    return MarginView(
        summary=summary,
        school_name=school.name,
        term=(school.term.starts_on, school.term.ends_on),
        fee_regime=school.finance.fee_regime,
        certificate=certify(
            margin,
            all_fares_fen=all_fares_fen(now) if now and summary.unserved_count else summary.fares_fen,
            lower_bound_fen=summary.lower_bound_fen,
            bound_model=plan.bound_model,
        ),
        trips=_trips(plan, fares, target_bp, names) if now else (),
        longest_s=longest_s(plan),
        changed=changed,
        frontier=_found(database, plan_id, Part.FRONTIER, plan, (names, riders, target_bp)),
        levers=_found(database, plan_id, Part.LEVERS, plan, (names, riders, target_bp)),
    )


def levers_of(database: Database, plan_id: str) -> Found:
    """What the plan's levers were found to bring, with names; nothing is planned anew. Raises NotFound."""
    with database.reading() as tx:
        stored = plan_store.load_plan(tx, plan_id)
        school = register_store.load_school(tx)
        names = {str(stop.stop_id): stop.name for stop in network_store.load_stops(tx, include_retired=True)}
        riders = {str(one.rider_id): one for one in register_store.load_riders(tx, include_retired=True)}
    known = (names, riders, school.finance.target_bp)
    return _found(database, plan_id, Part.LEVERS, read_plan_document(stored.document), known)


def _now(
    database: Database, plan_id: str, roads: TravelSource | None
) -> tuple[Current | None, tuple[Finding, ...]]:
    """The plan beside today's roster, and why it is not of today's; None where there is no such roster."""
    try:
        now = current_of(database, plan_id, roads)
    except (Refused, InvalidInput) as fault:
        return None, (Finding(code=fault.code, facts=fault.facts),)
    return now, now.changed


def _trips(plan: Plan, fares: Fares, target_bp: int, names: Mapping[str, str]) -> tuple[TripRow, ...]:
    rows = []
    for figures in trip_margins(plan, fares, target_bp):
        farthest = max(figures.trip.stops, key=lambda halt: ride_s(figures.trip, halt))
        rows.append(TripRow(towards=names.get(farthest.stop_id, farthest.stop_id), figures=figures))
    return tuple(rows)


def _found(database: Database, plan_id: str, part: Part, plan: Plan, known: _Names) -> Found:
    newest, done = latest(database, plan_id, part), latest(database, plan_id, part, done=True)
    if done is None:
        return Found(job=newest)
    result, target_bp = done.result, known[2]
    points: tuple[PointRow, ...] = ()
    levers: tuple[LeverRow, ...] = ()
    if part is Part.FRONTIER:
        points = tuple(
            _point(number, point, plan, target_bp) for number, point in enumerate(result["found"], start=1)
        )
    else:
        levers = tuple(_lever(row, known) for row in result["found"])
    return Found(
        job=newest,
        job_id=done.job_id,
        made_at=datetime.fromisoformat(result["made_at"]),
        roster_version=result["roster_version"],
        seconds=result["seconds"],
        points=points,
        levers=levers,
    )


def _point(number: int, point: Mapping[str, Any], plan: Plan, target_bp: int) -> PointRow:
    return PointRow(
        number=number,
        margin=Margin(fares_fen=point["fares_fen"], cost_fen=point["cost_fen"], target_bp=target_bp),
        longest_s=point["longest_s"],
        p95_s=point["p95_s"],
        trips=point["trips"],
        vehicles=point["vehicles"],
        is_stored=read_plan_document(point["document"]).trips == plan.trips,
    )


def _lever(row: Mapping[str, Any], known: _Names) -> LeverRow:
    names, riders, target_bp = known
    return LeverRow(
        kind=LeverKind(row["kind"]),
        facts=_named(row["facts"], names),
        mix=tuple((seats, now, then) for seats, now, then in row["facts"].get("mix", [])),
        saved_fen=row["saved_fen"],
        more_fares_fen=row["more_fares_fen"],
        after=Margin(fares_fen=row["fares_fen"], cost_fen=row["cost_fen"], target_bp=target_bp),
        people=tuple(_person(read_affected(one), riders) for one in row["affected"]),
        is_verified=row["verified"],
    )


def _named(facts: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The facts with the names of stops, and lengths of time in whole minutes, rounded up."""
    shown: dict[str, Any] = {}
    for name, value in facts.items():
        if name in {"from", "to", "first", "second"}:
            shown[name] = names.get(value, value)
        elif name.endswith("_s"):
            shown[name.removesuffix("_s") + "_min"] = -(-value // 60)
        elif name != "mix":
            shown[name] = value
    return shown


def _person(how: Affected, riders: Mapping[str, Rider]) -> Person:
    rider = riders.get(how.rider_id)
    if rider is None:
        return Person(name=how.rider_id, class_name="", how=how)
    return Person(name=rider.name, class_name=f"{rider.grade}{rider.class_name}", how=how)
