"""What a process remembers of runs is what the database would say, and is asked for only where more came."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import event

from busops.domain.envelope import canonical_json, envelope_of
from busops.domain.run_plan import RunPlan
from busops.domain.values import RunId
from busops.storage import bound_devices, event_store, run_store
from busops.storage.database import Database, Transaction
from busops.storage.log_marks import log_marks
from busops.storage.run_records import Recall, RunMemory, RunRecord
from tests.builders import Tablet, a_run
from tests.run_kit import EVENING, send, store_run


def as_it_is(tx: Transaction, run_id: RunId) -> tuple[object, ...]:
    """Plan, facts and decisions, all read anew."""
    plan = run_store.load_run_plan(tx, run_id)
    return plan, event_store.load_observations(tx, run_id), event_store.load_decisions(tx, run_id)


def recalled(database: Database, memory: RunMemory, plan: RunPlan) -> RunRecord:
    """The run by what is remembered of it; equal to what the database says."""
    with database.reading() as tx:
        recall = Recall(memory)
        found = recall.record(tx, plan.run_id)
        assert (found.plan, found.facts, found.decisions) == as_it_is(tx, plan.run_id)
    recall.keep()
    return found


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    asked: list[str] = []

    def note(*told: object) -> None:
        if not str(told[2]).startswith("BEGIN"):
            asked.append(str(told[2]))

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)


def test_a_run_that_has_not_changed_costs_one_question(database: Database) -> None:
    """Its mark; neither plan nor record is read again. One fact more costs one question more."""
    plan, memory = a_run(), RunMemory()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    tablet.board("r1")
    send(database, tablet)
    first = recalled(database, memory, plan)
    with statements(database) as asked, database.reading() as tx:
        assert Recall(memory).record(tx, plan.run_id) == first
        assert len(asked) == 1
    tablet.alight("r1")
    send(database, tablet)
    with statements(database) as asked, database.reading() as tx:
        found = Recall(memory).record(tx, plan.run_id)
        assert len(asked) == 2
    assert found.facts[: len(first.facts)] == first.facts
    assert found == recalled(database, memory, plan)
    assert found.plan is first.plan


def test_what_a_transaction_wrote_itself_is_not_read_again(database: Database) -> None:
    """The facts of a batch are known before they stand in the log; they are those that stand there."""
    plan, memory = a_run(), RunMemory()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    tablet.board("r1")
    send(database, tablet)
    recalled(database, memory, plan)
    fact = tablet.board("r2")
    recall = Recall(memory)
    with database.transaction() as tx:
        run_store.lock_runs(tx, [plan.run_id])
        intake = event_store.Intake(tx, [fact], received_at=EVENING)
        sent = envelope_of(fact)
        answer = intake.take(fact, sent, raw=canonical_json(sent), quarantine_id="q")
        intake.written([answer])
        recall.wrote(intake.stored)
        with statements(database) as asked:
            found = recall.record(tx, plan.run_id)
        assert len(asked) == 1
        assert (found.plan, found.facts, found.decisions) == as_it_is(tx, plan.run_id)
    recall.keep()
    assert recalled(database, memory, plan) == found


def test_a_changed_crew_list_or_tablet_is_read_anew(database: Database) -> None:
    """Whatever the plan rests on is part of the mark: tablets, crew, the newest list."""
    plan, memory = a_run(), RunMemory()
    store_run(database, plan)
    known = recalled(database, memory, plan)
    with database.transaction() as tx:
        run_store.lock_runs(tx, [plan.run_id])
        bound_devices.bind_device(tx, plan.run_id, 7)
    with_tablet = recalled(database, memory, plan)
    assert with_tablet.plan.devices == known.plan.devices | {7}
    with database.transaction() as tx:
        run_store.retire_crew(tx, plan.run_id, until_at=plan.arrives_at)
        changed = replace(plan, driver_id="D9", roster_v=2, manifest=plan.manifest[:1])
        run_store.insert_crew(tx, changed, since_at=plan.arrives_at)
        run_store.insert_manifest(tx, changed, made_at=plan.arrives_at, made_by="u1")
    found = recalled(database, memory, plan)
    assert (found.plan.driver_id, len(found.plan.riders)) == ("D9", 1)


def test_what_was_undone_is_not_remembered(database: Database) -> None:
    """A memory that is ahead of the database, as after a copy was put back, is not believed."""
    plan, memory = a_run(), RunMemory()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    tablet.board("r1")
    send(database, tablet)
    known = recalled(database, memory, plan)
    ahead = (*known.facts, replace(tablet.board("r2"), received_ms=1))
    mark = replace(known.mark, facts=len(ahead), last_srv=known.mark.last_srv + 1, last_digest="x")
    memory.keep([replace(known, mark=mark, facts=ahead)])
    assert recalled(database, memory, plan) == known
    other = replace(known, facts=(replace(known.facts[0], digest="0" * 64), *known.facts[1:]))
    memory.keep([replace(other, mark=replace(known.mark, last_digest="0" * 64))])
    assert recalled(database, memory, plan) == known


def test_a_memory_holds_so_many_facts(sqlite_database: Database) -> None:
    """What was not used for longest goes first; the newest record stays even where it is too long."""
    plans = [a_run(), replace(a_run(), run_id="run-2"), replace(a_run(), run_id="run-3")]
    memory = RunMemory(most_facts=3)
    for dev, plan in enumerate(plans, start=1):
        store_run(sqlite_database, plan)
        tablet = Tablet(plan=plan, dev=dev)
        tablet.board("r1")
        tablet.alight("r1")
        send(sqlite_database, tablet)
        recalled(sqlite_database, memory, plan)
    held = [memory.recall(plan.run_id) for plan in plans]
    assert [each is not None for each in held] == [False, False, True]


def test_a_mark_tells_what_hangs_on_a_run(database: Database) -> None:
    """A run of which nothing is known has no alarms and no incidents; one that is not there has no mark."""
    plan = a_run()
    store_run(database, plan)
    with database.reading() as tx:
        found = log_marks(tx, [plan.run_id, RunId("none")])
    assert list(found) == [plan.run_id]
    mark = found[plan.run_id]
    assert (mark.facts, mark.decisions, mark.alarms, mark.incidents, mark.papers, mark.codes) == (0,) * 6
    assert mark.phase == "ready"
