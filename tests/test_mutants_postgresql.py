"""
The tests of PostgreSQL's interlock are tested: each condition and trigger made weaker must be noticed.

Every history stands in one database, each in a school of its own. A mutant is put in, the same
statements are typed as with the real guards, and everything is rolled back; one of them must end
otherwise. Mutants that make no difference are named in HELD_TWICE, each with what holds instead.
"""

# ruff: noqa: S608 - this file's statements are its attacks
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from busops.domain.events import Resolved, Whereabouts
from busops.storage import event_store, guards
from busops.storage.database import Database, open_engine
from tests import pg
from tests.builders import Tablet, a_run, decided
from tests.interlock_histories import STORIES
from tests.interlock_tools import PLAN, driven, ended
from tests.pg_admitted import typed_admissions
from tests.pg_held_twice import HELD_TWICE, LIKELY, OLD_SNAPSHOT
from tests.pg_moves import TYPED_MOVES, taken_back
from tests.pg_mutants import Mutant, condition_mutants, trigger_mutants
from tests.run_kit import CLOSE, EVENING, cancelling, send, store_run, without, write_closure
from tests.storage.test_run_attacks import ATTACKS, reopened_run, spelt
from tests.storage.test_run_guards import HISTORIES
from tests.test_mutants import two_attendants

pytestmark = pytest.mark.postgres
SCRIPT = (guards.FOLDER / "postgresql.sql").read_text(encoding="utf-8")
KEPT = (
    "run_event", "run_decision", "closure", "closure_addendum", "manifest", "manifest_rider", "run_stop",
    "run_tag", "run_device", "run_crew", "alarm", "quarantine", "run",
)  # fmt: skip
STANDS = text("""
  SELECT string_agg(concat_ws(' ', school_id, run_id, phase, integrity, aboard, closure_v, reopened_ms), ', '
      ORDER BY school_id, run_id),
    (SELECT string_agg(alarm_id, ' ' ORDER BY alarm_id) FROM alarm),
    (SELECT count(*) FROM closure_addendum), (SELECT count(*) FROM run_decision)
  FROM run WHERE phase IN ('closed', 'reopened', 'cancelled') OR aboard > 0""")

RUN = "WHERE school_id = 'sound' AND run_id = 'run-1'"
CANCEL = "; ".join(cancelling("only_released"))
UNCANCEL = "UPDATE run SET phase = 'ready' WHERE school_id = 'only_released'"
ALARM = "WHERE school_id = 't1'"
RESOLVE = f"UPDATE alarm SET state = 'resolved', resolved_by = 'u1', evidence = 'seen' {ALARM}"
UNTOUCHED = "WHERE school_id = 'only_released'"
WAITS = "WHERE school_id = 'own_waits'"
SETTLE = f"UPDATE quarantine SET state = 'dismissed', settled_by = 'a', second_user = 'b' {WAITS}"
ADMIT = SETTLE.replace("dismissed", "admitted")
NINTH = "00000000-0000-7000-8001-000000000009"
CREW = "WHERE school_id = 'sound' AND role = 'DRIVER'"


def closing(school: str, version: str = "1") -> str:
    """The SQL that closes the school's run by a closure of that version."""
    return CLOSE.replace("'t1'", f"'{school}'").replace("closure_v = 1", f"closure_v = {version}")


def copied(table: str, changes: str, where: str = RUN) -> str:
    """The SQL that inserts a changed copy of a row."""
    return f"INSERT INTO {table} SELECT (jsonb_populate_record(x, '{changes}')).* FROM {table} x {where}"


CLOSED = closing("sound")
TYPED: dict[str, tuple[str, ...]] = {
    **{f"t1: {name}": (spelt(attack),) for name, attack in ATTACKS.items()},
    **{f"close {name}": (closing(name),) for name in STORIES},
    **{f"close {history.__name__}": (closing(history.__name__),) for history, _ in HISTORIES},
    "close two_attendants": (closing("two_attendants"),),
    "close second_closure by 2": (closing("second_closure", "2"),),
    "close recounted by 2": (closing("recounted", "2"),),
    "close closed_again by 2": (closing("closed_again", "2"),),
    "close nothing by none": (closing("only_released", "NULL"),),
    "no longer on the list": (
        copied("manifest", '{"version": 2}', "WHERE school_id = 'handed_over_only'"),
        "UPDATE run SET roster_v = 2 WHERE school_id = 'handed_over_only'",
        closing("handed_over_only"),
    ),
    "cancel what was only read": (CANCEL.replace("only_released", "acked_only"),),
    "cancel no more": (CANCEL, UNCANCEL),
    "close by none": (closing("sound", "NULL"),),
    "close twice": (CLOSED, CLOSED),
    "close a cancelled run": (CANCEL, closing("only_released")),
    "cancel twice": (CANCEL, CANCEL),
    "cancel undecided": (cancelling("only_released")[1],),
    "cancel decided otherwise": (
        cancelling("only_released")[0].replace("'cancelled'", "'released'"), cancelling("only_released")[1],
    ),
    "cancel what had riders": (f"UPDATE run SET phase = 'cancelled' {RUN}",),
    **{f"change nothing of {table}": (f"UPDATE {table} SET school_id = school_id",) for table in KEPT},
    **{f"delete from {table}": (f"DELETE FROM {table}",) for table in KEPT},
    **{f"truncate {table}": (f"TRUNCATE {table}",) for table in KEPT},
    "truncate what overrides name": ("TRUNCATE quarantine CASCADE",),
    **{
        f"born {changes}": (copied("run", f'{{"run_id": "run-9", {changes}}}', UNTOUCHED),)
        for changes in (
            '"phase": "ready"', '"phase": "arrived"', '"closure_v": 1', '"aboard": 1',
        )
    },
    **{
        f"set {change}": (CLOSED, f"UPDATE run SET {change} {RUN}")
        for change in (
            "phase = 'ready', closure_v = NULL, closed_at = NULL", "integrity = 'challenged'",
            "closure_v = 2",
            "closed_at = now()", "phase = 'reopened', closure_v = NULL, closed_at = NULL",
            "phase = 'reopened', closure_v = NULL, closed_at = NULL, reopened_ms = 5",
        )
    },
    **{
        f"move {column}": (f"UPDATE run SET {column} = {value} {RUN}",)
        for column, value in (
            ("plate", "'x'"), ("terminal", "'x'"), ("run_on", "'2026-01-01'"), ("direction", "'return'"),
            ("designated", "'[]'"), ("arrives_at", "now()"), ("reopened_ms", "7"),
            ("phase", "'checked'"), ("phase", "'reopened'"),
        )
    },
    "reopening forward": ("UPDATE run SET reopened_ms = reopened_ms + 1 WHERE school_id = 't1'",),
    **{f"closure {v}": (copied("closure", f'{{"version": {v}}}'),) for v in (0, 1, 2, 3)},
    **{f"manifest {v}": (copied("manifest", f'{{"version": {v}}}'),) for v in (0, 1, 2)},
    "add to an old manifest": (
        copied("manifest", '{"version": 2}'), f"UPDATE run SET roster_v = 2 {RUN}",
        copied("manifest_rider", '{"rider_id": "r9"}', f"{RUN} AND rider_id = 'r1'"),
    ),
    "add to the manifest": (copied("manifest_rider", '{"rider_id": "r9"}', f"{RUN} AND rider_id = 'r1'"),),
    "a new list": (copied("manifest", '{"version": 2}'), f"UPDATE run SET roster_v = 2 {RUN}", CLOSED),
    "an old list": (copied("manifest", '{"version": 2}'), CLOSED),
    "a rider on another list": (
        copied("manifest", '{"version": 2}'),
        copied("manifest_rider", '{"version": 2, "rider_id": "r9"}', f"{RUN} AND rider_id = 'r1'"),
        f"UPDATE run SET roster_v = 2 {RUN}", CLOSED,
    ),
    "same person": (copied("run_crew", '{"role": "ATTENDANT"}', CREW),),
    "somebody else": (copied("run_crew", '{"crew_id": "D2"}', CREW),),
    "back again": (
        f"UPDATE run_crew SET until_at = since_at {CREW}",
        copied("run_crew", '{"role": "ATTENDANT", "until_at": null}', CREW),
    ),
    "crew for ever": (f"UPDATE run_crew SET since_at = since_at {CREW}",),
    "crew ends": (f"UPDATE run_crew SET until_at = now() {CREW}",),
    "crew ends twice": (f"UPDATE run_crew SET until_at = now() {CREW}",) * 2,
    "crew ends as another": (f"UPDATE run_crew SET until_at = now(), crew_id = 'D9' {CREW}",),
    "another device": (copied("run_device", '{"dev": 9}'), CLOSED),
    "alarm born over": (copied("alarm", '{"alarm_id": "x", "level": 9, "state": "acked"}', ALARM),),
    "alarm resolved": (RESOLVE,),
    "alarm resolved twice": (RESOLVE, RESOLVE),
    "alarm resolved by nobody": (RESOLVE.replace("'u1'", "NULL"),),
    "alarm without evidence": (RESOLVE.replace("'seen'", "''"),),
    "alarm seen": (f"UPDATE alarm SET state = 'acked' {ALARM}",),
    "alarm unseen": (
        f"UPDATE alarm SET state = 'acked' {ALARM}", f"UPDATE alarm SET state = 'raised' {ALARM}",
    ),
    "alarm of another kind": (f"UPDATE alarm SET state = 'acked', kind = 'note' {ALARM}",),
    "quarantine settled": (SETTLE,),
    "quarantine admitted": (
        copied("quarantine", f'{{"quarantine_id": "q3", "digest": "d3", "event_id": "{NINTH}"}}', WAITS),
        ADMIT + " AND quarantine_id = 'q3'",
    ),
    "quarantine admitted, nothing stands": (ADMIT,),
    "quarantine settled as another": (SETTLE.replace(" WHERE", ", raw = '' WHERE"),),
    "quarantine opened again": ("UPDATE quarantine SET note = 'x' WHERE school_id = 'own_settled'",),
    "quarantine born settled": (
        copied("quarantine", '{"quarantine_id": "q2"}', "WHERE school_id = 'own_settled'"),
    ),
    **TYPED_MOVES,
    **typed_admissions(CLOSED),
}  # fmt: skip
LATE = {
    "board": {"rider": "r1", "stop": "S3"},
    "alight": {"rider": "r1", "stop": "S9"},
    "alight off": {"rider": "r1", "stop": "S7"},
    "alight nowhere": {"rider": "r1", "stop": None},
    "void": {"refs": [NINTH]},
    "absent": {"rider": "r1", "reason": "leave"},
    "headcount some": {"n": 1, "stop": "S3"},
    "headcount none": {"n": 0, "stop": "S3"},
    "check some": {"n": 1, "codes": ["900001"]},
    "check none": {"n": 0, "codes": ["900001"]},
    "note": {"text": "x"},
    "depart": {"stop": "S3"},
    "moved_in": {"rider": "r1", "text": "run-2"},
    "moved_out": {"rider": "r1", "text": "run-2"},
}


@pytest.fixture(scope="module")
def histories(cluster: pg.Cluster, empty_postgresql: str) -> Iterator[Engine]:
    """A database in which every history has happened, up to the moment somebody would close."""
    name = cluster.new_database(template=empty_postgresql)
    engine = open_engine(cluster.url(name))
    for story, tell in STORIES.items():
        tell(Database(engine=engine, school_id=story))
    for history, _ in [*HISTORIES, (two_attendants, "")]:
        database = Database(engine=engine, school_id=history.__name__)
        plan = a_run(attendant_ids=("A1", "A2") if history is two_attendants else ("A1",))
        store_run(database, plan)
        tablets = history(plan)
        for tablet in tablets:
            send(database, tablet)
        forged = {"driver_id": "A2", "driver_check": tablets[0].log[-3].event_id}
        write_closure(database, plan, **(forged if history is two_attendants else {}))
    reopened_run(Database(engine=engine, school_id="t1"))
    without(Database(engine=engine, school_id="t1"), "admission_by_override")  # it has tests of its own
    yield engine
    engine.dispose()
    cluster.drop_database(name)


def every_probe() -> dict[str, Callable[[Connection], str]]:
    """Each statement and each late fact by name: what is typed, and how it ends."""
    typing = {name: partial(typed, statements=statements) for name, statements in TYPED.items()}
    befores = {"closed": CLOSED, "cancelled": CANCEL, "open": "SELECT 1"}
    arriving = {
        f"{name}, {when}": partial(arrived, first=first, kind=name.split(" ", maxsplit=1)[0], own=own)
        for name, own in LATE.items()
        for when, first in befores.items()
    }
    saying = {
        f"said to be {says}, {when}": partial(said, first=befores[when], says=says)
        for says in (Whereabouts.ABOARD, Whereabouts.ALIGHTED)
        for when in ("closed", "open")
    }
    return typing | arriving | saying | taken_back(closing("tr01_whole"), typed, STANDS)


@contextmanager
def undone(connection: Connection) -> Iterator[None]:
    """Whatever happens inside did not happen."""
    savepoint = connection.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


def typed(connection: Connection, statements: tuple[str, ...]) -> str:
    """How the statements end: what then stands, or the first line of the refusal."""
    try:
        for statement in statements:
            connection.exec_driver_sql(statement)
        return str(tuple(connection.execute(STANDS).one()))
    except DBAPIError as error:
        return str(error.orig).splitlines()[0]


def arrived(connection: Connection, *, first: str, kind: str, own: dict[str, object]) -> str:
    """A fact comes after the run was closed or cancelled, or before."""
    school = "only_released" if first == CANCEL else "sound"
    late = Tablet(plan=PLAN, dev=2, now_s=5000)
    event = late.record(kind, **own)
    typed(connection, (first,))
    try:
        with Database(engine=connection, school_id=school).transaction() as tx:
            event_store.append(tx, event, received_at=EVENING, quarantine_id="q")
        return str(tuple(connection.execute(STANDS).one()))
    except DBAPIError as error:
        return str(error.orig).splitlines()[0]


def said(connection: Connection, *, first: str, says: Whereabouts) -> str:
    """Two people say where r1 is, after the close or before."""
    ids = frozenset(event.event_id for event in ended(driven()).log)
    typed(connection, (first,))
    try:
        with Database(engine=connection, school_id="sound").transaction() as tx:
            event_store.decide(tx, decided(Resolved, PLAN, rider_id="r1", says=says, covers=ids))
        return str(tuple(connection.execute(STANDS).one()))
    except DBAPIError as error:
        return str(error.orig).splitlines()[0]


def ends(connection: Connection, probe: Callable[[Connection], str]) -> str:
    """How the probe ends; nothing of it is kept."""
    with undone(connection):
        return probe(connection)


def is_noticed(connection: Connection, mutant: Mutant, right: dict[str, str], killers: list[str]) -> bool:
    """Whether a probe ends otherwise with the mutant; ``killers`` are asked first, and learn."""
    probes = every_probe()
    table = mutant.sql.rpartition(" ON ")[2] if mutant.sql.startswith("DROP") else "close"
    likely = re.compile(LIKELY.get(mutant.name.partition(":")[0].removeprefix("guard_"), table))
    rest = sorted(probes.keys() - set(killers), key=lambda name: not likely.search(name))
    with undone(connection):
        connection.exec_driver_sql(mutant.sql.replace("%", "%%"))
        for name in [*killers, *rest]:
            if ends(connection, probes[name]) != right[name]:
                killers[:] = [name, *(each for each in killers if each != name)]
                return True
    return False


@pytest.mark.slow
def test_every_mutant_of_the_interlock_dies(histories: Engine) -> None:
    """Each condition decides at least once, each trigger is missed when it is gone."""
    mutants = [*trigger_mutants(SCRIPT), *condition_mutants(SCRIPT)]
    names = {mutant.name for mutant in mutants}
    assert len(names) > 180
    assert names >= HELD_TWICE.keys()
    with histories.connect() as connection:
        right = {name: ends(connection, probe) for name, probe in every_probe().items()}
        assert not [end for end in right.values() if "syntax" in end or "does not exist" in end]
        killers: defaultdict[str, list[str]] = defaultdict(list)
        alive = [
            mutant.name
            for mutant in mutants
            if mutant.name not in HELD_TWICE
            and not is_noticed(connection, mutant, right, killers[mutant.name.partition(":")[0]])
        ]
    assert alive == []


def test_a_close_from_an_old_snapshot_dies_by_its_own_condition(histories: Engine) -> None:
    """REPEATABLE READ is refused by the guard itself; without the condition the statement goes through."""
    (mutant,) = [each for each in condition_mutants(SCRIPT) if each.name in OLD_SNAPSHOT]
    ended_as = []
    for sql in ("SELECT 1", mutant.sql):
        with histories.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            connection.exec_driver_sql(sql)
            ended_as.append(typed(connection, (CLOSED,)))
            connection.rollback()
    assert ended_as[0] == "guard: isolation"
    assert "sound run-1 closed" in ended_as[1]
