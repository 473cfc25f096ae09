"""
A term scheme from the register and the rosters of several weekends: planned riders, lines, replay.

Everything is read in one transaction and made outside any; what is stored and decided about a
scheme is ``term_scheme.py``'s. A weekend's own problem is the weekly planner's (``planning_input``),
freed of the lines that are approved now: the scheme is what replaces them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final, Protocol

from busops.domain.errors import InvalidInput, Refused
from busops.domain.findings import Finding
from busops.domain.fleet import VehicleClass
from busops.domain.network import is_designated
from busops.domain.roster import HandoverMode, Rider, RosterEntry
from busops.domain.values import Direction, RiderId, StopId
from busops.planner.problem import UnservedReason
from busops.planner.solve import Progress
from busops.planner.term.design import Design, Search, design_scheme
from busops.planner.term.document import SchemeFacts, scheme_document
from busops.planner.term.peaks import larger, peaks, places, riders_by_stop
from busops.planner.term.replay import FreePlans, PastWeekend, ReplayRow, replay
from busops.planner.term.scheme import LeftOut, TermLine
from busops.planner.travel.source import TravelSource
from busops.planner.verify import verify
from busops.services.planning import FRIDAY, MAX_SECONDS
from busops.services.planning_input import PlanningInput, Prepared, load_input, prepare
from busops.services.run_release import FIRST_DEPARTURE
from busops.storage.database import Database

MOST_WEEKENDS: Final = 60
USUAL_PERCENTILE: Final = 90
LEAST_PERCENTILE: Final = 50
WEEK: Final = timedelta(days=7)
REPLAYING: Final = "term_replay"
MINUTES_AN_HOUR: Final = 60


class Work(Protocol):
    """What long work tells and asks while it goes on; a job's context is one."""

    def progress(self, done: int, total: int, **facts: Any) -> None:
        """How far the work is."""
        ...

    def cancelled(self) -> bool:
        """Whether it should end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TermOrder:
    """
    What scheme is wanted: made from ``weekends``, tried on them and on ``tested``.

    ``seconds`` are searched for the lines, ``free_seconds`` for each free plan beside the replay.
    """

    weekends: tuple[date, ...]
    tested: tuple[date, ...] = ()
    percentile: int = USUAL_PERCENTILE
    seconds: float = 60.0
    free_seconds: float = 5.0
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeScheme:
    """A scheme as it is to be stored: its document, and what was noticed about vehicles and papers."""

    order: TermOrder
    facts: SchemeFacts
    design: Design
    document: Mapping[str, Any]
    notices: tuple[Finding, ...]
    violation_count: int
    left_out: int


def read_order(arguments: Mapping[str, Any]) -> TermOrder:
    """The arguments of a term job as an order; raises InvalidInput for what nothing can be made of."""
    try:
        weekends = tuple(sorted({date.fromisoformat(str(one)) for one in arguments["weekends"]}))
        tested = {date.fromisoformat(str(one)) for one in arguments.get("tested", ())} - set(weekends)
        order = TermOrder(
            weekends=weekends,
            tested=tuple(sorted(tested)),
            percentile=int(arguments.get("percentile", USUAL_PERCENTILE)),
            seconds=float(arguments.get("seconds", 60)),
            free_seconds=float(arguments.get("free_seconds", 5)),
            seed=int(arguments.get("seed", 1)),
        )
    except (KeyError, ValueError, TypeError) as fault:
        raise InvalidInput("term_order_invalid") from fault
    check_order(order)
    return order


def check_order(order: TermOrder) -> None:
    """Raises InvalidInput for days, a percentile or a time that no scheme can be made of."""
    if not order.weekends:
        raise InvalidInput("term_weekends_missing")
    if len(order.weekends) + len(order.tested) > MOST_WEEKENDS:
        raise InvalidInput("term_too_many_weekends", most=MOST_WEEKENDS)
    for on in (*order.weekends, *order.tested):
        if on.weekday() != FRIDAY:
            raise InvalidInput("weekend_is_no_friday", on=on)
    if not LEAST_PERCENTILE <= order.percentile <= 100:  # noqa: PLR2004 – of a hundred
        raise InvalidInput("term_percentile_out_of_range", percent=order.percentile, least=LEAST_PERCENTILE)
    if not 0 < order.seconds <= MAX_SECONDS:
        raise InvalidInput("plan_seconds_out_of_range", seconds=order.seconds, most=MAX_SECONDS)
    if not 0 <= order.free_seconds <= MAX_SECONDS:
        raise InvalidInput("plan_seconds_out_of_range", seconds=order.free_seconds, most=MAX_SECONDS)


def make_scheme(
    database: Database,
    order: TermOrder,
    *,
    work: Work,
    roads: TravelSource | None = None,
    rounds: int | None = None,
) -> MadeScheme:
    """
    The scheme of an order, verified, with its replay; Refused when nobody rides or it was stopped.

    ``roads`` None = ways are estimated. With ``rounds`` the searches count rounds instead of seconds,
    and the scheme is the same anywhere.
    """
    inputs = _load(database, (*order.weekends, *order.tested))
    training = {on: inputs[on] for on in order.weekends}
    latest = training[order.weekends[-1]]
    from_on, to_on = _days(latest, order)
    demand, left_out = _demand(training.values(), order.percentile, (from_on, to_on))
    prepared = _prepared_for(latest, demand, from_on, roads)
    design = design_scheme(
        prepared.problem,
        licensed=licensed_plates(latest),
        search=Search(
            seconds=order.seconds,
            seed=order.seed,
            rounds=rounds,
            on_progress=lambda step: _tell_step(work, order, step, 2 * len(inputs)),
            should_stop=work.cancelled,
        ),
    )
    if work.cancelled():
        raise Refused("term_stopped")
    scheme = replace(design.scheme, left_out=(*design.scheme.left_out, *left_out))
    design = replace(design, scheme=scheme)
    free = FreePlans(seconds=order.free_seconds, seed=order.seed, rounds=rounds)
    rows = replay_lines(
        inputs, scheme.lines, trained=frozenset(order.weekends), free=free, work=work, roads=roads
    )
    violations = _violations(prepared, design)
    facts = _facts(latest, order, (from_on, to_on), prepared)
    return MadeScheme(
        order=order,
        facts=facts,
        design=design,
        document=scheme_document(facts, scheme, rows, violations),
        notices=tuple(one for one in prepared.notices if one.code != "lines_not_given"),
        violation_count=len(violations),
        left_out=sum(one.riders for one in scheme.left_out),
    )


def replay_weekends(
    database: Database,
    lines: Sequence[TermLine],
    weekends: Sequence[date],
    *,
    trained: frozenset[date],
    free: FreePlans,
    work: Work,
    roads: TravelSource | None = None,
) -> tuple[ReplayRow, ...]:
    """What these lines would have done on those weekends; raises Refused when it was stopped."""
    return replay_lines(_load(database, weekends), lines, trained=trained, free=free, work=work, roads=roads)


def replay_lines(
    inputs: Mapping[date, PlanningInput],
    lines: Sequence[TermLine],
    *,
    trained: frozenset[date],
    free: FreePlans,
    work: Work,
    roads: TravelSource | None = None,
) -> tuple[ReplayRow, ...]:
    """The rows of both directions of every weekend on which anybody rides, in the order of days."""
    past = [
        PastWeekend(weekend_on=on, problem=prepared.problem, is_training=on in trained)
        for on in sorted(inputs)
        for way in Direction
        if (prepared := _freed(inputs[on], way, roads)) is not None
    ]
    licensed = licensed_plates(next(iter(inputs.values()))) | {
        line.plate for line in lines if line.is_licensed
    }
    rows: list[ReplayRow] = []
    work.progress(0, len(past), phase=REPLAYING)
    for row in replay(past, lines, licensed=licensed, free=free, should_stop=work.cancelled):
        rows.append(row)
        work.progress(len(rows), len(past), phase=REPLAYING)
    if work.cancelled():
        raise Refused("term_stopped")
    return tuple(rows)


def _load(database: Database, weekends: Sequence[date]) -> dict[date, PlanningInput]:
    with database.reading() as tx:
        return {on: load_input(tx, on) for on in weekends}


def _freed(given: PlanningInput, direction: Direction, roads: TravelSource | None = None) -> Prepared | None:
    """A weekend's problem without approved lines; None where nobody rides."""
    try:
        return prepare(_without_lines(given), direction, roads=roads)
    except Refused as refused:
        if refused.code != "nobody_rides":
            raise
        return None


def _without_lines(given: PlanningInput) -> PlanningInput:
    """As if no line had ever been approved: the scheme says where the buses will drive."""
    return replace(given, lines=(), any_lines=False)


def _days(latest: PlanningInput, order: TermOrder) -> tuple[date, date]:
    """From the Friday after the last weekend that was looked at to the end of the term."""
    from_on = max((*order.weekends, *order.tested)) + WEEK
    term = latest.school.term
    if from_on > term.ends_on:  # made from a whole term that is over: for the days it was made from
        from_on = order.weekends[-1]
    return from_on, max(from_on, term.ends_on)


def _demand(
    inputs: Iterable[PlanningInput], percentile: int, days: tuple[date, date]
) -> tuple[dict[str, int], tuple[LeftOut, ...]]:
    """The places to be kept at each stop, and those of stops that are not designated all the days."""
    given = list(inputs)
    counts: dict[Direction, list[Counter[str]]] = {way: [] for way in Direction}
    for one in given:
        for way, found in counts.items():
            prepared = _freed(one, way)  # who rides from where is asked, not how far it is
            found.append(riders_by_stop(prepared.problem) if prepared else Counter())
    ways = [peaks(found, percentile) for found in counts.values()]
    demand = larger(*ways)
    lasting = {str(stop.stop_id) for stop in given[-1].stops if all(is_designated(stop, day) for day in days)}
    gone = tuple(
        LeftOut(stop_id=stop_id, riders=riders, reason=UnservedReason.NO_STOP.value)
        for stop_id, riders in demand.items()
        if stop_id not in lasting
    )
    kept = {stop_id: riders for stop_id, riders in demand.items() if stop_id in lasting}
    if not kept:
        raise Refused("term_nobody_rides")
    return kept, gone


def _prepared_for(
    latest: PlanningInput, demand: Mapping[str, int], from_on: date, roads: TravelSource | None
) -> Prepared:
    """The weekly planner's problem for riders without names, with the papers of the first day."""
    nameless = [(RiderId(one.rider_id), StopId(one.stop_ids[0])) for one in places(demand)]
    riders = {
        rider_id: Rider(
            rider_id=rider_id,
            name="",
            grade="",
            class_name="",
            stop_id=stop_id,
            other_stops=(),
            guardian="",
            handover=HandoverMode.SELF,
        )
        for rider_id, stop_id in nameless
    }
    entries = tuple(
        RosterEntry(rider_id=rider_id, name="", rides_homeward=True, rides_return=True)
        for rider_id, _stop_id in nameless
    )
    return prepare(
        replace(_without_lines(latest), weekend_on=from_on, roster_version=1, entries=entries, riders=riders),
        Direction.HOMEWARD,
        roads=roads,
    )


def licensed_plates(given: PlanningInput) -> frozenset[str]:
    """The vehicles that drive approved lines only."""
    return frozenset(
        str(vehicle.plate)
        for vehicle in given.vehicles
        if vehicle.vehicle_class is VehicleClass.LICENSED_SCHOOL_BUS
    )


def _violations(prepared: Prepared, design: Design) -> tuple[Finding, ...]:
    """What the independent check has against the lines driven full, in either direction."""
    back = replace(prepared.problem, direction=Direction.RETURN)
    return (*verify(prepared.problem, design.homeward), *verify(back, design.back))


def _facts(
    latest: PlanningInput, order: TermOrder, days: tuple[date, date], prepared: Prepared
) -> SchemeFacts:
    return SchemeFacts(
        school_id=latest.school.school_id,
        term_id=latest.school.term.term_id,
        percentile=order.percentile,
        weekends=order.weekends,
        tested=order.tested,
        from_on=days[0],
        to_on=days[1],
        departs_min={way: MINUTES_AN_HOUR * at.hour + at.minute for way, at in FIRST_DEPARTURE.items()},
        seed=order.seed,
        seconds=order.seconds,
        free_seconds=order.free_seconds,
        travel_source=prepared.travel_source,
    )


def _tell_step(work: Work, order: TermOrder, step: Progress, rows: int) -> None:
    """The search's own progress, as its share of the whole work."""
    whole = order.seconds + rows * order.free_seconds
    work.progress(
        int(step.done_milli * order.seconds / whole),
        1000,
        phase=step.phase.value,
        cost_fen=step.cost_fen,
        unserved=step.unserved,
        bound_fen=step.bound_fen,
    )
