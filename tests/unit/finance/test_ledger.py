"""The ledger as values: what may be posted, what a reversal is, and balances."""

from dataclasses import replace
from datetime import date

import pytest

from busops.domain.errors import InvalidInput
from busops.finance.ledger import (
    Account,
    LedgerTxn,
    Posting,
    TxnKind,
    balances,
    checked,
    moves,
    period_of,
    receivable_by_rider,
    reversal,
)

CHARGE = LedgerTxn(
    txn_id="t1",
    kind=TxnKind.CHARGE,
    period="2024-03",
    on=date(2024, 3, 10),
    source="charge",
    row_key="001 WEEKEND:2024-03-08",
    made_by="finance",
    postings=moves(Account.RECEIVABLE, Account.INCOME, 1600, debit_of="001"),
)


def test_a_charge_and_its_reversal_leave_nothing() -> None:
    """
    t1  Dr 应收 001  16.00    Cr 收入  16.00
    t2  Cr 应收 001  16.00    Dr 收入  16.00   reverses t1
    """
    undone = reversal(CHARGE, txn_id="t2", period="2024-04", on=date(2024, 4, 1), made_by="lead")
    assert checked(undone).reverses == "t1"
    assert balances((*CHARGE.postings, *undone.postings)) == {Account.RECEIVABLE: 0, Account.INCOME: 0}
    assert receivable_by_rider((*CHARGE.postings, *undone.postings)) == {"001": 0}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"postings": ()}, "needs_two_postings"),
        ({"postings": (Posting(account=Account.BANK, fen=1),)}, "needs_two_postings"),
        ({"postings": moves(Account.BANK, Account.INCOME, 0)}, "empty_posting"),
        ({"postings": (*CHARGE.postings, Posting(account=Account.BANK, fen=1))}, "not_balanced"),
        ({"approved_by": "finance"}, "same_person"),
    ],
)
def test_what_may_not_be_posted(changed: dict, code: str) -> None:
    """One-sided, empty, unbalanced, or approved by its maker."""
    with pytest.raises(InvalidInput) as refused:
        checked(replace(CHARGE, **changed))
    assert refused.value.code == code


def test_a_reversal_is_not_reversed() -> None:
    """To take a reversal back one posts the transaction again."""
    undone = reversal(CHARGE, txn_id="t2", period="2024-03", on=CHARGE.on, made_by="lead")
    with pytest.raises(InvalidInput, match="reversal_of_reversal"):
        reversal(undone, txn_id="t3", period="2024-03", on=CHARGE.on, made_by="lead")


def test_only_receivables_of_a_rider_are_what_he_owes() -> None:
    """001 owes 16.00 and paid 10.00 through the channel: 6.00 are left."""
    paid = moves(Account.SUSPENSE, Account.RECEIVABLE, 1000, credit_of="001")
    assert receivable_by_rider((*CHARGE.postings, *paid)) == {"001": 600}
    assert balances((*CHARGE.postings, *paid))[Account.INCOME] == -1600


def test_a_period_is_a_month() -> None:
    """8 March 2024 is booked in 2024-03."""
    assert period_of(date(2024, 3, 8)) == "2024-03"
