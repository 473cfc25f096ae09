"""From closed runs to charges: who owes, what, once, and what changes when a run is closed anew."""

from dataclasses import replace
from datetime import date

import pytest

from busops.domain.roster import NotRidingReason
from busops.domain.school import Term
from busops.domain.values import Direction
from busops.finance.charging import Payer, RideFact, changes, charges_due, is_chargeable
from busops.finance.tariff import FareUnit, TariffRate
from busops.finance.waivers import Waiver

TERM = Term(term_id="2024-spring", starts_on=date(2024, 2, 19), ends_on=date(2024, 7, 5))
FRIDAY, SUNDAY = date(2024, 3, 8), date(2024, 3, 10)


def a_rate(unit: FareUnit, fen: int) -> TariffRate:
    """A rate of band A for the whole term."""
    return TariffRate(band="A", unit=unit, fen=fen, from_on=TERM.starts_on, to_on=None)


RATES = (a_rate(FareUnit.TRIP, 900), a_rate(FareUnit.WEEKEND, 1600))
HOME = RideFact(
    rider_id="001", run_id="h1", on=FRIDAY, direction=Direction.HOMEWARD, stop_id="S1", boarded=True,
    planned_stop_id="S1",
)  # fmt: skip
BACK = replace(HOME, run_id="r1", on=SUNDAY, direction=Direction.RETURN)


def payers(directions: int = 2, waiver: Waiver | None = None) -> dict:
    """Rider 001 of band A on the weekend of 8 March."""
    return {("001", FRIDAY): Payer(rider_id="001", band="A", directions=directions, waiver=waiver)}


def test_both_ways_are_one_weekend() -> None:
    """
    home 8 March, back 10 March, both held: one charge WEEKEND 16.00, resting on both closures.
    """
    (charge,), findings = charges_due((HOME, BACK), payers(), RATES, TERM)
    assert (charge.unit_key, charge.due_fen, charge.basis) == ("WEEKEND:2024-03-08", 1600, "h1@1 r1@1")
    assert findings == ()


def test_one_way_is_one_trip() -> None:
    """He held a seat home only: TRIP 9.00."""
    (charge,), _ = charges_due((HOME,), payers(1), RATES, TERM)
    assert (charge.unit_key, charge.due_fen) == ("TRIP:2024-03-08:homeward", 900)


@pytest.mark.parametrize(
    ("changed", "charged"),
    [
        ({}, True),
        ({"closed": False}, False),
        ({"is_disputed": True}, False),
        ({"boarded": False}, False),
        ({"boarded": False, "reason": NotRidingReason.LEAVE}, True),
        ({"boarded": False, "reason": NotRidingReason.REFUSED}, True),
        ({"boarded": False, "reason": NotRidingReason.MISSING}, False),
        ({"boarded": False, "reason": NotRidingReason.OTHER_VEHICLE}, False),
        ({"boarded": False, "reason": NotRidingReason.CLASS_LEFT}, False),
        ({"boarded": False, "reason": NotRidingReason.LEAVE, "planned_stop_id": None}, False),
        ({"planned_stop_id": None}, True),
    ],
)
def test_a_seat_is_paid_when_used_or_forfeited_never_while_uncertain(changed: dict, *, charged: bool) -> None:
    """Leave told at the bus forfeits the seat; a missing child, another bus or an open run charge nothing."""
    assert is_chargeable(replace(HOME, **changed)) is charged


def test_a_waiver_lowers_what_is_due_not_the_price() -> None:
    """Half of 16.00 waived: price 16.00, waived 8.00, due 8.00."""
    (charge,), _ = charges_due((HOME,), payers(waiver=Waiver(part_bp=5000)), RATES, TERM)
    assert (charge.list_fen, charge.waived_fen, charge.due_fen) == (1600, 800, 800)


def test_who_cannot_be_priced_is_a_finding_not_a_guess() -> None:
    """A rider whom no list knows, and a band without a price: one finding each, no charge."""
    stranger = replace(HOME, rider_id="999")
    charges, findings = charges_due((stranger, HOME, BACK), payers(), (), TERM)
    assert charges == ()
    assert [finding.key for finding in findings] == ["no_price:001", "fare_rider_unknown:999"]


def test_closing_anew_moves_money_only_for_a_difference() -> None:
    """
    v1  001 rode                 WEEKEND 16.00
    v2  001 rode, time corrected nothing moves
    v3  001 did not ride         reverse 16.00
    """
    first, _ = charges_due((HOME,), payers(), RATES, TERM)
    second, _ = charges_due((replace(HOME, closure_version=2),), payers(), RATES, TERM)
    third, _ = charges_due((replace(HOME, closure_version=3, boarded=False),), payers(), RATES, TERM)
    assert changes((), first).add == first
    assert changes(first, second) == changes((), ())
    assert (changes(first, third).reverse, changes(first, third).add) == (first, ())


def test_another_price_reverses_and_charges_again() -> None:
    """The tariff said 16.00, the corrected one says 15.00: reverse 16.00, add 15.00."""
    first, _ = charges_due((HOME,), payers(), RATES, TERM)
    second, _ = charges_due((HOME,), payers(), (a_rate(FareUnit.WEEKEND, 1500),), TERM)
    moved = changes(first, second)
    assert ([item.due_fen for item in moved.reverse], [item.due_fen for item in moved.add]) == (
        [1600],
        [1500],
    )


def test_months_before_joining_and_after_leaving_are_not_owed() -> None:
    """
    TERM 200.00 over 20 Fridays: joined in March 190.00 (February off), left in April 100.00.
    """
    rates = (a_rate(FareUnit.TERM, 20_000),)
    known = payers()["001", FRIDAY]

    def owed(**days: date) -> tuple[int, int | None, date, date]:
        asked = {("001", FRIDAY): replace(known, **days)}
        ((charge,), _) = charges_due((HOME,), asked, rates, TERM)
        return charge.list_fen, charge.price_fen, charge.from_on, charge.to_on

    assert owed() == (20_000, None, TERM.starts_on, TERM.ends_on)
    assert owed(joined_on=date(2024, 2, 29)) == (20_000, None, TERM.starts_on, TERM.ends_on)
    assert owed(joined_on=date(2024, 3, 8)) == (19_000, 20_000, date(2024, 3, 1), TERM.ends_on)
    assert owed(left_on=date(2024, 4, 30)) == (10_000, 20_000, TERM.starts_on, date(2024, 4, 30))
    assert owed(left_on=date(2024, 5, 1))[0] == 15_000
    assert owed(joined_on=date(2024, 3, 8), left_on=date(2024, 3, 9))[0] == 5_000
    assert owed(joined_on=date(2024, 5, 1))[0] == 19_000  # he rode in March
    assert owed(left_on=date(2024, 2, 20))[0] == 6_000


def test_trips_and_weekends_are_whole_whenever_he_joined() -> None:
    """A weekend of a rider who joined later is a weekend ridden."""
    days = {"joined_on": date(2024, 5, 1), "left_on": date(2024, 5, 2)}
    asked = {("001", FRIDAY): replace(payers()["001", FRIDAY], **days)}
    ((charge,), _) = charges_due((HOME, BACK), asked, RATES, TERM)
    assert (charge.list_fen, charge.price_fen) == (1_600, None)


def test_a_price_that_nobody_agreed_to_is_not_charged() -> None:
    """One finding for the rider, no charge."""
    asked = {("001", FRIDAY): replace(payers()["001", FRIDAY], agreed=False)}
    charges, findings = charges_due((HOME, BACK), asked, RATES, TERM)
    assert (charges, {found.code for found in findings}) == ((), {"price_consent_missing"})
