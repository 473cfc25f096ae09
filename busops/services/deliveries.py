"""
Deliveries: what months and terms have earned moves from prepayments to income, a month at a time.

May be asked as often as one likes: the books are compared with what charges, refunds and allowances
say (``finance.earning``), and only a difference is posted, the wrong entry reversed (红字冲销) first.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from busops.domain.values import Ids, RiderId
from busops.finance.earning import Reduction, delivered_by_month, delivery_postings, due_now, reduction_of
from busops.finance.ledger import Account, LedgerTxn, TxnKind, period_of, reversal
from busops.finance.tariff import SHORT
from busops.storage import account_store, charge_store, ledger_store, refund_store
from busops.storage.database import Transaction
from busops.storage.ledger_store import Standing

if TYPE_CHECKING:
    from busops.finance.allowances import Allowance
    from busops.finance.refunds import Refund

SOURCE: Final = "delivery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What months and terms say must be income by now, what is, and how many entries there ever were."""

    wanted: Mapping[str, int]
    standing: Mapping[str, Standing]
    numbers: Mapping[str, int]

    @property
    def waiting(self) -> tuple[tuple[str, int | None], ...]:
        """The keys (rider, unit, month) whose entry is missing or wrong, with the right sum or None."""
        return tuple(due_now(self.wanted, {key: item.fen for key, item in self.standing.items()}))


def over_by(today: date) -> date:
    """The last day of the last month that is over."""
    return today.replace(day=1) - timedelta(days=1)


def count_waiting(tx: Transaction, until: date) -> int:
    """How many entries of months that are over by ``until`` are missing or wrong."""
    return len(load_delivered(tx, until).waiting)


def deliver(
    tx: Transaction, until: date, *, today: date, ids: Ids, by: str, rider_id: RiderId | None = None
) -> int:
    """Every month over by ``until`` is income as far as it was earned; how many entries that took."""
    found = load_delivered(tx, until, rider_id=rider_id)
    waiting = found.waiting
    wrong = [found.standing[key].txn_id for key, _ in waiting if key in found.standing]
    undone = [
        reversal(
            txn,
            txn_id=ids.new(),
            period=ledger_store.open_period_from(tx, txn.period, by=by),
            on=today,
            made_by=by,
        )
        for txn in ledger_store.load_txns(tx, wrong)
    ]
    fresh = [
        _entry(tx, key, fen, number=found.numbers.get(key, 0) + 1, ids=ids, by=by)
        for key, fen in waiting
        if fen is not None
    ]
    ledger_store.post(tx, [*undone, *fresh])
    return len(waiting)


def load_delivered(tx: Transaction, until: date, *, rider_id: RiderId | None = None) -> Delivered:
    """What must be income by the end of that month and what is, of one rider or of all."""
    off = _reductions(tx, rider_id)
    wanted = {
        f"{item.charge.rider_id} {item.charge.unit_key} {month}": fen
        for item in charge_store.load_charges(tx, rider_id=rider_id)
        for month, fen in delivered_by_month(
            item.charge, off.get((item.charge.rider_id, item.charge.unit_key), Reduction()), until
        ).items()
    }
    standing: dict[str, Standing] = {}
    numbers: dict[str, int] = defaultdict(int)
    for item in ledger_store.load_standing(
        tx, SOURCE, Account.PREPAID, of=f"{rider_id} " if rider_id else ""
    ):
        key, _, number = item.row_key.rpartition(" ")
        numbers[key] = max(numbers[key], int(number))
        if not item.is_reversed and key.rpartition(" ")[2] <= period_of(until):
            standing[key] = item
    return Delivered(wanted=wanted, standing=standing, numbers=numbers)


def prepaid_fen(tx: Transaction) -> int:
    """What must be left of prepayments: months and terms charged, less what is off or delivered."""
    off = _reductions(tx, None)
    left = 0
    for item in charge_store.load_charges(tx):
        if item.charge.unit not in SHORT:
            cut = off.get((item.charge.rider_id, item.charge.unit_key), Reduction())
            left += item.charge.due_fen - cut.first_fen - cut.last_fen - cut.spread_fen
    standing = ledger_store.load_standing(tx, SOURCE, Account.PREPAID)
    return left - sum(item.fen for item in standing if not item.is_reversed)


def _reductions(tx: Transaction, rider_id: RiderId | None) -> dict[tuple[RiderId, str], Reduction]:
    refunds = [item.refund for item in refund_store.load_refunds(tx, rider_id)]
    allowances = [item.allowance for item in account_store.load_allowances(tx, rider_id)]
    given: dict[tuple[RiderId, str], list[Refund]] = defaultdict(list)
    for refund in refunds:
        given[refund.rider_id, refund.unit_key].append(refund)
    agreed: dict[tuple[RiderId, str], list[Allowance]] = defaultdict(list)
    for allowance in allowances:
        agreed[allowance.rider_id, allowance.unit_key].append(allowance)
    return {key: reduction_of(given[key], agreed[key]) for key in {*given, *agreed}}


def _entry(tx: Transaction, key: str, fen: int, *, number: int, ids: Ids, by: str) -> LedgerTxn:
    month = key.rpartition(" ")[2]
    on = (date.fromisoformat(f"{month}-01") + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return LedgerTxn(
        txn_id=ids.new(),
        kind=TxnKind.DELIVERY,
        period=ledger_store.open_period_from(tx, month, by=by),
        on=on,
        source=SOURCE,
        row_key=f"{key} {number}",
        made_by=by,
        postings=delivery_postings(fen),
    )
