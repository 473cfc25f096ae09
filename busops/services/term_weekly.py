"""
A weekend planned on the scheme in force: a draft like any other, made in a moment and always the same.

Approving and releasing it are ``planning.py``'s and ``runs.py``'s. Whoever does not fit on the lines
is left over in it; a free plan for the charter coaches is the weekly planner's.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from busops.domain.errors import InvalidInput, Refused
from busops.domain.values import Clock, Direction, Ids, PlanId
from busops.planner.term.document import read_lines
from busops.planner.term.weekly import weekly_plan
from busops.planner.travel.source import TravelSource
from busops.services.acting import By
from busops.services.plan_drafts import store_draft
from busops.services.planning import FRIDAY
from busops.services.planning_input import load_input, prepare
from busops.services.term_making import licensed_plates
from busops.storage import term_store
from busops.storage.database import Database


def plan_on_scheme(
    database: Database,
    scheme_id: str,
    *,
    weekend_on: date,
    direction: Direction,
    by: By,
    clock: Clock,
    ids: Ids,
    roads: TravelSource | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> PlanId:
    """
    A verified draft of one direction on the scheme's lines is stored; its id.

    Raises Refused when the scheme is not in force, nobody rides, or somebody stopped it.
    """
    with database.reading() as tx:
        stored = term_store.load_scheme(tx, scheme_id)
        given = load_input(tx, weekend_on)
    if not stored.summary.is_in_force:
        raise Refused("term_not_in_force", number=stored.summary.number)
    prepared = prepare(given, direction, roads=roads)
    plan = weekly_plan(
        prepared.problem,
        read_lines(stored.document),
        licensed=licensed_plates(given),
        should_stop=should_stop,
    )
    if should_stop is not None and should_stop():
        raise Refused("planning_stopped", weekend_on=weekend_on, direction=direction)
    return store_draft(database, given, prepared, plan, seed=0, seconds=0.0, clock=clock, ids=ids, by=by)


def read_weekend(arguments: Mapping[str, Any]) -> tuple[date, Direction]:
    """The weekend and direction of a job; raises InvalidInput for what cannot be planned."""
    try:
        on, direction = date.fromisoformat(str(arguments["weekend_on"])), Direction(arguments["direction"])
    except (KeyError, ValueError, TypeError) as fault:
        raise InvalidInput("plan_order_invalid") from fault
    if on.weekday() != FRIDAY:
        raise InvalidInput("weekend_is_no_friday", on=on)
    return on, direction
