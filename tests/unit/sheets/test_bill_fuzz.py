"""
Valid bills, broken at random: never an exception nobody expects, never a silent loss.

Of each form a bill is made from drawn payments and refunds, then cut, doubled, moved or scribbled
on. Whatever comes out is either refused, or what was read and what was passed over is together
what the file itself states, line by line and fen by fen.
"""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from busops.domain.findings import Severity
from busops.sheets.bills.reading import read_bill
from busops.sheets.bills.values import Bill, SkipReason
from tests.unit.sheets import bill_files as make

AMOUNTS = st.lists(st.integers(1, 500_000), min_size=2, max_size=8)
SCRIBBLES = (
    "",
    ",",
    "`",
    '"',
    "\t",
    "\u202e",
    "x",
    "-1",
    "9" * 600,
    "合计",
    "0.01",
    "\x00",
    "REFUND",
    "退款",
)


def wechat(amounts: list[int]) -> list[str]:
    """A merchant's bill: every third line a refund of the one before."""
    rows = [
        make.wechat_back(n - 1, min(fen, amounts[n - 1])) if n % 3 == 2 else make.wechat_paid(n, fen)
        for n, fen in enumerate(amounts)
    ]
    return make.wechat_lines(rows)


def alipay(amounts: list[int]) -> list[str]:
    """A merchant's detail: every third line a refund."""
    rows = [
        make.alipay_row(n, fen, back=f"RF{n}" if n % 3 == 2 else "", sign="-" if n % 2 else "")
        for n, fen in enumerate(amounts)
    ]
    return make.alipay_detail(rows)


def teacher(amounts: list[int]) -> list[str]:
    """A personal export: income, money spent, and between own accounts."""
    directions = ("收入", "支出", "/")
    rows = [make.teacher_row(n, fen, **{"收/支": directions[n % 3]}) for n, fen in enumerate(amounts)]
    return make.wechat_personal(*rows)


def statement(amounts: list[int]) -> list[str]:
    """A bank's statement: money in, every third line money out."""
    moves = [(f"2026-11-{n + 1:02}", -fen if n % 3 == 2 else fen, "校车费") for n, fen in enumerate(amounts)]
    return make.bank(*moves, opening_fen=10**7, total=True)


FORMS: dict[str, Callable[[list[int]], list[str]]] = {
    "wechat": wechat,
    "alipay": alipay,
    "teacher": teacher,
    "bank": statement,
}


@st.composite
def broken(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """The lines of a good bill, and the same after one to three accidents."""
    lines = FORMS[draw(st.sampled_from(sorted(FORMS)))](draw(AMOUNTS))
    after = list(lines)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(after) - 1))
        match draw(st.sampled_from(("drop", "double", "swap", "cut", "scribble", "replace"))):
            case "drop":
                del after[at]
            case "double":
                after.insert(at, after[at])
            case "swap":
                other = draw(st.integers(0, len(after) - 1))
                after[at], after[other] = after[other], after[at]
            case "cut":
                after[at] = after[at][: draw(st.integers(0, len(after[at])))]
            case "scribble":
                spot = draw(st.integers(0, len(after[at])))
                after[at] = after[at][:spot] + draw(st.sampled_from(SCRIBBLES)) + after[at][spot:]
            case _:
                cells = after[at].split(",")
                cells[draw(st.integers(0, len(cells) - 1))] = draw(st.sampled_from(SCRIBBLES))
                after[at] = ",".join(cells)
        if not after:
            break
    return lines, after


def counted(bill: Bill) -> tuple[int, int]:
    """How many rows a bill has and what they come to as written, those passed over included."""
    fens = [line.amount_fen for line in bill.lines] + [row.fen for row in bill.skipped]
    return len(fens), sum(map(abs, fens))


def is_taken(bill: Bill) -> bool:
    """Whether nothing in it blocks."""
    return not any(finding.severity is Severity.BLOCK for finding in bill.findings)


@pytest.mark.parametrize("form", sorted(FORMS))
@settings(max_examples=40)
@given(amounts=AMOUNTS)
def test_a_good_bill_is_read_to_the_last_fen(form: str, amounts: list[int]) -> None:
    """Every row is a line or passed over, and every total agrees."""
    if form == "wechat":
        amounts = [min(fen, amounts[n - 1]) if n % 3 == 2 else fen for n, fen in enumerate(amounts)]
    bill = read_bill("b", make.text_bytes(FORMS[form](amounts)))
    assert is_taken(bill), bill.findings
    assert counted(bill) == (len(amounts), sum(amounts))


@settings(max_examples=300)
@given(pair=broken(), encoding=st.sampled_from(["utf-8-sig", "gb18030"]))
def test_a_broken_bill_is_refused_or_loses_nothing(pair: tuple[list[str], list[str]], encoding: str) -> None:
    """A file that is taken states itself what was read of it; a line that stands twice counts once."""
    lines, after = pair
    good = read_bill("b", make.text_bytes(lines, encoding=encoding))
    bill = read_bill("b", make.text_bytes(after, encoding=encoding))
    assert all(finding.code and finding.facts["file"] == "b" for finding in bill.findings)
    if not is_taken(bill) or not bill.totals or not good.totals:
        return
    twice = sum(row.reason is SkipReason.TWICE for row in bill.skipped)
    assert all(total.agrees for total in bill.totals)
    assert counted(bill)[0] - twice <= len(after)
    counts = [total.stated for total in bill.totals if total.unit == "count"]
    if counts and bill.kind == good.kind and len(bill.totals) == len(good.totals):
        assert counted(bill)[0] == counted(good)[0]
        assert counted(bill)[1] == counted(good)[1]


@settings(max_examples=150)
@given(
    form=st.sampled_from(sorted(FORMS)),
    amounts=AMOUNTS,
    spots=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_flipped_bytes_never_raise(form: str, amounts: list[int], spots: list[tuple[int, int]]) -> None:
    """Bytes changed anywhere in a bill or in an archive are findings, never an exception."""
    content = make.text_bytes(FORMS[form](amounts))
    for whole in (content, make.zipped({"业务明细.csv": content})):
        after = bytearray(whole)
        for spot, value in spots:
            after[spot % len(after)] = value
        bill = read_bill("b", bytes(after))
        assert all(finding.code for finding in bill.findings)
