"""The school's clocks against raw SQL, on both databases."""

import pytest

from busops.domain.safety_policy import DEFAULT
from busops.services import safety_policy
from busops.storage.database import Database
from tests.machine import FixedClock
from tests.storage.test_ledger_guards import into, is_refused

NOW = "'2026-03-13T12:00:00.000+00:00'"


def a_choice(number: int, *, by: str = "u9", reason: str = "x") -> str:
    """The SQL of a policy."""
    return into("safety_policy", f"'t1', {number}, '{{}}', '{reason}', '{by}', {NOW}")


ATTACKS = {
    "another choice": "UPDATE safety_policy SET clocks = '{}'",
    "another person": "UPDATE safety_policy SET made_by = 'u9'",
    "no choice": "DELETE FROM safety_policy",
    "in its place": a_choice(1),
    "out of turn": a_choice(3),
    "by nobody": a_choice(2, by=""),
    "without a reason": a_choice(2, reason=""),
}


@pytest.fixture
def chosen(database: Database) -> Database:
    """A school that has chosen once."""
    choose(database)
    return database


def choose(database: Database) -> None:
    """It chose."""
    tighter = type(DEFAULT)(crew_min=2)
    safety_policy.change_policy(database, tighter, reason="x", by="u1", clock=FixedClock())


def test_raw_sql_changes_no_choice(chosen: Database) -> None:
    """Every attack is refused by the database; the next choice in its turn is not."""
    assert [name for name, attack in ATTACKS.items() if not is_refused(chosen, [attack])] == []
    if chosen.engine.dialect.name == "postgresql":
        assert is_refused(chosen, ["TRUNCATE safety_policy"])
    assert not is_refused(chosen, [a_choice(2)])
