"""A quietened siren is told to the office and ends nothing."""

from datetime import timedelta

import pytest

from busops.services import quietening, runs, watch
from busops.storage import alarm_store, audit_store
from busops.storage.database import Database
from tests.builders import DEPARTS_AT, Tablet, a_run
from tests.interlock_tools import ended
from tests.machine import CountingIds, FixedClock
from tests.run_kit import PrefixedIds, send, store_run

PLAN = a_run()
IDS = PrefixedIds("q", CountingIds())


@pytest.fixture
def unchecked(sqlite_database: Database) -> tuple[Database, Tablet, FixedClock]:
    """Everybody got off four minutes ago, and nobody has walked through the bus."""
    store_run(sqlite_database, PLAN)
    tablet = Tablet(plan=PLAN)
    tablet.set_out()
    tablet.drive()
    clock = FixedClock(DEPARTS_AT + timedelta(seconds=tablet.now_s + 240))
    send(sqlite_database, tablet, clock=clock)
    return sqlite_database, tablet, clock


def standing(database: Database) -> list[tuple[str, int]]:
    """The kinds and levels of the alarms that are not over."""
    with database.reading() as tx:
        return sorted((alarm.kind, alarm.level) for alarm in alarm_store.load_alarms(tx, PLAN.run_id))


def test_it_is_told_once_in_two_minutes_a_tablet_and_the_ladder_climbs_on(unchecked) -> None:
    """Pressed twice it is one alarm; another tablet's is another; the check's own alarm stands and rises."""
    database, _, clock = unchecked
    watch.raise_due_alarms(database, clock=clock, ids=IDS)
    for dev in (1, 1, 2):
        quietening.tell(database, PLAN.run_id, dev, clock=clock, ids=IDS)
    told = [("siren_quietened", 2)] * 2
    assert standing(database) == [("check_overdue", 1), *told]
    clock.advance(quietening.QUIET_S)
    quietening.tell(database, PLAN.run_id, 1, clock=clock, ids=IDS)
    watch.raise_due_alarms(database, clock=clock, ids=IDS)
    assert standing(database) == [("check_overdue", 1), ("check_overdue", 2), *told, told[0]]


def test_what_is_told_late_counts_where_it_was_pressed_and_is_in_the_audit(unchecked) -> None:
    """Told again it is one alarm; a run that was checked meanwhile rings no more, and the audit has all."""
    database, tablet, clock = unchecked
    quietening.tell(database, PLAN.run_id, 1, clock=clock, ids=IDS)
    clock.advance(600)
    quietening.tell(database, PLAN.run_id, 1, ago_s=600, clock=clock, ids=IDS)
    assert standing(database) == [("siren_quietened", 2)]
    send(database, ended(tablet), clock=clock)
    quietening.tell(database, PLAN.run_id, 1, ago_s=60, clock=clock, ids=IDS)
    assert standing(database) == []
    with database.reading() as tx:
        acts = [entry for entry in audit_store.each_entry(tx) if entry.act == "siren_quietened"]
    assert [entry.facts["ago_s"] for entry in acts] == [0, 600, 60]


def test_it_is_over_with_the_checks_and_told_of_no_run_that_is_over(unchecked) -> None:
    """Two people have proved the bus empty: nothing rings; a closed run is told nothing."""
    database, tablet, clock = unchecked
    quietening.tell(database, PLAN.run_id, 1, clock=clock, ids=IDS)
    clock.advance(600)
    send(database, ended(tablet), clock=clock)
    assert standing(database) == []
    runs.close_run(database, PLAN.run_id, by="u1", clock=clock, ids=IDS)
    quietening.tell(database, PLAN.run_id, 1, clock=clock, ids=IDS)
    assert standing(database) == []
