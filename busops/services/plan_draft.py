"""
How a plan becomes a stored draft: verified, priced, with what was noticed when it was made.

Nothing is planned or decided here; ``services.planning`` does both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from busops.domain.findings import Finding, Severity
from busops.domain.values import Clock, Ids, PlanId
from busops.planner.document import plan_document
from busops.planner.problem import Plan
from busops.planner.verify import verify
from busops.services.acting import By, user_of
from busops.services.planning_input import PlanningInput, Prepared, fares_forecast, speed_findings
from busops.storage import plan_store
from busops.storage.database import Database
from busops.storage.plan_store import PlanState, PlanSummary, StoredPlan


def store_draft(
    database: Database,
    given: PlanningInput,
    prepared: Prepared,
    plan: Plan,
    *,
    seed: int,
    seconds: float,
    clock: Clock,
    ids: Ids,
    by: By = None,
    how: Mapping[str, Any] | None = None,
) -> PlanId:
    """The plan stands as a draft with what the verifier finds against it, and how it was found; its id."""
    made = (PlanId(ids.new()), clock.now(), user_of(by))
    stored = _stored(given, prepared, plan, seed=seed, seconds=seconds, made=made)
    if how is not None:
        stored = replace(stored, document={**stored.document, **how})
    with database.transaction() as tx:
        plan_store.save_plan(tx, stored)
    return stored.plan_id


def plain_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as JSON can hold them: dates and moments as ISO text."""
    return {
        name: value.isoformat() if isinstance(value, date | datetime) else value
        for name, value in facts.items()
    }


def _stored(
    given: PlanningInput,
    prepared: Prepared,
    plan: Plan,
    *,
    seed: int,
    seconds: float,
    made: tuple[PlanId, datetime, str],
) -> StoredPlan:
    fares_fen = fares_forecast(given, plan, prepared.on)
    violations = (*verify(prepared.problem, plan), *speed_findings(prepared.problem, plan))
    text = plan_document(
        prepared.problem,
        plan,
        school_id=given.school.school_id,
        on=prepared.on,
        seed=seed,
        seconds=seconds,
        fares_fen=fares_fen,
        travel_source=prepared.travel_source,
        violations=violations,
    )
    plan_id, made_at, made_by = made
    summary = PlanSummary(
        plan_id=plan_id,
        weekend_on=given.weekend_on,
        on=prepared.on,
        direction=prepared.problem.direction,
        state=PlanState.DRAFT,
        roster_version=given.roster_version,
        cost_fen=plan.cost_fen,
        lower_bound_fen=plan.lower_bound_fen,
        fares_fen=fares_fen,
        trip_count=len(plan.trips),
        served_count=sum(len(halt.rider_ids) for trip in plan.trips for halt in trip.stops),
        unserved_count=len(plan.unserved),
        violation_count=sum(finding.severity is Severity.BLOCK for finding in violations),
        made_at=made_at,
        made_by=made_by,
    )
    return StoredPlan(summary=summary, document=text, notices=tuple(_documents(prepared.notices)))


def _documents(findings: Iterable[Finding]) -> Iterable[dict[str, Any]]:
    for finding in findings:
        yield {
            "code": finding.code,
            "severity": finding.severity.value,
            "place": finding.place,
            "facts": plain_facts(finding.facts),
        }
