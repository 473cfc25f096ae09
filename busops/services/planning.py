"""
Plans from roster to release: make one, verify it, store it, decide about it.

A plan is read in one transaction, solved outside any, and stored in another. No plan is stored
unverified, and none with a hard violation is ever approved. Releasing is ``services.runs``'s.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from busops.domain.errors import InvalidInput, Refused
from busops.domain.findings import Finding
from busops.domain.values import Clock, Direction, Ids, PlanId
from busops.planner.document import plan_document, read_plan_document
from busops.planner.problem import Plan, Problem
from busops.planner.scale.executors import OpenExecutor, here
from busops.planner.scale.many import solve_by_size
from busops.planner.solve import OnProgress, PlanningPhase, Progress
from busops.planner.travel import travel_from_rows
from busops.planner.travel.source import TravelSource
from busops.planner.verify import verify
from busops.services.acting import By, record_act, user_of
from busops.services.plan_check import problem_of
from busops.services.plan_drafts import store_draft
from busops.services.planning_input import (
    PlanningInput,
    Prepared,
    day_of,
    limits_of,
    load_input,
    prepare,
    speed_findings,
    travel_source_of,
    wants_to_ride,
)
from busops.services.planning_rule_use import Keep, kept_trips
from busops.services.search_course import SearchCourse
from busops.storage import plan_store, roster_store
from busops.storage.database import Database, Transaction
from busops.storage.plan_store import PlanState, PlanSummary, StoredPlan

MAX_SECONDS: Final = 3600
MOST_FAIR_MILLI: Final = 100  # a tenth of the cost
FRIDAY: Final = 4


def plan_weekend(
    database: Database,
    *,
    weekend_on: date,
    direction: Direction,
    seconds: float,
    seed: int,
    clock: Clock,
    ids: Ids,
    by: By = None,
    keep: Keep | None = None,
    fair_milli: int = 0,
    roads: TravelSource | None = None,
    on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] | None = None,
    keeps_best: Callable[[], bool] | None = None,
    course: SearchCourse | None = None,
    executor: OpenExecutor = here,
) -> PlanId:
    """
    A verified draft of one direction is stored, the trips of ``keep`` as they are; its id.

    Rides are made kinder for ``fair_milli`` thousandths of the cost at most. ``roads`` None = ways are
    estimated; ``executor`` helps to search. Stopped, the best plan so far is the draft, and its document
    says so; unless ``keeps_best``, which is asked once after a stop, says no: then nothing is stored.
    ``course`` collects how the search went. Raises Refused when nobody rides, or when a stopped plan is
    not to be kept; InvalidInput with every reason when a trip cannot be kept.
    """
    check_order(weekend_on, seconds)
    given, prepared = _prepared(database, weekend_on, direction, keep, roads)
    course = SearchCourse() if course is None else course

    def told(step: Progress) -> None:
        course.add(step)
        if on_progress is not None:
            on_progress(step)

    budget: Any = {"seconds": seconds, "seed": seed}
    watch: Any = {"on_progress": told, "should_stop": should_stop}
    plan = solve_by_size(prepared.problem, **budget, **watch, executor=executor, fair_milli=fair_milli)
    told(_end_of(plan))
    is_stopped = should_stop is not None and should_stop()
    if is_stopped and keeps_best is not None and not keeps_best():
        raise Refused("planning_stopped", weekend_on=weekend_on, direction=direction)
    how = {"is_stopped": is_stopped, "course": course.rows()}
    return store_draft(database, given, prepared, plan, **budget, clock=clock, ids=ids, by=by, how=how)


def _end_of(plan: Plan) -> Progress:
    """Where the search ended: the plan as it is shown, with the sharper of its bounds."""
    return Progress(
        phase=PlanningPhase.DONE,
        done_milli=1000,
        cost_fen=plan.cost_fen,
        unserved=len(plan.unserved),
        bound_fen=plan.lower_bound_fen,
    )


def check_keep(database: Database, *, weekend_on: date, direction: Direction, keep: Keep) -> None:
    """Raises what an order with these kept trips would raise before anything is planned."""
    _prepared(database, weekend_on, direction, keep)


def _prepared(
    database: Database,
    weekend_on: date,
    direction: Direction,
    keep: Keep | None,
    roads: TravelSource | None = None,
) -> tuple[PlanningInput, Prepared]:
    with database.reading() as tx:
        given = load_input(tx, weekend_on)
        kept = kept_trips(tx, keep) if keep else ()
    return given, prepare(given, direction, kept, roads=roads)


def check_order(weekend_on: date, seconds: float) -> None:
    """Raises InvalidInput for a weekend or a search time that nothing can be planned for."""
    if weekend_on.weekday() != FRIDAY:
        raise InvalidInput("weekend_is_no_friday", on=weekend_on)
    if not 0 < seconds <= MAX_SECONDS:
        raise InvalidInput("plan_seconds_out_of_range", seconds=seconds, most=MAX_SECONDS)


def directions_in_use(database: Database, weekend_on: date) -> frozenset[Direction]:
    """The directions in which at least one rider of the weekend's roster rides."""
    with database.reading() as tx:
        given = load_input(tx, weekend_on)
    return frozenset(way for way in Direction if wants_to_ride(given, way))


def idle_document(
    database: Database, *, weekend_on: date, direction: Direction, seed: int, seconds: float
) -> dict[str, Any]:
    """The document of a direction in which nobody rides: no trip, no cost, nothing to approve or store."""
    with database.reading() as tx:
        given = load_input(tx, weekend_on)
    return plan_document(
        Problem(
            direction=direction,
            stop_ids=(),
            riders=(),
            vehicles=(),
            limits=limits_of(given.school.planning),
            travel=travel_from_rows((), ()),
        ),
        Plan(trips=(), unserved=(), cost_fen=0, lower_bound_fen=0, bound_model="nobody_rides"),
        school_id=given.school.school_id,
        on=day_of(weekend_on, direction),
        seed=seed,
        seconds=seconds,
        fares_fen=0,
        travel_source=travel_source_of(given),
        violations=(),
    )


def run_plan_job(
    database: Database,
    arguments: Mapping[str, Any],
    *,
    on_progress: OnProgress | None,
    should_stop: Callable[[], bool] | None,
    clock: Clock,
    ids: Ids,
    roads: TravelSource | None = None,
    keeps_best: Callable[[], bool] | None = None,
    course: SearchCourse | None = None,
    executor: OpenExecutor = here,
) -> dict[str, str]:
    """A plan made as a job's arguments (weekend_on, direction, seconds, seed, by, keep) ask for; its id."""
    order = read_order(arguments)
    plan_id = plan_weekend(
        database,
        **order,
        clock=clock,
        ids=ids,
        roads=roads,
        on_progress=on_progress,
        should_stop=should_stop,
        keeps_best=keeps_best,
        course=course,
        executor=executor,
    )
    return {"plan_id": plan_id}


def read_order(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a planning job as values; raises InvalidInput for what cannot be planned."""
    try:
        order: dict[str, Any] = {
            "weekend_on": date.fromisoformat(str(arguments["weekend_on"])),
            "direction": Direction(arguments["direction"]),
            "seconds": float(arguments.get("seconds", 20)),
            "seed": int(arguments.get("seed", 1)),
            "by": str(arguments.get("by", "")),
            "keep": _read_keep(arguments.get("keep")),
            "fair_milli": int(arguments.get("fair_milli", 0)),
        }
    except (KeyError, ValueError, TypeError) as fault:
        raise InvalidInput("plan_order_invalid") from fault
    check_order(order["weekend_on"], order["seconds"])
    if not 0 <= order["fair_milli"] <= MOST_FAIR_MILLI:
        raise InvalidInput("plan_fairness_out_of_range", most=MOST_FAIR_MILLI)
    return order


def _read_keep(asked: Mapping[str, Any] | None) -> Keep | None:
    """``{"plan_id": …, "trips": [1, 3]}`` as a value; None where nothing is kept."""
    if not asked or not asked["trips"]:
        return None
    return Keep(plan_id=str(asked["plan_id"]), trips=tuple(int(number) for number in asked["trips"]))


def approve(
    database: Database,
    plan_id: str,
    *,
    by: By,
    clock: Clock,
    unserved_seen: int | None = None,
) -> None:
    """
    The plan is approved; raises Refused with every reason why not.

    ``unserved_seen`` is how many riders without a seat the person was shown: a different number
    means that he decided about another plan. None is for callers that list them as findings.
    """
    with database.transaction() as tx:
        plan = plan_store.load_plan(tx, plan_id)
        reasons = reasons_not_to_approve(tx, plan)
        if unserved_seen is not None and unserved_seen != plan.summary.unserved_count:
            facts = {"count": plan.summary.unserved_count, "seen": unserved_seen}
            reasons += (Finding(code="unserved_not_seen", facts=facts),)
        if reasons:
            raise Refused("plan_not_approved", reasons, plan_id=plan_id)
        plan_store.move_plan(tx, plan_id, PlanState.APPROVED, by=user_of(by), at=clock.now())
        act = {"weekend_on": plan.summary.weekend_on, "unserved": plan.summary.unserved_count}
        record_act(tx, by, "plan_approved", plan_id, facts=act, clock=clock)


def discard(database: Database, plan_id: str, *, by: By, clock: Clock) -> None:
    """The plan is out; raises Refused for one that has runs or is out already."""
    with database.transaction() as tx:
        plan = plan_store.load_plan(tx, plan_id)
        if plan.summary.state not in plan_store.COMES_FROM[PlanState.DISCARDED]:
            facts = {"plan_id": plan_id, "state": plan.summary.state.value}
            raise Refused("plan_not_discarded", [Finding(code="plan_is_decided", facts=facts)], **facts)
        plan_store.move_plan(tx, plan_id, PlanState.DISCARDED, by=user_of(by), at=clock.now())
        record_act(tx, by, "plan_discarded", plan_id, facts={}, clock=clock)


def reasons_not_to_approve(tx: Transaction, plan: StoredPlan) -> tuple[Finding, ...]:
    """Everything that forbids to approve this plan now, at once."""
    summary = plan.summary
    reasons: list[Finding] = []
    if summary.state is not PlanState.DRAFT:
        facts: dict[str, Any] = {"plan_id": summary.plan_id, "state": summary.state.value}
        reasons.append(Finding(code="plan_is_decided", facts=facts))
    if summary.violation_count:
        reasons.append(Finding(code="plan_has_violations", facts={"count": summary.violation_count}))
    locked = roster_store.load_latest_version(tx, summary.weekend_on)
    version = locked.version if locked else 0
    if version == 0:
        reasons.append(Finding(code="roster_must_be_locked", facts={"weekend_on": summary.weekend_on}))
    elif version != summary.roster_version:
        versions = {"planned": summary.roster_version, "locked": version}
        reasons.append(Finding(code="roster_is_newer", facts=versions))
    for other in plan_store.list_plans(tx, summary.weekend_on, direction=summary.direction):
        if other.plan_id != summary.plan_id and other.state in {PlanState.APPROVED, PlanState.RELEASED}:
            facts = {"plan_id": other.plan_id, "state": other.state.value, "made_at": other.made_at}
            reasons.append(Finding(code="other_plan_stands", place=other.plan_id, facts=facts))
    return tuple(reasons)


def plans_of(database: Database, weekend_on: date | None = None) -> tuple[PlanSummary, ...]:
    """The plans of a weekend, or of all, the latest first."""
    with database.reading() as tx:
        return plan_store.list_plans(tx, weekend_on)


def document(database: Database, plan_id: str) -> Mapping[str, Any]:
    """The plan as the JSON document of the file contract."""
    with database.reading() as tx:
        return plan_store.load_plan(tx, plan_id).document


def verify_document(
    database: Database,
    document: Mapping[str, Any],
    *,
    weekend_on: date,
    roads: TravelSource | None = None,
) -> tuple[Finding, ...]:
    """Every contradiction between a plan document and the register and roster as they stand now."""
    plan = read_plan_document(document)
    with database.reading() as tx:
        given = load_input(tx, weekend_on)
    prepared = problem_of(given, document, plan, roads)
    findings = (*verify(prepared.problem, plan), *speed_findings(prepared.problem, plan))
    if document.get("on") != prepared.on.isoformat():
        facts = {"found": str(document.get("on")), "expected": prepared.on}
        findings += (Finding(code="plan_of_another_day", facts=facts),)
    return findings
