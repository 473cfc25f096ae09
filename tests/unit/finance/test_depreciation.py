"""Straight-line depreciation: months that add up to the whole, due once each, by the plan that holds."""

from datetime import date

import pytest

from busops.domain.errors import InvalidInput
from busops.finance.depreciation import (
    MOST_MONTHS,
    DepreciationPlan,
    DueMonth,
    checked,
    due_months,
    last_day,
    month_number,
    month_of,
    plan_of,
)


def a_plan(**changed: object) -> DepreciationPlan:
    """A bus of 100.00 yuan that will be worth 5.00: 95.00 over 7 months."""
    facts = {
        "plate": "A", "number": 1, "bought_on": date(2025, 11, 12), "cost_fen": 10_000,
        "residual_fen": 500, "months": 7, "starts": "2025-12",
    }  # fmt: skip
    return DepreciationPlan(**(facts | changed))  # type: ignore[arg-type]


def test_the_months_add_up_to_cost_less_residual() -> None:
    """1357 1357 1357 1357 1357 1357 1358: nothing before, nothing after, to the fen."""
    months = [month_of(month_number("2025-10") + n) for n in range(12)]
    parts = [a_plan().month_fen(month) for month in months]
    assert parts == [0, 0, 1357, 1357, 1357, 1357, 1357, 1357, 1358, 0, 0, 0]
    assert sum(parts) == 9500


def test_a_later_plan_takes_over_from_its_first_month() -> None:
    """From March on the second plan holds, whatever vehicle others are."""
    second = a_plan(number=2, starts="2026-03", cost_fen=6000, months=10)
    other = a_plan(plate="B", number=3)
    plans = [second, a_plan(), other]
    assert plan_of(plans, "A", "2026-02") == a_plan()
    assert plan_of(plans, "A", "2026-03") == second
    assert plan_of(plans, "A", "2025-11") is None


def test_months_are_due_once_they_are_over_and_not_posted() -> None:
    """On the last of February: December and February, January being posted; not March."""
    due = due_months([a_plan()], {("A", "2026-01"), ("B", "2025-12")}, date(2026, 2, 28))
    assert [one.month for one in due] == ["2025-12", "2026-02"]
    assert due[0] == DueMonth(plate="A", number=1, month="2025-12", fen=1357)
    assert (due[1].first_on, due[1].last_on) == (date(2026, 2, 1), date(2026, 2, 28))
    assert [one.month for one in due_months([a_plan()], (), date(2026, 2, 27))] == ["2025-12", "2026-01"]
    assert len(due_months([a_plan()], (), date(2027, 1, 1))) == 7
    assert due_months([], (), date(2027, 1, 1)) == ()


def test_a_month_is_a_month() -> None:
    """The last day of a leap February; nonsense is told."""
    assert last_day("2028-02") == date(2028, 2, 29)
    assert month_of(month_number("2026-12") + 1) == "2027-01"
    with pytest.raises(InvalidInput, match="not_a_month"):
        month_number("2026-13")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"residual_fen": 10_001}, "depreciation_cost_wrong"),
        ({"residual_fen": -1}, "depreciation_cost_wrong"),
        ({"cost_fen": 0, "residual_fen": 0}, "depreciation_cost_wrong"),
        ({"months": 0}, "depreciation_months_wrong"),
        ({"months": MOST_MONTHS + 1}, "depreciation_months_wrong"),
        ({"starts": "2025-10"}, "depreciation_too_early"),
        ({"starts": "soon"}, "not_a_month"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(changed: dict[str, object], code: str) -> None:
    """More residual than cost, no months, a start before the purchase."""
    with pytest.raises(InvalidInput, match=code):
        checked(a_plan(**changed))
    plan = a_plan()
    assert checked(plan) is plan
