"""The workbook: its sheets and columns, numbers as numbers, text as text, and the same bytes again."""

import csv
import io
import re
import zipfile
from dataclasses import replace
from datetime import date

import openpyxl
import pytest

from busops.domain.errors import Refused
from busops.finance.costs import CostLine
from busops.finance.statement import Reconciliation
from busops.services import costs, fares, receipts, reconciliation
from busops.sheets.book_words import term_words, unit_words
from busops.sheets.reconciliation_book import make_book, rows_as_csv
from tests.unit.services.money_scene import a_bill, a_closed_run

SHEETS = [
    "汇总",
    "乘车缴费核对表",
    "差异清单",
    "待认领到账",
    "退费清单",
    "成本与净收益",
    "数据来源与校验",
    "签字页",
]
COLUMNS = [
    *("序号", "学期", "计费期", "年级", "班级", "学号", "姓名", "线路"),
    *("站点", "票价段", "登记状态", "应乘次数", "实乘次数", "请假次数", "未乘原因", "应缴(元)"),
    *("减免(元)", "实缴(元)", "已退(元)", "差额(元)", "核对状态", "标记", "缴费渠道", "缴费时间"),
    *("交易单号(后6位)", "匹配方式", "匹配置信度", "处理意见", "处理人", "处理日期", "复核人", "备注"),
]
BILL = a_bill(
    "2026-03-14,10.00,甲,校车费,4200001234567,20230002",
    "2026-03-14,8.00,=cmd|' /C calc'!A0,+SUM(1),TX3,",
)


@pytest.fixture
def result(sqlite_database, settings, ids) -> Reconciliation:
    """The closed run: eleven owe 10.00, one paid, 8.00 of nobody with a formula for a remark."""
    made = a_closed_run(sqlite_database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    preview = receipts.preview(made.database, file_name="bill.csv", content=BILL, **made.acting)
    receipts.accept(made.database, preview.batch_id, **made.acting)
    costs.add_costs(made.database, [CostLine(on=date(2026, 3, 13), code="C01", fen=4_550)], **made.acting)
    return reconciliation.reconcile(made.database, weekend_on=date(2026, 3, 13), clock=made.clock)


def read(content: bytes, *, values: bool = True) -> openpyxl.Workbook:
    """The workbook, its formulas' stored values or the formulas themselves."""
    return openpyxl.load_workbook(io.BytesIO(content), data_only=values)


def test_the_eight_sheets_and_every_column(result):
    """Names and columns as the rules list them, in their order; in English the same number of each."""
    book = read(make_book(result))
    assert book.sheetnames == SHEETS
    assert [cell.value for cell in book["乘车缴费核对表"][1]] == COLUMNS
    english = read(make_book(result, "en"))
    assert len(english.sheetnames) == 8
    assert not re.search("[\u4e00-\u9fff]", "".join(english.sheetnames))


def test_ids_are_text_money_is_numbers_days_are_days(result):
    """A student number keeps its noughts; 10.00 can be added up; the reference shows its last six."""
    sheet = read(make_book(result))["乘车缴费核对表"]
    head = [cell.value for cell in sheet[1]]
    row = next(row for row in sheet.iter_rows(min_row=2) if row[head.index("学号")].value == "20230002")
    by_name = dict(zip(head, row, strict=True))
    assert (by_name["学号"].data_type, by_name["应缴(元)"].data_type) == ("s", "n")
    assert (by_name["应缴(元)"].value, by_name["实缴(元)"].value, by_name["差额(元)"].value) == (10, 10, 0)
    assert by_name["应缴(元)"].number_format.startswith("#,##0.00")
    assert (by_name["交易单号(后6位)"].value, by_name["核对状态"].value) == ("234567", "相符")
    assert by_name["缴费时间"].value.date() == date(2026, 3, 14)


def test_totals_are_formulas_whose_stored_value_is_right(result):
    """The sum under 应缴 is SUBTOTAL over the column and stores 110.00; the summary adds up the same."""
    content = make_book(result)
    formulas, values = read(content, values=False), read(content)
    sheet = formulas["乘车缴费核对表"]
    last, due = sheet.max_row, COLUMNS.index("应缴(元)") + 1
    assert sheet.cell(last, due).value.startswith("=SUBTOTAL(109,P2:P")
    assert values["乘车缴费核对表"].cell(last, due).value == 110
    summary = {row[0].value: row[1].value for row in values["汇总"].iter_rows(max_col=2)}
    linked = {row[0].value: row[1].value for row in formulas["汇总"].iter_rows(max_col=2)}
    assert (summary["应缴"], summary["实缴"], summary["待认领"], summary["成本"]) == (110, 10, 8, 45.5)
    assert str(linked["应缴"]).startswith("=SUM('乘车缴费核对表'!P2")


def test_fn14_what_a_parent_typed_is_never_a_formula(result):
    """FN14. In the workbook it is text, marked as such; in CSV an apostrophe stands before it."""
    sheet = read(make_book(result), values=False)["待认领到账"]
    cells = {cell.value: cell for row in sheet.iter_rows(min_row=2) for cell in row if cell.value}
    for text in ("=cmd|' /C calc'!A0", "+SUM(1)"):
        assert cells[text].data_type == "s"
        assert cells[text].quotePrefix
    hostile = replace(result, lines=dict.fromkeys(result.riders, "@x"))
    rows = list(csv.reader(io.StringIO(rows_as_csv(hostile).decode("utf-8-sig"))))
    assert rows[0] == COLUMNS
    assert {row[7] for row in rows[1:]} == {"'@x"}
    assert {row[19] for row in rows[1:]} <= {"-10.00", "0.00"}  # numbers keep their minus


def test_made_again_it_is_the_same_to_the_byte(result):
    """No clock and no chance is in the file."""
    assert make_book(result) == make_book(result)
    with zipfile.ZipFile(io.BytesIO(make_book(result))) as archive:
        assert b"2026-03-19T00:00:00Z" in archive.read("docProps/core.xml")


def test_i7_a_book_whose_totals_are_not_the_verdicts_is_not_made(result):
    """I7. One row falsified: no file, but the reason."""
    row = result.statement.rows[0]
    falsified = (replace(row, waived_fen=row.waived_fen + 1), *result.statement.rows[1:])
    with pytest.raises(Refused) as refused:
        make_book(replace(result, statement=replace(result.statement, rows=falsified)))
    assert [reason.place for reason in refused.value.reasons] == ["waived"]


def test_it_is_laid_out_for_reading_and_printing(result):
    """Frozen head, filter, colours, A4 across one page wide, the head on each page, page x of y."""
    sheet = read(make_book(result))["乘车缴费核对表"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", f"A1:AF{sheet.max_row - 1}")
    assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
    assert (sheet.page_setup.fitToHeight, sheet.print_title_rows) == (0, "$1:$1")
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert "&P" in sheet.oddFooter.right.text
    assert len(sheet.conditional_formatting) == 1


def test_no_code_stands_where_a_word_belongs(result):
    """Why a rider did not ride and which term it was are words; what is counted is a number."""
    rows = tuple(replace(row, reasons=("leave", "roster_unreadable")) for row in result.statement.rows)
    book = read(make_book(replace(result, statement=replace(result.statement, rows=rows))))
    sheet = book["乘车缴费核对表"]
    assert {row[COLUMNS.index("未乘原因")].value for row in sheet.iter_rows(min_row=2, max_row=3)} == {
        "请假、名单填写看不清"
    }
    summary = {row[0].value: row[1].value for row in book["汇总"].iter_rows(max_col=2)}
    assert summary["未闭环趟次"] == 0
    assert (unit_words("TERM:2026-autumn", "zh"), unit_words("MONTH:2026-11", "zh")) == (
        "学期票 2026 秋季", "月票 2026-11",
    )  # fmt: skip
    assert (term_words("2026-spring", "en"), term_words("T1", "zh")) == ("2026 spring", "T1")


def test_the_sources_and_signatures(result):
    """File, SHA-256 and sums; every invariant with its outcome; four people to sign."""
    book = read(make_book(result))
    text = [str(cell.value) for row in book["数据来源与校验"].iter_rows() for cell in row if cell.value]
    assert "bill.csv" in text
    assert any(re.fullmatch("[0-9a-f]{64}", value) for value in text)
    assert text.count("成立") == 7
    head, source = (list(row) for row in book["数据来源与校验"].iter_rows(max_row=2, values_only=True))
    by_name = dict(zip(head, source, strict=True))
    assert (by_name["缴费渠道"], by_name["导入时间"][:10]) == ("表格", "2026-03-14")
    assert by_name["首笔日期"].date() == by_name["末笔日期"].date() == date(2026, 3, 14)
    assert [row[0].value for row in book["签字页"].iter_rows(min_row=2)] == [
        "制表（校车组）", "复核（财务）", "责任人", "督查人",
    ]  # fmt: skip
