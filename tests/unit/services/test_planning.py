"""Planning through the service: what may go in, what is stored, and what may be approved."""

import copy
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from busops.domain.errors import Conflict, InvalidInput, Refused
from busops.domain.network import TravelTime
from busops.domain.values import CAMPUS, Direction, PlanId, StopId
from busops.services import planning, rosters
from busops.services.planning_input import load_input, prepare
from busops.services.search_course import course_of
from busops.storage import fleet_store, network_store, plan_store
from busops.storage.database import Database
from busops.storage.plan_store import PlanState, StoredPlan
from tests.machine import CountingIds, FixedClock
from tests.small_school import COACH, FRIDAY, LAPSED, LICENSED, SUNDAY, fill

Facts = dict[str, Any]
ORDER = {"weekend_on": "2026-03-13", "direction": "homeward", "seconds": 0.4, "seed": 3, "by": "u1"}


def plan(database: Database, direction: Direction = Direction.HOMEWARD, **changed: Any) -> PlanId:
    """A plan of the small weekend, made in half a second."""
    order = {"weekend_on": FRIDAY, "direction": direction, "seconds": 0.5, "seed": 1, **changed}
    return planning.plan_weekend(database, **order, clock=FixedClock(), ids=CountingIds())


def stored(database: Database, plan_id: str) -> StoredPlan:
    """The plan as it stands in the database."""
    with database.reading() as tx:
        return plan_store.load_plan(tx, plan_id)


def test_a_plan_carries_everybody_who_rides_and_is_stored_verified(sqlite_database: Database) -> None:
    """22 of 24 ride on Friday: all are in trips of vehicles that may run, and nothing contradicts it."""
    fill(sqlite_database)
    kept = stored(sqlite_database, plan(sqlite_database))
    trips = kept.document["trips"]
    carried = [rider for trip in trips for halt in trip["stops"] for rider in halt["riders"]]
    assert len(carried) == len(set(carried)) == kept.summary.served_count == 22
    assert {"20230005", "20230006"}.isdisjoint(carried)
    assert {trip["plate"] for trip in trips} <= {LICENSED, COACH}
    assert kept.document["violations"] == []
    assert kept.document["on"] == "2026-03-13"
    assert kept.document["travel"] == "estimate"
    assert 0 < kept.summary.lower_bound_fen <= kept.summary.cost_fen


def test_fares_are_the_bands_of_the_riders_stops_without_waivers(sqlite_database: Database) -> None:
    """12 riders of band A and 10 of band B ride home; one of band A is waived: 11·10 + 10·15 yuan."""
    made = fill(sqlite_database)
    band = {stop.stop_id: stop.band for stop in made.stops}
    riding = [rider for rider in made.riders if rider.rider_id not in {"20230005", "20230006"}]
    in_a = sum(band[rider.stop_id] == "A" for rider in riding)
    kept = stored(sqlite_database, plan(sqlite_database))
    assert kept.summary.fares_fen == (in_a - 1) * 1000 + (len(riding) - in_a) * 1500
    net_fen = kept.document["margin"]["net_fen"]
    assert net_fen == kept.summary.fares_fen - kept.summary.cost_fen
    assert kept.document["margin"]["met"] == (10 * net_fen >= kept.summary.fares_fen)


def test_the_way_back_is_planned_for_the_sunday(sqlite_database: Database) -> None:
    """The return plan is of Sunday, carries the one who was fetched, and ends at the campus."""
    fill(sqlite_database)
    kept = stored(sqlite_database, plan(sqlite_database, Direction.RETURN))
    assert kept.summary.on == SUNDAY
    assert kept.summary.weekend_on == FRIDAY
    assert kept.summary.served_count == 23
    assert all(trip["campus_arrive_s"] > trip["stops"][-1]["leave_s"] for trip in kept.document["trips"])


def test_what_may_not_run_is_left_out_with_its_reason(sqlite_database: Database) -> None:
    """A lapsed insurance keeps a coach out; its notice names vehicle and paper; so does a missing lock."""
    fill(sqlite_database)
    notices = {(one["code"], one["place"]) for one in stored(sqlite_database, plan(sqlite_database)).notices}
    assert ("vehicle_insurance_expired", LAPSED) in notices
    assert ("roster_not_locked", "") in notices


def test_a_licensed_bus_is_bound_to_its_line(sqlite_database: Database) -> None:
    """It gets its approved stops in order, mirrored on the way back; the coach is free."""
    fill(sqlite_database)
    with sqlite_database.reading() as tx:
        given = load_input(tx, FRIDAY)
    lines = {
        direction: {option.plate: option.lines for option in prepare(given, direction).problem.vehicles}
        for direction in Direction
    }
    assert lines[Direction.HOMEWARD] == {LICENSED: (("S001", "S002", "S003"),), COACH: None}
    assert lines[Direction.RETURN][LICENSED] == (("S003", "S002", "S001"),)


def test_lines_that_were_never_given_bind_nobody_but_are_told(sqlite_database: Database) -> None:
    """Without any approved line the licensed bus is free, with a notice; a line without wanted stops: out."""
    fill(sqlite_database)
    with sqlite_database.reading() as tx:
        given = load_input(tx, FRIDAY)
    free = prepare(replace(given, lines=(), any_lines=False), Direction.HOMEWARD)
    assert {option.plate: option.lines for option in free.problem.vehicles} == {LICENSED: None, COACH: None}
    assert "lines_not_given" in {one.code for one in free.notices}
    elsewhere = replace(given.lines[0], stops=())
    bound = prepare(replace(given, lines=(elsewhere,)), Direction.HOMEWARD)
    assert [option.plate for option in bound.problem.vehicles] == [COACH]
    assert ("vehicle_without_line", LICENSED) in {(one.code, one.place) for one in bound.notices}


@pytest.mark.parametrize("direction", list(Direction))
def test_when_every_line_has_ended_a_licensed_bus_is_not_free(
    sqlite_database: Database, direction: Direction
) -> None:
    """The last line retired (a scheme given up): the bus stays, and is told; back in use, it drives again."""
    fill(sqlite_database)

    def options(on: date | None) -> tuple[dict[str, object], set[tuple[str, str]]]:
        with sqlite_database.transaction() as tx:
            network_store.retire_line(tx, "L1", on)
        with sqlite_database.reading() as tx:
            made = prepare(load_input(tx, FRIDAY), direction)
        lines = {option.plate: option.lines for option in made.problem.vehicles}
        return lines, {(one.code, one.place) for one in made.notices}

    lines, notices = options(FRIDAY)
    assert lines == {COACH: None}
    assert ("vehicle_without_line", LICENSED) in notices
    assert "lines_not_given" not in {code for code, _place in notices}
    assert set(options(None)[0]) == {LICENSED, COACH}


def test_no_more_vehicles_than_crews(sqlite_database: Database) -> None:
    """With one attendant left only the larger vehicle goes; a licensed bus needs the driver on its plate."""
    fill(sqlite_database)
    with sqlite_database.transaction() as tx:
        fleet_store.retire_crew(tx, "Z2", FRIDAY)
    with sqlite_database.reading() as tx:
        prepared = prepare(load_input(tx, FRIDAY), Direction.HOMEWARD)
    assert [option.plate for option in prepared.problem.vehicles] == [COACH]
    assert ("vehicle_without_attendant", LICENSED) in {(one.code, one.place) for one in prepared.notices}
    with sqlite_database.transaction() as tx:
        fleet_store.retire_crew(tx, "Z2", None)
        fleet_store.retire_crew(tx, "D1", FRIDAY)
    with sqlite_database.reading() as tx:
        prepared = prepare(load_input(tx, FRIDAY), Direction.HOMEWARD)
    assert ("vehicle_without_driver", LICENSED) in {(one.code, one.place) for one in prepared.notices}


def test_a_stop_that_is_not_designated_serves_nobody(sqlite_database: Database) -> None:
    """Its riders are left over with the reason; everybody else still rides."""
    made = fill(sqlite_database)
    ended = replace(made.stops[0], designated_to=date(2026, 3, 1))
    with sqlite_database.transaction() as tx:
        network_store.save_stops(tx, [ended])
    kept = stored(sqlite_database, plan(sqlite_database))
    reasons = {row["reason"] for row in kept.document["unserved"]}
    assert kept.summary.unserved_count == 3  # one of the four is fetched
    assert reasons == {"no_stop"}


def test_the_travel_file_is_the_truth_and_a_missing_pair_an_error(sqlite_database: Database) -> None:
    """With a file its own metres are used; with one pair missing nothing is planned, and it is named."""
    made = fill(sqlite_database)
    places = [CAMPUS, *(stop.stop_id for stop in made.stops)]
    ways = [
        TravelTime(origin=one, destination=two, distance_m=5000, duration_s=600)
        for one in places
        for two in places
        if one != two
    ]
    with sqlite_database.transaction() as tx:
        network_store.save_travel(tx, ways)
    kept = stored(sqlite_database, plan(sqlite_database))
    assert kept.document["travel"] == "file"
    assert all(trip["distance_m"] % 5000 == 0 for trip in kept.document["trips"])
    with sqlite_database.transaction() as tx:
        network_store.save_travel(tx, [way for way in ways if way.destination != StopId("S002")])
    with pytest.raises(InvalidInput) as refusal:
        plan(sqlite_database)
    assert {finding.code for finding in refusal.value.findings} == {"travel_way_missing"}


def fast_ways(database: Database) -> None:
    """A travel file that has every bus drive 5 km in two minutes: 150 km/h."""
    made = fill(database)
    places = [CAMPUS, *(stop.stop_id for stop in made.stops)]
    pairs = [(one, two) for one in places for two in places if one != two]
    with database.transaction() as tx:
        network_store.save_travel(
            tx,
            (TravelTime(origin=one, destination=two, distance_m=5000, duration_s=120) for one, two in pairs),
        )


def test_legs_above_the_speed_cap_are_slowed_and_the_plan_is_lawful(sqlite_database: Database) -> None:
    """The file's 150 km/h become 80; the plan says so, has no violation and can be approved (art. 35)."""
    fast_ways(sqlite_database)
    rosters.lock(sqlite_database, FRIDAY, by="u1", clock=FixedClock())
    plan_id = plan(sqlite_database)
    kept = stored(sqlite_database, plan_id)
    assert kept.violations == ()
    (told,) = (one for one in kept.notices if one["code"] == "legs_slowed")
    assert told["facts"]["cap_kmh"] == 80
    first = kept.document["trips"][0]["stops"][0]
    assert first["arrive_s"] == 225  # 5 km at 80 km/h
    planning.approve(sqlite_database, plan_id, by="u1", clock=FixedClock())


def test_a_plan_that_shows_a_leg_above_the_cap_is_found_whatever_the_matrix_says(
    sqlite_database: Database,
) -> None:
    """The check looks at the plan's own times: a forged arrival is a violation of its own."""
    fast_ways(sqlite_database)
    forged = copy.deepcopy(dict(stored(sqlite_database, plan(sqlite_database)).document))
    forged["trips"][0]["stops"][0]["arrive_s"] = 224
    found = planning.verify_document(sqlite_database, forged, weekend_on=FRIDAY)
    assert {"plan_leg_too_fast", "plan_arrival_wrong"} <= {one.code for one in found}


def test_a_plan_is_approved_only_on_the_roster_that_counts(sqlite_database: Database) -> None:
    """Not before the lock, not after a newer version; all reasons at once; one plan a direction."""
    made = fill(sqlite_database)
    clock, ids = FixedClock(), CountingIds()
    order: Facts = {"weekend_on": FRIDAY, "direction": Direction.HOMEWARD, "seconds": 0.3, "seed": 1}
    early = planning.plan_weekend(sqlite_database, **order, clock=clock, ids=ids)
    with pytest.raises(Refused) as refusal:
        planning.approve(sqlite_database, early, by="u1", clock=clock, unserved_seen=7)
    codes = [reason.code for reason in refusal.value.reasons]
    assert codes == ["roster_must_be_locked", "unserved_not_seen"]
    rosters.lock(sqlite_database, FRIDAY, by="u1", clock=clock)
    first = planning.plan_weekend(sqlite_database, **order, clock=clock, ids=ids)
    second = planning.plan_weekend(sqlite_database, **order, clock=clock, ids=ids)
    planning.approve(sqlite_database, first, by="u1", clock=clock, unserved_seen=0)
    with pytest.raises(Refused) as refusal:
        planning.approve(sqlite_database, second, by="u1", clock=clock)
    assert [reason.code for reason in refusal.value.reasons] == ["other_plan_stands"]
    change = rosters.EntryChange(rides_homeward=True, rides_return=True)
    rosters.change_entry(sqlite_database, FRIDAY, made.riders[4].rider_id, change, clock=clock)
    rosters.lock(sqlite_database, FRIDAY, by="u1", clock=clock, approval="家长来电")
    planning.discard(sqlite_database, first, by="u1", clock=clock)
    with pytest.raises(Refused) as refusal:
        planning.approve(sqlite_database, second, by="u1", clock=clock)
    assert [reason.code for reason in refusal.value.reasons] == ["roster_is_newer"]
    with pytest.raises(Refused):
        planning.discard(sqlite_database, first, by="u1", clock=clock)
    assert stored(sqlite_database, first).summary.state is PlanState.DISCARDED


def test_an_order_that_cannot_be_planned_is_refused(sqlite_database: Database) -> None:
    """No Friday, no time, an unknown direction: InvalidInput; nobody on the roster: Refused."""
    fill(sqlite_database)
    for changed in ({"weekend_on": SUNDAY}, {"seconds": 0}, {"seconds": 100_000}):
        with pytest.raises(InvalidInput):
            plan(sqlite_database, **changed)
    with pytest.raises(InvalidInput):
        planning.read_order({"weekend_on": "2026-03-13", "direction": "sideways"})
    with pytest.raises(Refused):
        plan(sqlite_database, weekend_on=date(2026, 3, 20))


def test_a_job_stores_its_plan(sqlite_database: Database) -> None:
    """The job's result names the plan, and progress was told to the end."""
    fill(sqlite_database)
    seen: list[int] = []

    def run() -> dict[str, str]:
        return planning.run_plan_job(
            sqlite_database,
            ORDER,
            on_progress=lambda progress: seen.append(progress.done_milli),
            should_stop=lambda: False,
            clock=FixedClock(),
            ids=CountingIds(),
        )

    result = run()
    assert [one.plan_id for one in planning.plans_of(sqlite_database, FRIDAY)] == [result["plan_id"]]
    assert seen[-1] == 1000
    with pytest.raises(Conflict):
        run()  # the counting ids give the same id again: a plan is never overwritten
    kept = stored(sqlite_database, result["plan_id"])
    assert kept.document["is_stopped"] is False
    last = course_of(kept.document)[-1]
    assert (last.cost_fen, last.bound_fen) == (kept.summary.cost_fen, kept.summary.lower_bound_fen)


@pytest.mark.parametrize("keeps", [True, False])
def test_a_stopped_search_keeps_its_best_plan_unless_it_is_not_wanted(
    sqlite_database: Database, keeps: bool
) -> None:
    """Stopped at once, a verified draft marked as stopped is stored; thrown away, nothing is."""
    fill(sqlite_database)

    def run() -> dict[str, str]:
        return planning.run_plan_job(
            sqlite_database,
            {**ORDER, "seconds": 60},
            on_progress=None,
            should_stop=lambda: True,
            keeps_best=lambda: keeps,
            clock=FixedClock(),
            ids=CountingIds(),
        )

    if not keeps:
        with pytest.raises(Refused):
            run()
        assert planning.plans_of(sqlite_database) == ()
        return
    kept = stored(sqlite_database, run()["plan_id"])
    assert kept.document["is_stopped"] is True
    assert kept.summary.state is PlanState.DRAFT
    assert kept.summary.served_count == 22
    assert kept.violations == ()
