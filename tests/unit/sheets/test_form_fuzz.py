"""
Every other form of a bill with cells broken at random: no row falls out, none is made up, nothing raises.

``test_bill_fuzz`` breaks lines; here cells are broken, so that rows keep their places and each can be
asked for: a row that was not touched reads as before, and one that was is a line, a row passed over
with its reason, or a finding that says where. Forms: both older WeChat bills, Alipay's archive with
its summary, personal exports as CSV and XLSX, sheets known by their words, and sheets explained once.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from busops.domain.errors import InvalidInput
from busops.domain.findings import Severity
from busops.sheets.bills import alipay_merchant, generic, personal
from busops.sheets.bills.mapping import ColumnMapping, MoneyUnit
from busops.sheets.bills.reading import read_bill
from busops.sheets.bills.values import Bill
from tests.unit.sheets import bill_files as make
from tests.unit.sheets.sheet_files import csv_bytes, xlsx_bytes

Grid = list[list[str]]
QUICK = (Phase.explicit, Phase.generate)  # small enough to read as they are found
AMOUNTS = st.lists(st.integers(1, 500_000), min_size=2, max_size=6)
SCRIBBLES = (
    *("", "x", "-1", "0", "0.01", "9" * 600, "合计", "退款", "支出", "收入", "REFUND", "SUCCESS", "\u202e1"),
    *("1e3", "１２．５", "1,234.50", "¥5", "2026-02-30", "=1+1", "待支付", "/", " ", "\x00"),
)
# What may be read of a scribble, in fen: of a sheet in yuan, and of one in fen. Anything else is made up.
READS = {"-1": 100, "0": 0, "0.01": 1, "１２．５": 1250, "1,234.50": 123_450, "¥5": 500, "\u202e1": 100}
READS_FEN = {"-1": 1, "0": 0, "¥5": 5, "\u202e1": 1}
MAPPED = ColumnMapping(
    name="一卡通",
    header=("何时", "多少", "谁", "号"),
    columns={"paid_on": 0, "amount": 1, "payer": 2, "reference": 3},
    unit=MoneyUnit.FEN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a bill of drawn amounts looks as cells, where its rows begin, and how it becomes a file."""

    grid: Callable[[list[int]], Grid]
    first: int  # the index of the first row of payments
    file: Callable[[Grid], bytes]
    name: str = "b.csv"


def by_lines(lines: list[str]) -> Grid:
    """Lines as cells."""
    return [line.split(",") for line in lines]


def text(grid: Grid, encoding: str = "utf-8-sig") -> bytes:
    """Cells as the lines they came from."""
    return make.text_bytes([",".join(row) for row in grid], encoding=encoding)


def old_wechat(header: tuple[str, ...]) -> Form:
    """A merchant's bill of fewer columns."""

    def grid(amounts: list[int]) -> Grid:
        rows = [make.wechat_paid(n, fen, 商品名称="校车费", 手续费="0.00") for n, fen in enumerate(amounts)]
        return by_lines(make.wechat_lines(rows, header))

    return Form(grid=grid, first=1, file=text)


def alipay_rows(amounts: list[int]) -> list[make.Row]:
    """Payments, every third line a refund."""
    return [
        make.alipay_row(n, fen, back=f"RF{n}" if n % 3 == 2 else "", sign="-" if n % 2 else "")
        for n, fen in enumerate(amounts)
    ]


def archive(grid: Grid) -> bytes:
    """The detail alone in its archive, in GB18030."""
    return make.zipped({"业务明细.csv": text(grid, "gb18030")})


def own_rows(amounts: list[int]) -> list[make.Row]:
    """A personal WeChat export: income, money spent, and between own accounts."""
    ways = ("收入", "支出", "/")
    return [make.teacher_row(n, fen, **{"收/支": ways[n % 3]}) for n, fen in enumerate(amounts)]


def own_sheet(amounts: list[int]) -> Grid:
    """The same as the cells of a workbook."""
    rows = own_rows(amounts)
    above = [[line] for line in make.preamble(rows, neutral="中性交易")]
    body = [[row[name].strip('"') for name in make.WECHAT_PERSONAL] for row in rows]
    return [*above, list(make.WECHAT_PERSONAL), *body]


def alipay_own(amounts: list[int]) -> Grid:
    """A personal Alipay export."""
    ways = ("收入", "支出", "不计收支")
    rows = [make.alipay_personal_row(n, fen, **{"收/支": ways[n % 3]}) for n, fen in enumerate(amounts)]
    return by_lines(make.alipay_personal(*rows).decode("gb18030").splitlines())


def platform(*, total: bool) -> Callable[[list[int]], Grid]:
    """A payment platform's sheet, with or without a row of its total."""

    def grid(amounts: list[int]) -> Grid:
        rows = [
            [f"2026-11-{n + 1:02}", f"家长{n}", make.yuan(fen), f"初一3班学生{n}", f"P{n:06}", "已支付"]
            for n, fen in enumerate(amounts)
        ]
        last = [["合计", "", make.yuan(sum(amounts)), "", "", ""]] if total else []
        return [["日期", "付款人", "金额", "备注", "流水号", "状态"], *rows, *last]

    return grid


def mapped(amounts: list[int]) -> Grid:
    """A sheet whose columns a person named, in fen, under a title."""
    rows = [[f"2026-11-{n + 1:02}", str(fen), f"家长{n}", f"K{n:06}"] for n, fen in enumerate(amounts)]
    return [["一卡通导出", "", "", ""], list(MAPPED.header), *rows]


ABOVE = len(make.preamble([], neutral=""))
FORMS: dict[str, Form] = {
    "wechat 26": old_wechat(make.WECHAT_26),
    "wechat 20": old_wechat(make.WECHAT_20),
    "alipay zip": Form(
        grid=lambda amounts: by_lines(make.alipay_detail(alipay_rows(amounts))), first=5, file=archive
    ),
    "wechat personal xlsx": Form(grid=own_sheet, first=ABOVE + 1, file=xlsx_bytes, name="b.xlsx"),
    "alipay personal": Form(grid=alipay_own, first=ABOVE + 1, file=lambda grid: text(grid, "gb18030")),
    "sheet": Form(grid=platform(total=False), first=1, file=csv_bytes),
    "sheet xlsx": Form(grid=platform(total=True), first=1, file=xlsx_bytes, name="b.xlsx"),
    "explained": Form(grid=mapped, first=2, file=csv_bytes),
}


def read(form: Form, grid: Grid) -> Bill:
    """The cells as a file, read."""
    return read_bill(form.name, form.file(grid), {MAPPED.header_key: MAPPED})


def row_of(cell: str) -> int:
    """The row that a place names; 0 where it names none."""
    found = re.search(r"(\d+)$", cell)
    return int(found[1]) if found else 0


def items(bill: Bill) -> dict[int, tuple[str, int]]:
    """What was made of each row: a line or a reason to pass it over, and fen."""
    lines = {row_of(line.cell): (str(line.kind), line.amount_fen) for line in bill.lines}
    return lines | {row_of(row.cell): (str(row.reason), row.fen) for row in bill.skipped}


def is_taken(bill: Bill) -> bool:
    """Whether nothing in it blocks."""
    return not any(finding.severity is Severity.BLOCK for finding in bill.findings)


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=12, phases=QUICK)
@given(amounts=AMOUNTS)
def test_a_good_bill_of_each_form_is_read_to_the_last_fen(name: str, amounts: list[int]) -> None:
    """Every row is a line or passed over, with its fen, and every total agrees."""
    form = FORMS[name]
    bill = read(form, form.grid(amounts))
    assert is_taken(bill), bill.findings
    found = items(bill)
    assert sorted(found) == [form.first + 1 + n for n in range(len(amounts))]
    assert [abs(fen) for _, (_, fen) in sorted(found.items())] == amounts


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=30, phases=QUICK)
@given(
    amounts=AMOUNTS,
    accidents=st.lists(
        st.tuples(st.integers(0, 99), st.integers(0, 99), st.sampled_from(SCRIBBLES)), min_size=1, max_size=2
    ),
)
def test_a_broken_cell_loses_and_makes_no_money(
    name: str, amounts: list[int], accidents: list[tuple[int, int, str]]
) -> None:
    """Rows that were not touched read as before; those that were are somewhere, or nothing is taken."""
    form = FORMS[name]
    grid = form.grid(amounts)
    before = items(read(form, grid))
    touched = set()
    for at, column, scribble in accidents:
        row = form.first + at % len(amounts)
        written = scribble if form.name == "b.xlsx" else scribble.replace(",", "")
        mark = "`" if grid[row][0].startswith("`") else ""
        amount = next(
            place
            for place, cell in enumerate(form.grid(amounts)[row])
            if cell.strip("`¥-") in {make.yuan(amounts[row - form.first]), str(amounts[row - form.first])}
        )
        grid[row][amount if column > 70 else column % len(grid[row])] = f"{mark}{written}"
        touched.add(row + 1)
    bill = read(form, grid)
    told = {row_of(str(finding.facts.get("cell", finding.place))) for finding in bill.findings}
    told |= {int(finding.facts["row"]) for finding in bill.findings if "row" in finding.facts}
    assert all(finding.code and finding.place for finding in bill.findings)
    if not is_taken(bill):
        return
    after = items(bill)
    assert {row: after.get(row) for row in before if row not in touched} == {
        row: item for row, item in before.items() if row not in touched
    }
    assert after.keys() <= before.keys() | touched
    assert touched <= after.keys() | told, (touched, bill.findings)
    reads = READS_FEN if name == "explained" else READS
    readable = {reads[scribble] for _, _, scribble in accidents if scribble in reads}
    for row in touched & after.keys():
        assert abs(after[row][1]) in readable | {amounts[row - 1 - form.first]}, after[row]


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=15)
@given(amounts=AMOUNTS, spots=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1))
def test_flipped_bytes_of_each_form_never_raise(
    name: str, amounts: list[int], spots: list[tuple[int, int]]
) -> None:
    """Whatever bytes are changed, what is wrong is a finding with a code, never an exception."""
    form = FORMS[name]
    content = bytearray(form.file(form.grid(amounts)))
    for spot, value in spots:
        content[spot % len(content)] = value
    bill = read_bill(form.name, bytes(content), {MAPPED.header_key: MAPPED})
    assert all(finding.code for finding in bill.findings)


def _is_silent(reader: generic.RowReader, *_given: object, **_facts: object) -> None:
    reader.is_good = False


def _or_nought(text: str) -> int:
    try:
        return generic.cells.signed_yuan(text)
    except InvalidInput:
        return 0


PLANTED = {
    "a row falls out without a word": ("sheet", generic.RowReader, "report", _is_silent),
    "what is no amount is nought": ("sheet", generic, "_yuan", _or_nought),
    "fen are read as yuan": ("explained", generic, "_fen", generic.cells.signed_yuan),
    "money out is money in": ("alipay personal", personal, "OUT", "收入 "),
    "a faulty row is passed over": ("alipay zip", alipay_merchant, "row_fault", lambda *_: None),
}


def both_games(name: str) -> None:
    """Good bills and broken ones of a form."""
    test_a_good_bill_of_each_form_is_read_to_the_last_fen(name)
    test_a_broken_cell_loses_and_makes_no_money(name)


@pytest.mark.parametrize("fault", PLANTED)
def test_what_is_planted_is_noticed(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault planted in a reader is found by one of the two games of its form."""
    name, place, attribute, falsified = PLANTED[fault]
    monkeypatch.setattr(place, attribute, falsified)
    with pytest.raises((AssertionError, ExceptionGroup)):
        both_games(name)
