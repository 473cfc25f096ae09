"""A WeChat merchant's bill: three widths, backticks, refunds by their status, totals to the fen."""

import gzip

import pytest

from busops.domain.findings import Severity
from busops.finance.matching import Channel, LineKind
from busops.sheets.bills.reading import read_bill
from busops.sheets.bills.values import Bill, BillKind, SkipReason
from tests.unit.sheets.bill_files import (
    WECHAT_20,
    WECHAT_26,
    WECHAT_27,
    text_bytes,
    wechat_back,
    wechat_bill,
    wechat_lines,
    wechat_paid,
)

ROWS = (wechat_paid(1, 4400), wechat_paid(2, 5600), wechat_back(1, 1400))


def codes(bill: Bill) -> list[str]:
    """The codes of the findings."""
    return [finding.code for finding in bill.findings]


def amounts(bill: Bill) -> list[int]:
    """The lines' amounts, fen."""
    return [line.amount_fen for line in bill.lines]


def test_a_line_carries_all_that_matching_needs() -> None:
    """Day, fen, codes, payer's digest, fee, and for a refund the payment it goes back on."""
    bill = read_bill("download", wechat_bill(*ROWS))
    assert (bill.kind, bill.findings, amounts(bill)) == (BillKind.WECHAT_MERCHANT, (), [4400, 5600, -1400])
    paid, _, back = bill.lines
    assert paid.channel is Channel.WECHAT
    assert (paid.paid_on.isoformat(), paid.line, paid.cell) == ("2026-11-11", 2, "2")
    assert (paid.code, paid.remark) == ("BUS00000001 C000001", "校车费,初一(3)班 C000001")
    assert (paid.kind, paid.reference, paid.refund_of) == (
        LineKind.PAYMENT,
        "4200000000202611000000000001",
        "",
    )
    assert (back.kind, back.refund_of) == (LineKind.REFUND, paid.reference)
    assert back.reference == "5030000000202611000001000001"
    assert (paid.fee_fen, back.fee_fen) == (26, -8)
    assert len(paid.payer_key) == 32
    assert paid.payer_key == back.payer_key
    assert "oTest" not in repr(bill)


def test_every_total_of_the_bill_stands_beside_that_of_its_rows() -> None:
    """Seven totals, all equal (I5)."""
    totals = read_bill("b", wechat_bill(*ROWS)).totals
    assert [(total.name, total.stated) for total in totals] == [
        ("总交易单数", 3),
        ("应结订单总金额", 10000),
        ("退款总金额", 1400),
        ("充值券退款总金额", 0),
        ("手续费总金额", 52),
        ("订单总金额", 10000),
        ("申请退款总金额", 1400),
    ]
    assert all(total.agrees for total in totals)


@pytest.mark.parametrize("header", [WECHAT_27, WECHAT_26, WECHAT_27[::-1]], ids=["27", "26", "other order"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("encoding", "end"), [("utf-8-sig", "\r\n"), ("utf-8", "\n"), ("gb18030", "\r\n")])
def test_columns_are_found_by_name_in_any_dress(
    header: tuple[str, ...], packed: bool, encoding: str, end: str
) -> None:
    """FN09. Width, order of columns, BOM, line ends, encoding and GZIP change neither lines nor keys."""
    content = text_bytes(wechat_lines(ROWS, header), encoding=encoding, end=end)
    bill = read_bill("b", gzip.compress(content) if packed else content)
    plain = read_bill("b", wechat_bill(*ROWS))
    assert (bill.lines, bill.totals, bill.findings) == (plain.lines, plain.totals, ())


def test_a_bill_without_columns_of_refunds_tells_them_by_status() -> None:
    """20 columns: a refund is a negative payment there, and its total may count it so or not at all."""
    back = wechat_back(1, 1400, 应结订单金额="-14.00", 订单金额="-14.00")
    for settled, refunded in (("44.00", "14.00"), ("30.00", "0.00"), ("30.00", "13.00")):
        totals = {"应结订单总金额": settled, "退款总金额": refunded, "订单总金额": settled}
        content = wechat_bill(ROWS[0], back, header=WECHAT_20, **totals)
        bill = read_bill("b", content)
        assert amounts(bill) == [4400, -1400]
        assert bill.lines[1].kind is LineKind.REFUND
        assert codes(bill) == (["bill_total_differs"] if refunded == "13.00" else [])


def test_status_decides_and_no_sign() -> None:
    """FN09. REFUND and REVOKED go back whatever their sign; what was not paid or refunded is passed over."""
    rows = (
        wechat_back(1, 1400, 退款金额="-14.00", 申请退款金额="-14.00"),
        wechat_back(2, 600, 交易状态="REVOKED", 退款状态=""),
        wechat_back(3, 700, 退款状态="PROCESSING"),
        wechat_back(4, 800, 退款状态="FAIL"),
        wechat_paid(5, 900, 交易状态="CLOSED"),
        wechat_paid(6, 0),
    )
    bill = read_bill("b", wechat_bill(*rows))
    assert [(line.kind, line.amount_fen) for line in bill.lines] == [
        (LineKind.REFUND, -1400),
        (LineKind.REVOKED, -600),
        (LineKind.REFUND, -700),
    ]
    assert [(row.reason, row.fen) for row in bill.skipped] == [
        (SkipReason.REFUND_FAILED, -800),
        (SkipReason.NOT_PAID, 900),
        (SkipReason.NOTHING, 0),
    ]
    assert bill.findings == ()


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (wechat_paid(1, 4400, 交易状态="LATER"), "bill_status_unknown"),
        (wechat_paid(1, -4400), "bill_amount_against_status"),
        (wechat_back(1, 0), "bill_amount_against_status"),
        (wechat_paid(1, 4400, 货币种类="USD"), "bill_currency"),
        (wechat_paid(1, 4400, 微信订单号=""), "bill_id_missing"),
        (wechat_paid(1, 4400, 应结订单金额="4 4.0x"), "amount_unreadable"),
        (wechat_paid(1, 4400, 手续费="1e3"), "amount_unreadable"),
        (wechat_paid(1, 4400, 交易时间="2026-13-01 08:00:00"), "date_impossible"),
        (wechat_paid(1, 4400, 商品名称="a,`b"), "bill_row_width"),
        (wechat_paid(1, 4400, 商品名称="x" * 513), "bill_cell_too_long"),
    ],
)
def test_a_row_that_cannot_be_read_blocks_with_its_place(row: dict[str, str], code: str) -> None:
    """Nothing is guessed, and the finding says which row it is."""
    rows = (wechat_paid(7, 100), row)
    content = text_bytes([*wechat_lines(rows[:1])[:2], wechat_lines(rows[1:], 总交易单数="2")[1]])
    bill = read_bill("b", content)
    found = next(finding for finding in bill.findings if finding.code == code)
    assert (found.severity, found.facts["cell"]) == (Severity.BLOCK, "3")


def test_names_of_goods_may_hold_commas_quotes_and_line_breaks() -> None:
    """FN09. The fields are parted at the backticks, and a row ends where the next begins."""
    goods = ('校车费,"初一"', "上半月\n下半月", "a`b")
    rows = [wechat_paid(n, 100, 商品名称=name, 商户数据包="") for n, name in enumerate(goods)]
    bill = read_bill("b", wechat_bill(*rows))
    assert [line.remark for line in bill.lines] == ['校车费,"初一"', "上半月 下半月", "a`b"]
    assert bill.findings == ()


@pytest.mark.parametrize(
    ("total", "code", "difference"),
    [
        ({"总交易单数": "4"}, "bill_count_differs", {"difference": 1}),
        ({"应结订单总金额": "99.99"}, "bill_total_differs", {"difference_fen": -1}),
        ({"退款总金额": "15.00"}, "bill_total_differs", {"difference_fen": 100}),
        ({"手续费总金额": "0.60"}, "bill_total_differs", {"difference_fen": 8}),
    ],
)
def test_a_total_that_differs_blocks_and_says_which_and_by_how_much(
    total: dict[str, str], code: str, difference: dict[str, int]
) -> None:
    """I5: the bill's own word and the difference are in the finding."""
    (finding,) = read_bill("b", wechat_bill(*ROWS, **total)).findings
    assert (finding.code, finding.severity) == (code, Severity.BLOCK)
    assert finding.facts["name"] == next(iter(total))
    assert finding.facts.items() >= difference.items()


def test_a_bill_that_is_cut_off_is_not_taken() -> None:
    """Without its last lines nobody can tell what is missing."""
    lines = wechat_lines(ROWS)
    assert codes(read_bill("b", text_bytes(lines[:-2]))) == ["bill_totals_missing"]
    assert codes(read_bill("b", text_bytes(lines[:-1]))) == ["bill_totals_missing"]
    assert "bill_count_differs" in codes(read_bill("b", text_bytes([*lines[:2], *lines[3:]])))


def test_several_days_in_one_file_are_each_held_to_their_totals() -> None:
    """Bills put one after another are read as what they are."""
    days = [*wechat_lines(ROWS), *wechat_lines([wechat_paid(9, 800)], WECHAT_26)]
    bill = read_bill("b", text_bytes(days))
    assert (amounts(bill), len(bill.totals), bill.findings) == ([4400, 5600, -1400, 800], 14, ())


def test_a_row_twice_counts_once_and_two_refunds_of_one_payment_are_two() -> None:
    """I6 within a file: the key is transaction, kind and refund."""
    rows = (ROWS[0], ROWS[0], wechat_back(1, 100, 1), wechat_back(1, 100, 2))
    bill = read_bill("b", wechat_bill(*rows))
    assert amounts(bill) == [4400, -100, -100]
    assert [row.reason for row in bill.skipped] == [SkipReason.TWICE]
    assert codes(bill) == ["bill_lines_twice"]


def test_one_payment_with_two_amounts_blocks() -> None:
    """Which of them is true is for a person to find out."""
    (finding,) = read_bill("b", wechat_bill(ROWS[0], wechat_paid(1, 4500))).findings
    assert (finding.code, finding.facts["before_fen"], finding.facts["amount_fen"]) == (
        "bill_line_changed",
        4400,
        4500,
    )


def test_invisible_characters_are_taken_out_and_told() -> None:
    """Bidi controls, zero-width characters and NUL change no word unseen."""
    row = wechat_paid(1, 4400, 商品名称="校\u200b车\u202e费\x00", 商户数据包="")
    bill = read_bill("b", wechat_bill(row))
    assert bill.lines[0].remark == "校车费"
    assert [(f.code, f.severity, f.facts["count"]) for f in bill.findings] == [
        ("bill_invisible", Severity.WARN, 1)
    ]
