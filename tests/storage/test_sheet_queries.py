"""What sheets ask of the books and the audit, on both databases."""

from datetime import UTC, datetime

from busops.storage import audit_store, ledger_store
from busops.storage.database import Database
from tests.storage.test_ledger_guards import a_txn

AT = datetime(2024, 3, 10, 12, tzinfo=UTC)


def test_vouchers_are_of_the_months_asked_for_in_the_order_of_posting(database: Database) -> None:
    """Of February, March and April the middle two: whole, each with its postings, by their ids."""
    months = {1: "2024-04", 2: "2024-03", 3: "2024-02", 4: "2024-03"}
    with database.transaction() as tx:
        ledger_store.post(tx, [a_txn(number, period) for number, period in months.items()])
    with database.reading() as tx:
        found = ledger_store.load_of_periods(tx, "2024-03", "2024-04")
    assert [txn.txn_id for txn in found] == ["t1", "t2", "t4"]
    assert {len(txn.postings) for txn in found} == {2}


def test_downloads_are_found_among_all_acts_the_newest_first(database: Database) -> None:
    """Three acts, two of them downloads: those two, or as many as asked for."""
    with database.transaction() as tx:
        for act in ("sheet_downloaded", "fares_charged", "sheet_downloaded"):
            audit_store.append_entry(
                tx, at=AT, user_id="u", role="finance", act=act, subject="net", facts={"form": "xlsx"}
            )
    with database.reading() as tx:
        every = audit_store.newest_of_act(tx, "sheet_downloaded")
        newest = audit_store.newest_of_act(tx, "sheet_downloaded", limit=1)
    assert [entry.entry_no for entry in every] == [3, 1]
    assert [entry.facts for entry in newest] == [{"form": "xlsx"}]
