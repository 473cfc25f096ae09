"""Allowances and numbered receipts against raw SQL, on both databases."""

import pytest

from busops.storage.database import Database
from tests.storage import test_ledger_guards as books_of
from tests.storage.test_ledger_guards import NOW, into, is_refused, new_txn, post, posting


def allowance(allowance_id: str, *, fen: int = 500, kind: str = "SIBLING", note: str = "why") -> str:
    """The SQL that proposes something off rider 001's charge."""
    facts = f"'{allowance_id}', '001', 'u1', '{kind}', {fen}, '{note}', 'fay'"
    return into("allowance", f"'t1', {facts}, {NOW}")


def verdict(allowance_id: str, verdict: str, by: str, *, txn: str = "NULL", note: str = "") -> str:
    """The SQL that gives the second word."""
    return into("allowance_verdict", f"'t1', '{allowance_id}', '{verdict}', '{note}', {txn}, '{by}', {NOW}")


def booked(number: int, *, fen: int = 500, account: str = "1122", rider: str = "'001'") -> list[str]:
    """The SQL that books an allowance."""
    credit = into("posting", f"'t1', 't{number}', 2, '{account}', {-fen}, {rider}")
    return [new_txn(number), posting(number, 1, fen, "4201"), credit, post(number)]


def receipt(
    number: int, *, fen: int = 1600, voids: object = "NULL", rider: str = "001", by: str = "fay"
) -> str:
    """The SQL that gives a numbered receipt."""
    return into("fare_receipt", f"'t1', {number}, '{rider}', {fen}, '[]', '', {voids}, '{by}', {NOW}")


AGREED = [*booked(11), verdict("a1", "APPROVED", "lea", txn="'t11'")]
ATTACKS = {
    "agree to one's own": [*booked(11), verdict("a1", "APPROVED", "fay", txn="'t11'")],
    "agree without booking": [verdict("a1", "APPROVED", "lea")],
    "agree on another sum": [*booked(11, fen=400), verdict("a1", "APPROVED", "lea", txn="'t11'")],
    "agree on another account": [
        *booked(11, account="1002"), verdict("a1", "APPROVED", "lea", txn="'t11'"),
    ],
    "agree on another rider": [*booked(11, rider="'002'"), verdict("a1", "APPROVED", "lea", txn="'t11'")],
    "agree on what is not posted": [*booked(11)[:-1], verdict("a1", "APPROVED", "lea", txn="'t11'")],
    "agree twice": [*AGREED, *booked(12), verdict("a1", "APPROVED", "lea", txn="'t12'")],
    "agree to two on one booking": [*AGREED, allowance("a2"), verdict("a2", "APPROVED", "lea", txn="'t11'")],
    "refuse without a reason": [verdict("a1", "REFUSED", "lea")],
    "refuse and book": [*booked(11), verdict("a1", "REFUSED", "lea", txn="'t11'", note="no")],
    "say something else": [verdict("a1", "LATER", "lea", note="no")],
    "a word by nobody": [verdict("a1", "REFUSED", "", note="no")],
    "nothing off": [allowance("a2", fen=0)],
    "off for no known reason": [allowance("a2", kind="OTHER")],
    "off without a word": [allowance("a2", note="")],
    "change an allowance": ["UPDATE allowance SET fen = 1"],
    "delete an allowance": ["DELETE FROM allowance"],
    "change a word": [*AGREED, "UPDATE allowance_verdict SET by_user = 'x'"],
    "delete a word": [*AGREED, "DELETE FROM allowance_verdict"],
    "leave a number out": [receipt(3)],
    "a number again": [receipt(1)],
    "void what is not there": [receipt(2, fen=-1600, voids=7)],
    "void another sum": [receipt(2, fen=-1500, voids=1)],
    "void another's": [receipt(2, fen=-1600, voids=1, rider="002")],
    "void twice": [receipt(2, fen=-1600, voids=1), receipt(3, fen=-1600, voids=1)],
    "void a void": [receipt(2, fen=-1600, voids=1), receipt(3, fen=1600, voids=2)],
    "less than nothing": [receipt(2, fen=-1600)],
    "a receipt for nothing": [receipt(2, fen=0)],
    "a receipt by nobody": [receipt(2, by="")],
    "change a receipt": ["UPDATE fare_receipt SET fen = 1"],
    "delete a receipt": ["DELETE FROM fare_receipt"],
}  # fmt: skip
HONEST = {
    "agreed": AGREED,
    "refused": [verdict("a1", "REFUSED", "lea", note="no")],
    "the next receipt": [receipt(2), receipt(3, rider="002")],
    "void and give anew": [receipt(2, fen=-1600, voids=1), receipt(3)],
    "void the second": [receipt(2, fen=900), receipt(3, fen=-900, voids=2)],
    "two allowances": [allowance("a2", fen=300), *booked(11, fen=300),
                       verdict("a2", "APPROVED", "lea", txn="'t11'"), *booked(12),
                       verdict("a1", "APPROVED", "lea", txn="'t12'")],
}  # fmt: skip
REPLACEMENTS = [
    [allowance("a1", fen=1).replace("INSERT", "INSERT OR REPLACE", 1)],
    [*AGREED, verdict("a1", "REFUSED", "lea", note="no").replace("INSERT", "INSERT OR REPLACE", 1)],
    [receipt(1).replace("INSERT", "INSERT OR REPLACE", 1)],
    [
        receipt(2, fen=-1600, voids=1),
        receipt(3, fen=-1600, voids=1).replace("INSERT", "INSERT OR REPLACE", 1),
    ],
]
TRUNCATIONS = [[f"TRUNCATE {name} CASCADE"] for name in ("allowance", "allowance_verdict", "fare_receipt")]


def fill_accounts(database: Database) -> None:
    """The books with one allowance proposed by fay, and one receipt given."""
    books_of.fill_books(database)
    with database.transaction() as tx:
        for statement in (allowance("a1"), receipt(1)):
            tx.session.connection().exec_driver_sql(statement)


@pytest.fixture
def books(database: Database) -> Database:
    """The books that are attacked."""
    fill_accounts(database)
    return database


def test_raw_sql_cannot_forge_an_account(books: Database) -> None:
    """Every attack of the table is refused by the database; every honest way is open."""
    assert [name for name, statements in ATTACKS.items() if not is_refused(books, statements)] == []
    assert [name for name, statements in HONEST.items() if is_refused(books, statements)] == []
    ways = REPLACEMENTS if books.engine.dialect.name == "sqlite" else TRUNCATIONS
    assert [statements for statements in ways if not is_refused(books, statements)] == []
