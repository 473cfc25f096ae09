"""A bank's statement: the running balance proves which column is money in, or nothing is taken."""

import pytest

from busops.domain.findings import Severity
from busops.finance.matching import Channel, LineKind
from busops.sheets.bills.reading import read_bill
from busops.sheets.bills.values import Bill, BillKind, SkipReason
from tests.unit.sheets.bill_files import bank, text_bytes

MOVES = (
    ("2026-11-10", 4400, "校车费 张伟"),
    ("2026-11-10", 5600, "校车费 李娜"),
    ("2026-11-11", -30000, "油费"),
    ("2026-11-12", -4400, "退校车费 张伟"),
    ("2026-11-13", 30000, "冲正 油费"),
    ("2026-11-13", -5600, "冲正 校车费"),
)
EXPECTED = [
    (LineKind.PAYMENT, 4400),
    (LineKind.PAYMENT, 5600),
    (LineKind.REFUND, -4400),
    (LineKind.REVOKED, -5600),
]


def read(lines: list[str]) -> Bill:
    """The statement, read."""
    return read_bill("流水.csv", text_bytes(lines, encoding="gb18030"))


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("income", ["贷方", "借方"])
def test_four_ways_of_writing_one_statement_are_one(income: str, newest_first: bool) -> None:
    """FN12. Whichever column is money in and whichever line comes first: the same lines and keys."""
    bill = read(bank(*MOVES, newest_first=newest_first, income=income, total=True))
    assert (bill.kind, [f.code for f in bill.findings]) == (BillKind.BANK_STATEMENT, [])
    lines = bill.lines[::-1] if newest_first else bill.lines
    assert [(line.kind, line.amount_fen) for line in lines] == EXPECTED
    assert {line.row_key for line in lines} == {line.row_key for line in read(bank(*MOVES)).lines}
    assert (lines[0].channel, lines[0].payer, lines[0].remark) == (Channel.BANK, "家长0", "校车费 张伟")
    assert len(lines[0].payer_key) == 32
    assert [total.agrees for total in bill.totals] == [True, True]
    assert sorted((row.reason, row.fen) for row in bill.skipped) == [
        (SkipReason.MONEY_OUT, -30000),
        (SkipReason.OWN_REFUND, 30000),
    ]


def test_a_row_that_is_missing_is_found_by_the_balance_after_it() -> None:
    """Refused whole, with the row, the balance it should have, and the one it has."""
    lines = bank(*MOVES)
    del lines[4]
    (found,) = read(lines).findings
    assert (found.code, found.severity, found.facts["cell"]) == ("bank_balance_broken", Severity.BLOCK, "5")
    assert (found.facts["expected_fen"], found.facts["found_fen"]) == (105600, 75600)
    assert read(lines).lines == ()


def test_a_statement_that_proves_nothing_is_refused() -> None:
    """FN12. One row, or two alike on one day that may be read both ways: nobody knows what is money in."""
    one = read(bank(("2026-11-10", 4400, "x")))
    two = read(bank(("2026-11-10", 4400, "x"), ("2026-11-10", 4400, "x")))
    assert [[f.code for f in bill.findings] for bill in (one, two)] == [["bank_direction_unproven"]] * 2
    opened = bank(("2026-11-10", 4400, "x"))
    opened.insert(2, "2026-11-09,期初余额,,,,,1000.00")
    assert [line.amount_fen for line in read(opened).lines] == [4400]


def test_days_that_run_both_ways_are_refused() -> None:
    """Sorted by something else, a statement proves nothing."""
    lines = bank(*MOVES)
    lines[2], lines[7], lines[4] = lines[7], lines[4], lines[2]
    assert [f.code for f in read(lines).findings] == ["bank_days_mixed"]


def test_a_row_without_a_balance_blocks() -> None:
    """Nothing is taken on trust."""
    lines = bank(*MOVES)
    lines[3] = lines[3].rpartition(",")[0] + ","
    (found,) = read(lines).findings
    assert (found.code, found.facts["cell"]) == ("bank_balance_missing", "4")


def test_one_column_of_amounts_with_its_side() -> None:
    """贷 is proved to be money in; a word nobody knows blocks."""
    lines = [
        "记账日期,借贷标志,交易金额(元),账户余额(元),对方户名,摘要,流水号",
        "20261110,贷,44.00,144.00,家长1,校车费,S1",
        "20261111,借,10.00,134.00,超市,纸,S2",
    ]
    bill = read(lines)
    assert [(line.amount_fen, line.reference) for line in bill.lines] == [(4400, "S1")]
    unknown = read([*lines, "20261112,?,1.00,135.00,家长2,校车费,S3"])
    assert [f.code for f in unknown.findings] == ["bill_status_unknown"]


def test_two_equal_payments_with_equal_balances_are_two() -> None:
    """Paid, paid back, paid again within a day: the third line is not the first one."""
    moves = [("2026-11-10", 4400, "校车费"), ("2026-11-10", -4400, "退费"), ("2026-11-10", 4400, "校车费")]
    bill = read(bank(("2026-11-09", 100, "校车费"), *moves))
    assert len({line.row_key for line in bill.lines}) == 4


def test_a_total_row_that_differs_blocks() -> None:
    """The balances hold and the total does not: somebody must look."""
    lines = bank(*MOVES, total=True)
    lines[-1] = lines[-1].replace("400.00", "401.00", 1)
    (found,) = read(lines).findings
    assert (found.code, found.facts["difference_fen"]) == ("bill_total_differs", 100)


def test_a_list_of_cards_with_balances_is_no_statement() -> None:
    """Each student has a balance of his own there: it is a sheet like any other."""
    lines = ["学号,日期,金额,余额", "00230001,2026-11-10,9,91", "00230002,2026-11-10,9,41"]
    bill = read(lines)
    assert (bill.kind, [line.amount_fen for line in bill.lines]) == (BillKind.GENERIC, [900, 900])
