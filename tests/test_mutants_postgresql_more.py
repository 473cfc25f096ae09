"""
The smaller guards of PostgreSQL are tested: each condition and trigger made weaker must be noticed.

Incidents, notices, defects, the safety policy: what stands, what is typed against it, and the
mutants that make no difference, each with what holds instead.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Connection

from busops.storage import guards
from busops.storage.database import Database, open_engine
from tests import pg
from tests.builders import Tablet, a_run
from tests.pg_mutants import endings, survivors
from tests.run_kit import CLOSE, send, store_run
from tests.storage import test_account_guards as of_accounts
from tests.storage import test_amendment_guards as of_amendments
from tests.storage import test_defect_guards as of_defects
from tests.storage import test_fee_guards as of_fees
from tests.storage import test_goal_guards as of_goal
from tests.storage import test_incident_guards as of_incidents
from tests.storage import test_notice_store as of_notices
from tests.storage import test_safety_policy_guards as of_policy
from tests.storage.test_ledger_guards import into
from tests.storage.test_override_guards import settled

pytestmark = pytest.mark.postgres
NOW = "'2026-03-13T12:00:00.000+00:00'"


def tell_incidents(database: Database) -> None:
    """An overload that holds a run which could close but for it, and another run with a fact of its own."""
    plan = of_incidents.overloaded()
    of_incidents.told(database, plan)
    store_run(database, a_run(run_id="run-2", plate="川F00002"))
    other = Tablet(plan=a_run(run_id="run-2"), dev=7)
    other.record("note", text="x")
    send(database, other)


def said(word: str, event: str = "NULL", of: str = "") -> str:
    """The SQL that says something of the incident that opened by itself, or of another one."""
    told = "''" if word == "withdrawn" else "'x'"
    which = f"incident_id = '{of}'" if of else "length(incident_id) > 2"
    row = f"'t1', incident_id, '{word}', 5, 'u1', {told}, {event}"
    return " ".join(("INSERT INTO incident_word SELECT", row, "FROM incident WHERE", which))


def fact(run_id: str) -> str:
    """The SQL that finds a fact of the run."""
    return " ".join(("(SELECT min(event_id) FROM run_event WHERE run_id =", f"'{run_id}')"))


def copied(table: str, changes: str, where: str = "true") -> str:
    """The SQL that inserts a changed copy of a row."""
    row = f"(jsonb_populate_record(x, '{changes}')).*"
    return " ".join(("INSERT INTO", table, "SELECT", row, "FROM", table, "x WHERE", where, "LIMIT 1"))


def a_mark(number: int, on: str = "2026-03-13") -> str:
    """The SQL that says something of a day."""
    return into("day_mark", f"'t1', '{on}', {number}, 'cold', 'u1', {NOW}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A file of guards: what stands, what is typed, and which mutants something else holds."""

    tell: Callable[[Database], None]
    typed: Sequence[Sequence[str]]
    held_twice: Mapping[str, str] = field(default_factory=dict)


SETTLED = settled("over_students:川F00001", by="u5", second="u6")
OF_ANOTHER = copied("incident", '{"incident_id": "i6", "run_id": "run-2"}')
A_SECOND = copied("incident", '{"incident_id": "i5", "finding_key": "x"}')
INCIDENTS = Scene(
    tell=tell_incidents,
    typed=[
        [CLOSE],
        [SETTLED, CLOSE],
        [SETTLED.replace("over_students", "over_persons"), CLOSE],
        [SETTLED.replace("finding_settled", "released"), CLOSE],
        [said("withdrawn", fact("run-1")), CLOSE],
        [said("reported"), CLOSE],
        [said("withdrawn", fact("run-2"))],
        [said("withdrawn", "'00000000-0000-7000-8000-00000000dead'")],
        [said("authority")],
        ["UPDATE incident SET severity = severity"],
        ["DELETE FROM incident"],
        ["TRUNCATE incident_word"],
        ["TRUNCATE incident CASCADE"],
        [said("reported"), "UPDATE incident_word SET made_ms = 1"],
        [said("reported"), "DELETE FROM incident_word"],
        [copied("incident", '{"incident_id": "i2", "severity": "P2", "finding_key": "x"}'), SETTLED, CLOSE],
        [copied("incident", '{"incident_id": "i3", "severity": "P1", "finding_key": "x"}'), SETTLED, CLOSE],
        ["UPDATE run SET phase = 'checked' WHERE run_id = 'run-1'"],
        [SETTLED, CLOSE, copied("incident", '{"incident_id": "i4", "finding_key": "y"}'), CLOSE],
        [OF_ANOTHER, said("withdrawn", fact("run-2"))],
        [A_SECOND, said("withdrawn", fact("run-1"), of="i5"), CLOSE],
    ],
    held_twice={
        "incident_locks gone": "two sessions, in the tests of locks",
        "incident_no_truncate gone": "CASCADE meets what was said of them, which refuses",
    },
)
BORN = of_notices.ATTACKS["a notice born sent"][0]
NOTICES = Scene(
    tell=of_notices.stand,
    typed=[
        *([statement] for statement, _ in of_notices.ATTACKS.values()),
        *([f"TRUNCATE {table} CASCADE"] for table in ("day_mark", "notice", "notice_channel")),
        ["TRUNCATE notice"],
        [a_mark(2)],
        [a_mark(3)],
        [a_mark(1, "2026-03-14")],
        [a_mark(2, "2026-03-14")],
        [BORN.replace("'sent', 0", "'waiting', 0")],
        [BORN.replace("'sent', 0", "'waiting', 1")],
        ["UPDATE notice SET state = 'waiting' WHERE notice_id = 'n2'"],
        ["UPDATE notice SET state = 'sent', tries = 1 WHERE notice_id = 'n0'"],
        ["UPDATE notice SET state = 'dead' WHERE notice_id = 'n0'"],
        ["UPDATE notice_channel SET name = name"],
    ],
    held_twice={"notice_channel_no_truncate gone": "CASCADE meets the notices, which refuse"},
)
SECOND = copied("run", '{"run_id": "run-2", "phase": "ready"}')
DEFECTS = Scene(
    tell=of_defects.tell,
    typed=[
        *of_defects.ATTACKS.values(),
        [of_defects.CLEARED],
        [of_defects.a_report(of_defects.LOOKED_OVER).replace("'run-1'", "'run-9'")],
        [SECOND],
        [of_defects.CLEARED, SECOND],
        [of_defects.CLEARED, of_defects.a_report(of_defects.AGAIN), SECOND],
        [of_defects.CLEARED, of_defects.a_report(of_defects.AGAIN, critical="false"), SECOND],
        [copied("run", '{"run_id": "run-2", "phase": "ready", "plate": "x"}')],
        ["UPDATE run_event SET kind = kind"],
        ["TRUNCATE defect_clearance"],
        ["TRUNCATE vehicle_defect CASCADE"],
    ],
    held_twice={
        "vehicle_defect_no_truncate gone": "CASCADE meets the clearances, which refuse",
        "vehicle_defect_guard: AND plate = NEW.plate": "it locks more vehicles than it must",
        "run_born_defect: AND plate = NEW.plate": "it locks more vehicles than it must",
    },
)
SECOND_VERSION = of_amendments.an_addendum(1).replace("'run-1',1", "'run-1',2")
POLICY = Scene(
    tell=of_policy.choose,
    typed=[
        *([attack] for attack in of_policy.ATTACKS.values()),
        ["TRUNCATE safety_policy"],
        [of_policy.a_choice(2)],
    ],
)
AMENDMENTS = Scene(
    tell=of_amendments.close,
    typed=[
        *of_amendments.ATTACKS.values(),
        ["TRUNCATE closure_amendment"],
        [of_amendments.an_addendum(1), of_amendments.an_addendum(2)],
        [of_amendments.an_addendum(1), copied("closure", '{"version": 2}'), SECOND_VERSION],
    ],
)
GOAL = Scene(
    tell=of_goal.choose,
    typed=[
        *of_goal.ATTACKS.values(),
        ["TRUNCATE term_goal_consent, term_goal"],
        ["TRUNCATE term_goal_consent"],
        *of_goal.HONEST,
    ],
    held_twice={
        "term_goal_no_truncate gone": "no table that another names is emptied without it",
        "term_goal_choice: AND term_id = NEW.term_id": "a lock on every term is a lock on this one",
        "term_goal_agreed: AND term_id = NEW.term_id": "a lock on every term is a lock on this one",
    },
)
ACCOUNTS = Scene(
    tell=of_accounts.fill_accounts,
    typed=[*of_accounts.ATTACKS.values(), *of_accounts.TRUNCATIONS, *of_accounts.HONEST.values()],
    held_twice={"allowance_no_truncate gone": "CASCADE meets the words on them, which refuse"},
)
FEES = Scene(
    tell=of_fees.fill_fees,
    typed=[*of_fees.ATTACKS.values(), *of_fees.TRUNCATIONS, *of_fees.HONEST.values()],
)
SCENES = {
    "incidents": INCIDENTS,
    "notices": NOTICES,
    "defects": DEFECTS,
    "safety_policy": POLICY,
    "amendments": AMENDMENTS,
    "term_goal": GOAL,
    "accounts": ACCOUNTS,
    "fees": FEES,
}


@pytest.fixture(params=SCENES)
def scene(
    request: pytest.FixtureRequest, cluster: pg.Cluster, empty_postgresql: str
) -> Iterator[tuple[str, Connection]]:
    """The name of the guards and a connection to what they keep."""
    name = cluster.new_database(template=empty_postgresql)
    engine = open_engine(cluster.url(name))
    SCENES[request.param].tell(Database(engine=engine, school_id="t1"))
    with engine.connect() as connection:
        yield request.param, connection
        connection.rollback()
    engine.dispose()
    cluster.drop_database(name)


def test_every_mutant_of_these_guards_dies_on_postgresql(scene: tuple[str, Connection]) -> None:
    """Without one trigger or one condition some statement ends otherwise."""
    name, connection = scene
    kept = SCENES[name]
    script = (guards.FOLDER / f"{name}_postgresql.sql").read_text(encoding="utf-8")
    right = list(endings(connection, kept.typed))
    assert "done" in right
    assert not [end for end in right if "syntax" in end or "does not exist" in end]
    alive = survivors(connection, script, kept.typed)
    assert alive == list(kept.held_twice), "\n".join(alive)
