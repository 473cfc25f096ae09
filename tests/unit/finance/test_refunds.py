"""Refunds as rules: the policy's table, the parts of months, the steps and hands, what each step books."""

from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from busops.domain.errors import InvalidInput
from busops.domain.people import Role
from busops.finance.ledger import Account, balances
from busops.finance.proration import before_joining_fen, month_parts, not_begun_fen
from busops.finance.refunds import (
    DEFAULT_RULES,
    FOLLOWS,
    Refund,
    RefundPolicy,
    RefundState,
    RefundTrigger,
    UnitMoney,
    approved_postings,
    charge_part_fen,
    has_right,
    paid_postings,
    policy_faults,
    reasons_not_to_step,
    refundable_fen,
    seen_postings,
    trigger_of,
)
from busops.finance.tariff import BillingUnit, FareUnit

POLICY = RefundPolicy()
WEEKEND = BillingUnit(
    unit=FareUnit.WEEKEND, key="WEEKEND:2024-03-08", from_on=date(2024, 3, 8), to_on=date(2024, 3, 10)
)
TERM = BillingUnit(
    unit=FareUnit.TERM, key="TERM:2024-spring", from_on=date(2024, 2, 19), to_on=date(2024, 7, 5)
)
STATES = RefundState


def short(**changed: object) -> UnitMoney:
    """A weekend of 16.00, paid."""
    return replace(UnitMoney(span=WEEKEND, due_fen=1_600, paid_fen=1_600), **changed)


def long(**changed: object) -> UnitMoney:
    """A term of 20 weekends at 400.00, paid."""
    return replace(UnitMoney(span=TERM, due_fen=40_000, paid_fen=40_000, weekends=20), **changed)


def a_refund(state: RefundState = STATES.REQUESTED, **hands: str) -> Refund:
    """16.00 of which 4.00 were paid too much; asked for by ``ann``."""
    return Refund(
        refund_id="f1", rider_id="001", unit_key=WEEKEND.key, receipt_id="r1",
        trigger=RefundTrigger.SCHOOL_CANCELLED, fen=1_600, charge_fen=1_200, state=state,
        hands={STATES.REQUESTED: "ann", **{STATES[name]: who for name, who in hands.items()}},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("trigger", "short_fen", "long_fen"),
    [
        (RefundTrigger.SCHOOL_CANCELLED, 1_600, 10_000),
        (RefundTrigger.LEAVE_IN_TIME, 1_600, 10_000),
        (RefundTrigger.LEAVE_LATE, 0, 0),
        (RefundTrigger.PICKUP_IN_TIME, 1_600, 0),
        (RefundTrigger.LEFT_SERVICE, 1_600, 0),
        (RefundTrigger.SCHOOL_FAULT, 1_600, 10_000),
        (RefundTrigger.EXPELLED, 0, 0),
        (RefundTrigger.OVERPAID, 0, 0),
    ],
)
def test_the_default_policy_is_the_reference_table(trigger, short_fen, long_fen):
    """Domain §3.2: of a weekend of 16.00, and of a term of 400.00 with 5 of 20 weekends missed."""
    assert refundable_fen(POLICY, trigger, short()) == short_fen
    assert refundable_fen(POLICY, trigger, long(missed_weekends=5)) == long_fen
    is_excess = trigger is RefundTrigger.OVERPAID
    assert has_right(POLICY, trigger, FareUnit.WEEKEND, 1) == (short_fen > 0 or is_excess)


def test_a_month_or_term_needs_enough_missed_weekends_in_a_row():
    """Leave in time: three weekends of a term give nothing, four give their part."""
    assert refundable_fen(POLICY, RefundTrigger.LEAVE_IN_TIME, long(missed_weekends=3)) == 0
    assert refundable_fen(POLICY, RefundTrigger.LEAVE_IN_TIME, long(missed_weekends=4)) == 8_000
    assert not has_right(POLICY, RefundTrigger.LEAVE_IN_TIME, FareUnit.TERM, 3)
    assert has_right(POLICY, RefundTrigger.LEAVE_IN_TIME, FareUnit.TERM, 4)
    assert not has_right(POLICY, None, FareUnit.TRIP, 9)


def test_never_more_goes_back_than_came_in():
    """Refunds asked for before count; what was paid too much is the excess and no more."""
    assert refundable_fen(POLICY, RefundTrigger.SCHOOL_CANCELLED, short(refunds_fen=1_000)) == 600
    assert refundable_fen(POLICY, RefundTrigger.SCHOOL_CANCELLED, short(refunds_fen=1_600)) == 0
    assert refundable_fen(POLICY, RefundTrigger.SCHOOL_CANCELLED, short(paid_fen=0)) == 0
    assert refundable_fen(POLICY, RefundTrigger.OVERPAID, short(paid_fen=2_000)) == 400
    assert refundable_fen(POLICY, RefundTrigger.OVERPAID, short(paid_fen=2_000, refunds_fen=300)) == 100
    halved = replace(DEFAULT_RULES[RefundTrigger.LEAVE_LATE], short_bp=5_000)
    kinder = RefundPolicy(rules={**DEFAULT_RULES, RefundTrigger.LEAVE_LATE: halved})
    assert refundable_fen(kinder, RefundTrigger.LEAVE_LATE, short(paid_fen=1_601)) == 801
    assert refundable_fen(kinder, RefundTrigger.LEAVE_LATE, short(refunds_fen=600)) == 200


def test_the_charge_goes_down_by_all_but_the_excess():
    """Paid 20.00 for 16.00: of a refund of 20.00 the charge bears 16.00, of 4.00 nothing."""
    assert charge_part_fen(short(paid_fen=2_000), 2_000) == 1_600
    assert charge_part_fen(short(paid_fen=2_000), 400) == 0
    assert charge_part_fen(short(), 1_600) == 1_600
    assert charge_part_fen(short(due_fen=0), 1_600) == 0


def test_a_price_is_spread_over_its_months_by_their_weekends():
    """
    2024-02-19 … 2024-07-05 has 20 Fridays: 1 in February, then 5, 4, 5, 4, and 1 in July; they add up.
    """
    parts = month_parts(40_000, TERM.from_on, TERM.to_on)
    assert [month.month for month, _ in parts] == [2, 3, 4, 5, 6, 7]
    assert [part for _, part in parts] == [2_000, 10_000, 8_000, 10_000, 8_000, 2_000]
    assert sum(part for _, part in month_parts(40_001, TERM.from_on, TERM.to_on)) == 40_001
    assert month_parts(500, date(2024, 3, 4), date(2024, 3, 6)) == ((date(2024, 3, 1), 500),)


def test_a_month_begun_is_owed_whole_and_one_not_begun_is_not():
    """Left on 30 April: May, June and July go back; on 1 May only June and July. Joining mirrors it."""
    span = (TERM.from_on, TERM.to_on)
    assert not_begun_fen(40_000, *span, date(2024, 4, 30)) == 10_000 + 8_000 + 2_000
    assert not_begun_fen(40_000, *span, date(2024, 5, 1)) == 8_000 + 2_000
    assert not_begun_fen(40_000, *span, date(2024, 2, 1)) == 40_000
    assert before_joining_fen(40_000, *span, date(2024, 4, 30)) == 2_000 + 10_000
    assert before_joining_fen(40_000, *span, date(2024, 2, 19)) == 0
    left = long(left_on=date(2024, 5, 1))
    assert refundable_fen(POLICY, RefundTrigger.LEFT_SERVICE, left) == 10_000
    prorated = replace(left, is_prorated=True, due_fen=30_000)
    assert refundable_fen(POLICY, RefundTrigger.LEFT_SERVICE, prorated) == 10_000
    assert refundable_fen(POLICY, RefundTrigger.LEFT_SERVICE, replace(prorated, paid_fen=20_000)) == 0
    assert charge_part_fen(prorated, 10_000) == 0


def test_steps_follow_each_other_and_nothing_follows_the_end():
    """Of every pair of states exactly the six of the reference are steps, and three to take back."""
    steps = {
        (state, step)
        for state, step in product(STATES, STATES)
        if not any(
            reason.code == "refund_step_wrong"
            for reason in reasons_not_to_step(a_refund(state), step, "x", Role.FINANCE)
        )
    }
    assert steps == {
        (STATES.REQUESTED, STATES.CHECKED), (STATES.REQUESTED, STATES.REFUSED),
        (STATES.CHECKED, STATES.APPROVED), (STATES.CHECKED, STATES.REFUSED),
        (STATES.APPROVED, STATES.PAID), (STATES.PAID, STATES.RECONCILED),
        (STATES.APPROVED, STATES.RETURNING), (STATES.RETURNING, STATES.PAID),
        (STATES.RETURNING, STATES.RETURNED),
    }  # fmt: skip
    assert set(FOLLOWS) == set(STATES)


@pytest.mark.parametrize(
    ("state", "step", "by", "role", "code"),
    [
        (STATES.REQUESTED, STATES.CHECKED, "ann", Role.DISPATCHER, None),
        (STATES.REQUESTED, STATES.CHECKED, "bob", Role.FINANCE, "refund_role_wrong"),
        (STATES.CHECKED, STATES.APPROVED, "lea", Role.FINANCE_LEAD, None),
        (STATES.CHECKED, STATES.APPROVED, "ann", Role.FINANCE_LEAD, "refund_same_person"),
        (STATES.CHECKED, STATES.APPROVED, "bob", Role.FINANCE_LEAD, "refund_same_person"),
        (STATES.CHECKED, STATES.APPROVED, "fay", Role.FINANCE, "refund_role_wrong"),
        (STATES.APPROVED, STATES.PAID, "fay", Role.FINANCE, None),
        (STATES.APPROVED, STATES.PAID, "ann", Role.FINANCE, "refund_same_person"),
        (STATES.APPROVED, STATES.PAID, "lea", Role.FINANCE, "refund_same_person"),
        (STATES.APPROVED, STATES.PAID, "bob", Role.FINANCE, None),
        (STATES.APPROVED, STATES.PAID, "lou", Role.FINANCE_LEAD, "refund_role_wrong"),
        (STATES.CHECKED, STATES.REFUSED, "lea", Role.FINANCE_LEAD, None),
        (STATES.APPROVED, STATES.RETURNING, "fay", Role.FINANCE, None),
        (STATES.APPROVED, STATES.RETURNING, "lou", Role.DISPATCHER, "refund_role_wrong"),
        (STATES.RETURNING, STATES.RETURNED, "lea", Role.FINANCE_LEAD, None),
        (STATES.RETURNING, STATES.RETURNED, "fay", Role.FINANCE_LEAD, "refund_same_person"),
        (STATES.RETURNING, STATES.RETURNED, "lou", Role.FINANCE, "refund_role_wrong"),
        (STATES.RETURNING, STATES.PAID, "fay", Role.FINANCE, None),
    ],
)
def test_requester_approver_and_payer_are_three_people(state, step, by, role, code):
    """``ann`` asked, ``bob`` checked, ``lea`` approved, ``fay`` would take it back: who is next."""
    refund = a_refund(state, CHECKED="bob", APPROVED="lea", RETURNING="fay")
    assert [reason.code for reason in reasons_not_to_step(refund, step, by, role)] == ([code] if code else [])


def test_what_stands_what_is_paid_and_what_is_off():
    """Owed or paid: approved, asked back, paid, seen; off: refused and taken back."""
    named = {state: a_refund(state) for state in STATES}
    assert {state for state, one in named.items() if one.is_approved} == {
        *(STATES.APPROVED, STATES.RETURNING, STATES.PAID, STATES.RECONCILED),
    }
    assert {state for state, one in named.items() if one.is_paid} == {STATES.PAID, STATES.RECONCILED}
    assert {state for state, one in named.items() if one.is_off} == {STATES.REFUSED, STATES.RETURNED}


def test_every_reason_is_given_at_once():
    """The wrong step by the wrong role and the same person: three reasons."""
    found = reasons_not_to_step(a_refund(), STATES.PAID, "ann", Role.DISPATCHER)
    assert {reason.code for reason in found} == {
        *("refund_step_wrong", "refund_role_wrong", "refund_same_person"),
    }


def test_what_rosters_and_runs_speak_of():
    """Cancelled first; excused in time or too late; picked up only when that is the one reason."""
    told = {"is_cancelled": False, "is_before_lock": True}
    assert trigger_of(**told | {"is_cancelled": True}, reasons=()) is RefundTrigger.SCHOOL_CANCELLED
    assert trigger_of(**told, reasons=()) is None
    assert trigger_of(**told, reasons=["guardian_pickup"]) is RefundTrigger.PICKUP_IN_TIME
    assert trigger_of(**told, reasons=["guardian_pickup", "ill"]) is RefundTrigger.LEAVE_IN_TIME
    assert trigger_of(**told | {"is_before_lock": False}, reasons=["ill"]) is RefundTrigger.LEAVE_LATE


def test_what_the_steps_book():
    """
    approved  Dr 4201 12.00  Dr 1122 001 4.00   Cr 2242 16.00
    paid      Dr 2242 16.00                     Cr 1012 16.00
    the bill  Dr 2241 16.00                     Cr 1012 16.00   (the refund line itself)
    seen      Dr 1012 16.00                     Cr 2241 16.00
    """
    refund = a_refund()
    approved = approved_postings(refund, FareUnit.WEEKEND)
    assert balances(approved) == {
        Account.RECEIVABLE: 400, Account.RETURNABLE: -1_600, Account.INCOME: 1_200,
    }  # fmt: skip
    assert balances(approved_postings(replace(refund, charge_fen=1_600), FareUnit.TERM)) == {
        Account.PREPAID: 1_600, Account.RETURNABLE: -1_600,
    }  # fmt: skip
    paid, seen = paid_postings(refund, Account.CHANNEL), seen_postings(refund, Account.CHANNEL)
    assert balances(paid) == {Account.CHANNEL: -1_600, Account.RETURNABLE: 1_600}
    assert balances(seen) == {Account.CHANNEL: 1_600, Account.SUSPENSE: -1_600}
    for postings in (approved, paid, seen):
        assert sum(posting.fen for posting in postings) == 0
    with pytest.raises(InvalidInput, match="refund_channel_wrong"):
        paid_postings(refund, Account.SUSPENSE)


def test_a_policy_beyond_the_whole_is_refused():
    """Rates lie between nothing and all; at least one weekend must be missed."""
    assert policy_faults(POLICY) == ()
    for wrong in ({"short_bp": 10_001}, {"long_bp": -1}, {"min_units": 0}):
        rule = replace(DEFAULT_RULES[RefundTrigger.EXPELLED], **wrong)
        (fault,) = policy_faults(RefundPolicy(rules={**DEFAULT_RULES, RefundTrigger.EXPELLED: rule}))
        assert fault.code == "refund_rule_wrong"
