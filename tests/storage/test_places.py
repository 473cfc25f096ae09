"""Where a run's stops were at its release: kept on both databases, judged by the fold, never changed."""

from dataclasses import replace

from busops.domain.network import StopPlace
from busops.domain.run import Phase
from busops.services import runs
from busops.storage import alarm_store, run_store
from busops.storage.database import Database
from tests.builders import STOPS, Tablet, a_run
from tests.run_kit import phase, send, state, store_run
from tests.storage.test_ledger_guards import is_refused

PLACE = StopPlace(lat6=31_127_000, lon6=104_398_000, radius_m=60)
PLAN = replace(a_run(), places=dict.fromkeys(STOPS, PLACE))
AWAY = {"lat6": PLACE.lat6 + 9 * 400, "lon6": PLACE.lon6, "acc": 12}
NEAR = {"lat6": PLACE.lat6 + 9 * 30, "lon6": PLACE.lon6, "acc": 12}


def a_ride(**last) -> Tablet:
    """Three riders home; the last one's alighting has the position given."""
    tablet = Tablet(plan=PLAN)
    tablet.set_out()
    for number, stop_id in enumerate(STOPS, start=1):
        tablet.record("arrive", stop=stop_id, by="D1", after_s=300, **NEAR)
        tablet.alight(f"r{number}", stop_id, **(last if number == len(STOPS) else NEAR))
        if stop_id != STOPS[-1]:
            tablet.record("depart", stop=stop_id, by="D1", after_s=30, **NEAR)
    tablet.prove_empty()
    tablet.seal()
    return tablet


def test_the_places_come_back_with_the_run_and_stand_for_good(database: Database) -> None:
    """As released; a run of before places were kept has none; no statement changes or removes one."""
    store_run(database, PLAN)
    store_run(database, a_run(run_id="run-2"))
    with database.reading() as tx:
        assert run_store.load_run_plan(tx, "run-1").places == PLAN.places
        assert run_store.load_run_plan(tx, "run-2").places == {}
    for attack in (
        "UPDATE run_place SET radius_m = 5000",
        "DELETE FROM run_place",
        "INSERT INTO run_place VALUES ('t1','run-1','S1',1,1,60)",
        "INSERT INTO run_place VALUES ('t1','run-2','S1',1,1,0)",
    ):
        assert is_refused(database, [attack]), attack
    is_sqlite = database.engine.dialect.name == "sqlite"
    replacing = "INSERT OR REPLACE INTO run_place SELECT * FROM run_place"
    assert is_refused(database, [replacing if is_sqlite else "TRUNCATE run_place"])


def test_an_alighting_away_from_its_stop_alarms_at_once_and_holds_the_run(database: Database) -> None:
    """Four hundred metres off: a finding that two people must settle, and an alarm of level 3 with it."""
    store_run(database, PLAN)
    tablet = a_ride(**AWAY)
    send(database, tablet)
    (finding,) = [each for each in state(database, PLAN).findings if each.code == "away_from_stop_alight"]
    assert 395 <= finding.facts["distance_m"] <= 405
    assert {reason.code for reason in runs.run_view(database, "run-1").reasons} == {"finding_open"}
    with database.reading() as tx:
        alarms = [each for each in alarm_store.load_alarms(tx) if each.kind == "away_from_stop_alight"]
    assert [(alarm.level, alarm.occasion) for alarm in alarms] == [(3, finding.place)]


def test_at_the_stop_nothing_is_found_and_the_run_is_ready_to_close(database: Database) -> None:
    """The same ride with honest positions: no finding, no alarm, no reason."""
    store_run(database, PLAN)
    send(database, a_ride(**NEAR))
    assert runs.run_view(database, "run-1").reasons == ()
    assert phase(database, PLAN) == Phase.CHECKED
    with database.reading() as tx:
        assert alarm_store.load_alarms(tx) == ()
