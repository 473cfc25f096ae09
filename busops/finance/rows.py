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
from busops.finance.charging import Charge, Payer, RideFact, unit_of
from busops.finance.matching import MatchFlag
from busops.finance.money import split_fen
from busops.finance.reconcile import ReconRow, RowFacts, RowFlag, RowStatus, status_of
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


@dataclass(slots=True)
class _Gathered:
    seats: list[Seat] = field(default_factory=list)
    facts: list[RideFact] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    allocations: list[Allocation] = field(default_factory=list)


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
    return tuple(_row(sources, *key, gathered[key]) for key in sorted(gathered))


def rides_of_rows(sources: ReconSources) -> dict[tuple[RiderId, str], tuple[RideFact, ...]]:
    """What runs say of each row's rider and unit, in the order given: for whoever divides money by rides."""
    found: dict[tuple[RiderId, str], list[RideFact]] = defaultdict(list)
    units = _Units(sources)
    for fact in sources.facts:
        found[fact.rider_id, units.key(fact.rider_id, fact.on, fact.direction)].append(fact)
    return {key: tuple(facts) for key, facts in found.items()}


def earned_fen(charge: Charge, period_from: date, period_to: date) -> int:
    """
    What of a charge is earned in a period: all of a trip or weekend, by its weekends of a month or term.

    The parts of one charge over neighbouring periods add up to the charge (largest remainder).
    """
    if charge.unit in {FareUnit.TRIP, FareUnit.WEEKEND}:
        return charge.due_fen if period_from <= charge.from_on <= period_to else 0
    first = charge.from_on + timedelta(days=(4 - charge.from_on.weekday()) % 7)
    fridays = [first + timedelta(weeks=week) for week in range((charge.to_on - first).days // 7 + 1)]
    if not fridays:
        return charge.due_fen if period_from <= charge.from_on <= period_to else 0
    parts = split_fen(charge.due_fen, [1] * len(fridays))
    return sum(
        part for friday, part in zip(fridays, parts, strict=True) if period_from <= friday <= period_to
    )


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
    due = sum(charge.due_fen for charge in known.charges)
    waived = sum(charge.waived_fen for charge in known.charges)
    until = min(sources.period_to, sources.earned_to)
    received = sum(item.fen for item in known.allocations if item.fen > 0)
    refunded = -sum(item.fen for item in known.allocations if item.fen < 0)
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
        has_refund_right=_has_refund_right(known, sources),
        is_waived=waived > 0 and due == 0,
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
        list_fen=due + waived,
        waived_fen=waived,
        earned_fen=sum(earned_fen(item, sources.period_from, until) for item in known.charges),
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


def _has_refund_right(known: _Gathered, sources: ReconSources) -> bool:
    """Domain §3.2: the school cancelled, or he was excused before the lock; a leave at the bus has none."""
    if _is_cancelled(known, sources):
        return True
    is_short = all(charge.unit in {FareUnit.TRIP, FareUnit.WEEKEND} for charge in known.charges)
    seats = known.seats
    return is_short and bool(seats) and all(not seat.rides and seat.reason in EXCUSED for seat in seats)


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
