"""A bus that goes no further: who may take its riders over, and how both runs come to their end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from busops.domain.errors import InvalidInput, Refused
from busops.domain.events import StrandedBy, TransferOpened
from busops.domain.run import Phase
from busops.domain.values import Direction
from busops.services import handovers, incidents, runs, tablet_pack
from busops.services.transfers import Opening, targets_of
from busops.storage import alarm_store, event_store, fleet_store, handover_store, run_store
from busops.storage.database import Database
from busops.storage.handover_store import PickupCode
from tests import small_school
from tests.builders import ATTENDANT, DEPARTS_AT, DRIVER, Tablet, a_run
from tests.interlock_tools import ended
from tests.machine import CountingIds, FixedClock
from tests.run_kit import PrefixedIds, send, settle, state, store_run
from tests.small_school import COACH, LAPSED, LICENSED
from tests.transfer_histories import MOVED, A, into, out, stranded

ROADSIDE = DEPARTS_AT + timedelta(minutes=20)
B = a_run(
    run_id="run-2", riders=0, plate="川F00002", driver_id="D9", attendant_ids=("A9",), devices=frozenset({2})
)
CLOCK = FixedClock(ROADSIDE)
IDS = PrefixedIds("x", CountingIds())
BROKEN = Opening(cause=StrandedBy.BREAKDOWN, reason="冒烟")


@pytest.fixture
def road(sqlite_database: Database) -> Database:
    """Run-1 stands on the road with r2 and r3 aboard; run-2 goes the same way with every seat free."""
    small_school.fill(sqlite_database)
    store_run(sqlite_database, A)
    store_run(sqlite_database, B)
    send(sqlite_database, stranded(), clock=CLOCK)
    return sqlite_database


def move(database: Database, to_run_id: str = "run-2", **own: Any) -> str:
    """The office moves the riders of run-1 to another run."""
    return runs.open_transfer(
        database, "run-1", to_run_id, **({"opening": BROKEN, "by": "u1", "clock": CLOCK, "ids": IDS} | own)
    )


def send_bus(database: Database, plate: str = COACH, driver: str = "D2", *attendants: str) -> str:
    """The office sends another bus."""
    crew = (driver, attendants or ("Z1",))
    here = {"opening": BROKEN, "by": "u1", "clock": CLOCK, "ids": IDS}
    return runs.send_substitute(database, "run-1", plate=plate, crew=crew, **here)


def refused(act: Any, *args: Any) -> set[str]:
    """The codes of every reason against it."""
    with pytest.raises(Refused) as refusal:
        act(*args)
    return {reason.code for reason in refusal.value.reasons}


def test_the_riders_are_awaited_on_the_other_run_and_the_incident_is_open(road: Database) -> None:
    """A new version of its manifest, for its crew to acknowledge; nobody is moved by the office."""
    assert move(road) == "run-2"
    here, there = state(road, A), state(road, B)
    assert {each.rider_id: each.from_run_id for each in there.plan.manifest} == dict.fromkeys(MOVED, "run-1")
    assert there.plan.roster_v == 2
    assert (here.aboard, there.not_yet) == (set(MOVED), set(MOVED))
    assert [each.kind.value for each in incidents.incidents_of(road, "run-1")] == ["stranded"]
    with road.reading() as tx:
        opened = [
            each for each in event_store.load_decisions(tx, "run-1") if isinstance(each, TransferOpened)
        ]
    assert [(each.to_run_id, each.rider_ids) for each in opened] == [("run-2", MOVED)]


def test_tr01_tr03_both_runs_come_to_their_end_and_the_old_bus_is_checked(road: Database) -> None:
    """Out on one, in on the other, counted; run-1 closes where it stands, after its own two checks."""
    move(road)
    first = stranded()
    out(first, *MOVED)
    send(road, first, clock=CLOCK)
    assert dict(state(road, A).moving) == dict.fromkeys(MOVED, "run-2")
    assert alarms(road) == []
    second = into(*MOVED, plan=replace(B, roster_v=2), now_s=first.now_s)
    send(road, second, clock=CLOCK)
    assert not state(road, A).moving
    assert state(road, B).aboard == set(MOVED)
    assert alarms(road) == []
    with pytest.raises(Refused):
        close(road)
    ended(first)
    send(road, first)
    settle(road, "run-1", state(road, A).open_findings[0], CLOCK, IDS)
    close(road)
    assert state(road, A).phase is Phase.CLOSED


def close(database: Database) -> None:
    """Somebody presses close on run-1."""
    runs.close_run(database, "run-1", by="u1", clock=CLOCK, ids=IDS)


def alarms(database: Database) -> list[tuple[str, str]]:
    """The alarms about riders on two runs, or on one without the other's word, that are not over."""
    with database.reading() as tx:
        found = alarm_store.load_alarms(tx)
    kinds = ("aboard_two_runs", "moved_in_alone", "wrong_route")
    return [(alarm.run_id, alarm.kind) for alarm in found if alarm.kind in kinds]


def test_tr04_who_comes_over_from_a_bus_that_has_him_still_is_looked_for_in_both(road: Database) -> None:
    """The other tablet is offline: aboard both, one alarm; it ends with the move out."""
    move(road)
    send(road, into("r2"), clock=CLOCK)
    assert state(road, B).aboard == {"r2"}
    assert "aboard_two_runs" in {kind for _, kind in alarms(road)}
    first = stranded()
    out(first, *MOVED)
    send(road, first, clock=CLOCK)
    assert alarms(road) == []


def test_tr04_who_comes_over_from_a_bus_that_never_had_him_is_told(road: Database) -> None:
    """Aboard, a finding, and the office is called until the other bus says so."""
    send(road, into("r9"), clock=CLOCK)
    assert state(road, B).aboard == {"r9"}
    assert "moved_in_alone" in {each.code for each in state(road, B).findings}
    assert alarms(road) == [("run-2", "moved_in_alone")]
    first = stranded()
    out(first, "r9")
    send(road, first, clock=CLOCK)
    assert alarms(road) == []


def test_tr02_a_full_bus_is_refused(road: Database) -> None:
    """One seat for two riders: nothing is moved, and the reason is told."""
    store_run(road, replace(B, run_id="run-3", approved_students=1))
    assert refused(move, road, "run-3") == {"over_students"}
    assert not state(road, replace(B, run_id="run-3")).plan.manifest
    assert {each.run_id: each.free for each in targets_of(road, "run-1")} == {"run-2": 40, "run-3": 1}


CASES = {
    "another way": (replace(B, direction=Direction.RETURN), "run_takes_nobody"),
    "another day": (replace(B, on=B.on + timedelta(days=1)), "run_takes_nobody"),
    "another line": (a_run(run_id="run-2", riders=0, stops=("S1", "S2")), "stop_not_of_run"),
}


@pytest.mark.parametrize(("plan", "code"), CASES.values(), ids=CASES)
def test_a_run_that_does_not_go_there_takes_nobody(sqlite_database: Database, plan: Any, code: str) -> None:
    """Another day, another way or a line without the rider's stop."""
    store_run(sqlite_database, A)
    store_run(sqlite_database, replace(plan, run_id="run-2"))
    send(sqlite_database, stranded(), clock=CLOCK)
    assert code in refused(move, sqlite_database)


def test_a_bus_that_has_passed_the_stop_takes_nobody(road: Database) -> None:
    """Run-2 has left S2, where r2 gets off."""
    other = Tablet(plan=B, dev=2, now_s=0)
    for stop_id in ("@campus", "S1", "S2"):
        other.record("depart", stop=stop_id, by="D9")
    send(road, other, clock=CLOCK)
    assert refused(move, road) == {"stop_not_of_run"}


def test_nobody_aboard_nobody_to_move_and_a_reason_is_needed(road: Database) -> None:
    """Run-2 has nobody; no such run; no words."""
    first = stranded()
    first.alight("r2")
    first.alight("r3")
    send(road, first, clock=CLOCK)
    assert refused(move, road) == {"nobody_to_move"}
    assert refused(move, road, "run-77") == {"no_such_run"}
    with pytest.raises(InvalidInput):
        move(road, opening=replace(BROKEN, reason=" "))


def test_a_substitute_goes_the_rest_of_the_way_with_other_people(road: Database) -> None:
    """Its own run from the stop left last, its own tags and list; nobody gets on at a stop."""
    made = send_bus(road)
    with road.reading() as tx:
        plan = run_store.load_run_plan(tx, made)
    assert plan.stop_ids == ("S1", "S2", "S3")
    assert (plan.plate, plan.driver_id, plan.attendant_ids) == (COACH, "D2", ("Z1",))
    assert plan.departs_at == ROADSIDE + timedelta(minutes=30)
    assert {plan.boards_at(rider) for rider in plan.manifest} == {None}
    assert plan.tags != A.tags
    assert set(plan.riders) == set(MOVED)


SUBSTITUTES = {
    "papers lapsed": ((LAPSED, "D2", "Z1"), "vehicle_insurance_expired"),
    "no attendant of the register": ((COACH, "D2", "nobody"), "no_attendant"),
    "the driver of the stranded bus": ((COACH, DRIVER, "Z1"), "crew_busy"),
    "its attendant": ((COACH, "D2", ATTENDANT), "crew_busy"),
    "not on the plate": ((LICENSED, "D2", "Z1"), "driver_not_on_plate"),
    "the same vehicle": ((A.plate, "D2", "Z1"), "same_vehicle"),
    "of a run that nobody checked": ((COACH, "D9", "Z1"), "crew_run_unchecked"),
}


@pytest.mark.parametrize(("choice", "code"), SUBSTITUTES.values(), ids=SUBSTITUTES)
def test_a_substitute_must_pass_what_a_release_asks(road: Database, choice: tuple, code: str) -> None:
    """Papers, plate, other runs: refused with the reason, and no run is made."""
    assert code in refused(send_bus, road, *choice)
    with road.reading() as tx:
        assert {run.run_id for run in run_store.list_runs(tx)} == {"run-1", "run-2"}


def test_a_substitute_with_an_open_defect_or_a_run_left_open_is_refused(road: Database) -> None:
    """What keeps a vehicle or a crew from a release keeps them from this one, and it is told as reasons."""
    day = timedelta(days=1)
    before = replace(
        B, run_id="run-0", plate=COACH, driver_id="D2", attendant_ids=("Z2",), devices=frozenset(),
        on=B.on - day, departs_at=B.departs_at - day, arrives_at=B.arrives_at - day,
    )  # fmt: skip
    store_run(road, before)
    tablet = Tablet(plan=before, dev=7)
    tablet.record("precheck", by="D2", codes=["critical"], reason="漏油")
    send(road, tablet, clock=CLOCK)
    codes = refused(send_bus, road)
    assert {"vehicle_defect_open", "vehicle_run_unclosed", "crew_run_unclosed"} <= codes


@pytest.mark.parametrize("take_over", [move, send_bus], ids=["another run", "a substitute"])
def test_a_pick_up_code_goes_with_its_rider(road: Database, take_over: Any) -> None:
    """The list of the bus that takes him knows the code that his guardian was told."""
    made = PickupCode(
        rider_id="r2", salt="0" * 32, rounds=1, proof="a" * 64, made_by="u1", made_at=DEPARTS_AT
    )
    with road.transaction() as tx:
        handover_store.replace_code(tx, "run-1", made)
    to_run_id = take_over(road)
    assert handovers.codes_of(road, to_run_id) == {"r2"}


def test_a_substitute_on_another_run_at_that_time_is_refused(road: Database) -> None:
    """The coach and the driver are on run-3, which leaves later and meets it on the way."""
    at = ROADSIDE + timedelta(minutes=40)
    later = replace(B, run_id="run-3", plate=COACH, driver_id="D2", attendant_ids=("Z2",))
    store_run(road, replace(later, departs_at=at, arrives_at=at + timedelta(hours=1)))
    assert refused(send_bus, road) == {"vehicle_busy", "crew_busy"}


def test_tr02_a_substitute_that_is_too_small_is_refused(road: Database) -> None:
    """One seat for two riders."""
    with road.transaction() as tx:
        vehicle = next(each for each in fleet_store.load_vehicles(tx) if each.plate == COACH)
        fleet_store.save_vehicles(tx, [replace(vehicle, approved_students=1)])
    assert refused(send_bus, road) == {"over_students"}


def test_the_awaited_riders_hold_up_no_departure_of_the_substitute(road: Database) -> None:
    """They get on between stops: neither a count nor a mark is asked before it leaves its first stop."""
    made = send_bus(road)
    with road.reading() as tx:
        plan = run_store.load_run_plan(tx, made)
    tablet = Tablet(plan=plan, dev=3, now_s=4000)
    tablet.record("ack", by="Z1")
    tablet.record("depart", stop="S1", by="D2")
    send(road, tablet)
    codes = {each.code for each in state(road, plan).findings}
    assert not codes & {"departed_without_riders", "departed_without_count", "departed_without_ack"}


def test_a_rider_on_the_wrong_bus_is_named_with_the_right_one(road: Database) -> None:
    """SOP 3: marked on run-2, on the list of run-1: the office is called, the run waits for two people."""
    other = Tablet(plan=B, dev=2, now_s=0)
    other.board("r1")
    other.board("r9")
    send(road, other, clock=CLOCK)
    (finding,) = [each for each in state(road, B).findings if each.code == "wrong_route"]
    assert finding.facts == {"rider_id": "r1", "run_name": "川F00001 16:00"}
    assert ("run-2", "wrong_route") in alarms(road)
    walk_ons = {each.place for each in state(road, B).findings if each.code == "walk_on"}
    assert walk_ons == {"r1", "r9"}


def test_both_tablets_know_of_it_from_their_lists(road: Database) -> None:
    """Where run-1's riders go stands in its list and its news; run-2's riders say where they come from."""
    assert tablet_pack.pack(road, "run-1")["transfer"] is None
    move(road)
    there = {"run": "run-2", "name": "川F00002 16:00"}
    assert tablet_pack.pack(road, "run-1")["transfer"] == there
    news = tablet_pack.news(road, "run-1", now=ROADSIDE, crew_id=ATTENDANT)
    assert news.document["transfer"] == there
    awaited = tablet_pack.pack(road, "run-2")
    here = {"run": "run-1", "name": "川F00001 16:00"}
    assert {each["rider"]: each["from"] for each in awaited["riders"]} == dict.fromkeys(MOVED, here)
    assert awaited["transfer"] is None
