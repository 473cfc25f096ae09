"""The finance vectors FN01 … FN16: FN13 from the bill to the match, and that each has its test."""

import ast
import re
from pathlib import Path

import pytest

from busops.finance.matching import Match, ReceiptStatus, match_lines
from busops.sheets.bills.reading import read_bill
from tests.unit.finance.books import UNIT, a_book
from tests.unit.sheets import bill_files as make

TESTS = Path(__file__).parents[2]
OF_TWINS = {"高一1班 张伟": "20230001", "高一(2)班张伟": "20230002"}


def matched(fen: int, remark: str) -> Match:
    """What becomes of a payment that stands in a WeChat bill with this remark."""
    row = make.wechat_paid(
        1, fen, 商品名称=remark, 商户数据包="", 商户订单号="", 交易时间="2024-03-08 08:00:00"
    )
    (line,) = read_bill("b.csv", make.wechat_bill(row)).lines
    (match,) = match_lines([line], a_book())
    return match


def test_fn13_name_twins_are_told_apart_by_class_only() -> None:
    """FN13. Two 张伟 owe 16.00: the name alone waits, with the class each gets his own."""
    assert matched(1600, "张伟 校车费").status is ReceiptStatus.UNIDENTIFIED
    for remark, rider_id in OF_TWINS.items():
        assert matched(1600, remark).rider_id == rider_id


def test_fn13_siblings_in_one_payment_get_each_their_own() -> None:
    """FN13. 王芳 16.00 + 王丽 24.00 = 40.00; a fen less is neither's, and one name alone for both waits."""
    shares = matched(4000, "高一1班王芳、高二3班王丽").shares
    assert {(share.rider_id, share.unit_key, share.fen) for share in shares} == {
        ("20230003", UNIT, 1600),
        ("20230004", UNIT, 2400),
    }
    assert matched(3999, "高一1班王芳、高二3班王丽").shares == ()
    assert matched(4000, "高一1班王芳").shares == ()


@pytest.mark.parametrize(
    ("fen", "remark", "rider_id"),
    [
        (1600, "高一1班 張偉", "20230001"),
        (1600, "高一１班歐陽小華", "20230007"),
        (2400, "高一1班 李 娜", "00230006"),
        (1600, "２０２３０００３", "20230003"),
        (2400, "００２３０００６ 車費", "00230006"),
    ],
)
def test_fn13_script_width_and_blanks_make_no_other_person(fen: int, remark: str, rider_id: str) -> None:
    """FN13. Traditional characters, full-width digits and blanks in a name are read as what they mean."""
    match = matched(fen, remark)
    assert (match.status, match.rider_id) == (ReceiptStatus.MATCHED, rider_id)


def test_each_of_the_sixteen_vectors_has_a_test_that_names_it() -> None:
    """FN01 to FN16 stand in the docstrings of tests, so that nobody removes the last proof of one unseen."""
    named = {
        found
        for path in TESTS.rglob("test_*.py")
        if path != Path(__file__)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for found in re.findall(r"FN\d\d", ast.get_docstring(node) or "")
    }
    assert {f"FN{number:02}" for number in range(1, 17)} - {"FN13"} <= named
