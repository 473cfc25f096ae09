"""A plan file judged against a school's files, whoever made it: the planner's verifier, without a solver."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding
from busops.domain.values import Direction
from busops.planner.document import read_plan_document
from busops.planner.verify import verify
from busops.services.planning_input import load_input, prepare, speed_findings
from busops.services.planning_rule_use import kept_of_document
from busops.storage.database import Database


def violations_of(
    database: Database, document: Mapping[str, Any], *, weekend_on: date
) -> tuple[Finding, ...]:
    """Everything that the plan breaks for this weekend; raises InvalidInput when it cannot be read."""
    try:
        direction = Direction(document["direction"])
    except (KeyError, TypeError, ValueError) as fault:
        raise InvalidInput("plan_document_invalid", detail="direction") from fault
    plan = read_plan_document(document)
    with database.reading() as tx:
        given = load_input(tx, weekend_on)
    prepared = prepare(given, direction, kept_of_document(document, plan.trips))
    return (*verify(prepared.problem, plan), *speed_findings(prepared.problem, plan))
