"""The goal of a term is chosen before it begins; after that it takes a reason and two people."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from busops.domain.errors import Conflict, InvalidInput, NotFound, Refused
from busops.domain.school import Basis, FinancePolicy, School
from busops.services import audit, term_goal
from busops.storage import register_store
from busops.storage.database import Database
from tests.machine import FixedClock
from tests.small_school import fill, small_school

BEFORE = FixedClock(datetime(2026, 2, 1, tzinfo=UTC))
AFTER = FixedClock()
NET = FinancePolicy(basis=Basis.CASH_NET)
GROSS = FinancePolicy(basis=Basis.CASH_GROSS)


def imported(database: Database, clock: FixedClock, **changed: object) -> School:
    """The school's file, imported at that time with something changed."""
    school = replace(small_school().school, **changed)  # type: ignore[arg-type]
    with database.transaction() as tx:
        term_goal.save_imported_school(tx, school, by="u1", clock=clock)
    return school


def basis_of(database: Database) -> Basis:
    """What the verdict is measured on."""
    with database.reading() as tx:
        return register_store.load_school(tx).finance.basis


@pytest.fixture
def school(sqlite_database: Database) -> Database:
    """The small school, its goal not frozen yet."""
    fill(sqlite_database)
    return sqlite_database


def test_the_first_import_freezes_the_goal(school: Database) -> None:
    """Imported before the term it is in time; the same file again adds nothing."""
    imported(school, BEFORE)
    imported(school, AFTER)
    state = term_goal.state(school, AFTER)
    assert [(goal.number, goal.policy, goal.asked_by) for goal in state.choices] == [
        (1, FinancePolicy(), "u1")
    ]
    assert (state.has_begun, state.is_late, state.waiting) == (True, False, None)
    assert term_goal.state(school, BEFORE).has_begun is False


def test_a_school_that_starts_in_mid_term_is_told_late(school: Database) -> None:
    """The first choice holds whenever it is made, but it is not passed off as one in time."""
    imported(school, AFTER)
    state = term_goal.state(school, AFTER)
    assert state.holding is not None
    assert state.is_late


def test_before_the_term_a_file_may_change_its_mind(school: Database) -> None:
    """Both choices stay on record, the last one holds, for the verdict too."""
    imported(school, BEFORE)
    imported(school, BEFORE, finance=NET)
    state = term_goal.state(school, BEFORE)
    assert [goal.policy.basis for goal in state.choices] == [Basis.CASH_NET, Basis.ACCRUAL]
    assert basis_of(school) is Basis.CASH_NET


def test_after_the_term_began_a_file_that_says_otherwise_is_refused(school: Database) -> None:
    """Nothing of the file is taken in, and the refusal names the frozen goal."""
    imported(school, BEFORE)
    with pytest.raises(Refused, match="term_goal_frozen") as refusal:
        imported(school, AFTER, finance=GROSS, name="别名")
    assert refusal.value.facts["basis"] is Basis.ACCRUAL
    assert basis_of(school) is Basis.ACCRUAL


def test_a_term_moved_later_is_not_thawed(school: Database) -> None:
    """The earliest first day that the term ever had counts."""
    made = imported(school, BEFORE)
    later = replace(made.term, starts_on=date(2026, 6, 1))
    with pytest.raises(Refused, match="term_goal_frozen"):
        imported(school, AFTER, term=later, finance=GROSS)


def test_after_the_term_began_a_change_waits_for_another_person(school: Database) -> None:
    """Asked for with a reason it changes nothing; whoever asked cannot agree; another can, once."""
    imported(school, BEFORE)
    goal = term_goal.ask_change(school, NET, reason="董事会决议", by="u1", clock=AFTER)
    assert (goal.number, goal.holds) == (2, False)
    assert basis_of(school) is Basis.ACCRUAL
    with pytest.raises(Refused, match="goal_needs_another"):
        term_goal.agree(school, 2, by="u1", clock=AFTER)
    term_goal.agree(school, 2, by="u2", clock=AFTER)
    assert basis_of(school) is Basis.CASH_NET
    with pytest.raises(Conflict, match="goal_change_decided"):
        term_goal.agree(school, 2, by="u3", clock=AFTER)
    state = term_goal.state(school, AFTER)
    assert (state.choices[0].agreed_by, state.is_late) == ("u2", True)
    imported(school, AFTER, finance=NET)


def test_before_the_term_a_change_holds_at_once(school: Database) -> None:
    """Nobody has anything to gain yet."""
    imported(school, BEFORE)
    assert term_goal.ask_change(school, GROSS, reason="x", by="u1", clock=BEFORE).holds
    assert basis_of(school) is Basis.CASH_GROSS


def test_what_cannot_be_asked_for(school: Database) -> None:
    """No reason, no share, the same again, a second change while one waits, an unknown change."""
    imported(school, BEFORE)
    with pytest.raises(InvalidInput, match="reason_needed"):
        term_goal.ask_change(school, NET, reason=" ", by="u1", clock=AFTER)
    with pytest.raises(InvalidInput, match="goal_target_wrong"):
        term_goal.ask_change(school, FinancePolicy(target_bp=10_000), reason="x", by="u1", clock=AFTER)
    with pytest.raises(Conflict, match="goal_same"):
        term_goal.ask_change(school, FinancePolicy(), reason="x", by="u1", clock=AFTER)
    term_goal.ask_change(school, NET, reason="x", by="u1", clock=AFTER)
    with pytest.raises(Conflict, match="goal_change_waits"):
        term_goal.ask_change(school, GROSS, reason="x", by="u1", clock=AFTER)
    with pytest.raises(NotFound, match="goal_change_not_found"):
        term_goal.agree(school, 9, by="u2", clock=AFTER)


def test_a_change_that_waits_is_taken_back_by_asking_for_what_holds(school: Database) -> None:
    """The newest choice then is what holds anyway: the one before can no longer be agreed to."""
    imported(school, BEFORE)
    term_goal.ask_change(school, NET, reason="x", by="u1", clock=AFTER)
    term_goal.ask_change(school, FinancePolicy(), reason="x", by="u1", clock=AFTER)
    with pytest.raises(Conflict, match="goal_change_decided"):
        term_goal.agree(school, 2, by="u2", clock=AFTER)
    assert basis_of(school) is Basis.ACCRUAL
    assert term_goal.state(school, AFTER).waiting is None
    goal = term_goal.ask_change(school, GROSS, reason="x", by="u1", clock=AFTER)
    assert term_goal.state(school, AFTER).waiting == goal


def test_every_choice_is_in_the_audit(school: Database) -> None:
    """Who chose what, and who agreed."""
    imported(school, BEFORE)
    term_goal.ask_change(school, NET, reason="x", by="u1", clock=AFTER)
    term_goal.agree(school, 2, by="u2", clock=AFTER)
    acts = [shown.entry.act for shown in audit.newest(school)]
    assert sorted(acts) == ["goal_agreed", "goal_chosen", "goal_chosen"]
