"""Rules from the page or a file to the plan: checked, audited, kept to; what cannot be kept is told."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from busops.domain.errors import InvalidInput, NotFound
from busops.domain.findings import Severity
from busops.domain.planning_rules import PlanningRule, RuleKind
from busops.domain.values import Direction, Plate, RiderId, StopId
from busops.services import audit, imports, plan_check, planning, planning_rules
from busops.services.planning_input import load_input, prepare
from busops.services.planning_rule_use import Keep
from busops.storage import fleet_store, plan_store
from busops.storage.database import Database
from tests.machine import CountingIds, FixedClock
from tests.small_school import COACH, FRIDAY, LICENSED, fill

SIBLINGS = PlanningRule(
    kind=RuleKind.TOGETHER,
    rider_ids=(RiderId("20230001"), RiderId("20230002")),
    from_on=FRIDAY,
    reason="姐弟",
)
APART = replace(SIBLINGS, kind=RuleKind.APART, rider_ids=(RiderId("20230003"), RiderId("20230012")))
NARROW = PlanningRule(
    kind=RuleKind.NOT_STOPS, plates=(COACH,), stop_ids=(StopId("S001"),), from_on=FRIDAY, reason="巷子窄"
)
AWAY = PlanningRule(kind=RuleKind.AWAY, plates=(COACH,), from_on=FRIDAY, to_on=FRIDAY, reason="保养")


def add(database: Database, *rules: PlanningRule) -> list[str]:
    """The rules stand; their ids."""
    return [planning_rules.add_rule(database, rule, clock=FixedClock(), by="tester") for rule in rules]


def prepared(database: Database, direction: Direction = Direction.HOMEWARD) -> Any:
    """The problem of the small weekend as it is now."""
    with database.reading() as tx:
        given = load_input(tx, FRIDAY)
    return prepare(given, direction)


def test_a_rule_is_added_shown_ended_and_in_the_audit(sqlite_database: Database) -> None:
    """With names, who and when; after its end it is shown still, and holds no more."""
    fill(sqlite_database)
    (rule_id,) = add(sqlite_database, SIBLINGS)
    (shown,) = planning_rules.list_rules(sqlite_database)
    assert shown.riders == ("学生1 20230001", "学生2 20230002")
    assert [shown.state_on(day) for day in (date(2026, 3, 12), FRIDAY)] == ["coming", "holds"]
    planning_rules.end_rule(
        sqlite_database, rule_id, last_on=planning_rules.day_before(FRIDAY), clock=FixedClock(), by="tester"
    )
    (ended,) = planning_rules.list_rules(sqlite_database)
    assert (ended.state_on(FRIDAY), ended.stored.ended_by) == ("over", "tester")
    acts = [row.entry.act for row in audit.newest(sqlite_database)]
    assert {"planning_rule_added", "planning_rule_ended"} <= set(acts)


def test_a_rule_about_somebody_unknown_is_refused(sqlite_database: Database) -> None:
    """Every unknown id is named; nothing is stored."""
    fill(sqlite_database)
    strange = replace(SIBLINGS, rider_ids=(RiderId("20230001"), RiderId("9")))
    with pytest.raises(InvalidInput) as refusal:
        add(sqlite_database, strange)
    assert [(one.code, one.facts["found"]) for one in refusal.value.findings] == [("rule_names_unknown", "9")]
    assert planning_rules.list_rules(sqlite_database) == ()


def test_the_plan_keeps_to_the_rules_of_its_day(sqlite_database: Database) -> None:
    """Siblings, a pair apart and a closed stop stand in the problem, and the plan verifies under them."""
    fill(sqlite_database)
    add(sqlite_database, SIBLINGS, APART, NARROW)
    case = prepared(sqlite_database).problem
    assert case.rules.together == (frozenset(SIBLINGS.rider_ids),)
    assert case.rules.apart == (frozenset(APART.rider_ids),)
    assert {one.plate: one.not_stops for one in case.vehicles}[COACH] == frozenset({"S001"})
    plan_id = planning.plan_weekend(
        sqlite_database,
        weekend_on=FRIDAY,
        direction=Direction.HOMEWARD,
        seconds=0.5,
        seed=1,
        clock=FixedClock(),
        ids=CountingIds(),
    )
    trips = planning.document(sqlite_database, plan_id)["trips"]
    of = {rider: trip["plate"] for trip in trips for halt in trip["stops"] for rider in halt["riders"]}
    assert of["20230001"] == of["20230002"]
    assert of["20230003"] != of["20230012"]
    assert all(
        halt["stop_id"] != "S001" for trip in trips if trip["plate"] == COACH for halt in trip["stops"]
    )


def test_a_vehicle_away_is_not_there_on_its_days_only(sqlite_database: Database) -> None:
    """Away on the Friday: not in the homeward problem, but in Sunday's; or there later."""
    fill(sqlite_database)
    add(sqlite_database, AWAY)
    assert COACH not in {one.plate for one in prepared(sqlite_database).problem.vehicles}
    back = prepared(sqlite_database, Direction.RETURN).problem
    assert {one.plate: one.ready_s for one in back.vehicles}[COACH] == 0
    add(sqlite_database, replace(AWAY, ready_min=45, to_on=None, plates=(LICENSED,)))
    assert {one.ready_s for one in prepared(sqlite_database).problem.vehicles if one.plate == LICENSED} == {
        2700
    }


def test_stops_of_certain_vehicles_and_vehicles_of_certain_stops(sqlite_database: Database) -> None:
    """Only-rules of both sides reach the problem; who is not there does not count."""
    fill(sqlite_database)
    only_stops = replace(NARROW, kind=RuleKind.ONLY_STOPS)
    only_vehicles = replace(NARROW, kind=RuleKind.ONLY_VEHICLES, plates=(COACH, Plate("川FC0003")))
    add(sqlite_database, only_stops, only_vehicles)
    case = prepared(sqlite_database).problem
    assert {one.plate: one.only_stops for one in case.vehicles}[COACH] == frozenset({"S001"})
    assert case.rules.only_by == {"S001": frozenset({COACH})}


def test_a_rule_that_cannot_be_kept_is_told_and_left_out(sqlite_database: Database) -> None:
    """Together and apart at once: one of them is a warning with its reason, the plan is made all the same."""
    fill(sqlite_database)
    against = replace(SIBLINGS, kind=RuleKind.APART, reason="吵架")
    add(sqlite_database, SIBLINGS, against)
    made = prepared(sqlite_database)
    (notice,) = [one for one in made.notices if one.code.startswith("planning_rule_not_applied")]
    assert (notice.code, notice.severity) == ("planning_rule_not_applied.apart", Severity.WARN)
    assert notice.facts["causes"] == ["pair_together_and_apart"]
    assert made.problem.rules.apart == ()


def test_who_does_not_ride_has_no_rule_that_day(sqlite_database: Database) -> None:
    """A sibling at home binds nobody, and is no warning."""
    fill(sqlite_database)
    add(sqlite_database, replace(SIBLINGS, rider_ids=(RiderId("20230001"), RiderId("20230005"))))
    made = prepared(sqlite_database)
    assert made.problem.rules.together == ()
    assert not [one for one in made.notices if one.code.startswith("planning_rule")]


def test_trips_are_kept_and_the_rest_is_planned_again(sqlite_database: Database) -> None:
    """The first trip stays, whatever was better; the new plan says so, and is judged by it later."""
    fill(sqlite_database)
    order = {"weekend_on": FRIDAY, "direction": Direction.HOMEWARD, "seconds": 0.5, "seed": 1}
    clock, ids = FixedClock(), CountingIds()
    first = planning.plan_weekend(sqlite_database, **order, clock=clock, ids=ids)
    kept = planning.document(sqlite_database, first)["trips"][0]
    keep = Keep(plan_id=first, trips=(1,))
    second = planning.plan_weekend(sqlite_database, **order, clock=clock, ids=ids, keep=keep)
    document = planning.document(sqlite_database, second)
    (same,) = [
        trip for trip in document["trips"] if trip["plate"] == kept["plate"] and trip["wave"] == kept["wave"]
    ]
    assert same == kept
    assert document["kept"] == [{"plate": kept["plate"], "wave": kept["wave"]}]
    assert document["violations"] == []
    assert planning.verify_document(sqlite_database, document, weekend_on=FRIDAY) == ()
    assert plan_check.violations_of(sqlite_database, document, weekend_on=FRIDAY) == ()


def test_a_trip_that_cannot_be_kept_is_refused_with_the_reason(sqlite_database: Database) -> None:
    """The vehicle is gone, the number does not exist, the plan does not exist."""
    fill(sqlite_database)
    order = {"weekend_on": FRIDAY, "direction": Direction.HOMEWARD}
    first = planning.plan_weekend(
        sqlite_database, **order, seconds=0.5, seed=1, clock=FixedClock(), ids=CountingIds()
    )
    plate = planning.document(sqlite_database, first)["trips"][0]["plate"]
    with sqlite_database.transaction() as tx:
        fleet_store.retire_vehicle(tx, plate, FRIDAY)
    with pytest.raises(InvalidInput) as refusal:
        planning.check_keep(sqlite_database, **order, keep=Keep(plan_id=first, trips=(1,)))
    assert {one.code for one in refusal.value.findings} >= {"kept_vehicle_unknown"}
    with pytest.raises(InvalidInput, match="kept_trip_unknown"):
        planning.check_keep(sqlite_database, **order, keep=Keep(plan_id=first, trips=(99,)))
    with pytest.raises(NotFound):
        planning.check_keep(sqlite_database, **order, keep=Keep(plan_id="nowhere", trips=(1,)))


RULES = """规则,学号,车牌号,站点编号,首班后分钟,起,止,原因
同车,20230001；20230002,,,,2026-03-13,,姐弟
车不停站,,川FB0002,S001,,2026-03-13,2026-06-30,巷子窄
车不在,,川FB0002,,45,2026-03-13,2026-03-13,保养
"""


def test_rules_come_from_a_file_and_the_same_file_changes_nothing(sqlite_database: Database) -> None:
    """Preview, accept; again: all the same, nothing new."""
    fill(sqlite_database)
    acting: dict[str, Any] = {"clock": FixedClock(), "ids": CountingIds()}
    order: dict[str, Any] = {"kind": "rules", "file_name": "rules.csv", "content": RULES.encode()}
    first = imports.preview(sqlite_database, **order, **acting)
    assert (first.findings, first.counts["new"]) == ((), 3)
    assert imports.accept(sqlite_database, first.batch_id, clock=FixedClock()) == 3
    again = imports.preview(sqlite_database, **order, **acting)
    assert (again.counts["new"], again.counts["same"]) == (0, 3)
    case = prepared(sqlite_database).problem
    assert case.rules.together == (frozenset(SIBLINGS.rider_ids),)
    assert {one.plate: (one.ready_s, one.not_stops) for one in case.vehicles}[COACH] == (2700, {"S001"})


@pytest.mark.parametrize(
    ("row", "code", "cell"),
    [
        ("同车,20230001,,,,2026-03-13,,独子", "rule_needs_two_riders", "B2"),
        ("分车,,,,,2026-03-13,,谁", "rule_needs.rider_ids", "B2"),
        ("车不停站,,川FB0002,,,2026-03-13,,哪里", "rule_needs.stop_ids", "D2"),
        ("有时,,,,,2026-03-13,,x", "choice_unknown", "A2"),
        ("车不在,,川FB0002,,半小时,2026-03-13,,x", "integer_unreadable", "E2"),
        ("车不在,,川FB0002,,,2026-03-13,2026-03-01,x", "rule_days_reversed", "G2"),
        ("车不在,,川FB0002,,,2026-03-13,,", "value_missing", "H2"),
    ],
)
def test_a_wrong_row_is_found_in_its_cell(sqlite_database: Database, row: str, code: str, cell: str) -> None:
    """The row stays out, and the cell is named."""
    fill(sqlite_database)
    content = (RULES.splitlines()[0] + "\n" + row + "\n").encode()
    made = imports.preview(
        sqlite_database,
        kind="rules",
        file_name="rules.csv",
        content=content,
        clock=FixedClock(),
        ids=CountingIds(),
    )
    assert [(one.code, one.facts["cell"]) for one in made.findings] == [(code, cell)]
    assert made.rows == ()


def test_a_row_about_somebody_unknown_is_taken_with_a_warning(sqlite_database: Database) -> None:
    """He may be registered later; until then the rule binds nobody."""
    fill(sqlite_database)
    content = (RULES.splitlines()[0] + "\n同车,20230001;99,,,,2026-03-13,,转学来的弟弟\n").encode()
    made = imports.preview(
        sqlite_database,
        kind="rules",
        file_name="rules.csv",
        content=content,
        clock=FixedClock(),
        ids=CountingIds(),
    )
    assert [(one.code, one.severity) for one in made.findings] == [("rule_names_unknown", Severity.WARN)]
    assert imports.accept(sqlite_database, made.batch_id, clock=FixedClock()) == 1
    assert prepared(sqlite_database).problem.rules.together == ()


def test_plans_of_the_job_order_carry_what_is_kept(sqlite_database: Database) -> None:
    """The order's arguments read back as a value; nonsense is refused before any job is made."""
    fill(sqlite_database)
    order = {"weekend_on": "2026-03-13", "direction": "homeward", "seconds": 1}
    assert planning.read_order(order)["keep"] is None
    read = planning.read_order({**order, "keep": {"plan_id": "p1", "trips": ["2", 1]}})
    assert read["keep"] == Keep(plan_id="p1", trips=(2, 1))
    for wrong in ({"plan_id": "p1", "trips": ["x"]}, {"trips": [1]}, 7):
        with pytest.raises(InvalidInput, match="plan_order_invalid"):
            planning.read_order({**order, "keep": wrong})
    with sqlite_database.reading() as tx:
        assert plan_store.list_plans(tx, FRIDAY) == ()
