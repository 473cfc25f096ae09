"""
The tests of the forecast, the lines' results and the costs are tested: each mutant must fail one of them.

The mutant's functions take the place of the true ones in the test module, whose tests then run as they are.
"""

from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.test_mutants_finance import load
from tests.unit.finance import test_cost_shares as shares
from tests.unit.finance import test_costs as costs
from tests.unit.finance import test_depreciation as written_off
from tests.unit.finance import test_forecast as outlook
from tests.unit.finance import test_line_results as lines

FORECAST_MUTANTS = [
    ("facts.run_costs_fen * runs_left // runs", "facts.run_costs_fen // runs * runs_left + runs_left"),
    ("-(-runs * len(facts.coming) // weekends)", "runs"),
    ("weekends < FEW", "weekends <= FEW"),
    ("not sum(one.runs for one in facts.past)", "False"),
    ("Random(seed), draws", "Random(SEED), draws"),
    ("WHOLE_BP * met // draws", "met"),
    ("poor, rich = min(shorts), max(shorts)", "poor, rich = max(shorts), min(shorts)"),
    ("poor, rich = min(shorts), max(shorts)", "poor = rich = mean"),
    ("(WHOLE_BP - SWING_BP)", "WHOLE_BP"),
    ("(WHOLE_BP + SWING_BP)", "WHOLE_BP"),
    ("facts.earned_fen + sum(one.long_fen", "sum(one.long_fen"),
    ("facts.earned_fen + sum(one.long_fen for one in facts.coming)", "facts.earned_fen"),
    ("facts.costs_fen + runs_fen + sum(one.fixed_fen for one in facts.coming)", "facts.costs_fen + runs_fen"),
    ("facts.costs_fen + runs_fen", "facts.costs_fen"),
    ("for short in (poor, mean, rich)", "for short in (mean, mean, mean)"),
    ("base += one.short_fen + one.long_fen", "base += one.short_fen - one.costs_fen"),
    ("costs += one.costs_fen", "costs = one.costs_fen // 2"),
    ("driven += runs", "driven = runs"),
    ("base += week.long_fen + fares_fen", "base += week.long_fen"),
    ("is Verdict.MET", "is Verdict.NOT_MET"),
    ("        values.sort()\n", ""),
    ("(len(values) - 1) * share // 100", "(len(values) - 1) // 2"),
    ("seats = week.seats", "seats = None"),
    ("rng.randrange(len(facts.past))", "0"),
    ("short_fen * (seats - missing)", "short_fen * seats"),
    ("sigma_16 * (rng", "2 * sigma_16 * (rng"),
    ("sigma_16 * (rng.getrandbits(_BITS).bit_count() - _HALF)", "0"),
    ("(around + parts // 2) // parts", "around // parts"),
    ("parts * seats * gone // of", "parts * seats * gone // of * 2"),
]
LINE_MUTANTS = [
    ("loose_fen += share.loose_fen", "pass"),
    ("other_use_fen=sum(cost.other_use_fen for cost in costs)", "other_use_fen=0"),
    ("            loose_fen += fare.fen\n", ""),
    ("[1] * len(lines)), strict", "range(len(lines))), strict"),
    ("(one.headroom_fen, one.line)", "(-one.headroom_fen, one.line)"),
    ("(one.headroom_fen, one.line)", "one.line"),
    ("-(-WHOLE_BP * costs_fen // (kept_bp * rides))", "WHOLE_BP * costs_fen // (kept_bp * rides)"),
    ("-(-WHOLE_BP * costs_fen * rides //", "(WHOLE_BP * costs_fen * rides //"),
    ("if rides <= 0 or kept_bp <= 0:", "if kept_bp <= 0:"),
    ("if rides <= 0 or fares_fen <= 0 or kept_bp <= 0:", "if rides <= 0 or kept_bp <= 0:"),
    ("return self.distance_m - self.empty_m", "return self.distance_m"),
    ("return self.fares_fen - self.costs_fen", "return self.fares_fen"),
    ("fares_fen, fares_fen - costs_fen, costs_fen, target_bp", "fares_fen, fares_fen, costs_fen, target_bp"),
]

SHARE_MUTANTS = [
    ('"C01": Driver.KM', '"C01": Driver.TIME'),
    ('"C04": Driver.TIME', '"C04": Driver.KM'),
    ('"C06": Driver.PLANNED', '"C06": Driver.RUNS'),
    ('"C07": Driver.DAYS', '"C07": Driver.RUNS'),
    ('"C10": Driver.DAYS', '"C10": Driver.KM'),
    ('"C14": Driver.FARES', '"C14": Driver.RUNS'),
    ('"C09", "C10"}', '"C09", "C10", "C02"}'),
    ('frozenset({"C01", ', "frozenset({"),
    ("own = self.by_id.get(cost.run)", "own = None"),
    ("self._by_line.get(cost.line) or ", ""),
    ("self._by_plate.get(cost.plate) or self.all", "self.all"),
    ("cost.run in self.by_id or ", ""),
    (" or cost.line in self._by_line", ""),
    ("if cost.code == DEPRECIATION:", "if False:"),
    ("paid_fen=paid_fen - paid_part_fen", "paid_fen=paid_fen"),
    ("fen=cost.fen - part_fen,\n        paid", "fen=cost.fen,\n        paid"),
    ("other_use_paid_fen=paid_part_fen", "other_use_paid_fen=part_fen"),
    ("[use for use in others if use.plate == cost.plate] if cost.plate else others", "others"),
    ("runs.of_vehicle(cost.plate) if cost.plate else runs.all", "runs.all"),
    ("[own, other])[1]", "[own, other])[0]"),
    ("    if not any(weights):\n        weights = [1] * len(weights)\n", ""),
    ("    if not any(weights):\n        weights = [1] * len(bearers)\n", ""),
    ("loose_fen=cost.fen)", "loose_fen=0)"),
    ("lines[runs.by_id[run_id].line] += part", "lines[runs.by_id[run_id].line] = part"),
    ("case _:\n            return 0", "case _:\n            whole, empty = run.distance_m, run.empty_m"),
    ("[whole - empty, empty])[1]", "[whole - empty, empty])[0]"),
    ("whole // a_day[trip.plate, trip.on]", "whole"),
    ("Counter((trip.plate, trip.on) for", "Counter((trip.plate, 0) for"),
    ("// a_line[run.line]", "// 1"),
    ("max(run.planned_fen, 1)", "run.distance_m"),
]
WRITE_OFF_MUTANTS = [
    ("base * (at + 1) // self.months - base * at // self.months", "base // self.months"),
    ("if not 0 <= at < self.months", "if not 0 <= at"),
    ("if not 0 <= at < self.months", "if not at < self.months"),
    ("self.cost_fen - self.residual_fen", "self.cost_fen"),
    ("plan.plate == plate and plan.starts <= month", "plan.plate == plate"),
    ("plan.plate == plate and plan.starts <= month", "plan.starts <= month"),
    ("key=lambda plan: plan.number", "key=lambda plan: -plan.number"),
    ("(today + timedelta(days=1))", "(today + timedelta(days=40))"),
    ("(today + timedelta(days=1))", "today"),
    (" and (plate, month) not in posted", ""),
    ("if plan and fen and", "if plan and"),
    ("plan.residual_fen <= plan.cost_fen", "True"),
    ("1 <= plan.months <= MOST_MONTHS", "1 <= plan.months"),
    ("plan.starts < plan.bought_on.isoformat()[:7]", "False"),
    ("month_number(plan.starts)\n    if", "if"),
]
COST_MUTANTS = [
    ("return 0\n        return self.fen if", "return self.fen\n        return self.fen if"),
    ("self.fen if self.paid_fen is None else self.paid_fen", "self.fen"),
    ("if line.code == OVERHEAD:", "if False:"),
    ("cash += line.cash_fen", "cash += line.fen"),
    ("estimated_cash += line.cash_fen", "estimated_cash += line.fen"),
    ("estimated += line.fen if line.is_estimate else 0", "estimated += line.fen"),
    ("other += line.other_use_fen", "pass"),
    ("other_cash += line.other_use_paid_fen", "pass"),
    ("(line.covers_to - line.covers_from).days + 1", "(line.covers_to - line.covers_from).days"),
    ("accrued_fen(first - timedelta(days=1))", "accrued_fen(first)"),
    ("return -part if line.fen < 0 else part", "return part"),
    ("first <= line.on <= last and", "line.on <= last and"),
    ("first <= line.on <= last and", "first <= line.on and"),
    ("if line.code not in COST_CODES", "if False"),
    ("if line.fen <= 0", "if line.fen < 0"),
    ("0 <= line.tax_fen <= max(line.fen, 0)", "0 <= line.tax_fen"),
    ("(line.covers_from is None) != (line.covers_to is None) or", "False or"),
    ("and line.covers_to < line.covers_from", "and False"),
]


def calls(tests: ModuleType) -> Iterator[tuple[object, dict[str, object]]]:
    """Every test of a module with each of its parameter sets."""
    for name, test in vars(tests).items():
        if not name.startswith("test_"):
            continue
        marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
        if not marks:
            yield test, {}
        for names, rows in (mark.args for mark in marks):
            keys = [names] if isinstance(names, str) else list(names)
            yield from ((test, dict(zip(keys, row, strict=True))) for row in rows)


def is_noticed(tests: ModuleType, mutant: ModuleType, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether some test fails with the mutant in the place of the true module."""
    with monkeypatch.context() as patch:
        for name in set(vars(tests)) & set(vars(mutant)):
            if getattr(vars(mutant)[name], "__module__", "") == mutant.__name__:
                patch.setattr(tests, name, vars(mutant)[name])
        try:
            for test, given in calls(tests):
                test(**given)  # type: ignore[operator]
        except (Exception, pytest.fail.Exception):  # whatever it is, it was noticed
            return True
    return False


@pytest.mark.parametrize(
    ("name", "tests", "mutants"),
    [
        ("forecast", outlook, FORECAST_MUTANTS),
        ("line_results", lines, LINE_MUTANTS),
        ("cost_shares", shares, SHARE_MUTANTS),
        ("costs", costs, COST_MUTANTS),
        ("depreciation", written_off, WRITE_OFF_MUTANTS),
    ],
)
def test_every_mutant_dies(
    name: str, tests: ModuleType, mutants: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module itself passes all of its tests in this way; each wrong change fails one."""
    assert not is_noticed(tests, load(name), monkeypatch)
    alive = [pair for pair in mutants if not is_noticed(tests, load(name, *pair), monkeypatch)]
    assert alive == []
