"""Rows under known columns: headers found by their words, totals and footers dropped and told."""

from datetime import date

import pytest

from busops.domain.findings import Finding, Severity
from busops.sheets.files.columns import column_of
from busops.sheets.table_reader import TableText, read_table_text
from busops.sheets.tables.specs import RIDERS, STOPS
from tests.unit.sheets.sheet_files import RIDERS as RIDER_ROWS
from tests.unit.sheets.sheet_files import csv_bytes, repacked, xlsx_bytes

HEADER = RIDER_ROWS[0]
FIRST = RIDER_ROWS[1]


def ids(table: TableText) -> list[str]:
    """The student numbers of all rows, as text."""
    return [sheet.cell(row, "rider_id") for sheet in table.sheets for row in sheet.rows]


def codes(findings: tuple[Finding, ...]) -> list[str]:
    """The codes of the findings, in their order."""
    return [finding.code for finding in findings]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_csv_in_every_allowed_encoding(encoding: str) -> None:
    """UTF-8 with or without BOM and GB18030 give the same rows, without a finding."""
    table = read_table_text("riders.csv", csv_bytes(RIDER_ROWS, encoding), RIDERS)
    assert ids(table) == ["00230001", "00230002"]
    assert table.findings == ()
    assert table.sheets[0].cell(table.sheets[0].rows[0], "name") == "张伟"


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_csv_with_another_delimiter(delimiter: str) -> None:
    """A tab or semicolon between cells is understood when a header shows it."""
    content = csv_bytes(RIDER_ROWS).decode().replace(",", delimiter).encode()
    assert ids(read_table_text("riders.csv", content, RIDERS)) == ["00230001", "00230002"]


@pytest.mark.parametrize(
    "header",
    [
        "学号",
        "学 号",
        "rider_id",
        "Rider_ID",
        "学号 rider_id",
        "rider_id（学号）",
        "学号/rider_id",
        "学\u3000号\n",
    ],
)
def test_a_column_is_known_by_its_header_alias_or_both(header: str) -> None:
    """Chinese header, English alias, both in one cell, blanks and full-width signs name the same column."""
    assert column_of(RIDERS.words(), header) == "rider_id"


def test_headers_that_mean_two_columns_mean_none() -> None:
    """A header whose parts name different columns is not guessed."""
    assert column_of(RIDERS.words(), "学号/姓名") is None
    assert column_of(STOPS.words(), "站点编号 stop_id") == "stop_id"
    assert column_of(RIDERS.words(), "身份证号") is None


def test_title_rows_total_row_and_blank_rows_are_no_records() -> None:
    """Titles above, blank rows between, a total and a footer below: the riders remain, the rest is told."""
    rows = [
        ("德阳某校 2026 年秋季乘车名单", *[""] * 8),
        ("填表日期：2026-11-01", *[""] * 8),
        HEADER,
        FIRST,
        [""] * 9,
        RIDER_ROWS[2],
        ("合 计", "2人", *[""] * 7),
        ("制表人：甲", "", "", "审核：乙", *[""] * 5),
    ]
    table = read_table_text("riders.csv", csv_bytes(rows), RIDERS)
    assert ids(table) == ["00230001", "00230002"]
    assert [row.number for row in table.sheets[0].rows] == [4, 6]
    assert codes(table.findings) == ["total_row", "footer_row"]
    assert {finding.severity for finding in table.findings} == {Severity.LOG}
    assert len(table.sheets[0].totals) == 1


@pytest.mark.parametrize("word", ["合计", "总计：2人", "小计", "Total", "合　计", "共计2人"])
def test_every_word_for_a_total_is_known(word: str) -> None:
    """The words of a total row in any spelling end no list and name no rider."""
    table = read_table_text("riders.csv", csv_bytes([*RIDER_ROWS, (word, *[""] * 8)]), RIDERS)
    assert ids(table) == ["00230001", "00230002"]


def test_a_repeated_header_on_the_next_printed_page_is_no_record() -> None:
    """Lists printed page by page repeat their header."""
    table = read_table_text("riders.csv", csv_bytes([HEADER, FIRST, HEADER, RIDER_ROWS[2]]), RIDERS)
    assert ids(table) == ["00230001", "00230002"]
    assert codes(table.findings) == ["repeated_header"]


def test_two_header_rows_are_read_as_one() -> None:
    """A word merged over both header rows stands in the upper one only."""
    upper = ("学号", "姓名", "班级信息", "", "站点", "", "", "", "")
    lower = ("", "", "年级", "班级", "", "可选站点", "监护人", "交接方式", "减免")
    table = read_table_text("riders.csv", csv_bytes([upper, lower, FIRST]), RIDERS)
    assert ids(table) == ["00230001"]
    assert "column_missing" not in codes(table.findings)


def test_columns_in_any_order_unknown_told_and_missing_blocking() -> None:
    """An unknown column is a WARN at its cell; a missing one a BLOCK with both its words."""
    rows = [("姓名", "身高", "学号", "年级", "班级"), ("张伟", "170", "00230001", "初一", "3班")]
    table = read_table_text("riders.csv", csv_bytes(rows), RIDERS)
    unknown, missing = sorted(table.findings, key=lambda finding: finding.severity, reverse=True)
    assert (unknown.code, unknown.severity, unknown.facts["cell"]) == ("column_unknown", Severity.WARN, "B1")
    assert (missing.code, missing.severity) == ("column_missing", Severity.BLOCK)
    assert (missing.facts["column"], missing.facts["alias"]) == ("站点", "stop_id")


def test_one_meaning_in_two_columns_blocks() -> None:
    """Which of two 班级 columns is right is for a person to say."""
    rows = [(*HEADER, "班级"), (*FIRST, "4班")]
    table = read_table_text("riders.csv", csv_bytes(rows), RIDERS)
    assert codes(table.findings) == ["column_twice"]
    assert table.findings[0].facts["cell"] == "J1"


def test_a_file_without_a_header_says_what_it_expects() -> None:
    """Rows without any known word give one finding that names the columns."""
    table = read_table_text("riders.csv", csv_bytes([("1", "2", "3"), ("4", "5", "6")]), RIDERS)
    assert codes(table.findings) == ["header_not_found"]
    assert "学号" in table.findings[0].facts["expected"]


def test_numbers_days_and_lost_digits_in_a_workbook_become_exact_text() -> None:
    """20240589.0 reads 20240589, a day reads ISO, a number too long for a spreadsheet shows its loss."""
    rows = [HEADER[:6], (20240589, "甲", 7.3, date(2026, 9, 1), 510603199901011234, 1.15)]
    table = read_table_text("riders.xlsx", xlsx_bytes(rows), RIDERS)
    assert table.sheets[0].rows[0].cells == (
        "20240589", "甲", "7.3", "2026-09-01", "5.10603199901011E+17", "1.15",
    )  # fmt: skip


def test_hidden_sheets_are_passed_over_and_hidden_rows_are_read_and_told() -> None:
    """What a person cannot see in a workbook never changes the import unseen."""

    def hide(book, page) -> None:
        page.set_row(2, None, None, {"hidden": True})
        other = book.add_worksheet("旧名单")
        other.write_row(0, 0, HEADER)
        other.write_row(1, 0, ("99999999", *FIRST[1:]))
        other.hide()
        book.add_worksheet("说明").write(0, 0, "本表由校车组填写")

    table = read_table_text("riders.xlsx", xlsx_bytes(RIDER_ROWS, more=hide), RIDERS)
    assert ids(table) == ["00230001", "00230002"]
    assert codes(table.findings) == ["hidden_sheet_ignored", "hidden_rows", "sheet_without_table"]
    assert table.findings[0].facts["sheet"] == "旧名单"
    assert table.findings[1].facts["rows"] == [3]


def test_every_visible_sheet_with_a_header_is_read() -> None:
    """A workbook with one sheet a class is one list."""

    def second(book, page) -> None:
        other = book.add_worksheet("高一")
        other.write_row(0, 0, HEADER)
        other.write_row(1, 0, RIDER_ROWS[2])

    table = read_table_text("riders.xlsx", xlsx_bytes(RIDER_ROWS[:2], sheet="初一", more=second), RIDERS)
    assert [sheet.name for sheet in table.sheets] == ["初一", "高一"]
    assert ids(table) == ["00230001", "00230002"]


def test_a_cell_merged_over_rows_stands_for_each_of_them() -> None:
    """A grade merged over its pupils is every pupil's grade; a merged title is none."""

    def merge(book, page) -> None:
        page.merge_range("C3:C4", "初二")

    rows = [HEADER, (*FIRST[:2], None, *FIRST[3:]), (*RIDER_ROWS[2][:2], None, *RIDER_ROWS[2][3:])]
    table = read_table_text("riders.xlsx", xlsx_bytes(rows, title="乘车名单", more=merge), RIDERS)
    (sheet,) = table.sheets
    assert [sheet.cell(row, "grade") for row in sheet.rows] == ["初二", "初二"]


def test_invisible_characters_are_taken_out_and_told_with_their_cell() -> None:
    """Zero-width, bidi and control characters vanish from names and numbers; too long a cell blocks."""
    rows = [HEADER, ("0023\u200b0001", "张\u202e伟\u0007", *FIRST[2:8], "减" * 600)]
    table = read_table_text("riders.csv", csv_bytes(rows), RIDERS)
    assert ids(table) == ["00230001"]
    assert table.sheets[0].cell(table.sheets[0].rows[0], "name") == "张伟"
    found = [(finding.code, finding.severity, finding.facts["cell"]) for finding in table.findings]
    assert found == [
        ("invisible_characters", Severity.WARN, "A2"),
        ("invisible_characters", Severity.WARN, "B2"),
        ("cell_too_long", Severity.BLOCK, "I2"),
    ]


def test_links_to_other_files_are_told() -> None:
    """Values that a workbook took from another file are read as saved, and that is said."""
    content = repacked(xlsx_bytes(RIDER_ROWS), {"xl/externalLinks/externalLink1.xml": b"<externalLink/>"})
    assert codes(read_table_text("riders.xlsx", content, RIDERS).findings) == ["external_links"]
