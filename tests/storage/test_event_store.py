"""The log takes each fact once and keeps apart what contradicts it, on both databases."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import DBAPIError

from busops.domain.envelope import canonical_json
from busops.domain.errors import NotFound, Refused
from busops.domain.events import OBSERVATIONS
from busops.services import runs
from busops.storage import device_store, event_store, held_events, run_store
from busops.storage.database import Database
from busops.storage.event_store import Outcome
from tests.builders import DEPARTS_AT, Tablet, a_finished_run, a_run, wire
from tests.machine import CountingIds, FixedClock
from tests.run_kit import EVENING, phase, send, state, store_run


def test_sy12_sent_again_every_fact_is_a_duplicate_and_nothing_changes(database: Database) -> None:
    """The same batch twice, the second time backwards: stored once, same numbers in the answers."""
    plan = a_run()
    store_run(database, plan)
    tablet = a_finished_run(plan)
    first = send(database, tablet)
    again = send(database, tablet, only=tablet.log[::-1])
    assert {each.outcome for each in first} == {Outcome.STORED}
    assert {each.outcome for each in again} == {Outcome.DUPLICATE}
    assert [each.srv for each in again] == [each.srv for each in first][::-1]
    with database.reading() as tx:
        facts = event_store.load_observations(tx, plan.run_id)
    assert [replace(fact, received_ms=None) for fact in facts] == tablet.log
    assert {fact.kind for fact in facts} <= set(OBSERVATIONS)


def test_two_histories_under_one_number_are_a_fork_and_block_the_run(database: Database) -> None:
    """A clone of the tablet sends another event as number 3: quarantined, never stored."""
    plan = a_run()
    store_run(database, plan)
    tablet, clone = a_finished_run(plan), Tablet(plan=plan)
    send(database, tablet)
    clone.record("ack")
    clone.board("r2", after_s=77)
    (answer,) = send(database, clone, only=clone.log[1:])
    assert (answer.outcome, answer.why) == (Outcome.FORK, "fork")
    send(database, clone, only=clone.log[1:])
    with database.reading() as tx:
        assert len(event_store.load_quarantine(tx, plan.run_id)) == 1
    assert state(database, plan).quarantined == 1


def test_a_broken_chain_goes_to_quarantine_from_either_side(database: Database) -> None:
    """An event that does not name the one before it, and one that its successor does not name."""
    plan = a_run()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    one = tablet.record("ack")
    tablet.prev = "f" * 64
    two = tablet.board("r1")
    three = tablet.board("r2")
    assert [each.outcome for each in send(database, tablet, only=[one, two])] == ["stored", "quarantined"]
    assert [each.outcome for each in send(database, tablet, only=[three])] == ["stored"]


def test_late_facts_of_one_batch_are_judged_one_by_one(database: Database) -> None:
    """On and off again after the close: the boarding alone opens the run, whatever comes with it."""
    plan = a_run()
    store_run(database, plan)
    send(database, a_finished_run(plan))
    runs.close_run(database, plan.run_id, by="u1", clock=FixedClock(EVENING), ids=CountingIds())
    late = Tablet(plan=plan, dev=2, now_s=7200)
    facts = [late.board("r1"), late.alight("r1")]
    with database.transaction() as tx:
        intake = event_store.Intake(tx, facts, received_at=EVENING)
        answers = [
            intake.take(fact, sent, raw=canonical_json(sent), quarantine_id="q1")
            for fact, sent in zip(facts, wire(late), strict=True)
        ]
        written = intake.written(answers)
    assert [each.outcome for each in written] == [Outcome.STORED] * 2
    assert None not in {each.srv for each in written}
    assert phase(database, plan) == "reopened"


def test_a_gap_is_seen_until_it_is_filled(database: Database) -> None:
    """Ack stops before the gap; later events are held; the missing one closes it."""
    plan = a_run()
    store_run(database, plan)
    tablet = a_finished_run(plan)
    send(database, tablet, only=[*tablet.log[:4], *tablet.log[5:]])
    with database.reading() as tx:
        assert held_events.ack_of(tx, 1).seq == 4
    assert state(database, plan).devices[1].has_gap
    send(database, tablet, only=[tablet.log[4]])
    with database.reading() as tx:
        ack = held_events.ack_of(tx, 1)
    assert (ack.seq, ack.digest) == (len(tablet.log), tablet.log[-1].digest)


def test_quarantine_is_settled_by_two_people_once(database: Database) -> None:
    """One person twice is refused; settled is settled."""
    with database.transaction() as tx:
        event_store.keep_in_quarantine(tx, raw="x", why="unreadable", received_at=EVENING, quarantine_id="q1")
    given = {"state": "dismissed", "settled_by": "u1", "note": "a test page"}
    with pytest.raises(Refused, match="same_person"), database.transaction() as tx:
        event_store.settle_quarantine(tx, "q1", second="u1", **given)
    with database.transaction() as tx:
        event_store.settle_quarantine(tx, "q1", second="u2", **given)
        assert event_store.load_quarantine(tx) == ()
    with pytest.raises(NotFound), database.transaction() as tx:
        event_store.settle_quarantine(tx, "q1", second="u2", **given)


def test_a_fact_of_an_unknown_run_is_no_row(database: Database) -> None:
    """The caller keeps it apart; the log itself refuses a run that is not there."""
    with pytest.raises(DBAPIError):
        send(database, a_finished_run(a_run()))
    with database.reading() as tx:
        assert run_store.lock_runs(tx, ["run-1"]) == frozenset()


def test_a_device_number_is_never_given_again(database: Database) -> None:
    """Revoked or not, the next device has the next number."""
    with database.transaction() as tx:
        first = device_store.enrol(tx, "门口平板", at=DEPARTS_AT)
        device_store.revoke(tx, first.dev, at=EVENING)
        second = device_store.enrol(tx, "驾驶室平板", at=EVENING)
        assert second.dev == first.dev + 1
        assert device_store.load_device(tx, first.dev).revoked_at == EVENING
