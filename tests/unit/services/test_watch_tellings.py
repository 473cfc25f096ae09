"""The clock calls for what people owe a run in words: reports of incidents, the sheet of a paper run."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from busops.domain.incidents import IncidentSeverity
from busops.services import incidents, watch
from busops.storage import alarm_store
from busops.storage.database import Database
from tests.builders import Tablet, a_run
from tests.machine import CountingIds, FixedClock
from tests.run_kit import send, store_run

MINUTE = timedelta(minutes=1)
KINDS = ("incident_report", "incident_authority", "paper_entry")


class Evening:
    """A run, the watch, and what it called."""

    def __init__(self, database: Database) -> None:
        self.database, self.ids, self.plan = database, CountingIds(), a_run()
        store_run(database, self.plan)

    def look(self, at: datetime) -> list[tuple[str, int]]:
        """The alarms of these kinds that are new at that moment."""
        raised = watch.raise_due_alarms(self.database, FixedClock(at), self.ids)
        return [(each.kind, each.level) for each in raised if each.kind in KINDS]

    def evidence(self, kind: str) -> list[str]:
        """What ended the alarms of a kind; empty words while one stands."""
        with self.database.reading() as tx:
            found = alarm_store.load_alarms(tx, self.plan.run_id, include_resolved=True)
        return [each.evidence for each in found if each.kind == kind]

    def report(self, at: datetime, *, is_outside: bool = False) -> None:
        """Somebody is told of the run's only incident."""
        (incident,) = incidents.incidents_of(self.database, self.plan.run_id)
        own: dict[str, Any] = {
            "told": "值班领导",
            "by": "u1",
            "clock": FixedClock(at),
            "is_outside": is_outside,
        }
        incidents.report_incident(self.database, self.plan.run_id, incident.incident_id, **own)


@pytest.fixture
def evening(sqlite_database: Database) -> Evening:
    """A released run."""
    return Evening(sqlite_database)


def off_nowhere(evening: Evening) -> datetime:
    """A rider gets off where nobody may: a grave incident; when it was known."""
    tablet = Tablet(plan=evening.plan)
    tablet.set_out()
    tablet.alight("r1", "nowhere")
    at = evening.plan.departs_at + 5 * MINUTE
    send(evening.database, tablet, clock=FixedClock(at))
    return at


def test_a_grave_incident_is_called_at_ten_minutes_and_at_an_hour(evening: Evening) -> None:
    """Not a moment before, each once; the hour goes on after somebody inside was told."""
    at = off_nowhere(evening)
    assert evening.look(at + 10 * MINUTE - timedelta(seconds=1)) == []
    assert evening.look(at + 10 * MINUTE) == [("incident_report", 2)]
    assert evening.look(at + 11 * MINUTE) == []
    evening.report(at + 12 * MINUTE)
    assert evening.look(at + 59 * MINUTE) == []
    assert evening.evidence("incident_report") == ["incident_told"]
    assert evening.look(at + 60 * MINUTE) == [("incident_authority", 3)]
    evening.report(at + 61 * MINUTE, is_outside=True)
    assert evening.look(at + 62 * MINUTE) == []
    assert evening.evidence("incident_authority") == ["incident_told"]


def test_who_tells_in_time_hears_nothing(evening: Evening) -> None:
    """Both reports made within their time."""
    at = off_nowhere(evening)
    evening.report(at + 2 * MINUTE)
    evening.report(at + 3 * MINUTE, is_outside=True)
    assert evening.look(at + 90 * MINUTE) == []


def test_what_fell_away_owes_nothing(evening: Evening) -> None:
    """The tap is taken back: the alarm is over with its incident."""
    tablet = Tablet(plan=evening.plan)
    tablet.set_out()
    wrong = tablet.alight("r1", "nowhere")
    at = evening.plan.departs_at + 5 * MINUTE
    send(evening.database, tablet, clock=FixedClock(at))
    assert evening.look(at + 10 * MINUTE) == [("incident_report", 2)]
    tablet.void(wrong)
    send(evening.database, tablet, clock=FixedClock(at + 11 * MINUTE))
    assert evening.look(at + 70 * MINUTE) == []
    assert evening.evidence("incident_report") == ["incident_told"]


def test_only_grave_ones_go_to_the_authorities(evening: Evening) -> None:
    """A lesser one owes its first report alone."""
    off_nowhere(evening)
    (grave,) = incidents.incidents_of(evening.database, evening.plan.run_id)
    lesser = replace(grave, severity=IncidentSeverity.P2)
    assert (grave.owes_authority, lesser.owes_authority, lesser.owes_report) == (True, False, True)


def test_a_run_that_nobody_hears_of_owes_its_sheet_two_hours_after_its_end(evening: Evening) -> None:
    """Called once; when a tablet tells of the arrival after all, it is over."""
    ended_at = evening.plan.arrives_at
    assert ("paper_entry", 2) not in evening.look(ended_at + 120 * MINUTE - timedelta(seconds=1))
    assert evening.look(ended_at + 120 * MINUTE) == [("paper_entry", 2)]
    assert evening.look(ended_at + 180 * MINUTE) == []
    tablet = Tablet(plan=evening.plan)
    tablet.set_out()
    tablet.drive()
    send(evening.database, tablet, clock=FixedClock(ended_at + 181 * MINUTE))
    assert evening.look(ended_at + 182 * MINUTE) == []
    assert evening.evidence("paper_entry") == ["paper_entered"]


def test_a_late_bus_whose_tablets_speak_is_not_on_paper(evening: Evening) -> None:
    """Two hours late and heard a minute ago: late, with nothing to type."""
    tablet = Tablet(plan=evening.plan)
    tablet.set_out()
    at = evening.plan.arrives_at + 120 * MINUTE
    send(evening.database, tablet, clock=FixedClock(at - MINUTE))
    assert evening.look(at) == []
    assert evening.evidence("paper_entry") == []
