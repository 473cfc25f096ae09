"""
The problem that a plan solves, found again from its document; and a plan file judged by it, whoever made it.

The planner's verifier judges, without a solver.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.domain.values import Direction
from busops.planner.document import read_plan_document
from busops.planner.problem import Plan
from busops.planner.travel.source import TravelSource
from busops.planner.verify import verify
from busops.services.planning_input import PlanningInput, Prepared, load_input, prepare, speed_findings
from busops.services.planning_rule_use import kept_of_document
from busops.services.travel_sources import source_of_plan
from busops.storage.database import Database


def problem_of(
    given: PlanningInput, document: Mapping[str, Any], plan: Plan, roads: TravelSource | None = None
) -> Prepared:
    """
    The problem of a document's ``plan`` by register and roster as given: its kept trips stay, and its
    ways are measured by ``roads`` unless it was made from an estimate.

    Whoever judges or changes a plan that stands asks here: another problem would find faults that are
    none. Raises InvalidInput for a document without a direction, and what ``prepare`` raises.
    """
    try:
        direction = Direction(document["direction"])
    except (KeyError, TypeError, ValueError) as fault:
        raise InvalidInput("plan_document_invalid", detail="direction") from fault
    kept = kept_of_document(document, plan.trips)
    return prepare(given, direction, kept, roads=source_of_plan(document, roads))


def violations_of(
    database: Database,
    document: Mapping[str, Any],
    *,
    weekend_on: date,
    roads: TravelSource | None = None,
) -> tuple[Finding, ...]:
    """
    Everything that the plan breaks for this weekend; raises InvalidInput when it cannot be read.

    Judged by the travel times that the plan says it was made with, where they can be had here.
    """
    plan = read_plan_document(document)
    with database.reading() as tx:
        given = load_input(tx, weekend_on)
    prepared = problem_of(given, document, plan, roads)
    made_with = str(document.get("travel", prepared.travel_source))
    found = (*verify(prepared.problem, plan), *speed_findings(prepared.problem, plan))
    if made_with != prepared.travel_source:
        facts = {"planned": made_with, "found": prepared.travel_source.value}
        found += (Finding(code="plan_travel_differs", severity=Severity.WARN, facts=facts),)
    return found
