"""An event counts on the run that it names; on another one only by a decision of two people, in SQL too."""

# ruff: noqa: S608 - this file's statements are its attacks
from dataclasses import replace

import pytest
from sqlalchemy.exc import DBAPIError

from busops.domain.envelope import envelope_of
from busops.domain.kept_apart import Admitted
from busops.storage import event_store
from busops.storage.database import Database
from tests import run_kit
from tests.builders import Tablet, a_run, decided
from tests.run_kit import EVENING, force, store_run

PLAN = a_run()
SENT = Tablet(plan=a_run(run_id="run-7"), dev=2).board("r1")


def taken_in(database: Database, *, on: str = "run-1", of: str = SENT.event_id) -> None:
    """The event is written into run-1 after somebody decided so, of some event and on some run."""
    fact = replace(SENT, run_id=PLAN.run_id, told_run_id=SENT.run_id)
    with database.transaction() as tx:
        kept = {"raw": "x", "why": "unknown_run", "received_at": EVENING, "quarantine_id": f"q-{of}"}
        event_store.keep_in_quarantine(tx, **kept, claimed=replace(SENT, event_id=of))
        decision = decided(Admitted, a_run(run_id=on), event_id=of, told_run_id="run-7")
        run_kit.decide_signed(tx, decision)
        event_store.append(tx, fact, received_at=EVENING, quarantine_id="q", envelope=envelope_of(SENT))


def test_it_is_taken_in_by_a_decision_of_this_run_about_this_event(database: Database) -> None:
    """The right decision lets it in; another run's, or another event's, does not."""
    store_run(database, PLAN)
    store_run(database, a_run(run_id="run-2"))
    for own in ({"on": "run-2"}, {"of": "another"}):
        with pytest.raises(DBAPIError, match="event_of_another_run"):
            taken_in(database, **own)
    assert run_kit.state(database, PLAN).aboard == frozenset()
    taken_in(database)
    assert run_kit.state(database, PLAN).aboard == {"r1"}


def test_one_person_alone_admits_nothing(database: Database) -> None:
    """The decision itself is refused by the database when both names are one, or one is missing."""
    store_run(database, PLAN)
    run_kit.without(database, "admission_by_override")
    names = (
        "school_id, decision_id, run_id, number, kind, made_ms, by_user, second_user, reason, covers, body"
    )
    for number, second in enumerate(("'u1'", "NULL"), start=1):
        row = f"'t1', 'd{number}', 'run-1', {number}, 'admitted', 1, 'u1', {second}, 'x', '[]', '{{}}'"
        with pytest.raises(DBAPIError, match="two_people"):
            force(database, f"INSERT INTO run_decision ({names}) VALUES ({row})")
