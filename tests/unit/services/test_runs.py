"""Release, decide, close: each use case does what it says or is refused with every reason."""

from datetime import timedelta
from typing import Any

import pytest

from busops.domain.errors import Conflict, InvalidInput, NotFound, Refused
from busops.domain.events import Whereabouts
from busops.domain.evidence import in_order_of_the_walk
from busops.domain.fleet import CrewRole
from busops.domain.roster import NotRidingReason
from busops.domain.run import Phase
from busops.domain.run_plan import ManifestRider, RunPlan
from busops.domain.values import CAMPUS, RunId
from busops.services import runs
from busops.storage import closure_store, fleet_store, run_store, tag_store
from busops.storage.database import Database
from tests import run_kit, small_school
from tests.builders import DEPARTS_AT, Tablet, a_finished_run, a_run, wire
from tests.machine import CountingIds, FixedClock
from tests.run_kit import EVENING, send, state, store_run

FRIDAY = small_school.FRIDAY.isoformat()


def a_trip(plate: str = small_school.COACH, wave: int = 1, depart_s: int = 0, **own: Any) -> dict[str, Any]:
    """A trip of a plan document: two stops, four riders each."""
    riders = own.pop("riders", [[f"2023{n:04d}" for n in range(first, first + 2)] for first in (1, 5)])
    return {
        "plate": plate,
        "wave": wave,
        "depart_s": depart_s,
        "distance_m": 12_000,
        "cost_fen": 24_800,
        "stops": [
            {"stop_id": stop_id, "arrive_s": 600 * n, "leave_s": 600 * n + 42, "riders": riders[n - 1]}
            for n, stop_id in enumerate(own.pop("stops", ("S001", "S002")), 1)
        ],
    }


def a_document(*trips: dict[str, Any]) -> dict[str, Any]:
    """A plan document of Friday's way home."""
    return {"on": FRIDAY, "direction": "homeward", "trips": list(trips)}


def release(
    database: Database, document: dict[str, Any], ids: CountingIds | None = None
) -> tuple[RunId, ...]:
    """The document released at noon."""
    return runs.release_document(database, document, by="u1", clock=FixedClock(), ids=ids or CountingIds())


def test_a_released_trip_has_vehicle_crew_manifest_rows_and_tags(sqlite_database: Database) -> None:
    """The run carries everything the crew needs, drawn or found at the release."""
    small_school.fill(sqlite_database)
    (run_id,) = release(sqlite_database, a_document(a_trip()))
    with sqlite_database.reading() as tx:
        plan = run_store.load_run_plan(tx, run_id)
        secrets = tag_store.load_secrets(tx, plan.plate)
        crew = runs.crew_of(tx, plan)
    assert plan.stop_ids == (CAMPUS, "S001", "S002")
    assert {rider.rider_id: rider.stop_id for rider in plan.manifest}["20230005"] == "S002"
    assert (plan.arrives_at - plan.departs_at) == timedelta(seconds=1200)
    assert [member.role for member in crew] == [CrewRole.DRIVER, CrewRole.ATTENDANT]
    assert len(secrets) == 1
    assert set(plan.tags) == set(in_order_of_the_walk(plan.rows))
    assert len(set(plan.tags.values())) == len(plan.tags)
    assert all(len(code) == 6 and code.isdecimal() for code in plan.tags.values())
    assert all(len(plan.asked_rows[role]) == 2 for role in CrewRole)


def test_the_tags_of_a_vehicle_stay_from_run_to_run(sqlite_database: Database) -> None:
    """A second release of the same vehicle asks for the same printed codes."""
    small_school.fill(sqlite_database)
    ids = CountingIds()
    later = a_trip(wave=2, depart_s=3600, riders=[["20230009"], ["20230010"]])
    first, second = release(sqlite_database, a_document(a_trip(), later), ids)
    with sqlite_database.reading() as tx:
        one, two = run_store.load_run_plan(tx, first), run_store.load_run_plan(tx, second)
    assert one.tags == two.tags
    assert one.driver_id == two.driver_id
    assert two.departs_at - one.departs_at == timedelta(hours=1)


REFUSED = {
    "no_such_vehicle": a_trip(plate="川FX9999"),
    "vehicle_insurance_expired": a_trip(plate=small_school.LAPSED),
    "not_designated": a_trip(stops=("S001", "S999")),
    "rider_not_registered": a_trip(riders=[["20230001"], ["nobody"]]),
    "rider_on_two_runs": a_trip(riders=[["20230001"], ["20230001"]]),
    "over_students": a_trip(riders=[[f"2023{n:04d}" for n in range(1, 90)], []]),
}


@pytest.mark.parametrize(("code", "trip"), REFUSED.items(), ids=REFUSED.keys())
def test_a_release_is_refused_with_its_reasons_and_leaves_nothing(
    sqlite_database: Database, code: str, trip: dict[str, Any]
) -> None:
    """Papers, stops, riders and seats are asked for; nothing is stored of a refused release."""
    small_school.fill(sqlite_database)
    with pytest.raises(Refused) as refused:
        release(sqlite_database, a_document(trip))
    assert code in {reason.code for reason in refused.value.reasons}
    with sqlite_database.reading() as tx:
        assert run_store.list_runs(tx) == ()


def test_nobody_and_no_vehicle_is_released_twice_at_the_same_time(sqlite_database: Database) -> None:
    """The same plan again finds its vehicle and riders taken, and says both."""
    small_school.fill(sqlite_database)
    ids = CountingIds()
    release(sqlite_database, a_document(a_trip()), ids)
    with pytest.raises(Refused) as refused:
        release(sqlite_database, a_document(a_trip()), ids)
    assert {"vehicle_busy", "rider_on_two_runs"} <= {reason.code for reason in refused.value.reasons}


def test_a_plan_that_is_not_there_is_not_released(sqlite_database: Database) -> None:
    """An unknown plan is NotFound, not an empty release."""
    with pytest.raises((NotFound, Conflict)):
        runs.release_plan(sqlite_database, "nothing", by="u1", clock=FixedClock(), ids=CountingIds())


def act(database: Database, use_case: Any, *given: Any, **own: Any) -> Any:
    """The use case, in the evening, by u1."""
    return use_case(database, *given, by="u1", clock=FixedClock(EVENING), ids=IDS, **own)


IDS = CountingIds()


def test_ec01_a_run_without_checks_is_refused_with_every_reason_at_once(database: Database) -> None:
    """All that is missing is named in one answer, on both databases."""
    plan = a_run()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    tablet.set_out()
    send(database, tablet)
    with pytest.raises(Refused) as refused:
        act(database, runs.close_run, plan.run_id)
    codes = [reason.code for reason in refused.value.reasons]
    assert codes.count("rider_aboard") == 3
    assert {"not_arrived", "no_attendant_check", "no_driver_check", "not_parked", "device_unsealed"} <= set(
        codes
    )


def test_a_sound_run_closes_once_and_its_closure_stays(database: Database) -> None:
    """Version 1 is written with who rode and every event's hash; closing again is refused."""
    plan = a_run()
    store_run(database, plan)
    tablet = a_finished_run(plan)
    send(database, tablet)
    closure = act(database, runs.close_run, plan.run_id)
    assert closure.version == 1
    assert closure.snapshot["events"] == [event.digest for event in tablet.log]
    assert all(each["rode"] for each in closure.snapshot["riders"].values())
    assert state(database, plan).phase is Phase.CLOSED
    with pytest.raises(Refused):
        act(database, runs.close_run, plan.run_id)
    with database.reading() as tx:
        assert closure_store.load_closures(tx, plan.run_id) == (closure,)


def test_sy07_a_late_boarding_reopens_alarms_and_needs_new_checks(database: Database) -> None:
    """An offline tablet's boarding after the close: reopened, alarmed, closed again only as version 2."""
    plan = a_run()
    store_run(database, plan)
    send(database, a_finished_run(plan))
    act(database, runs.close_run, plan.run_id)
    late = Tablet(plan=plan, dev=2, now_s=4000)
    late.board("r1")
    late.seal()
    send(database, late)
    view = runs.run_view(database, plan.run_id)
    assert view.run.phase is Phase.REOPENED
    assert view.was_reopened
    assert [alarm.kind for alarm in view.alarms] == ["reopened"]
    found = {"says": Whereabouts.ALIGHTED, "second": "u2", "reason": "at home"}
    act(database, runs.resolve_rider, plan.run_id, "r1", **found)
    with pytest.raises(Refused) as refused:
        act(database, runs.close_run, plan.run_id)
    assert "no_attendant_check" in {reason.code for reason in refused.value.reasons}
    again = Tablet(plan=plan, dev=3, now_s=11_000)
    again.record("arrive", stop="S3", by="D1")
    again.prove_empty()
    again.seal()
    clock = FixedClock(EVENING + timedelta(hours=1))
    send(database, again, clock=clock)
    closure = runs.close_run(database, plan.run_id, by="u1", clock=clock, ids=IDS)
    assert closure.version == 2


def test_a_late_fact_that_says_nothing_new_writes_an_addendum(database: Database) -> None:
    """A second boarding certainly before the alighting: still closed and clean, one addendum."""
    plan = a_run()
    store_run(database, plan)
    send(database, a_finished_run(plan))
    act(database, runs.close_run, plan.run_id)
    late = Tablet(plan=plan, dev=2)
    late.board("r1")
    send(database, late)
    view = runs.run_view(database, plan.run_id)
    assert (view.run.phase, view.run.integrity) == (Phase.CLOSED, "clean")
    assert [each.event_id for each in view.addenda] == [late.log[0].event_id]


def test_ov01_two_people_are_two_people(sqlite_database: Database) -> None:
    """Initiator and approver are never the same, whatever the act."""
    plan = a_run()
    store_run(sqlite_database, plan)
    twice = {"second": "u1", "reason": "alone"}
    with pytest.raises(Refused, match="two_people_needed"):
        act(sqlite_database, runs.resolve_rider, plan.run_id, "r1", says=Whereabouts.ALIGHTED, **twice)
    with pytest.raises(InvalidInput, match="reason_needed"):
        run_kit.give_up(sqlite_database, plan.run_id, 1, reason=" ", clock=FixedClock(EVENING), ids=IDS)
    with pytest.raises(InvalidInput, match="absence_needs_reason"):
        act(
            sqlite_database, runs.resolve_rider, plan.run_id, "r1",
            says=Whereabouts.NEVER_ABOARD, second="u2", reason="asked",
        )  # fmt: skip


def test_a_run_is_cancelled_only_while_nobody_was_aboard(database: Database) -> None:
    """Before the first boarding yes, after it no; a boarding on a cancelled run opens it again."""
    plan = a_run()
    store_run(database, plan)
    act(database, runs.cancel_run, plan.run_id, reason="snow")
    assert state(database, plan).phase is Phase.CANCELLED
    tablet = Tablet(plan=plan)
    tablet.board("r1")
    send(database, tablet)
    assert state(database, plan).phase is not Phase.CANCELLED
    with pytest.raises(Refused, match="cancel_refused"):
        act(database, runs.cancel_run, plan.run_id, reason="snow")


def test_a_changed_manifest_is_a_new_version_and_the_old_one_stays(sqlite_database: Database) -> None:
    """Version 2 has its riders, version 1 its own; a stop off the run is refused."""
    plan = a_run()
    store_run(sqlite_database, plan)
    riders = (*plan.manifest, ManifestRider(rider_id="r4", stop_id="S1"))
    assert act(sqlite_database, runs.change_manifest, plan.run_id, riders, reason="late") == 2
    with sqlite_database.reading() as tx:
        assert run_store.load_manifest(tx, plan.run_id, 1) == plan.manifest
        assert len(run_store.load_run_plan(tx, plan.run_id).manifest) == 4
    off = (ManifestRider(rider_id="r5", stop_id="S9"),)
    with pytest.raises(Refused, match="manifest_refused"):
        act(sqlite_database, runs.change_manifest, plan.run_id, off, reason="late")


def test_another_crew_needs_its_papers_and_the_old_one_stays_on_record(sqlite_database: Database) -> None:
    """The new driver must be allowed; what the old crew marked is no stranger's mark."""
    school = small_school.fill(sqlite_database)
    (run_id,) = release(sqlite_database, a_document(a_trip()))
    with sqlite_database.reading() as tx:
        plan = run_store.load_run_plan(tx, run_id)
    spare = [each for each in school.crew if each.crew_id not in plan.crew]
    driver = next(each for each in spare if each.role is CrewRole.DRIVER)
    attendant = next(each for each in spare if each.role is CrewRole.ATTENDANT)
    with pytest.raises(Refused, match="crew_refused"):
        change_crew(sqlite_database, plan, attendant.crew_id, attendant.crew_id)
    change_crew(sqlite_database, plan, driver.crew_id, attendant.crew_id)
    with sqlite_database.reading() as tx:
        changed = run_store.load_run_plan(tx, run_id)
    assert changed.driver_id == driver.crew_id
    assert plan.driver_id in changed.former_crew


def change_crew(database: Database, plan: RunPlan, driver_id: str, attendant_id: str) -> None:
    """The run's crew is asked to be these two."""
    crew = {"driver_id": driver_id, "attendant_ids": (attendant_id,), "reason": "ill"}
    act(database, runs.change_crew, plan.run_id, **crew)


def test_ec12_the_vehicles_next_run_waits_for_the_check_of_the_one_before(sqlite_database: Database) -> None:
    """The second run of a vehicle may not leave while the first is not proved empty."""
    small_school.fill(sqlite_database)
    later = a_trip(wave=2, depart_s=3600, riders=[["20230009"], ["20230010"]])
    first, second = release(sqlite_database, a_document(a_trip(), later))
    assert runs.departure_reasons(sqlite_database, first) == ()
    assert [each.code for each in runs.departure_reasons(sqlite_database, second)] == [
        "earlier_run_unchecked"
    ]


def test_the_board_shows_who_is_missing_and_a_rider_can_be_found(sqlite_database: Database) -> None:
    """Boarded of expected, names of those without a mark, the next stop; search by name."""
    small_school.fill(sqlite_database)
    (run_id,) = release(sqlite_database, a_document(a_trip()))
    with sqlite_database.reading() as tx:
        plan = run_store.load_run_plan(tx, run_id)
    tablet = Tablet(plan=plan)
    tablet.board("20230001", by=plan.attendant_ids[0])
    send(sqlite_database, tablet, clock=FixedClock(DEPARTS_AT))
    (row,) = runs.run_board(
        sqlite_database, small_school.FRIDAY, FixedClock(DEPARTS_AT + timedelta(seconds=30))
    )
    assert (row.boarded, row.expected, row.aboard, row.next_stop, row.sync_age_s) == (1, 4, 1, CAMPUS, 30)
    assert len(row.missing) == 3
    (found,) = runs.find_rider(sqlite_database, "20230001")
    assert found.state == "aboard"
    assert runs.find_rider(sqlite_database, " ") == ()


def test_projections_can_be_rebuilt_and_change_nothing(database: Database) -> None:
    """What the board shows is made of the log: made again it is the same."""
    plan = a_run()
    store_run(database, plan)
    send(database, a_finished_run(plan))
    before = shown(database)
    assert runs.rebuild(database, clock=FixedClock(EVENING), ids=IDS) == 1
    assert shown(database) == before
    assert len(wire(a_finished_run(plan))) == 19


def shown(database: Database) -> list[tuple[Any, ...]]:
    """What lists show of every run."""
    with database.reading() as tx:
        fleet_store.load_vehicles(tx)
        return [(run.run_id, run.phase, run.progress) for run in run_store.list_runs(tx)]


def test_a_missing_rider_holds_the_run_until_two_people_know_where(database: Database) -> None:
    """Marked absent as missing is no disposition; found at school by two people it is."""
    plan = a_run()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    tablet.record("absent", rider="r3", reason="missing")
    tablet.set_out(rider_ids=("r1", "r2"))
    tablet.log[:] = [each for each in tablet.log if getattr(each, "reason", None) != NotRidingReason.LEAVE]
    send(database, tablet)
    assert "rider_missing" in {each.code for each in state(database, plan).open_findings}
    found = {"says": Whereabouts.NEVER_ABOARD, "absence": NotRidingReason.STAYS_AT_SCHOOL}
    act(database, runs.resolve_rider, plan.run_id, "r3", second="u2", reason="in the dormitory", **found)
    assert "rider_missing" not in {each.code for each in state(database, plan).open_findings}
