"""
The tests of "earned" and of parts of a price are tested: each wrong change must end some case otherwise.

The cases are tables of their own, so that a mutant is run in milliseconds.
"""

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from busops.finance import earning, proration
from busops.finance.allowances import AllowanceKind, AllowanceState
from busops.finance.refunds import RefundState, RefundTrigger
from busops.finance.tariff import FareUnit
from tests.unit.finance import test_earning as scenes

EARNING_MUTANTS = [
    ("if item.is_approved]", "]"),
    ("if item.state is AllowanceState.APPROVED]", "]"),
    ("if item.trigger is RefundTrigger.LEFT_SERVICE)", ")"),
    ("if item.kind is AllowanceKind.JOINED_LATE)", ")"),
    ("spread_fen=given - first - last", "spread_fen=given"),
    ("spread_fen=given - first - last", "spread_fen=given - first"),
    ("to_on) or (charge.from_on,)", "to_on)"),
    ("charge.due_fen - off.spread_fen", "charge.due_fen"),
    ("off.first_fen)\n", "0)\n"),
    ("off.last_fen))", "0))"),
    ("reversed(_taken_off(reversed(parts), off.last_fen))", "_taken_off(parts, off.last_fen)"),
    ("first_on <= on <= last_on", "first_on <= on"),
    ("first_on <= on <= last_on", "on <= last_on"),
    ("if charge.unit not in SHORT:", "if True:"),
    ("if period_of(on) <= period_of(until):", "if True:"),
    ("period_of(on) <= period_of(until)", "period_of(on) < period_of(until)"),
    ("items() if fen}", "items()}"),
    ("min(left, max(0, part))", "max(0, part)"),
    ("min(left, max(0, part))", "left"),
    ("found[-1] -= left", "pass"),
    ("moves(Account.PREPAID, Account.INCOME, fen)", "moves(Account.INCOME, Account.PREPAID, fen)"),
    ("if due.get(key) != standing.get(key):", "if True:"),
    ("due.keys() | standing.keys()", "due.keys()"),
    ("due.keys() | standing.keys()", "standing.keys()"),
]
PRORATION_MUTANTS = [
    ("max(from_on, joined_on.replace(day=1))", "joined_on.replace(day=1)"),
    ("max(from_on, joined_on.replace(day=1))", "joined_on"),
    ("min(to_on, _last_of(left_on))", "_last_of(left_on)"),
    ("min(to_on, _last_of(left_on))", "left_on"),
    ("month >= first.replace(day=1) and (", "(True) and ("),
    ("month >= first.replace(day=1)", "month >= first"),
    ("max(month, from_on) <= left_on", "month <= left_on"),
    ("max(month, from_on) <= left_on", "max(month, from_on) < left_on"),
    ("if part.is_owed)", ")"),
    ("to_on=max(first, last)", "to_on=last"),
]


def earned(module: ModuleType) -> Iterable[Any]:
    """What the module says of reductions, parts, months and differences."""
    refunds = [
        scenes.a_refund(trigger, state)
        for trigger in (RefundTrigger.LEFT_SERVICE, RefundTrigger.SCHOOL_FAULT)
        for state in (RefundState.APPROVED, RefundState.REQUESTED)
    ]
    allowances = [
        scenes.an_allowance(kind, state)
        for kind in (AllowanceKind.JOINED_LATE, AllowanceKind.HARDSHIP)
        for state in (AllowanceState.APPROVED, AllowanceState.PROPOSED)
    ]
    yield repr(module.reduction_of(refunds, allowances))
    charges = (scenes.a_charge(), scenes.a_charge(FareUnit.TRIP, 1_600, scenes.FEB), scenes.a_charge(fen=0))
    for off in ((0, 0, 0), (7_000, 0, 0), (0, 16_000, 0), (3_000, 5_000, 20), (0, 45_000, 0)):
        cut = module.Reduction(**dict(zip(("first_fen", "last_fen", "spread_fen"), off, strict=True)))
        for charge in charges:
            yield module.earned_parts(charge, cut)
            yield module.earned_fen(charge, date(2024, 3, 1), date(2024, 3, 31), off=cut)
            yield module.delivered_by_month(charge, cut, date(2024, 5, 31))
    yield repr(module.delivery_postings(5))
    yield list(module.due_now({"a": 1, "b": 2}, {"b": 2, "c": 3}))


def parted(module: ModuleType) -> Iterable[Any]:
    """What is owed of a term and of a month, for days before, in and after it."""
    days = (None, date(2024, 1, 5), date(2024, 2, 19), date(2024, 4, 30), date(2024, 5, 1), date(2024, 8, 1))
    for joined_on in days:
        for left_on in (*days, date(2024, 2, 10)):
            yield repr(module.owed_part(40_000, scenes.FEB, scenes.JUL, joined_on=joined_on, left_on=left_on))


def played(source: str, module: ModuleType, table: Callable[[ModuleType], Iterable[Any]]) -> list[str]:
    """How the table ends with this text of the module; what it raises ends it."""
    changed = ModuleType(module.__name__)
    found = []
    exec(compile(source, module.__name__, "exec"), changed.__dict__)  # noqa: S102
    try:
        for item in table(changed):
            found.append(str(item))
    except Exception as error:
        found.append(type(error).__name__)
    return found


@pytest.mark.parametrize(
    ("module", "table", "mutants"),
    [(earning, earned, EARNING_MUTANTS), (proration, parted, PRORATION_MUTANTS)],
)
def test_every_mutant_dies(
    module: ModuleType, table: Callable[[ModuleType], Iterable[Any]], mutants: list[tuple[str, str]]
) -> None:
    """Each wrong change is seen in the table."""
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    right = played(source, module, table)
    assert len(right) > 10
    alive = []
    for old, new in mutants:
        assert old in source, old
        if played(source.replace(old, new, 1), module, table) == right:
            alive.append((old, new))
    assert alive == []
