"""A bill coming in, by raw SQL: it may go until it is whole, nothing is given of it, and it stays itself."""

import pytest

from busops.storage.database import Database
from tests.storage.test_ledger_guards import RECEIPT, a_file, an_allocation, fill_books, is_refused

FILE = [a_file("f9", "dd", is_whole="false")]
COMING_IN = [*FILE, RECEIPT.replace("'r1'", "'r9'").replace("'k'", "'k9'").replace("'f1'", "'f9'")]
NO_LINES, NO_FILE = (
    "DELETE FROM receipt WHERE file_id = 'f9'",
    "DELETE FROM receipt_file WHERE file_id = 'f9'",
)
WHOLE = "UPDATE receipt_file SET is_whole = true, rows = 1 WHERE file_id = 'f9'"
MORE_ROWS = "UPDATE receipt_file SET rows = 2 WHERE file_id = 'f9'"

ATTACKS = {
    "give of a bill that is coming in": [*COMING_IN, an_allocation("a9", 1).replace("'r1'", "'r9'")],
    "make another file of it": [*FILE, "UPDATE receipt_file SET sha256 = 'ee' WHERE file_id = 'f9'"],
    "give it another number": [*FILE, "UPDATE receipt_file SET file_id = 'f8' WHERE file_id = 'f9'"],
    "give it to another school": [*FILE, "UPDATE receipt_file SET school_id = 't2' WHERE file_id = 'f9'"],
    "delete the lines of a whole one": [*COMING_IN, WHOLE, NO_LINES],
    "delete a whole one": [*FILE, WHOLE, NO_FILE],
    "change a whole one": [*FILE, WHOLE, MORE_ROWS],
}
ANOTHER = [
    a_file("f7", "ff"),
    RECEIPT.replace("'r1'", "'r7'").replace("'k'", "'k7'").replace("'f1'", "'f7'"),
]
HONEST = [
    [*COMING_IN, NO_LINES, NO_FILE, *COMING_IN],
    [*COMING_IN, MORE_ROWS],
    [*COMING_IN, WHOLE],
    [*COMING_IN, *ANOTHER, an_allocation("a7", 1).replace("'r1'", "'r7'")],
]


@pytest.fixture
def books(database: Database) -> Database:
    """The books of the ledger's guards."""
    fill_books(database)
    return database


def test_raw_sql_cannot_make_more_of_it(books: Database) -> None:
    """Every attack is refused by the database; what an import does is not."""
    assert [name for name, statements in ATTACKS.items() if not is_refused(books, statements)] == []
    assert not any(is_refused(books, statements) for statements in HONEST)
