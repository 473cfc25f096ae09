"""What only PostgreSQL can get wrong: two connections at once, and the rights of the application's role."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from busops.storage import event_store, schema
from busops.storage.database import Database, open_engine
from tests import pg, run_kit
from tests.builders import Tablet, a_finished_run, a_run
from tests.conftest import SCHOOL_ID
from tests.run_kit import CLOSE, EVENING, phase, send, store_run, write_closure

pytestmark = pytest.mark.postgres
INTERLEAVINGS = 40
HEAD_START_S = (0.0, 0.0, 0.05, 0.0)  # now one is ahead, now the other, and half the time nobody

FORBIDDEN = {
    "delete_facts": "DELETE FROM run_event",
    "change_facts": "UPDATE run_event SET kind = 'alight'",
    "empty_the_log": "TRUNCATE run_event",
    "drop_the_trigger": "DROP TRIGGER run_close ON run",
    "disable_the_trigger": "ALTER TABLE run DISABLE TRIGGER run_close",
    "replicate": "SET session_replication_role = replica",
    "replace_the_function": "CREATE OR REPLACE FUNCTION guard_aboard(text, text) RETURNS SETOF text"
    " LANGUAGE sql AS $$ SELECT NULL::text WHERE false $$",
    "shadow_the_log": "CREATE TEMPORARY TABLE run_event (a int)",
    "upsert_to_closed": "INSERT INTO run SELECT * FROM run ON CONFLICT (school_id, run_id)"
    " DO UPDATE SET phase = 'closed', closure_v = 1, closed_at = now(), aboard = 0",
    "merge_to_closed": "MERGE INTO run USING (SELECT 1 AS one) s ON true WHEN MATCHED THEN"
    " UPDATE SET phase = 'closed', closure_v = 1, closed_at = now(), aboard = 0",
    "close_from_an_old_snapshot": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; " + CLOSE,
}


@pytest.fixture
def owned(cluster: pg.Cluster, empty_postgresql: str) -> Iterator[tuple[Database, Database]]:
    """The same database twice: as its owner, and as the application's role."""
    name = cluster.new_database(template=empty_postgresql)
    owner = open_engine(cluster.url(name))
    with owner.begin() as connection:
        connection.execute(text("DROP ROLE IF EXISTS busops_app"))
        connection.execute(text("CREATE ROLE busops_app LOGIN"))
        schema.grant_application(connection, "busops_app")
    application = open_engine(cluster.url(name).replace("//owner@", "//busops_app@"))
    yield (
        Database(engine=owner, school_id=SCHOOL_ID),
        Database(engine=application, school_id=SCHOOL_ID),
    )
    application.dispose()
    with owner.begin() as connection:
        connection.execute(text("DROP OWNED BY busops_app"))
        connection.execute(text("DROP ROLE busops_app"))
    owner.dispose()
    cluster.drop_database(name)


@pytest.mark.parametrize("attack", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_the_applications_role_cannot_get_around_the_guards(
    owned: tuple[Database, Database], attack: str
) -> None:
    """The role can do its work, and neither change history nor the guards, nor close over a rider."""
    _, application = owned
    plan = a_run()
    store_run(application, plan)
    tablet = a_finished_run(plan)
    send(application, tablet)
    late = Tablet(plan=plan, dev=2, now_s=5000)
    late.board("r1")
    send(application, late)
    write_closure(application, plan)
    with pytest.raises(DBAPIError):
        run_kit.force(application, *attack.split("; "))
    assert phase(application, plan) != "closed"


def test_the_applications_role_can_do_its_work(owned: tuple[Database, Database]) -> None:
    """Release, facts, closing and reopening all work with the rights granted."""
    _, application = owned
    plan = a_run()
    store_run(application, plan)
    send(application, a_finished_run(plan))
    write_closure(application, plan)
    run_kit.force(application, CLOSE)
    assert phase(application, plan) == "closed"


@pytest.mark.slow
@pytest.mark.parametrize("level", ["READ COMMITTED", "SERIALIZABLE"])
def test_no_interleaving_of_closing_and_boarding_leaves_a_rider_in_a_closed_run(
    owned: tuple[Database, Database], level: str
) -> None:
    """40 races each: whoever comes first, the run is never closed with somebody aboard."""
    owner, _ = owned
    outcomes = [_race(owner.engine, number, level) for number in range(INTERLEAVINGS)]
    assert "hole" not in outcomes
    assert len(set(outcomes)) >= 2, f"the race always ended the same way: {set(outcomes)}"


def _race(engine: Engine, number: int, level: str) -> str:
    """One run, sound and about to be closed, while a second tablet boards somebody."""
    database = Database(engine=engine, school_id=f"s{number}")
    plan = a_run(run_id="run-1")
    store_run(database, plan)
    send(database, a_finished_run(plan))
    write_closure(database, plan)
    late = Tablet(plan=plan, dev=2, now_s=5000)
    boarding = late.board("r1")
    first = threading.Barrier(2)
    leveled = engine.execution_options(isolation_level=level)
    done: list[str] = []

    def close() -> None:
        with leveled.connect() as connection:
            try:
                first.wait()
                threading.Event().wait(HEAD_START_S[number % len(HEAD_START_S)])
                connection.execute(text(CLOSE.replace("'t1'", f"'s{number}'").replace(":00", "\\:00")))
                if number % 2:
                    threading.Event().wait(0.02)
                connection.commit()
                done.append("closed")
            except DBAPIError:
                connection.rollback()
                done.append("refused")

    def board() -> None:
        pacing = Database(engine=leveled, school_id=f"s{number}")
        first.wait()
        threading.Event().wait(HEAD_START_S[(number + 2) % len(HEAD_START_S)])
        try:
            with pacing.transaction() as tx:
                event_store.append(tx, boarding, received_at=EVENING, quarantine_id="q")
                if not number % 2:
                    threading.Event().wait(0.02)
        except DBAPIError:
            done.append("board failed")

    hands = [threading.Thread(target=close), threading.Thread(target=board)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    with engine.connect() as connection:
        query = text("SELECT phase FROM run WHERE school_id = :school")
        ended = connection.execute(query, {"school": f"s{number}"}).scalar_one()
        query = text("SELECT count(*) FROM guard_aboard(:school, 'run-1')")
        aboard = connection.execute(query, {"school": f"s{number}"}).scalar_one()
    return "hole" if ended == "closed" and aboard else f"{ended}, {aboard} aboard"
