"""
The goal of the term, frozen: what it is measured on, how high it is, and what kind of fare it is of.

Whoever knows the books could choose the basis that suits them. So it is chosen before the term begins;
after that a change needs a reason and a second person, and every choice stays on record.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from busops.domain.errors import Conflict, InvalidInput, NotFound, Refused
from busops.domain.school import FinancePolicy, School
from busops.domain.values import Clock, school_date
from busops.finance.net_revenue import WHOLE_BP
from busops.services.acting import SYSTEM, By, record_act, user_of
from busops.storage import goal_store, people_store, register_store
from busops.storage.database import Database, Transaction
from busops.storage.goal_store import TermGoal, goal_that_holds


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalState:
    """The choices of the present term, newest first, and the names of who made them."""

    school: School
    choices: tuple[TermGoal, ...]
    names: Mapping[str, str]
    has_begun: bool

    @property
    def holding(self) -> TermGoal | None:
        """The choice that counts; None where nothing was frozen yet."""
        return goal_that_holds(self.choices)

    @property
    def waiting(self) -> TermGoal | None:
        """The newest choice while nobody has agreed to it; none where it only takes another back."""
        return _waiting(self.choices[::-1])

    @property
    def is_late(self) -> bool:
        """Whether what holds was chosen when the term had begun."""
        return self.holding is not None and not self.holding.is_before_term


def state(database: Database, clock: Clock) -> GoalState:
    """How the goal of the present term stands; raises NotFound before the first import."""
    with database.reading() as tx:
        school = register_store.load_school(tx)
        choices = goal_store.load_goals(tx, school.term.term_id)
        names = {person.user_id: person.name for person in people_store.load_people(tx)}
    return GoalState(
        school=school,
        choices=choices[::-1],
        names=names,
        has_begun=_has_begun(school, choices, school_date(clock.now())),
    )


def save_imported_school(tx: Transaction, school: School, *, by: By, clock: Clock) -> None:
    """
    The school stands as its file says, its goal frozen for the term.

    Raises Refused when the file would change the goal of a term that has begun.
    """
    choices = goal_store.load_goals(tx, school.term.term_id)
    holding = goal_that_holds(choices)
    if holding is not None and holding.policy != school.finance:
        if _has_begun(school, choices, school_date(clock.now())):
            raise Refused("term_goal_frozen", term_id=school.term.term_id, **_facts(holding.policy))
        register_store.save_school(tx, replace(school, finance=holding.policy))
        _choose(tx, school, choices, reason="import", by=by, clock=clock)
    register_store.save_school(tx, school)
    if holding is None:
        _choose(tx, school, choices, reason="import", by=by, clock=clock)


def ask_change(database: Database, policy: FinancePolicy, *, reason: str, by: By, clock: Clock) -> TermGoal:
    """
    The goal is another: at once before the term begins, after that when a second person agrees.

    Raises InvalidInput without a reason or with a target that is no share, Conflict when it is so
    already or another change waits.
    """
    if not reason.strip():
        raise InvalidInput("reason_needed")
    if not 0 <= policy.target_bp < WHOLE_BP:
        raise InvalidInput("goal_target_wrong", found=policy.target_bp)
    with database.transaction() as tx:
        school = register_store.load_school(tx)
        choices = goal_store.load_goals(tx, school.term.term_id)
        waiting = _waiting(choices)
        if waiting is not None and policy != school.finance:
            raise Conflict("goal_change_waits")
        if waiting is None and choices and policy == school.finance:
            raise Conflict("goal_same")
        wanted = replace(school, finance=policy)
        goal = _choose(tx, wanted, choices, reason=reason.strip(), by=by, clock=clock)
        if goal.holds:
            register_store.save_school(tx, wanted)
        return goal


def agree(database: Database, number: int, *, by: By, clock: Clock) -> None:
    """The change that waits holds from now; Refused for the person who asked for it."""
    with database.transaction() as tx:
        school = register_store.load_school(tx)
        choices = goal_store.load_goals(tx, school.term.term_id)
        goal = next((one for one in choices if one.number == number), None)
        if goal is None:
            raise NotFound("goal_change_not_found", number=number)
        if goal.holds or goal is not choices[-1]:
            raise Conflict("goal_change_decided", number=number)
        if user_of(by) == goal.asked_by:
            raise Refused("goal_needs_another", number=number)
        goal_store.insert_consent(tx, goal, by=user_of(by), at=clock.now())
        register_store.save_school(tx, replace(school, finance=goal.policy))
        record_act(tx, by, "goal_agreed", str(number), facts=_facts(goal.policy), clock=clock)


def _waiting(choices: tuple[TermGoal, ...]) -> TermGoal | None:
    newest, holding = (choices[-1] if choices else None), goal_that_holds(choices)
    if newest is None or holding is None or newest.holds or newest.policy == holding.policy:
        return None
    return newest


def _choose(
    tx: Transaction, school: School, choices: tuple[TermGoal, ...], *, reason: str, by: By, clock: Clock
) -> TermGoal:
    today = school_date(clock.now())
    goal = TermGoal(
        term_id=school.term.term_id,
        number=len(choices) + 1,
        policy=school.finance,
        starts_on=school.term.starts_on,
        asked_on=today,
        is_before_term=not _has_begun(school, choices, today),
        reason=reason,
        asked_by=user_of(by) or SYSTEM,
        asked_at=clock.now(),
    )
    goal_store.insert_goal(tx, goal)
    facts = {**_facts(school.finance), "reason": reason}
    record_act(tx, by, "goal_chosen", str(goal.number), facts=facts, clock=clock)
    return goal


def _has_begun(school: School, choices: tuple[TermGoal, ...], today: date) -> bool:
    """By the earliest first day that the term ever had: moving it does not thaw the goal."""
    return today >= min([school.term.starts_on, *(choice.starts_on for choice in choices)])


def _facts(policy: FinancePolicy) -> dict[str, Any]:
    return {"basis": policy.basis, "target_bp": policy.target_bp, "fee_regime": policy.fee_regime}
