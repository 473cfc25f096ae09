"""A run that is closed while a rider was given to nobody: somebody is called, and only evidence ends it."""

from datetime import timedelta

import pytest

from busops.domain.due_alarms import HANDOVER_WAIT
from busops.domain.events import Whereabouts
from busops.domain.fleet import CrewRole
from busops.services import runs, watch
from busops.storage import alarm_store, handover_store
from busops.storage.alarm_store import AlarmState
from busops.storage.database import Database
from busops.storage.handover_store import PickupCode
from tests.builders import DEPARTS_AT, Tablet, a_run
from tests.machine import CountingIds, FixedClock
from tests.run_kit import phase, send, store_run

IDS = CountingIds()
PLAN = a_run()
LAST = next(rider for rider in PLAN.riders.values() if rider.stop_id == PLAN.terminal)


def at(tablet: Tablet, after_s: int = 0) -> FixedClock:
    """A clock so long after the tablet's last event."""
    return FixedClock(DEPARTS_AT + timedelta(seconds=tablet.now_s + after_s))


def told(database: Database) -> list[tuple[str, str, str]]:
    """Every call for a hand-over there ever was: about which alighting, how far, what ended it."""
    with database.reading() as tx:
        found = alarm_store.load_alarms(tx, PLAN.run_id, kind=HANDOVER_WAIT, include_resolved=True)
    return [(alarm.occasion, alarm.state.value, alarm.evidence) for alarm in found]


@pytest.fixture
def closed(sqlite_database: Database) -> tuple[Database, Tablet, str]:
    """Closed within three minutes of the alighting of a rider who has a code and whom nobody took."""
    store_run(sqlite_database, PLAN)
    made = {"rider_id": LAST.rider_id, "salt": "0" * 32, "rounds": 1, "proof": "a" * 64}
    with sqlite_database.transaction() as tx:
        code = PickupCode(**made, made_by="u1", made_at=DEPARTS_AT)
        handover_store.replace_code(tx, PLAN.run_id, code)
    tablet = Tablet(plan=PLAN)
    tablet.set_out()
    tablet.drive()
    off = next(each for each in tablet.log if each.kind == "alight" and each.rider_id == LAST.rider_id)
    since_s = tablet.now_s
    tablet.check(CrewRole.ATTENDANT, after_s=40)
    tablet.check(CrewRole.DRIVER, after_s=40)
    tablet.record("parked", by=PLAN.driver_id, codes=sorted(PLAN.asked_codes(CrewRole.DRIVER)))
    tablet.seal()
    assert tablet.now_s - since_s < 180
    send(sqlite_database, tablet, clock=at(tablet))
    assert watch.raise_due_alarms(sqlite_database, at(tablet), IDS) == ()
    runs.close_run(sqlite_database, PLAN.run_id, by="u1", clock=at(tablet), ids=IDS)
    return sqlite_database, tablet, off.event_id


def test_the_close_calls_at_once_and_does_not_end_it(closed: tuple[Database, Tablet, str]) -> None:
    """The bus has gone: nobody waits with him, whatever the minutes say. The run stays closed."""
    database, tablet, off = closed
    assert told(database) == [(off, AlarmState.RAISED, "")]
    assert watch.raise_due_alarms(database, at(tablet, 3600), IDS) == ()
    assert (phase(database, PLAN), told(database)) == ("closed", [(off, AlarmState.RAISED, "")])


def test_a_hand_over_that_comes_in_late_ends_it(closed: tuple[Database, Tablet, str]) -> None:
    """Another tablet of the bus, or the paper, had it; a record that nobody was there does not."""
    database, tablet, off = closed
    tablet.record("handover", rider=LAST.rider_id, codes=["none"])
    send(database, tablet, clock=at(tablet))
    assert told(database) == [(off, AlarmState.RAISED, "")]
    tablet.record("handover", rider=LAST.rider_id, codes=["code"])
    send(database, tablet, clock=at(tablet))
    assert told(database) == [(off, AlarmState.RESOLVED, "handed_over")]
    assert phase(database, PLAN) == "closed"


def test_two_people_who_know_where_he_is_end_it(closed: tuple[Database, Tablet, str]) -> None:
    """By name, as for everybody else."""
    database, tablet, off = closed
    who = {"by": "u1", "second": "u2", "reason": "phoned", "says": Whereabouts.RETURNED_TO_SCHOOL}
    runs.resolve_rider(database, PLAN.run_id, LAST.rider_id, **who, clock=at(tablet), ids=IDS)
    assert told(database) == [(off, AlarmState.RESOLVED, "handed_over")]


def test_an_alarm_that_stood_before_the_close_outlives_it_and_a_reopening(
    closed: tuple[Database, Tablet, str],
) -> None:
    """One alighting is called for once, however often the run is opened and closed again."""
    database, tablet, off = closed
    who = {"by": "u1", "clock": at(tablet, 60), "ids": IDS}
    runs.reopen_run(database, PLAN.run_id, reason="look again", **who)
    later = at(tablet, 600)
    watch.raise_due_alarms(database, later, IDS)
    assert told(database) == [(off, AlarmState.RAISED, "")]
