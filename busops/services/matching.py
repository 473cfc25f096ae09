"""
Matching receipts that wait: the payer book from the stores, and the matches into the books.

Shared by charging (new charges may explain old money) and by importing (new money may pay
old charges). What a person decides by hand is ``receipts``'s.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from busops.domain.roster import Rider
from busops.domain.values import Clock, Ids, RiderId, school_date
from busops.finance.allowances import allowed_of
from busops.finance.charging import unit_of
from busops.finance.ledger import Account, LedgerTxn, TxnKind, moves, period_of
from busops.finance.matching import Match, MatchFlag, ReceiptStatus, Share, match_lines
from busops.finance.names import class_key, name_key, school_year
from busops.finance.payers import OpenCharge, PayerBook, PayingRider
from busops.finance.rows import EXCUSED
from busops.finance.statement import ReceiptRecord
from busops.finance.tariff import FareUnit, rate_on, weekend_of
from busops.services.ride_facts import PeriodFacts
from busops.storage import (
    account_store,
    charge_store,
    ledger_store,
    match_store,
    receipt_store,
    refund_store,
)
from busops.storage.database import Transaction
from busops.storage.receipt_store import NewAllocation


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Money to be given to a rider's unit, by whom, and with whose consent."""

    receipt: ReceiptRecord
    share: Share
    tier: str
    flags: frozenset[MatchFlag]
    made_by: str
    approved_by: str | None = None


def payer_book(tx: Transaction, facts: PeriodFacts) -> PayerBook:
    """Everybody who may pay and what each still owes, as the stores say now."""
    year = school_year(facts.school.term.starts_on)
    paid: dict[tuple[RiderId, str], int] = defaultdict(int)
    for item in receipt_store.load_allocations(tx):
        paid[item.rider_id, item.unit_key] += item.fen
    off = _taken_off(tx)
    latest = max((weekend_of(fact.on) for fact in facts.charge_facts), default=None)
    on = latest or facts.school.term.starts_on
    bands = {
        rider_id: payer.band for (rider_id, weekend_on), payer in facts.payers.items() if weekend_on == on
    }
    codes = match_store.load_codes(tx)
    riders = {
        rider_id: _paying(rider, bands.get(rider_id, ""), codes.get(rider_id, ""), year)
        for rider_id, rider in facts.riders.items()
    }
    prices = {
        (rate.band, str(rate.unit)): rate.fen
        for rate in facts.rates
        if rate_on(facts.rates, rate.band, rate.unit, on) == rate
    }
    book = PayerBook(
        riders=riders,
        prices=prices,
        year=year,
        units_on_account=_on_account(facts, latest),
        links=match_store.linked_riders(tx),
    )
    charges = [
        OpenCharge(
            rider_id=item.charge.rider_id,
            unit_key=item.charge.unit_key,
            code=item.charge_id,
            due_fen=item.charge.due_fen - off[item.charge.rider_id, item.charge.unit_key],
            paid_fen=paid.pop((item.charge.rider_id, item.charge.unit_key), 0),
            band=item.charge.band,
            from_on=item.charge.from_on,
        )
        for item in charge_store.load_charges(tx)
        if item.charge.rider_id in riders
    ]
    book.add(charge for charge in charges if charge.due_fen or charge.paid_fen)
    for (rider_id, unit_key), fen in sorted(paid.items()):
        if fen and rider_id in riders:
            book.take(rider_id, unit_key, fen)
    return book


def _taken_off(tx: Transaction) -> dict[tuple[RiderId, str], int]:
    """What was agreed to be taken off each unit's charge: allowances, and charges that a refund took back."""
    off: dict[tuple[RiderId, str], int] = defaultdict(int)
    for allowance in (item.allowance for item in account_store.load_allowances(tx)):
        off[allowance.rider_id, allowance.unit_key] += allowed_of([allowance])
    for refund in (item.refund for item in refund_store.load_refunds(tx)):
        if refund.is_approved:
            off[refund.rider_id, refund.unit_key] += refund.charge_fen
    return off


def match_waiting(tx: Transaction, facts: PeriodFacts, *, by: str, clock: Clock, ids: Ids) -> int:
    """What can be matched without a person is matched; how many lines found their place."""
    unclaimed = receipt_store.load_receipts(tx, [ReceiptStatus.UNIDENTIFIED])
    waiting = [receipt for receipt in unclaimed if not receipt.is_by_hand]
    if not waiting:
        return 0
    known = {receipt.line.row_key: receipt for receipt in waiting}
    matches = match_lines([receipt.line for receipt in waiting], payer_book(tx, facts))
    return record(tx, known, matches, by=by, clock=clock, ids=ids)


def record(
    tx: Transaction,
    known: Mapping[str, ReceiptRecord],
    matches: Iterable[Match],
    *,
    by: str,
    clock: Clock,
    ids: Ids,
) -> int:
    """The matches are in the books, of lines ``known`` by their keys; how many found their place."""
    said = [
        match
        for match in matches
        if match.status is not ReceiptStatus.UNIDENTIFIED or match.rider_id != known[match.row_key].rider_id
    ]
    decided = [(known[match.row_key].receipt_id, match) for match in said]
    receipt_store.record_matches(tx, decided, by=by, at=clock.now())
    give(tx, _given(known, said, by), clock=clock, ids=ids)
    return sum(match.status is not ReceiptStatus.UNIDENTIFIED for match in said)


def give(tx: Transaction, gifts: Iterable[Given], *, clock: Clock, ids: Ids) -> None:
    """The money is given: out of suspense, off what the riders owe, and on record as allocated."""
    today = school_date(clock.now())
    gifts = tuple(gifts)
    month = period_of(today)
    periods = {by: ledger_store.open_period_from(tx, month, by=by) for by in {one.made_by for one in gifts}}
    txns: list[LedgerTxn] = []
    allocations: list[NewAllocation] = []
    for gift in gifts:
        allocation_id, txn_id = ids.new(), ids.new()
        rider_id, fen = gift.share.rider_id, gift.share.fen
        txns.append(
            LedgerTxn(
                txn_id=txn_id,
                kind=TxnKind.ALLOCATION,
                period=periods[gift.made_by],
                on=today,
                source="allocation",
                row_key=allocation_id,
                made_by=gift.made_by,
                approved_by=gift.approved_by,
                postings=moves(Account.SUSPENSE, Account.RECEIVABLE, fen, credit_of=rider_id),
            )
        )
        allocations.append(
            NewAllocation(
                allocation_id=allocation_id,
                receipt_id=gift.receipt.receipt_id,
                share=gift.share,
                tier=gift.tier,
                flags=gift.flags,
                txn_id=txn_id,
                made_by=gift.made_by,
                made_at=clock.now(),
            )
        )
    ledger_store.post(tx, txns)
    receipt_store.insert_allocations(tx, allocations)


def _given(by_key: Mapping[str, ReceiptRecord], matches: Iterable[Match], by: str) -> list[Given]:
    return [
        Given(
            receipt=by_key[match.row_key],
            share=share,
            tier=str(match.tier or ""),
            flags=match.flags,
            made_by=by,
        )
        for match in matches
        for share in match.shares
        if share.fen
    ]


def _paying(rider: Rider, band: str, code: str, year: int) -> PayingRider:
    return PayingRider(
        rider_id=rider.rider_id,
        name=name_key(rider.name),
        class_key=class_key(rider.grade, rider.class_name, year),
        guardian=name_key(rider.guardian),
        band=band,
        pay_code=code,
    )


def _on_account(facts: PeriodFacts, weekend_on: date | None) -> dict[RiderId, str]:
    """The unit that a rider excused from the last weekend that was held may have paid for in advance."""
    if weekend_on is None:
        return {}
    units: dict[RiderId, str] = {}
    kept = {seat.rider_id for seat in facts.seats if weekend_of(seat.on) == weekend_on and seat.rides}
    for seat in facts.seats:
        payer = facts.payers.get((seat.rider_id, weekend_on))
        if payer is None or weekend_of(seat.on) != weekend_on or seat.rider_id in kept:
            continue
        if seat.reason in EXCUSED:
            unit = unit_of(payer, facts.rates, seat.on, seat.direction, facts.school.term)
            if unit is not None and unit.unit is FareUnit.WEEKEND:
                units[seat.rider_id] = unit.key
    return units
