"""
The tests of the money are tested: each mutant of the rules and guards must be noticed by their oracle.

A mutant is one small wrong change of a source text: of the status table, of the 10 % goal, or
of a ledger guard. One that nobody notices is a rule that nobody tests, and fails.
"""

import re
import shutil
from itertools import product
from pathlib import Path
from types import ModuleType

import pytest

import busops.finance
from busops.domain.school import Basis, FeeRegime, FinancePolicy
from busops.storage import guards
from busops.storage.database import Database, open_engine
from tests.storage import test_bills_coming_in as coming_in
from tests.storage import test_ledger_guards as attacks
from tests.unit.finance import test_net_revenue as goal
from tests.unit.finance import test_reconcile as table

FOLDER = Path(busops.finance.__file__).parent
GUARD = guards.FOLDER / "ledger_sqlite.sql"

STATUS_MUTANTS = [
    ("row.due_fen < 0 or", "False or"),
    ("row.paid_fen < 0 or row.rides < 0", "row.rides < 0"),
    ("row.paid_fen < 0 or row.rides < 0", "row.paid_fen < 0"),
    ("row.paid_fen == row.due_fen > 0", "row.paid_fen == row.due_fen"),
    ("(row.on_leave or row.is_cancelled)", "row.on_leave"),
    ("(row.on_leave or row.is_cancelled)", "row.is_cancelled"),
    (" and row.has_refund_right", ""),
    ("lambda row: row.is_disputed", "lambda row: False"),
    ("row.rides > 0 and not row.registered", "not row.registered"),
    ("row.rides > 0 and not row.registered", "row.rides > 1 and not row.registered"),
    ("lambda row: row.is_waived", "lambda row: row.is_waived and row.paid_fen == 0"),
    ("row.rides > 0 and row.due_fen > 0 and row.paid_fen == 0", "row.rides > 0 and row.paid_fen == 0"),
    ("row.rides > 0 and row.due_fen > 0 and row.paid_fen == 0", "row.due_fen > 0 and row.paid_fen == 0"),
    ("0 < row.paid_fen < row.due_fen", "0 <= row.paid_fen < row.due_fen"),
    ("0 < row.paid_fen < row.due_fen", "0 < row.paid_fen <= row.due_fen"),
    ("row.paid_fen > row.due_fen", "row.paid_fen >= row.due_fen"),
    ("_is_paid_up(row) and row.rides == 0 and _may_get_back(row)", "_is_paid_up(row) and _may_get_back(row)"),
    ("lambda row: _is_paid_up(row) and row.rides == 0)", "lambda row: _is_paid_up(row))"),
    ("lambda row: row.due_fen > 0 and row.paid_fen == 0)", "lambda row: False)"),
    ("row.due_fen == 0 and row.rides > 0", "row.due_fen == 0"),
    ("lambda row: row.was_refunded", "lambda row: False"),
    ("lambda row: row.was_refunded", "lambda row: True"),
    ("if count}", "if count > 1}"),
]
GOAL_MUTANTS = [
    (">= target_bp * base_fen", "> target_bp * base_fen"),
    ("target_bp * base_fen else", "1000 * base_fen else"),
    ("if base_fen == 0 and costs_fen == 0:", "if base_fen == 0:"),
    ("if base_fen == 0 and costs_fen == 0:", "if costs_fen == 0:"),
    ("base_fen <= 0:\n        return Verdict.NOT_MET", "base_fen < 0:\n        return Verdict.NOT_MET"),
    ('    if base_fen <= 0:\n        return "-"', '    if base_fen == 0:\n        return "-"'),
    ("net_fen * WHOLE_BP // base_fen", "-(-net_fen * WHOLE_BP // base_fen)"),
    ('sign = "-" if hundredths < 0', 'sign = "" if hundredths < 0'),
    ("// WHOLE_BP - costs_fen", "// WHOLE_BP + costs_fen"),
    ("(WHOLE_BP - target_bp) * base_fen", "(WHOLE_BP - 1000) * base_fen"),
    ("sums.receipts_fen - sums.refunds_fen, sums", "sums.receipts_fen, sums"),
    ("sums.cash_costs_fen, sums.refunds_fen", "sums.cash_costs_fen, 0"),
    ("sums.earned_fen, sums.costs_fen, 0", "sums.earned_fen, sums.cash_costs_fen, 0"),
    ("sums.cash_costs_fen, sums.refunds_fen", "sums.costs_fen, sums.refunds_fen"),
    ("if sums.open_runs:", "if False:"),
    ("if sums.unidentified_fen:", "if False:"),
    ("richer - costs, costs, target) is not", "richer - costs, costs, target) is"),
    ("base + sums.unidentified_fen", "base - sums.unidentified_fen"),
    ("sums.estimated_fen if accrual else sums.estimated_cash_fen", "sums.estimated_fen"),
    ("sums.estimated_fen if accrual else sums.estimated_cash_fen", "sums.estimated_cash_fen"),
    ("leaner, leaner, target) is not", "leaner, leaner, target) is"),
    ("leaner = costs - estimated", "leaner = costs + estimated"),
    ("in results.values()}) > 1:", "in results.values()}) > 2:"),
    ("if official.base_fen < 0:", "if official.base_fen > 0:"),
    ("is_in_doubt=bool(reasons)", "is_in_doubt=False"),
    ("is FeeRegime.AGENCY_COLLECTION", "is FeeRegime.SERVICE_CHARGE"),
    ("if official.verdict is Verdict.NOT_APPLICABLE:", "if False:"),
    ("    if official.base_fen < 0:\n        return Why", "    if False:\n        return Why"),
    ("if official.base_fen == 0:\n        return Why.NO_FARES", "if False:\n        return Why.NO_FARES"),
    ("Why.REACHED if official.is_met else", "Why.REACHED if not official.is_met else"),
    ("-(-WHOLE_BP * costs_fen // kept_bp) - base_fen)", "WHOLE_BP * costs_fen // kept_bp - base_fen)"),
    ("max(0, -(-WHOLE_BP", "(-(-WHOLE_BP"),
    ("kept_bp = WHOLE_BP - target_bp", "kept_bp = WHOLE_BP - 1000"),
    ("if kept_bp <= 0:", "if kept_bp < 0:"),
    ("None if costs_fen > 0 else", "None if costs_fen >= 0 else"),
    ("missing_fare_fen(official.base_fen, official.costs_fen,", "missing_fare_fen(official.base_fen, 0,"),
    ("results[policy.basis]", "results[Basis.ACCRUAL]"),
    ("{Doubt.OPEN_RUNS, Doubt.UNIDENTIFIED_MONEY,", "{Doubt.UNIDENTIFIED_MONEY,"),
    ("Doubt.ESTIMATED_COSTS, Doubt.NO_COSTS}", "Doubt.NO_COSTS}"),
    ("Doubt.ESTIMATED_COSTS, Doubt.NO_COSTS}", "Doubt.ESTIMATED_COSTS}"),
    ("if base > 0 and costs == 0:", "if base > 0 and costs <= 1:"),
]  # fmt: skip


def load(name: str, old: str = "", new: str = "") -> ModuleType:
    """The module with one change; without any, a fresh copy of it."""
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert old in source, f"the mutant of {name} no longer applies: {old}"
    module = ModuleType(f"busops.finance.{name}")
    exec(compile(source.replace(old, new, 1) if old else source, name, "exec"), module.__dict__)  # noqa: S102
    return module


def status_results(module: ModuleType) -> list[str]:
    """What the status table says of every combination of facts, and how it counts."""
    found = []
    for due, paid, rides in product((-1, 0, 10), (-1, 0, 5, 10, 20), (-1, 0, 1, 2)):
        for chosen in product((False, True), repeat=7):
            words = "".join(letter for letter, is_so in zip("elcrwdb", chosen, strict=True) if is_so)
            found.append(str(module.status_of(table.facts(due, paid, rides, words))))
    rows = [table.a_row(10, 10, 1), table.a_row(10, 0, 1), table.a_row(10, 0, 1)]
    return [*found, *module.status_counts(rows)]


def goal_results(module: ModuleType) -> list[object]:
    """What the goal says of the worked examples, their edges and doubts."""
    missed = {"costs_fen": 10_395_001, "cash_costs_fen": 10_395_001}
    exact = {"costs_fen": 10_395_000, "cash_costs_fen": 10_395_000}
    cases = (
        *({}, exact, missed, missed | {"unidentified_fen": 2}, missed | {"unidentified_fen": 1}),
        *(missed | {"estimated_fen": 1}, missed | {"estimated_cash_fen": 1}, {"estimated_fen": 500}),
        *(exact | {"estimated_fen": 1}, {"open_runs": 1}, {"receipts_fen": 100, "refunds_fen": 200}),
        *({"cash_costs_fen": 9_000_000}, {"costs_fen": 0, "earned_fen": 0}, {"unidentified_fen": -9_000_000}),
        *({"costs_fen": 0, "cash_costs_fen": 0}, {"costs_fen": 1, "cash_costs_fen": 1}),
        {"earned_fen": 0},
    )
    found: list[object] = []
    for basis, changed, target, regime in product(Basis, cases, (1000, 2000), FeeRegime):
        sums = module.PeriodSums(**{**_plain(goal.sums()), **changed})
        result = module.judge(sums, FinancePolicy(basis=basis, target_bp=target, fee_regime=regime))
        found.append((str(result.verdict), [str(doubt) for doubt in result.doubts], result.official.basis))
        found.append((str(result.why), result.missing_fare_fen))
        found += [(item.base_fen, item.net_fen, item.ratio, item.headroom_fen) for item in result.bases]
    found += [
        str(module.plain_verdict(base, base - costs, costs))
        for base, costs in product((-1, 0, 1), (-1, 0, 1))
    ]
    found += [module.missing_fare_fen(-1, costs, target) for costs in (0, 1) for target in (9_999, 10_000)]
    found += [module.ratio_text(*pair) for pair in ((9_996, 100_000), (-1, 100_000), (5, 0), (5, -1))]
    return found


def _plain(sums: object) -> dict[str, int]:
    return {name: getattr(sums, name) for name in type(sums).__dataclass_fields__}


def _is_noticed(results: object, name: str, old: str, new: str, right: object) -> bool:
    try:
        return results(load(name, old, new)) != right  # type: ignore[operator]
    except (StopIteration, ZeroDivisionError):
        return True


def test_every_mutant_of_the_status_table_dies() -> None:
    """Each wrong change gives some combination another status; the table itself is as expected."""
    right = status_results(load("reconcile"))
    assert right[:10] == [str(table.expected(table.facts(-1, -1, -1, ""))) for _ in range(10)]
    alive = [pair for pair in STATUS_MUTANTS if not _is_noticed(status_results, "reconcile", *pair, right)]
    assert alive == []


def test_every_mutant_of_the_goal_dies() -> None:
    """Each wrong change moves a verdict, a doubt, a sum or a shown ratio of the examples."""
    right = goal_results(load("net_revenue"))
    alive = [pair for pair in GOAL_MUTANTS if not _is_noticed(goal_results, "net_revenue", *pair, right)]
    assert alive == []


def guard_mutants(script: str) -> list[tuple[str, str]]:
    """A script of guards, each WHEN branch made never to fire and each trigger taken away once."""
    found = []
    for statement in guards.statements(script):
        name = re.search(r"CREATE TRIGGER (\w+)", statement)[1]
        found.append((f"{name} gone", script.replace(statement, "")))
        for branch in re.findall(r"\n    WHEN (.*?)(?=THEN RAISE)", statement, re.DOTALL):
            weaker = statement.replace(f"WHEN {branch}THEN", "WHEN 0 THEN", 1)
            found.append((f"{name}: {' '.join(branch.split())[:50]}", script.replace(statement, weaker)))
    return found


@pytest.fixture(scope="module")
def filled(empty_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the books that the attacks are made against."""
    path = tmp_path_factory.mktemp("mutants") / "books.sqlite3"
    shutil.copy(empty_sqlite, path)
    engine = open_engine(f"sqlite:///{path}")
    attacks.fill_books(Database(engine=engine, school_id="t1"))
    engine.dispose()
    return path


def test_every_mutant_of_the_ledger_guards_dies(filled: Path) -> None:
    """
    Without one trigger or one of its conditions some attack of the table succeeds.

    Those that another guard or key also holds are named here, with what holds them.
    """
    engine = open_engine(f"sqlite:///{filled}", guarded=False)
    database = Database(engine=engine, school_id="t1")
    guard = GUARD.read_text(encoding="utf-8")
    names = re.findall(r"CREATE TRIGGER (\w+)", guard)
    alive = []
    for mutant, script in guard_mutants(guard):
        with engine.begin() as connection:
            for name in names:
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
            for statement in guards.statements(script):
                connection.exec_driver_sql(statement)
        everything = [*attacks.ATTACKS.values(), *coming_in.ATTACKS.values(), *attacks.REPLACEMENTS]
        if all(attacks.is_refused(database, statements) for statements in everything):
            alive.append(mutant)
    engine.dispose()
    assert alive == HELD_TWICE


# A period cannot be locked while something in it is unposted, so nothing unposted is ever in a locked one.
HELD_TWICE = ["ledger_txn_posts: (SELECT locked FROM period WHERE school_id = NEW.s"]
