"""Reports of defects against raw SQL, on both databases; each guard made weaker lets something pass."""

import pytest
from sqlalchemy import text

from busops.storage import guards
from busops.storage.database import Database, open_engine
from tests.builders import DRIVER, Tablet, a_run
from tests.run_kit import send, store_run
from tests.storage.test_ledger_guards import into, is_refused

LOOKED_OVER = "00000000-0000-7000-8001-000000000001"
OTHER = "00000000-0000-7000-8001-000000000002"
AGAIN = "00000000-0000-7000-8001-000000000003"  # a look-over that told of nothing
CLEARED = into("defect_clearance", f"'t1', '{LOOKED_OVER}', 'u1', 1, 'mended'")


def a_report(defect_id: str = OTHER, plate: str = "川F00001", *, critical: str = "true") -> str:
    """The SQL of a report."""
    return into("vehicle_defect", f"'t1','{defect_id}','{plate}','run-1','[]','x',{critical},'D1',1")


def a_second_run(database: Database) -> str:
    """The SQL that releases the vehicle for another run."""
    with database.reading() as tx:
        keys = tx.session.execute(text("SELECT * FROM run")).keys()
    names = ", ".join(keys)
    other = names.replace("run_id", "'run-2'", 1)
    return " ".join(("INSERT INTO run", f"({names})", "SELECT", other, "FROM run"))


@pytest.fixture
def told(database: Database) -> Database:
    """A vehicle whose driver reported something critical; its look-over and another event stand."""
    tell(database)
    return database


def tell(database: Database) -> None:
    """All of it stands."""
    plan = a_run()
    store_run(database, plan)
    tablet = Tablet(plan=plan)
    tablet.record("precheck", by=DRIVER, codes=["critical"], reason="brakes")
    tablet.record("ack")
    tablet.record("precheck", by=DRIVER, codes=["brakes"])
    send(database, tablet)


ATTACKS = {
    "another text": ["UPDATE vehicle_defect SET text = 'fine'"],
    "not critical": ["UPDATE vehicle_defect SET is_critical = false"],
    "no report": ["DELETE FROM vehicle_defect"],
    "a report of what was no look-over": [a_report()],
    "a report of no event": [a_report("00000000-0000-7000-8001-000000000009")],
    "the same report again": [a_report(LOOKED_OVER)],
    "a report on another vehicle": [a_report(AGAIN, "川F00009")],
    "cleared twice": [CLEARED, CLEARED],
    "cleared by nobody": [CLEARED.replace("'u1'", "''")],
    "cleared without words": [CLEARED.replace("'mended'", "''")],
    "cleared by another": [CLEARED, "UPDATE defect_clearance SET cleared_by = 'u2'"],
    "not cleared after all": [CLEARED, "DELETE FROM defect_clearance"],
}
BY_TRIGGER = ("another text", "not critical", "cleared by another")


def test_raw_sql_changes_no_report_and_no_clearance(told: Database) -> None:
    """Every attack is refused by the database itself."""
    assert [name for name, attack in ATTACKS.items() if not is_refused(told, attack)] == []
    for name in ("vehicle_defect", "defect_clearance"):
        if told.engine.dialect.name == "postgresql":
            assert is_refused(told, [f"TRUNCATE {name} CASCADE"]), name


def test_the_vehicle_gets_no_run_until_it_is_cleared(told: Database) -> None:
    """The same statement, refused while the defect is open and done when it is cleared."""
    second = a_second_run(told)
    assert is_refused(told, [second])
    assert not is_refused(told, [CLEARED, second])
    assert not is_refused(told, [CLEARED, a_report(AGAIN, critical="false"), second])
    assert is_refused(told, [CLEARED, a_report(AGAIN), second])


@pytest.mark.parametrize("name", BY_TRIGGER)
def test_without_its_guard_each_of_these_would_go_through(told: Database, name: str) -> None:
    """None of the triggers is decoration: where they are gone, the same statements change history."""
    bare = open_engine(told.engine.url.render_as_string(hide_password=False), guarded=False)
    with bare.connect() as connection:
        guards.remove(connection)
        assert {connection.execute(text(each)).rowcount for each in ATTACKS[name]} == {1}
        connection.rollback()
    bare.dispose()


def test_without_its_guard_the_vehicle_would_get_its_run(told: Database) -> None:
    """What refuses the second run is the trigger alone."""
    second = a_second_run(told)
    bare = open_engine(told.engine.url.render_as_string(hide_password=False), guarded=False)
    with bare.connect() as connection:
        guards.remove(connection)
        assert connection.execute(text(second)).rowcount == 1
        connection.rollback()
    bare.dispose()
