"""The frozen goal of a term against raw SQL, on both databases."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from busops.domain.school import Basis, FinancePolicy
from busops.services import term_goal
from busops.storage.database import Database
from tests.machine import FixedClock
from tests.small_school import fill, small_school
from tests.storage.test_ledger_guards import into, is_refused

NOW = "'2026-03-13T12:00:00.000+00:00'"
TERM = small_school().school.term


OLDEST, OLD, NEXT = "2025-spring", "2025-autumn", "2026-autumn"


def a_choice(
    number: int,
    *,
    on: str = "2026-03-13",
    starts: str = "2026-02-23",
    before: str = "false",
    by: str = "u8",
    term: str = TERM.term_id,
) -> str:
    """The SQL of a choice of the gross basis."""
    values = f"'t1', '{term}', {number}, 'CASH_GROSS', 1000, 'MARKET', '{starts}', '{on}', {before}"
    return into("term_goal", f"{values}, 'x', '{by}', {NOW}")


def a_consent(number: int, by: str, term: str = TERM.term_id) -> str:
    """The SQL of a second person's word."""
    return into("term_goal_consent", f"'t1', '{term}', {number}, '{by}', {NOW}")


IN_TIME = a_choice(4, on="2026-02-01", before="true")
OTHER_TERMS = [
    into("term", f"'t1', '{OLDEST}', '2025-02-20', '2025-07-01'"),
    a_choice(1, starts="2025-02-20", term=OLDEST),
    into("term", f"'t1', '{OLD}', '2025-09-01', '2026-01-20'"),
    into("term", f"'t1', '{NEXT}', '2026-09-01', '2027-01-20'"),
    *(a_choice(number, starts="2025-09-01", term=OLD) for number in (1, 2, 3)),
    a_consent(3, "u9", OLD),
    *(a_choice(number, starts="2025-09-01", term=OLD) for number in (4, 5)),
    a_choice(1, starts="2026-09-01", before="true", term=NEXT),
]
HONEST = (
    [a_choice(4)],
    [IN_TIME, "UPDATE school SET basis = 'CASH_GROSS'"],
    [a_consent(3, "u9"), "UPDATE school SET basis = 'CASH_GROSS'"],
    ["UPDATE school SET name = 'x'"],
)
ATTACKS = {
    "another goal": ["UPDATE term_goal SET basis = 'CASH_GROSS'"],
    "no goal": ["DELETE FROM term_goal_consent", "DELETE FROM term_goal"],
    "in its place": [a_choice(1)],
    "out of turn": [a_choice(5)],
    "by nobody": [a_choice(4, by="")],
    "in time, by its own word": [a_choice(4, before="true")],
    "a term that begins later, by its own word": [a_choice(4, starts="2026-04-01", before="true")],
    "a term moved away": [
        "UPDATE term SET starts_on = '2026-04-01'",
        a_choice(4, starts="2026-04-01", before="true"),
    ],
    "another first day": [a_choice(4, starts="2026-01-01")],
    "agreed to a first one": [a_consent(1, "u9", OLDEST)],
    "agreed to one in time": [IN_TIME, a_consent(4, "u9")],
    "agreed by who asked": [a_choice(4), a_consent(4, "u8")],
    "agreed twice": [a_consent(2, "u9")],
    "agreed to an older one": [a_choice(4), a_consent(3, "u9")],
    "agreed to what is not there": [a_consent(7, "u9")],
    "another consent": ["UPDATE term_goal_consent SET agreed_by = 'u9'"],
    "no consent": ["DELETE FROM term_goal_consent"],
    "the school's row": ["UPDATE school SET basis = 'CASH_GROSS'"],
    "the school's target": ["UPDATE school SET target_bp = 500"],
    "the school's regime": ["UPDATE school SET fee_regime = 'SERVICE_CHARGE'"],
    "the school's row, waiting": [a_choice(4), "UPDATE school SET basis = 'CASH_GROSS'"],
}


@pytest.fixture
def chosen(database: Database) -> Database:
    """A school whose goal was chosen before the term, changed after it by two, and asked to change again."""
    choose(database)
    return database


def choose(database: Database) -> None:
    """Number 1 in time, number 2 agreed to, number 3 waiting."""
    school = fill(database).school
    clock = FixedClock(datetime(2026, 2, 1, tzinfo=UTC))
    with database.transaction() as tx:
        term_goal.save_imported_school(tx, school, by="u1", clock=clock)
    late = FixedClock()
    for basis in (Basis.CASH_NET, Basis.CASH_GROSS):
        policy = FinancePolicy(basis=basis)
        term_goal.ask_change(database, policy, reason="x", by="u1", clock=late)
        if basis is Basis.CASH_NET:
            term_goal.agree(database, 2, by="u2", clock=late)
    with database.transaction() as tx:
        for statement in OTHER_TERMS:
            tx.session.execute(text(statement))


def test_raw_sql_does_not_thaw_the_goal(chosen: Database) -> None:
    """Every attack is refused; the next choice with another's consent, and then the school's row, are not."""
    assert [name for name, attack in ATTACKS.items() if not is_refused(chosen, attack)] == []
    if chosen.engine.dialect.name == "postgresql":
        assert is_refused(chosen, ["TRUNCATE term_goal_consent, term_goal"])
        assert is_refused(chosen, ["TRUNCATE term_goal_consent"])
    assert [honest for honest in HONEST if is_refused(chosen, honest)] == []


def test_another_term_has_a_goal_of_its_own(chosen: Database) -> None:
    """The next term's file may say another basis: it is that term's first choice."""
    later = replace(
        small_school().school,
        term=replace(TERM, term_id="2027-spring", starts_on=date(2027, 2, 20), ends_on=date(2027, 7, 2)),
        finance=FinancePolicy(basis=Basis.CASH_GROSS),
    )
    with chosen.transaction() as tx:
        term_goal.save_imported_school(tx, later, by="u1", clock=FixedClock())
    state = term_goal.state(chosen, FixedClock())
    assert [goal.policy.basis for goal in state.choices] == [Basis.CASH_GROSS]
    assert not state.has_begun
