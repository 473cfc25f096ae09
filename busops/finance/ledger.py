"""
The double-entry sub-ledger as values: transactions that balance, and reversals instead of edits.

Positive fen are debits, negative fen credits. Storage and its guards keep what is made
here; this is not the school's general ledger, which takes vouchers from it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from busops.domain.errors import InvalidInput
from busops.domain.values import RiderId

MIN_POSTINGS: Final = 2


class Account(StrEnum):
    """The accounts of the bus money; numbers as schools' charts of accounts use them (domain §3.5)."""

    BANK = "1002"  # 银行存款
    CHANNEL = "1012"  # 微信·支付宝在途
    RECEIVABLE = "1122"  # 应收乘车费, by rider
    DEPRECIATION = "1602"  # 累计折旧
    PAYABLE = "2202"  # 应付账款
    PREPAID = "2203"  # 预收(合同负债)
    SUSPENSE = "2241"  # 其他应付-待认领
    RETURNABLE = "2242"  # 应付退费: duplicates and other people's money
    INCOME = "4201"  # 提供服务收入-校车
    COSTS = "5401"  # 校车成本


class TxnKind(StrEnum):
    """Why a transaction was made."""

    CHARGE = "charge"
    DELIVERY = "delivery"
    RECEIPT = "receipt"
    ALLOCATION = "allocation"
    SETTING_ASIDE = "setting_aside"
    COST = "cost"
    REFUND = "refund"
    REFUND_PAID = "refund_paid"
    REFUND_SEEN = "refund_seen"
    ALLOWANCE = "allowance"
    REVERSAL = "reversal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One line: so many fen to the debit (+) or credit (−) of an account, of one rider if it is his."""

    account: Account
    fen: int
    rider_id: RiderId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTxn:
    """One transaction; ``(source, row_key)`` names what it was made for and is taken only once."""

    txn_id: str
    kind: TxnKind
    period: str
    on: date
    source: str
    row_key: str
    made_by: str
    postings: tuple[Posting, ...]
    approved_by: str | None = None
    reverses: str | None = None
    adjusts: str | None = None  # the closed period that this corrects from a later one


def period_of(on: date) -> str:
    """The accounting period of a day: its month, ``2024-03``."""
    return f"{on:%Y-%m}"


def checked(txn: LedgerTxn) -> LedgerTxn:
    """The transaction itself, when it may be posted; else ``InvalidInput`` with the rule it breaks."""
    if len(txn.postings) < MIN_POSTINGS:
        raise InvalidInput("needs_two_postings", txn_id=txn.txn_id)
    if any(posting.fen == 0 for posting in txn.postings):
        raise InvalidInput("empty_posting", txn_id=txn.txn_id)
    if difference_fen := sum(posting.fen for posting in txn.postings):
        raise InvalidInput("not_balanced", txn_id=txn.txn_id, difference_fen=difference_fen)
    if txn.approved_by is not None and txn.approved_by == txn.made_by:
        raise InvalidInput("same_person", txn_id=txn.txn_id)
    return txn


def reversal(txn: LedgerTxn, *, txn_id: str, period: str, on: date, made_by: str) -> LedgerTxn:
    """The transaction that undoes another one (红字冲销), and says which period it adjusts from another."""
    if txn.kind is TxnKind.REVERSAL:
        raise InvalidInput("reversal_of_reversal", txn_id=txn.txn_id)
    return LedgerTxn(
        txn_id=txn_id,
        kind=TxnKind.REVERSAL,
        period=period,
        on=on,
        source="reversal",
        row_key=txn.txn_id,
        made_by=made_by,
        postings=tuple(
            Posting(account=posting.account, fen=-posting.fen, rider_id=posting.rider_id)
            for posting in txn.postings
        ),
        reverses=txn.txn_id,
        adjusts=txn.period if txn.period != period else None,
    )


def moves(
    debit: Account,
    credit: Account,
    fen: int,
    *,
    debit_of: RiderId | None = None,
    credit_of: RiderId | None = None,
) -> tuple[Posting, Posting]:
    """Two postings that move ``fen`` from the credited to the debited account."""
    return (
        Posting(account=debit, fen=fen, rider_id=debit_of),
        Posting(account=credit, fen=-fen, rider_id=credit_of),
    )


def balances(postings: Iterable[Posting]) -> dict[Account, int]:
    """The balance of each account that was touched, fen, debits positive."""
    sums: dict[Account, int] = {}
    for posting in postings:
        sums[posting.account] = sums.get(posting.account, 0) + posting.fen
    return dict(sorted(sums.items()))


def receivable_by_rider(postings: Iterable[Posting]) -> dict[RiderId, int]:
    """What each rider still owes by the ledger, fen; negative = he is owed."""
    sums: dict[RiderId, int] = {}
    for posting in postings:
        if posting.account is Account.RECEIVABLE and posting.rider_id is not None:
            sums[posting.rider_id] = sums.get(posting.rider_id, 0) + posting.fen
    return sums
