"""The tariff: which price is valid on a day, and which unit a rider owes."""

from datetime import date

import pytest

from busops.domain.errors import InvalidInput
from busops.domain.school import Term
from busops.domain.values import Direction
from busops.finance.tariff import (
    FareUnit,
    TariffRate,
    billing_unit,
    rate_on,
    ride_fare_fen,
    span_of,
    unit_for,
    weekend_of,
)

TERM = Term(term_id="2024-spring", starts_on=date(2024, 2, 19), ends_on=date(2024, 7, 5))
FRIDAY = date(2024, 3, 8)


def rate(
    band: str, unit: FareUnit, fen: int, from_on: date = TERM.starts_on, to_on: date | None = None
) -> TariffRate:
    """A rate of the spring term."""
    return TariffRate(band=band, unit=unit, fen=fen, from_on=from_on, to_on=to_on)


def test_the_price_is_the_one_valid_on_the_day() -> None:
    """A new price from April replaces the old one; before the first there is none."""
    rates = (
        rate("A", FareUnit.TRIP, 800, to_on=date(2024, 3, 31)),
        rate("A", FareUnit.TRIP, 900, date(2024, 4, 1)),
    )
    found = [rate_on(rates, "A", FareUnit.TRIP, on) for on in (date(2024, 3, 31), date(2024, 4, 1))]
    assert [item and item.fen for item in found] == [800, 900]
    assert rate_on(rates, "A", FareUnit.TRIP, date(2024, 2, 18)) is None
    assert rate_on(rates, "B", FareUnit.TRIP, FRIDAY) is None


def test_of_two_valid_prices_the_later_one_counts() -> None:
    """An open-ended old price does not outlive its successor."""
    rates = (rate("A", FareUnit.TRIP, 900, date(2024, 3, 1)), rate("A", FareUnit.TRIP, 800))
    found = rate_on(rates, "A", FareUnit.TRIP, FRIDAY)
    assert found is not None
    assert found.fen == 900


@pytest.mark.parametrize(
    ("units", "both", "one"),
    [
        ("WEEKEND TRIP TERM", "WEEKEND", "TRIP"),
        ("WEEKEND", "WEEKEND", "WEEKEND"),
        ("TRIP TERM", "TRIP", "TRIP"),
        ("MONTH TERM", "MONTH", "MONTH"),
        ("TERM", "TERM", "TERM"),
        ("", None, None),
    ],
)
def test_nobody_owes_more_than_the_shortest_unit_that_covers_what_he_held(
    units: str, both: str | None, one: str | None
) -> None:
    """Both ways a weekend ticket where there is one; one way a trip where there is one."""
    rates = tuple(rate("A", FareUnit(unit), 100) for unit in units.split())
    assert unit_for(rates, "A", FRIDAY, directions=2) == both
    assert unit_for(rates, "A", FRIDAY, directions=1) == one


@pytest.mark.parametrize(
    ("unit", "on", "key", "from_on", "to_on"),
    [
        (FareUnit.TRIP, FRIDAY, "TRIP:2024-03-08:homeward", FRIDAY, FRIDAY),
        (FareUnit.WEEKEND, date(2024, 3, 10), "WEEKEND:2024-03-08", FRIDAY, date(2024, 3, 10)),
        (FareUnit.MONTH, date(2024, 3, 31), "MONTH:2024-03", date(2024, 3, 1), date(2024, 3, 31)),
        (FareUnit.MONTH, date(2024, 3, 3), "MONTH:2024-03", date(2024, 3, 1), date(2024, 3, 31)),
        (FareUnit.TERM, FRIDAY, "TERM:2024-spring", TERM.starts_on, TERM.ends_on),
    ],
)
def test_a_billing_unit_names_its_time(
    unit: FareUnit, on: date, key: str, from_on: date, to_on: date
) -> None:
    """The Sunday belongs to its Friday's weekend, and that weekend to the Friday's month."""
    found = billing_unit(unit, on, Direction.HOMEWARD, TERM)
    assert (found.key, found.from_on, found.to_on) == (key, from_on, to_on)
    assert span_of(key, TERM) == found


@pytest.mark.parametrize(
    "key", ["", "TRIP:2024-03-08", "WEEKEND:x", "MONTH:2024", "TERM:2023-autumn", "DAY:1"]
)
def test_what_names_no_unit_is_refused(key: str) -> None:
    """A key of another term or of no form."""
    with pytest.raises(InvalidInput):
        span_of(key, TERM)


def test_a_weekend_begins_on_friday() -> None:
    """Friday to Thursday belong to that Friday."""
    assert {weekend_of(date(2024, 3, day)) for day in range(8, 15)} == {FRIDAY}


def test_one_ride_brings_the_trip_price_or_half_the_weekend() -> None:
    """Half of 15.01 yuan is 7.51; a band sold by term has no price for one ride."""
    weekend = rate("A", FareUnit.WEEKEND, 1501)
    assert ride_fare_fen((weekend,), "A", FRIDAY) == 751
    assert ride_fare_fen((weekend, rate("A", FareUnit.TRIP, 800)), "A", FRIDAY) == 800
    assert ride_fare_fen((rate("A", FareUnit.TERM, 60000),), "A", FRIDAY) is None
