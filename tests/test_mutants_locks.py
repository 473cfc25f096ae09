"""
Without its lock each guard of PostgreSQL lets two sessions pass each other; with it the second waits.

No race: the first session writes and holds, the second is started and is either done or seen waiting
in PostgreSQL's own list, then the first commits. Each case goes once with the guard and once with its
lock taken out of its text, and must end otherwise.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from busops.storage import guards
from busops.storage.database import Database, open_engine
from tests import pg
from tests.interlock_histories import STORIES
from tests.pg_mutants import Mutant, lock_mutants
from tests.run_kit import CLOSE
from tests.storage.test_ledger_guards import (
    an_allocation,
    fill_books,
    lock,
    new_txn,
    post,
    posting,
    said_of,
    sign,
)

pytestmark = pytest.mark.postgres
SOUND = "WHERE school_id = 't1' AND run_id = 'run-1'"
DRIVING = "AND role = 'DRIVER'"
LOCKS = {
    mutant.name.partition(" ")[0]: mutant
    for file in (
        "postgresql.sql",
        "ledger_postgresql.sql",
        "incidents_postgresql.sql",
        "defects_postgresql.sql",
    )
    for mutant in lock_mutants((guards.FOLDER / file).read_text(encoding="utf-8"))
}


def copied(table: str, changes: str, where: str = SOUND) -> str:
    """The SQL that inserts a changed copy of a row."""
    row = f"(jsonb_populate_record(x, '{changes}')).*"
    return " ".join(("INSERT INTO", table, "SELECT", row, "FROM", table, "x", where))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What stands before, what the first session writes, and what the second wants meanwhile."""

    first: str
    second: str = CLOSE
    before: tuple[str, ...] = ()


NAMES = "school_id, plate, vehicle_class, approved_students, approved_total, seat_rows, fixed_fen, per_km_fen"
VEHICLE = " ".join(
    (
        f"INSERT INTO vehicle ({NAMES}, max_trips)",
        "SELECT 't1', plate, 'CHARTER_COACH', 9, 9, 9, 0, 0, 1 FROM run ON CONFLICT DO NOTHING",
    )
)
DEFECT = """INSERT INTO vehicle_defect
  SELECT 't1', e.event_id, u.plate, u.run_id, '[]', 'x', true, 'D1', 1
  FROM run u JOIN run_event e USING (school_id, run_id) WHERE e.kind = 'precheck' LIMIT 1"""
SECOND_RUN = copied("run", '{"run_id": "run-2", "phase": "ready"}')
CASES = {
    "guard_event_in": Case(
        first=copied(
            "run_event",
            '{"event_id": "late", "kind": "check", "n": 1, "dev": 2, "seq": 1}',
            f"{SOUND} AND kind = 'check' AND crew_id = 'A1'",
        )
    ),
    "guard_decision_in": Case(
        first="INSERT INTO run_decision"
        " (school_id, decision_id, run_id, number, kind, made_ms, by_user, reason, covers, body)"
        " VALUES ('t1', 'x', 'run-1', 0, 'closed', 1, 'u1', '', '[]', '{\"version\": 1}')"
    ),
    "guard_run_close": Case(
        first=copied(
            "run_event",
            '{"event_id": "late", "kind": "void", "seq": 3, "rider_id": null, "other_run_id": null,'
            ' "refs": ["00000000-0000-7000-8002-000000000002"]}',
            "WHERE school_id = 't2' AND run_id = 'run-2' AND rider_id = 'r3'",
        ),
        second=CLOSE.replace("'t1'", "'t2'"),
    ),
    "guard_lock_run": Case(first="INSERT INTO run_device VALUES ('t1', 'run-1', 9)"),
    "guard_closure_in": Case(first=copied("closure", '{"version": 2}')),
    "guard_crew_in": Case(
        first=copied("run_crew", '{"crew_id": "X"}', f"{SOUND} AND role = 'DRIVER'"),
        second=copied("run_crew", '{"crew_id": "X"}', f"{SOUND} AND role = 'ATTENDANT'"),
    ),
    "guard_crew_change": Case(first=" ".join(("UPDATE run_crew SET until_at = now()", SOUND, DRIVING))),
    "incident_locks_run": Case(
        first="INSERT INTO incident VALUES ('t1', 'i1', 'run-1', 'overload', 'P1', 'over_students:x', 1)"
    ),
    "vehicle_defect_guard": Case(before=(VEHICLE,), first=DEFECT, second=SECOND_RUN),
    "run_born_defect": Case(before=(VEHICLE,), first=DEFECT, second=SECOND_RUN),
    "guard_quarantine": Case(
        first="INSERT INTO quarantine"
        " (school_id, quarantine_id, run_id, digest, why, raw, received_ms, state, note)"
        " VALUES ('t1', 'q', 'run-1', 'd', 'x', 'x', 1, 'open', '')"
    ),
    "ledger_period_open": Case(
        before=(said_of("2024-03"), sign("2024-03", "clerk")),
        first=new_txn(9, made_by="'clerk'"),
        second=lock("2024-03", "lead"),
    ),
    "posting_guard": Case(
        before=(new_txn(9), posting(9, 1, 5), posting(9, 2, -5)), first=posting(9, 3, 7), second=post(9)
    ),
    "allocation_guard": Case(
        before=("INSERT INTO receipt SELECT (jsonb_populate_record(x, "
                '\'{"receipt_id": "r2", "row_key": "k2"}\')).* FROM receipt x',),
        first=an_allocation("a2", 900).replace("'r1'", "'r2'"),
        second=an_allocation("a3", 900).replace("'r1'", "'r2'"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def filled(cluster: pg.Cluster, empty_postgresql: str) -> Iterator[str]:
    """The name of a database with a run that may close, and books."""
    name = cluster.new_database(template=empty_postgresql)
    engine = open_engine(cluster.url(name))
    STORIES["sound"](Database(engine=engine, school_id="t1"))
    STORIES["tr01_whole"](Database(engine=engine, school_id="t2"))
    fill_books(Database(engine=engine, school_id="t1"))
    engine.dispose()
    yield name
    cluster.drop_database(name)


def interleaved(engine: Engine, case: Case, mutant: Mutant | None) -> str:
    """How the second session ends when the first writes before it and commits after it began."""
    with engine.begin() as connection:
        if mutant is not None:
            connection.exec_driver_sql(mutant.sql.replace("%", "%%"))
        for statement in case.before:
            connection.exec_driver_sql(statement)
    ended: list[str] = []

    def second() -> None:
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql(case.second)
            ended.append("done")
        except DBAPIError as error:
            ended.append(str(error.orig).splitlines()[0])

    hand = threading.Thread(target=second)
    with engine.begin() as connection:
        connection.exec_driver_sql(case.first)
        hand.start()
        while hand.is_alive() and not somebody_waits(engine):
            hand.join(0.02)
    hand.join()
    return ended[0]


def somebody_waits(engine: Engine) -> bool:
    """Whether a session waits for another one, by PostgreSQL's own account."""
    query = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    with engine.connect() as connection:
        own = "WHERE NOT l.granted AND a.datname = current_database()"
        return bool(connection.execute(text(f"{query} {own}")).scalar())


def test_every_lock_has_its_case() -> None:
    """A lock that is new in the guards needs two sessions here."""
    assert LOCKS.keys() == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_guard_without_its_lock_is_noticed(name: str, cluster: pg.Cluster, filled: str) -> None:
    """With the lock the second session waits and is refused; without it both get their way."""
    ends = []
    for mutant in (None, LOCKS[name]):
        copy = cluster.new_database(template=filled)
        engine = open_engine(cluster.url(copy))
        ends.append(interleaved(engine, CASES[name], mutant))
        engine.dispose()
        cluster.drop_database(copy)
    assert ends[0].startswith("guard: "), ends
    assert ends[1] == "done"
