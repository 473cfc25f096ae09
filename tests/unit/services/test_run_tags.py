"""Tags of a vehicle: from a secret, the same all term, others from a day on; and the level of a run."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from busops.domain.errors import Refused
from busops.domain.evidence import Evidence, in_order_of_the_walk
from busops.domain.fleet import CrewRole
from busops.domain.values import CrewId
from busops.services import day_weather, run_tags
from busops.services.evidence import asks_of, level_of_run
from busops.storage import fleet_store, run_store, tag_store
from busops.storage.database import Database
from busops.storage.day_store import Weather
from tests import small_school
from tests.machine import CountingIds
from tests.sim import world

FRIDAY = date(2026, 3, 13)
CLOCK = world.a_clock(-60)


def change(database: Database, from_on: date, ids: CountingIds) -> run_tags.VehicleTags:
    """The coach gets other tags from that day on."""
    plate = small_school.COACH
    return run_tags.change_tags(database, plate, from_on=from_on, by="dora", clock=CLOCK, ids=ids)


def codes_on(database: Database, on: date) -> dict[str, str]:
    """The coach's codes on a day, as a release takes them."""
    with database.transaction() as tx:
        coach = next(each for each in fleet_store.load_vehicles(tx) if each.plate == small_school.COACH)
        return run_tags.tags_of(tx, coach, on, clock=CLOCK, ids=CountingIds())


def test_tags_that_hang_already_stay_and_missing_places_get_codes(sqlite_database: Database) -> None:
    """The first secret keeps what was printed before there were secrets and adds mid and rear exit."""
    world.fill(sqlite_database)
    codes = codes_on(sqlite_database, FRIDAY)
    rows = max(int(place[4:]) for place in codes if place.startswith("row:"))
    assert tuple(codes) == in_order_of_the_walk(rows)
    assert {place: codes[place] for place in world.TAGS if place in codes} == {
        place: code for place, code in world.TAGS.items() if place in codes
    }
    assert len(set(codes.values())) == len(codes)
    assert codes == codes_on(sqlite_database, FRIDAY + timedelta(days=90))


def test_new_tags_hold_from_their_day_and_none_is_as_before(sqlite_database: Database) -> None:
    """The day before the old codes, from the day on others at every place."""
    small_school.fill(sqlite_database)
    ids = CountingIds()
    change(sqlite_database, FRIDAY, ids)
    before = codes_on(sqlite_database, FRIDAY)
    changed = change(sqlite_database, FRIDAY + timedelta(days=7), ids)
    assert codes_on(sqlite_database, FRIDAY + timedelta(days=6)) == before
    after = codes_on(sqlite_database, FRIDAY + timedelta(days=7))
    assert dict(changed.tags) == after
    assert all(before[place] != after[place] for place in before)


def test_new_tags_are_refused_for_days_gone_by_days_taken_and_days_with_open_runs(
    sqlite_database: Database,
) -> None:
    """Yesterday, a day before tags already made, and a day on which a released run is open."""
    world.fill(sqlite_database)
    ids = CountingIds()
    change(sqlite_database, FRIDAY, ids)
    with pytest.raises(Refused, match="tags_from_past_day"):
        change(sqlite_database, FRIDAY - timedelta(days=1), ids)
    change(sqlite_database, FRIDAY + timedelta(days=7), ids)
    with pytest.raises(Refused, match="tags_made_already"):
        change(sqlite_database, FRIDAY + timedelta(days=3), ids)
    later = world.DEPARTS_AT + timedelta(days=14)
    world.release(sqlite_database, departs_at=later)
    with pytest.raises(Refused, match="tags_in_use"):
        change(sqlite_database, FRIDAY + timedelta(days=14), ids)
    assert change(sqlite_database, FRIDAY + timedelta(days=15), ids).valid_from == date(2026, 3, 28)


def test_tags_of_last_term_are_called_stale_until_new_ones_are_made(sqlite_database: Database) -> None:
    """The page reminds the office in the new term, and no longer once a change is coming."""
    small_school.fill(sqlite_database)
    long_ago = world.a_clock(-60 * 24 * 400)
    plate, ids = small_school.COACH, CountingIds()
    run_tags.change_tags(sqlite_database, plate, from_on=FRIDAY, by="dora", clock=long_ago, ids=ids)
    found = run_tags.tags_on(sqlite_database, plate, FRIDAY)
    assert found is not None
    assert found.is_stale
    change(sqlite_database, FRIDAY + timedelta(days=1), ids)
    found = run_tags.tags_on(sqlite_database, plate, FRIDAY)
    assert found is not None
    assert (found.is_stale, found.next_from) == (False, FRIDAY + timedelta(days=1))


def test_a_crew_new_to_a_vehicle_that_has_been_out_raises_the_level(sqlite_database: Database) -> None:
    """The usual crew no, its first day no, somebody new yes; a hot day yes."""
    school = world.fill(sqlite_database)
    people = {member.crew_id: member for member in school.crew}
    usual = [people[crew_id] for crew_id in world.CREWS.values()]
    other = [usual[0], next(each for each in school.crew if each.crew_id not in world.CREWS.values())]
    with sqlite_database.reading() as tx:
        coach = next(each for each in fleet_store.load_vehicles(tx) if each.plate == small_school.COACH)
        assert level_of_run(tx, coach, FRIDAY, other) is coach.evidence
    world.release(sqlite_database)
    with sqlite_database.reading() as tx:
        next_day = FRIDAY + timedelta(days=2)
        assert level_of_run(tx, coach, next_day, usual) is Evidence.E2
        assert level_of_run(tx, coach, next_day, other) is Evidence.E3
        assert level_of_run(tx, coach, FRIDAY, other) is Evidence.E2, "nobody had driven it before that day"
    for weather, level in ((Weather.COLD, Evidence.E2), (Weather.HOT, Evidence.E3)):
        day_weather.mark_day(sqlite_database, next_day, weather, by="dora", clock=world.a_clock(0))
        with sqlite_database.reading() as tx:
            assert level_of_run(tx, coach, next_day, usual) is level


def test_a_run_keeps_its_level_and_tells_the_tablet_places_only(sqlite_database: Database) -> None:
    """What was stored comes back; the pack names the places in the order of the walk and never a code."""
    world.fill(sqlite_database)
    plan = world.release(sqlite_database)
    assert asks_of(plan)["places"]["attendant"] == ["rear", "row:2", "row:7"]
    tags = {**world.TAGS, "mid": "100001", "exit": "100002"}
    guarded = replace(plan, run_id="run-2", evidence=Evidence.E4, tags=tags)
    asks = asks_of(guarded)
    assert asks["places"][CrewRole.DRIVER.value.lower()] == ["mid", "rear", "exit", "row:4", "row:6"]
    assert (asks["level"], asks["photo"], asks["sensor"]) == ("E4", True, True)
    assert not any(code in str(asks) for code in tags.values())
    with sqlite_database.transaction() as tx:
        stored = run_store.ReleasedRun(plan=guarded, trip_no=2, made_at=plan.departs_at, made_by="u1")
        run_store.insert_run(tx, stored)
    with sqlite_database.reading() as tx:
        found = run_store.load_run_plan(tx, guarded.run_id)
        assert (found.evidence, found.asked_rows) == (guarded.evidence, guarded.asked_rows)
        assert {role: found.asked_codes(role) for role in CrewRole} == {
            role: guarded.asked_codes(role) for role in CrewRole
        }
        assert tag_store.open_runs_from(tx, plan.plate, FRIDAY) == ("run-1", "run-2")
    assert CrewId("Z1") in guarded.attendant_ids
