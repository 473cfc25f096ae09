"""Joining and leaving, consents to prices and subsidies against raw SQL, on both databases."""

import pytest

from busops.storage.database import Database
from tests.storage import test_ledger_guards as books_of
from tests.storage.test_ledger_guards import NOW, into, is_refused

DAYS = "'2024-03-01', '2024-06-30'"


def service(number: int, *, rider: str = "001", days: str = DAYS, note: str = "why", by: str = "ann") -> str:
    """The SQL that says from when to when a rider uses the bus."""
    return into("rider_service", f"'t1', '{rider}', {number}, {days}, '{note}', '{by}', {NOW}")


def consent(
    number: int, *, rider: str = "001", way: str = "WRITTEN", note: str = "No. 7", by: str = "ann"
) -> str:
    """The SQL that keeps a guardian's word on the price."""
    told = f"'2024-spring', '{way}', '2024-02-19', '{note}', '{by}', {NOW}"
    return into("price_consent", f"'t1', '{rider}', {number}, {told}")


def subsidy(
    subsidy_id: str, fen: int = 5000, *, undoes: str = "NULL", giver: str = "town", note: str = "No. 8"
) -> str:
    """The SQL that keeps money of others."""
    told = f"'{giver}', {undoes}, '{note}', 'ann', {NOW}"
    return into("subsidy", f"'t1', '{subsidy_id}', '2024-03-08', NULL, {fen}, {told}")


ATTACKS = {
    "the days again": [service(1)],
    "days out of turn": [service(3)],
    "leave before joining": [service(2, days="'2024-06-30', '2024-03-01'")],
    "days without a word": [service(2, note="")],
    "days by nobody": [service(2, by="")],
    "change the days": ["UPDATE rider_service SET left_on = NULL"],
    "delete the days": ["DELETE FROM rider_service"],
    "a consent again": [consent(1)],
    "a consent out of turn": [consent(3)],
    "a consent in no known way": [consent(2, way="SILENT")],
    "a consent that nothing shows": [consent(2, note="")],
    "a consent by nobody": [consent(2, by="")],
    "change a consent": ["UPDATE price_consent SET way = 'ONLINE'"],
    "delete a consent": ["DELETE FROM price_consent"],
    "a subsidy of nothing": [subsidy("s2", 0)],
    "less than nothing": [subsidy("s2", -5000)],
    "a subsidy of nobody": [subsidy("s2", giver="")],
    "a subsidy without a paper": [subsidy("s2", note="")],
    "undo by more": [subsidy("s2", 5000, undoes="'s1'")],
    "undo another sum": [subsidy("s2", -4000, undoes="'s1'")],
    "undo what is not there": [subsidy("s2", -5000, undoes="'s9'")],
    "undo twice": [subsidy("s2", -5000, undoes="'s1'"), subsidy("s3", -5000, undoes="'s1'")],
    "undo an undoing": [subsidy("s2", -5000, undoes="'s1'"), subsidy("s3", 5000, undoes="'s2'")],
    "change a subsidy": ["UPDATE subsidy SET fen = 1"],
    "delete a subsidy": ["DELETE FROM subsidy"],
}
HONEST = {
    "other days": [service(2, days="'2024-03-01', NULL"), service(3, days="NULL, NULL")],
    "another rider's days": [service(1, rider="002")],
    "take a consent back": [consent(2, way="WITHDRAWN"), consent(3, way="ONLINE")],
    "another rider's consent": [consent(1, rider="002")],
    "undo a subsidy": [subsidy("s2", -5000, undoes="'s1'"), subsidy("s3")],
}
REPLACEMENTS = [
    [statement.replace("INSERT", "INSERT OR REPLACE", 1)]
    for statement in (service(1), consent(1), subsidy("s1", 1))
] + [[subsidy("s2", -5000, undoes="'s1'"),
      subsidy("s3", -5000, undoes="'s1'").replace("INSERT", "INSERT OR REPLACE", 1)]]  # fmt: skip
TRUNCATIONS = [[f"TRUNCATE {name} CASCADE"] for name in ("rider_service", "price_consent", "subsidy")]


def fill_fees(database: Database) -> None:
    """The books, and of rider 001 the days and a consent; one subsidy."""
    books_of.fill_books(database)
    with database.transaction() as tx:
        for statement in (service(1), consent(1), subsidy("s1")):
            tx.session.connection().exec_driver_sql(statement)


@pytest.fixture
def books(database: Database) -> Database:
    """What is attacked."""
    fill_fees(database)
    return database


def test_raw_sql_cannot_change_what_a_fee_rests_on(books: Database) -> None:
    """Every attack of the table is refused by the database; every honest way is open."""
    assert [name for name, statements in ATTACKS.items() if not is_refused(books, statements)] == []
    assert [name for name, statements in HONEST.items() if is_refused(books, statements)] == []
    ways = REPLACEMENTS if books.engine.dialect.name == "sqlite" else TRUNCATIONS
    assert [statements for statements in ways if not is_refused(books, statements)] == []
