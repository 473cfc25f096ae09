"""What people said about matches against raw SQL, on both databases."""

import pytest

from busops.storage import match_store
from busops.storage.database import Database
from busops.storage.match_store import MatchPolicy
from tests.machine import FixedClock
from tests.storage.test_ledger_guards import fill_books, into, is_refused

NOW = "'2026-03-13T12:00:00.000+00:00'"
CODE = ("rider-1", "ABCDEF")


def a_policy(number: int, *, fen: int = 1, percent: int = 1, by: str = "u9", reason: str = "x") -> str:
    """The SQL of rules."""
    return into("match_policy", f"'t1', {number}, {fen}, {percent}, '{reason}', '{by}', {NOW}")


ATTACKS = {
    "another limit": "UPDATE match_policy SET two_people_from_fen = 9",
    "no rules": "DELETE FROM match_policy",
    "in their place": a_policy(1),
    "out of turn": a_policy(3),
    "from nought": a_policy(2, fen=0),
    "no sample": a_policy(2, percent=0),
    "by nobody": a_policy(2, by=""),
    "without a reason": a_policy(2, reason=""),
    "another rider's code": "UPDATE payment_code SET rider_id = 'rider-9'",
    "no code": "DELETE FROM payment_code",
    "a second code": into("payment_code", f"'t1', '{CODE[0]}', 'ZZZZZZ'"),
    "the same code": into("payment_code", f"'t1', 'rider-2', '{CODE[1]}'"),
    "a review of nothing": into("match_review", f"'t1', 'nothing', true, 'T4', 'u9', {NOW}"),
    "a refusal of nothing": into("match_refusal", f"'t1', 'nothing', 'x', 'u9', {NOW}"),
    "a payer of nobody's word": into("payer_link", f"'t1', 'k', 'rider-1', '', 'r', '', {NOW}"),
}


@pytest.fixture
def told(database: Database) -> Database:
    """A school with rules and one code."""
    fill_books(database)
    with database.transaction() as tx:
        match_store.insert_policy(tx, MatchPolicy(), reason="x", by="u1", at=FixedClock().now())
        match_store.insert_codes(tx, dict([CODE]))
    return database


def test_raw_sql_changes_nothing_that_was_said(told: Database) -> None:
    """Every attack is refused by the database; the next rules in their turn are not."""
    assert [name for name, attack in ATTACKS.items() if not is_refused(told, [attack])] == []
    if told.engine.dialect.name == "postgresql":
        for table in ("match_policy", "match_refusal", "match_review", "payment_code"):
            assert is_refused(told, [f"TRUNCATE {table}"])
    assert not is_refused(told, [a_policy(2)])
