"""One run after another: the next one waits for the first check, and nobody rides on two at once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from busops.domain.events import DepartureForbidden
from busops.domain.fleet import CrewRole
from busops.domain.run_plan import ManifestRider, RunPlan
from busops.services import crew_runs, runs, tablet_pack
from busops.services.departure_papers import earlier_reasons, keep_forbidden
from busops.storage import alarm_store, event_store
from busops.storage.database import Database
from tests.builders import TAGS, Tablet, a_run
from tests.machine import CountingIds, FixedClock
from tests.run_kit import EVENING, PrefixedIds, send, store_run

LATER = timedelta(hours=2)
CREW = {"driver_id": "D1", "attendant_ids": ("A1",)}
OTHERS = {"driver_id": "D2", "attendant_ids": ("A2",)}


def next_run(**changes: Any) -> RunPlan:
    """The run two hours later, on another bus with other people unless told otherwise."""
    plan = a_run(run_id="run-2", **({"plate": "川F00002", **OTHERS} | changes))
    stops = tuple(
        replace(stop, arrives_at=stop.arrives_at + LATER, leaves_at=stop.leaves_at + LATER)
        for stop in plan.stops
    )
    times = {"departs_at": plan.departs_at + LATER, "arrives_at": plan.arrives_at + LATER}
    return replace(plan, stops=stops, **times)


def driven(*checks: CrewRole) -> Tablet:
    """The first run at its terminal, everybody off, checked by these."""
    tablet = Tablet(plan=a_run())
    tablet.set_out()
    tablet.drive()
    for role in checks:
        tablet.check(role)
    return tablet


BOTH = (CrewRole.ATTENDANT, CrewRole.DRIVER)
CASES = {
    "same vehicle": ({"plate": "川F00001"}, (), ["earlier_run_unchecked"]),
    "same driver": ({"driver_id": "D1"}, (), ["crew_run_unchecked"]),
    "same attendant": ({"attendant_ids": ("A2", "A1")}, (), ["crew_run_unchecked"]),
    "one check is not two": (CREW, (CrewRole.ATTENDANT,), ["crew_run_unchecked"]),
    "both checked, not parked": ({"plate": "川F00001", **CREW}, BOTH, []),
    "another bus and other people": ({}, (), []),
}


@pytest.mark.parametrize(("changes", "checks", "codes"), CASES.values(), ids=CASES.keys())
def test_ec12_the_next_run_waits_for_the_first_check(
    sqlite_database: Database, changes: dict[str, Any], checks: tuple[CrewRole, ...], codes: list[str]
) -> None:
    """Of the vehicle or of anybody of the crew: until attendant and driver have both walked through."""
    plan = next_run(**changes)
    store_run(sqlite_database, a_run())
    store_run(sqlite_database, plan)
    send(sqlite_database, driven(*checks))
    with sqlite_database.reading() as tx:
        found = earlier_reasons(tx, plan, (plan.driver_id, *plan.attendant_ids))
    assert [each.code for each in found] == codes


def test_sop14_a_double_run_is_ready_when_the_first_was_checked_and_has_its_own_list(
    sqlite_database: Database,
) -> None:
    """One bus and crew, two trips on a day: the second may not leave before, and has other riders."""
    later = ManifestRider(rider_id="r8", stop_id="S1")
    plan = replace(next_run(plate="川F00001", **CREW), manifest=(later,))
    store_run(sqlite_database, a_run())
    store_run(sqlite_database, plan)
    held = []
    for checks in ((), (CrewRole.ATTENDANT,), BOTH):
        send(sqlite_database, driven(*checks))
        news = tablet_pack.news(sqlite_database, "run-2", now=EVENING, crew_id="A1")
        held.append("earlier_run_unchecked" in {each.code for each in news.departure})
    assert held == [True, True, False]
    mine = crew_runs.runs_of_crew(sqlite_database, now=EVENING, crew_id="A1")
    lists = [tablet_pack.pack(sqlite_database, run.run_id)["riders"] for run in mine]
    assert [{each["rider"] for each in riders} for riders in lists] == [{"r1", "r2", "r3"}, {"r8"}]


def test_a_departure_made_all_the_same_is_kept_and_somebody_is_called(sqlite_database: Database) -> None:
    """The bus went on with an unchecked run behind it: a decision in the log, a finding, an alarm."""
    plan = next_run(plate="川F00001")
    store_run(sqlite_database, a_run())
    store_run(sqlite_database, plan)
    send(sqlite_database, driven())
    tablet = Tablet(plan=plan, dev=2, now_s=int(LATER.total_seconds()) - 1800)
    tablet.set_out()
    send(sqlite_database, tablet)
    left = next(event for event in tablet.log if event.kind == "depart")
    clock, ids = FixedClock(EVENING), PrefixedIds("k", CountingIds())
    with sqlite_database.transaction() as tx:
        keep_forbidden(tx, plan.run_id, [left], clock=clock, ids=ids)
        runs.facts_arrived(tx, plan.run_id, clock=clock, ids=ids)
        kept = event_store.load_decisions(tx, plan.run_id)
        alarms = {alarm.kind for alarm in alarm_store.load_alarms(tx, plan.run_id)}
    papers = [paper.code for each in kept if isinstance(each, DepartureForbidden) for paper in each.papers]
    assert "earlier_run_unchecked" in papers
    assert "departed_forbidden" in alarms


@pytest.mark.parametrize("is_parked", [False, True], ids=["on its way", "proved to the end"])
def test_a_check_after_the_departure_does_not_make_it_right(
    sqlite_database: Database, is_parked: bool
) -> None:
    """The former run was checked when its bus was already on the road again, however far it is by now."""
    plan = next_run(plate="川F00001")
    store_run(sqlite_database, a_run())
    store_run(sqlite_database, plan)
    first = driven()
    tablet = Tablet(plan=plan, dev=2, now_s=first.now_s)
    left = tablet.record("depart", stop="@campus", by="D2", after_s=5)
    for role in BOTH:
        first.check(role)
    if is_parked:
        first.record("parked", by="D1", codes=[TAGS["rear"]])
    send(sqlite_database, first)
    send(sqlite_database, tablet)
    with sqlite_database.reading() as tx:
        found = earlier_reasons(tx, plan, (plan.driver_id,), left)
        assert earlier_reasons(tx, plan, (plan.driver_id,)) == ()
    assert [each.code for each in found] == ["earlier_run_unchecked"]


def test_a_rider_aboard_two_runs_at_once_is_looked_for_until_he_is_on_one(sqlite_database: Database) -> None:
    """Marked on in both buses: one alarm; off in the one that it was not raised for: over."""
    plan = next_run()
    store_run(sqlite_database, a_run())
    store_run(sqlite_database, plan)
    first, second = Tablet(plan=a_run()), Tablet(plan=plan, dev=2)
    first.board("r1")
    send(sqlite_database, first)
    assert open_alarms(sqlite_database) == []
    second.board("r1")
    send(sqlite_database, second)
    send(sqlite_database, second)
    assert open_alarms(sqlite_database) == [("run-2", "r1:run-1")]
    first.alight("r1", "S1")
    send(sqlite_database, first)
    assert open_alarms(sqlite_database) == []


def open_alarms(database: Database) -> list[tuple[str, str]]:
    """The alarms about riders on two runs that are not over."""
    with database.reading() as tx:
        found = alarm_store.load_alarms(tx)
    return [(alarm.run_id, alarm.occasion) for alarm in found if alarm.kind == "aboard_two_runs"]
