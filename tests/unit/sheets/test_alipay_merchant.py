"""An Alipay merchant's archive: names in GBK, two files, ids with tabs, refunds by their kind."""

import pytest

from busops.domain.findings import Severity
from busops.finance.matching import Channel, LineKind
from busops.sheets.bills.reading import read_bill
from busops.sheets.bills.values import Bill, BillKind
from tests.unit.sheets.bill_files import (
    Row,
    alipay_detail,
    alipay_row,
    alipay_summary,
    text_bytes,
    wechat_bill,
    wechat_paid,
    zipped,
)

ROWS = (alipay_row(1, 4400), alipay_row(2, 5600), alipay_row(1, 1400, back="RF1"))


def archive(*rows: Row, total: str | None = None, **summed: str) -> bytes:
    """The archive as it is downloaded."""
    detail = text_bytes(alipay_detail(rows, total), encoding="gbk")
    summary = text_bytes(alipay_summary(rows, **summed), encoding="gbk")
    return zipped({"业务明细(汇总).csv": summary, "业务明细.csv": detail})


def codes(bill: Bill) -> list[str]:
    """The codes of the findings."""
    return [finding.code for finding in bill.findings]


def test_both_files_of_the_archive_are_read() -> None:
    """FN10. Lines from the detail, totals from the detail and from the summary, places by entry."""
    bill = read_bill("2088.zip", archive(*ROWS))
    assert (bill.kind, bill.findings) == (BillKind.ALIPAY_MERCHANT, ())
    assert [(line.kind, line.amount_fen) for line in bill.lines] == [
        (LineKind.PAYMENT, 4400),
        (LineKind.PAYMENT, 5600),
        (LineKind.REFUND, -1400),
    ]
    paid, _, back = bill.lines
    assert (paid.channel, paid.cell, paid.line) == (Channel.ALIPAY, "业务明细.csv!6", 6)
    assert (paid.reference, paid.code) == ("2026111022000000000000000001", "BUS00000001")
    assert (paid.payer, paid.payer_key) == ("**伟(138******89)", "")
    assert (back.reference, back.refund_of) == ("RF1", paid.reference)
    assert (paid.fee_fen, back.fee_fen) == (27, -9)
    assert [(total.name, total.stated) for total in bill.totals] == [
        ("交易合计笔数", 2),
        ("交易合计", 10000),
        ("退款合计笔数", 1),
        ("退款合计", 1400),
        ("汇总 交易订单总笔数", 2),
        ("汇总 退款订单总笔数", 1),
        ("汇总 商家实收", 8600),
    ]


def test_the_detail_alone_is_a_bill_too() -> None:
    """Unpacked by somebody, in GBK or UTF-8: the same lines and keys."""
    whole = read_bill("2088.zip", archive(*ROWS))
    for encoding in ("gbk", "utf-8"):
        alone = read_bill("明细.csv", text_bytes(alipay_detail(ROWS), encoding=encoding))
        assert [line.row_key for line in alone.lines] == [line.row_key for line in whole.lines]
        assert alone.findings == ()


@pytest.mark.parametrize("sign", ["-", ""])
def test_a_refund_is_told_by_its_kind_and_not_by_its_sign(sign: str) -> None:
    """FN10. One sample writes refunds negative, another positive."""
    bill = read_bill("x", archive(ROWS[0], alipay_row(1, 1400, back="RF1", sign=sign)))
    assert [line.amount_fen for line in bill.lines] == [4400, -1400]
    assert bill.findings == ()


def test_the_total_may_be_before_or_after_refunds() -> None:
    """Of three lines 86.00 remain: both words are right, another one is not."""
    after = "#交易合计：3笔，商家实收共86.00元，商家优惠共0.00元"
    assert codes(read_bill("x", archive(*ROWS, total=after))) == []
    (wrong,) = read_bill("x", archive(*ROWS, total=after.replace("86", "87"))).findings
    assert (wrong.code, wrong.severity, wrong.facts["name"]) == (
        "bill_total_differs",
        Severity.BLOCK,
        "交易合计",
    )
    (count,) = read_bill("x", archive(*ROWS, total=after.replace("3笔", "4笔"))).findings
    assert (count.code, count.facts["name"], count.facts["difference"]) == (
        "bill_count_differs",
        "交易合计笔数",
        2,
    )


def test_the_summary_beside_it_must_agree_as_well() -> None:
    """A detail that is whole by its own word is still held to the summary."""
    (found,) = read_bill("x", archive(*ROWS, **{"商家实收（元）": "85.00"})).findings
    assert (found.code, found.facts["name"]) == ("bill_total_differs", "汇总 商家实收")


def test_a_detail_that_is_cut_off_is_not_taken() -> None:
    """Without the line of totals nobody can tell what is missing."""
    lines = alipay_detail(ROWS)
    assert codes(read_bill("x", text_bytes(lines[:8]))) == ["bill_totals_missing"]


def test_commas_in_goods_or_remark_are_put_back_where_they_belong() -> None:
    """The days and amounts say which text the commas are of; a row that fits nowhere blocks."""
    rows = [alipay_row(1, 100, 商品名称="校车费,初一,3班"), alipay_row(2, 200, 备注="谢谢,老师")]
    bill = read_bill("x", text_bytes(alipay_detail(rows)))
    assert [line.remark for line in bill.lines] == ["校车费,初一,3班", "校车费 谢谢,老师"]
    assert bill.findings == ()
    broken = read_bill("x", text_bytes(alipay_detail([alipay_row(1, 100, 创建时间="a,b")])))
    assert "bill_row_width" in codes(broken)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (alipay_row(1, 100, 业务类型="调账"), "bill_status_unknown"),
        (alipay_row(1, 100, 支付宝交易号=""), "bill_id_missing"),
        (alipay_row(1, 100, 创建时间="昨天"), "date_unreadable"),
        (alipay_row(1, 100, 商品名称="x" * 600), "bill_cell_too_long"),
        (alipay_row(1, 100, 商品名称='"x'), "bill_row_unknown"),
    ],
)
def test_a_row_that_cannot_be_read_blocks_with_its_place(row: Row, code: str) -> None:
    """Nothing is guessed, and the finding says which row it is."""
    found = read_bill("x", text_bytes(alipay_detail([row]))).findings[0]
    assert (found.code, found.severity, found.facts["cell"]) == (code, Severity.BLOCK, "6")


def test_what_lies_beside_a_bill_in_the_archive_is_told() -> None:
    """A note in the archive is no bill; nothing is passed over in silence."""
    detail = text_bytes(alipay_detail(ROWS))
    bill = read_bill("x", zipped({"业务明细.csv": detail, "说明.txt": "你好,世界\n".encode()}))
    assert [(f.code, f.severity) for f in bill.findings] == [("bill_part_ignored", Severity.WARN)]
    assert len(bill.lines) == 3


def test_two_bills_in_one_archive_are_both_read() -> None:
    """Several days packed together are one upload."""
    files = {"a.csv": wechat_bill(wechat_paid(1, 100)), "b.csv": wechat_bill(wechat_paid(2, 200))}
    bill = read_bill("x.zip", zipped(files))
    assert [(line.cell, line.amount_fen) for line in bill.lines] == [("a.csv!2", 100), ("b.csv!2", 200)]
