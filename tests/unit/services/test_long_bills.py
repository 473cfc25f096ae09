"""A bill of any length: whole or not at all, no line twice, its bytes kept, on both databases."""

import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from busops.domain.errors import Conflict, InvalidInput, Refused
from busops.finance.ledger import Account
from busops.services import long_bills, receipts
from busops.storage import bill_store, intake_store, ledger_store
from busops.storage.database import Database, open_engine
from tests.unit.sheets.bill_files import (
    bank,
    text_bytes,
    wechat_back,
    wechat_bill,
    wechat_lines,
    wechat_paid,
)

ROWS = (
    *(wechat_paid(n, 4400 + n) for n in range(40)),
    *(wechat_back(n, 100) for n in range(5)),
    wechat_paid(50, 900, 交易状态="CLOSED"),
    wechat_paid(51, 0, 订单金额="9.00"),
)
PAID_FEN = sum(4400 + n for n in range(40)) - 500


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven batches where a real bill has a hundred."""
    monkeypatch.setattr(long_bills, "SLICE", 7)


@pytest.fixture
def acting(clock, ids) -> dict[str, Any]:
    """What the service asks for."""
    return {"clock": clock, "ids": ids, "by": "cli"}


def put(folder: Path, content: bytes, name: str = "bill.csv") -> Path:
    """The bytes as a file."""
    (folder / name).write_bytes(content)
    return folder / name


def balances(database: Database) -> dict[Account, int]:
    """The ledger's balances, those of nought left out."""
    with database.reading() as tx:
        return {account: fen for account, fen in ledger_store.account_balances(tx).items() if fen}


def test_a_long_bill_is_in_the_books_to_the_fen(database, tmp_path, acting):
    """
    40 payments − 5 refunds of 1.00, one of nothing, one not paid: Dr 微信  Cr 待认领.

    Each day has one posted transaction for what came and one for what went back.
    """
    done = long_bills.import_long_bill(database, put(tmp_path, wechat_bill(*ROWS)), **acting)
    assert (done.taken, done.known, done.skipped, done.sum_fen) == (46, 0, 1, PAID_FEN)
    assert [total.agrees for total in done.totals] == [True] * 7
    assert balances(database) == {Account.CHANNEL: PAID_FEN, Account.SUSPENSE: -PAID_FEN}
    records = receipts.list_receipts(database)
    assert len(records) == 46
    with database.reading() as tx:
        txns = ledger_store.load_all(tx)
    days = {record.line.paid_on for record in records if record.line.amount_fen > 0}
    back = {record.line.paid_on for record in records if record.line.amount_fen < 0}
    assert {txn.row_key for txn in txns} == {
        *(f"{done.file_id}.{day}.in" for day in days), *(f"{done.file_id}.{day}.back" for day in back)
    }  # fmt: skip
    assert {item.line.code for item in records} >= {"BUS00000000 C000000"}
    (bill,) = receipts.list_bills(database)
    assert (bill.file.rows, bill.file.total_fen, bill.file.stated_total_fen) == (46, PAID_FEN, PAID_FEN)


def test_the_bytes_come_back_as_they_were(database, tmp_path, acting):
    """Packed or not, what was handed over is handed out."""
    packed = gzip.compress(wechat_bill(*ROWS))
    done = long_bills.import_long_bill(database, put(tmp_path, packed, "b.csv.gz"), **acting)
    found = receipts.take_original(database, done.file_id, clock=acting["clock"])
    assert (found.name, found.content) == ("b.csv.gz", packed)


def test_i6_the_page_and_the_command_know_each_others_lines(database, tmp_path, acting):
    """The same file, another order, an overlap, a line twice: only what is new is added, either way."""
    first = long_bills.import_long_bill(database, put(tmp_path, wechat_bill(*ROWS)), **acting)
    again = long_bills.import_long_bill(database, put(tmp_path, wechat_bill(*ROWS), "again.csv"), **acting)
    other = text_bytes(wechat_lines(ROWS[::-1]), encoding="gb18030")
    turned = long_bills.import_long_bill(database, put(tmp_path, other, "turned.csv"), **acting)
    new = wechat_paid(60, 100)
    more = long_bills.import_long_bill(
        database, put(tmp_path, wechat_bill(*ROWS[30:], new, new), "more.csv"), **acting
    )
    assert [(one.taken, one.known) for one in (first, again, turned, more)] == [
        (46, 0),
        (0, 46),
        (0, 46),
        (1, 17),
    ]
    preview = receipts.preview(database, file_name="page.csv", content=wechat_bill(*ROWS, new), **acting)
    assert preview.counts["known"] == 47
    assert balances(database)[Account.CHANNEL] == PAID_FEN + 100


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (wechat_bill(*ROWS, 应结订单总金额="1.00"), ["bill_total_differs"]),
        (text_bytes(wechat_lines(ROWS)[:-2]), ["bill_totals_missing"]),
        (wechat_bill(*ROWS, wechat_paid(99, 100, 货币种类="USD")), ["bill_currency"]),
        (wechat_bill(*ROWS, wechat_paid(3, 100)), ["bill_line_changed"]),
        (wechat_bill(), ["nothing_to_write"]),
        (wechat_bill(*(wechat_paid(n, 100, 货币种类="USD") for n in range(300))), ["bill_currency"] * 100),
    ],
)
def test_a_fault_anywhere_leaves_the_books_as_they_were(database, tmp_path, acting, content, codes):
    """A wrong total in the last line takes back what was written before it."""
    with pytest.raises(Refused) as refusal:
        long_bills.import_long_bill(database, put(tmp_path, content), **acting)
    assert [reason.code for reason in refusal.value.reasons] == codes
    assert (balances(database), receipts.list_receipts(database), receipts.list_bills(database)) == (
        {},
        (),
        (),
    )


def test_another_kind_of_file_is_the_pages(database, tmp_path, acting):
    """Nothing is read of what is no WeChat merchant bill; text in no encoding is refused."""
    for name, content in (
        ("bank.csv", text_bytes(bank())),
        ("x.zip", b"PK\x03\x04"),
        ("x.gz", gzip.compress(b"a")),
    ):
        assert long_bills.import_long_bill(database, put(tmp_path, content, name), **acting) is None
    with pytest.raises(InvalidInput) as refusal:
        long_bills.import_long_bill(database, put(tmp_path, b"\xff\xfe\xfa\xfb\x81"), **acting)
    assert refusal.value.code == "file_encoding"
    late = wechat_bill(*ROWS, *(wechat_paid(n, 100) for n in range(100, 400))) + b"\xff\xfe\xfa\xfb\x81"
    with pytest.raises(InvalidInput):
        long_bills.import_long_bill(database, put(tmp_path, late), **acting)
    assert balances(database) == {}


KILLED = """
import os, signal, sys
from pathlib import Path
from busops.clock import SystemClock, UuidIds
from busops.services import long_bills
from busops.storage.database import Database, open_engine

written = long_bills._Intake.write
long_bills.SLICE = 7

def write(intake, rows):
    if intake.taken >= 20:
        os.kill(os.getpid(), signal.SIGKILL)
    written(intake, rows)

long_bills._Intake.write = write
database = Database(engine=open_engine(sys.argv[1]), school_id=sys.argv[2])
long_bills.import_long_bill(database, Path(sys.argv[3]), clock=SystemClock(), ids=UuidIds(), by="cli")
"""


def lines_on_record(database: Database) -> int:
    """How many lines there are, whether anybody sees them or not."""
    with database.engine.connect() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM receipt").scalar_one()


def test_an_import_that_is_killed_leaves_nothing_that_anybody_sees(sqlite_database, tmp_path, acting):
    """Ended after a few slices: no line, no bill, no balance; begun anew it is whole, every line once."""
    path = put(tmp_path, wechat_bill(*ROWS))
    command = [
        sys.executable,
        "-c",
        KILLED,
        str(sqlite_database.engine.url),
        sqlite_database.school_id,
        str(path),
    ]
    assert subprocess.run(command, timeout=120, check=False).returncode == -9
    assert 20 <= lines_on_record(sqlite_database) < 46
    assert (balances(sqlite_database), receipts.list_receipts(sqlite_database)) == ({}, ())
    assert receipts.list_bills(sqlite_database) == ()
    done = long_bills.import_long_bill(sqlite_database, path, **acting)
    assert (done.taken, done.known, done.sum_fen) == (46, 0, PAID_FEN)
    assert lines_on_record(sqlite_database) == len(receipts.list_receipts(sqlite_database)) == 46
    assert balances(sqlite_database) == {Account.CHANNEL: PAID_FEN, Account.SUSPENSE: -PAID_FEN}


def test_others_write_between_two_slices_and_see_nothing_of_the_bill(
    sqlite_database, tmp_path, acting, monkeypatch
):
    """
    Before each slice and before the end another connection writes at once and reads whole bills only.
    """
    other = Database(engine=open_engine(str(sqlite_database.engine.url)), school_id=sqlite_database.school_id)
    seen: list[int] = []

    def look() -> None:
        with other.transaction() as tx:
            tx.session.connection().exec_driver_sql("UPDATE school SET name = name")
        seen.append(len(receipts.list_receipts(other)))

    def around(act):
        return lambda *given: (look(), act(*given))[1]

    monkeypatch.setattr(long_bills._Intake, "write", around(long_bills._Intake.write))
    monkeypatch.setattr(long_bills, "_finish", around(long_bills._finish))
    long_bills.import_long_bill(sqlite_database, put(tmp_path, wechat_bill(*ROWS)), **acting)
    assert seen == [0] * len(seen)
    assert len(seen) > 7
    assert len(receipts.list_receipts(other)) == 46
    other.engine.dispose()


def begun(database: Database, tmp_path: Path, acting: dict[str, Any], content: bytes, name: str) -> None:
    """A bill whose import ended before its last change."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_bills, "_finish", None)
        patch.setattr(long_bills, "_clear", lambda *_: None)
        with pytest.raises(TypeError):
            long_bills.import_long_bill(database, put(tmp_path, content, name), **acting)


def test_a_line_of_a_bill_coming_in_is_neither_new_nor_known(database, tmp_path, acting):
    """A page's bill with one of its lines waits, and so does another long bill; with others it is taken."""
    begun(database, tmp_path, acting, wechat_bill(*ROWS), "long.csv")
    with pytest.raises(Conflict) as refusal:
        receipts.preview(database, file_name="p.csv", content=wechat_bill(ROWS[0]), **acting)
    assert (refusal.value.code, refusal.value.facts) == ("bill_coming_in", {"file": "long.csv"})
    apart = receipts.preview(database, file_name="q.csv", content=wechat_bill(wechat_paid(99, 5)), **acting)
    assert (apart.is_acceptable, apart.counts["known"]) == (True, 0)
    with pytest.raises(Refused) as running:
        long_bills.import_long_bill(database, put(tmp_path, wechat_bill(ROWS[0]), "o.csv"), **acting)
    assert running.value.code == "bill_intake_running"


def test_what_was_left_is_taken_out(database, tmp_path, acting):
    """After a minute of silence by the next import, after an hour by the watch, its bytes with it."""
    clock = acting["clock"]
    begun(database, tmp_path, acting, wechat_bill(*ROWS), "long.csv")
    assert long_bills.clear_left(database, clock=clock) == 0
    clock.advance(61)
    other = long_bills.import_long_bill(database, put(tmp_path, wechat_bill(ROWS[0]), "o.csv"), **acting)
    assert (other.taken, lines_on_record(database)) == (1, 1)
    begun(database, tmp_path, acting, wechat_bill(*ROWS), "again.csv")
    clock.advance(3_601)
    assert long_bills.clear_left(database, clock=clock) == 1
    assert lines_on_record(database) == 1
    with database.reading() as tx:
        assert intake_store.coming_in(tx) == ()
        assert len(bill_store.kept_originals(tx)) == 1


def test_who_began_the_same_bill_anew_stops_the_one_before(database, tmp_path, acting):
    """The first import finds its file gone and stops; the second is whole."""
    begun(database, tmp_path, acting, wechat_bill(*ROWS), "long.csv")
    with database.reading() as tx:
        (first,) = intake_store.coming_in(tx)
    assert long_bills.import_long_bill(database, tmp_path / "long.csv", **acting).taken == 46
    with pytest.raises(Conflict), database.transaction() as tx:
        intake_store.go_on(tx, first.file_id, at=acting["clock"].now())
