"""
The tests of PostgreSQL's ledger guards are tested: each condition and trigger made weaker must be noticed.

The attacks are those of ``test_ledger_guards``; everything is rolled back after each mutant.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from busops.storage import guards
from busops.storage.database import Database, open_engine
from tests import pg
from tests.pg_mutants import survivors
from tests.storage import test_bills_coming_in as coming_in
from tests.storage import test_ledger_guards as attacks
from tests.storage.test_ledger_guards import new_txn, post, posting

pytestmark = pytest.mark.postgres
SCRIPT = (guards.FOLDER / "ledger_postgresql.sql").read_text(encoding="utf-8")
UNDO = (
    "INSERT INTO posting SELECT school_id, 't9', n, account, -fen, rider_id FROM posting WHERE txn_id = 't1'"
)
MORE = [
    [new_txn(9), posting(9, 1, 5), posting(9, 2, -5), post(9)],
    ["UPDATE receipt SET status = 'DUPLICATE', note = 'x'"],
    [attacks.lock("2023-12", "lead")],
    [attacks.said_of("2024-03"), attacks.sign("2024-03", "clerk"), attacks.lock("2024-03", "lead")],
    [new_txn(9, period="2023-12", made_by="'clerk'")],
    [new_txn(9, adjusts="'2024-02'")],
    [new_txn(9, adjusts="'2023-12'")],
    [
        attacks.into("period", "'t1', '2024-04', false, '', NULL, '', '', NULL"),
        new_txn(9, period="2024-04", reverses="'t1'", adjusts="'2024-03'"),
    ],
    [attacks.sign("2023-12", "other")],
    [attacks.into("period", "'t1', '2025-01', false, '', NULL, '', '', NULL")],
    [new_txn(9, reverses="'t1'"), UNDO, post(9)],
    [new_txn(9, reverses="'t1'"), UNDO, post(9), new_txn(10, reverses="'t9'")],
    [new_txn(9), "UPDATE ledger_txn SET approved_by = 'v' WHERE txn_id = 't9'"],
    [new_txn(9), "UPDATE ledger_txn SET reverses = 't1' WHERE txn_id = 't9'"],
    [new_txn(9), posting(9, 1, 5), posting(9, 2, -5, "1012"), post(9)],
    [new_txn(9), "UPDATE period SET digest = 'x' WHERE period = '2024-03'"],
    ["UPDATE receipt SET txn_id = 't2'"],
    [new_txn(9), "UPDATE ledger_txn SET txn_id = 't10' WHERE txn_id = 't9'"],
]  # fmt: skip


@pytest.fixture
def books(cluster: pg.Cluster, empty_postgresql: str) -> Iterator[Connection]:
    """A connection to the books that the attacks are made against."""
    name = cluster.new_database(template=empty_postgresql)
    engine = open_engine(cluster.url(name))
    attacks.fill_books(Database(engine=engine, school_id="t1"))
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()
    cluster.drop_database(name)


def test_every_mutant_of_the_ledger_guards_dies_on_postgresql(books: Connection) -> None:
    """Without one trigger or one condition some statement ends otherwise."""
    alive = survivors(
        books,
        SCRIPT,
        [
            *attacks.ATTACKS.values(),
            *coming_in.ATTACKS.values(),
            *coming_in.HONEST,
            *attacks.TRUNCATIONS,
            *MORE,
        ],
    )
    assert books.execute(text("SELECT count(*) FROM posting")).scalar() == 6
    assert alive == list(HELD_TWICE), "\n".join(alive)


HELD_TWICE = {
    f"{table}_no_truncate gone": "a table that names it would be emptied too, and refuses"
    for table in ("cost_line", "receipt_file", "receipt", "period", "ledger_txn")
}
