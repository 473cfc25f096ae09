"""
Straight-line depreciation of vehicles, month by month: what a plan proposes, to be accepted by a person.

Source: 企业会计准则第 4 号 (年限平均法): from the month after the purchase. Up to the k-th of N months
``floor((cost − residual) × k ÷ N)`` has been written off, so the months add up to the whole, to the fen.
The database knows the same rule (``guards/costs_*.sql``).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from busops.domain.errors import InvalidInput

YEAR: Final = 12
MOST_MONTHS: Final = 40 * YEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class DepreciationPlan:
    """How a vehicle is written off: ``number`` counts its plans; the last that has begun holds."""

    plate: str
    number: int
    bought_on: date
    cost_fen: int
    residual_fen: int
    months: int
    starts: str  # a month, 2026-03

    def month_fen(self, month: str) -> int:
        """What is written off in this month, fen; nothing before the first and after the last."""
        at = month_number(month) - month_number(self.starts)
        if not 0 <= at < self.months:
            return 0
        base = self.cost_fen - self.residual_fen
        return base * (at + 1) // self.months - base * at // self.months


@dataclass(frozen=True, slots=True, kw_only=True)
class DueMonth:
    """A month of a vehicle that is not in the books yet, fen, by which of its plans."""

    plate: str
    number: int
    month: str
    fen: int

    @property
    def first_on(self) -> date:
        """The first day of the month."""
        return date.fromisoformat(f"{self.month}-01")

    @property
    def last_on(self) -> date:
        """The last day of the month."""
        return last_day(self.month)


def month_number(month: str) -> int:
    """Months since the year nought; raises InvalidInput for what is no month ``2026-03``."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError as fault:
        raise InvalidInput("not_a_month", found=month) from fault
    return first.year * YEAR + first.month - 1


def month_of(number: int) -> str:
    """The month of such a number."""
    return f"{number // YEAR:04d}-{number % YEAR + 1:02d}"


def last_day(month: str) -> date:
    """The last day of a month."""
    return (date.fromisoformat(f"{month}-01") + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def plan_of(plans: Iterable[DepreciationPlan], plate: str, month: str) -> DepreciationPlan | None:
    """The plan by which a vehicle is written off in a month; None before its first."""
    begun = [plan for plan in plans if plan.plate == plate and plan.starts <= month]
    return max(begun, key=lambda plan: plan.number, default=None)


def due_months(
    plans: Collection[DepreciationPlan], posted: Collection[tuple[str, str]], today: date
) -> tuple[DueMonth, ...]:
    """The months that are over and not posted, by vehicle, oldest first."""
    now = month_number((today + timedelta(days=1)).isoformat()[:7])
    found = []
    for plate in sorted({plan.plate for plan in plans}):
        first = min(month_number(plan.starts) for plan in plans if plan.plate == plate)
        for number in range(first, now):
            month = month_of(number)
            plan = plan_of(plans, plate, month)
            fen = plan.month_fen(month) if plan else 0
            if plan and fen and (plate, month) not in posted:
                found.append(DueMonth(plate=plate, number=plan.number, month=month, fen=fen))
    return tuple(found)


def checked(plan: DepreciationPlan) -> DepreciationPlan:
    """The plan itself; raises InvalidInput where it cannot be."""
    month_number(plan.starts)
    if not 0 <= plan.residual_fen <= plan.cost_fen or plan.cost_fen <= 0:
        raise InvalidInput("depreciation_cost_wrong")
    if not 1 <= plan.months <= MOST_MONTHS:
        raise InvalidInput("depreciation_months_wrong", most=MOST_MONTHS)
    if plan.starts < plan.bought_on.isoformat()[:7]:
        raise InvalidInput("depreciation_too_early")
    return plan
