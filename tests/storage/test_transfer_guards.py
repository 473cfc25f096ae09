"""Riders between two buses, on both databases: nobody closes the run they left until the other has them."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from busops.domain.events import Whereabouts
from busops.storage import event_store
from busops.storage.database import Database
from tests import run_kit
from tests.builders import Tablet, resolved
from tests.run_kit import CLOSE, force, phase, send
from tests.transfer_histories import MOVED, PAIRS, A, B, Pair, into, pair, told

NAMES = (
    "school_id, event_id, run_id, dev, seq, prev, digest, kind, rider_id, stop_id, n, refs, codes, reason, "
    "crew_id, roster_v, boot, mono_ms, wall_ms, lo_ms, hi_ms, received_ms, srv, raw"
)
COPIED = NAMES.replace("event_id", "'x1'").replace("seq,", "99,").replace(" srv,", " srv + 100,")
OF_A_BOARDING = "FROM run_event WHERE run_id = 'run-1' AND kind = 'board' AND rider_id = 'r1'"
ATTACKS = {
    "a move to nowhere": ("'moved_out'", "NULL"),
    "a move to itself": ("'moved_out'", "'run-1'"),
    "a coming from nowhere": ("'moved_in'", "NULL"),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_run_is_closed_by_sql_only_when_every_move_is_whole(database: Database, name: str) -> None:
    """UPDATE … 'closed' with a forged closure row ends as the table says, whoever was heard first."""
    build, aboard, _, why = PAIRS[name]
    told(database, build, others_first=len(name) % 2 == 0)
    assert run_kit.state(database, A).aboard == aboard
    if why is None:
        force(database, CLOSE)
        assert phase(database, A) == "closed"
        return
    with pytest.raises(DBAPIError, match=why):
        force(database, CLOSE)
    assert phase(database, A) != "closed"


def closed(database: Database, build: Callable[[], Pair]) -> Pair:
    """The history, and run-1 closed."""
    found = told(database, build)
    force(database, CLOSE)
    assert phase(database, A) == "closed"
    return found


def test_an_answer_that_is_taken_back_opens_the_run_that_was_closed_on_it(database: Database) -> None:
    """The other tablet was offline: its void comes when run-1 is closed, and somebody is called."""
    found = closed(database, lambda: pair(into(*MOVED)))
    other = found.others[0]
    other.void(other.log[-1], after_s=20)
    send(database, other)
    assert phase(database, A) == "reopened"
    assert dict(run_kit.state(database, A).moving) == {"r3": "run-2"}
    with pytest.raises(DBAPIError):
        force(database, CLOSE)


def test_a_void_of_something_else_opens_nothing(database: Database) -> None:
    """Only the answer counts: another tap of the other bus may be taken back."""
    found = closed(database, lambda: pair(into(*MOVED)))
    other = found.others[0]
    other.board("r8", "S3")
    other.void(other.log[-1], after_s=20)
    send(database, other)
    assert phase(database, A) == "closed"


def test_a_move_that_comes_after_the_close_opens_the_run(database: Database) -> None:
    """A second tablet says that r1 went over too: nobody has him, so run-1 is open again."""
    closed(database, lambda: pair(into(*MOVED)))
    late = Tablet(plan=A, dev=4, now_s=5000)
    late.record("moved_out", rider="r1", text="run-2")
    send(database, late)
    assert phase(database, A) == "reopened"


def test_a_late_coming_over_opens_the_run_it_came_to(database: Database) -> None:
    """Run-2 was closed without him; a tablet says that he is in it."""
    found = told(database, lambda: pair(into(*MOVED)))
    where = [resolved(B, each, found.others[0].log, Whereabouts.ALIGHTED) for each in MOVED]
    with database.transaction() as tx:
        for decision in where:
            event_store.decide(tx, decision)
    assert run_kit.state(database, B).aboard == frozenset()
    late = into("r2", dev=5, now_s=5000)
    send(database, late)
    assert run_kit.state(database, B).aboard == {"r2"}
    with database.reading() as tx:
        assert tx.session.scalar(text("SELECT aboard FROM run WHERE run_id = 'run-2'")) == 1


@pytest.mark.parametrize(("kind", "other"), ATTACKS.values(), ids=ATTACKS.keys())
def test_a_move_names_another_run(database: Database, kind: str, other: str) -> None:
    """Raw SQL cannot write a move of nobody's to nowhere."""
    told(database, pair)
    columns = COPIED.replace("kind", kind)
    with pytest.raises(DBAPIError, match="move_unnamed"):
        force(
            database,
            f"INSERT INTO run_event ({NAMES}, other_run_id) SELECT {columns}, {other} {OF_A_BOARDING}",
        )


def test_the_forged_rows_would_be_taken_with_a_name(database: Database) -> None:
    """The attack's own statement works with another run's name, so it is refused for nothing else."""
    told(database, pair)
    columns = COPIED.replace("kind", "'moved_in'")
    force(
        database,
        f"INSERT INTO run_event ({NAMES}, other_run_id) SELECT {columns}, 'run-2' {OF_A_BOARDING}",
    )
    with database.reading() as tx:
        assert tx.session.scalar(text("SELECT count(*) FROM run_event WHERE event_id = 'x1'")) == 1
