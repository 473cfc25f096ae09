"""
Costs put into the books: each line with its transaction, in its month or the next open one.

What may be booked, and by whom, is ``costs.py``'s and ``cost_consents.py``'s.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from busops.domain.values import Clock, Ids, school_date
from busops.finance.costs import DEPRECIATION, CostLine
from busops.finance.ledger import Account, LedgerTxn, TxnKind, moves, period_of
from busops.services.acting import SYSTEM, By, user_of
from busops.storage import cost_store, ledger_store
from busops.storage.cost_store import StoredCost
from busops.storage.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCost:
    """A line to be booked under an id; ``key`` is the same for the same thing."""

    cost_id: str
    key: str
    line: CostLine
    reverses: str | None = None
    replaces: str | None = None


def book(
    tx: Transaction,
    costs: Sequence[NewCost],
    *,
    clock: Clock,
    ids: Ids,
    by: By,
    approved_by: str | None = None,
) -> None:
    """Dr 5401, Cr 2202 (1602 of a depreciation); a date to come is booked today, a closed month's later."""
    today, made_by = school_date(clock.now()), user_of(by) or SYSTEM
    months = {cost.cost_id: period_of(min(cost.line.on, today)) for cost in costs}
    periods = {month: ledger_store.open_period_from(tx, month, by=made_by) for month in set(months.values())}
    stored = [
        StoredCost(
            cost_id=cost.cost_id, line=cost.line, row_key=cost.key, txn_id=ids.new(), made_by=made_by,
            made_at=clock.now(), reverses=cost.reverses, replaces=cost.replaces, approved_by=approved_by,
        )
        for cost in costs
    ]  # fmt: skip
    ledger_store.post(
        tx,
        [
            LedgerTxn(
                txn_id=cost.txn_id,
                kind=TxnKind.COST,
                period=periods[months[cost.cost_id]],
                on=cost.line.on,
                source="cost",
                row_key=cost.cost_id,
                made_by=made_by,
                approved_by=approved_by,
                postings=moves(Account.COSTS, _against(cost.line), cost.line.fen),
            )
            for cost in stored
        ],
    )
    cost_store.insert_costs(tx, stored)


def key_of(*parts: object) -> str:
    """The key of a thing with these parts."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()


def _against(line: CostLine) -> Account:
    return Account.DEPRECIATION if line.code == DEPRECIATION else Account.PAYABLE
