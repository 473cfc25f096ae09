"""Changes to a released run: who may be added, struck off and moved, and which vehicle takes its place."""

from dataclasses import replace
from datetime import date

import pytest

from busops.domain.errors import InvalidInput, Refused
from busops.domain.events import ManifestChanged
from busops.domain.run import Phase
from busops.services import runs
from busops.storage import event_store, fleet_store, run_store
from tests import small_school
from tests.builders import DEPARTS_AT, Tablet
from tests.machine import CountingIds, FixedClock
from tests.run_kit import send, state
from tests.sim import world

FIRST, OTHER = "20230001", "20230002"
NEWCOMER = "20230003"  # of S004, which the run does not serve
IDS = CountingIds()
CLOCK = FixedClock(DEPARTS_AT)


@pytest.fixture
def plan(sqlite_database):
    """Run-1 of the coach over S001, S002 and S003, released, nothing heard of it."""
    world.fill(sqlite_database)
    return world.release(sqlite_database)


def act(database, service, *args, reason="电话", **own):
    """The office decides it on run-1."""
    return service(database, "run-1", *args, by="u1", reason=reason, clock=CLOCK, ids=IDS, **own)


def refused(database, service, *args, **own):
    """The codes of the reasons against it."""
    with pytest.raises(Refused) as refusal:
        act(database, service, *args, **own)
    return {reason.code: reason.facts for reason in refusal.value.reasons}


def heard(database, plan, *taps):
    """The tablet's taps arrive now."""
    tablet = Tablet(plan=plan)
    for kind, own in taps:
        tablet.record(kind, by="Z1", **own)
    send(database, tablet, clock=CLOCK)
    return tablet


def riders_of(database):
    """The riders of run-1 by their stop, as the newest manifest says."""
    with database.reading() as tx:
        return {each.rider_id: each.stop_id for each in run_store.load_run_plan(tx, "run-1").manifest}


def test_before_anything_happened_a_rider_is_struck_off(sqlite_database, plan) -> None:
    """Version 2 lacks him, version 1 keeps him, and the decision names him."""
    assert act(sqlite_database, runs.remove_rider, FIRST) == 2
    assert FIRST not in riders_of(sqlite_database)
    with sqlite_database.reading() as tx:
        assert FIRST in {each.rider_id for each in run_store.load_manifest(tx, "run-1", 1)}
        log = event_store.load_decisions(tx, "run-1")
    assert [each.removed for each in log if isinstance(each, ManifestChanged)] == [(FIRST,)]


MOVES = {
    "board": [("board", {"rider": OTHER, "stop": "@campus"})],
    "alight": [("alight", {"rider": OTHER, "stop": "S002"})],
    "depart": [("depart", {"stop": "@campus"})],
}


@pytest.mark.parametrize("taps", MOVES.values(), ids=MOVES.keys())
def test_once_anything_moved_nobody_is_struck_off(sqlite_database, plan, taps) -> None:
    """Any mark or a departure, even of others: refused with the rider and since when."""
    heard(sqlite_database, plan, *taps)
    facts = refused(sqlite_database, runs.remove_rider, FIRST)["removal_underway"]
    assert (facts["rider_id"], facts["since_at"] <= CLOCK.now()) == (FIRST, True)
    assert "removal_underway" in refused(
        sqlite_database, runs.change_manifest, tuple(each for each in plan.manifest if each.rider_id != FIRST)
    )
    assert FIRST in riders_of(sqlite_database)


def test_a_mark_that_was_taken_back_counts_too(sqlite_database, plan) -> None:
    """On and taken back is still something that happened: the list is not shortened behind it."""
    tablet = Tablet(plan=plan)
    tablet.void(tablet.board(FIRST, by="Z1"), by="Z1", after_s=5)
    send(sqlite_database, tablet, clock=CLOCK)
    assert state(sqlite_database, plan).phase is Phase.READY
    assert "removal_underway" in refused(sqlite_database, runs.remove_rider, FIRST)


def test_an_acknowledged_list_or_an_absence_does_not_bar_it(sqlite_database, plan) -> None:
    """Reading the list and a reason for not riding move nobody."""
    heard(sqlite_database, plan, ("ack", {}), ("absent", {"rider": OTHER, "reason": "ill"}))
    assert act(sqlite_database, runs.remove_rider, FIRST) == 2


def test_the_mark_that_arrives_between_page_and_press_wins(sqlite_database, plan) -> None:
    """The office looked at an empty run; the tablet was faster: the press is refused."""
    assert runs.run_view(sqlite_database, "run-1").state.phase is Phase.READY
    heard(sqlite_database, plan, *MOVES["board"])
    assert "removal_underway" in refused(sqlite_database, runs.remove_rider, FIRST)


def test_the_mark_that_happened_before_and_arrives_after_is_asked_for(sqlite_database, plan) -> None:
    """Struck off while a tablet was offline: its marks stand, and two people must look into it."""
    act(sqlite_database, runs.remove_rider, FIRST)
    heard(sqlite_database, plan, *MOVES["depart"], ("board", {"rider": FIRST, "stop": "@campus"}))
    found = state(sqlite_database, plan)
    assert FIRST in found.aboard
    assert f"removed_underway:{FIRST}" in {each.key for each in found.open_findings}


def test_riders_are_added_even_under_way(sqlite_database, plan) -> None:
    """At a stop of the run, registered, and on no other run; all else is refused by name."""
    heard(sqlite_database, plan, *MOVES["depart"])
    assert act(sqlite_database, runs.add_rider, NEWCOMER, "S003") == 2
    assert riders_of(sqlite_database)[NEWCOMER] == "S003"
    assert "rider_already_on_manifest" in refused(sqlite_database, runs.add_rider, NEWCOMER, "S003")
    assert "rider_not_registered" in refused(sqlite_database, runs.add_rider, "nobody", "S003")
    assert "stop_not_of_run" in refused(sqlite_database, runs.add_rider, "20230004", None)
    world.release(sqlite_database, run_id="run-2", stops=("S004", "S005"), trip_no=2)
    facts = refused(sqlite_database, runs.add_rider, "20230004", "S003")["rider_on_two_runs"]
    assert facts["run_id"] == "run-2"


def test_a_rider_is_moved_until_he_got_off(sqlite_database, plan) -> None:
    """To another stop of the run, keeping his own as a lawful one; afterwards his stop is history."""
    assert act(sqlite_database, runs.move_rider, FIRST, "S003") == 2
    with sqlite_database.reading() as tx:
        moved = run_store.load_run_plan(tx, "run-1").riders[FIRST]
    assert (moved.stop_id, "S002" in moved.other_stops) == ("S003", True)
    assert "stop_not_of_run" in refused(sqlite_database, runs.move_rider, FIRST, "S005")
    assert "rider_not_on_manifest" in refused(sqlite_database, runs.move_rider, "nobody", "S003")
    heard(
        sqlite_database,
        plan,
        ("board", {"rider": FIRST, "stop": "@campus"}),
        ("alight", {"rider": FIRST, "stop": "S003"}),
    )
    assert "moved_after_mark" in refused(sqlite_database, runs.move_rider, FIRST, "S001")


def test_nothing_is_changed_without_a_reason_or_after_the_end(sqlite_database, plan) -> None:
    """An empty reason is no reason, and a cancelled run has no list to change."""
    with pytest.raises(InvalidInput, match="reason_needed"):
        act(sqlite_database, runs.remove_rider, FIRST, reason=" ")
    act(sqlite_database, runs.cancel_run)
    assert "run_over" in refused(sqlite_database, runs.add_rider, NEWCOMER, "S003")
    crew = {"driver_id": "D2", "attendant_ids": ("Z2",)}
    assert "run_over" in refused(sqlite_database, runs.change_crew, **crew)


def test_a_substitute_must_be_registered_free_and_allowed(sqlite_database, plan) -> None:
    """Papers of the day, another run at that time, an unknown number: all are reasons."""
    with sqlite_database.transaction() as tx:
        d1 = next(each for each in fleet_store.load_crew(tx) if each.crew_id == "D1")
        fleet_store.save_crew(tx, [replace(d1, audit_to=date(2026, 3, 1))])
    found = refused(sqlite_database, runs.change_crew, driver_id="D1", attendant_ids=("Z1",))
    assert "driver_audit_expired" in found
    found = refused(sqlite_database, runs.change_crew, driver_id="D2", attendant_ids=("Z1", "Z9"))
    assert found["no_such_crew_member"]["crew_ids"] == ["Z9"]
    world.release(sqlite_database, run_id="run-2", stops=("S004",), trip_no=2)
    with sqlite_database.transaction() as tx:
        world.give_to_another_crew(tx, "run-2")
    assert "crew_busy" in refused(sqlite_database, runs.change_crew, driver_id="D2", attendant_ids=("Z2",))


def test_another_vehicle_is_another_run_with_tags_of_its_own(sqlite_database, plan) -> None:
    """The old run is cancelled; the new one has its riders, times and crew, and nobody's checks."""
    insure(sqlite_database)
    new_id = act(sqlite_database, runs.substitute_vehicle, small_school.LAPSED)
    with sqlite_database.reading() as tx:
        new = run_store.load_run_plan(tx, new_id)
    assert runs.run_view(sqlite_database, "run-1").state.phase is Phase.CANCELLED
    assert (new.plate, new.manifest, new.driver_id) == (small_school.LAPSED, plan.manifest, plan.driver_id)
    assert (new.stops, new.roster_v) == (plan.stops, 1)
    assert set(new.tags.values()).isdisjoint(plan.tags.values())
    assert all(len(rows) == 2 for rows in new.asked_rows.values())


def test_a_vehicle_whose_papers_forbid_the_day_or_that_is_full_takes_no_place(sqlite_database, plan) -> None:
    """Every reason at once, and the run is as it was."""
    assert "vehicle_insurance_expired" in refused(
        sqlite_database, runs.substitute_vehicle, small_school.LAPSED
    )
    assert "no_such_vehicle" in refused(sqlite_database, runs.substitute_vehicle, "川FX9999")
    assert "same_vehicle" in refused(sqlite_database, runs.substitute_vehicle, small_school.COACH)
    found = refused(sqlite_database, runs.substitute_vehicle, small_school.LICENSED)
    assert "driver_not_on_plate" in found
    heard(sqlite_database, plan, *MOVES["depart"])
    insure(sqlite_database)
    assert "bus_has_left" in refused(sqlite_database, runs.substitute_vehicle, small_school.LAPSED)
    assert runs.run_view(sqlite_database, "run-1").state.phase is Phase.UNDERWAY


def insure(database) -> None:
    """The third vehicle may drive."""
    with database.transaction() as tx:
        lapsed = next(each for each in fleet_store.load_vehicles(tx) if each.plate == small_school.LAPSED)
        fleet_store.save_vehicles(tx, [replace(lapsed, insurance_to=small_school.NEXT_YEAR)])
