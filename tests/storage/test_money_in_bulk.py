"""The bare rows and sums of the money, asked of both databases."""

from datetime import date

from busops.finance.tariff import FareUnit
from busops.storage import money_sums, ride_store
from busops.storage.database import Database
from tests.builders import a_run
from tests.run_kit import store_run


def test_every_question_is_understood_by_both_databases(database: Database) -> None:
    """A run that is not closed lists its riders and tells nothing of them; books without a line are empty."""
    store_run(database, a_run())
    days = (date(2000, 1, 1), date(2100, 1, 1))
    with database.reading() as tx:
        listed = ride_store.load_listed(tx, *days)
        assert {len(row) for row in listed} == {3}
        assert ride_store.load_told(tx, *days) == []
        assert ride_store.load_entries(tx, days[0]) == []
        assert isinstance(ride_store.load_riders(tx), list)
        assert money_sums.load_dues(tx, list(FareUnit), begins=days, until=days[0]) == []
        assert money_sums.load_given(tx, ["WEEKEND:2000-01-07"]) == []
        assert money_sums.given_fen(tx, ["WEEKEND:2000-01-07"]) == 0
        assert money_sums.kinds_of_receipts(tx, ["WEEKEND:2000-01-07"]) == ()
        assert money_sums.charged_by_rider(tx) == money_sums.given_by_rider(tx) == {}
        assert money_sums.lines_held_twice(tx) == {}
        assert money_sums.book_lengths(tx) == (0, 0, 0, 0, 0, 0, 0)
