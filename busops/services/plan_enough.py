"""
What would be enough for those whom a stored plan leaves over: searched as a job, answered in plain values.

The answer is kept with the job, for as long as jobs are kept; nothing is changed or planned by it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from busops.domain.errors import BusopsError, InvalidInput, NotFound
from busops.domain.values import StopId
from busops.planner.advice.relaxations import Budget, Certificate, Relief, Search, what_would_be_enough
from busops.planner.problem import Problem
from busops.planner.travel.source import TravelSource
from busops.services.plan_advice import PlanCase, open_case
from busops.services.plan_check import problem_of
from busops.storage import job_store
from busops.storage.database import Database
from busops.storage.job_store import Job

JOB: Final = "enough"
USUAL_SECONDS: Final = 120
MOST_SECONDS: Final = 1800
_LATEST: Final = 50


class Working(Protocol):
    """What this work uses of its job."""

    database: Database

    def roads(self) -> TravelSource | None:
        """Who measures roads; None = ways are estimated."""
        ...

    def progress(self, done: int, total: int, **facts: Any) -> None:
        """How far the work is."""
        ...

    def cancelled(self) -> bool:
        """True when somebody asked to stop."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One easement in words: code and facts."""

    code: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliefRow:
    """One answer: its steps, who rides then, fen and seconds; ``left`` riders are still left over."""

    steps: tuple[StepRow, ...]
    served: int
    newly: tuple[str, ...]  # names
    left: tuple[str, ...]  # names
    cost_fen: int
    price_fen: int
    longest_s: int
    proved_short: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateView:
    """The certificate with names; ``proofs`` say what is proved about the limits as they are."""

    riders: int
    served: int
    most: int
    is_proved: bool
    is_whole: bool
    tried: int
    proofs: tuple[StepRow, ...]
    reliefs: tuple[ReliefRow, ...]
    partial: tuple[ReliefRow, ...]


def read_order(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a search as values; raises InvalidInput for a time that cannot be."""
    try:
        seconds = float(arguments.get("seconds") or USUAL_SECONDS)
        order = {"plan_id": str(arguments["plan_id"]), "seconds": seconds, "by": str(arguments.get("by", ""))}
    except (KeyError, ValueError, TypeError) as fault:
        raise InvalidInput("advice_order_invalid", most=MOST_SECONDS) from fault
    if not 0 < seconds <= MOST_SECONDS:
        raise InvalidInput("advice_order_invalid", most=MOST_SECONDS)
    return order


def run_job(context: Working, **arguments: Any) -> dict[str, Any]:
    """The certificate of a plan as plain JSON; stopped, it holds what was found until then."""
    order = read_order(arguments)
    roads = context.roads()
    case = open_case(context.database, order["plan_id"], roads)

    def told(search: Search) -> None:
        facts = {"tried": search.tried, "found": search.found}
        context.progress(search.done, search.total, **facts)

    certificate = certify(
        case,
        Budget(seconds=order["seconds"]),
        roads=roads,
        on_progress=told,
        should_stop=context.cancelled,
    )
    return {"plan_id": order["plan_id"], "certificate": plain(certificate)}


def certify(
    case: PlanCase,
    budget: Budget,
    *,
    roads: TravelSource | None = None,
    on_progress: Callable[[Search], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Certificate:
    """The certificate of an opened plan, with the stops that could be designated."""
    return what_would_be_enough(
        case.problem,
        case.plan,
        budget,
        wide=wide_problem(case, roads),
        on_progress=on_progress,
        should_stop=should_stop,
    )


def wide_problem(case: PlanCase, roads: TravelSource | None = None) -> Problem | None:
    """
    The day as if every stop that riders named were designated; None where that adds nothing.

    None too where only such stops could not be measured: prices over ways of two sources say nothing.
    """
    given, on = case.given, case.summary.on
    named = {rider.stop_id for rider in given.riders.values()}
    named |= {stop_id for rider in given.riders.values() for stop_id in rider.other_stops}
    named |= {entry.stop_id for entry in given.entries if entry.stop_id}
    in_use = {StopId(stop_id) for stop_id in case.problem.stop_ids}
    stops = tuple(
        replace(stop, designated_from=on, designated_to=None)
        if stop.stop_id in named and stop.stop_id not in in_use
        else stop
        for stop in given.stops
    )
    try:
        wide = problem_of(replace(given, stops=stops), case.document, case.plan, roads)
    except BusopsError:  # no way to such a stop is known
        return None
    if wide.travel_source != case.travel_source:
        return None
    return wide.problem if set(wide.problem.stop_ids) > set(case.problem.stop_ids) else None


def plain(certificate: Certificate) -> dict[str, Any]:
    """The certificate as JSON can hold it: ids, codes and numbers."""
    return {
        "riders": certificate.riders,
        "served": certificate.served,
        "most": certificate.possible.most,
        "is_proved": certificate.is_proved,
        "is_whole": certificate.is_whole,
        "tried": certificate.tried,
        "proofs": [
            {"code": proof.proved.value, "facts": _plain_facts(proof.facts), "left": proof.left}
            for proof in certificate.possible.proofs
        ],
        "reliefs": [_plain_relief(one) for one in certificate.reliefs],
        "partial": [_plain_relief(one) for one in certificate.partial],
    }


def latest(database: Database, plan_id: str) -> Job | None:
    """The newest search for what would be enough for this plan, or None."""
    with database.reading() as tx:
        jobs = job_store.list_jobs(tx, kind=JOB, limit=_LATEST)
    return next((job for job in jobs if job.arguments.get("plan_id") == plan_id), None)


def job_of(job: Job, plan_id: str) -> Job:
    """The job, if it is a search for this plan; raises NotFound otherwise."""
    if job.kind != JOB or job.arguments.get("plan_id") != plan_id:
        raise NotFound("job_not_found", job_id=job.job_id)
    return job


def certificate_view(case: PlanCase, result: Mapping[str, Any]) -> CertificateView:
    """The certificate of a finished job with the register's names."""
    made = result["certificate"]
    return CertificateView(
        riders=made["riders"],
        served=made["served"],
        most=made["most"],
        is_proved=made["is_proved"],
        is_whole=made["is_whole"],
        tried=made["tried"],
        proofs=tuple(
            StepRow(
                code=f"advice_proof.{proof['code']}",
                facts={**_named(case, proof["facts"]), "left": proof["left"]},
            )
            for proof in made["proofs"]
        ),
        reliefs=tuple(_relief_row(case, one) for one in made["reliefs"]),
        partial=tuple(_relief_row(case, one) for one in made["partial"]),
    )


def _plain_relief(relief: Relief) -> dict[str, Any]:
    return {
        "steps": [{"lever": step.lever.value, "facts": _plain_facts(step.facts)} for step in relief.steps],
        "served": relief.served,
        "newly": list(relief.newly),
        "left": list(relief.left),
        "cost_fen": relief.cost_fen,
        "price_fen": relief.price_fen,
        "longest_s": relief.longest_s,
        "proved_short": relief.proved_short,
    }


def _plain_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()}


def _relief_row(case: PlanCase, made: Mapping[str, Any]) -> ReliefRow:
    return ReliefRow(
        steps=tuple(
            StepRow(code=f"advice_lever.{step['lever']}", facts=_named(case, step["facts"]))
            for step in made["steps"]
        ),
        served=made["served"],
        newly=tuple(case.rider_name(rider_id) for rider_id in made["newly"]),
        left=tuple(case.rider_name(rider_id) for rider_id in made["left"]),
        cost_fen=made["cost_fen"],
        price_fen=made["price_fen"],
        longest_s=made["longest_s"],
        proved_short=made["proved_short"],
    )


def _named(case: PlanCase, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts with names instead of stop ids, and a factor as people write it."""
    named = dict(facts)
    if isinstance(named.get("stops"), list):
        named["stops"] = tuple(case.stop_name(str(stop_id)) for stop_id in named["stops"])
    if "factor_milli" in named:
        named["factor"] = f"{named['factor_milli'] / 1000:g}"
    return named
