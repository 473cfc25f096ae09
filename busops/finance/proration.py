"""
Months and terms in parts: what of a price belongs to the months not begun.

The rule, for joining as for leaving: a month that has begun is owed whole, a month that has
not begun is not owed. A price is spread over the months of its unit by their weekends
(Fridays), largest remainder, so that the parts add up to it to the fen.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from busops.finance.money import split_fen
from busops.finance.tariff import FRIDAY


def fridays_of(from_on: date, to_on: date) -> tuple[date, ...]:
    """The weekends (their Fridays) of a time, in order."""
    first = from_on + timedelta(days=(FRIDAY - from_on.weekday()) % 7)
    return tuple(first + timedelta(weeks=week) for week in range(max(0, (to_on - first).days // 7 + 1)))


def month_parts(total_fen: int, from_on: date, to_on: date) -> tuple[tuple[date, int], ...]:
    """The parts of a price by month (its first day), fen; a unit without a Friday is one part."""
    fridays = fridays_of(from_on, to_on)
    months = sorted({friday.replace(day=1) for friday in fridays}) or [from_on.replace(day=1)]
    weights = [sum(friday.replace(day=1) == month for friday in fridays) or 1 for month in months]
    return tuple(zip(months, split_fen(total_fen, weights), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthPart:
    """What of a price falls to a month (its first day), fen, and whether it is owed."""

    month: date
    fen: int
    is_owed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedPart:
    """What somebody owes of a month or term, fen, for the days ``from_on`` … ``to_on``, and why."""

    fen: int
    from_on: date
    to_on: date
    months: tuple[MonthPart, ...]


def owed_part(
    price_fen: int, from_on: date, to_on: date, *, joined_on: date | None, left_on: date | None
) -> OwedPart:
    """The months that were begun while he used the bus; None = from or to any day."""
    first = max(from_on, joined_on.replace(day=1)) if joined_on else from_on
    last = min(to_on, _last_of(left_on)) if left_on else to_on
    months = tuple(
        MonthPart(
            month=month,
            fen=fen,
            is_owed=month >= first.replace(day=1) and (left_on is None or max(month, from_on) <= left_on),
        )
        for month, fen in month_parts(price_fen, from_on, to_on)
    )
    owed = sum(part.fen for part in months if part.is_owed)
    return OwedPart(fen=owed, from_on=first, to_on=max(first, last), months=months)


def _last_of(on: date) -> date:
    return (on.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def not_begun_fen(total_fen: int, from_on: date, to_on: date, left_on: date) -> int:
    """What of a price belongs to months that begin after the day somebody left, fen."""
    parts = month_parts(total_fen, from_on, to_on)
    return sum(part for month, part in parts if max(month, from_on) > left_on)


def before_joining_fen(total_fen: int, from_on: date, to_on: date, joined_on: date) -> int:
    """What of a price belongs to months that were over before the day somebody joined, fen."""
    parts = month_parts(total_fen, from_on, to_on)
    return sum(part for month, part in parts if month < joined_on.replace(day=1))
