"""
What of a charge is earned when, and what the books must say of it: the one place of "earned".

A trip or weekend is earned on its first day; a month or term by its weekends (Fridays), largest
remainder. Months that are over move their part from prepayments to income, one posting a month.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from busops.finance.allowances import Allowance, AllowanceKind, AllowanceState
from busops.finance.charging import Due
from busops.finance.ledger import Account, Posting, moves, period_of
from busops.finance.money import split_fen
from busops.finance.proration import fridays_of
from busops.finance.refunds import Refund, RefundTrigger
from busops.finance.tariff import SHORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """
    What is off a charge, fen: of its first weekends, of its last ones, or of all of them alike.

    Who joined late owes none of the first, who left none of the last; whatever else was given
    back or never asked for is spread over the whole unit.
    """

    first_fen: int = 0
    last_fen: int = 0
    spread_fen: int = 0


def reduction_of(refunds: Iterable[Refund], allowances: Iterable[Allowance]) -> Reduction:
    """What approved refunds and agreed allowances take off one rider's unit."""
    standing = [item for item in refunds if item.is_approved]
    agreed = [item for item in allowances if item.state is AllowanceState.APPROVED]
    last = sum(item.charge_fen for item in standing if item.trigger is RefundTrigger.LEFT_SERVICE)
    first = sum(item.fen for item in agreed if item.kind is AllowanceKind.JOINED_LATE)
    given = sum(item.charge_fen for item in standing) + sum(item.fen for item in agreed)
    return Reduction(first_fen=first, last_fen=last, spread_fen=given - first - last)


def earned_parts(charge: Due, off: Reduction | None = None) -> tuple[tuple[date, int], ...]:
    """The days on which a charge is earned and how much, fen; the parts add up to what is left of it."""
    off = off or Reduction()
    days = fridays_of(charge.from_on, charge.to_on) or (charge.from_on,)  # of a weekend its own Friday
    parts = _taken_off(split_fen(charge.due_fen - off.spread_fen, [1] * len(days)), off.first_fen)
    return tuple(zip(days, reversed(_taken_off(reversed(parts), off.last_fen)), strict=True))


def earned_fen(charge: Due, first_on: date, last_on: date, *, off: Reduction | None = None) -> int:
    """What of a charge is earned in these days, fen; neighbouring times add up to the whole of it."""
    return sum(fen for on, fen in earned_parts(charge, off) if first_on <= on <= last_on)


def delivered_by_month(charge: Due, off: Reduction, until: date) -> Mapping[str, int]:
    """What a month or term must have moved to income by month (``2024-03``), of months over by ``until``."""
    found: dict[str, int] = {}
    if charge.unit not in SHORT:
        for on, fen in earned_parts(charge, off):
            if period_of(on) <= period_of(until):
                found[period_of(on)] = found.get(period_of(on), 0) + fen
    return {month: fen for month, fen in found.items() if fen}


def delivery_postings(fen: int) -> tuple[Posting, ...]:
    """Delivered: Dr 2203, Cr 4201."""
    return moves(Account.PREPAID, Account.INCOME, fen)


def _taken_off(parts: Iterable[int], fen: int) -> list[int]:
    """The parts with so much less, the first ones first; the rest falls to the last part."""
    left, found = fen, []
    for part in parts:
        piece = min(left, max(0, part))
        left -= piece
        found.append(part - piece)
    found[-1] -= left
    return found


def due_now(due: Mapping[str, int], standing: Mapping[str, int]) -> Iterator[tuple[str, int | None]]:
    """Where the books differ from what they must say: the key and what it must be, None = nothing."""
    for key in sorted(due.keys() | standing.keys()):
        if due.get(key) != standing.get(key):
            yield key, due.get(key)
