"""Overrides against raw SQL, on both databases; and each condition of the guards made weaker is noticed."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from busops.domain.overrides import Override, OverrideKind, OverrideReason, OverrideVerdict
from busops.domain.people import Role
from busops.domain.values import RunId
from busops.storage import guards, override_store
from busops.storage.database import Database, open_engine
from tests import pg
from tests.builders import a_run
from tests.pg_mutants import survivors
from tests.run_kit import force, store_run
from tests.storage.test_ledger_guards import into

SCRIPT = (guards.FOLDER / "overrides_postgresql.sql").read_text(encoding="utf-8")
ASKED_MS = 1_000_000
IN_TIME = ASKED_MS + 600_000


def request(override_id: str, key: str, *, kind: str = "no_show", **other: str) -> str:
    """The SQL that asks to let it pass."""
    own = {"reason": "guardian_confirmed", "note": "phoned", "by": "u1", "role": "dispatcher"} | other
    row = f"'t1','{override_id}','run-1','{kind}','{key}','{own['reason']}','{own['note']}','{own['by']}'"
    return into("override_request", f"{row},'{own['role']}',{ASKED_MS}")


def verdict(said: str = "approved", *, by: str = "u2", role: str = "supervisor", at_ms: int = IN_TIME) -> str:
    """The SQL of the second person's word on o1."""
    return into("override_verdict", f"'t1','o1','{said}','{by}','{role}',{at_ms}")


def settled(key: str = "rider_missing:r3", *, by: str = "u1", second: str = "u2") -> str:
    """The SQL that settles a finding."""
    number = "(SELECT coalesce(max(number), 0) + 1 FROM run_decision)"
    names = (
        "school_id, decision_id, run_id, number, kind, made_ms, by_user, second_user, reason, covers, body"
    )
    body = '{"finding_key": "' + key + '"}'
    row = f"'t1', 'd1', 'run-1', {number}, 'finding_settled', 1, '{by}', '{second}', 'x', '[]', '{body}'"
    return " ".join((f"INSERT INTO run_decision ({names})", f"VALUES ({row})"))


@pytest.fixture
def asked(database: Database) -> Database:
    """One request that waits, and one for another rider that was agreed to."""
    tell(database)
    return database


def tell(database: Database) -> None:
    """The run and its two requests."""
    store_run(database, a_run())
    with database.transaction() as tx:
        for override_id, key in (("o1", "rider_missing:r3"), ("o2", "rider_missing:r2")):
            override_store.insert_request(
                tx,
                Override(
                    override_id=override_id,
                    run_id=RunId("run-1"),
                    kind=OverrideKind.NO_SHOW,
                    finding_key=key,
                    reason=OverrideReason.GUARDIAN_CONFIRMED,
                    note="phoned",
                    asked_by="u1",
                    asked_role=Role.DISPATCHER,
                    asked_ms=ASKED_MS,
                ),
            )
        agreed = {"by": "u2", "role": Role.SUPERVISOR, "at_ms": ASKED_MS + 1}
        override_store.insert_verdict(tx, "o2", OverrideVerdict.APPROVED, **agreed)


ATTACKS = {
    "ask to let an overload pass": [request("o3", "over_students:x", kind="count")],
    "ask under another name": [request("o3", "head_count_differs:e1")],
    "ask for a reason nobody knows": [request("o3", "rider_missing:r1", reason="because")],
    "ask without a word": [request("o3", "rider_missing:r1", note="")],
    "ask as nobody": [request("o3", "rider_missing:r1", by="")],
    "ask twice by one name": [request("o1", "rider_missing:r1")],
    "agree to one's own": [verdict(by="u1")],
    "agree in the same role": [verdict(role="dispatcher")],
    "agree as the money's people": [verdict(role="finance")],
    "agree a moment too late": [verdict(at_ms=IN_TIME + 1)],
    "agree before it was asked": [verdict(at_ms=ASKED_MS - 1)],
    "agree to nothing": [verdict().replace("'o1'", "'o9'")],
    "say something else": [verdict("perhaps")],
    "agree as nobody": [verdict(by="")],
    "agree twice": [verdict("refused"), verdict(by="u3")],
    "settle without asking": [settled()],
    "settle what was refused": [verdict("refused"), settled()],
    "settle something else": [verdict(), settled("rider_missing:r1")],
    "settle as another": [verdict(), settled(by="u9")],
    "settle with another": [verdict(), settled(second="u9")],
    "change who asked": ["UPDATE override_request SET asked_by = 'u9'"],
    "forget a request": ["DELETE FROM override_request WHERE override_id = 'o1'"],
    "change what was said": ["UPDATE override_verdict SET verdict = 'refused'"],
    "forget what was said": ["DELETE FROM override_verdict"],
}
HONEST = {
    "ask": [request("o3", "head_count_differs:e1", kind="count")],
    "agree in the last moment": [verdict()],
    "agree as administrator": [verdict(role="admin", at_ms=ASKED_MS)],
    "refuse in the same role, late": [verdict("refused", role="dispatcher", at_ms=IN_TIME + 1)],
    "settle what was agreed to": [verdict(), settled()],
    "dispose of an overload that happened": [settled("over_students:x", by="u5", second="u6")],
}
TRUNCATIONS = [["TRUNCATE override_verdict"], ["TRUNCATE override_request CASCADE"]]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_nobody_lets_pass_alone_late_or_what_nobody_may(asked: Database, attack: list[str]) -> None:
    """The last statement is refused and nothing of it stays."""
    with pytest.raises(DBAPIError):
        force(asked, *attack)


@pytest.mark.parametrize("acts", HONEST.values(), ids=HONEST.keys())
def test_the_same_statements_go_through_when_two_people_agree(asked: Database, acts: list[str]) -> None:
    """So the refusals above are for their own causes."""
    force(asked, *acts)


@pytest.fixture
def requests(cluster: pg.Cluster, empty_postgresql: str) -> Iterator[Connection]:
    """A connection to the two requests that the attacks are made against."""
    name = cluster.new_database(template=empty_postgresql)
    engine = open_engine(cluster.url(name))
    tell(Database(engine=engine, school_id="t1"))
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()
    cluster.drop_database(name)


@pytest.mark.postgres
def test_every_mutant_of_the_override_guards_dies_on_postgresql(requests: Connection) -> None:
    """Without one trigger or one condition some statement ends otherwise."""
    alive = survivors(requests, SCRIPT, [*ATTACKS.values(), *HONEST.values(), *TRUNCATIONS])
    assert alive == list(HELD_TWICE), "\n".join(alive)


HELD_TWICE = {
    "override_request_no_truncate gone": "CASCADE meets the verdicts, which refuse",
    "decision_by_override: WHEN (NEW.kind = 'finding_settled')": "no other decision names a finding",
}
