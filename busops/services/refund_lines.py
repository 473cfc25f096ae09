"""
Refunds in bills: the line in which the channel shows that money left is found, and counted once.

A line names the payment it goes back on (``refund_of``) or the refund's own number; whatever could be
two refunds waits for a person.
"""

from busops.domain.errors import Refused
from busops.domain.people import Actor
from busops.domain.values import Clock, Ids
from busops.finance.ledger import TxnKind
from busops.finance.matching import Match, MatchFlag, ReceiptStatus
from busops.finance.refunds import RefundState, seen_postings
from busops.finance.statement import ReceiptRecord
from busops.services import claims, refunds
from busops.services.acting import record_act
from busops.services.refund_facts import is_unseen, load_books
from busops.storage import receipt_store
from busops.storage.database import Database
from busops.storage.refund_store import RefundStep, StoredRefund


def look_for_lines(database: Database, *, clock: Clock, ids: Ids, by: Actor) -> int:
    """Paid refunds that a refund line of a bill shows are reconciled; how many."""
    with database.reading() as tx:
        books = load_books(tx)
        receipts = {item.receipt_id: item for item in receipt_store.load_receipts(tx)}
    left = [line for line in receipts.values() if is_unseen(line, books.seen)]
    paid = [item for item in books.refunds if item.refund.state is RefundState.PAID]
    found = 0
    for item in paid:
        receipt = receipts[item.refund.receipt_id]
        rivals = [other for other in paid if other.refund.receipt_id == receipt.receipt_id]
        line = line_of(item, receipt, left, rivals)
        if line is not None:
            see(database, item.refund.refund_id, line.receipt_id, clock=clock, ids=ids, by=by)
            left.remove(line)
            found += 1
    return found


def see(database: Database, refund_id: str, receipt_id: str, *, clock: Clock, ids: Ids, by: Actor) -> None:
    """This line of a bill is that refund: what the line booked a second time is undone."""
    with database.transaction() as tx:
        stored = refunds.stepping(tx, refund_id, RefundState.RECONCILED, by)
        line = receipt_store.load_receipt(tx, receipt_id)
        if line.status is not ReceiptStatus.REFUND_LINE or line.line.amount_fen != -stored.refund.fen:
            raise Refused("refund_line_other", refund_id=refund_id, receipt_id=receipt_id)
        if line.shares:
            standing = receipt_store.standing_allocations(tx, receipt_id)
            claims.reverse_allocations(tx, standing, clock=clock, ids=ids, by=by)
        match = Match(
            row_key=line.line.row_key, status=ReceiptStatus.REFUND_LINE, rider_id=stored.refund.rider_id,
            flags=frozenset({MatchFlag.MANUAL}),
        )  # fmt: skip
        receipt_store.record_matches(tx, [(receipt_id, match)], by=by.user_id, at=clock.now())
        postings = seen_postings(stored.refund, refunds.channel_of(tx, line))
        txn_id = refunds.post(tx, stored.refund, TxnKind.REFUND_SEEN, postings, clock=clock, ids=ids, by=by)
        step = RefundStep(
            state=RefundState.RECONCILED, by=by.user_id, at=clock.now(), txn_id=txn_id,
            seen_receipt_id=receipt_id,
        )  # fmt: skip
        refunds.take(tx, stored, step)
        record_act(tx, by, "refund_reconciled", refund_id, facts={"line": receipt_id}, clock=clock)


def line_of(
    item: StoredRefund, receipt: ReceiptRecord, lines: list[ReceiptRecord], rivals: list[StoredRefund]
) -> ReceiptRecord | None:
    """
    The one line that is this payment; None where there is none, or where it might be another's.

    By the refund's number in the line's reference or remark; else by the payment that the line goes back on,
    when no other paid refund of that payment (``rivals``, this one among them) has the same sum.
    """
    same = [line for line in lines if line.line.amount_fen == -item.refund.fen]
    told = [line for line in same if item.reference in f"{line.line.reference} {line.line.remark}".split()]
    if told:
        return told[0] if len(told) == 1 else None
    back = [
        line
        for line in same
        if line.line.refund_of
        and (line.line.refund_of, line.line.channel) == (receipt.line.reference, receipt.line.channel)
    ]
    is_alone = sum(other.refund.fen == item.refund.fen for other in rivals) == 1
    return back[0] if len(back) == 1 and is_alone else None
