"""What was kept apart becomes a fact when two people say so, and only what may be true."""

from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from busops.domain.envelope import canonical_json, envelope_of
from busops.domain.errors import Refused
from busops.domain.events import Observation
from busops.domain.run_plan import RunPlan
from busops.services import runs
from busops.storage import event_store
from busops.storage.database import Database
from tests import run_kit
from tests.builders import Tablet, a_finished_run, a_run
from tests.machine import CountingIds, FixedClock
from tests.run_kit import EVENING, PrefixedIds, force, phase, send, store_run

HERE: dict[str, Any] = {"clock": FixedClock(EVENING), "ids": PrefixedIds("adm", CountingIds())}


def kept_apart(database: Database, plan: RunPlan, *, why: str, raw: str | None = None) -> Observation:
    """A closed run; then a boarding comes from a tablet that nobody trusts any more."""
    store_run(database, plan)
    send(database, a_finished_run(plan))
    runs.close_run(database, plan.run_id, by="u1", **HERE)
    lost = Tablet(plan=plan, dev=2, now_s=5000)
    boarding = lost.board("r1")
    with database.transaction() as tx:
        event_store.keep_in_quarantine(
            tx,
            raw=raw or canonical_json(envelope_of(boarding)),
            why=why,
            received_at=EVENING,
            quarantine_id="q1",
            claimed=boarding,
        )
    return boarding


def admit(database: Database, run_id: str = "run-1", *, second: str = "u2") -> None:
    """Two people say that it happened."""
    run_kit.take_in(database, run_id, "q1", second=second, note="crew confirmed", **HERE)


def test_l7_a_true_boarding_of_a_lost_tablet_opens_the_run_again(database: Database) -> None:
    """Admitted, it stands in the log as it was sent; the rider is aboard and the run is open."""
    plan = a_run()
    boarding = kept_apart(database, plan, why="device_not_trusted")
    assert phase(database, plan) == "closed"
    admit(database)
    assert phase(database, plan) == "reopened"
    state = run_kit.state(database, plan)
    assert (state.aboard, state.quarantined) == (frozenset({"r1"}), 0)
    with database.reading() as tx:
        assert boarding.event_id in {each.event_id for each in event_store.load_observations(tx, "run-1")}
        assert event_store.load_quarantined(tx, "q1").state == "admitted"


CASES = {
    "a second history": ({"why": "fork"}, {}, "quarantine_not_admissible"),
    "no envelope": ({"why": "device_not_trusted", "raw": "["}, {}, "quarantine_not_admissible"),
    "not an event": ({"why": "unknown_run", "raw": '{"v": 1}'}, {}, "quarantine_not_admissible"),
    "one person": ({"why": "device_not_trusted"}, {"second": "u1"}, "override_refused"),
    "settled before": ({"why": "device_not_trusted"}, {"twice": True}, "quarantine_not_admissible"),
}


@pytest.mark.parametrize(("kept", "told", "code"), CASES.values(), ids=CASES.keys())
def test_what_may_not_be_admitted_stays_apart(
    sqlite_database: Database, kept: dict[str, str], told: dict[str, Any], code: str
) -> None:
    """Refused by its name, and it waits on, or stays what two people said of it."""
    kept_apart(sqlite_database, a_run(), **kept)
    is_settled = told.pop("twice", False)
    if is_settled:
        own: dict[str, Any] = {"by": "u1", "second": "u2", "note": "seen"}
        runs.settle_quarantine(sqlite_database, "q1", **own, **HERE)
    with pytest.raises(Refused, match=code):
        admit(sqlite_database, **told)
    with sqlite_database.reading() as tx:
        assert event_store.load_quarantined(tx, "q1").state == ("dismissed" if is_settled else "open")


def test_what_contradicts_the_log_is_not_admitted(sqlite_database: Database) -> None:
    """The number is taken by another event of that tablet by now: refused, nothing is written."""
    plan = a_run()
    kept_apart(sqlite_database, plan, why="person_not_on_device")
    other = Tablet(plan=plan, dev=2, now_s=5000)
    other.record("note", text="x")
    send(sqlite_database, other)
    with pytest.raises(Refused, match="quarantine_contradicts"):
        admit(sqlite_database)


def test_raw_sql_does_not_call_admitted_what_does_not_stand(database: Database) -> None:
    """The state alone is no fact: the database asks for the event itself."""
    kept_apart(database, a_run(), why="device_not_trusted")
    with pytest.raises(DBAPIError, match="nothing_admitted"):
        force(database, "UPDATE quarantine SET state = 'admitted', settled_by = 'a', second_user = 'b'")
