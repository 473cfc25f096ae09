"""A plan file judged against a school's files, whoever made it: the planner's verifier, without a solver."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.domain.values import Direction
from busops.planner.document import read_plan_document
from busops.planner.travel.source import TravelSource
from busops.planner.verify import verify
from busops.services.planning_input import load_input, prepare, speed_findings
from busops.services.planning_rule_use import kept_of_document
from busops.services.travel_sources import source_of_plan
from busops.storage.database import Database


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
    try:
        direction = Direction(document["direction"])
    except (KeyError, TypeError, ValueError) as fault:
        raise InvalidInput("plan_document_invalid", detail="direction") from fault
    plan = read_plan_document(document)
    with database.reading() as tx:
        given = load_input(tx, weekend_on)
    prepared = prepare(
        given, direction, kept_of_document(document, plan.trips), roads=source_of_plan(document, roads)
    )
    made_with = str(document.get("travel", prepared.travel_source))
    found = (*verify(prepared.problem, plan), *speed_findings(prepared.problem, plan))
    if made_with != prepared.travel_source:
        facts = {"planned": made_with, "found": prepared.travel_source.value}
        found += (Finding(code="plan_travel_differs", severity=Severity.WARN, facts=facts),)
    return found
