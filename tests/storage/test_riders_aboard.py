"""Who is shown aboard which run of a day, and who on two at once: one question, and only what changes."""

from dataclasses import replace

from sqlalchemy import text

from busops.domain.run_plan import RunPlan
from busops.storage import run_order_store, schema
from busops.storage.database import Database
from tests.builders import Tablet, a_run
from tests.run_kit import send, store_run

FIRST = a_run()
SECOND = replace(FIRST, run_id="run-2")
SHOWN = "SELECT run_id, rider_id FROM rider_aboard ORDER BY run_id, rider_id"


def shown(database: Database) -> list[tuple[str, str]]:
    """The rows of the projection."""
    with database.reading() as tx:
        return [tuple(row) for row in tx.session.execute(text(SHOWN))]


def show(database: Database, plan: RunPlan, *aboard: str) -> dict[str, frozenset[str]]:
    """These riders are aboard the run; who of them is elsewhere too."""
    with database.transaction() as tx:
        return run_order_store.show_aboard(tx, plan, set(aboard))


def test_whoever_is_shown_aboard_elsewhere_is_told(database: Database) -> None:
    """Only of the same day; who got off is shown no more; telling it twice changes nothing."""
    another_day = replace(FIRST, run_id="run-3", on=FIRST.on.replace(day=1))
    for plan in (FIRST, SECOND, another_day):
        store_run(database, plan)
    assert show(database, FIRST, "r1", "r2") == {}
    assert show(database, another_day, "r1") == {}
    assert show(database, SECOND, "r2", "r3") == {"run-1": {"r2"}}
    assert show(database, SECOND, "r2", "r3") == {"run-1": {"r2"}}
    assert show(database, FIRST, "r1") == {}
    rows = [("run-1", "r1"), ("run-2", "r2"), ("run-2", "r3"), ("run-3", "r1")]
    assert shown(database) == rows
    assert show(database, SECOND) == {}
    assert shown(database) == [rows[0], rows[3]]


def test_the_record_of_a_run_says_who_is_shown(database: Database) -> None:
    """On, off, and taken back: what the fold says of the record is what the projection shows."""
    store_run(database, FIRST)
    tablet = Tablet(plan=FIRST)
    tablet.board("r1")
    mark = tablet.board("r2")
    send(database, tablet)
    assert shown(database) == [("run-1", "r1"), ("run-1", "r2")]
    tablet.alight("r1")
    tablet.void(mark, after_s=5)
    send(database, tablet)
    assert shown(database) == []


def test_an_update_shows_the_runs_that_are_under_way(database: Database) -> None:
    """A database of before has nobody in the new table; the migration reads who is aboard from the runs."""
    store_run(database, FIRST)
    store_run(database, SECOND)
    tablet = Tablet(plan=FIRST)
    tablet.board("r1")
    tablet.board("r2")
    send(database, tablet)
    url = database.engine.url.render_as_string(hide_password=False)
    database.engine.dispose()
    with_them = shown(database)
    database.engine.dispose()
    schema.upgrade(url)
    schema.downgrade(url, "0018")
    schema.upgrade(url)
    assert shown(database) == with_them == [("run-1", "r1"), ("run-1", "r2")]
