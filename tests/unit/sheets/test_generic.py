"""Receipts from any sheet: columns by their words, refunds, unpaid lines, the sheet's own total."""

from datetime import date

import pytest

from busops.domain.findings import Severity
from busops.finance.matching import Channel
from busops.sheets.bills.reading import read_bill
from busops.sheets.bills.values import Bill
from tests.unit.sheets.sheet_files import csv_bytes, xlsx_bytes

HEADER = ("缴费时间", "付款人", "收款金额（元）", "备注", "流水号")


def read(*rows: tuple[object, ...], header: tuple[str, ...] = HEADER, name: str = "微信收款.csv") -> Bill:
    """The rows as CSV, read."""
    return read_bill(name, csv_bytes([header, *rows]))


def codes(result: Bill) -> list[str]:
    """The codes of the findings."""
    return [finding.code for finding in result.findings]


def test_a_line_with_all_that_matching_needs() -> None:
    """Day, fen, payer, remark, reference, cell and channel come from the row."""
    result = read(("2026-11-14 08:30:05", "张大", "15.5", "初一3班张伟 校车费", "4200001"))
    (line,) = result.lines
    assert (line.source, line.line, line.cell) == ("微信收款.csv", 2, "C2")
    assert (line.paid_on, line.amount_fen) == (date(2026, 11, 14), 1550)
    assert (line.payer, line.remark, line.reference) == ("张大", "初一3班张伟 校车费", "4200001")
    assert line.channel is Channel.WECHAT
    assert result.sum_fen == 1550
    assert result.findings == ()


def test_columns_of_a_payment_platform() -> None:
    """Student number, name and class in columns of their own reach the matching."""
    header = ("学号", "姓名", "年级", "班级", "应缴", "实缴", "缴费日期", "单号", "状态")
    rows = [
        ("00230001", "张 伟", "初一", "3班", "9", "9", "2026/11/14", "A1", "已支付"),
        ("00230002", "李娜", "高一", "1班", "9", "9", "2026/11/14", "A2", "未支付"),
    ]
    result = read(*rows, header=header, name="平台.csv")
    (line,) = result.lines
    assert (line.rider_hint, line.payer, line.remark) == ("00230001", "张伟", "初一3班 张伟")
    assert codes(result) == ["receipt_not_paid"]
    assert [finding.severity for finding in result.findings] == [Severity.WARN]


@pytest.mark.parametrize(
    ("written", "fen"), [("¥1,234.50", 123450), ("15元", 1500), ("+9", 900), ("１５", 1500), ("-9.00", -900)]
)
def test_amounts_as_sheets_write_them(written: str, fen: int) -> None:
    """Signs of currency and thousands commas are taken off; that is told where it happened."""
    result = read_bill("表.xlsx", xlsx_bytes([("日期", "金额"), ("2026-11-14", written)]))
    assert [line.amount_fen for line in result.lines] == [fen]
    assert codes(result) == ([] if written == "-9.00" else ["amounts_tidied"])


@pytest.mark.parametrize("written", ["1e3", "1.155", "12,34", "十五", "NaN", "1_000"])
def test_what_is_no_amount_blocks_at_its_cell(written: str) -> None:
    """Nothing is guessed of an amount."""
    result = read_bill("表.xlsx", xlsx_bytes([("日期", "金额"), ("2026-11-14", written)]))
    found = [(finding.code, finding.facts["cell"]) for finding in result.findings]
    assert found == [("amount_unreadable", "B2")]
    assert result.lines == ()


def test_amounts_in_fen() -> None:
    """A header that says 分 is taken at its word."""
    result = read(("2026-11-14", "1550"), header=("日期", "金额（分）"))
    assert [line.amount_fen for line in result.lines] == [1550]


def test_refunds_are_negative_by_their_kind_not_by_their_sign() -> None:
    """Some exports write refunds positive, some negative: the kind decides."""
    header = ("日期", "金额", "交易类型")
    rows = [("2026-11-14", "9", "支付"), ("2026-11-15", "9", "退款"), ("2026-11-15", "-9", "退款")]
    assert [line.amount_fen for line in read(*rows, header=header).lines] == [900, -900, -900]


def test_two_columns_of_amounts_block_and_two_of_days_are_told() -> None:
    """Which amount counts is for a person to say; of two days the first is taken."""
    two_amounts = read(("2026-11-14", "9", "8"), header=("日期", "金额", "实缴金额"))
    assert [(f.code, f.severity) for f in two_amounts.findings] == [("column_twice", Severity.BLOCK)]
    two_days = read(("2026-11-14", "2026-11-15", "8"), header=("交易日期", "记账日期", "金额"))
    assert [(f.code, f.severity) for f in two_days.findings] == [("column_twice", Severity.WARN)]
    assert two_days.lines[0].paid_on == date(2026, 11, 14)


def test_the_total_of_the_sheet_must_be_that_of_its_rows() -> None:
    """An equal total passes, binary dust and all; another one blocks with both sums (I5)."""
    rows = [("日期", "金额"), ("2026-11-14", 9.1), ("2026-11-14", 9.2)]
    equal = read_bill("表.xlsx", xlsx_bytes([*rows, ("合计", 18.299999999999997)]))
    assert [(total.stated, total.found) for total in equal.totals] == [(1830, 1830)]
    assert [finding.severity for finding in equal.findings] == [Severity.LOG]
    other = read_bill("表.xlsx", xlsx_bytes([*rows, ("合计", 18.4)]))
    (differs,) = [finding for finding in other.findings if finding.code == "bill_total_differs"]
    assert differs.severity is Severity.BLOCK
    facts = differs.facts
    assert (facts["control_fen"], facts["sum_fen"], facts["difference_fen"]) == (1840, 1830, 10)
    assert facts["name"] == "合计 Sheet1!B4"


def test_a_total_before_or_after_refunds_is_right() -> None:
    """Sheets add up what is written, or what remains: both are totals of these rows."""
    header = ("日期", "金额", "类型")
    rows = [("2026-11-14", "9", "支付"), ("2026-11-15", "4", "退款")]
    for total in ("13", "5", "9"):
        assert "bill_total_differs" not in codes(read(*rows, ("合计", total, ""), header=header))
    assert "bill_total_differs" in codes(read(*rows, ("合计", "14", ""), header=header))


def test_the_same_payment_has_the_same_key_in_every_file() -> None:
    """A second export gives the same keys; two equal lines in one file are two payments."""
    row = ("2026-11-14", "张大", "9", "校车", "")
    one = read(row, row)
    assert len({line.row_key for line in one.lines}) == 2
    again = read(row, ("2026-11-15", "李大", "9", "校车", ""), name="another.csv")
    assert again.lines[0].row_key == one.lines[0].row_key
    assert again.lines[1].row_key not in {line.row_key for line in one.lines}


def test_one_reference_twice_is_told() -> None:
    """A transaction number with the same sum on two lines is looked at by a person."""
    row = ("2026-11-14", "张大", "9", "校车", "4200001")
    result = read(row, row)
    assert codes(result) == ["reference_twice"]
    assert result.findings[0].facts["first_cell"] == "C2"


def test_a_hostile_or_unknown_sheet_is_a_finding() -> None:
    """A file that is no sheet of receipts gives a finding and no line."""
    assert codes(read_bill("bill.xls", bytes.fromhex("d0cf11e0a1b11ae1"))) == ["file_old_format"]
    assert codes(read_bill("x.csv", b"a,b\n1,2\n")) == ["header_not_found"]
    assert read_bill("x.csv", b"a,b\n1,2\n").lines == ()
