"""Incidents open by themselves and hold the run; raw SQL can neither hide nor end one, on both databases."""

import pytest
from sqlalchemy.exc import DBAPIError

from busops.domain.errors import NotFound, Refused
from busops.domain.events import FindingSettled
from busops.domain.run_plan import RunPlan
from busops.services import incidents
from busops.storage import event_store
from busops.storage.database import Database
from tests.builders import Tablet, a_finished_run, a_run, decided
from tests.machine import FixedClock
from tests.run_kit import CLOSE, EVENING, force, phase, send, store_run, write_closure
from tests.storage.test_ledger_guards import into


def overloaded() -> RunPlan:
    """Three ride where two are approved."""
    return a_run(approved_students=2)


def told(database: Database, plan: RunPlan) -> str:
    """A whole run in order but for the plan's own fault, a closure is written; the first incident's id."""
    store_run(database, plan)
    send(database, a_finished_run(plan))
    write_closure(database, plan)
    return incidents.incidents_of(database, plan.run_id)[0].incident_id


def word(incident_id: str, said: str, *, event: str = "NULL", who: str = "u1", told_whom: str = "x") -> str:
    """The SQL that says something of an incident."""
    return into("incident_word", f"'t1','{incident_id}','{said}',5,'{who}','{told_whom}',{event}")


ATTACKS = {
    "close over it": [CLOSE],
    "make it small": ["UPDATE incident SET severity = 'P3'", CLOSE],
    "give it to another finding": ["UPDATE incident SET finding_key = 'x'"],
    "forget it": ["DELETE FROM incident"],
    "take it back without a fact": ["$withdraw_without_a_fact"],
    "take it back by a fact nobody knows": ["$withdraw_by_nothing"],
    "take it back by another run's fact": ["$withdraw_by_another_run"],
    "tell nobody": ["$tell_nobody"],
    "tell as nobody": ["$tell_as_nobody"],
    "tell with a fact": ["$tell_with_a_fact"],
    "report it twice": ["$report", "$report"],
    "move the report": ["$report", "UPDATE incident_word SET made_ms = 1"],
    "forget the report": ["$report", "DELETE FROM incident_word"],
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_incident_is_neither_hidden_nor_ended_by_sql(database: Database, attack: list[str]) -> None:
    """The last statement is refused; the run stays open."""
    plan = overloaded()
    incident_id = told(database, plan)
    store_run(database, a_run(run_id="run-2", plate="川F00002"))
    other = Tablet(plan=a_run(run_id="run-2"), dev=7)
    note = other.record("note", text="x")
    send(database, other)
    spelt = {
        "$withdraw_without_a_fact": word(incident_id, "withdrawn"),
        "$withdraw_by_nothing": word(incident_id, "withdrawn", event="'e9'"),
        "$withdraw_by_another_run": word(incident_id, "withdrawn", event=f"'{note.event_id}'"),
        "$tell_nobody": word(incident_id, "reported", told_whom=""),
        "$tell_as_nobody": word(incident_id, "reported", who=""),
        "$tell_with_a_fact": word(incident_id, "reported", event=f"'{note.event_id}'"),
        "$report": word(incident_id, "reported"),
    }
    with pytest.raises(DBAPIError):
        force(database, *(spelt.get(statement, statement) for statement in attack))
    assert phase(database, plan) != "closed"


def test_two_people_dispose_of_it_and_the_same_statement_closes_the_run(database: Database) -> None:
    """C7: with the settled finding, and not before."""
    plan = overloaded()
    told(database, plan)
    with pytest.raises(DBAPIError, match="incident_open"):
        force(database, CLOSE)
    with database.transaction() as tx:
        event_store.decide(tx, decided(FindingSettled, plan, finding_key=f"over_students:{plan.plate}"))
    force(database, CLOSE)
    assert phase(database, plan) == "closed"


def test_an_incident_opens_once_and_falls_away_when_the_tap_is_taken_back(sqlite_database: Database) -> None:
    """Off at no stop: one incident however often the batch comes; the void in time withdraws it."""
    plan = a_run()
    store_run(sqlite_database, plan)
    tablet = Tablet(plan=plan)
    tablet.set_out()
    wrong = tablet.alight("r1", "nowhere")
    send(sqlite_database, tablet)
    send(sqlite_database, tablet)
    (opened,) = incidents.incidents_of(sqlite_database, plan.run_id)
    assert (opened.kind, opened.severity, opened.withdrawn_ms) == ("non_designated", "P1", None)
    tablet.void(wrong)
    send(sqlite_database, tablet)
    (withdrawn,) = incidents.incidents_of(sqlite_database, plan.run_id)
    assert withdrawn.withdrawn_ms is not None
    tablet.alight("r1", "nowhere")
    send(sqlite_database, tablet)
    assert len(incidents.incidents_of(sqlite_database, plan.run_id)) == 2


def test_the_first_report_is_late_after_ten_minutes_and_is_made_once(sqlite_database: Database) -> None:
    """At ten minutes it is in time, a moment later it is not; whom is asked for; a second one is refused."""
    plan = overloaded()
    incident_id = told(sqlite_database, plan)
    (opened,) = incidents.incidents_of(sqlite_database, plan.run_id)
    due_ms = opened.opened_ms + 600_000
    assert [opened.is_report_late(now_ms) for now_ms in (due_ms, due_ms + 1)] == [False, True]
    clock = FixedClock(EVENING)
    here = {"by": "u1", "clock": clock}
    with pytest.raises(Refused, match="incident_told_whom"):
        incidents.report_incident(sqlite_database, plan.run_id, incident_id, told=" ", **here)
    with pytest.raises(NotFound):
        incidents.report_incident(sqlite_database, plan.run_id, "i9", told="值班领导", **here)
    clock.advance(300)
    incidents.report_incident(sqlite_database, plan.run_id, incident_id, told="值班领导", **here)
    with pytest.raises(Refused, match="incident_reported_before"):
        incidents.report_incident(sqlite_database, plan.run_id, incident_id, told="值班领导", **here)
    (reported,) = incidents.incidents_of(sqlite_database, plan.run_id)
    assert (reported.told, reported.is_report_late(due_ms + 1)) == ("值班领导", False)
