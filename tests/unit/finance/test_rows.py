"""The rows of a reconciliation: what comes from roster, run, charge and payment, and its flags."""

from dataclasses import replace
from datetime import date

import pytest

from busops.domain.roster import NotRidingReason
from busops.domain.school import Term
from busops.domain.values import Direction
from busops.finance.charging import Payer, RideFact, charges_due
from busops.finance.earning import earned_fen
from busops.finance.matching import MatchFlag
from busops.finance.reconcile import ReconRow, RowFlag, RowStatus
from busops.finance.rows import Allocation, ReconSources, Seat, build_rows, differences
from busops.finance.tariff import FareUnit, TariffRate

TERM = Term(term_id="2024-spring", starts_on=date(2024, 2, 19), ends_on=date(2024, 7, 5))
FRIDAY, SUNDAY = date(2024, 3, 8), date(2024, 3, 10)
UNIT = "WEEKEND:2024-03-08"
RATES = (TariffRate(band="A", unit=FareUnit.WEEKEND, fen=1600, from_on=TERM.starts_on, to_on=None),)
HOME, BACK = Direction.HOMEWARD, Direction.RETURN


def a_seat(direction: Direction, rider_id: str = "001", reason: NotRidingReason | None = None) -> Seat:
    """A seat held, or with a reason not held."""
    on = FRIDAY if direction is HOME else SUNDAY
    return Seat(rider_id=rider_id, on=on, direction=direction, rides=reason is None, reason=reason)


def a_ride(direction: Direction, rider_id: str = "001", **changed: object) -> RideFact:
    """A closed ride from or to S1."""
    on = FRIDAY if direction is HOME else SUNDAY
    fact = RideFact(
        rider_id=rider_id, run_id=f"{direction}1", on=on, direction=direction, stop_id="S1", boarded=True,
        planned_stop_id="S1",
    )  # fmt: skip
    return replace(fact, **changed)


def money(fen: int, **changed: object) -> Allocation:
    """A payment of rider 001 on Friday."""
    facts: dict[str, object] = {
        "receipt_id": "r1", "rider_id": "001", "unit_key": UNIT, "fen": fen, "tier": "T1",
        "flags": frozenset(), "channel": "SHEET", "paid_on": FRIDAY, "reference": "420000123456",
    }  # fmt: skip
    return Allocation(**(facts | changed))


def the_row(seats: tuple, facts: tuple, *paid: Allocation, **changed: object) -> ReconRow:
    """The one row of rider 001, charged as his closed runs say."""
    payers = {("001", FRIDAY): Payer(rider_id="001", band="A", directions=2)}
    charges, _ = charges_due(facts, payers, RATES, TERM)
    sources = ReconSources(
        period_from=FRIDAY, period_to=SUNDAY, term=TERM, rates=RATES, payers=payers, seats=seats, facts=facts,
        charges=charges, allocations=paid, stop_bands={"S1": "A", "S2": "A", "S9": "B"},
    )  # fmt: skip
    (row,) = build_rows(replace(sources, **changed))
    return row


BOTH = (a_seat(HOME), a_seat(BACK))
RODE = (a_ride(HOME), a_ride(BACK))


def test_a_weekend_in_order() -> None:
    """registered both ways, rode both ways, due 16.00, paid 16.00: one row, 相符."""
    row = the_row(BOTH, RODE, money(1600))
    assert (row.unit_key, row.status, row.seats, row.facts.rides) == (UNIT, RowStatus.OK, 2, 2)
    assert (row.earned_fen, row.received_fen, row.difference_fen, row.flags) == (1600, 1600, 0, frozenset())
    assert (row.channel, row.tier, row.reference) == ("SHEET", "T1", "420000123456")


def test_a_refund_lowers_what_is_paid() -> None:
    """Paid 20.00, 4.00 given back: P = 16.00."""
    row = the_row(BOTH, RODE, money(2000), money(-400, receipt_id="r2"))
    assert (row.facts.paid_fen, row.refunded_fen, row.status) == (1600, 400, RowStatus.OK)


def test_a_rider_on_leave_makes_a_row_without_money() -> None:
    """Excused before the lock: nothing due, nothing paid, 无业务; what he paid nevertheless is 多缴."""
    away = (a_seat(HOME, reason=NotRidingReason.LEAVE), a_seat(BACK, reason=NotRidingReason.LEAVE))
    row = the_row(away, ())
    assert (row.status, row.facts.on_leave, row.facts.registered, row.leaves) == (
        RowStatus.NONE,
        True,
        False,
        2,
    )
    assert row.reasons == ("leave",)
    assert the_row(away, (), money(1600)).status is RowStatus.OVERPAID


def test_a_rider_without_a_seat_who_rode_is_unregistered() -> None:
    """On no roster and on no list of the run, but on the bus."""
    row = the_row((), (a_ride(HOME, planned_stop_id=None),))
    assert row.status is RowStatus.RODE_UNREGISTERED


def test_a_no_show_after_the_lock_forfeits_the_seat() -> None:
    """Leave told at the bus: 16.00 stay due; paid, it is 已缴未乘 without a right to a refund."""
    stayed = tuple(replace(ride, boarded=False, reason=NotRidingReason.LEAVE) for ride in RODE)
    assert the_row(BOTH, stayed, money(1600)).status is RowStatus.PAID_NOT_RODE
    assert the_row(BOTH, stayed).status is RowStatus.UNPAID_NOT_RODE


def test_a_weekend_cancelled_by_the_school_gives_the_money_back() -> None:
    """Both runs cancelled after payment: 应退未退."""
    stayed = tuple(replace(ride, boarded=False, reason=NotRidingReason.LEAVE) for ride in RODE)
    cancelled = frozenset({("001", FRIDAY, HOME)})
    assert the_row(BOTH, stayed, money(1600), cancelled=cancelled).status is RowStatus.REFUND_DUE


def test_a_dispute_stops_everything_else() -> None:
    """While somebody disputes the row it has no other status."""
    assert the_row(BOTH, RODE, disputed=frozenset({("001", UNIT)})).status is RowStatus.DISPUTED


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"closed": False}, RowFlag.RUN_NOT_CLOSED),
        ({"is_disputed": True}, RowFlag.CHALLENGED),
        ({"stop_id": "S2"}, RowFlag.OTHER_STOP),
        ({"stop_id": "S9"}, RowFlag.PRICE_BAND_MISMATCH),
        ({"planned_stop_id": None}, RowFlag.WRONG_ROUTE),
    ],
)
def test_flags_of_a_ride(change: dict, flag: RowFlag) -> None:
    """Each oddity of the ride home shows on the row; none of them when all is well."""
    row = the_row(BOTH, (a_ride(HOME, **change), a_ride(BACK)))
    assert flag in row.flags
    assert flag not in the_row(BOTH, RODE).flags


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"flags": frozenset({MatchFlag.LOW_CONFIDENCE})}, RowFlag.LOW_CONFIDENCE),
        ({"flags": frozenset({MatchFlag.MANUAL})}, RowFlag.MANUAL),
        ({"paid_on": date(2024, 2, 18)}, RowFlag.CROSS_TERM),
        ({"paid_on": date(2024, 3, 25)}, RowFlag.LATE),
    ],
)
def test_flags_of_a_payment(change: dict, flag: RowFlag) -> None:
    """How sure the match was and when the money came; fourteen days after the weekend is still in time."""
    assert the_row(BOTH, RODE, money(1600, **change)).flags == {flag}
    assert the_row(BOTH, RODE, money(1600, paid_on=date(2024, 3, 24))).flags == frozenset()


def test_who_changes_buses_on_the_way_rode_once() -> None:
    """Two closed runs of one evening, one ride: charged once, counted once."""
    seats = (a_seat(HOME), a_seat(BACK))
    row = the_row(seats, (a_ride(HOME), a_ride(HOME, run_id="substitute"), a_ride(BACK)), money(1600))
    assert (row.status, row.facts.rides, row.facts.due_fen) == (RowStatus.OK, 2, 1600)


def test_rides_of_an_open_or_disputed_run_do_not_count() -> None:
    """k counts closed runs only."""
    row = the_row(BOTH, (a_ride(HOME, closed=False), a_ride(BACK, is_disputed=True)))
    assert (row.facts.rides, row.facts.due_fen) == (0, 0)


def test_a_term_is_earned_weekend_by_weekend() -> None:
    """
    TERM 200.00 over the 20 Fridays of the term: 10.00 a weekend; all weekends together 200.00.
    """
    rates = (TariffRate(band="A", unit=FareUnit.TERM, fen=20_000, from_on=TERM.starts_on, to_on=None),)
    payers = {("001", FRIDAY): Payer(rider_id="001", band="A", directions=2)}
    ((charge,), _) = charges_due((a_ride(HOME),), payers, rates, TERM)
    assert earned_fen(charge, FRIDAY, SUNDAY) == 1000
    assert earned_fen(charge, TERM.starts_on, TERM.ends_on) == 20_000
    assert earned_fen(charge, SUNDAY, date(2024, 3, 14)) == 0


def test_a_weekend_is_earned_in_the_period_of_its_friday() -> None:
    """The weekend of 29 March belongs to March although its Sunday is the 31st; April earns nothing of it."""
    row = the_row(BOTH, RODE, period_from=date(2024, 3, 9), period_to=date(2024, 3, 31))
    assert (row.earned_fen, row.facts.due_fen) == (0, 1600)


def test_differences_come_worst_first_then_largest() -> None:
    """少缴 before 多缴, the larger gap first, rows in order not at all."""
    short = the_row(BOTH, RODE, money(1500))
    shorter = replace(the_row(BOTH, RODE, money(1000)), rider_id="002")
    over = the_row(BOTH, RODE, money(1700))
    fine = the_row(BOTH, RODE, money(1600))
    assert differences([fine, over, short, shorter]) == (shorter, short, over)
