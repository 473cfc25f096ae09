"""A class teacher's own WeChat or Alipay: money that came in, and what is passed over with its reason."""

import pytest

from busops.domain.findings import Severity
from busops.finance.matching import Channel, LineKind
from busops.sheets.bills.reading import read_bill
from busops.sheets.bills.values import BillKind, SkipReason
from tests.unit.sheets.bill_files import (
    alipay_personal,
    alipay_personal_row,
    teacher_row,
    text_bytes,
    wechat_personal,
    wechat_personal_xlsx,
)

ROWS = (
    teacher_row(1, 4400),
    teacher_row(2, 5600, 交易类型="转账"),
    teacher_row(2, 5600, **{"交易类型": "转账-退款", "收/支": "支出", "当前状态": "退款成功"}),
    teacher_row(3, 1250, **{"交易类型": "商户消费", "收/支": "支出", "当前状态": "支付成功"}),
    teacher_row(4, 9900, **{"交易类型": "零钱提现", "收/支": "/", "当前状态": "提现已到账"}),
    teacher_row(5, 700, 交易类型="商户消费-退款"),
    teacher_row(6, 800, 当前状态="已退还"),
)
EXPECTED = [(LineKind.PAYMENT, 4400), (LineKind.PAYMENT, 5600), (LineKind.REFUND, -5600)]


@pytest.mark.parametrize("remarks", [1, 4, 16])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_header_is_found_wherever_it_stands(form: str, remarks: int) -> None:
    """FN11. Three versions of the app moved it: text or workbook, the lines are the same."""
    content = (
        text_bytes(wechat_personal(*ROWS, remarks=remarks))
        if form == "csv"
        else wechat_personal_xlsx(*ROWS, remarks=remarks)
    )
    bill = read_bill("x", content)
    assert (bill.kind, bill.findings) == (BillKind.WECHAT_PERSONAL, ())
    assert [(line.kind, line.amount_fen) for line in bill.lines] == EXPECTED
    paid = bill.lines[0]
    assert (paid.channel, paid.payer, paid.remark) == (Channel.WECHAT, "家长1", "初一3班张伟")
    assert (paid.reference, paid.code) == ("1000050001202611000000000001", "100005000000000001")
    assert all(total.agrees for total in bill.totals)
    assert [total.stated for total in bill.totals] == [7, 4, 11500, 2, 6850, 1, 9900]


def test_what_is_no_receipt_is_passed_over_with_its_reason() -> None:
    """Spent, moved between own accounts, got back for a purchase, never received."""
    bill = read_bill("x", text_bytes(wechat_personal(*ROWS)))
    assert [(row.reason, row.fen) for row in bill.skipped] == [
        (SkipReason.MONEY_OUT, 1250),
        (SkipReason.NEUTRAL, 9900),
        (SkipReason.OWN_REFUND, 700),
        (SkipReason.NOT_PAID, 800),
    ]


def test_totals_above_the_table_are_held_to() -> None:
    """A row taken out of an export is noticed; an export without totals is told."""
    lines = wechat_personal(*ROWS)
    found = read_bill("x", text_bytes([*lines[:-7], *lines[-6:]])).findings
    assert [(f.code, f.facts["name"]) for f in found] == [
        ("bill_count_differs", "共7笔记录"),
        ("bill_count_differs", "收入笔数"),
        ("bill_total_differs", "收入"),
    ]
    bare = read_bill("x", text_bytes(lines[-8:]))
    assert [(f.code, f.severity) for f in bare.findings] == [("bill_without_totals", Severity.WARN)]
    assert len(bare.lines) == 3


def test_tabs_of_a_broken_export_change_nothing() -> None:
    """The CSV of April 2025 had a tab behind each cell."""
    plain = read_bill("x", text_bytes(wechat_personal(*ROWS)))
    tabbed = [
        line.replace(",", "\t,") + "\t" if line.startswith("2026") else line
        for line in wechat_personal(*ROWS)
    ]
    broken = [line.replace('"\t', '"') for line in tabbed]
    assert read_bill("x", text_bytes(broken)).lines == plain.lines


def test_a_row_without_a_number_or_amount_blocks() -> None:
    """A line that could not be told again is not taken, and none is dropped in silence."""
    for changed, code in (({"交易单号": "/"}, "bill_id_missing"), ({"金额(元)": "/"}, "value_missing")):
        bill = read_bill("x", text_bytes(wechat_personal(teacher_row(1, 100, **changed))))
        assert bill.findings[0].code == code
        assert bill.findings[0].severity is Severity.BLOCK


def test_a_personal_alipay_in_gb18030() -> None:
    """The account becomes a digest, a refund's number names its payment."""
    rows = (
        alipay_personal_row(1, 4400),
        alipay_personal_row(2, 300, **{"收/支": "支出"}),
        alipay_personal_row(3, 200, **{"收/支": "不计收支"}),
        alipay_personal_row(4, 100, 交易状态="交易关闭"),
        alipay_personal_row(
            1, 4400, **{"收/支": "支出", "交易分类": "退款", "交易状态": "退款成功", "交易订单号": "2026_9"}
        ),
    )
    bill = read_bill("x", alipay_personal(*rows))
    assert (bill.kind, bill.findings) == (BillKind.ALIPAY_PERSONAL, ())
    assert [line.amount_fen for line in bill.lines] == [4400, -4400]
    paid, back = bill.lines
    assert (paid.channel, paid.remark, len(paid.payer_key)) == (Channel.ALIPAY, "校车费 初一3班 张伟", 32)
    assert (back.kind, back.refund_of) == (LineKind.REFUND, "2026")
    assert [row.reason for row in bill.skipped] == [
        SkipReason.MONEY_OUT,
        SkipReason.NEUTRAL,
        SkipReason.NOT_PAID,
    ]


def test_the_same_payment_has_one_key_in_text_and_workbook() -> None:
    """I6 across the forms of one app."""
    text = read_bill("a", text_bytes(wechat_personal(*ROWS)))
    book = read_bill("b", wechat_personal_xlsx(*ROWS[::-1]))
    assert {line.row_key for line in text.lines} == {line.row_key for line in book.lines}
