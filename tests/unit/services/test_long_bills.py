"""A bill of any length: whole or not at all, no line twice, its bytes kept, on both databases."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from busops.domain.errors import InvalidInput, Refused
from busops.finance.ledger import Account
from busops.services import long_bills, receipts
from busops.storage import ledger_store
from busops.storage.database import Database
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
    monkeypatch.setattr(long_bills, "BATCH", 7)


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

    Every line names a posted transaction of its day; one of nothing names none.
    """
    done = long_bills.import_long_bill(database, put(tmp_path, wechat_bill(*ROWS)), **acting)
    assert (done.taken, done.known, done.skipped, done.sum_fen) == (46, 0, 1, PAID_FEN)
    assert [total.agrees for total in done.totals] == [True] * 7
    assert balances(database) == {Account.CHANNEL: PAID_FEN, Account.SUSPENSE: -PAID_FEN}
    records = receipts.list_receipts(database)
    assert len(records) == 46
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
