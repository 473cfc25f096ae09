"""What a cost is: what of it a period counts, what the costs add up to, and what is wrong with an entry."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from busops.finance.costs import COST_CODES, CostLine, cost_sums, problems_of, within


def insured(**changed: object) -> CostLine:
    """A year's insurance of 36.50 yuan."""
    facts = {
        "on": date(2026, 3, 1), "code": "C07", "fen": 3650, "plate": "A",
        "covers_from": date(2026, 3, 1), "covers_to": date(2027, 2, 28),
    }  # fmt: skip
    return CostLine(**(facts | changed))  # type: ignore[arg-type]


def fuel(**changed: object) -> CostLine:
    """7.00 yuan of fuel, 0.63 of it tax."""
    facts = {"on": date(2026, 3, 1), "code": "C01", "fen": 700, "tax_fen": 63}
    return CostLine(**(facts | changed))  # type: ignore[arg-type]


MARCH = (date(2026, 3, 1), date(2026, 3, 31))


def test_a_year_s_insurance_accrues_by_days_and_is_paid_once() -> None:
    """36.50 yuan for 365 days: 3.10 in March, all of it paid there; 3.00 in April, nothing paid."""
    march = within(insured(), *MARCH)
    assert (march.fen, march.cash_fen) == (310, 3650)
    april = within(insured(), date(2026, 4, 1), date(2026, 4, 30))
    assert (april.fen, april.cash_fen) == (300, 0)
    before = within(insured(), date(2026, 2, 1), date(2026, 2, 28))
    assert (before.fen, before.cash_fen) == (0, 0)


@pytest.mark.parametrize(("fen", "days"), [(1, 7), (100, 1), (3651, 7), (-3651, 30)])
def test_periods_that_join_add_up_to_the_cost(fen: int, days: int) -> None:
    """Over the year and beyond, by days, weeks or months, and its opposite too: no fen is lost."""
    line, day, total, paid = insured(fen=fen), date(2026, 2, 20), 0, 0
    while day < date(2027, 3, 20):
        part = within(line, day, day + timedelta(days=days - 1))
        total, paid, day = total + part.fen, paid + part.cash_fen, day + timedelta(days=days)
        assert part.fen * fen >= 0
    assert (total, paid) == (fen, fen)


def test_a_cost_of_one_day_is_its_period_s_alone() -> None:
    """No span: as it is."""
    line = CostLine(on=date(2026, 3, 1), code="C01", fen=700)
    assert within(line, *MARCH) is line


def test_depreciation_accrues_and_is_never_paid() -> None:
    """A month's depreciation of which the term has six of 28 days."""
    line = CostLine(
        on=date(2026, 2, 28), code="C10", fen=2800,
        covers_from=date(2026, 2, 1), covers_to=date(2026, 2, 28),
    )  # fmt: skip
    part = within(line, date(2026, 2, 23), date(2026, 7, 1))
    assert (part.fen, part.cash_fen) == (600, 0)
    assert replace(part, paid_fen=5).cash_fen == 0


def test_the_sums_keep_overhead_estimates_and_other_use_apart() -> None:
    """
    C01 10.00 of which 2.00 for others   C07 estimated 3.10, paid 36.50   C10 6.00 never paid   C90 90.00
    """
    on = date(2026, 3, 2)
    lines = [
        CostLine(on=on, code="C01", fen=800, other_use_fen=200, other_use_paid_fen=150),
        replace(within(insured(), *MARCH), is_estimate=True),
        CostLine(on=on, code="C10", fen=600),
        CostLine(on=on, code="C90", fen=9000, is_estimate=True),
    ]
    sums = cost_sums(lines)
    assert (sums.counted_fen, sums.cash_fen, sums.overhead_fen) == (1710, 4450, 9000)
    assert (sums.estimated_fen, sums.estimated_cash_fen) == (310, 3650)
    assert (sums.other_use_fen, sums.other_use_cash_fen) == (200, 150)
    assert sums.by_code == {"C01": 800, "C07": 310, "C10": 600, "C90": 9000}


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({"make": fuel}, []),
        ({"make": insured}, []),
        ({"make": fuel, "tax_fen": 700}, []),
        ({"make": fuel, "code": "C77"}, ["cost_code_wrong"]),
        ({"make": fuel, "fen": 0}, ["amount_needed", "cost_tax_wrong"]),
        ({"make": fuel, "tax_fen": 701}, ["cost_tax_wrong"]),
        ({"make": fuel, "tax_fen": -1}, ["cost_tax_wrong"]),
        ({"make": insured, "covers_to": None}, ["cost_span_wrong"]),
        ({"make": insured, "covers_from": None}, ["cost_span_wrong"]),
        ({"make": insured, "covers_to": date(2026, 2, 28)}, ["cost_span_wrong"]),
        ({"make": insured, "covers_to": date(2026, 3, 1)}, []),
    ],
)
def test_everything_wrong_with_an_entry_is_told_at_once(given: dict[str, object], codes: list[str]) -> None:
    """Unknown code, no amount, more tax than money, a span without an end or backwards."""
    make, changed = given["make"], {name: value for name, value in given.items() if name != "make"}
    assert [problem.code for problem in problems_of(make(**changed))] == codes  # type: ignore[operator]
    assert "C77" not in COST_CODES
