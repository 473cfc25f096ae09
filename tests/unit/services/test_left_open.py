"""A run that nobody closed on its day keeps crew and vehicle from the next, until two free them."""

from datetime import timedelta
from typing import Any

import pytest

from busops.domain.errors import Refused
from busops.domain.findings import Finding
from busops.domain.overrides import OverrideKind, OverrideReason
from busops.domain.people import Actor, Role
from busops.domain.values import RunId, school_date
from busops.services import overrides, runs, watch
from busops.services.dispatch_board import board
from busops.storage import run_store
from busops.storage.database import Database
from tests import small_school
from tests.machine import CountingIds, FixedClock
from tests.unit.services.test_runs import a_document, a_trip

NEXT_FRIDAY = small_school.FRIDAY + timedelta(days=7)
ASKER = Actor(user_id="u1", role=Role.DISPATCHER, name="u1")
SECOND = Actor(user_id="u2", role=Role.SUPERVISOR, name="u2")


class Weeks:
    """A coach released on Friday, and a clock that goes on to the next one."""

    def __init__(self, database: Database) -> None:
        self.database, self.ids, self.clock = database, CountingIds(), FixedClock()
        small_school.fill(database)
        (self.run_id,) = self.release(a_document(a_trip()))

    def release(self, document: dict[str, Any]) -> tuple[RunId, ...]:
        """The document released now."""
        here: dict[str, Any] = {"by": "u1", "clock": self.clock, "ids": self.ids}
        return runs.release_document(self.database, document, **here)

    def next_week(self, plate: str = small_school.COACH) -> tuple[RunId, ...]:
        """The same trip on the next Friday, in that vehicle."""
        return self.release({**a_document(a_trip(plate)), "on": NEXT_FRIDAY.isoformat()})

    def refusal(self, plate: str = small_school.COACH) -> list[str]:
        """Why it is not released."""
        with pytest.raises(Refused) as refused:
            self.next_week(plate)
        return [each.code for each in refused.value.reasons]

    def gates(self) -> tuple[Finding, ...]:
        """What the run's page shows."""
        return overrides.office_gates(self.database, self.run_id, self.clock.now())

    def free(self) -> None:
        """Two people open the gate."""
        (gate,) = self.gates()
        own: dict[str, Any] = {"reason": OverrideReason.SCHOOL_CONFIRMED, "note": "逐一核实", "by": ASKER}
        here: dict[str, Any] = {"clock": self.clock, "ids": self.ids}
        asked = overrides.ask_override(self.database, self.run_id, gate.key, **own, **here)
        decided = {"approves": True, "by": SECOND, **here}
        overrides.decide_override(self.database, self.run_id, asked.override_id, **decided)


@pytest.fixture
def weeks(sqlite_database: Database) -> Weeks:
    """One coach, one run."""
    return Weeks(sqlite_database)


def test_while_its_day_goes_on_nobody_is_blocked(weeks: Weeks) -> None:
    """At noon of the day itself the next week may be released, and there is no gate to open."""
    assert weeks.gates() == ()
    assert len(weeks.next_week()) == 1


def test_from_midnight_on_the_vehicle_gets_no_other_run_until_two_free_it(weeks: Weeks) -> None:
    """Refused by name; freed it is counted as an override, and the run itself is still open."""
    weeks.clock.advance(12 * 3600)
    assert weeks.refusal() == ["vehicle_run_unclosed"]
    weeks.free()
    assert weeks.gates() == ()
    assert len(weeks.next_week()) == 1
    assert overrides.override_report(weeks.database).passed[OverrideKind.UNCLOSED] == 1
    assert runs.reasons_against_closing(weeks.database, weeks.run_id)


def test_an_open_run_that_rings_stands_on_the_next_days_board(weeks: Weeks) -> None:
    """Nobody has to turn back a page at midnight to hear of it; another day's board has only its own."""
    weeks.clock.advance(12 * 3600)
    today = school_date(weeks.clock.now())
    assert board(weeks.database, today, weeks.clock).lines == ()
    watch.raise_due_alarms(weeks.database, clock=weeks.clock, ids=weeks.ids)
    shown = board(weeks.database, today, weeks.clock)
    assert [(line.no, line.row.run.run_id, line.driver) for line in shown.lines] == [
        ("03-13/01", weeks.run_id, "队员D2")
    ]
    assert {alarm.kind for _, alarm, _ in shown.alarms} >= {"run_unclosed"}
    assert board(weeks.database, today + timedelta(days=1), weeks.clock).lines == ()
    assert [line.no for line in board(weeks.database, small_school.FRIDAY, weeks.clock).lines] == ["01"]


def test_its_crew_is_not_taken_for_another_vehicle_either(weeks: Weeks) -> None:
    """Others are found for another bus; whoever left a run open takes nothing over until two free it."""
    weeks.clock.advance(12 * 3600)
    (run_id,) = weeks.next_week(small_school.LICENSED)
    with weeks.database.reading() as tx:
        assert run_store.load_run_plan(tx, run_id).attendant_ids == ("Z2",)
    own: dict[str, Any] = {"driver_id": "D1", "attendant_ids": ("Z1",), "reason": "换人", "by": "u1"}
    with pytest.raises(Refused) as refused:
        runs.change_crew(weeks.database, run_id, **own, clock=weeks.clock, ids=weeks.ids)
    assert [(each.code, each.place) for each in refused.value.reasons] == [("crew_run_unclosed", "Z1")]
    weeks.free()
    weeks.clock.advance(60)
    runs.change_crew(weeks.database, run_id, **own, clock=weeks.clock, ids=weeks.ids)


def test_where_nobody_is_left_the_reasons_say_who_is_blocked(weeks: Weeks) -> None:
    """No driver and no attendant for the second bus, and the names of those who left one open."""
    weeks.clock.advance(12 * 3600)
    weeks.next_week(small_school.LICENSED)
    assert {"no_driver", "no_attendant", "crew_run_unclosed"} <= set(weeks.refusal())


def test_a_closed_or_cancelled_run_blocks_nobody(weeks: Weeks) -> None:
    """Cancelled before anybody rode, it is over."""
    here: dict[str, Any] = {"by": "u1", "reason": "天气", "clock": weeks.clock, "ids": weeks.ids}
    runs.cancel_run(weeks.database, weeks.run_id, **here)
    weeks.clock.advance(12 * 3600)
    assert len(weeks.next_week()) == 1


def test_what_was_released_before_is_told_so_at_its_departure(weeks: Weeks) -> None:
    """Released while the first day went on: the tablet of the next Friday still hears that it is open."""
    (later,) = weeks.next_week()
    codes = [each.code for each in runs.departure_reasons(weeks.database, later)]
    assert "vehicle_run_unclosed" in codes
    weeks.clock.advance(12 * 3600)
    weeks.free()
    codes = [each.code for each in runs.departure_reasons(weeks.database, later)]
    assert "vehicle_run_unclosed" not in codes


def test_the_end_of_the_day_is_an_alarm_of_its_own(weeks: Weeks) -> None:
    """Level 2 an hour after the arrival, level 3 when the day is over, once."""
    levels = []
    for hours in (6, 7, 5, 7, 24):
        weeks.clock.advance(hours * 3600)
        raised = watch.raise_due_alarms(weeks.database, weeks.clock, weeks.ids)
        levels += [(each.kind, each.level) for each in raised if each.kind == "run_unclosed"]
    assert levels == [("run_unclosed", 2), ("run_unclosed", 3)]
