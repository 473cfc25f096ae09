"""What a tablet recorded under the wrong run's name: two people give it to the right one, as it was sent."""

from datetime import timedelta
from typing import Any

import pytest

from busops.domain.envelope import canonical_json, envelope_of
from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.events import Observation
from busops.domain.kept_apart import Admitted
from busops.domain.late import Late
from busops.services import late_classes, quarantine_list, runs
from busops.storage import alarm_store, closure_store, event_store, run_store
from busops.storage.database import Database
from tests import run_kit
from tests.builders import Tablet, a_finished_run, a_run
from tests.machine import CountingIds, FixedClock
from tests.run_kit import EVENING, PrefixedIds, phase, send, store_run

PLAN = a_run()
WRONG = a_run(run_id="run-7")
LATER = EVENING + timedelta(hours=1)
HERE: dict[str, Any] = {"clock": FixedClock(LATER), "ids": PrefixedIds("adm", CountingIds())}
TWO: dict[str, Any] = {"by": "u1", "second": "u2", "note": "the crew opened the wrong run"}


def keep(database: Database, *events: Observation, why: str = "unknown_run") -> list[str]:
    """These came and were kept apart; their numbers in quarantine."""
    with database.transaction() as tx:
        for number, event in enumerate(events, start=1):
            event_store.keep_in_quarantine(
                tx,
                raw=canonical_json(envelope_of(event)),
                why=why,
                received_at=EVENING,
                quarantine_id=f"q{number}",
                claimed=event,
            )
    return [f"q{number}" for number in range(1, len(events) + 1)]


def released(database: Database, *, is_closed: bool = False) -> None:
    """Run-1 stands in the database, perhaps driven and closed."""
    store_run(database, PLAN)
    if is_closed:
        send(database, a_finished_run(PLAN))
        runs.close_run(database, PLAN.run_id, by="u1", clock=FixedClock(EVENING), ids=HERE["ids"])


def test_l6_a_whole_run_recorded_under_an_unknown_name_closes_the_right_one(database: Database) -> None:
    """Everything but the confirmed list is taken in; the gate then asks for nothing else of that tablet."""
    released(database)
    tablet = a_finished_run(WRONG)
    send(database, Tablet(plan=PLAN, dev=3), only=[Tablet(plan=PLAN, dev=3).record("ack")])
    waiting = keep(database, *tablet.log)
    own = [each for each, event in zip(waiting, tablet.log, strict=True) if event.kind != "ack"]
    run_kit.take_in(database, PLAN.run_id, *own, **TWO, **HERE)
    runs.settle_quarantine(database, waiting[0], **TWO, **HERE)
    state = run_kit.state(database, PLAN)
    assert (state.phase, state.aboard, state.quarantined) == ("checked", frozenset(), 0)
    assert state.boarded_ever == {"r1", "r2", "r3"}
    left = {each.code for each in runs.reasons_against_closing(database, PLAN.run_id)}
    # Of tablet 3, that only confirmed the list; and this vehicle, of which nobody knows papers, left.
    assert left == {"device_unsealed", "finding_open"}
    assert [each.code for each in state.open_findings if each.severity == "block"] == ["departed_forbidden"]


def test_l6_a_boarding_after_the_close_opens_the_run_from_the_moment_of_the_decision(
    database: Database,
) -> None:
    """It came before two people knew whose it was; whatever was checked meanwhile is void, and rings."""
    released(database, is_closed=True)
    keep(database, Tablet(plan=WRONG, dev=2, now_s=5000).board("r1"))
    assert phase(database, PLAN) == "closed"
    run_kit.take_in(database, PLAN.run_id, "q1", **TWO, **HERE)
    assert phase(database, PLAN) == "reopened"
    state = run_kit.state(database, PLAN)
    assert (state.aboard, state.checks.is_complete) == ({"r1"}, False)
    with database.reading() as tx:
        reopened = [each for each in event_store.load_decisions(tx, PLAN.run_id) if each.kind == "reopened"]
        assert [each.made_ms for each in reopened] == [round(LATER.timestamp() * 1000)]
        assert "reopened" in {each.kind for each in alarm_store.load_alarms(tx, PLAN.run_id)}
        (addendum,) = closure_store.load_addenda(tx, PLAN.run_id)
        assert late_classes.classes_of(tx, PLAN.run_id)[addendum.event_id] is Late.OPENS


def test_the_event_stays_as_it_was_sent_and_a_decision_points_at_it(database: Database) -> None:
    """Its digest and the run it names are untouched; who took it in stands in the log of the right run."""
    released(database)
    sent = Tablet(plan=WRONG, dev=2).board("r1")
    keep(database, sent)
    run_kit.take_in(database, PLAN.run_id, "q1", **TWO, **HERE)
    with database.reading() as tx:
        (fact,) = event_store.load_observations(tx, PLAN.run_id)
        (decision,) = event_store.load_decisions(tx, PLAN.run_id)
        kept = event_store.load_quarantined(tx, "q1")
    assert (fact.digest, fact.told_run_id, fact.run_id) == (sent.digest, "run-7", "run-1")
    assert envelope_of(fact) == envelope_of(sent)
    assert isinstance(decision, Admitted)
    assert (decision.event_id, decision.told_run_id) == (sent.event_id, "run-7")
    assert {decision.by, decision.second} == {"u1", "u2"}
    assert (kept.state, kept.run_id) == ("admitted", "run-7")


def test_a_fact_that_says_nothing_new_leaves_the_run_closed(sqlite_database: Database) -> None:
    """A note found under another name after the close is kept beside it; nothing rings."""
    released(sqlite_database, is_closed=True)
    tablet = Tablet(plan=WRONG, dev=2, now_s=100)
    keep(sqlite_database, tablet.record("note", text="a bag was left"), tablet.seal())
    run_kit.take_in(sqlite_database, PLAN.run_id, "q1", "q2", **TWO, **HERE)
    with sqlite_database.reading() as tx:
        summary = run_store.load_summary(tx, PLAN.run_id)
    assert (summary.phase, summary.integrity) == ("closed", "clean")


def test_a_run_of_ours_that_is_named_wrongly_is_free_again(sqlite_database: Database) -> None:
    """The gate of the run that was named asks no more, that of the right one has the fact."""
    released(sqlite_database)
    store_run(sqlite_database, WRONG)
    keep(sqlite_database, Tablet(plan=WRONG, dev=2).board("r1"), why="device_not_trusted")
    assert run_kit.state(sqlite_database, WRONG).quarantined == 1
    run_kit.take_in(sqlite_database, PLAN.run_id, "q1", **TWO, **HERE)
    assert run_kit.state(sqlite_database, WRONG).quarantined == 0
    assert run_kit.state(sqlite_database, WRONG).aboard == frozenset()
    assert run_kit.state(sqlite_database, PLAN).aboard == {"r1"}


REFUSALS = {
    "a confirmed list": (("q1", "q2"), "run-1", Refused, "quarantine_not_of_this_run"),
    "no such run": (("q2",), "run-9", NotFound, "no_such_run"),
    "nothing": ((), "run-1", InvalidInput, "quarantine_none_chosen"),
}


@pytest.mark.parametrize(("chosen", "run_id", "kind", "code"), REFUSALS.values(), ids=REFUSALS.keys())
def test_all_of_it_or_nothing(
    sqlite_database: Database, chosen: tuple[str, ...], run_id: str, kind: type[Exception], code: str
) -> None:
    """Where one of them may not be taken in, none is, and all wait on."""
    released(sqlite_database)
    tablet = Tablet(plan=WRONG, dev=2)
    keep(sqlite_database, tablet.record("ack"), tablet.board("r1"))
    with pytest.raises(kind, match=code):
        run_kit.take_in(sqlite_database, run_id, *chosen, **TWO, **HERE)
    with sqlite_database.reading() as tx:
        assert event_store.load_events(tx, PLAN.run_id) == ()
        assert len(event_store.load_quarantine(tx)) == 2


def test_nothing_chosen_cannot_be_dismissed_either(sqlite_database: Database) -> None:
    """Two people who looked at nothing have decided nothing."""
    with pytest.raises(InvalidInput, match="quarantine_none_chosen"):
        runs.settle_quarantine(sqlite_database, **TWO, **HERE)


def test_what_waits_is_shown_by_tablet_and_by_the_run_it_names(sqlite_database: Database) -> None:
    """Each heap says what it is, whether it may be taken in, and which run most speaks for."""
    released(sqlite_database)
    tablet = Tablet(plan=WRONG, dev=1)
    keep(sqlite_database, tablet.board("r1"), tablet.board("r2"))
    with sqlite_database.transaction() as tx:
        event_store.keep_in_quarantine(
            tx, raw="[", why="batch_unreadable", received_at=EVENING, quarantine_id="q9", dev=4
        )
    first, second = quarantine_list.waiting_heaps(sqlite_database)
    assert (first.dev, first.told_run_id, first.told_name) == (1, "run-7", None)
    assert [each.kept.quarantine_id for each in first.waiting] == ["q1", "q2"]
    assert [each.run_id for each in first.likely] == ["run-1"]
    assert first.likely[0].signs == ("riders_listed", "of_its_crew", "its_tablet", "in_its_time")
    assert (first.may_be_taken_in, second.may_be_taken_in) == (True, False)
    assert (second.dev, second.told_run_id, second.likely) == (4, None, ())
