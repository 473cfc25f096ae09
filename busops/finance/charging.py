"""
From closed runs to what is owed: one charge for each rider and billing unit.

A pure function of everything known about the closed runs: asked again after a run was
closed anew, it gives the charges as they should stand, and :func:`changes` says what to
reverse and what to add. Uncertain presence is never charged (asymmetry rule, domain §3.6).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from busops.domain.findings import Finding, Severity
from busops.domain.roster import NotRidingReason
from busops.domain.school import Term
from busops.domain.values import Direction, RiderId, RunId, StopId
from busops.finance.proration import OwedPart, owed_part
from busops.finance.tariff import SHORT, BillingUnit, FareUnit, TariffRate, billing_unit, rate_on, unit_for
from busops.finance.waivers import Waiver, waived_fen

# Reasons given at the bus, after the lock, with which a held seat is forfeited (domain §3.2). Not among
# them: whoever is missing, whose class had left, or who sat in another bus, which charges him itself.
FORFEITS: Final = frozenset(
    {
        NotRidingReason.LEAVE,
        NotRidingReason.GUARDIAN_PICKUP,
        NotRidingReason.STAYS_AT_SCHOOL,
        NotRidingReason.ILL,
        NotRidingReason.REFUSED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ride:
    """What a run says of a rider, whoever he is; ``stop_id`` is where he got off (or on)."""

    on: date
    direction: Direction
    stop_id: StopId
    boarded: bool
    closed: bool = True
    reason: NotRidingReason | None = None
    planned_stop_id: StopId | None = None  # None = he was on no list of this run
    is_disputed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RideFact(Ride):
    """What one run's latest closure says of one rider."""

    rider_id: RiderId
    run_id: RunId
    closure_version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """What pricing must know of a rider on one weekend."""

    rider_id: RiderId
    band: str
    directions: int  # in how many he held a seat by the roster
    waiver: Waiver | None = None
    joined_on: date | None = None
    left_on: date | None = None
    agreed: bool = True  # whether the guardian agreed to the price, where that is needed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Due:
    """What is owed for one unit, whoever owes it."""

    unit: FareUnit
    from_on: date
    to_on: date
    band: str
    list_fen: int
    waived_fen: int

    @property
    def due_fen(self) -> int:
        """What is owed after the waiver."""
        return self.list_fen - self.waived_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge(Due):
    """
    What a rider owes for one unit; ``basis`` names the closures it rests on: ``run@2 run@1``.

    ``price_fen`` is the whole price where he owes only a part, for joining late or leaving; else None.
    """

    rider_id: RiderId
    unit_key: str
    basis: str
    price_fen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeChanges:
    """What must happen so that the charges stand as they should."""

    reverse: tuple[Charge, ...]
    add: tuple[Charge, ...]


def unit_of(
    payer: Payer, rates: tuple[TariffRate, ...], on: date, direction: Direction, term: Term
) -> BillingUnit | None:
    """The billing unit that a seat of this rider belongs to; None where his band has no price."""
    unit = unit_for(rates, payer.band, on, directions=payer.directions)
    return billing_unit(unit, on, direction, term) if unit else None


def is_chargeable(fact: RideFact) -> bool:
    """Whether the seat of this fact is paid for: used, or forfeited after the lock; never while uncertain."""
    if not fact.closed or fact.is_disputed:
        return False
    return fact.boarded or (fact.planned_stop_id is not None and fact.reason in FORFEITS)


def charges_due(
    facts: Iterable[RideFact],
    payers: Mapping[tuple[RiderId, date], Payer],
    rates: Iterable[TariffRate],
    term: Term,
) -> tuple[tuple[Charge, ...], tuple[Finding, ...]]:
    """
    The charges that the closed runs call for, by rider and unit, and what could not be priced.

    ``payers`` holds a rider for each weekend (its Friday). One charge a unit however many
    rides it covers; a rider or band without a price is a finding, never a guess, and so is a price
    that nobody agreed to. Months before somebody joined or not begun when he left are not owed;
    a day that he rode on is one on which he used the bus.
    """
    kinds = tuple(rates)
    charges: dict[tuple[RiderId, str], Charge] = {}
    findings: dict[str, Finding] = {}
    rode = sorted(filter(is_chargeable, facts), key=lambda fact: (fact.on, fact.run_id, fact.rider_id))
    last_on = {fact.rider_id: fact.on for fact in rode}
    first_on = {fact.rider_id: fact.on for fact in reversed(rode)}
    for fact in rode:
        days = (first_on[fact.rider_id], last_on[fact.rider_id])
        charge = _charge(fact, payers, kinds, term, days=days)
        if isinstance(charge, Finding):
            findings.setdefault(charge.key, charge)
            continue
        key = (charge.rider_id, charge.unit_key)
        before = charges.get(key)
        charges[key] = charge if before is None else _merged(before, charge)
    return tuple(charges[key] for key in sorted(charges)), tuple(findings.values())


def changes(stored: Iterable[Charge], wanted: Iterable[Charge]) -> ChargeChanges:
    """
    What to reverse and what to add so that ``stored`` becomes ``wanted``.

    A charge whose closures changed but whose amount did not stays as it is: money moves
    only for a difference.
    """
    old = {(charge.rider_id, charge.unit_key): charge for charge in stored}
    new = {(charge.rider_id, charge.unit_key): charge for charge in wanted}
    moved = [key for key in sorted(old.keys() | new.keys()) if _money(old.get(key)) != _money(new.get(key))]
    return ChargeChanges(
        reverse=tuple(old[key] for key in moved if key in old),
        add=tuple(new[key] for key in moved if key in new),
    )


def _charge(
    fact: RideFact,
    payers: Mapping[tuple[RiderId, date], Payer],
    rates: tuple[TariffRate, ...],
    term: Term,
    *,
    days: tuple[date, date],
) -> Charge | Finding:
    weekend_on = billing_unit(FareUnit.WEEKEND, fact.on, fact.direction, term).from_on
    payer = payers.get((fact.rider_id, weekend_on))
    if payer is None:
        return _unpriced("fare_rider_unknown", fact, band="")
    span = unit_of(payer, rates, fact.on, fact.direction, term)
    rate = rate_on(rates, payer.band, span.unit, fact.on) if span else None
    if span is None or rate is None:
        return _unpriced("no_price", fact, band=payer.band)
    if not payer.agreed:
        return _unpriced("price_consent_missing", fact, band=payer.band)
    part = _part_of(payer, span, rate.fen, days)
    return Charge(
        rider_id=fact.rider_id,
        unit=span.unit,
        unit_key=span.key,
        from_on=part.from_on,
        to_on=part.to_on,
        band=payer.band,
        list_fen=part.fen,
        waived_fen=waived_fen(payer.waiver, part.fen),
        basis=f"{fact.run_id}@{fact.closure_version}",
        price_fen=rate.fen if part.fen != rate.fen else None,
    )


def _part_of(payer: Payer, span: BillingUnit, price_fen: int, days: tuple[date, date]) -> OwedPart:
    """What of the price is owed: all of a trip or weekend, of a month or term the months of his time."""
    if span.unit in SHORT or (payer.joined_on is None and payer.left_on is None):
        return OwedPart(fen=price_fen, from_on=span.from_on, to_on=span.to_on, months=())
    first, last = days
    return owed_part(
        price_fen,
        span.from_on,
        span.to_on,
        joined_on=min(payer.joined_on, first) if payer.joined_on else None,
        left_on=max(payer.left_on, last) if payer.left_on else None,
    )


def _merged(first: Charge, second: Charge) -> Charge:
    bases = {*first.basis.split(), *second.basis.split()}
    return Charge(
        rider_id=first.rider_id,
        unit=first.unit,
        unit_key=first.unit_key,
        from_on=first.from_on,
        to_on=first.to_on,
        band=first.band,
        list_fen=first.list_fen,
        waived_fen=first.waived_fen,
        price_fen=first.price_fen,
        basis=" ".join(sorted(bases)),
    )


def _money(charge: Charge | None) -> tuple[int, int, str] | None:
    return None if charge is None else (charge.list_fen, charge.waived_fen, charge.band)


def _unpriced(code: str, fact: RideFact, *, band: str) -> Finding:
    facts = {"rider_id": fact.rider_id, "run_id": fact.run_id, "on": fact.on, "band": band}
    return Finding(code=code, severity=Severity.WARN, place=fact.rider_id, facts=facts)
