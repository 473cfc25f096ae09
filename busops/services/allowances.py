"""What is taken off a rider's charges: proposed by one person, decided by a second, then booked."""

from datetime import date

from busops.domain.errors import InvalidInput, Refused
from busops.domain.findings import Finding, Severity
from busops.domain.people import Actor
from busops.domain.values import Clock, Ids, RiderId, school_date
from busops.finance.allowances import (
    PROPOSERS,
    Allowance,
    AllowanceState,
    allowance_postings,
    allowed_fen,
    reasons_not_to_decide,
)
from busops.finance.ledger import LedgerTxn, TxnKind, period_of
from busops.finance.proration import before_joining_fen
from busops.finance.tariff import span_of
from busops.services.accounts import UnitBalance, units_of
from busops.services.acting import record_act
from busops.services.deliveries import deliver, over_by
from busops.storage import account_store, ledger_store, register_store
from busops.storage.account_store import StoredAllowance
from busops.storage.database import Database, Transaction


def waiting_allowances(database: Database) -> tuple[StoredAllowance, ...]:
    """The allowances that wait for the second word."""
    with database.reading() as tx:
        found = account_store.load_allowances(tx)
    return tuple(item for item in found if item.allowance.state is AllowanceState.PROPOSED)


def propose_allowance(database: Database, wanted: Allowance, *, note: str, clock: Clock, by: Actor) -> None:
    """Something off a charge is proposed; raises Refused where it is more than may be taken off."""
    if not note.strip():
        raise InvalidInput("reason_needed")
    if by.role not in PROPOSERS:
        raise Refused("allowance_role_wrong")
    with database.transaction() as tx:
        _refuse_too_much(tx, wanted, counting_waiting=True)
        account_store.insert_allowance(
            tx, StoredAllowance(allowance=wanted, note=note.strip(), proposed_at=clock.now())
        )
        facts = {"kind": wanted.kind, "fen": wanted.fen, "unit": wanted.unit_key}
        record_act(tx, by, "allowance_proposed", wanted.rider_id, facts=facts, clock=clock)


def late_joiner_fen(database: Database, rider_id: RiderId, unit_key: str, joined_on: date) -> int:
    """What of a month's or term's charge belongs to months that were over before the rider joined."""
    with database.reading() as tx:
        span = span_of(unit_key, register_store.load_school(tx).term)
        due = sum(unit.due_fen for unit in units_of(tx, rider_id) if unit.unit_key == unit_key)
    return before_joining_fen(due, span.from_on, span.to_on, joined_on)


def decide_allowance(
    database: Database, allowance_id: str, *, agree: str, note: str, clock: Clock, ids: Ids, by: Actor
) -> None:
    """The second word, ``APPROVED`` or ``REFUSED``; agreed to it is booked. Refused with every reason."""
    verdict = AllowanceState(agree)
    with database.transaction() as tx:
        found = account_store.load_allowance(tx, allowance_id).allowance
        if reasons := reasons_not_to_decide(found, by.user_id, by.role):
            raise Refused("allowance_not_decided", reasons)
        if verdict is AllowanceState.REFUSED and not note.strip():
            raise InvalidInput("reason_needed")
        txn_id = None
        if verdict is AllowanceState.APPROVED:
            _refuse_too_much(tx, found, counting_waiting=False)
            txn_id = _book_allowance(tx, found, clock=clock, ids=ids, by=by)
        account_store.decide_allowance(
            tx, allowance_id, verdict, note=note.strip(), txn_id=txn_id, by=by.user_id, at=clock.now()
        )
        today = school_date(clock.now())
        deliver(tx, over_by(today), today=today, ids=ids, by=by.user_id, rider_id=found.rider_id)
        facts = {"verdict": verdict, "fen": found.fen}
        record_act(tx, by, "allowance_decided", found.rider_id, facts=facts, clock=clock)


def _refuse_too_much(tx: Transaction, wanted: Allowance, *, counting_waiting: bool) -> None:
    units = {unit.unit_key: unit for unit in units_of(tx, wanted.rider_id)}
    unit = units.get(wanted.unit_key, UnitBalance(unit_key=wanted.unit_key, due_fen=0, paid_fen=0))
    waiting = sum(
        item.allowance.fen
        for item in account_store.load_allowances(tx, wanted.rider_id)
        if counting_waiting
        and item.allowance.state is AllowanceState.PROPOSED
        and item.allowance.unit_key == wanted.unit_key
    )
    most = allowed_fen(wanted.kind, due_fen=unit.due_fen - waiting, paid_fen=unit.paid_fen)
    if not 0 < wanted.fen <= most:
        facts = {"asked_fen": wanted.fen, "most_fen": most}
        raise Refused(
            "allowance_not_decided",
            [Finding(code="allowance_too_much", severity=Severity.BLOCK, facts=facts)],
        )


def _book_allowance(tx: Transaction, found: Allowance, *, clock: Clock, ids: Ids, by: Actor) -> str:
    today = school_date(clock.now())
    unit = span_of(found.unit_key, register_store.load_school(tx).term).unit
    txn = LedgerTxn(
        txn_id=ids.new(),
        kind=TxnKind.ALLOWANCE,
        period=ledger_store.open_period_from(tx, period_of(today), by=by.user_id),
        on=today,
        source="allowance",
        row_key=found.allowance_id,
        made_by=by.user_id,
        approved_by=None,
        postings=allowance_postings(found, unit),
    )
    ledger_store.post(tx, [txn])
    return txn.txn_id
