"""The books from the ground up: as they are shown, and each falsification found where it is."""

import pytest
from sqlalchemy import text

from busops.services import books_audit, fares
from busops.storage import guards
from busops.storage.database import open_engine
from tests.storage.test_ledger_guards import into
from tests.unit.services.money_scene import MoneyScene, a_closed_run


@pytest.fixture
def scene(sqlite_database, settings, ids) -> MoneyScene:
    """The closed run charged."""
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    return made


def falsify(scene: MoneyScene, *statements: str) -> list[str]:
    """What is found after somebody was at the database with the guards taken down."""
    engine = open_engine(scene.settings.database_url, guarded=False)
    with engine.begin() as connection:
        guards.remove(connection)
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()
    return sorted({finding.code for finding in books_audit.verify_books(scene.database).findings})


def test_the_books_hold_and_every_transaction_is_read(scene):
    """Eleven charges, each added up again: nothing to find."""
    verdict = books_audit.verify_books(scene.database)
    assert (verdict.txns, verdict.findings) == (11, ())


def test_an_amount_changed_on_one_side_is_found(scene):
    """One posting more by a fen: its transaction balances no more."""
    assert falsify(scene, "UPDATE posting SET fen = fen + 1 WHERE n = 1 AND txn_id = (SELECT min(txn_id) FROM"
                   " posting)") == ["txn_unsound"]  # fmt: skip


def test_a_transaction_approved_by_its_maker_is_found(scene):
    """The same hand twice, past the guards and the key."""
    found = falsify(
        scene, "PRAGMA ignore_check_constraints = ON", "UPDATE ledger_txn SET approved_by = made_by"
    )
    assert found == ["txn_unsound"]


def test_a_reversal_that_undoes_nothing_is_found(scene):
    """A charge said to reverse another charge of the same sum."""
    pair = "SELECT min(txn_id) FROM ledger_txn"
    last = "(SELECT max(txn_id) FROM ledger_txn)"
    found = falsify(scene, f"UPDATE ledger_txn SET reverses = ({pair}) WHERE txn_id = {last}")  # noqa: S608
    assert found == ["txn_unsound"]


def test_a_receipt_that_is_missing_is_found(scene):
    """Number 1 is not there, 2 is."""
    values = f"'{scene.database.school_id}', 2, '001', 1, '[]', '', NULL, 'u', '2026-03-14 00:00:00+00:00'"
    assert falsify(scene, into("fare_receipt", values)) == ["receipt_gap"]
