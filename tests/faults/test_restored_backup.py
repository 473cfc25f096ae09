"""
S11 and S12: yesterday's copy on a new host, to which the tablets send again; and a server's clock set back.
"""

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from busops.domain.errors import Refused
from busops.domain.fleet import CrewRole
from busops.services import backups, runs, watch
from busops.storage.database import Database, open_engine
from busops.web.app import create_app
from tests import run_kit
from tests.builders import DEPARTS_MS, a_finished_run, a_run
from tests.faults import history
from tests.machine import CountingIds, FixedClock
from tests.sim import world
from tests.sim.game_tablet import GameTablet


def test_a_restored_copy_gets_back_what_the_tablets_hold(
    sqlite_database: Database, settings: Any, ids: Any, tmp_path: Path
) -> None:
    """A copy made half-way lacks what came later; the tablet learns it from the ack and sends it again."""
    world.fill(sqlite_database)
    world.release(sqlite_database)
    clock = world.a_clock()
    held = world.enrol(sqlite_database, CrewRole.ATTENDANT, clock=clock, ids=ids)
    tablet = GameTablet(
        dev=held.dev, by=held.crew_id, token=held.token, key=held.key, run_id="run-1", dice=Random(1)
    )
    tablet.skew_ms = 900_000

    def host(database_url: str, folder: Path) -> Any:
        made = create_app(
            settings_for(settings, database_url, folder), clock=clock, ids=run_kit.PrefixedIds("h", ids)
        )
        client = made.test_client()

        def wire(headers: Any, events: Any, sealed: Any) -> Any:
            answer = client.post("/api/v1/events:batch", json=sealed(events), headers=dict(headers))
            return answer.status_code, answer.get_json(), dict(answer.headers)

        return wire

    now = [DEPARTS_MS]
    old = host(str(sqlite_database.engine.url), tmp_path)
    for rider in ("20230001", "20230002", "20230003", "20230004"):
        now[0] += 5_000
        tablet.write("board", now[0], rider=rider, stop="@campus")
        tablet.flush(old, lambda: now[0])
        if rider == "20230002":
            copy = backups.back_up(sqlite_database, tmp_path / "new" / "copy.sqlite3")
    answered = {entry.event["id"] for entry in tablet.entries}
    assert not tablet.waiting()
    engine = open_engine(f"sqlite:///{copy}")
    restored = Database(engine=engine, school_id="t1")
    new = host(f"sqlite:///{copy}", tmp_path / "new")
    tablet.write("note", now[0] + 1, text="on the new host")
    tablet.flush(new, lambda: now[0])
    tablet.flush(new, lambda: now[0])
    assert not tablet.waiting()
    history.told("S11 restored", restored, [entry.event for entry in tablet.entries], answered)
    for database in (sqlite_database, restored):
        with database.reading() as tx:
            assert sorted(runs.state_of(tx, "run-1").aboard) == [
                "20230001", "20230002", "20230003", "20230004",
            ]  # fmt: skip
    engine.dispose()


def settings_for(settings: Any, database_url: str, folder: Path) -> Any:
    """The same settings on another host."""
    changed = {name: getattr(settings, name) for name in type(settings).__dataclass_fields__}
    return type(settings)(**{**changed, "database_url": database_url, "instance_path": folder})


def test_a_copy_that_is_damaged_does_not_count(sqlite_database: Database, tmp_path: Path) -> None:
    """A copy passes its checks before it stands under its name; what breaks a foreign key does not."""
    with sqlite_database.engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        raw.set_authorizer(None)
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("INSERT INTO run_device (school_id, run_id, dev) VALUES ('t1', 'no such run', 1)")
    with pytest.raises(Refused, match="backup_damaged"):
        backups.back_up(sqlite_database, tmp_path / "copy.sqlite3")
    assert not (tmp_path / "copy.sqlite3").exists()


def test_a_clock_set_back_delays_an_alarm_and_never_takes_one_back(sqlite_database: Database) -> None:
    """S12: an hour back, what was raised stands, once; the next level comes when its time comes again."""
    plan = a_run()
    run_kit.store_run(sqlite_database, plan)
    tablet = a_finished_run(plan)
    arrived = [each for each in tablet.log if each.kind in ("arrive", "alight")][-1].seq
    run_kit.send(sqlite_database, tablet, only=tablet.log[:arrived])
    ids = CountingIds()
    clock = FixedClock(plan.arrives_at + timedelta(minutes=26))
    first = watch.raise_due_alarms(sqlite_database, clock, ids)
    assert {alarm.level for alarm in first if alarm.kind == "check_overdue"} >= {1, 2}
    clock.advance(-3600)
    assert not [each for each in watch.raise_due_alarms(sqlite_database, clock, ids) if each in first]
    clock.advance(3600 + 3600)
    later = watch.raise_due_alarms(sqlite_database, clock, ids)
    names = [(alarm.kind, alarm.level, alarm.occasion) for alarm in (*first, *later)]
    assert len(names) == len(set(names))
    assert {alarm.level for alarm in (*first, *later) if alarm.kind == "check_overdue"} >= {1, 2, 3, 4, 5}
