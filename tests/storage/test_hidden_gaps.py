"""What waits in quarantine hides no gap, an emptied list no rider: for the rules and in the database."""

import pytest
from sqlalchemy.exc import DBAPIError

from busops.domain.gate import reasons_not_to_cancel, reasons_not_to_close
from busops.domain.run_plan import RunPlan
from busops.storage import event_store
from busops.storage.database import Database
from tests.builders import DRIVER, Tablet, a_finished_run, a_run
from tests.run_kit import CLOSE, EVENING, force, phase, send, state, store_run, write_closure


def with_a_number_in_quarantine(database: Database, plan: RunPlan, *, run: str, why: str) -> None:
    """A finished run whose third event never came as a fact: that number stands in quarantine."""
    store_run(database, plan)
    tablet = a_finished_run(plan)
    lost = tablet.log[2]
    send(database, tablet, only=[event for event in tablet.log if event is not lost])
    claimed = Tablet(plan=a_run(run_id=run), dev=lost.dev)
    for _ in range(lost.seq):
        claimed.record("note", text="x")
    with database.transaction() as tx:
        event_store.keep_in_quarantine(
            tx,
            raw="what was sent",
            why=why,
            received_at=EVENING,
            quarantine_id="q-hidden",
            claimed=claimed.log[-1],
        )
    write_closure(database, plan)


@pytest.mark.parametrize(
    ("run", "why"), [("no-such-run", "unknown_run"), ("run-1", "chain_broken"), ("run-2", "fork")]
)
def test_a_number_in_quarantine_hides_no_gap(database: Database, run: str, why: str) -> None:
    """It fills the device's chain, so it must hold the run open itself: for the gate and for raw SQL."""
    plan = a_run()
    store_run(database, a_run(run_id="run-2"))
    with_a_number_in_quarantine(database, plan, run=run, why=why)
    codes = {reason.code for reason in reasons_not_to_close(state(database, plan))}
    assert "quarantine_open" in codes
    assert "device_gap" not in codes
    with pytest.raises(DBAPIError, match="quarantine_open"):
        force(database, CLOSE)
    with pytest.raises(DBAPIError, match="append_only"):
        force(database, "UPDATE quarantine SET why = 'x', dev = 5")
    with database.transaction() as tx:
        event_store.settle_quarantine(
            tx, "q-hidden", state="dismissed", settled_by="u1", second="u2", note="looked"
        )
    assert "quarantine_open" not in {reason.code for reason in reasons_not_to_close(state(database, plan))}


def test_a_number_spent_on_another_run_of_ours_does_not_hold_this_one(database: Database) -> None:
    """What is known to belong elsewhere waits there."""
    plan = a_run()
    store_run(database, a_run(run_id="run-2"))
    with_a_number_in_quarantine(database, plan, run="run-2", why="chain_broken")
    assert state(database, plan).quarantined == 0
    assert state(database, a_run(run_id="run-2")).quarantined == 1


def test_a_run_does_not_close_by_a_list_that_is_none(database: Database) -> None:
    """Pointing the run at a manifest without riders does not account for them."""
    plan = a_run()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    tablet.record("ack")
    tablet.record("arrive", stop="S3", by=DRIVER)
    tablet.prove_empty()
    tablet.seal()
    send(database, tablet)
    write_closure(database, plan)
    with pytest.raises(DBAPIError, match="rider_unaccounted"):
        force(database, CLOSE)
    with pytest.raises(DBAPIError, match="manifest_version"):
        force(database, "UPDATE run SET roster_v = 99 WHERE run_id = 'run-1'", CLOSE)
    assert phase(database, plan) != "closed"


def test_a_run_is_not_cancelled_while_something_sent_is_unread(database: Database) -> None:
    """What waits in quarantine may be a boarding."""
    plan = a_run()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    boarding = tablet.board("r1")
    with database.transaction() as tx:
        event_store.keep_in_quarantine(
            tx,
            raw="x",
            why="device_not_trusted",
            received_at=EVENING,
            quarantine_id="q",
            claimed=boarding,
        )
    reasons = reasons_not_to_cancel(state(database, plan))
    assert [reason.code for reason in reasons] == ["quarantine_open"]
