"""
What is raced over: a school's own files, and public routing files with the best solution known beside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from busops.domain.errors import InvalidInput
from busops.domain.values import Direction
from busops.planner.instances.routing_problem import plan_of_routes, problem_of
from busops.planner.instances.solution import read_solution
from busops.planner.instances.vrplib import Rounding, read_instance
from busops.planner.problem import Problem
from busops.planner.travel.source import TravelSource
from busops.planner.verify import verify
from busops.services import planning_input
from busops.services.benchmark import Case
from busops.storage.database import Database

_SOLUTION: Final = ".sol"
_ROSTER: Final = "roster-"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPrice:
    """What a solution file claims, in its own unit, beside what its routes cost here."""

    case: Case
    stated: str = ""
    trips: int = 0


def weekend_problem(
    database: Database, weekend_on: date, direction: Direction, *, roads: TravelSource | None = None
) -> Problem:
    """The problem that a plan of this direction would solve; Refused when nobody rides."""
    with database.reading() as tx:
        given = planning_input.load_input(tx, weekend_on)
    return planning_input.prepare(given, direction, roads=roads).problem


def only_roster_on(files: Mapping[str, bytes]) -> date:
    """The Friday of the folder's only roster; InvalidInput when there is none, or a choice."""
    found = sorted(name.removeprefix(_ROSTER).partition(".")[0] for name in files if name.startswith(_ROSTER))
    if len(found) != 1:
        raise InvalidInput("bench_roster_unclear", count=len(found), found=found)
    try:
        return date.fromisoformat(found[0])
    except ValueError as fault:
        raise InvalidInput("bench_roster_unclear", count=1, found=found) from fault


def routing_case(path: Path, rounding: Rounding | None = None) -> KnownPrice:
    """
    The file's problem, with the best known cost where a ``.sol`` lies beside it.

    The known routes are priced and checked like any plan; InvalidInput when they break a rule.
    """
    instance = read_instance(path, rounding=rounding)
    problem = problem_of(instance)
    name, scale = path.stem, instance.cost_scale
    beside = path.with_suffix(_SOLUTION)
    if not beside.is_file():
        return KnownPrice(case=Case(name=name, problem=problem, scale=scale, keeps_stops_whole=True))
    solution = read_solution(beside, clients=len(instance.demand) - 1)
    plan = plan_of_routes(instance, problem, solution.routes, file=beside.name)
    findings = verify(problem, plan)
    if findings:
        raise InvalidInput("solution_breaks_rules", findings, file=beside.name, count=len(findings))
    case = Case(name=name, problem=problem, known_fen=plan.cost_fen, scale=scale, keeps_stops_whole=True)
    return KnownPrice(case=case, stated=solution.stated_cost, trips=len(plan.trips))
