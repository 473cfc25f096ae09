"""
The rows of a reconciliation, put together from rosters, closed runs, charges and allocations.

One row for each rider and billing unit that anything is known of. What the row then means
is ``reconcile.py``.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from busops.domain.roster import NotRidingReason
from busops.domain.school import Term
from busops.domain.values import Direction, RiderId, StopId
from busops.finance.allowances import Allowance, AllowanceKind, AllowanceState
from busops.finance.charging import Charge, Payer, RideFact, unit_of
from busops.finance.earning import earned_fen, reduction_of
from busops.finance.matching import MatchFlag
from busops.finance.reconcile import ReconRow, RowFacts, RowFlag, RowStatus, status_of
from busops.finance.refunds import (
    Refund,
    RefundPolicy,
    RefundTrigger,
    has_right,
    longest_run,
    trigger_of,
)
from busops.finance.tariff import FareUnit, TariffRate, billing_unit, weekend_of

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
class Seat:
    """What the locked roster says of one rider and direction of one weekend."""

    rider_id: RiderId
    on: date
    direction: Direction
    rides: bool
    reason: NotRidingReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Money of one receipt given to a rider's unit; negative fen = given back."""

    receipt_id: str
    rider_id: RiderId
    unit_key: str
    fen: int
    tier: str
    flags: frozenset[MatchFlag]
    channel: str
    paid_on: date
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconSources:
    """
    Everything a reconciliation rests on; ``facts`` of runs that are not closed carry ``closed=False``.

    Of months and terms nothing is earned after ``earned_to``: those weekends are not delivered yet.
    """

    period_from: date
    period_to: date
    earned_to: date = date.max
    term: Term
    rates: tuple[TariffRate, ...]
    payers: Mapping[tuple[RiderId, date], Payer]
    seats: tuple[Seat, ...]
    facts: tuple[RideFact, ...]
    charges: tuple[Charge, ...]
    allocations: tuple[Allocation, ...]
    stop_bands: Mapping[StopId, str] = field(default_factory=dict)
    disputed: frozenset[tuple[RiderId, str]] = frozenset()
    cancelled: frozenset[tuple[RiderId, date, Direction]] = frozenset()
    duplicates: frozenset[tuple[RiderId, str]] = frozenset()
    refunds: tuple[Refund, ...] = ()
    policy: RefundPolicy = field(default_factory=RefundPolicy)
    allowances: tuple[Allowance, ...] = ()


@dataclass(slots=True)
class _Gathered:
    seats: list[Seat] = field(default_factory=list)
    facts: list[RideFact] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    allocations: list[Allocation] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    allowances: list[Allowance] = field(default_factory=list)

    @property
    def written_off_fen(self) -> int:
        """What of the charges nobody will pay, agreed by two people."""
        return sum(item.fen for item in self.allowances if item.kind is AllowanceKind.BAD_DEBT)

    @property
    def waived_fen(self) -> int:
        """What of the charges need not be paid: by the class list, or agreed by two people."""
        agreed = sum(item.fen for item in self.allowances) - self.written_off_fen
        return sum(charge.waived_fen for charge in self.charges) + agreed


def build_rows(sources: ReconSources) -> tuple[ReconRow, ...]:
    """Every row of the period, by rider and unit; a charge or payment outside the period makes no row."""
    gathered: dict[tuple[RiderId, str], _Gathered] = defaultdict(_Gathered)
    units = _Units(sources)
    for seat in sources.seats:
        gathered[seat.rider_id, units.key(seat.rider_id, seat.on, seat.direction)].seats.append(seat)
    for fact in sources.facts:
        gathered[fact.rider_id, units.key(fact.rider_id, fact.on, fact.direction)].facts.append(fact)
    for charge in sources.charges:
        gathered[charge.rider_id, charge.unit_key].charges.append(charge)
    for item in sources.allocations:
        gathered[item.rider_id, item.unit_key].allocations.append(item)
    for refund in sources.refunds:
        if refund.is_approved:
            gathered[refund.rider_id, refund.unit_key].refunds.append(refund)
    for allowance in sources.allowances:
        key = (allowance.rider_id, allowance.unit_key)
        if allowance.state is AllowanceState.APPROVED and key in gathered:
            gathered[key].allowances.append(allowance)
    return tuple(_row(sources, *key, gathered[key]) for key in sorted(gathered))


def rides_of_rows(sources: ReconSources) -> dict[tuple[RiderId, str], tuple[RideFact, ...]]:
    """What runs say of each row's rider and unit, in the order given: for whoever divides money by rides."""
    found: dict[tuple[RiderId, str], list[RideFact]] = defaultdict(list)
    units = _Units(sources)
    for fact in sources.facts:
        found[fact.rider_id, units.key(fact.rider_id, fact.on, fact.direction)].append(fact)
    return {key: tuple(facts) for key, facts in found.items()}


class _Units:
    """Which unit a ride belongs to: the same for all of a band on a day, so it is worked out once."""

    def __init__(self, sources: ReconSources) -> None:
        self._sources = sources
        self._fridays: dict[date, date] = {}
        self._keys: dict[tuple[str, int, date, Direction], str] = {}

    def key(self, rider_id: RiderId, on: date, direction: Direction) -> str:
        """The key of the unit; a trip of its own for who has no price."""
        friday = self._fridays.get(on) or self._fridays.setdefault(on, weekend_of(on))
        payer = self._sources.payers.get((rider_id, friday))
        what = (payer.band, payer.directions, on, direction) if payer else ("", 0, on, direction)
        known = self._keys.get(what)
        if known is None:
            term = self._sources.term
            unit = unit_of(payer, self._sources.rates, on, direction, term) if payer else None
            known = self._keys[what] = (unit or billing_unit(FareUnit.TRIP, on, direction, term)).key
        return known


def _row(sources: ReconSources, rider_id: RiderId, unit_key: str, known: _Gathered) -> ReconRow:
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
        is_cancelled=_is_cancelled(known, sources),
        has_refund_right=_refund_trigger(known, sources) is not None,
        is_waived=waived > 0 and waived == listed,
        is_disputed=(rider_id, unit_key) in sources.disputed,
        was_refunded=refunded > 0,
    )
    last = max(known.allocations, key=lambda item: (item.paid_on, item.receipt_id), default=None)
    reasons = {str(seat.reason) for seat in known.seats if seat.reason is not None}
    reasons |= {str(fact.reason) for fact in known.facts if fact.reason is not None}
    return ReconRow(
        rider_id=rider_id,
        unit_key=unit_key,
        facts=facts,
        status=status_of(facts),
        flags=_flags(sources, known) | _second_payment(sources, rider_id, unit_key),
        band=known.charges[0].band if known.charges else "",
        list_fen=listed,
        waived_fen=waived,
        earned_fen=_earned(sources, known),
        refund_trigger=_refund_trigger(known, sources),
        received_fen=received,
        refunded_fen=refunded,
        seats=sum(seat.rides for seat in known.seats),
        leaves=len(excused) + len(excused_at_bus),
        reasons=tuple(sorted(reasons)),
        channel=last.channel if last else "",
        paid_on=last.paid_on if last else None,
        reference=last.reference if last else "",
        tier=last.tier if last else "",
    )


def _is_cancelled(known: _Gathered, sources: ReconSources) -> bool:
    """Whether the school cancelled a run he was on and no other run took him."""
    return any((seat.rider_id, seat.on, seat.direction) in sources.cancelled for seat in known.seats)


def _earned(sources: ReconSources, known: _Gathered) -> int:
    """What the unit earned in the period, less what was agreed to give back or never to ask for."""
    off, until = reduction_of(known.refunds, known.allowances), min(sources.period_to, sources.earned_to)
    return sum(
        earned_fen(charge, sources.period_from, until, off=off if number == 0 else None)
        for number, charge in enumerate(known.charges)
    )


def _refund_trigger(known: _Gathered, sources: ReconSources) -> RefundTrigger | None:
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
        is_cancelled=_is_cancelled(known, sources),
        reasons=(str(seat.reason) for seat in seats) if is_excused else (),
        is_before_lock=True,
    )
    units = [charge.unit for charge in known.charges] or [FareUnit.TRIP]
    may = all(has_right(sources.policy, trigger, unit, longest_run(missed)) for unit in units)
    return trigger if may else None


def _rides(facts: Iterable[RideFact]) -> set[tuple[date, Direction]]:
    """The days and ways that he rode for certain: who changes buses on the way rides once."""
    return {
        (fact.on, fact.direction) for fact in facts if fact.boarded and fact.closed and not fact.is_disputed
    }


def _second_payment(sources: ReconSources, rider_id: RiderId, unit_key: str) -> frozenset[RowFlag]:
    is_one = (rider_id, unit_key) in sources.duplicates
    return frozenset({RowFlag.DUPLICATE_PAYMENT}) if is_one else frozenset()


def _flags(sources: ReconSources, known: _Gathered) -> frozenset[RowFlag]:
    flags = {RowFlag(str(flag)) for item in known.allocations for flag in item.flags}
    rode = [fact for fact in known.facts if fact.boarded]
    wants = {(seat.on, seat.direction) for seat in known.seats if seat.rides}
    bands = {charge.band for charge in known.charges}
    late_on = max((charge.to_on for charge in known.charges), default=date.max - timedelta(days=LATE_DAYS))
    late_on += timedelta(days=LATE_DAYS)
    term = sources.term
    found = {
        RowFlag.RUN_NOT_CLOSED: any(not fact.closed for fact in known.facts),
        RowFlag.CHALLENGED: any(fact.is_disputed for fact in known.facts),
        RowFlag.OTHER_STOP: any(fact.planned_stop_id not in {None, fact.stop_id} for fact in rode),
        RowFlag.WRONG_ROUTE: any(
            fact.planned_stop_id is None and (fact.on, fact.direction) in wants for fact in rode
        ),
        RowFlag.PRICE_BAND_MISMATCH: any(
            sources.stop_bands.get(fact.stop_id, band) != band for fact in rode for band in bands
        ),
        RowFlag.CROSS_TERM: any(
            not term.starts_on <= item.paid_on <= term.ends_on for item in known.allocations
        ),
        RowFlag.LATE: any(item.paid_on > late_on for item in known.allocations),
    }
    return frozenset(flags | {flag for flag, is_so in found.items() if is_so})


def differences(rows: Iterable[ReconRow]) -> tuple[ReconRow, ...]:
    """The rows that need somebody, in the order of the rules, then by the size of the difference."""
    order = {status: at for at, status in enumerate(RowStatus)}
    odd = [row for row in rows if row.needs_somebody]
    return tuple(
        sorted(odd, key=lambda row: (order[row.status], -abs(row.difference_fen), row.rider_id, row.unit_key))
    )
