"""Earned: by weekends, less what is off at the beginning, at the end or everywhere, month by month."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busops.finance.allowances import Allowance, AllowanceKind, AllowanceState
from busops.finance.charging import Charge
from busops.finance.earning import (
    Reduction,
    delivered_by_month,
    delivery_postings,
    due_now,
    earned_fen,
    earned_parts,
    reduction_of,
)
from busops.finance.ledger import Account, balances
from busops.finance.refunds import Refund, RefundState, RefundTrigger
from busops.finance.tariff import FareUnit

FEB, JUL = date(2024, 2, 19), date(2024, 7, 5)


def a_charge(unit: FareUnit = FareUnit.TERM, fen: int = 40_000, to_on: date = JUL) -> Charge:
    """A term of 20 weekends at 400.00: 1 Friday in February, 5 in March, 4, 5, 4 …"""
    return Charge(
        rider_id="001", unit=unit, unit_key="TERM:x", from_on=FEB, to_on=to_on, band="A", list_fen=fen,
        waived_fen=0, basis="r@1",
    )  # fmt: skip


def a_refund(trigger: RefundTrigger, state: RefundState = RefundState.APPROVED) -> Refund:
    """12.00 back, of which 10.00 take the charge down."""
    return Refund(
        refund_id="f", rider_id="001", unit_key="TERM:x", receipt_id="r", trigger=trigger, fen=1_200,
        charge_fen=1_000, state=state, hands={},
    )  # fmt: skip


def an_allowance(kind: AllowanceKind, state: AllowanceState = AllowanceState.APPROVED) -> Allowance:
    """7.00 off."""
    return Allowance(
        allowance_id="a", rider_id="001", unit_key="TERM:x", kind=kind, fen=700, state=state, proposed_by="x"
    )


def test_a_term_moves_to_income_by_the_fridays_of_each_month() -> None:
    """20.00 a Friday: February 1, March 5, April 4, May 5 are over by the end of May; June is not."""
    assert delivered_by_month(a_charge(), Reduction(), date(2024, 5, 31)) == {
        "2024-02": 2_000, "2024-03": 10_000, "2024-04": 8_000, "2024-05": 10_000,
    }  # fmt: skip


def test_a_trip_is_earned_at_once_and_never_delivered_later() -> None:
    """Its bill and its delivery are one entry."""
    trip = a_charge(FareUnit.TRIP, 1_600, FEB)
    assert earned_parts(trip) == ((FEB, 1_600),)
    assert delivered_by_month(trip, Reduction(), JUL) == {}


def test_who_left_earns_the_months_before_as_ever_and_nothing_after() -> None:
    """160.00 off the end: the last eight Fridays bring nothing, those before all they did."""
    off = Reduction(last_fen=16_000)
    assert earned_fen(a_charge(), FEB, date(2024, 3, 31), off=off) == 12_000
    assert earned_fen(a_charge(), date(2024, 5, 10), JUL, off=off) == 2_000
    assert earned_fen(a_charge(), date(2024, 5, 17), JUL, off=off) == 0


def test_who_joined_late_earns_nothing_of_the_months_before() -> None:
    """70.00 off the beginning: three Fridays bring nothing, the fourth half."""
    parts = earned_parts(a_charge(), Reduction(first_fen=7_000))
    assert [fen for _, fen in parts][:5] == [0, 0, 0, 1_000, 2_000]


def test_what_stands_off_a_charge_is_sorted_by_its_reason() -> None:
    """Left: the end. Joined late: the beginning. All else everywhere. What is only asked for, nowhere."""
    refunds = [
        a_refund(RefundTrigger.LEFT_SERVICE), a_refund(RefundTrigger.SCHOOL_FAULT),
        a_refund(RefundTrigger.LEFT_SERVICE, RefundState.REQUESTED),
    ]  # fmt: skip
    allowances = [
        an_allowance(AllowanceKind.JOINED_LATE), an_allowance(AllowanceKind.BAD_DEBT),
        an_allowance(AllowanceKind.JOINED_LATE, AllowanceState.PROPOSED),
    ]  # fmt: skip
    assert reduction_of(refunds, allowances) == Reduction(first_fen=700, last_fen=1_000, spread_fen=1_700)


@given(
    fen=st.integers(0, 10**7),
    shares=st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 20)),
    cut=st.dates(FEB, JUL),
)
def test_whatever_is_off_the_parts_add_up_to_what_is_left(
    fen: int, shares: tuple[int, int, int], cut: date
) -> None:
    """No fen is earned twice or lost, wherever the time is cut; no weekend earns less than nothing."""
    first, last, spread = (fen * share // 100 for share in shares)
    off = Reduction(first_fen=first, last_fen=last, spread_fen=spread)
    charge = a_charge(fen=fen)
    before, after = earned_fen(charge, FEB, cut, off=off), earned_fen(charge, cut, JUL, off=off)
    both = sum(part for on, part in earned_parts(charge, off) if on == cut)
    assert before + after - both == fen - first - last - spread
    assert all(part >= 0 for _, part in earned_parts(charge, off))


@pytest.mark.parametrize(
    ("due", "standing", "found"),
    [
        ({"a": 5}, {}, [("a", 5)]),
        ({"a": 5}, {"a": 5}, []),
        ({"a": 4}, {"a": 5}, [("a", 4)]),
        ({}, {"a": 5}, [("a", None)]),
    ],
)
def test_only_differences_are_posted(
    due: dict[str, int], standing: dict[str, int], found: list[tuple[str, int | None]]
) -> None:
    """What stands right is left alone, what stands wrong or for nothing is named."""
    assert list(due_now(due, standing)) == found


def test_a_delivery_moves_from_prepayments_to_income() -> None:
    """Dr 2203 5.00   Cr 4201 5.00."""
    assert balances(delivery_postings(500)) == {Account.PREPAID: 500, Account.INCOME: -500}
