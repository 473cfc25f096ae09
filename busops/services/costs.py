"""
Costs: entered by hand or read from a sheet, booked once, taken back by their opposite.

The same line of the same sheet is the same cost; two equal lines in one sheet are two costs.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.values import Clock, Ids, school_date
from busops.finance.costs import COST_CODES, DEPRECIATION, CostLine
from busops.finance.ledger import Account, LedgerTxn, TxnKind, moves, period_of
from busops.services.acting import By, record_act, user_of
from busops.storage import cost_store, ledger_store
from busops.storage.cost_store import StoredCost
from busops.storage.database import Database, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class CostOutcome:
    """How many lines are new, and how many were on record."""

    added: int
    known: int


def add_costs(
    database: Database, lines: Iterable[CostLine], *, clock: Clock, ids: Ids, by: By = None
) -> CostOutcome:
    """The lines that are not on record yet are booked; the same lines again change nothing."""
    keyed = [(_row_key(line, n), line) for line, n in _numbered(lines)]
    with database.transaction() as tx:
        known = cost_store.known_row_keys(tx)
        fresh = [(key, line) for key, line in keyed if key not in known and line.fen]
        _book(tx, fresh, by=by, clock=clock, ids=ids)
        if fresh:
            facts = {"lines": len(fresh), "fen": sum(line.fen for _, line in fresh)}
            record_act(tx, by, "costs_added", "costs", facts=facts, clock=clock)
    return CostOutcome(added=len(fresh), known=len(keyed) - len(fresh))


def enter_cost(database: Database, line: CostLine, *, clock: Clock, ids: Ids, by: By) -> str:
    """A cost typed by a person is booked, even if an equal one is on record; its id."""
    if line.code not in COST_CODES:
        raise InvalidInput("cost_code_wrong", found=line.code)
    if line.fen <= 0:
        raise InvalidInput("amount_needed", found=line.fen)
    entry = ids.new()
    with database.transaction() as tx:
        (cost_id,) = _book(tx, [(_hash("entered", entry), line)], by=by, clock=clock, ids=ids)
        facts = {"code": line.code, "fen": line.fen, "on": line.on}
        record_act(tx, by, "cost_entered", cost_id, facts=facts, clock=clock)
    return cost_id


def take_back_cost(database: Database, cost_id: str, *, note: str, clock: Clock, ids: Ids, by: By) -> str:
    """The cost is undone by its opposite on the same day; raises Refused when it was undone before."""
    if not note.strip():
        raise InvalidInput("reason_needed")
    with database.transaction() as tx:
        costs = {cost.cost_id: cost for cost in cost_store.load_costs(tx)}
        cost = costs.get(cost_id)
        if cost is None:
            raise NotFound("cost_not_found", cost_id=cost_id)
        if cost.reverses is not None or any(other.reverses == cost_id for other in costs.values()):
            raise Refused("cost_taken_back", cost_id=cost_id)
        line = replace(cost.line, fen=-cost.line.fen, note=note.strip())
        (undone,) = _book(
            tx, [(_hash("undone", cost_id), line)], by=by, clock=clock, ids=ids, reverses=cost_id
        )
        record_act(tx, by, "cost_taken_back", cost_id, facts={"note": note.strip()}, clock=clock)
    return undone


def list_costs(
    database: Database, *, from_on: date | None = None, to_on: date | None = None
) -> tuple[StoredCost, ...]:
    """The costs of the days named, by day and code."""
    with database.reading() as tx:
        return cost_store.load_costs(tx, from_on=from_on, to_on=to_on)


def _book(
    tx: Transaction,
    lines: Iterable[tuple[str, CostLine]],
    *,
    by: By,
    clock: Clock,
    ids: Ids,
    reverses: str | None = None,
) -> tuple[str, ...]:
    today, made_by = school_date(clock.now()), user_of(by) or "system"
    stored = [
        StoredCost(
            cost_id=ids.new(), line=line, row_key=key, txn_id=ids.new(), made_by=made_by, made_at=clock.now(),
            reverses=reverses,
        )
        for key, line in lines
    ]  # fmt: skip
    months = {period_of(min(cost.line.on, today)) for cost in stored}
    periods = {month: ledger_store.open_period_from(tx, month, by=made_by) for month in months}
    txns = [
        LedgerTxn(
            txn_id=cost.txn_id,
            kind=TxnKind.COST,
            period=periods[period_of(min(cost.line.on, today))],
            on=cost.line.on,
            source="cost",
            row_key=cost.cost_id,
            made_by=made_by,
            postings=moves(Account.COSTS, _against(cost.line), cost.line.fen),
        )
        for cost in stored
    ]
    ledger_store.post(tx, txns)
    cost_store.insert_costs(tx, stored)
    return tuple(cost.cost_id for cost in stored)


def _against(line: CostLine) -> Account:
    return Account.DEPRECIATION if line.code == DEPRECIATION else Account.PAYABLE


def _numbered(lines: Iterable[CostLine]) -> Iterable[tuple[CostLine, int]]:
    seen: Counter[CostLine] = Counter()
    for line in lines:
        seen[line] += 1
        yield line, seen[line]


def _row_key(line: CostLine, n: int) -> str:
    parts = (
        line.on,
        line.code,
        line.fen,
        line.plate,
        line.run,
        line.note,
        line.document,
        line.is_estimate,
        n,
    )
    return _hash("sheet", *parts)


def _hash(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()
