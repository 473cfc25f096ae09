"""Overrides against raw SQL, on both databases; and each condition of the guards made weaker is noticed."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection

from busops.domain.overrides import Override, OverrideKind, OverrideReason, OverrideVerdict
from busops.domain.people import Role
from busops.domain.values import RunId
from busops.storage import event_store, guards, override_store
from busops.storage.database import Database, open_engine
from tests import pg
from tests.builders import Tablet, a_run
from tests.pg_mutants import endings, survivors
from tests.run_kit import EVENING, force, store_run
from tests.storage.test_ledger_guards import into

SCRIPT = (guards.FOLDER / "overrides_postgresql.sql").read_text(encoding="utf-8")
ASKED_MS = 1_000_000
IN_TIME = ASKED_MS + 600_000


def request(override_id: str, key: str, *, kind: str = "no_show", **other: str) -> str:
    """The SQL that asks to let it pass."""
    own = {"reason": "guardian_confirmed", "note": "phoned", "by": "u1", "role": "dispatcher"} | other
    row = f"'t1','{override_id}','run-1','{kind}','{key}','{own['reason']}','{own['note']}','{own['by']}'"
    return into("override_request", f"{row},'{own['role']}',{ASKED_MS}")


def verdict(
    said: str = "approved",
    *,
    of: str = "o1",
    by: str = "u2",
    role: str = "supervisor",
    at_ms: int = IN_TIME,
) -> str:
    """The SQL of the second person's word on a request."""
    return into("override_verdict", f"'t1','{of}','{said}','{by}','{role}',{at_ms}")


def search(of: str, *, by: str = "u3", at_ms: int = ASKED_MS + 1) -> str:
    """The SQL by which a third person says that he searched the bus."""
    return into("override_search", f"'t1','{of}','{by}',{at_ms}")


def record(of: str, quarantine_id: str) -> str:
    """The SQL that makes a request be about a record that was kept apart."""
    return into("override_record", f"'t1','{of}','{quarantine_id}'")


def decided(
    kind: str, *, dev: str = "NULL", body: str = "{}", made_ms: int = ASKED_MS + 2, **who: str
) -> str:
    """The SQL of a decision by three people."""
    number = "(SELECT coalesce(max(number), 0) + 1 FROM run_decision)"
    names = "school_id, decision_id, run_id, number, kind, made_ms, by_user, second_user, reason, covers"
    own = {"by": "u1", "second": "u2", "third": "u3"} | who
    row = f"'t1', 'd' || {made_ms}, 'run-1', {number}, '{kind}', {made_ms}, '{own['by']}', '{own['second']}'"
    row += f", 'x', '[]', '{body}', {dev}, 0, '{own['third']}'"
    return " ".join(
        (f"INSERT INTO run_decision ({names}, body, dev, upto_seq, checked_by)", f"VALUES ({row})")
    )


def released(dev: int, **own: Any) -> str:
    """The SQL that gives a tablet up."""
    return decided("device_released", dev=str(dev), **own)


def admitted(event_id: str, **own: Any) -> str:
    """The SQL that takes in what was kept apart."""
    return decided("admitted", body='{"event_id": "' + event_id + '"}', **own)


def settled(key: str = "rider_missing:r3", *, by: str = "u1", second: str = "u2") -> str:
    """The SQL that settles a finding."""
    number = "(SELECT coalesce(max(number), 0) + 1 FROM run_decision)"
    names = (
        "school_id, decision_id, run_id, number, kind, made_ms, by_user, second_user, reason, covers, body"
    )
    body = '{"finding_key": "' + key + '"}'
    row = f"'t1', 'd1', 'run-1', {number}, 'finding_settled', 1, '{by}', '{second}', 'x', '[]', '{body}'"
    return " ".join((f"INSERT INTO run_decision ({names})", f"VALUES ({row})"))


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
        for number in (1, 2):
            event = Tablet(plan=a_run(), dev=number).board("r1")
            event_store.keep_in_quarantine(
                tx,
                raw=str(number),
                why="unknown_run",
                received_at=EVENING,
                quarantine_id=f"q{number}",
                claimed=event,
            )
        agreed = {"by": "u2", "role": Role.SUPERVISOR, "at_ms": ASKED_MS + 1}
        override_store.insert_verdict(tx, "o2", OverrideVerdict.APPROVED, **agreed)
    # Lost tablets 2 (searched for), 3 (not yet), 4 (agreed to, twice asked for); and two records kept apart.
    force(database, *(request(of, f"device_lost:{dev}", kind="device") for of, dev in LOST.items()))
    force(database, LATER, *(request(of, "kept_apart:x", kind="admission") for of in ("o7", "o8")))
    force(database, search("o4", by="u7"), search("o6"), search("o10", at_ms=ASKED_MS + 1000))
    force(database, record("o7", "q1"), record("o8", "q2"), verdict(of="o6", at_ms=ASKED_MS + 1))
    force(database, verdict(of="o8"), verdict(of="o10", at_ms=ASKED_MS + 1000))


LOST = {"o4": 2, "o5": 3, "o6": 4}
LATER = request("o10", "device_lost:4", kind="device").replace(str(ASKED_MS), str(ASKED_MS + 1000))
KEPT = [Tablet(plan=a_run(), dev=number).board("r1").event_id for number in (1, 2)]
ATTACKS = {
    "agree though nobody searched": [verdict(of="o5")],
    "agree before somebody searched": [search("o5", at_ms=IN_TIME), verdict(of="o5", at_ms=IN_TIME - 1)],
    "agree to a lost tablet as administrator": [verdict(of="o4", role="admin")],
    "agree as who searched": [verdict(of="o4", by="u7")],
    "search for no tablet": [search("o1")],
    "search for one's own request": [search("o5", by="u1")],
    "search as nobody": [search("o5", by="")],
    "search a moment too late": [search("o5", at_ms=IN_TIME + 1)],
    "search before it was asked": [search("o5", at_ms=ASKED_MS - 1)],
    "search for nothing": [search("o9")],
    "search twice": [search("o4", by="u9")],
    "one record more after the agreement": [record("o8", "q1")],
    "one record twice": [record("o7", "q1")],
    "a record that is not there": [record("o7", "q9")],
    "give up what nobody asked for": [released(9)],
    "give up without agreement": [released(2, third="u7")],
    "give up what was refused": [verdict("refused", of="o4"), released(2, third="u7")],
    "give up as another": [released(4, by="u9")],
    "give up with another": [released(4, second="u9")],
    "give up with another third": [released(4, third="u9")],
    "give up with who searched another bus": [released(4, third="u7")],
    "give up twice by one agreement": [
        released(4, made_ms=ASKED_MS + 1500),
        released(4, made_ms=ASKED_MS + 1600),
    ],
    "take in what nobody asked for": [admitted("e9")],
    "take in without agreement": [admitted(KEPT[0])],
    "take in what was refused": [verdict("refused", of="o7"), admitted(KEPT[0])],
    "take in as another": [admitted(KEPT[1], by="u9")],
    "take in with another": [admitted(KEPT[1], second="u9")],
    "change who searched": ["UPDATE override_search SET searched_by = 'u9'"],
    "forget who searched": ["DELETE FROM override_search"],
    "change a record": ["UPDATE override_record SET quarantine_id = 'q2' WHERE override_id = 'o7'"],
    "forget a record": ["DELETE FROM override_record"],
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
    "search and agree": [search("o5"), verdict(of="o5")],
    "refuse a lost tablet unsearched": [verdict("refused", of="o5")],
    "agree to a record as administrator": [verdict(of="o7", role="admin")],
    "one record more": [record("o7", "q2")],
    "give up what was agreed to": [released(4)],
    "give up another one too": [released(4), verdict(of="o4"), released(2, third="u7", made_ms=ASKED_MS + 3)],
    "give up once more, asked for anew": [released(4), released(4, made_ms=ASKED_MS + 2000)],
    "take in what was agreed to": [admitted(KEPT[1])],
    "take in both": [admitted(KEPT[1]), verdict(of="o7"), admitted(KEPT[0], made_ms=ASKED_MS + 3)],
    "dispose of an overload that happened": [settled("over_students:x", by="u5", second="u6")],
}
TRUNCATED = ("override_verdict", "override_search", "override_record", "override_request CASCADE")
TRUNCATIONS = [[f"TRUNCATE {name}"] for name in TRUNCATED]


def test_nobody_lets_pass_alone_late_or_what_nobody_may(database: Database) -> None:
    """Of each attack the last statement is refused, and only that; the honest ones all go through."""
    tell(database)
    with database.engine.connect() as connection:
        before = list(endings(connection, [attack[:-1] for attack in ATTACKS.values()]))
        ended = list(endings(connection, [*ATTACKS.values(), *HONEST.values()]))
        connection.rollback()
    assert before == ["done"] * len(ATTACKS)
    told = dict(zip([*ATTACKS, *HONEST], ended, strict=True))
    assert {name for name, end in told.items() if end != "done"} == set(ATTACKS)


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
    "release_override_guard: AND d.kind = 'device_released'": "no other decision names a device",
    "decision_by_override: WHEN (NEW.kind = 'finding_settled')": "no other decision names a finding",
}
