"""What is not opened: each limit of an upload has its own code and its own words in both languages."""

import gzip
import io
import zipfile

import pytest

from busops.domain.findings import Severity
from busops.i18n import finding_words
from busops.sheets.bills.reading import MAX_ROWS, read_bill
from busops.sheets.files.upload import MAX_UPLOAD_BYTES
from tests.unit.sheets.bill_files import (
    teacher_row,
    text_bytes,
    wechat_bill,
    wechat_lines,
    wechat_paid,
    wechat_personal,
    zipped,
)
from tests.unit.sheets.sheet_files import repacked, xlsx_bytes

BILL = wechat_bill(wechat_paid(1, 100))
BOOK = xlsx_bytes([("日期", "金额"), ("2026-11-14", 9)])
SHEET = "xl/worksheets/sheet1.xml"


def sheet_part() -> bytes:
    """The first sheet of the good workbook."""
    return zipfile.ZipFile(io.BytesIO(BOOK)).read(SHEET)


def archive(name: str, content: bytes, *, count: int = 1) -> bytes:
    """An archive with one entry, or with many of that beginning."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for n in range(count):
            packed.writestr(f"{name}{n or ''}", content)
    return target.getvalue()


NOISE = bytes((n * n >> 3) & 255 for n in range(2**20))
ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><worksheet>&c;</worksheet>'
)
HOSTILE = [
    ("b.csv", b"", "file_empty"),
    ("b.csv", b"x" * (MAX_UPLOAD_BYTES + 1), "file_too_large"),
    ("b.zip", archive("a", BILL, count=201), "zip_entries"),
    ("b.zip", archive("a", NOISE, count=101), "zip_unpacked"),
    ("b.zip", archive("a.csv", b"0" * 2 * 2**20), "zip_ratio"),
    ("b.gz", gzip.compress(b"0" * 2 * 2**20), "zip_ratio"),
    ("b.gz", gzip.compress(b"0" * 101 * 2**20, 1), "zip_unpacked"),
    ("b.zip", archive("../../etc/cron.d/a.csv", BILL), "zip_slip"),
    ("b.zip", archive("/etc/a.csv", BILL), "zip_slip"),
    ("b.zip", archive("..\\a.csv", BILL), "zip_slip"),
    ("b.zip", archive("c:\\a.csv", BILL), "zip_slip"),
    ("b.zip", archive("inner.zip", archive("a.csv", BILL)), "zip_nested"),
    ("b.zip", archive("inner.csv", gzip.compress(BILL)), "zip_nested"),
    ("b.zip", archive("book.xlsx", BOOK), "zip_nested"),
    ("b.gz", gzip.compress(gzip.compress(BILL)), "zip_nested"),
    ("b.gz", gzip.compress(BILL)[:-9], "file_damaged"),
    ("b.zip", archive("a.csv", BILL)[:-30], "file_damaged"),
    ("b.zip", zipped({}), "file_empty"),
    ("b.xlsx", repacked(BOOK, {SHEET: ENTITIES}), "file_hostile_xml"),
    ("b.xls", BILL, "file_old_format"),
    ("b.xlsb", BOOK, "file_old_format"),
    ("b.xlsm", BOOK, "file_macros"),
    ("b.csv", bytes.fromhex("d0cf11e0a1b11ae1") + b"x", "file_old_format"),
    ("b.xlsx", repacked(BOOK, {"xl/vbaProject.bin": b"\x01"}), "file_macros"),
    ("b.zip", archive("a.xls", b"x,y"), "file_old_format"),
    ("b.csv", b"<html><table></table></html>", "file_wrong_kind"),
    ("b.csv", "日期,金额\n2026-11-14,9\n".encode("utf-16"), "file_encoding"),
    ("b.csv", "日期,金额\n".encode() + b"\xff\xfe\xfa\xfb\x81", "file_encoding"),
    ("b.csv", ("日期,金额\n" + "2026-11-14,9\n" * (MAX_ROWS + 120)).encode(), "too_many_rows"),
    ("b.csv", b"`x\n" * 3 + text_bytes(wechat_lines([])[:1] * (MAX_ROWS + 200)), "too_many_rows"),
    ("b.csv", (",".join(f"c{n}" for n in range(65)) + "\n").encode(), "too_many_columns"),
    ("b.csv", text_bytes([",".join([wechat_lines([])[0], *map(str, range(40))])]), "too_many_columns"),
    ("b.csv", b"a,b\n1,2\n", "header_not_found"),
    ("b.csv", '日期,金额\n"2026-11-14,9\n'.encode(), "csv_broken"),
]


@pytest.mark.parametrize(
    ("name", "content", "code"), HOSTILE, ids=[f"{i}-{h[2]}" for i, h in enumerate(HOSTILE)]
)
def test_a_file_over_a_limit_is_one_sentence_and_no_line(name: str, content: bytes, code: str) -> None:
    """One blocking finding with its own words in each language, and nothing of the file is taken."""
    bill = read_bill(name, content)
    (found,) = bill.findings
    assert (found.code, found.severity, bill.lines) == (code, Severity.BLOCK, ())
    for locale in ("zh_Hans", "en"):
        sentence = finding_words(found, locale)
        assert name in sentence
        assert "{" not in sentence


def test_the_name_of_a_file_says_nothing_about_what_it_is() -> None:
    """A bill keeps its kind under any name that is opened at all; so does a workbook called .csv."""
    expected = read_bill("a.csv", BILL).lines
    for name in ("alipay.txt", "工行流水", "download (1)", "x.pdf"):
        assert [line.row_key for line in read_bill(name, BILL).lines] == [line.row_key for line in expected]
    assert [line.amount_fen for line in read_bill("a.csv", BOOK).lines] == [900]


def test_honest_files_at_the_limits_pass() -> None:
    """200 entries, a name with dots, a packed bill that shrinks twentyfold."""
    many = read_bill("b.zip", archive("a..", wechat_bill(wechat_paid(1, 100)), count=200))
    assert (len(many.lines), len(many.skipped)) == (1, 199)
    large = wechat_bill(*(wechat_paid(n, 4400) for n in range(4_200)))
    assert len(large) > 2**20
    assert len(read_bill("b.gz", gzip.compress(large)).lines) == 4_200


def test_a_cell_too_long_and_invisible_characters_are_told_in_tables_too() -> None:
    """The personal forms go by the same limits as the merchants'."""
    rows = (teacher_row(1, 100, 交易对方="x" * 513), teacher_row(2, 200, 交易对方="张\u202e伟\x00"))
    bill = read_bill("x", text_bytes(wechat_personal(*rows)))
    assert [(f.code, f.severity) for f in bill.findings] == [
        ("bill_invisible", Severity.WARN),
        ("bill_cell_too_long", Severity.BLOCK),
    ]
    assert bill.lines[1].payer == "张伟"
