"""
The tests of refunds are tested: a wrong change of the rules or of a guard must be noticed.

The guards on both databases, each condition made weaker and each trigger taken away once, and the
rules of ``finance/refunds.py`` against their own tests.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from busops.finance import refunds
from busops.storage import guards
from busops.storage.database import Database, open_engine
from tests import pg
from tests.pg_mutants import survivors
from tests.storage import test_account_guards as of_accounts
from tests.storage import test_fee_guards as of_fees
from tests.storage import test_refund_guards as attacks
from tests.storage.test_ledger_guards import is_refused
from tests.test_mutants_finance import guard_mutants
from tests.unit.finance import test_refunds as rules

POSTGRESQL = (guards.FOLDER / "refunds_postgresql.sql").read_text(encoding="utf-8")
RULE_MUTANTS = [
    ("RefundState.CHECKED: frozenset({Role.DISPATCHER})", "RefundState.CHECKED: frozenset(Role)"),
    ("RefundState.APPROVED: frozenset({Role.FINANCE_LEAD})", "RefundState.APPROVED: frozenset(Role)"),
    ("RefundState.PAID: frozenset({Role.FINANCE})", "RefundState.PAID: frozenset(Role)"),
    ("frozenset({RefundState.REQUESTED, RefundState.CHECKED})", "frozenset({RefundState.REQUESTED})"),
    ("frozenset({RefundState.REQUESTED, RefundState.CHECKED})", "frozenset({RefundState.CHECKED})"),
    ("frozenset({RefundState.REQUESTED, RefundState.APPROVED})", "frozenset({RefundState.REQUESTED})"),
    ("frozenset({RefundState.REQUESTED, RefundState.APPROVED})", "frozenset({RefundState.APPROVED})"),
    ("RefundState.APPROVED: frozenset({RefundState.PAID, RefundState.RETURNING})",
     "RefundState.APPROVED: frozenset(RefundState)"),
    ("if is_cancelled:", "if False:"),
    ("if not told:", "if False:"),
    ("if not is_before_lock:", "if is_before_lock:"),
    ("told == {str(NotRidingReason.GUARDIAN_PICKUP)}", "bool(told)"),
    ("if trigger is None:", "if False:"),
    ("rule.long_bp > 0 and weekends >= rule.min_units", "rule.long_bp > 0"),
    ("money.paid_fen - money.refunds_fen\n    if trigger", "money.paid_fen\n    if trigger"),
    ("max(0, left - money.due_fen)", "left"),
    ("if money.span.unit in SHORT:", "if False:"),
    ("share_fen(money.paid_fen, rule.short_bp", "share_fen(money.due_fen, rule.short_bp"),
    ("share_fen(part, rule.long_bp, FULL_BP)", "part * 2"),
    ("elif money.missed_weekends < rule.min_units:", "elif False:"),
    ("money.paid_fen * money.missed_weekends", "money.paid_fen"),
    ("min(left, part - money.refunds_fen)", "min(left, part)"),
    ("money.paid_fen - money.refunds_fen - money.due_fen)\n    return max(0, f", "0)\n    return max(0, f"),
    ("max(0, fen - excess)", "fen"),
    ("fen=refund.fen - refund.charge_fen, rider_id", "fen=refund.fen - refund.charge_fen, rider_id"),
    ("Account.INCOME if unit in SHORT else Account.PREPAID", "Account.INCOME"),
    ("Posting(account=Account.RETURNABLE, fen=-refund.fen),\n    )\n    return tuple",
     "Posting(account=Account.SUSPENSE, fen=-refund.fen),\n    )\n    return tuple"),
    ("if came_in_at not in {Account.BANK, Account.CHANNEL}:", "if False:"),
    ("Posting(account=came_in_at, fen=-refund.fen)", "Posting(account=Account.BANK, fen=-refund.fen)"),
    ("Posting(account=went_out_at, fen=refund.fen)", "Posting(account=Account.BANK, fen=refund.fen)"),
    ("0 <= rule.short_bp <= FULL_BP", "True"),
    ("0 <= rule.long_bp <= FULL_BP", "True"),
    ("rule.min_units >= 1", "True"),
    ("RefundState.RETURNED: frozenset({RefundState.RETURNING}),", "RefundState.RETURNED: frozenset(),"),
    ("RefundState.RETURNING: frozenset({Role.FINANCE})", "RefundState.RETURNING: frozenset(Role)"),
    ("RefundState.RETURNED: frozenset({Role.FINANCE_LEAD})", "RefundState.RETURNED: frozenset(Role)"),
    ("frozenset({RefundState.PAID, RefundState.RETURNED})", "frozenset({RefundState.RETURNED})"),
    ("frozenset({RefundState.REFUSED, RefundState.RETURNED})", "frozenset({RefundState.REFUSED})"),
    ("if money.is_prorated:", "if False:"),
    ("max(0, money.paid_fen - money.due_fen)\n", "money.paid_fen\n"),
    ("{RefundState.APPROVED, RefundState.RETURNING, RefundState.PAID",
     "{RefundState.APPROVED, RefundState.PAID"),
]  # fmt: skip
# What a mutant leaves as it was shows that the list itself is looked at.
UNCHANGED = RULE_MUTANTS[24]


def outcomes(source: str) -> list[str]:
    """How each test of the rules ends with this text of the module in its place."""
    found: dict[str, object] = {}
    namespace: dict[str, object] = {"__name__": refunds.__name__}
    exec(compile(source, "refunds", "exec"), namespace)  # noqa: S102
    before = {name: getattr(rules, name) for name in dir(rules)}
    try:
        for name, value in namespace.items():
            if name in before and not name.startswith("__"):
                setattr(rules, name, value)
        rules.POLICY = namespace["RefundPolicy"]()  # type: ignore[operator]
        rules.STATES = namespace["RefundState"]  # type: ignore[assignment]
        for name, test in [item for item in vars(rules).items() if item[0].startswith("test_")]:
            for number, case in enumerate(cases_of(test, namespace)):
                found[f"{name} {number}"] = ended(test, case)
    finally:
        for name, value in before.items():
            setattr(rules, name, value)
    return [f"{name}: {how}" for name, how in found.items()]


def cases_of(test: object, namespace: dict[str, object]) -> list[tuple[object, ...]]:
    """The parameters a test is run with, of the mutant's own kinds; one empty case without any."""
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    if not marks:
        return [()]
    kinds = {name: namespace[name] for name in ("RefundTrigger", "RefundState")}

    def own(value: object) -> object:
        kind = kinds.get(type(value).__name__)
        return kind(value) if kind else value  # type: ignore[operator]

    return [tuple(own(value) for value in case) for case in marks[0].args[1]]


def ended(test: object, case: tuple[object, ...]) -> str:
    """passed, or what was raised."""
    try:
        test(*case)  # type: ignore[operator]
    except Exception as error:
        return type(error).__name__
    except pytest.fail.Exception:
        return "nothing raised"
    return "passed"


def test_every_mutant_of_the_rules_dies() -> None:
    """Each wrong change makes some test of ``test_refunds`` end otherwise; the one that is none does not."""
    source = Path(refunds.__file__).read_text(encoding="utf-8")
    right = outcomes(source)
    assert all(outcome.endswith("passed") for outcome in right), right
    alive = []
    for old, new in RULE_MUTANTS:
        assert old in source, old
        if outcomes(source.replace(old, new, 1)) == right:
            alive.append((old, new))
    assert alive == [UNCHANGED]


SQLITE = {"refunds": (attacks, attacks.fill_refunds), "accounts": (of_accounts, of_accounts.fill_accounts),
          "fees": (of_fees, of_fees.fill_fees)}  # fmt: skip


@pytest.mark.parametrize("topic", SQLITE)
def test_every_mutant_of_the_guards_dies_on_sqlite(topic: str, empty_sqlite: Path, tmp_path: Path) -> None:
    """Without one trigger or condition some attack of the table succeeds, or an honest way is shut."""
    kept, fill = SQLITE[topic]
    path = tmp_path / "books.sqlite3"
    shutil.copy(empty_sqlite, path)
    engine = open_engine(f"sqlite:///{path}")
    fill(Database(engine=engine, school_id="t1"))
    engine.dispose()
    engine = open_engine(f"sqlite:///{path}", guarded=False)
    database = Database(engine=engine, school_id="t1")
    script = (guards.FOLDER / f"{topic}_sqlite.sql").read_text(encoding="utf-8")
    names = re.findall(r"CREATE TRIGGER (\w+)", script)
    alive = []
    for mutant, changed in guard_mutants(script):
        with engine.begin() as connection:
            for name in names:
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
            for statement in guards.statements(changed):
                connection.exec_driver_sql(statement)
        everything = [*kept.ATTACKS.values(), *kept.REPLACEMENTS]
        is_shut = any(is_refused(database, statements) for statements in kept.HONEST.values())
        if not is_shut and all(is_refused(database, statements) for statements in everything):
            alive.append(mutant)
    engine.dispose()
    assert alive == []


@pytest.fixture
def books(cluster: pg.Cluster, empty_postgresql: str) -> Iterator[Connection]:
    """A connection to the books that the attacks are made against."""
    name = cluster.new_database(template=empty_postgresql)
    engine = open_engine(cluster.url(name))
    attacks.fill_refunds(Database(engine=engine, school_id="t1"))
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()
    cluster.drop_database(name)


@pytest.mark.postgres
def test_every_mutant_of_the_guards_dies_on_postgresql(books: Connection) -> None:
    """Without one trigger or one condition some statement ends otherwise."""
    alive = survivors(
        books, POSTGRESQL, [*attacks.ATTACKS.values(), *attacks.TRUNCATIONS, *attacks.HONEST.values()]
    )
    assert alive == list(HELD_TWICE), "\n".join(alive)


HELD_TWICE = {"refund_no_truncate gone": "a table that names it would be emptied too, and refuses"}
