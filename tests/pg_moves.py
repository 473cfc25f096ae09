"""What is typed and what arrives about riders between two buses: for the mutants of PostgreSQL's guards."""

# ruff: noqa: S608 - this file's statements are its attacks
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import Connection, TextClause
from sqlalchemy.exc import DBAPIError

from busops.storage import event_store
from busops.storage.database import Database
from tests.run_kit import EVENING
from tests.transfer_histories import MOVED, into

BOARDED = "WHERE school_id = 'sound' AND run_id = 'run-1' AND kind = 'board' AND rider_id = 'r1'"
NAMES = (("null", '"run-2"'), ('"r1"', "null"), ('"r1"', '"run-1"'), ('"r1"', '"run-2"'))


def _moved(who: str, where: str) -> str:
    """The SQL that makes a move out of a boarding."""
    own = f'"event_id": "x1", "dev": 9, "seq": 1, "kind": "moved_out", "rider_id": {who}'
    own = f'{own}, "other_run_id": {where}'
    row = f"(jsonb_populate_record(x, '{{{own}}}')).*"
    return f"INSERT INTO run_event SELECT {row} FROM run_event x {BOARDED}"


TYPED_MOVES = {f"a move of {who} to {where}": (_moved(who, where),) for who, where in NAMES}


def taken_back(closing: str, typed: Any, stands: TextClause) -> dict[str, Callable[[Connection], str]]:
    """An answer of the other bus is taken back, or another tap of it, after run-1 was closed or before."""
    return {
        f"{what} of another bus taken back, {when}": partial(
            _arrives, first=first, is_answer=what == "answer", typed=typed, stands=stands
        )
        for what in ("answer", "tap")
        for when, first in (("closed", closing), ("open", "SELECT 1"))
    }


def _arrives(connection: Connection, *, first: str, is_answer: bool, typed: Any, stands: TextClause) -> str:
    other = into(*MOVED)
    if not is_answer:
        other.board("r8", "S3")
    other.void(other.log[-1], after_s=20)
    typed(connection, (first,))
    try:
        with Database(engine=connection, school_id="tr01_whole").transaction() as tx:
            for event in other.log[len(MOVED) :]:
                event_store.append(tx, event, received_at=EVENING, quarantine_id="q")
        return str(tuple(connection.execute(stands).one()))
    except DBAPIError as error:
        return str(error.orig).splitlines()[0]
