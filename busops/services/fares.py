"""
Fares: closed runs become charges, and charges become postings.

May be asked at any time and as often as one likes: what is charged follows from the closures
alone, so a second time changes nothing, and a new closure moves only the difference.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from busops.domain.findings import Finding
from busops.domain.values import Clock, Ids, school_date
from busops.finance.charging import Charge, changes, charges_due
from busops.finance.earning import earned_parts
from busops.finance.ledger import Account, LedgerTxn, TxnKind, moves, period_of, reversal
from busops.finance.tariff import SHORT
from busops.services.acting import By, record_act, user_of
from busops.services.deliveries import deliver, over_by
from busops.services.matching import match_waiting
from busops.services.ride_facts import load_facts
from busops.storage import charge_store, ledger_store, receipt_store, register_store
from busops.storage.charge_store import StoredCharge
from busops.storage.database import Database, Transaction

SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeOutcome:
    """What changed: charges made and taken back, money matched to them, and who could not be priced."""

    added: int
    reversed: int
    charged_fen: int
    matched: int
    delivered: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCharge:
    """A charge as lists show it."""

    stored: StoredCharge
    name: str
    class_name: str
    paid_fen: int


def charge_closed_runs(database: Database, *, clock: Clock, ids: Ids, by: By = None) -> ChargeOutcome:
    """Every closed run is charged as its latest closure says; waiting receipts are matched to the charges."""
    with database.transaction() as tx:
        facts = load_facts(tx)
        wanted, findings = charges_due(facts.charge_facts, facts.payers, facts.rates, facts.school.term)
        stored = charge_store.load_charges(tx)
        moved = changes(
            [item.charge for item in stored if item.charge.list_fen],
            [charge for charge in wanted if charge.list_fen],
        )
        known = {(item.charge.rider_id, item.charge.unit_key): item for item in stored}
        made_by = user_of(by) or SYSTEM
        today = school_date(clock.now())
        _take_back(
            tx, [known[charge.rider_id, charge.unit_key] for charge in moved.reverse], made_by, today, ids
        )
        gone = {(charge.rider_id, charge.unit_key) for charge in moved.reverse}
        gone -= {(charge.rider_id, charge.unit_key) for charge in moved.add}
        fresh = [_next(known.get((charge.rider_id, charge.unit_key)), charge, ids) for charge in moved.add]
        fresh += [_revoked(known[key], ids) for key in sorted(gone)]
        _book(tx, fresh, made_by, today, clock=clock)
        delivered = deliver(tx, over_by(today), today=today, ids=ids, by=made_by)
        matched = match_waiting(tx, facts, by=made_by, clock=clock, ids=ids)
        if moved.add or moved.reverse or delivered:
            numbers = {"added": len(moved.add), "reversed": len(moved.reverse), "delivered": delivered}
            record_act(tx, by, "fares_charged", "charges", facts=numbers, clock=clock)
    return ChargeOutcome(
        added=len(moved.add),
        reversed=len(moved.reverse),
        charged_fen=sum(charge.due_fen for charge in moved.add) - sum(old.due_fen for old in moved.reverse),
        matched=matched,
        delivered=delivered,
        findings=(*facts.findings, *findings),
    )


def list_charges(database: Database) -> tuple[ShownCharge, ...]:
    """Every charge as it stands, by rider and unit, with what was paid for it."""
    with database.reading() as tx:
        riders = {rider.rider_id: rider for rider in register_store.load_riders(tx, include_retired=True)}
        paid: dict[tuple[str, str], int] = defaultdict(int)
        for item in receipt_store.load_allocations(tx):
            paid[item.rider_id, item.unit_key] += item.fen
        charges = charge_store.load_charges(tx)
    return tuple(
        ShownCharge(
            stored=stored,
            name=rider.name if rider else "",
            class_name=f"{rider.grade}{rider.class_name}" if rider else "",
            paid_fen=paid[stored.charge.rider_id, stored.charge.unit_key],
        )
        for stored in charges
        if stored.charge.list_fen
        for rider in (riders.get(stored.charge.rider_id),)
    )


def _next(before: StoredCharge | None, charge: Charge, ids: Ids) -> StoredCharge:
    """The next revision of a charge, with a transaction where there is money in it."""
    revision = before.revision + 1 if before else 1
    txn_id = ids.new() if charge.due_fen else None
    return StoredCharge(charge_id=ids.new(), revision=revision, charge=charge, txn_id=txn_id)


def _revoked(before: StoredCharge, ids: Ids) -> StoredCharge:
    """The revision that takes a charge back without putting another in its place."""
    old = before.charge
    nothing = Charge(
        rider_id=old.rider_id,
        unit=old.unit,
        unit_key=old.unit_key,
        from_on=old.from_on,
        to_on=old.to_on,
        band=old.band,
        list_fen=0,
        waived_fen=0,
        basis=old.basis,
    )
    return _next(before, nothing, ids)


def _take_back(tx: Transaction, charges: Iterable[StoredCharge], made_by: str, today: date, ids: Ids) -> None:
    txn_ids = [item.txn_id for item in charges if item.txn_id is not None]
    undone = [
        reversal(
            txn,
            txn_id=ids.new(),
            period=ledger_store.open_period_from(tx, txn.period, by=made_by),
            on=today,
            made_by=made_by,
        )
        for txn in ledger_store.load_txns(tx, txn_ids)
    ]
    ledger_store.post(tx, undone)


def _booked_on(charge: Charge) -> date:
    """The day that a charge belongs to: that on which it is earned, of months and terms their last."""
    return earned_parts(charge)[0][0] if charge.unit in SHORT else charge.to_on


def _book(
    tx: Transaction, charges: Iterable[StoredCharge], made_by: str, today: date, *, clock: Clock
) -> None:
    charges = tuple(charges)
    periods = {period_of(min(_booked_on(item.charge), today)) for item in charges}
    open_periods = {period: ledger_store.open_period_from(tx, period, by=made_by) for period in periods}
    txns = []
    for item in charges:
        charge = item.charge
        if item.txn_id is None:
            continue
        # Trips and weekends are charged once they were delivered: bill and delivery are one entry.
        credit = Account.INCOME if charge.unit in SHORT else Account.PREPAID
        on = min(_booked_on(charge), today)
        txns.append(
            LedgerTxn(
                txn_id=item.txn_id,
                kind=TxnKind.CHARGE,
                period=open_periods[period_of(on)],
                on=on,
                source="charge",
                row_key=item.charge_id,
                made_by=made_by,
                postings=moves(Account.RECEIVABLE, credit, charge.due_fen, debit_of=charge.rider_id),
            )
        )
    ledger_store.post(tx, txns)
    charge_store.insert_charges(tx, charges, made_at=clock.now())
