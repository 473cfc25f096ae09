"""One ladder is not another: voided proofs, silence, lateness, absent riders, on both databases."""

from datetime import datetime, timedelta

from busops.domain.fleet import CrewRole
from busops.services import runs, watch
from busops.storage import alarm_store, device_store
from busops.storage.alarm_store import Alarm
from busops.storage.database import Database
from tests.builders import DEPARTS_AT, Tablet, a_run
from tests.machine import CountingIds, FixedClock
from tests.run_kit import send, state, store_run

IDS = CountingIds()


def look(database: Database, at: datetime, kind: str) -> list[int]:
    """The watch looks at that moment; the levels of this kind that it raised."""
    raised = watch.raise_due_alarms(database, clock=FixedClock(at), ids=IDS)
    return [alarm.level for alarm in raised if alarm.kind == kind]


def standing(database: Database, kind: str) -> list[Alarm]:
    """The alarms of this kind that are not over."""
    with database.reading() as tx:
        return [alarm for alarm in alarm_store.load_alarms(tx) if alarm.kind == kind]


def true_time(tablet: Tablet) -> datetime:
    """When the tablet recorded its last event."""
    return DEPARTS_AT + timedelta(seconds=tablet.now_s)


def test_a_ladder_climbed_once_rings_again_after_the_check_was_voided(database: Database) -> None:
    """L1 and L2, the checks, then the bus moves: all five levels come again, counted from that movement."""
    plan = a_run()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    send(database, tablet, clock=FixedClock(true_time(tablet)))
    off_at = true_time(tablet)
    assert look(database, off_at + timedelta(minutes=5), "check_overdue") == [1, 2]
    tablet.now_s += 300
    tablet.prove_empty()
    send(database, tablet, only=tablet.log[-3:], clock=FixedClock(true_time(tablet)))
    assert standing(database, "check_overdue") == []
    moved = tablet.record("depart", stop=plan.terminal, by=plan.driver_id, after_s=120)
    moved_at = true_time(tablet)
    send(database, tablet, only=[moved], clock=FixedClock(moved_at))
    assert not state(database, plan).checks.is_complete
    raised = {}
    for second in range(0, 31 * 60, 20):
        for level in look(database, moved_at + timedelta(seconds=second), "check_overdue"):
            assert level not in raised
            raised[level] = second
    assert raised == {1: 180, 2: 300, 3: 600, 4: 900, 5: 1800}
    assert all(moved.event_id in alarm.occasion for alarm in standing(database, "check_overdue"))


def test_a_movement_that_voided_nothing_keeps_the_ladder_where_it_is(database: Database) -> None:
    """One check alone ended nothing: a movement after it neither restarts the clock nor repeats a level."""
    plan = a_run()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    off_at = true_time(tablet)
    send(database, tablet, clock=FixedClock(off_at))
    assert look(database, off_at + timedelta(minutes=3), "check_overdue") == [1]
    tablet.check(CrewRole.ATTENDANT, after_s=240)
    send(database, tablet, only=tablet.log[-1:], clock=FixedClock(true_time(tablet)))
    tablet.record("depart", stop=plan.terminal, by=plan.driver_id, after_s=30)
    send(database, tablet, only=tablet.log[-1:], clock=FixedClock(true_time(tablet)))
    assert look(database, off_at + timedelta(minutes=5), "check_overdue") == [2]
    assert look(database, off_at + timedelta(minutes=10), "check_overdue") == [3]


def test_a_second_movement_does_not_start_a_third_ladder(database: Database) -> None:
    """The proof was void already: the ladder of the first movement goes on."""
    plan = a_run()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    tablet.prove_empty()
    send(database, tablet, clock=FixedClock(true_time(tablet)))
    first = tablet.record("depart", stop=plan.terminal, by=plan.driver_id, after_s=60)
    first_at = true_time(tablet)
    send(database, tablet, only=[first], clock=FixedClock(first_at))
    assert look(database, first_at + timedelta(minutes=5), "check_overdue") == [1, 2]
    second = tablet.record("depart", stop=plan.terminal, by=plan.driver_id, after_s=400)
    send(database, tablet, only=[second], clock=FixedClock(true_time(tablet)))
    assert look(database, first_at + timedelta(minutes=9), "check_overdue") == []
    assert look(database, first_at + timedelta(minutes=10), "check_overdue") == [3]


def test_a_run_opened_again_has_its_own_ladder(database: Database) -> None:
    """Closed, opened by the office, not checked: the levels come from the reopening, once."""
    plan = a_run()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    send(database, tablet, clock=FixedClock(true_time(tablet)))
    off_at = true_time(tablet)
    assert look(database, off_at + timedelta(minutes=3), "check_overdue") == [1]
    tablet.prove_empty()
    tablet.seal()
    done_at = off_at + timedelta(minutes=9)
    send(database, tablet, clock=FixedClock(done_at))
    runs.close_run(database, plan.run_id, by="u1", clock=FixedClock(done_at), ids=IDS)
    again_at = done_at + timedelta(minutes=10)
    runs.reopen_run(database, plan.run_id, reason="look", by="u1", clock=FixedClock(again_at), ids=IDS)
    assert look(database, again_at + timedelta(minutes=5), "check_overdue") == [1, 2]
    assert look(database, again_at + timedelta(minutes=10), "check_overdue") == [3]


def test_a_late_bus_whose_tablet_speaks_is_late_and_not_unchecked(database: Database) -> None:
    """Ten, twenty, forty minutes late: its own kind and no ladder; over with the arrival."""
    plan = a_run()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    tablet.set_out()
    send(database, tablet, clock=FixedClock(true_time(tablet)))
    found: list[tuple[int, int]] = []
    for minute in range(60):
        at = plan.arrives_at + timedelta(minutes=minute)
        hear(database, at)
        raised = watch.raise_due_alarms(database, clock=FixedClock(at), ids=IDS)
        assert all(alarm.kind == "run_late" for alarm in raised)
        found += [(minute, alarm.level) for alarm in raised]
    assert found == [(10, 1), (20, 2), (40, 3)]
    tablet.now_s = int((plan.arrives_at - DEPARTS_AT).total_seconds()) + 59 * 60
    tablet.record("arrive", stop=plan.terminal, after_s=0)
    send(database, tablet, only=tablet.log[-1:], clock=FixedClock(true_time(tablet)))
    assert look(database, true_time(tablet) + timedelta(minutes=3), "check_overdue") == [1]
    assert standing(database, "run_late") == []


def hear(database: Database, at: datetime) -> None:
    """The run's tablet asks for news at that moment."""
    with database.transaction() as tx:
        if not device_store.load_devices(tx):
            assert device_store.enrol(tx, "tablet", at=at).dev == 1
        device_store.touch(tx, 1, at=at)


def test_an_hour_late_the_ladder_starts_whatever_the_tablets_say(database: Database) -> None:
    """The ceiling: a tablet that speaks on a desk while nobody records anything does not hold it up."""
    plan = a_run()
    store_run(database, plan)
    late_at = plan.arrives_at + timedelta(minutes=60)
    hear(database, late_at)
    assert look(database, late_at - timedelta(seconds=1), "check_overdue") == []
    assert look(database, late_at, "check_overdue") == [0]
    hear(database, late_at + timedelta(minutes=3))
    assert look(database, late_at + timedelta(minutes=3), "check_overdue") == [1]


def test_news_ends_the_dead_man_and_silence_starts_him_anew(database: Database) -> None:
    """No news for twenty minutes, then the tablet speaks: over; twenty more without: from level 0 again."""
    plan = a_run()
    store_run(database, plan)
    dead_at = plan.arrives_at + timedelta(minutes=20)
    assert look(database, dead_at + timedelta(minutes=3), "check_overdue") == [0, 1]
    heard_at = dead_at + timedelta(minutes=4)
    tablet = Tablet(plan=plan)
    tablet.set_out(())
    send(database, tablet, clock=FixedClock(heard_at))
    assert look(database, heard_at + timedelta(seconds=5), "check_overdue") == []
    assert standing(database, "check_overdue") == []
    assert look(database, heard_at + timedelta(minutes=19), "check_overdue") == []
    assert look(database, heard_at + timedelta(minutes=20), "check_overdue") == [0]


def test_a_clock_ahead_of_time_does_not_hold_up_the_ladder(database: Database) -> None:
    """A tablet a day ahead: the minutes count from when the server had the arrival."""
    plan = a_run()
    store_run(database, plan)
    tablet = Tablet(plan=plan, skew_ms=86_400_000, knows_offset=False)
    tablet.set_out()
    tablet.drive()
    had_at = true_time(tablet)
    send(database, tablet, clock=FixedClock(had_at))
    assert look(database, had_at + timedelta(minutes=3), "check_overdue") == [1]


def test_one_dead_tablet_of_two_is_called_by_itself(database: Database) -> None:
    """The attendant's tablet is heard all the time, the driver's is not: only that one alarms, and ends."""
    plan = a_run(devices=frozenset({1, 2}))
    store_run(database, plan)
    first, second = Tablet(plan=plan), Tablet(plan=plan, dev=2)
    first.set_out()
    second.record("ack")
    heard_at = true_time(first)
    send(database, first, clock=FixedClock(heard_at))
    send(database, second, clock=FixedClock(heard_at))
    found: list[tuple[int, int]] = []
    for minute in range(1, 21):
        at = heard_at + timedelta(minutes=minute)
        hear(database, at)
        found += [(minute, level) for level in look(database, at, "device_silent")]
    assert found == [(3, 1), (10, 2), (20, 3)]
    assert {alarm.occasion.split(":")[1] for alarm in standing(database, "device_silent")} == {"2"}
    again_at = heard_at + timedelta(minutes=20, seconds=30)
    send(database, second, only=[second.record("note", text="back")], clock=FixedClock(again_at))
    assert look(database, again_at, "device_silent") == []
    assert standing(database, "device_silent") == []


def test_riders_who_did_not_come_are_called_after_ten_minutes(database: Database) -> None:
    """Boarding has begun, two riders are awaited ten minutes past the departure: once; over when decided."""
    plan = a_run()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    tablet.record("ack")
    send(database, tablet, clock=FixedClock(true_time(tablet)))
    ten = plan.departs_at + timedelta(minutes=10)
    assert look(database, ten, "no_show") == [], "nobody is aboard: that run has not begun"
    tablet.board("r1")
    send(database, tablet, only=tablet.log[-1:], clock=FixedClock(plan.departs_at))
    assert look(database, ten - timedelta(seconds=1), "no_show") == []
    assert look(database, ten, "no_show") == [1]
    assert look(database, ten + timedelta(minutes=5), "no_show") == []
    tablet.board("r2")
    tablet.record("absent", rider="r3", reason="ill")
    send(database, tablet, only=tablet.log[-2:], clock=FixedClock(ten + timedelta(minutes=6)))
    look(database, ten + timedelta(minutes=6), "no_show")
    assert standing(database, "no_show") == []
