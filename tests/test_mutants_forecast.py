"""
The tests of the forecast and of the lines' results are tested: each mutant must fail one of their own tests.

The mutant's functions take the place of the true ones in the test module, whose tests then run as they are.
"""

from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.test_mutants_finance import load
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
    ('"C01": Driver.KM', '"C01": Driver.TIME'),
    ('"C04": Driver.TIME', '"C04": Driver.KM'),
    ('"C14": Driver.FARES', '"C14": Driver.RUNS'),
    ("own = by_id.get(cost.run)", "own = None"),
    ("by_plate.get(cost.plate) or list(runs)", "list(runs)"),
    ("            loose_fen += cost.fen\n", ""),
    ("        if not any(weights):\n            weights = [1] * len(bearers)\n", ""),
    ("            loose_fen += fare.fen\n", ""),
    ("[1] * len(lines)), strict", "range(len(lines))), strict"),
    ("// a_line[run.line]", "// 1"),
    ("return 0\n    return split", "whole, empty = run.distance_m, run.empty_m\n    return split"),
    ("[whole - empty, empty])[1]", "[whole - empty, empty])[0]"),
    ("max(run.planned_fen, 1)", "run.distance_m"),
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
    [("forecast", outlook, FORECAST_MUTANTS), ("line_results", lines, LINE_MUTANTS)],
)
def test_every_mutant_dies(
    name: str, tests: ModuleType, mutants: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module itself passes all of its tests in this way; each wrong change fails one."""
    assert not is_noticed(tests, load(name), monkeypatch)
    alive = [pair for pair in mutants if not is_noticed(tests, load(name, *pair), monkeypatch)]
    assert alive == []
