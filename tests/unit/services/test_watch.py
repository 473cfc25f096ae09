"""The ladder on the server's clock: each level once, no level held up by an acknowledgement."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from busops.domain.errors import InvalidInput, NotFound
from busops.domain.fleet import CrewRole
from busops.domain.run import fold
from busops.domain.values import school_date
from busops.services import day_weather, runs, watch
from busops.storage import alarm_store
from busops.storage.alarm_store import Alarm
from busops.storage.database import Database
from busops.storage.day_store import Weather
from tests.builders import DEPARTS_AT, DRIVER, Tablet, a_run
from tests.machine import CountingIds, FixedClock
from tests.run_kit import EVENING, send, store_run

IDS = CountingIds()


def arrived(database: Database) -> tuple[Tablet, datetime]:
    """A run whose riders have just got off at the terminal; when the last one did."""
    plan = a_run()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    last_off_at = DEPARTS_AT + timedelta(seconds=tablet.now_s)
    send(database, tablet, clock=FixedClock(last_off_at))
    return tablet, last_off_at


def levels(alarms: Iterable[Alarm], kind: str = "check_overdue") -> list[int]:
    """The levels of the alarms of a kind, in the order they were raised."""
    return [alarm.level for alarm in alarms if alarm.kind == kind]


def look(database: Database, at: datetime, memory: watch.Memory | None = None) -> tuple[Alarm, ...]:
    """The watch looks at that moment; what it raised."""
    return watch.raise_due_alarms(database, clock=FixedClock(at), ids=IDS, memory=memory)


def test_ec07_nobody_acts_and_each_level_comes_once_at_its_minute(sqlite_database: Database) -> None:
    """L1 at 3:00, L2 at 5:00, L3 at 10:00, L4 at 15:00, L5 at 30:00, exactly once each."""
    _, off_at = arrived(sqlite_database)
    raised = {}
    for second in range(0, 31 * 60, 20):
        for level in levels(look(sqlite_database, off_at + timedelta(seconds=second))):
            assert level not in raised
            raised[level] = second
    assert raised == {1: 180, 2: 300, 3: 600, 4: 900, 5: 1800}


def test_a_watch_that_remembers_goes_by_the_clock_and_by_whatever_is_added(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing new is folded once; the ladder climbs all the same, and a check that comes in ends it."""
    tablet, off_at = arrived(sqlite_database)
    folded: list[str] = []
    monkeypatch.setattr(watch, "fold", lambda plan, *of: folded.append(plan.run_id) or fold(plan, *of))
    memory = watch.Memory()
    seconds = timedelta(seconds=1)
    assert levels(look(sqlite_database, off_at + 178 * seconds, memory)) == []
    assert levels(look(sqlite_database, off_at + 179 * seconds, memory)) == []
    assert folded == ["run-1"]
    assert levels(look(sqlite_database, off_at + 180 * seconds, memory)) == [1]
    tablet.check(CrewRole.ATTENDANT, after_s=200)
    tablet.check(CrewRole.DRIVER, after_s=20)
    tablet.record("parked", by=DRIVER, codes=["900001"], after_s=20)
    send(sqlite_database, tablet, clock=FixedClock(off_at + 260 * seconds))
    assert levels(look(sqlite_database, off_at + 400 * seconds, memory)) == []


def test_ec08_checked_at_two_fifty_nine_raises_nothing(sqlite_database: Database) -> None:
    """A check in time leaves no alarm, however long the watch goes on."""
    tablet, off_at = arrived(sqlite_database)
    tablet.now_s = int((off_at - DEPARTS_AT).total_seconds())
    tablet.check(CrewRole.ATTENDANT, after_s=60)
    tablet.check(CrewRole.DRIVER, after_s=60)
    tablet.record("parked", by=DRIVER, codes=["900001"], after_s=50)
    send(sqlite_database, tablet, clock=FixedClock(off_at + timedelta(seconds=179)))
    for minute in (3, 5, 10, 15, 30):
        assert levels(look(sqlite_database, off_at + timedelta(minutes=minute))) == []


def test_ec09_an_acknowledgement_does_not_hold_up_the_next_level(sqlite_database: Database) -> None:
    """L1 heard at 3:30, L2 still comes at 5:00; only the checks end them."""
    tablet, off_at = arrived(sqlite_database)
    (first,) = look(sqlite_database, off_at + timedelta(minutes=3))
    clock = FixedClock(off_at + timedelta(minutes=3, seconds=30))
    watch.acknowledge(sqlite_database, first.alarm_id, by="u1", clock=clock)
    assert levels(look(sqlite_database, off_at + timedelta(minutes=5))) == [2]
    tablet.prove_empty()
    send(sqlite_database, tablet, clock=FixedClock(off_at + timedelta(minutes=6)))
    with sqlite_database.reading() as tx:
        assert levels(alarm_store.load_alarms(tx)) == []
        over = alarm_store.load_alarms(tx, include_resolved=True)
    assert {alarm.evidence for alarm in over} == {"checks_complete"}


def test_ec10_a_silent_tablet_alarms_from_the_planned_arrival(sqlite_database: Database) -> None:
    """With no news at all the dead man's clock starts 20 minutes after the planned arrival."""
    plan = a_run()
    store_run(sqlite_database, plan)
    dead_man_at = plan.arrives_at + timedelta(minutes=20)
    assert look(sqlite_database, dead_man_at - timedelta(seconds=1)) == ()
    assert levels(look(sqlite_database, dead_man_at)) == [0]
    assert levels(look(sqlite_database, dead_man_at + timedelta(minutes=15))) == [1, 2, 3, 4]


def test_ec11_a_hot_day_halves_the_ladder(sqlite_database: Database) -> None:
    """L1 comes at 1:30 instead of 3:00, L5 at 15:00, once the dispatcher has marked the day."""
    _, off_at = arrived(sqlite_database)
    ninety = off_at + timedelta(seconds=90)
    assert levels(look(sqlite_database, ninety)) == []
    clock = FixedClock(ninety)
    day_weather.mark_day(sqlite_database, school_date(off_at), Weather.HOT, by="u1", clock=clock)
    assert levels(look(sqlite_database, ninety)) == [1]
    assert levels(look(sqlite_database, off_at + timedelta(minutes=15))) == [2, 3, 4, 5]


def test_ec11_a_hot_day_halves_the_dead_man_and_the_silence(sqlite_database: Database) -> None:
    """Ten minutes without news after the planned arrival; 1:30 of silence with riders aboard."""
    plan = a_run()
    store_run(sqlite_database, plan)
    clock = FixedClock(DEPARTS_AT)
    day_weather.mark_day(sqlite_database, plan.on, Weather.COLD, by="u1", clock=clock)
    assert levels(look(sqlite_database, plan.arrives_at + timedelta(minutes=10))) == [0]
    tablet = Tablet(plan=plan)
    tablet.set_out()
    heard_at = plan.arrives_at + timedelta(minutes=11)
    send(sqlite_database, tablet, clock=FixedClock(heard_at))
    raised = look(sqlite_database, heard_at + timedelta(seconds=90))
    assert levels(raised, "device_silent") == [1]


def test_a_tablet_gone_silent_with_riders_aboard_is_called(sqlite_database: Database) -> None:
    """3, 10 and 20 minutes after the last news, while anybody is aboard."""
    plan = a_run()
    store_run(sqlite_database, plan)
    tablet = Tablet(plan=plan)
    tablet.set_out()
    heard_at = DEPARTS_AT + timedelta(seconds=tablet.now_s)
    send(sqlite_database, tablet, clock=FixedClock(heard_at))
    assert look(sqlite_database, heard_at + timedelta(seconds=179)) == ()
    for minutes, level in ((3, 1), (10, 2), (20, 3)):
        raised = look(sqlite_database, heard_at + timedelta(minutes=minutes))
        assert levels(raised, "device_silent") == [level]


def test_a_run_left_open_an_hour_after_its_end_is_called(sqlite_database: Database) -> None:
    """Checked but never closed: one alarm 60 minutes after the planned end, over with the close."""
    tablet, _ = arrived(sqlite_database)
    tablet.prove_empty()
    tablet.seal()
    send(sqlite_database, tablet, clock=FixedClock(EVENING))
    assert levels(look(sqlite_database, EVENING), "run_unclosed") == [2]
    assert look(sqlite_database, EVENING + timedelta(minutes=1)) == ()
    clock = FixedClock(EVENING + timedelta(minutes=2))
    runs.close_run(sqlite_database, tablet.plan.run_id, by="u1", clock=clock, ids=IDS)
    with sqlite_database.reading() as tx:
        assert alarm_store.load_alarms(tx) == ()
    assert look(sqlite_database, EVENING + timedelta(days=1)) == ()


def test_an_alarm_is_resolved_only_with_evidence_and_only_once(sqlite_database: Database) -> None:
    """No evidence, no end; and what is over stays over."""
    _, off_at = arrived(sqlite_database)
    (alarm,) = look(sqlite_database, off_at + timedelta(minutes=3))
    clock = FixedClock(off_at + timedelta(minutes=4))
    with pytest.raises(InvalidInput, match="evidence_needed"):
        watch.resolve_alarm(sqlite_database, alarm.alarm_id, by="u1", evidence=" ", clock=clock)
    watch.resolve_alarm(sqlite_database, alarm.alarm_id, by="u1", evidence="walked through", clock=clock)
    with pytest.raises(NotFound, match="no_such_alarm"):
        watch.acknowledge(sqlite_database, alarm.alarm_id, by="u1", clock=clock)
