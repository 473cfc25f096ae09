"""Riders between two buses, or in two: somebody is called in the school's time, and each time anew."""

from datetime import timedelta

import pytest

from busops.domain.safety_policy import SafetyPolicy
from busops.services import safety_policy, watch
from busops.storage import alarm_store
from busops.storage.database import Database
from tests import small_school
from tests.builders import DEPARTS_AT
from tests.machine import FixedClock
from tests.run_kit import send, store_run
from tests.transfer_histories import MOVED, A, into, out, stranded
from tests.unit.services.test_transfers import CLOCK, IDS, B, alarms, move


@pytest.fixture
def road(sqlite_database: Database) -> Database:
    """Run-1 stands on the road with r2 and r3 aboard; run-2 goes the same way with every seat free."""
    small_school.fill(sqlite_database)
    store_run(sqlite_database, A)
    store_run(sqlite_database, B)
    send(sqlite_database, stranded(), clock=CLOCK)
    return sqlite_database


def test_who_is_between_two_buses_too_long_is_called_until_he_is_in_one(road: Database) -> None:
    """Ten minutes after he went out: level 2, and for nobody whom the other bus has; over when it has him."""
    move(road)
    first = stranded()
    out(first, *MOVED)
    send(road, first, clock=CLOCK)
    send(road, into("r2", now_s=first.now_s), clock=CLOCK)
    left_s = first.now_s
    assert watched(road, left_s + 599) == []
    assert watched(road, left_s + 601) == [("r3", 2)]
    send(road, into("r2", "r3", now_s=left_s), clock=CLOCK)
    assert watched(road, left_s + 602) == []


def test_a_school_that_waits_less_is_called_sooner(road: Database) -> None:
    """Five minutes instead of ten, and the responsible after six."""
    policy = SafetyPolicy(between_call_min=5, between_grave_min=6)
    safety_policy.change_policy(road, policy, reason="short ways", by="u1", clock=CLOCK)
    move(road)
    first = stranded()
    out(first, *MOVED)
    send(road, first, clock=CLOCK)
    send(road, into("r2", now_s=first.now_s), clock=CLOCK)
    assert watched(road, first.now_s + 299) == []
    assert watched(road, first.now_s + 301) == [("r3", 2)]
    assert sorted(watched(road, first.now_s + 361)) == [("r3", 2), ("r3", 3)]


def test_who_is_between_two_buses_a_second_time_is_called_a_second_time(road: Database) -> None:
    """There, back and there again: the alarm that was over once calls nobody, so another one does."""
    move(road)
    first = stranded()
    out(first, *MOVED)
    send(road, first, clock=CLOCK)
    assert len(watched(road, first.now_s + 601)) == 2
    send(road, into(*MOVED, now_s=first.now_s), clock=CLOCK)
    first.record("moved_in", rider="r2", text="run-2", after_s=700)
    out(first, "r2")
    send(road, first, clock=CLOCK)
    assert watched(road, first.now_s + 599) == []
    assert watched(road, first.now_s + 601) == [("r2", 2)]


def test_tr04_who_is_in_two_buses_a_second_time_is_looked_for_a_second_time(road: Database) -> None:
    """Back into the first bus before the second one says that he left it: somebody is called once more."""
    first = stranded()
    send(road, into("r2"), clock=CLOCK)
    out(first, "r2")
    send(road, first, clock=CLOCK)
    assert alarms(road) == []
    first.record("moved_in", rider="r2", text="run-2", after_s=300)
    send(road, first, clock=CLOCK)
    assert "aboard_two_runs" in {kind for _, kind in alarms(road)}


def watched(database: Database, now_s: int) -> list[tuple[str, int]]:
    """The alarms about riders between buses that stand after a look at that moment."""
    clock = FixedClock(DEPARTS_AT + timedelta(seconds=now_s))
    watch.raise_due_alarms(database, clock=clock, ids=IDS)
    with database.reading() as tx:
        found = alarm_store.load_alarms(tx, "run-1")
    return [(alarm.occasion.split(":")[1], alarm.level) for alarm in found if alarm.kind == "transfer_open"]
