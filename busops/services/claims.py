"""
Claims by hand: whose a waiting receipt is, that it is no bus fee, or that a match was wrong.

Nothing is edited: a wrong match is taken back by its reversal. Two persons decide where the
sum is large, and they are never the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from busops.domain.errors import InvalidInput, Refused
from busops.domain.findings import Finding
from busops.domain.roster import Rider
from busops.domain.values import Clock, Ids, RiderId, school_date
from busops.finance import candidates as candidates_of
from busops.finance.candidates import Candidate
from busops.finance.ledger import period_of, reversal
from busops.finance.matching import Match, MatchFlag, ReceiptLine, ReceiptStatus, Share
from busops.finance.payers import PayerBook
from busops.finance.statement import ReceiptRecord
from busops.services import payer_links
from busops.services.acting import By, record_act, user_of
from busops.services.matching import Given, give, payer_book
from busops.services.ride_facts import load_facts
from busops.storage import claim_store, ledger_store, match_store, receipt_store, refund_store
from busops.storage.database import Database, Transaction
from busops.storage.receipt_store import NewAllocation

LONG_WAIT: Final = timedelta(days=30)
WAITING: Final = (ReceiptStatus.UNIDENTIFIED, ReceiptStatus.PARTIAL)
# What a person may make of a line that is nobody's; each needs a reason.
SET_ASIDE: Final = frozenset({ReceiptStatus.NOT_BUS_FEE, ReceiptStatus.DUPLICATE, ReceiptStatus.IGNORED})


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueItem:
    """A waiting line with the proposals for it, the likeliest first, and the riders they name."""

    receipt: ReceiptRecord
    candidates: tuple[Candidate, ...]
    waits_long: bool
    is_past_term: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchQueue:
    """Everything that waits for a person, the oldest first."""

    items: tuple[QueueItem, ...]
    riders: dict[RiderId, Rider]
    total_fen: int
    two_people_from_fen: int

    @property
    def waits_long(self) -> int:
        """How many lines have waited for more than thirty days."""
        return sum(item.waits_long for item in self.items)


def match_queue(database: Database, *, clock: Clock) -> MatchQueue:
    """The lines nobody is certain about, with proposals; what waits for a second person is not among them."""
    with database.reading() as tx:
        facts = load_facts(tx)
        book = payer_book(tx, facts)
        asked = claim_store.waiting_receipts(tx)
        found = receipt_store.load_receipts(tx, WAITING)
        refused = match_store.load_refusals(tx)
        limit_fen = match_store.load_policy(tx).two_people_from_fen
    waiting = [receipt for receipt in found if receipt.receipt_id not in asked]
    today = school_date(clock.now())
    offered = candidates_of.proposals([_left_of(receipt) for receipt in waiting], book)
    items = tuple(
        QueueItem(
            receipt=receipt,
            candidates=tuple(
                one
                for one in candidates
                if (receipt.receipt_id, match_store.riders_digest(one.rider_ids)) not in refused
            ),
            waits_long=today - receipt.line.paid_on > LONG_WAIT,
            is_past_term=receipt.line.paid_on < facts.school.term.starts_on,
        )
        for receipt, candidates in zip(waiting, offered, strict=True)
    )
    named = {rider_id for item in items for one in item.candidates for rider_id in one.rider_ids}
    total = sum(item.receipt.line.amount_fen - item.receipt.allocated_fen for item in items)
    riders = {rider_id: facts.riders[rider_id] for rider_id in sorted(named)}
    return MatchQueue(items=items, riders=riders, total_fen=total, two_people_from_fen=limit_fen)


def refuse_candidate(
    database: Database, receipt_id: str, rider_ids: tuple[RiderId, ...], *, clock: Clock, by: By
) -> None:
    """These riders are not proposed for the receipt any more; nothing else is learned from that."""
    with database.transaction() as tx:
        receipt = receipt_store.load_receipt(tx, receipt_id)
        if receipt.status not in WAITING:
            raise Refused("receipt_decided", receipt_id=receipt_id, status=receipt.status)
        match_store.insert_refusal(tx, receipt_id, rider_ids, by=user_of(by), at=clock.now())
        facts = {"riders": list(rider_ids)}
        record_act(tx, by, "match_refused", receipt_id, facts=facts, clock=clock)


def match_manually(
    database: Database,
    receipt_id: str,
    shares: Iterable[Share],
    *,
    clock: Clock,
    ids: Ids,
    by: By,
    second: By = None,
) -> ReceiptStatus:
    """The receipt's money is given as a person says; raises Refused with every reason why not."""
    shares = tuple(shares)
    with database.transaction() as tx:
        status = give_by_hand(tx, receipt_id, shares, clock=clock, ids=ids, by=by, second=second)
        facts = {"fen": sum(share.fen for share in shares), "riders": [share.rider_id for share in shares]}
        record_act(tx, by, "receipt_claimed", receipt_id, facts=facts, clock=clock)
    return status


def give_by_hand(
    tx: Transaction,
    receipt_id: str,
    shares: tuple[Share, ...],
    *,
    clock: Clock,
    ids: Ids,
    by: By,
    second: By = None,
) -> ReceiptStatus:
    """The money is given as ``by`` says and ``second`` agrees; raises Refused with every reason why not."""
    receipt = receipt_store.load_receipt(tx, receipt_id)
    reasons = [
        *reasons_not_to_give(tx, receipt, shares, by),
        *_reasons_of_two(tx, receipt, shares, by, second),
    ]
    if reasons:
        raise Refused("not_matched", reasons, receipt_id=receipt_id)
    given = receipt.allocated_fen + sum(share.fen for share in shares)
    is_whole = given == receipt.line.amount_fen
    status = ReceiptStatus.MATCHED if is_whole else ReceiptStatus.PARTIAL
    match = Match(
        row_key=receipt.line.row_key, status=status, shares=shares, rider_id=shares[0].rider_id,
        flags=frozenset({MatchFlag.MANUAL}),
    )  # fmt: skip
    receipt_store.record_matches(tx, [(receipt_id, match)], by=user_of(by), at=clock.now())
    gifts = [_gift(receipt, share, by, second) for share in shares]
    give(tx, gifts, clock=clock, ids=ids)
    payer_links.learn(tx, receipt, {share.rider_id for share in shares}, by=by, clock=clock)
    return status


def needs_two(tx: Transaction, receipt: ReceiptRecord, fen: int) -> bool:
    """True when so much of this receipt, with what was given of it before, is not one person's to give."""
    return receipt.allocated_fen + fen >= match_store.load_policy(tx).two_people_from_fen


def accept_candidate(
    database: Database, receipt_id: str, candidate: Candidate, *, clock: Clock, ids: Ids, by: By
) -> ReceiptStatus:
    """A proposal is taken as it stands; the same checks as by hand."""
    return match_manually(database, receipt_id, candidate.shares, clock=clock, ids=ids, by=by)


def candidate_for(database: Database, receipt_id: str, rider_id: RiderId) -> Candidate:
    """What a receipt would pay if it were this rider's; raises Refused when he is unknown or owes nothing."""
    with database.reading() as tx:
        receipt = receipt_store.load_receipt(tx, receipt_id)
        return _candidate(payer_book(tx, load_facts(tx)), _left_of(receipt), rider_id)


def shares_of(database: Database, receipt_id: str, parts: Iterable[tuple[RiderId, int]]) -> tuple[Share, ...]:
    """
    A receipt's money split over riders by hand, each part on what its rider owes, oldest first.

    Raises Refused with a reason for every part that cannot be.
    """
    shares: list[Share] = []
    reasons: list[Finding] = []
    named: set[RiderId] = set()
    with database.reading() as tx:
        receipt = receipt_store.load_receipt(tx, receipt_id)
        book = payer_book(tx, load_facts(tx))
    for rider_id, fen in parts:
        try:
            found = _candidate(book, replace(receipt.line, amount_fen=fen), rider_id)
        except Refused as refused:
            reasons.append(Finding(code=refused.code, place=rider_id, facts={"rider_id": rider_id}))
            continue
        if found.rider_ids[0] in named:
            reasons.append(Finding(code="split_rider_twice", place=rider_id, facts={"rider_id": rider_id}))
        named.add(found.rider_ids[0])
        shares += found.shares
    if reasons:
        raise Refused("not_matched", reasons, receipt_id=receipt_id)
    return tuple(shares)


def set_aside(
    database: Database, receipt_id: str, status: ReceiptStatus, *, note: str, clock: Clock, by: By
) -> None:
    """The line is no bus fee, a duplicate or ignored, with the reason why; its money stays in suspense."""
    if status not in SET_ASIDE:
        raise InvalidInput("status_not_by_hand", status=str(status))
    if not note.strip():
        raise InvalidInput("reason_needed")
    with database.transaction() as tx:
        receipt = receipt_store.load_receipt(tx, receipt_id)
        if receipt.status not in WAITING or receipt.allocated_fen:
            raise Refused("receipt_decided", receipt_id=receipt_id, status=receipt.status)
        match = Match(row_key=receipt.line.row_key, status=status, rider_id=receipt.rider_id)
        receipt_store.record_matches(
            tx, [(receipt_id, match)], by=user_of(by), at=clock.now(), note=note.strip()
        )
        facts = {"status": str(status), "note": note.strip()}
        record_act(tx, by, "receipt_set_aside", receipt_id, facts=facts, clock=clock)


def mark_not_bus_fee(database: Database, receipt_id: str, *, note: str, clock: Clock, by: By) -> None:
    """The line is money for something else."""
    set_aside(database, receipt_id, ReceiptStatus.NOT_BUS_FEE, note=note, clock=clock, by=by)


def take_back(database: Database, receipt_id: str, *, clock: Clock, ids: Ids, by: By) -> None:
    """The receipt is nobody's again: what was given of it is reversed, a status by hand is gone."""
    with database.transaction() as tx:
        undo(tx, receipt_id, clock=clock, ids=ids, by=by)


def undo(tx: Transaction, receipt_id: str, *, clock: Clock, ids: Ids, by: By) -> None:
    """As :func:`take_back`, in a transaction that does more; what was learned of its payer is forgotten."""
    receipt = receipt_store.load_receipt(tx, receipt_id)
    returned = (one.refund for one in refund_store.load_refunds(tx) if one.refund.receipt_id == receipt_id)
    if any(refund.is_approved for refund in returned):  # given to another rider it would be paid out twice
        raise Refused("receipt_refunded", receipt_id=receipt_id)
    if receipt.allocated_fen:
        standing = receipt_store.standing_allocations(tx, receipt_id)
        reverse_allocations(tx, standing, clock=clock, ids=ids, by=by)
    elif receipt.status not in SET_ASIDE:
        raise Refused("receipt_not_decided", receipt_id=receipt_id, status=receipt.status)
    # By hand: whoever took it back would not have it matched the same way again.
    by_hand = frozenset({MatchFlag.MANUAL})
    match = Match(row_key=receipt.line.row_key, status=ReceiptStatus.UNIDENTIFIED, flags=by_hand)
    receipt_store.record_matches(tx, [(receipt_id, match)], by=user_of(by), at=clock.now())
    match_store.delete_links(tx, receipt_id=receipt_id)
    record_act(tx, by, "receipt_taken_back", receipt_id, facts={}, clock=clock)


def reasons_not_to_give(
    tx: Transaction, receipt: ReceiptRecord, shares: tuple[Share, ...], by: By
) -> Iterable[Finding]:
    """Everything that stands against giving a receipt's money so, whoever agrees."""
    fen = sum(share.fen for share in shares)
    left = receipt.line.amount_fen - receipt.allocated_fen
    if receipt.status not in WAITING:
        yield Finding(code="receipt_decided", facts={"status": receipt.status})
    if not shares or any(share.fen <= 0 for share in shares):
        yield Finding(code="no_share", facts={})
    if fen > left:
        yield Finding(code="more_than_received", facts={"asked_fen": fen, "left_fen": left})
    if not user_of(by):
        yield Finding(code="person_needed", facts={})
    riders = load_facts(tx).riders
    for share in shares:
        if share.rider_id not in riders:
            facts = {"rider_id": share.rider_id}
            yield Finding(code="fare_rider_unknown", place=share.rider_id, facts=facts)


def _reasons_of_two(
    tx: Transaction, receipt: ReceiptRecord, shares: tuple[Share, ...], by: By, second: By
) -> Iterable[Finding]:
    fen = sum(share.fen for share in shares)
    if needs_two(tx, receipt, fen) and user_of(second) in {"", user_of(by)}:
        limit_fen = match_store.load_policy(tx).two_people_from_fen
        yield Finding(code="claim_needs_two", facts={"limit_fen": limit_fen})


def _left_of(receipt: ReceiptRecord) -> ReceiptLine:
    """The line with only what is still to be given of it."""
    return replace(receipt.line, amount_fen=receipt.line.amount_fen - receipt.allocated_fen)


def _candidate(book: PayerBook, line: ReceiptLine, rider_id: RiderId) -> Candidate:
    numbers = book.by_number(rider_id, shortest=1)
    if len(numbers) != 1:
        raise Refused("rider_not_registered", rider_id=rider_id)
    found = candidates_of.candidate_for(line, book, numbers[0])
    if not found.shares:
        raise Refused("rider_owes_nothing", rider_id=rider_id)
    return found


def _gift(receipt: ReceiptRecord, share: Share, by: By, second: By) -> Given:
    return Given(
        receipt=receipt,
        share=share,
        tier="",
        flags=frozenset({MatchFlag.MANUAL}),
        made_by=user_of(by),
        approved_by=user_of(second) or None,
    )


def reverse_allocations(
    tx: Transaction, standing: Iterable[NewAllocation], *, clock: Clock, ids: Ids, by: By
) -> None:
    """What was given is taken back, in the books and on record."""
    today = school_date(clock.now())
    period = ledger_store.open_period_from(tx, period_of(today), by=user_of(by))
    undone = []
    for item in standing:
        txn = ledger_store.load_txn(tx, item.txn_id)
        back = reversal(txn, txn_id=ids.new(), period=period, on=today, made_by=user_of(by))
        ledger_store.post(tx, [back])
        undone.append(
            NewAllocation(
                allocation_id=ids.new(),
                receipt_id=item.receipt_id,
                share=Share(rider_id=item.share.rider_id, unit_key=item.share.unit_key, fen=-item.share.fen),
                tier=item.tier,
                flags=item.flags,
                txn_id=back.txn_id,
                made_by=user_of(by),
                made_at=clock.now(),
                reverses=item.allocation_id,
            )
        )
    receipt_store.insert_allocations(tx, undone)
