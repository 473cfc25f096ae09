"""The class roll-call's rules: who is asked for, from when, who is called and what ends a call."""

from datetime import datetime, timedelta

import pytest

from busops.domain import rollcall
from busops.domain.events import Whereabouts
from busops.domain.rollcall import MISSING, OVERDUE, Answer, Mark
from busops.domain.roster import NotRidingReason
from busops.domain.run import fold
from tests.builders import DEPARTS_AT, Tablet, resolved
from tests.school_bound import ARRIVES_AT, a_return, come_to_school
from tests.transfer_histories import into, pair, scenario


def a_mark(rider_id: str, answer: Answer, at: datetime, mark_id: str = "m1") -> Mark:
    """One answer of the class."""
    return Mark(mark_id=mark_id, run_id="run-1", rider_id=rider_id, answer=answer, at=at, by_name="示例老师")


def came(*rider_ids: str, off: bool = True):
    """A run that came with these riders: its plan, its tablet, its state and when it came."""
    plan = a_return()
    tablet = Tablet(plan=plan)
    came_s = come_to_school(tablet, rider_ids or None, off=off)
    return plan, tablet, fold(plan, tablet.log), DEPARTS_AT + timedelta(seconds=came_s)


def calls_at(state, marks, at, **own):
    """What should ring, as (kind, level, rider)."""
    children = rollcall.children_of(state, marks)
    found = rollcall.calls(children, rollcall.starts_at(state, at), at, **own)
    return [(call.kind, call.level, rollcall.rider_of(call.occasion)) for call in found]


def test_ec15_nobody_answers_and_after_thirty_minutes_every_child_rings():
    """One second before nothing; then one alarm a child, louder after ten minutes and after twenty."""
    _, _, state, came_at = came()
    assert calls_at(state, [], came_at + timedelta(minutes=30, seconds=-1)) == []
    due = calls_at(state, [], came_at + timedelta(minutes=30))
    assert due == [(OVERDUE, 1, "r1"), (OVERDUE, 1, "r2"), (OVERDUE, 1, "r3")]
    for minutes, levels in ((39, {1}), (40, {1, 2}), (50, {1, 2, 3})):
        later = calls_at(state, [], came_at + timedelta(minutes=minutes))
        assert {level for _, level, rider in later if rider == "r2"} == levels


def test_ec15_a_missing_child_rings_at_once_and_the_others_do_not():
    """Said not to be here a minute after arrival: that child alone, from that minute on."""
    _, _, state, came_at = came()
    at = came_at + timedelta(minutes=1)
    marks = [a_mark("r1", Answer.IN_CLASS, at), a_mark("r2", Answer.NOT_HERE, at)]
    assert calls_at(state, marks, at) == [(MISSING, 2, "r2")]
    assert calls_at(state, marks, at + timedelta(minutes=10)) == [(MISSING, 2, "r2"), (MISSING, 3, "r2")]


@pytest.mark.parametrize("answer", [each for each in Answer if each is not Answer.NOT_HERE])
def test_every_answer_but_one_is_a_child_found(answer):
    """In class, in the dormitory, with a parent, in the sickroom: nothing rings for that child again."""
    _, _, state, came_at = came("r1")
    marks = [a_mark("r1", answer, came_at)]
    assert [each for each in calls_at(state, marks, came_at + timedelta(hours=2)) if each[2] == "r1"] == []


def test_the_last_answer_counts_whatever_order_they_come_in():
    """Missing, then found: over. Found, then missing: it rings under a new occasion."""
    _, _, state, came_at = came("r1")
    missing = a_mark("r1", Answer.NOT_HERE, came_at, "m1")
    found = a_mark("r1", Answer.IN_CLASS, came_at + timedelta(minutes=1), "m2")
    again = a_mark("r1", Answer.NOT_HERE, came_at + timedelta(minutes=2), "m3")
    (child, *_) = rollcall.children_of(state, [found, missing])
    assert child.is_found
    assert rollcall.is_over(MISSING, "r1:m1", child)
    (child, *_) = rollcall.children_of(state, [again, found, missing])
    assert rollcall.is_over(MISSING, "r1:m1", child)
    assert not rollcall.is_over(MISSING, "r1:m3", child)
    assert rollcall.is_over(OVERDUE, "r1", child)


def test_a_hot_day_halves_the_time():
    """Fifteen minutes instead of thirty."""
    _, _, state, came_at = came("r1")
    at = came_at + timedelta(minutes=15)
    assert calls_at(state, [], at) == []
    assert (OVERDUE, 1, "r1") in calls_at(state, [], at, is_hot_day=True)


def test_the_clock_starts_with_the_first_child_off_or_the_arrival_and_never_in_the_future():
    """Before anything moved there is no start; a tablet's wild clock delays nothing."""
    plan, tablet, state, came_at = came()
    assert rollcall.starts_at(fold(plan, ()), came_at) is None
    assert rollcall.starts_at(state, came_at + timedelta(hours=1)) == came_at
    early = came_at - timedelta(hours=3)
    assert rollcall.starts_at(state, early) == early
    assert len(tablet.log) == 9


def test_children_with_a_good_reason_are_not_asked_for_and_those_without_word_are():
    """Ill: nobody expects the child. No word at all, or lost: the class is asked like for the others."""
    plan = a_return(riders=4)
    tablet = Tablet(plan=plan)
    tablet.record("absent", rider="r2", reason="ill")
    tablet.record("absent", rider="r3", reason="missing")
    come_to_school(tablet, ("r1",))
    children = {each.rider_id: each for each in rollcall.children_of(fold(plan, tablet.log), [])}
    assert {name: each.is_asked for name, each in children.items()} == {
        "r1": True,
        "r2": False,
        "r3": True,
        "r4": True,
    }
    assert [name for name, each in children.items() if each.came] == ["r1"]
    assert children["r3"].absence is NotRidingReason.MISSING


def test_a_child_handed_to_the_doctors_is_not_asked_for():
    """Two people have said where the child is: the class cannot see it and must not be called for it."""
    plan, tablet, _, came_at = came("r1", off=False)
    settled = resolved(plan, "r1", tablet.log[:1], Whereabouts.HANDED_TO_MEDICAL)
    state = fold(plan, (*tablet.log, settled))
    (child, *_) = rollcall.children_of(state, [])
    assert not child.is_asked
    assert ("r1" in {each[2] for each in calls_at(state, [], came_at + timedelta(hours=1))}) is False


def test_a_child_never_marked_off_is_asked_for_too():
    """Aboard by the tablets and the bus at school: whether it is in class is all the more the question."""
    _, _, state, came_at = came("r1", off=False)
    assert (OVERDUE, 1, "r1") in calls_at(state, [], came_at + timedelta(minutes=30))


def test_answers_open_a_quarter_of_an_hour_before_the_planned_arrival():
    """A tablet without a network must not keep the class from answering; long before, nobody came."""
    state = fold(a_return(), ())
    assert not rollcall.is_open(state, ARRIVES_AT - timedelta(minutes=15, seconds=1))
    assert rollcall.is_open(state, ARRIVES_AT - timedelta(minutes=15))
    assert rollcall.starts_at(state, ARRIVES_AT) is None


def test_a_child_who_went_over_to_another_bus_is_asked_for_by_that_ones_list():
    """On the way between the two still by this one's; once the other bus has the child, by its list alone."""
    there = into("r2")
    for others, asked in (((), True), ((there,), False)):
        state = fold(*scenario(lambda others=others: pair(*others, riders=("r2",))))
        child = next(each for each in rollcall.children_of(state, []) if each.rider_id == "r2")
        assert (child.is_asked, child.came) == (asked, asked)
