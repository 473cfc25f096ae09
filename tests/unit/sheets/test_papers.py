"""The sheets that finance takes away: what each says, in which columns, and the same bytes again."""

import csv
import io
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest

from busops.domain.errors import Refused
from busops.domain.values import RiderId
from busops.finance.ledger import Account, LedgerTxn, TxnKind, moves, reversal
from busops.services import sheet_papers
from busops.sheets.book_model import Kind, Table
from busops.sheets.book_tables import Besides, Handled, tables
from busops.sheets.papers import pdf
from busops.sheets.papers.document import Document, SheetKind, Stamp
from busops.sheets.papers.files import as_csv, as_workbook
from busops.sheets.papers.voucher_papers import summed_by_day, voucher_document, vouchers_of
from tests.unit.services.money_scene import HOME
from tests.unit.sheets.paper_school import STAMP, a_paid_month, every_sheet

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "files.md").read_text(encoding="utf-8")

_KEPT: dict[SheetKind, Document] = {}


@pytest.fixture
def made(sqlite_database, settings, ids):
    """A month with payments, an approved refund and costs."""
    return a_paid_month(sqlite_database, settings, ids)


@pytest.fixture
def sheets(request) -> dict[SheetKind, Document]:
    """Every sheet of the month, made once: they are values."""
    if not _KEPT:
        _KEPT.update(every_sheet(request.getfixturevalue("made")))
    return _KEPT


def table_of(document: Document, key: str) -> list[dict[str, object]]:
    """The rows of a table of a document, by the keys of its columns."""
    table = next(table for table in document.tables if table.key == key)
    keys = [name for name, _ in table.columns]
    return [dict(zip(keys, row, strict=True)) for row in table.rows]


def test_every_form_is_the_same_again_and_another_for_another(sheets):
    """XLSX, CSV and HTML: no clock and no chance; another person or moment is another file."""
    other = replace(STAMP, at=STAMP.at + timedelta(seconds=1))
    for document in sheets.values():
        for write in (as_workbook, as_csv, pdf.as_html):
            assert write(document, STAMP) == write(document, STAMP)
        assert as_workbook(document, STAMP) != as_workbook(document, other)
        assert document.contents() == replace(document).contents()
    assert len({document.contents() for document in sheets.values()}) == len(SheetKind)


def test_each_workbook_says_who_and_when_and_runs_nothing(sheets):
    """The stamp stands in the sheet of sources as text, a name like a formula too; no cell is merged."""
    for kind, document in sheets.items():
        book = openpyxl.load_workbook(io.BytesIO(as_workbook(document, STAMP)))
        cells = {cell.value: cell for row in book["数据来源与校验"].iter_rows() for cell in row if cell.value}
        assert cells["=出纳"].data_type == "s", kind
        assert "2026-03-20 09:02:03" in cells
        assert document.contents() in cells
        assert not any(sheet.merged_cells.ranges for sheet in book)
        is_signed = kind not in {SheetKind.CLASS_LISTS, SheetKind.VOUCHERS, SheetKind.DAY_VOUCHERS}
        assert ("签字页" in book.sheetnames) is is_signed
        frozen = [sheet for sheet in book if sheet.title not in {"签字页", "汇总"}]
        assert {sheet.freeze_panes for sheet in frozen} == {"A2"}, kind


def test_the_list_of_refunds_has_every_hand(sheets):
    """2.00 of 10.00: rides, reason, state, who asked, checked and approved and when; nobody paid it yet."""
    (row,) = table_of(sheets[SheetKind.REFUNDS], "refunds")
    told = {key: row[key] for key in ("rider", "trigger", "rides", "refund", "refund_charge", "refund_state")}
    assert told == {
        "rider": "20230006", "trigger": "学校原因没坐上", "rides": 1, "refund": 200, "refund_charge": 200,
        "refund_state": "已批准",
    }  # fmt: skip
    assert (row["requested_by"], row["checked_by"], row["approved_by"]) == ("clerk", "checker", "lead")
    assert row["approved_on"] == date(2026, 3, 14)
    assert (row["paid_out_by"], row["paid_on"], row["reference"]) == ("", date(2026, 3, 14), "234568")
    in_book = table_of(sheets[SheetKind.RECONCILIATION], "refunds")
    assert in_book == [row]


def test_income_costs_and_net_say_the_verdict_with_its_reason(sheets):
    """Earned 108.00 (2.00 go back), costs 95.50, 50.00 of them estimated: bases, codes, lines, to the fen."""
    document = sheets[SheetKind.NET]
    said = {row["item"]: row["value"] for row in table_of(document, "verdict")}
    assert said["结论"] == "达标"
    assert said["原因"].startswith("净收益达到目标，还可支出 1.70 元")
    bases = {row["basis"]: (row["base"], row["costs"], row["net"]) for row in table_of(document, "bases")}
    assert bases["权责发生 ★"] == (10_800, 9_550, 1_250)
    assert bases["实收净额"] == (2_000, 4_550, -2_550)
    codes = {row["code"]: row["amount"] for row in table_of(document, "cost_codes")}
    assert codes == {"C01": 4_550, "C10": 5_000}
    lines = table_of(document, "line_results")
    assert sum(row["fares"] for row in lines) == 10_800
    assert sum(row["costs"] for row in lines) == 9_550
    assert [role for role, _ in document.signers] == ["finance", "responsible"]


def test_the_monthly_check_adds_up_the_same_by_weekend_class_and_row(sheets):
    """Twelve riders, 110.00 due, 20.00 paid, nine who owe everything: three ways, one sum."""
    document = sheets[SheetKind.MONTH]
    (weekend,) = table_of(document, "by_unit")
    assert (weekend["unit"], weekend["people"], weekend["payers"]) == ("2026-03-13", 12, 2)
    assert (weekend["due"], weekend["paid"], weekend["waived"]) == (11_000, 2_000, 1_000)
    for key in ("due", "paid", "refunded", "difference", "rides"):
        whole = [table for table in document.tables if table.key != "differences"]
        totals = {table.total_fen(key) for table in whole if key in dict(table.columns)}
        assert len(totals) == 1, key
    assert sum(row["count"] for row in table_of(document, "statuses")) == 12
    assert [role for role, _ in document.signers] == ["made_by", "checked_by", "responsible", "supervisor"]


def test_a_class_list_holds_what_a_class_teacher_needs_and_no_more(sheets):
    """Number, name, line, stop and state; who is waived looks settled; no student number anywhere."""
    document = sheets[SheetKind.CLASS_LISTS]
    rows = [row for table in document.tables for row in table.rows]
    assert {len(table.columns) for table in document.tables} == {5}
    assert len(rows) == 12
    states = {row[1]: row[4] for row in rows}
    assert (states["学生1"], states["学生2"], states["学生6"]) == ("已缴清", "已缴清", "已缴清")
    assert list(states.values()).count("欠缴") == 9
    text = repr(document.tables) + repr(document.origin)
    assert not any(part in text for part in ("2023", "4200001", "甲", "校车费"))


def test_vouchers_balance_and_lead_back(sheets, made):
    """Each balances; all accounts as the ledger has them; numbers run from 1; every line has its source."""
    rows = table_of(sheets[SheetKind.VOUCHERS], "vouchers")
    by_number: dict[object, int] = {}
    by_account: dict[object, int] = {}
    for row in rows:
        fen = (row["debit"] or 0) - (row["credit"] or 0)
        by_number[row["voucher"]] = by_number.get(row["voucher"], 0) + fen
        by_account[row["account_code"]] = by_account.get(row["account_code"], 0) + fen
    assert set(by_number.values()) == {0}
    assert list(by_number) == [f"记-{number:04d}" for number in range(1, len(by_number) + 1)]
    assert by_account["1122"] == 11_000 - 2_000
    assert by_account["2242"] == -200
    assert {row["account_name"] for row in rows if row["account_code"] == "1122"} == {"应收乘车费"}
    assert all(row["reference_txn"] for row in rows)
    summed = table_of(sheets[SheetKind.DAY_VOUCHERS], "day_vouchers")
    assert len({row["voucher"] for row in summed}) < len(by_number)
    again: dict[object, int] = {}
    for row in summed:
        account = row["account_code"]
        again[account] = again.get(account, 0) + (row["debit"] or 0) - (row["credit"] or 0)
    assert again == by_account


def txn(number: int, *, fen: int = 1_000, rider: str = "20230002") -> LedgerTxn:
    """A charge of March."""
    return LedgerTxn(
        txn_id=f"t{number}", kind=TxnKind.CHARGE, period="2026-03", on=date(2026, 3, 13), source="charge",
        row_key=f"k{number}", made_by="clerk",
        postings=moves(Account.RECEIVABLE, Account.INCOME, fen, debit_of=RiderId(rider)),
    )  # fmt: skip


def test_a_reversal_is_red_on_its_own_side(made):
    """Dr 1122 10.00 undone: Dr 1122 −10.00, Cr 4201 −10.00, and the note names the voucher it undoes."""
    back = reversal(txn(1), txn_id="t2", period="2026-03", on=date(2026, 3, 14), made_by="lead")
    first, second = vouchers_of([txn(1), back], {"clerk": "出纳"}, "zh")
    assert (first.booked_by, second.booked_by) == ("出纳", "lead")
    assert [(entry.account, entry.is_debit, entry.fen) for entry in second.entries] == [
        (Account.RECEIVABLE, True, -1_000), (Account.INCOME, False, -1_000),
    ]  # fmt: skip
    assert second.note == "红字冲正 记-0001"
    assert second.is_balanced
    later = replace(back, period="2026-04", adjusts="2026-03")
    assert vouchers_of([txn(1), later], {}, "zh")[1].note == "红字冲正 记-0001、调整 2026-03"
    assert vouchers_of([txn(1), later], {}, "zh")[1].number == "记-0001"


def test_summed_up_no_rider_is_left_and_the_detail_is_named():
    """Two charges of a day become one voucher of 25.00 that names both numbers."""
    (summed,) = summed_by_day(vouchers_of([txn(1), txn(2, fen=1_500, rider="x")], {}, "zh"), "zh")
    assert [(entry.fen, entry.rider_id) for entry in summed.entries] == [(2_500, ""), (2_500, "")]
    assert summed.reference == "2 笔: 记-0001…记-0002"


def test_a_voucher_that_does_not_balance_stops_them_all(made, sheets):
    """One wrong posting: nothing is written, its number is named."""
    wrong = txn(2)
    wrong = replace(wrong, postings=(replace(wrong.postings[0], fen=999), wrong.postings[1]))
    with made.database.reading() as tx:
        school = sheet_papers.register_store.load_school(tx)
    with pytest.raises(Refused) as refused:
        voucher_document(
            SheetKind.VOUCHERS, vouchers_of([txn(1), wrong], {}, "zh"), school=school,
            days=(date(2026, 3, 1), date(2026, 3, 31)), months=(), locale="zh",
        )  # fmt: skip
    assert refused.value.facts["vouchers"] == ["2026-03 记-0002"]


def test_several_tables_are_a_zip_and_one_is_csv(sheets):
    """The workbook's CSV are nine data tables and the sources; refunds are one file that is read again."""
    content, suffix = as_csv(sheets[SheetKind.RECONCILIATION], STAMP)
    assert suffix == "zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        rows = list(csv.reader(io.StringIO(archive.read(names[-1]).decode("utf-8-sig"))))
    assert names[:2] == ["01-汇总.csv", "02-乘车缴费核对表.csv"]
    assert ["下载人", "'=出纳"] in rows
    content, suffix = as_csv(sheets[SheetKind.REFUNDS], STAMP)
    head, row = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert (suffix, head[0], dict(zip(head, row, strict=True))["退费(元)"]) == ("csv", "序号", "2.00")


def test_in_english_no_chinese_heading_is_left(made):
    """Titles, heads and words of every sheet are English; only names stay."""
    for document in every_sheet(made, "en").values():
        book = openpyxl.load_workbook(io.BytesIO(as_workbook(document, None)))
        heads = [cell.value for sheet in book for cell in sheet[1] if isinstance(cell.value, str)]
        names = [table.title for table in document.tables] + [document.school]
        left = [head for head in (*heads, *book.sheetnames) if any("\u4e00" <= c <= "\u9fff" for c in head)]
        assert not [head for head in left if not any(name and name in head for name in names)]


def test_names_of_sheets_are_such_as_a_workbook_takes():
    """Two classes of one long name with a slash: two sheets, short, without it."""
    columns = (("name", Kind.TEXT),)
    title = "初一/" + "很长的班级名称" * 6
    document = Document(
        kind=SheetKind.CLASS_LISTS, locale="zh", school="校", author="", period_from=date(2026, 3, 1),
        period_to=date(2026, 3, 31),
        tables=tuple(Table(key="class_lists", columns=columns, rows=(), title=title) for _ in range(2)),
    )  # fmt: skip
    names = openpyxl.load_workbook(io.BytesIO(as_workbook(document, None))).sheetnames
    assert len(set(names)) == 3
    assert max(map(len, names)) <= 31


@pytest.mark.skipif(not pdf.is_installed(), reason="needs WeasyPrint and Pango on this machine")
def test_on_paper_it_is_the_same_again(sheets):
    """The list of refunds as PDF twice: the same bytes, with its title and for whom it was made in them."""
    first, second = (pdf.as_pdf(sheets[SheetKind.REFUNDS], STAMP) for _ in range(2))
    assert first == second
    assert first.startswith(b"%PDF-")
    assert pdf.as_pdf(sheets[SheetKind.REFUNDS], replace(STAMP, name="乙")) != first


def test_on_paper_nothing_is_markup(sheets):
    """Text of parents and persons is escaped; totals, signatures, and who took it when stand in it."""
    hostile = Stamp(name="<script>alert(1)</script>", at=STAMP.at)
    text = pdf.as_html(sheets[SheetKind.RECONCILIATION], hostile)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    for word in ("=cmd|&#x27; /C calc&#x27;!A0", "签字页", "督查人", "合计", "2026-03-20 09:02:03"):
        assert word in text, word


def test_a_sheet_too_long_for_paper_is_refused(sheets):
    """Ten thousand cells: a list is refused with both numbers; of several tables the long one is named."""
    document = sheets[SheetKind.REFUNDS]
    table = replace(document.tables[0], rows=document.tables[0].rows * 1_000)
    with pytest.raises(Refused) as refused:
        pdf.as_pdf(replace(document, tables=(table,)), STAMP)
    assert refused.value.facts == {"cells": 1_000 * len(table.columns), "most": pdf.MOST_CELLS}
    month = sheets[SheetKind.MONTH]
    text = pdf.as_html(replace(month, tables=(*month.tables[:2], table)), STAMP)
    assert "这张表有 1000 行，没有印在这里" in text
    assert "2026-03-13" in text


def test_what_was_said_of_a_difference_stands_beside_it(made):
    """处理人, 处理日期, 复核人 and 备注 of the row as it stood; of another state nothing is shown."""
    result = sheet_papers.reconciliation.reconcile(made.database, clock=made.clock)
    said = Handled(note="已提醒", by="出纳", on=date(2026, 3, 20), reviewer="负责人")
    handled = {(f"row 20230007 {HOME}", "RODE_UNPAID -1000"): said, (f"row 20230008 {HOME}", "OK 0"): said}
    table = tables(result, "zh", Besides(handled=handled))[0]
    keys = [key for key, _ in table.columns]
    rows = {row[keys.index("rider")]: row for row in table.rows}
    at = [keys.index(key) for key in ("handler", "handled_on", "reviewer", "note")]
    assert [rows["20230007"][one] for one in at] == ["出纳", date(2026, 3, 20), "负责人", "已提醒"]
    assert [rows["20230008"][one] for one in at] == ["", None, "", ""]


def test_the_columns_of_vouchers_are_documented(sheets):
    """docs/files.md names every column and account that a ledger's import has to map."""
    table = sheets[SheetKind.VOUCHERS].tables[0]
    head = as_csv(sheets[SheetKind.VOUCHERS], None)[0].decode("utf-8-sig").splitlines()[0].split(",")
    assert len(head) == len(table.columns)
    assert {name for name in head if f"`{name}`" not in DOCUMENT} == set()
    assert {account.value for account in Account if account.value not in DOCUMENT} == set()
    assert {kind.value for kind in SheetKind if f"`{kind.value}`" not in DOCUMENT} == set()
