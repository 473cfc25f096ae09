"""A planning rule means something, holds on its days, and is known by what it says."""

from dataclasses import replace
from datetime import date

import pytest

from busops.domain.errors import InvalidInput
from busops.domain.planning_rules import PlanningRule, RuleKind, checked, faults_of
from busops.domain.values import Plate, RiderId, StopId

ONE, TWO = RiderId("1"), RiderId("2")
FRIDAY = date(2026, 3, 13)
SIBLINGS = PlanningRule(
    kind=RuleKind.TOGETHER, rider_ids=(ONE, TWO), from_on=FRIDAY, reason="姐弟，弟弟三年级"
)
CLOSED = PlanningRule(
    kind=RuleKind.NOT_STOPS,
    plates=(Plate("川FB0002"),),
    stop_ids=(StopId("S001"),),
    from_on=FRIDAY,
    reason="巷子窄",
)
AWAY = PlanningRule(kind=RuleKind.AWAY, plates=CLOSED.plates, from_on=FRIDAY, to_on=FRIDAY, reason="保养")


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (replace(SIBLINGS, rider_ids=()), "rule_needs.rider_ids"),
        (replace(SIBLINGS, rider_ids=(ONE, ONE)), "rule_needs_two_riders"),
        (replace(SIBLINGS, plates=AWAY.plates), "rule_takes_no.plates"),
        (replace(SIBLINGS, ready_min=5), "rule_takes_no.ready_min"),
        (replace(CLOSED, stop_ids=()), "rule_needs.stop_ids"),
        (replace(CLOSED, plates=(), kind=RuleKind.ONLY_VEHICLES), "rule_needs.plates"),
        (replace(AWAY, stop_ids=CLOSED.stop_ids), "rule_takes_no.stop_ids"),
        (replace(AWAY, ready_min=0), "rule_takes_no.ready_min"),
        (replace(AWAY, to_on=date(2026, 3, 12)), "rule_days_reversed"),
        (replace(AWAY, reason="  "), "reason_needed"),
    ],
)
def test_what_a_rule_lacks_or_has_too_much_is_named(rule: PlanningRule, code: str) -> None:
    """Each kind takes its own fields; a reason is always there."""
    assert [fault.code for fault in faults_of(rule)] == [code]
    with pytest.raises(InvalidInput, match="planning_rule_invalid"):
        checked(rule)


@pytest.mark.parametrize("rule", [SIBLINGS, CLOSED, AWAY, replace(AWAY, ready_min=45)])
def test_a_sound_rule_passes(rule: PlanningRule) -> None:
    """Nothing is wrong with these."""
    assert checked(rule) is rule


def test_a_rule_holds_on_its_days_both_included() -> None:
    """Before the first and after the last day it does not hold; an open end never comes."""
    assert [AWAY.holds_on(date(2026, 3, day)) for day in (12, 13, 14)] == [False, True, False]
    assert SIBLINGS.holds_on(date(2030, 1, 1))


def test_a_rule_is_known_by_what_it_says_and_its_first_day() -> None:
    """Order, reason and last day make no other rule; another rider, kind or first day does."""
    same = replace(SIBLINGS, rider_ids=(TWO, ONE), reason="另一句", to_on=FRIDAY)
    assert same.rule_id == SIBLINGS.rule_id
    others = (
        replace(SIBLINGS, rider_ids=(ONE, RiderId("3"))),
        replace(SIBLINGS, kind=RuleKind.APART),
        replace(SIBLINGS, from_on=date(2026, 3, 20)),
    )
    assert len({SIBLINGS.rule_id, *(rule.rule_id for rule in others)}) == 4
