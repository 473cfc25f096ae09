"""
Refunds from request to bill: proposed by rosters and runs or asked for, checked, approved, paid, seen.

Each step is another person's (``finance.refunds`` says whose); every check is made again when the
step is taken. Money goes back the way it came, and never more of it than came.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from busops.domain.errors import InvalidInput, Refused
from busops.domain.findings import Finding, Severity
from busops.domain.people import Actor
from busops.domain.values import Clock, Ids, RiderId, school_date
from busops.finance.ledger import Account, LedgerTxn, Posting, TxnKind, period_of, reversal
from busops.finance.reconcile import ReconRow, RowStatus
from busops.finance.refunds import (
    Refund,
    RefundPolicy,
    RefundState,
    RefundTrigger,
    approved_postings,
    charge_part_fen,
    paid_postings,
    policy_faults,
    reasons_not_to_step,
    refundable_fen,
)
from busops.finance.statement import ReceiptRecord
from busops.finance.tariff import span_of
from busops.services import reconciliation
from busops.services.acting import SYSTEM, By, record_act, user_of
from busops.services.deliveries import deliver, over_by
from busops.services.refund_facts import RefundBooks, load_books
from busops.storage import ledger_store, receipt_store, refund_store
from busops.storage.database import Database, Transaction
from busops.storage.refund_store import RefundStep, StoredRefund

PROPOSED: Final = frozenset({RowStatus.REFUND_DUE, RowStatus.OVERPAID})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asks back: of which unit, why, how much (None = all that the policy gives)."""

    rider_id: RiderId
    unit_key: str
    trigger: RefundTrigger
    fen: int | None = None
    left_on: date | None = None
    note: str = ""


def propose_due(
    database: Database, *, weekend_on: date | None = None, clock: Clock, ids: Ids, by: By = None
) -> int:
    """What the school cancelled or excused in time, of a weekend or the term, is asked for once; how many."""
    result = reconciliation.reconcile(database, weekend_on=weekend_on, clock=clock)
    return propose_of(database, result.statement.rows, clock=clock, ids=ids, by=by)


def propose_of(database: Database, rows: Iterable[ReconRow], *, clock: Clock, ids: Ids, by: By = None) -> int:
    """Whatever is due by these rows is asked for, once; how many."""
    due = [row for row in rows if _is_due(row)]
    if not due:
        return 0
    made = 0
    with database.transaction() as tx:
        books = load_books(tx)
        for row in due:
            if row.refund_trigger is None or books.was_asked(row.rider_id, row.unit_key, row.refund_trigger):
                continue
            asked = Asked(rider_id=row.rider_id, unit_key=row.unit_key, trigger=row.refund_trigger)
            fresh = _requests(books, asked, by=SYSTEM, clock=clock, ids=ids)
            refund_store.insert_refunds(tx, fresh)
            made += len(fresh)
        if made:
            record_act(tx, by, "refunds_proposed", "refunds", facts={"count": made}, clock=clock)
    return made


def request(database: Database, asked: Asked, *, clock: Clock, ids: Ids, by: Actor) -> tuple[str, ...]:
    """A person asks for money back; one refund for each receipt that it came from. Their ids."""
    if not asked.note.strip():
        raise InvalidInput("reason_needed")
    with database.transaction() as tx:
        fresh = _requests(load_books(tx), asked, by=by.user_id, clock=clock, ids=ids)
        if not fresh:
            raise Refused("nothing_to_refund", rider_id=asked.rider_id)
        refund_store.insert_refunds(tx, fresh)
        facts = {"trigger": asked.trigger, "fen": sum(item.refund.fen for item in fresh)}
        record_act(tx, by, "refund_requested", asked.rider_id, facts=facts, clock=clock)
    return tuple(item.refund.refund_id for item in fresh)


def check(database: Database, refund_id: str, *, note: str = "", clock: Clock, by: Actor) -> None:
    """The bus team has confirmed the ride facts."""
    with database.transaction() as tx:
        stored = stepping(tx, refund_id, RefundState.CHECKED, by)
        take(tx, stored, RefundStep(state=RefundState.CHECKED, by=by.user_id, at=clock.now(), note=note))
        record_act(tx, by, "refund_checked", refund_id, facts={}, clock=clock)


def refuse(database: Database, refund_id: str, *, note: str, clock: Clock, by: Actor) -> None:
    """It is not given, with the reason; no money has moved."""
    if not note.strip():
        raise InvalidInput("reason_needed")
    with database.transaction() as tx:
        stored = stepping(tx, refund_id, RefundState.REFUSED, by)
        step = RefundStep(state=RefundState.REFUSED, by=by.user_id, at=clock.now(), note=note.strip())
        take(tx, stored, step)
        record_act(tx, by, "refund_refused", refund_id, facts={"note": step.note}, clock=clock)


def approve(database: Database, refund_id: str, *, clock: Clock, ids: Ids, by: Actor) -> None:
    """It is owed to the guardian: the charge goes down; raises Refused with every reason why not."""
    with database.transaction() as tx:
        stored = stepping(tx, refund_id, RefundState.APPROVED, by)
        books = load_books(tx)
        refund = stored.refund
        others = [
            item for item in books.refunds if item.refund.refund_id != refund_id and not item.refund.is_off
        ]
        money = replace(books, refunds=tuple(others)).money_of(refund.rider_id, refund.unit_key)
        left_fen = money.paid_fen - money.refunds_fen
        if refund.fen > left_fen or refund.charge_fen != charge_part_fen(money, refund.fen):
            facts = {"asked_fen": refund.fen, "left_fen": max(0, left_fen)}
            reason = Finding(code="refund_no_longer_right", severity=Severity.BLOCK, facts=facts)
            raise Refused("refund_not_taken", [reason], refund_id=refund_id)
        if by.user_id in _importers(tx, refund.receipt_id):
            reason = Finding(code="refund_approver_imported", severity=Severity.BLOCK)
            raise Refused("refund_not_taken", [reason], refund_id=refund_id)
        unit = span_of(refund.unit_key, books.term).unit
        txn_id = post(
            tx, refund, TxnKind.REFUND, approved_postings(refund, unit), clock=clock, ids=ids, by=by
        )
        step = RefundStep(state=RefundState.APPROVED, by=by.user_id, at=clock.now(), txn_id=txn_id)
        take(tx, stored, step)
        _deliver_anew(tx, refund.rider_id, clock=clock, ids=ids, by=by)
        record_act(tx, by, "refund_approved", refund_id, facts={"fen": refund.fen}, clock=clock)


def pay(database: Database, refund_id: str, *, reference: str, clock: Clock, ids: Ids, by: Actor) -> None:
    """The money has left by the channel it came in, under the channel's number of the refund."""
    if not reference.strip():
        raise InvalidInput("reference_needed")
    with database.transaction() as tx:
        stored = stepping(tx, refund_id, RefundState.PAID, by)
        came_in_at = channel_of(tx, receipt_store.load_receipt(tx, stored.refund.receipt_id))
        postings = paid_postings(stored.refund, came_in_at)
        txn_id = post(tx, stored.refund, TxnKind.REFUND_PAID, postings, clock=clock, ids=ids, by=by)
        step = RefundStep(
            state=RefundState.PAID, by=by.user_id, at=clock.now(), txn_id=txn_id, reference=reference.strip()
        )
        take(tx, stored, step)
        facts = {"fen": stored.refund.fen, "reference": step.reference}
        record_act(tx, by, "refund_paid", refund_id, facts=facts, clock=clock)


def ask_back(database: Database, refund_id: str, *, note: str, clock: Clock, by: Actor) -> None:
    """An approved refund cannot be paid, with the reason; nothing is booked before a second person agrees."""
    if not note.strip():
        raise InvalidInput("reason_needed")
    with database.transaction() as tx:
        stored = stepping(tx, refund_id, RefundState.RETURNING, by)
        step = RefundStep(state=RefundState.RETURNING, by=by.user_id, at=clock.now(), note=note.strip())
        take(tx, stored, step)
        record_act(tx, by, "refund_asked_back", refund_id, facts={"note": step.note}, clock=clock)


def take_back(database: Database, refund_id: str, *, clock: Clock, ids: Ids, by: Actor) -> None:
    """The second word: the approval's entry is reversed, the charge stands again, the receipt is free."""
    with database.transaction() as tx:
        stored = stepping(tx, refund_id, RefundState.RETURNED, by)
        today = school_date(clock.now())
        (approved,) = (step.txn_id for step in stored.steps if step.state is RefundState.APPROVED)
        txn = ledger_store.load_txn(tx, str(approved))
        undone = reversal(
            txn,
            txn_id=ids.new(),
            period=ledger_store.open_period_from(tx, txn.period, by=by.user_id),
            on=today,
            made_by=by.user_id,
        )
        ledger_store.post(tx, [undone])
        step = RefundStep(state=RefundState.RETURNED, by=by.user_id, at=clock.now(), txn_id=undone.txn_id)
        take(tx, stored, step)
        _deliver_anew(tx, stored.refund.rider_id, clock=clock, ids=ids, by=by)
        record_act(tx, by, "refund_taken_back", refund_id, facts={"fen": stored.refund.fen}, clock=clock)


def current_policy(database: Database) -> RefundPolicy:
    """The school's table of refunds as it holds now."""
    with database.reading() as tx:
        return refund_store.load_policy(tx)


def change_policy(database: Database, policy: RefundPolicy, *, reason: str, clock: Clock, by: Actor) -> None:
    """From now on this table holds; what was asked for before keeps its sum."""
    if not reason.strip():
        raise InvalidInput("reason_needed")
    if faults := policy_faults(policy):
        raise Refused("refund_policy_wrong", faults)
    with database.transaction() as tx:
        refund_store.save_policy(tx, policy, reason=reason.strip(), by=user_of(by), at=clock.now())
        record_act(tx, by, "refund_policy_changed", "refunds", facts={"reason": reason.strip()}, clock=clock)


def _is_due(row: ReconRow) -> bool:
    """Paid and never used: by the rules of the rows, or paid in advance for what was never charged."""
    is_unused = row.facts.rides == 0 and row.refund_trigger is not None
    return row.status in PROPOSED and is_unused


def _requests(
    books: RefundBooks, asked: Asked, *, by: str, clock: Clock, ids: Ids
) -> tuple[StoredRefund, ...]:
    """One refund for each receipt that the money came from, the latest first."""
    money = replace(books.money_of(asked.rider_id, asked.unit_key), left_on=asked.left_on)
    most = refundable_fen(books.policy, asked.trigger, money)
    left = most if asked.fen is None else asked.fen
    if not 0 <= left <= most:
        raise Refused("refund_too_much", asked_fen=left, most_fen=most)
    fresh = []
    for receipt_id, fen in books.sources_of(asked.rider_id, asked.unit_key):
        piece = min(left, fen)
        if not piece:
            continue
        part = charge_part_fen(money, piece)
        money = replace(money, refunds_fen=money.refunds_fen + piece, due_fen=money.due_fen - part)
        left -= piece
        fresh.append(
            StoredRefund(
                refund=Refund(
                    refund_id=ids.new(), rider_id=asked.rider_id, unit_key=asked.unit_key,
                    receipt_id=receipt_id, trigger=asked.trigger, fen=piece, charge_fen=part,
                    state=RefundState.REQUESTED, hands={RefundState.REQUESTED: by},
                ),
                row_key=books.next_key(asked.rider_id, asked.unit_key, asked.trigger, receipt_id),
                note=asked.note.strip(),
                requested_at=clock.now(),
                steps=(),
            )
        )  # fmt: skip
    return tuple(fresh)


def stepping(tx: Transaction, refund_id: str, step: RefundState, by: Actor) -> StoredRefund:
    """The refund, when this person may take this step; raises Refused with every reason."""
    stored = refund_store.load_refund(tx, refund_id)
    if reasons := reasons_not_to_step(stored.refund, step, by.user_id, by.role):
        raise Refused("refund_not_taken", reasons, refund_id=refund_id)
    return stored


def take(tx: Transaction, stored: StoredRefund, step: RefundStep) -> None:
    """The step is the refund's next."""
    refund_store.insert_step(tx, stored.refund.refund_id, len(stored.steps) + 1, step)


def post(
    tx: Transaction, refund: Refund, kind: TxnKind, postings: Iterable[Posting], *, clock: Clock, ids: Ids,
    by: Actor,
) -> str:  # fmt: skip
    """What the step books is posted under the refund's own key; the transaction's id."""
    today = school_date(clock.now())
    txn = LedgerTxn(
        txn_id=ids.new(),
        kind=kind,
        period=ledger_store.open_period_from(tx, period_of(today), by=by.user_id),
        on=today,
        source=str(kind),
        row_key=refund.refund_id,
        made_by=by.user_id,
        postings=tuple(postings),
    )
    ledger_store.post(tx, [txn])
    return txn.txn_id


def _importers(tx: Transaction, receipt_id: str) -> set[str]:
    """Who took in the bill that the money came with."""
    name = receipt_store.load_receipt(tx, receipt_id).line.source
    return {file.imported_by for file in receipt_store.load_files(tx) if file.name == name}


def _deliver_anew(tx: Transaction, rider_id: RiderId, *, clock: Clock, ids: Ids, by: Actor) -> None:
    """What the rider's months and terms earned is booked as it now stands."""
    today = school_date(clock.now())
    deliver(tx, over_by(today), today=today, ids=ids, by=by.user_id, rider_id=rider_id)


def channel_of(tx: Transaction, receipt: ReceiptRecord) -> Account:
    """Where the receipt's money went in or out, as it was booked."""
    return ledger_store.load_made_for(tx, "receipt", receipt.line.row_key).postings[0].account
