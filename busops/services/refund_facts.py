"""What refunds rest on: what each unit owes and was paid, which receipts paid it, what was asked before."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from busops.domain.errors import InvalidInput
from busops.domain.roster import Rider
from busops.domain.school import Term
from busops.domain.values import RiderId
from busops.finance.matching import ReceiptStatus
from busops.finance.proration import fridays_of
from busops.finance.refunds import RefundPolicy, RefundTrigger, UnitMoney, longest_run
from busops.finance.rows import EXCUSED, Allocation, Seat
from busops.finance.statement import ReceiptRecord
from busops.finance.tariff import span_of, weekend_of
from busops.services.ride_facts import PeriodFacts, load_facts
from busops.storage import charge_store, people_store, receipt_store, refund_store
from busops.storage.database import Database, Transaction
from busops.storage.refund_store import StoredRefund


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundBooks:
    """Charges, allocations, rosters and refunds as they stand, asked by rider and unit."""

    term: Term
    policy: RefundPolicy
    due: Mapping[tuple[RiderId, str], int]
    prorated: frozenset[tuple[RiderId, str]]
    allocations: tuple[Allocation, ...]
    seats: tuple[Seat, ...]
    refunds: tuple[StoredRefund, ...]
    lines: tuple[ReceiptRecord, ...]

    @property
    def seen(self) -> frozenset[str]:
        """The lines of bills that were a refund of ours."""
        return seen_of(self.refunds)

    def money_of(self, rider_id: RiderId, unit_key: str) -> UnitMoney:
        """What the unit owes now and was paid, and how long he was excused from it in a row."""
        span = span_of(unit_key, self.term)
        standing = [item.refund for item in self._of(rider_id, unit_key) if not item.refund.is_off]
        given = sum(
            item.fen for item in self.allocations if (item.rider_id, item.unit_key) == (rider_id, unit_key)
        )
        fridays = fridays_of(span.from_on, span.to_on)
        return UnitMoney(
            span=span,
            due_fen=self.due.get((rider_id, unit_key), 0) - sum(refund.charge_fen for refund in standing),
            paid_fen=given,
            refunds_fen=sum(refund.fen for refund in standing),
            missed_weekends=longest_run(self._missed(rider_id, span.from_on, span.to_on)),
            weekends=max(1, len(fridays)),
            is_prorated=(rider_id, unit_key) in self.prorated,
        )

    def sources_of(self, rider_id: RiderId, unit_key: str) -> tuple[tuple[str, int], ...]:
        """
        The receipts that paid the unit and what is left of each, the latest first.

        What a bill shows as gone back without a refund of ours is gone, too.
        """
        left: dict[str, int] = defaultdict(int)
        paid_on: dict[str, date] = {}
        numbers: dict[str, tuple[str, str]] = {}
        for item in self.allocations:
            if (item.rider_id, item.unit_key) == (rider_id, unit_key) and item.fen > 0:
                left[item.receipt_id] += item.fen
                paid_on[item.receipt_id] = item.paid_on
                numbers[item.receipt_id] = (item.channel, item.reference)
        for stored in self._of(rider_id, unit_key):
            if not stored.refund.is_off:
                left[stored.refund.receipt_id] -= stored.refund.fen
        for receipt_id, number in numbers.items():
            left[receipt_id] += sum(
                line.line.amount_fen
                for line in self.lines
                if (line.line.channel, line.line.refund_of) == number
            )
        order = sorted(paid_on, key=lambda receipt_id: (paid_on[receipt_id], receipt_id), reverse=True)
        return tuple((receipt_id, left[receipt_id]) for receipt_id in order if left[receipt_id] > 0)

    def was_asked(self, rider_id: RiderId, unit_key: str, trigger: RefundTrigger) -> bool:
        """Whether it was asked for before, given or refused."""
        return any(item.refund.trigger is trigger for item in self._of(rider_id, unit_key))

    def next_key(self, rider_id: RiderId, unit_key: str, trigger: RefundTrigger, receipt_id: str) -> str:
        """The name of the next request of this kind; two at once would have the same, and one is refused."""
        before = sum(item.refund.receipt_id == receipt_id for item in self._of(rider_id, unit_key))
        return f"{trigger} {rider_id} {unit_key} {receipt_id} {before + 1}"

    def _of(self, rider_id: RiderId, unit_key: str) -> list[StoredRefund]:
        return [
            item
            for item in self.refunds
            if (item.refund.rider_id, item.refund.unit_key) == (rider_id, unit_key)
        ]

    def _missed(self, rider_id: RiderId, first: date, last: date) -> set[date]:
        mine: dict[date, list[Seat]] = defaultdict(list)
        for seat in self.seats:
            if seat.rider_id == rider_id and first <= seat.on <= last:
                mine[weekend_of(seat.on)].append(seat)
        return {
            weekend_on
            for weekend_on, seats in mine.items()
            if all(not seat.rides and seat.reason in EXCUSED for seat in seats)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundView:
    """A refund with what people know it by, and what rosters and runs say of its unit."""

    stored: StoredRefund
    rider: Rider | None
    receipt: ReceiptRecord | None
    seats: int
    rides: int
    is_cancelled: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundBoard:
    """Every refund, the newest first, the names of those who acted, and lines that may be one of them."""

    items: tuple[RefundView, ...]
    names: Mapping[str, str]
    policy: RefundPolicy
    lines: tuple[ReceiptRecord, ...]


def load_books(tx: Transaction) -> RefundBooks:
    """Everything a refund rests on, as it stands."""
    facts = load_facts(tx)
    refunds = refund_store.load_refunds(tx)
    charges = [item.charge for item in charge_store.load_charges(tx)]
    lines, seen = receipt_store.load_receipts(tx, [ReceiptStatus.REFUND_LINE]), seen_of(refunds)
    return RefundBooks(
        term=facts.school.term,
        policy=refund_store.load_policy(tx),
        due={(one.rider_id, one.unit_key): one.due_fen for one in charges},
        prorated=frozenset((one.rider_id, one.unit_key) for one in charges if one.price_fen is not None),
        allocations=receipt_store.load_allocations(tx),
        seats=facts.seats,
        refunds=refunds,
        lines=tuple(line for line in lines if is_unseen(line, seen)),
    )


def board(database: Database) -> RefundBoard:
    """Every refund with the facts that the next step is taken on."""
    with database.reading() as tx:
        facts = load_facts(tx)
        receipts = {item.receipt_id: item for item in receipt_store.load_receipts(tx)}
        names = {person.user_id: person.name for person in people_store.load_people(tx)}
        stored = refund_store.load_refunds(tx)
        policy = refund_store.load_policy(tx)
    seen = seen_of(stored)
    lines = [one for one in receipts.values() if is_unseen(one, seen)]
    return RefundBoard(
        items=tuple(_view(item, facts, receipts) for item in reversed(stored)),
        names=names,
        policy=policy,
        lines=tuple(lines),
    )


def seen_of(refunds: Iterable[StoredRefund]) -> frozenset[str]:
    """The lines of bills in which one of these refunds was seen to leave."""
    steps = (step.seen_receipt_id for item in refunds for step in item.steps)
    return frozenset(receipt_id for receipt_id in steps if receipt_id is not None)


def is_unseen(line: ReceiptRecord, seen: frozenset[str]) -> bool:
    """Whether it is money that left and is no refund of ours yet."""
    return (
        line.status is ReceiptStatus.REFUND_LINE and line.line.amount_fen < 0 and line.receipt_id not in seen
    )


def paid_units(database: Database, rider_id: RiderId) -> tuple[str, ...]:
    """The units of a rider that money was given to, the latest first."""
    with database.reading() as tx:
        books = load_books(tx)
    keys = {item.unit_key for item in books.allocations if item.rider_id == rider_id and item.fen > 0}
    spans = [span_of(key, books.term) for key in keys]
    return tuple(span.key for span in sorted(spans, key=lambda span: (span.from_on, span.key), reverse=True))


def _view(item: StoredRefund, facts: PeriodFacts, receipts: Mapping[str, ReceiptRecord]) -> RefundView:
    refund = item.refund
    try:
        span = span_of(refund.unit_key, facts.school.term)
        first, last = span.from_on, span.to_on
    except InvalidInput:
        first, last = date.max, date.min
    seats = [one for one in facts.seats if one.rider_id == refund.rider_id and first <= one.on <= last]
    rides = [one for one in facts.facts if one.rider_id == refund.rider_id and first <= one.on <= last]
    held = {(one.on, one.direction) for one in seats if one.rides}
    held |= {(one.on, one.direction) for one in rides if one.planned_stop_id is not None}
    return RefundView(
        stored=item,
        rider=facts.riders.get(refund.rider_id),
        receipt=receipts.get(refund.receipt_id),
        seats=len(held),
        rides=sum(one.boarded for one in rides),
        is_cancelled=any((one.rider_id, one.on, one.direction) in facts.cancelled for one in seats),
        reasons=tuple(sorted({str(one.reason) for one in seats if one.reason is not None})),
    )
