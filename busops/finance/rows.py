"""
The rows of a reconciliation, put together from rosters, closed runs, charges and allocations.

One row for each rider and billing unit that anything is known of. What the row then means
is ``reconcile.py``.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from busops.domain.roster import NotRidingReason
from busops.domain.school import Term
from busops.domain.values import Direction, RiderId, StopId
from busops.finance.allowances import Allowance, AllowanceState
from busops.finance.charging import Charge, Payer, Ride, RideFact, unit_of
from busops.finance.earning import earned_fen, reduction_of
from busops.finance.reconcile import ReconRow, RowFacts, RowFlag, RowStatus, status_of
from busops.finance.refunds import (
    Refund,
    RefundPolicy,
    RefundTrigger,
    has_right,
    longest_run,
    trigger_of,
)
from busops.finance.row_cases import Agreed, Case, CaseSheet, Gathering, HeldSeat, Key, Money, Rows
from busops.finance.tariff import BillingUnit, FareUnit, TariffRate, billing_unit, weekend_of

Kind = tuple[str, int]  # what a rider is priced by: his band, and in how many directions he held a seat
LATE_DAYS: Final = 14
# Reasons on the roster with which a rider is excused, not merely absent.
EXCUSED: Final = frozenset(
    {
        NotRidingReason.LEAVE,
        NotRidingReason.GUARDIAN_PICKUP,
        NotRidingReason.STAYS_AT_SCHOOL,
        NotRidingReason.ILL,
        NotRidingReason.CLASS_LEFT,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat(HeldSeat):
    """What the locked roster says of one rider and direction of one weekend."""

    rider_id: RiderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation(Money):
    """Money of one receipt given to a rider's unit; negative fen = given back."""

    receipt_id: str
    rider_id: RiderId
    unit_key: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTerms:
    """
    What all rows of a period are judged by.

    Of months and terms nothing is earned after ``earned_to``: those weekends are not delivered yet.
    """

    period_from: date
    period_to: date
    earned_to: date = date.max
    term: Term
    stop_bands: Mapping[StopId, str] = field(default_factory=dict)
    policy: RefundPolicy = field(default_factory=RefundPolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconSources(RowTerms):
    """Everything a reconciliation rests on; ``facts`` of runs that are not closed carry ``closed=False``."""

    rates: tuple[TariffRate, ...]
    payers: Mapping[tuple[RiderId, date], Payer]
    seats: tuple[Seat, ...]
    facts: tuple[RideFact, ...]
    charges: tuple[Charge, ...]
    allocations: tuple[Allocation, ...]
    disputed: frozenset[Key] = frozenset()
    cancelled: frozenset[tuple[RiderId, date, Direction]] = frozenset()
    duplicates: frozenset[Key] = frozenset()
    refunds: tuple[Refund, ...] = ()
    allowances: tuple[Allowance, ...] = ()


def build_rows(sources: ReconSources) -> Rows:
    """Every row of the period, by rider and unit; a charge or payment outside the period makes no row."""
    gathering = Gathering(
        agreed_of(sources.refunds, sources.allowances, seconds=sources.duplicates, disputed=sources.disputed)
    )
    units = Units(sources.rates, sources.term)
    for seat in sources.seats:
        key = units.key(_kind(sources, seat.rider_id, seat.on), seat.on, seat.direction)
        known = gathering.unit(key)[seat.rider_id]
        known.seats += (seat,)
        known.is_cancelled |= (seat.rider_id, seat.on, seat.direction) in sources.cancelled
    for fact in sources.facts:
        key = units.key(_kind(sources, fact.rider_id, fact.on), fact.on, fact.direction)
        known = gathering.unit(key)[fact.rider_id]
        known.facts += (fact,)
        known.runs += (fact.run_id,)
    for charge in sources.charges:
        gathering.unit(charge.unit_key)[charge.rider_id].charges += (charge,)
    for item in sources.allocations:
        known = gathering.unit(item.unit_key)[item.rider_id]
        known.paid += ((item.paid_on, item.receipt_id, item.reference, item),)
    return judged(gathering.sheet(), sources)


def _kind(sources: ReconSources, rider_id: RiderId, on: date) -> Kind | None:
    payer = sources.payers.get((rider_id, weekend_of(on)))
    return (payer.band, payer.directions) if payer else None


def judged(sheet: CaseSheet, terms: RowTerms) -> Rows:
    """The rows of a sheet with their status and sums: each case is asked about once."""
    known: dict[int, ReconRow] = {}
    rows = []
    for case in sheet.cases:
        row = known.get(id(case))
        if row is None:
            row = known[id(case)] = _row(terms, case)
        rows.append(row)
    return Rows(sheet, rows)


def agreed_of(
    refunds: Iterable[Refund],
    allowances: Iterable[Allowance],
    *,
    seconds: frozenset[Key] = frozenset(),
    disputed: frozenset[Key] = frozenset(),
) -> Agreed:
    """What was agreed to of single units: what is only asked for changes nothing yet."""
    given: dict[Key, list[Refund]] = defaultdict(list)
    for refund in refunds:
        if refund.is_approved:
            given[refund.rider_id, refund.unit_key].append(refund)
    off: dict[Key, list[Allowance]] = defaultdict(list)
    for item in allowances:
        if item.state is AllowanceState.APPROVED:
            off[item.rider_id, item.unit_key].append(item)
    return Agreed(refunds=given, allowances=off, seconds=seconds, disputed=disputed)


class Units:
    """Which unit a ride belongs to: the same for all of a kind on a day, so it is worked out once."""

    def __init__(self, rates: tuple[TariffRate, ...], term: Term) -> None:
        self._rates, self._term = rates, term
        self._known: dict[tuple[Kind, date, Direction], BillingUnit | None] = {}

    def priced(self, kind: Kind | None, on: date, direction: Direction) -> BillingUnit | None:
        """The unit; None where nobody knows the rider or his band has no price."""
        if kind is None:
            return None
        what = (kind, on, direction)
        if what not in self._known:
            payer = Payer(rider_id=RiderId(""), band=kind[0], directions=kind[1])
            self._known[what] = unit_of(payer, self._rates, on, direction, self._term)
        return self._known[what]

    def key(self, kind: Kind | None, on: date, direction: Direction) -> str:
        """The key of the unit; a trip of its own for who has no price."""
        unit = self.priced(kind, on, direction)
        return (unit or billing_unit(FareUnit.TRIP, on, direction, self._term)).key


def _row(terms: RowTerms, known: Case) -> ReconRow:
    """The row of a case, nobody's yet."""
    listed = sum(charge.list_fen for charge in known.charges)
    waived = known.waived_fen
    paid_back = [refund for refund in known.refunds if refund.is_paid]
    due = listed - waived - known.written_off_fen - sum(refund.charge_fen for refund in paid_back)
    received = sum(item.fen for item in known.allocations if item.fen > 0)
    refunded = -sum(item.fen for item in known.allocations if item.fen < 0)
    refunded += sum(refund.fen for refund in paid_back)
    excused = [seat for seat in known.seats if not seat.rides and seat.reason in EXCUSED]
    excused_at_bus = [fact for fact in known.facts if not fact.boarded and fact.reason in EXCUSED]
    facts = RowFacts(
        due_fen=due,
        paid_fen=received - refunded,
        rides=len(_rides(known.facts)),
        registered=any(seat.rides for seat in known.seats)
        or any(fact.planned_stop_id for fact in known.facts),
        on_leave=bool(excused or excused_at_bus),
        is_cancelled=known.is_cancelled,
        has_refund_right=_refund_trigger(terms, known) is not None,
        is_waived=waived > 0 and waived == listed,
        is_disputed=known.is_disputed,
        was_refunded=refunded > 0,
    )
    last = known.allocations[0] if known.allocations else None
    reasons = {str(seat.reason) for seat in known.seats if seat.reason is not None}
    reasons |= {str(fact.reason) for fact in known.facts if fact.reason is not None}
    return ReconRow(
        rider_id=RiderId(""),
        unit_key="",
        facts=facts,
        status=status_of(facts),
        flags=_flags(terms, known),
        band=known.charges[0].band if known.charges else "",
        list_fen=listed,
        waived_fen=waived,
        earned_fen=_earned(terms, known),
        refund_trigger=_refund_trigger(terms, known),
        received_fen=received,
        refunded_fen=refunded,
        seats=sum(seat.rides for seat in known.seats),
        leaves=len(excused) + len(excused_at_bus),
        reasons=tuple(sorted(reasons)),
        channel=last.channel if last else "",
        paid_on=last.paid_on if last else None,
        tier=last.tier if last else "",
    )


def _earned(terms: RowTerms, known: Case) -> int:
    """What the unit earned in the period, less what was agreed to give back or never to ask for."""
    off, until = reduction_of(known.refunds, known.allowances), min(terms.period_to, terms.earned_to)
    return sum(
        earned_fen(charge, terms.period_from, until, off=off if number == 0 else None)
        for number, charge in enumerate(known.charges)
    )


def _refund_trigger(terms: RowTerms, known: Case) -> RefundTrigger | None:
    """
    Why money is to go back by domain §3.2, where the school's policy gives any; a leave at the bus has none.

    The school cancelled, or he was excused before the lock from all that the unit is for.
    """
    if any(refund.is_paid for refund in known.refunds):
        return None
    seats = known.seats
    missed = {weekend_of(seat.on) for seat in seats if not seat.rides and seat.reason in EXCUSED}
    is_excused = bool(seats) and all(not seat.rides and seat.reason in EXCUSED for seat in seats)
    trigger = trigger_of(
        is_cancelled=known.is_cancelled,
        reasons=(str(seat.reason) for seat in seats) if is_excused else (),
        is_before_lock=True,
    )
    units = [charge.unit for charge in known.charges] or [FareUnit.TRIP]
    may = all(has_right(terms.policy, trigger, unit, longest_run(missed)) for unit in units)
    return trigger if may else None


def _rides(facts: Iterable[Ride]) -> set[tuple[date, Direction]]:
    """The days and ways that he rode for certain: who changes buses on the way rides once."""
    return {
        (fact.on, fact.direction) for fact in facts if fact.boarded and fact.closed and not fact.is_disputed
    }


def _flags(terms: RowTerms, known: Case) -> frozenset[RowFlag]:
    flags = {RowFlag(str(flag)) for item in known.allocations for flag in item.flags}
    rode = [fact for fact in known.facts if fact.boarded]
    wants = {(seat.on, seat.direction) for seat in known.seats if seat.rides}
    bands = {charge.band for charge in known.charges}
    late_on = max((charge.to_on for charge in known.charges), default=date.max - timedelta(days=LATE_DAYS))
    late_on += timedelta(days=LATE_DAYS)
    term = terms.term
    found = {
        RowFlag.DUPLICATE_PAYMENT: known.is_second,
        RowFlag.RUN_NOT_CLOSED: any(not fact.closed for fact in known.facts),
        RowFlag.CHALLENGED: any(fact.is_disputed for fact in known.facts),
        RowFlag.OTHER_STOP: any(fact.planned_stop_id not in {None, fact.stop_id} for fact in rode),
        RowFlag.WRONG_ROUTE: any(
            fact.planned_stop_id is None and (fact.on, fact.direction) in wants for fact in rode
        ),
        RowFlag.PRICE_BAND_MISMATCH: any(
            terms.stop_bands.get(fact.stop_id, band) != band for fact in rode for band in bands
        ),
        RowFlag.CROSS_TERM: any(
            not term.starts_on <= item.paid_on <= term.ends_on for item in known.allocations
        ),
        RowFlag.LATE: any(item.paid_on > late_on for item in known.allocations),
    }
    return frozenset(flags | {flag for flag, is_so in found.items() if is_so})


def differences(rows: Iterable[ReconRow]) -> Sequence[ReconRow]:
    """The rows that need somebody, in the order of the rules, then by the size of the difference."""
    if isinstance(rows, Rows):
        return rows.where(needs_somebody, _worst_first)
    odd = [row for row in rows if row.needs_somebody]
    return tuple(sorted(odd, key=lambda row: (_worst_first(row), row.rider_id, row.unit_key)))


def riders_of(rows: Iterable[ReconRow], fits: Callable[[ReconRow], bool]) -> tuple[RiderId, ...]:
    """Whose rows are so, in the order of the rows."""
    if isinstance(rows, Rows):
        return rows.riders_where(fits)
    return tuple(row.rider_id for row in rows if fits(row))


def needs_somebody(row: ReconRow) -> bool:
    """Whether a row is a difference."""
    return row.needs_somebody


def _worst_first(row: ReconRow) -> tuple[int, ...]:
    return _ORDER[row.status], -abs(row.difference_fen)


_ORDER: Final = {status: at for at, status in enumerate(RowStatus)}
