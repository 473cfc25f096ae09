"""Facts that come after a closure and concern money: listed until the run is closed anew."""

from datetime import timedelta
from typing import Any

from busops.services import fares, runs
from busops.services.late_facts import contradicted
from busops.storage import run_store
from tests.builders import Tablet, a_run
from tests.machine import CountingIds, FixedClock
from tests.run_kit import EVENING, send, store_run
from tests.unit.services.money_scene import a_closed_run

IDS = CountingIds()


def closed_with_one_absent(database: Any) -> tuple[Any, Tablet]:
    """The run is over and closed; r1 was marked absent, on leave."""
    plan = a_run()
    store_run(database, plan)
    tablet, rode = Tablet(plan=plan), ("r2", "r3")
    tablet.set_out(rode)
    tablet.drive(rode)
    tablet.prove_empty()
    tablet.seal()
    send(database, tablet)
    runs.close_run(database, plan.run_id, by="u1", clock=FixedClock(EVENING), ids=IDS)
    return plan, tablet


def riders_found(database: Any) -> list[list[str]]:
    """The riders of every finding, with the phase left as it is."""
    with database.reading() as tx:
        summaries = run_store.list_runs(tx)
        assert [run.phase.value for run in summaries] == ["closed"]
        return [finding.facts["riders"] for finding in contradicted(tx, summaries)]


def test_nothing_late_is_no_finding(sqlite_database):
    """A run as it was closed says what its closure says."""
    closed_with_one_absent(sqlite_database)
    assert riders_found(sqlite_database) == []


def test_an_absence_taken_back_after_the_close_is_listed(sqlite_database):
    """The void comes after the seal: the record stands, an addendum is written, somebody must look."""
    _, tablet = closed_with_one_absent(sqlite_database)
    absent = next(event for event in tablet.log if event.kind == "absent")
    late = tablet.void(absent)
    send(sqlite_database, tablet)
    assert late.event_id
    assert riders_found(sqlite_database) == [["r1"]]


def test_a_ride_that_became_known_after_the_close_opens_the_run(sqlite_database):
    """An offline tablet had r1 on and off: no finding is needed, the run is open and must be closed anew."""
    plan, _ = closed_with_one_absent(sqlite_database)
    late = Tablet(plan=plan, dev=2)
    late.board("r1")
    late.alight("r1", after_s=2500)
    send(sqlite_database, late)
    with sqlite_database.reading() as tx:
        (run,) = run_store.list_runs(tx)
    assert run.phase.value == "reopened"


def test_a_late_note_concerns_no_money(sqlite_database):
    """Amended, but nobody rode otherwise."""
    plan, _ = closed_with_one_absent(sqlite_database)
    late = Tablet(plan=plan, dev=2)
    late.record("note", text="忘了一把伞")
    send(sqlite_database, late)
    assert riders_found(sqlite_database) == []


def test_a_new_closure_settles_it(sqlite_database):
    """Opened, checked and closed again: version 2 is what counts, and the finding is gone."""
    plan, tablet = closed_with_one_absent(sqlite_database)
    tablet.void(next(event for event in tablet.log if event.kind == "absent"))
    tablet.seal()
    send(sqlite_database, tablet)
    assert riders_found(sqlite_database) == [["r1"]]
    evening, clock = FixedClock(EVENING), FixedClock(EVENING + timedelta(hours=1))
    runs.reopen_run(sqlite_database, plan.run_id, by="u1", reason="核实 r1", clock=evening, ids=IDS)
    again = Tablet(plan=plan, dev=3, now_s=11_000)
    again.record("arrive", stop="S3", by="D1")
    again.prove_empty()
    again.seal()
    send(sqlite_database, again, clock=clock)
    assert runs.close_run(sqlite_database, plan.run_id, by="u1", clock=clock, ids=IDS).version == 2
    assert riders_found(sqlite_database) == []


def test_charging_says_so(sqlite_database, settings, ids):
    """Whoever charges the closed runs sees the finding among the others."""
    made = a_closed_run(sqlite_database, settings, ids)
    assert "closure_contradicted" not in codes(fares.charge_closed_runs(made.database, **made.acting))
    with made.database.transaction() as tx:
        plan = run_store.load_run_plan(tx, "run-1")
    rider = next(iter(plan.riders))
    late = Tablet(plan=plan, dev=9)
    late.record("absent", rider=rider, reason="leave")
    late.void(late.log[0])
    send(made.database, late, clock=made.clock)
    assert "closure_contradicted" in codes(fares.charge_closed_runs(made.database, **made.acting))


def codes(outcome: fares.ChargeOutcome) -> set[str]:
    """The codes of its findings."""
    return {finding.code for finding in outcome.findings}
