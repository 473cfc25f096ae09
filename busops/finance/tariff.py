"""
The tariff: what a ride costs by fare band and unit, and which unit a rider owes.

It prices; it does not know who rode (``charging.py``) or who paid (``reconcile.py``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from busops.domain.errors import InvalidInput
from busops.domain.school import Term
from busops.domain.values import Direction

FRIDAY: Final = 4


class FareUnit(StrEnum):
    """What one price buys (domain §3.1)."""

    TRIP = "TRIP"
    WEEKEND = "WEEKEND"  # one way home and the way back
    MONTH = "MONTH"
    TERM = "TERM"


SHORT: Final = frozenset({FareUnit.TRIP, FareUnit.WEEKEND})


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffRate:
    """The price of one unit in one fare band, valid on both days named; no last day = until replaced."""

    band: str
    unit: FareUnit
    fen: int
    from_on: date
    to_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingUnit:
    """What one charge is for; ``key`` names it once and for all, ``from_on`` … ``to_on`` is its time."""

    unit: FareUnit
    key: str
    from_on: date
    to_on: date


def rate_on(rates: Iterable[TariffRate], band: str, unit: FareUnit, on: date) -> TariffRate | None:
    """The rate of ``band`` and ``unit`` on the day: of several the one that began last, or None."""
    valid = [
        rate
        for rate in rates
        if rate.band == band
        and rate.unit is unit
        and rate.from_on <= on
        and (rate.to_on is None or on <= rate.to_on)
    ]
    return max(valid, key=lambda rate: (rate.from_on, rate.fen), default=None)


def unit_for(rates: Iterable[TariffRate], band: str, on: date, *, directions: int) -> FareUnit | None:
    """
    The unit a rider of ``band`` owes for a weekend on which he held a seat in ``directions`` directions.

    Without a fee plan of his own nobody owes more than the shortest unit that covers what
    he held: both ways a WEEKEND, else TRIPs, else WEEKEND, MONTH, TERM. None = no price.
    """
    kinds = tuple(rates)
    both_ways = (FareUnit.WEEKEND, FareUnit.TRIP, FareUnit.MONTH, FareUnit.TERM)
    one_way = (FareUnit.TRIP, FareUnit.WEEKEND, FareUnit.MONTH, FareUnit.TERM)
    for unit in both_ways if directions > 1 else one_way:
        if rate_on(kinds, band, unit, on) is not None:
            return unit
    return None


def rates_beyond(rates: Iterable[TariffRate], term: Term) -> tuple[TariffRate, ...]:
    """This term's prices that hold beyond it or without an end: no fee goes across terms (domain §3.1)."""
    return tuple(
        rate
        for rate in rates
        if rate.from_on <= term.ends_on
        and (rate.to_on is None or rate.to_on > term.ends_on or rate.from_on < term.starts_on <= rate.to_on)
    )


@lru_cache(maxsize=4096)
def weekend_of(on: date) -> date:
    """The Friday of the weekend that a day belongs to: the last Friday not after it."""
    return on - timedelta(days=(on.weekday() - FRIDAY) % 7)


def billing_unit(unit: FareUnit, on: date, direction: Direction, term: Term) -> BillingUnit:
    """The billing unit of a ride on ``on``: ``TRIP:2024-03-08:homeward``, ``WEEKEND:2024-03-08``, …"""
    match unit:
        case FareUnit.TRIP:
            return BillingUnit(unit=unit, key=f"TRIP:{on}:{direction}", from_on=on, to_on=on)
        case FareUnit.WEEKEND:
            friday = weekend_of(on)
            end_on = friday + timedelta(days=2)
            return BillingUnit(unit=unit, key=f"WEEKEND:{friday}", from_on=friday, to_on=end_on)
        case FareUnit.MONTH:
            first = weekend_of(on).replace(day=1)  # a weekend belongs to the month of its Friday
            next_first = (first + timedelta(days=32)).replace(day=1)
            key = f"MONTH:{first:%Y-%m}"
            return BillingUnit(unit=unit, key=key, from_on=first, to_on=next_first - timedelta(days=1))
        case FareUnit.TERM:
            key = f"TERM:{term.term_id}"
            return BillingUnit(unit=unit, key=key, from_on=term.starts_on, to_on=term.ends_on)
    raise AssertionError(f"no rule for unit {unit}")


def span_of(unit_key: str, term: Term) -> BillingUnit:
    """The billing unit that a key names; InvalidInput when it names none of this term."""
    kind, _, rest = unit_key.partition(":")
    try:
        match kind:
            case FareUnit.TRIP:
                day, _, direction = rest.partition(":")
                return billing_unit(FareUnit.TRIP, date.fromisoformat(day), Direction(direction), term)
            case FareUnit.WEEKEND:
                return billing_unit(FareUnit.WEEKEND, date.fromisoformat(rest), Direction.HOMEWARD, term)
            case FareUnit.MONTH:
                first = date.fromisoformat(f"{rest}-01")
                friday = first + timedelta(days=(FRIDAY - first.weekday()) % 7)
                return billing_unit(FareUnit.MONTH, friday, Direction.HOMEWARD, term)
            case FareUnit.TERM if rest == term.term_id:
                return billing_unit(FareUnit.TERM, term.starts_on, Direction.HOMEWARD, term)
    except ValueError:
        pass
    raise InvalidInput("unit_unknown", found=unit_key)


def ride_fare_fen(rates: Iterable[TariffRate], band: str, on: date) -> int | None:
    """
    What one ride brings on ``on``, fen: the TRIP price, else half the WEEKEND price (half up).

    None where the band is priced by month or term only: a single ride then has no price.
    """
    kinds = tuple(rates)
    if trip := rate_on(kinds, band, FareUnit.TRIP, on):
        return trip.fen
    weekend = rate_on(kinds, band, FareUnit.WEEKEND, on)
    return (weekend.fen + 1) // 2 if weekend else None
