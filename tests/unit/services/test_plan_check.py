"""A plan that stands is judged and changed as the problem it was made for: its roads, its kept trips."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from busops.domain.errors import BusopsError, InvalidInput, Refused
from busops.domain.findings import Severity
from busops.domain.values import Direction, PlanId
from busops.planner.document import read_plan_document
from busops.planner.travel.source import TravelSource
from busops.services import (
    benchmark_cases,
    plan_advice,
    plan_check,
    plan_enough,
    plan_margin,
    plan_proof,
    planning,
    rosters,
)
from busops.services.planning_input import load_input
from busops.services.planning_rule_use import Keep
from busops.storage import network_store, plan_store
from busops.storage.database import Database
from busops.storage.plan_store import StoredPlan
from tests.machine import CountingIds, FixedClock
from tests.small_school import FRIDAY, fill
from tests.winding_roads import WindingRoads

IDS = CountingIds()


@dataclass
class Work:
    """What a job lends: all that it may use, and roads of its own."""

    database: Database
    own_roads: TravelSource | None
    clock: FixedClock = field(default_factory=FixedClock)

    def roads(self) -> TravelSource | None:
        """Those it was given."""
        return self.own_roads

    def progress(self, done: int, total: int, **facts: Any) -> None:
        """Nobody listens."""

    def cancelled(self) -> bool:
        """Never."""
        return False


def planned(database: Database, roads: TravelSource | None, keep: Keep | None = None) -> PlanId:
    """A plan of the small weekend as it stands in the database."""
    return planning.plan_weekend(
        database,
        weekend_on=FRIDAY,
        direction=Direction.HOMEWARD,
        seconds=0.2,
        seed=1,
        clock=FixedClock(),
        ids=IDS,
        keep=keep,
        roads=roads,
    )


def kept_plan(database: Database, roads: TravelSource | None) -> PlanId:
    """A plan in which the first trip of an earlier one stayed."""
    fill(database)
    rosters.lock(database, FRIDAY, by="test", clock=FixedClock())
    return planned(database, roads, Keep(plan_id=planned(database, roads), trips=(1,)))


def stored(database: Database, plan_id: str) -> StoredPlan:
    """The plan as it stands."""
    with database.reading() as tx:
        return plan_store.load_plan(tx, plan_id)


def faults(database: Database, plan_id: str, roads: TravelSource | None) -> dict[str, bool]:
    """By judge of a stored plan: whether it finds anything against this one."""
    document = stored(database, plan_id).document

    def refuses(asked: Callable[[], object]) -> bool:
        try:
            asked()
        except Refused:
            return True
        return False

    now = plan_margin.current_of(database, plan_id, roads)
    work, clock = Work(database, roads), FixedClock()
    return {
        "check": bool(plan_check.violations_of(database, document, weekend_on=FRIDAY, roads=roads)),
        "document": bool(planning.verify_document(database, document, weekend_on=FRIDAY, roads=roads)),
        "margin": bool(now.changed),
        "margin job": refuses(
            lambda: plan_margin.run_margin_job(work, {"plan_id": plan_id, "part": "levers", "seconds": 0.2})
        ),
        "advice": refuses(lambda: plan_advice.open_case(database, plan_id, roads)),
        "enough job": refuses(lambda: plan_enough.run_job(work, plan_id=plan_id, seconds=0.2)),
        "proof": refuses(
            lambda: plan_proof.prove_plan(database, plan_id, clock=clock, roads=roads, rounds=1)
        ),
        "proof job": refuses(lambda: plan_proof.run_job(work, plan_id=plan_id, seconds=0.05)),
    }


def test_a_measured_plan_with_kept_trips_is_no_other_plan_to_anybody(sqlite_database: Database) -> None:
    """All who judge it find nothing with the roads it was made by, and everybody objects without them."""
    roads = WindingRoads()
    plan_id = kept_plan(sqlite_database, roads)
    document = stored(sqlite_database, plan_id).document
    assert (document["travel"], len(document["kept"])) == ("osrm", 1)
    assert not any(faults(sqlite_database, plan_id, roads).values())
    assert all(faults(sqlite_database, plan_id, None).values())
    for prepared in (
        plan_margin.current_of(sqlite_database, plan_id, roads).prepared.problem,
        plan_advice.open_case(sqlite_database, plan_id, roads).problem,
    ):
        (kept,) = prepared.rules.kept
        assert {"plate": kept.plate, "wave": kept.wave} == document["kept"][0]


def test_an_estimated_plan_is_judged_by_the_estimate_for_ever(sqlite_database: Database) -> None:
    """Roads that answer today change nothing about it, and are not even asked."""
    plan_id, roads = kept_plan(sqlite_database, None), WindingRoads()
    assert not any(faults(sqlite_database, plan_id, roads).values())
    assert roads.asked == []


def test_a_service_that_is_away_is_told_and_no_price_is_made_up(sqlite_database: Database) -> None:
    """The plan cannot be judged by its own ways then: its page says that they differ, advice refuses."""
    roads = WindingRoads()
    plan_id = kept_plan(sqlite_database, roads)
    roads.is_away = True
    document = stored(sqlite_database, plan_id).document
    found = plan_check.violations_of(sqlite_database, document, weekend_on=FRIDAY, roads=roads)
    (told,) = [one for one in found if one.code == "plan_travel_differs"]
    assert (told.severity, told.facts) == (Severity.WARN, {"planned": "osrm", "found": "estimate"})
    with pytest.raises(Refused, match="advice_plan_is_outdated"):
        plan_advice.open_case(sqlite_database, plan_id, roads)


def test_what_would_be_enough_asks_the_same_roads(sqlite_database: Database) -> None:
    """A stop that could be designated is measured as the others are; where it cannot be, it is no help."""
    made, roads = fill(sqlite_database), WindingRoads()
    with sqlite_database.transaction() as tx:
        network_store.save_stops(tx, [replace(made.stops[5], designated_to=FRIDAY.replace(day=1))])
    case = plan_advice.open_case(sqlite_database, planned(sqlite_database, roads), roads)
    wide = plan_enough.wide_problem(case, roads)
    assert wide is not None
    assert set(wide.stop_ids) - set(case.problem.stop_ids) == {"S006"}
    for stop_id in case.problem.stop_ids:
        way = ("@campus", stop_id)
        assert wide.travel.between(*way) == case.problem.travel.between(*way)
    roads.is_away = True
    assert plan_enough.wide_problem(case, roads) is None


def test_a_race_is_over_the_measured_ways(sqlite_database: Database) -> None:
    """The benchmark's problem of a school is the one that its plans are made for."""
    fill(sqlite_database)
    roads = WindingRoads()
    far, near = (
        benchmark_cases.weekend_problem(sqlite_database, FRIDAY, Direction.HOMEWARD, roads=one)
        for one in (roads, None)
    )
    ways = [problem.travel.between("@campus", "S006")[0] for problem in (far, near)]
    assert ways[0] > 1.5 * ways[1]


@pytest.mark.parametrize("direction", [None, "sideways", 7])
def test_a_document_without_a_direction_has_no_problem(sqlite_database: Database, direction: object) -> None:
    """It is told as a faulty document, whoever asks."""
    fill(sqlite_database)
    document = dict(stored(sqlite_database, planned(sqlite_database, None)).document)
    plan = read_plan_document(document)
    with sqlite_database.reading() as tx:
        given = load_input(tx, FRIDAY)
    with pytest.raises(InvalidInput, match="plan_document_invalid"):
        plan_check.problem_of(given, {**document, "direction": direction}, plan)
    with pytest.raises(BusopsError, match="plan_document_invalid"):
        plan_check.violations_of(sqlite_database, {**document, "direction": direction}, weekend_on=FRIDAY)
