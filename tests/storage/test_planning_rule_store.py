"""Planning rules in both databases: added, ended once, kept for ever; a file changes its own."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from busops.domain.errors import Conflict, NotFound
from busops.domain.planning_rules import PlanningRule, RuleKind
from busops.domain.values import Plate, RiderId
from busops.storage import planning_rule_store
from busops.storage.database import Database
from busops.storage.planning_rule_store import StoredRule

AT = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
FRIDAY = date(2026, 3, 13)
SIBLINGS = PlanningRule(
    kind=RuleKind.TOGETHER, rider_ids=(RiderId("2"), RiderId("1")), from_on=FRIDAY, reason="姐弟"
)
LATE = PlanningRule(
    kind=RuleKind.AWAY, plates=(Plate("川FB0002"),), ready_min=45, from_on=FRIDAY, to_on=FRIDAY, reason="保养"
)


def test_what_is_stored_comes_back(database: Database) -> None:
    """Every field, who and when."""
    made = [StoredRule(rule=rule, made_by="u1", made_at=AT) for rule in (SIBLINGS, LATE)]
    with database.transaction() as tx:
        for stored in made:
            planning_rule_store.insert_rule(tx, stored)
    with database.reading() as tx:
        assert sorted(planning_rule_store.load_stored(tx), key=repr) == sorted(made, key=repr)


def test_the_very_same_rule_stands_once(database: Database) -> None:
    """The same words again are a conflict, not a second row."""
    with database.transaction() as tx:
        planning_rule_store.insert_rule(tx, StoredRule(rule=SIBLINGS, made_by="u1", made_at=AT))
    with pytest.raises(Conflict, match="planning_rule_stands"), database.transaction() as tx:
        planning_rule_store.insert_rule(tx, StoredRule(rule=replace(SIBLINGS, reason="又一次")))


def test_a_rule_is_ended_once_and_stays_on_record(database: Database) -> None:
    """The last day, who and when; a second end is a conflict; nothing is deleted."""
    with database.transaction() as tx:
        planning_rule_store.insert_rule(tx, StoredRule(rule=SIBLINGS, made_by="u1", made_at=AT))
        planning_rule_store.end_rule(tx, SIBLINGS.rule_id, last_on=date(2026, 3, 12), by="u2", at=AT)
    with pytest.raises(Conflict, match="planning_rule_ended"), database.transaction() as tx:
        planning_rule_store.end_rule(tx, SIBLINGS.rule_id, last_on=FRIDAY, by="u2", at=AT)
    with pytest.raises(NotFound), database.transaction() as tx:
        planning_rule_store.end_rule(tx, LATE.rule_id, last_on=FRIDAY, by="u2", at=AT)
    with database.reading() as tx:
        (stored,) = planning_rule_store.load_stored(tx)
    assert (stored.rule.to_on, stored.ended_by, stored.ended_at) == (date(2026, 3, 12), "u2", AT)


def test_a_file_adds_and_changes_but_brings_no_ended_rule_back(database: Database) -> None:
    """Twice the same file changes nothing; another last day is taken; what a person ended stays ended."""
    with database.transaction() as tx:
        planning_rule_store.save_rules(tx, [SIBLINGS, LATE])
        planning_rule_store.save_rules(tx, [SIBLINGS, LATE])
        planning_rule_store.end_rule(tx, LATE.rule_id, last_on=FRIDAY, by="u2", at=AT)
        planning_rule_store.save_rules(
            tx, [replace(SIBLINGS, to_on=FRIDAY, reason="到周五"), replace(LATE, to_on=None)]
        )
    with database.reading() as tx:
        rules = {rule.rule_id: rule for rule in planning_rule_store.load_rules(tx)}
    assert (rules[SIBLINGS.rule_id].to_on, rules[SIBLINGS.rule_id].reason) == (FRIDAY, "到周五")
    assert rules[LATE.rule_id].to_on == FRIDAY


@pytest.mark.parametrize(
    "change", ["kind = 'sometimes'", "reason = ''", "ready_min = 0", "to_on = '2026-03-01'"]
)
def test_the_database_refuses_what_is_no_rule(database: Database, change: str) -> None:
    """An unknown kind, no reason, no minutes, days the wrong way round: refused without Python's help."""
    with database.transaction() as tx:
        planning_rule_store.insert_rule(tx, StoredRule(rule=LATE, made_by="u1", made_at=AT))
    with pytest.raises(IntegrityError), database.transaction() as tx:
        tx.session.execute(text(f"UPDATE planning_rule SET {change}"))  # noqa: S608 - the test's own words
