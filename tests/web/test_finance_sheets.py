"""The page of sheets: who may take what, that files say for whom they were made, and that they come again."""

import csv
import io
import zipfile

import openpyxl
import pytest

from busops.domain.people import Role
from busops.services import audit
from busops.sheets.papers import pdf
from busops.sheets.papers.document import SheetKind
from tests.web.test_finance_pages import (
    WEEKEND,
    press,
    scene,  # noqa: F401
    text_of,
    visit,  # noqa: F401
)

DAYS = "from=2026-03-13&to=2026-03-19"
PAGE = "/finance/sheets"


def cells_of(content: bytes) -> str:
    """Every cell of a workbook as one text."""
    book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    rows = (row for sheet in book for row in sheet.iter_rows(values_only=True))
    return " ".join(str(cell) for row in rows for cell in row if cell is not None)


def test_every_sheet_comes_as_workbook_and_csv_under_the_name_of_who_takes_it(visit, scene):  # noqa: F811
    """An attachment each; the workbook says who and when; the audit has every one with its SHA-256."""
    client = visit(Role.FINANCE)
    for kind in SheetKind:
        book = client.get(f"{PAGE}/{kind}.xlsx?{DAYS}")
        assert book.headers["Content-Disposition"] == f'attachment; filename="{book_name(kind)}.xlsx"'
        text = cells_of(book.data)
        assert ("下载人" in text, "测试finance" in text) == (True, True), kind
        plain = client.get(f"{PAGE}/{kind}.csv?{DAYS}")
        assert plain.mimetype in {"text/csv", "application/zip"}
    taken = [item for item in audit.newest(scene.database) if item.entry.act == "sheet_downloaded"]
    assert len(taken) == 2 * len(SheetKind)
    assert {len(item.entry.facts["sha256"]) for item in taken} == {64}
    page = text_of(client.get(f"{PAGE}?{DAYS}"))
    assert page.count("重做") == len(taken)
    told = text_of(visit(Role.SUPERVISOR).get("/manage/audit"))
    for text in ("下载表单", "报表 核对工作簿", "水印上的人 测试finance", "语言 中文"):
        assert text in told, text


def book_name(kind: SheetKind) -> str:
    """What a sheet's file is called."""
    return f"{kind}-2026-03-13"


def test_the_same_again_whoever_asks_and_not_when_the_books_moved(visit, scene):  # noqa: F811
    """
    The same person gets the same bytes later; another person his own. Anybody may have the first one's file
    made again; after a cost was booked it would be another file: refused, with words.
    """
    first = visit(Role.FINANCE)
    address = f"{PAGE}/net.xlsx?{DAYS}"
    taken = first.get(address).data
    scene.clock.advance(60)
    assert first.get(address).data == taken
    lead = visit(Role.FINANCE_LEAD)
    assert lead.get(address).data != taken
    entry = min(
        item.entry.entry_no for item in audit.newest(scene.database) if item.entry.act == "sheet_downloaded"
    )
    assert lead.get(f"{PAGE}/taken/{entry}").data == taken
    good = {"on": "2026-03-13", "code": "C01", "amount": "120.50", "note": "加油"}
    assert "已记 120.50 元" in text_of(press(first, "/finance/costs", "/finance/costs", **good))
    again = lead.get(f"{PAGE}/taken/{entry}")
    assert (again.status_code, "重做的与当时不同" in text_of(again)) == (409, True)
    assert lead.get(f"{PAGE}/taken/1").status_code == 404


def test_what_cannot_be_made_is_told_in_words(visit, monkeypatch):  # noqa: F811
    """Days backwards, no such class, form or sheet, and PDF on a machine without it: words, never a fault."""
    client = visit(Role.SUPERVISOR, "en")
    back = client.get(f"{PAGE}/net.xlsx?from=2026-03-19&to=2026-03-13")
    assert (back.status_code, "Income, costs" in text_of(back)) == (400, True)
    assert client.get(f"{PAGE}/class_lists.xlsx?{DAYS}&class=none").status_code == 404
    assert client.get(f"{PAGE}/net.docx?{DAYS}").status_code == 400
    assert client.get(f"{PAGE}/nothing.xlsx?{DAYS}").status_code == 404
    assert client.get(f"{PAGE}?month=2026-99").status_code == 200
    monkeypatch.setattr(pdf, "PACKAGE", "not_there_at_all")
    refused = client.get(f"{PAGE}/net.pdf?{DAYS}")
    assert (refused.status_code, "cannot make PDFs" in text_of(refused)) == (409, True)
    page = client.get(f"{PAGE}?{DAYS}").get_data(as_text=True)
    assert ("net.pdf" in page, "net.xlsx" in page) == (False, True)


def test_a_class_teacher_gets_no_number_payer_or_reference(visit, scene):  # noqa: F811
    """One class alone, or all in a zip of CSV: names, lines, stops and whether anything is owed."""
    client = visit(Role.FINANCE)
    with zipfile.ZipFile(io.BytesIO(client.get(f"{PAGE}/class_lists.csv?{DAYS}").data)) as archive:
        names = archive.namelist()
        text = archive.read(names[0]).decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(text))
    assert head == ["序号", "姓名", "线路", "站点", "缴费状态"]
    assert {row[4] for row in rows} <= {"欠缴", "已缴清", "没有应缴"}
    one = names[0].removeprefix("01-").removesuffix(".csv")
    alone = client.get(f"{PAGE}/class_lists.csv", query_string=f"{DAYS}&class={one}")
    assert alone.data.decode("utf-8-sig") == text
    assert "2023000" not in text


def test_every_other_file_of_the_money_is_written_down_too(visit, scene):  # noqa: F811
    """A list as CSV, the rows, the sheet for parents: each in the audit once, with its SHA-256."""
    client = visit(Role.FINANCE)
    for path in ("charges?format=csv", f"rows.csv?{WEEKEND}", "verdict/lines.csv"):
        assert client.get(f"/finance/{path}").status_code == 200
    acts = [item.entry for item in audit.newest(scene.database) if item.entry.act == "file_downloaded"]
    assert [entry.subject for entry in acts] == ["verdict/lines.csv", "rows.csv", "charges"]
    assert client.get("/finance/charges").status_code == 200
    assert len([item for item in audit.newest(scene.database) if item.entry.act == "file_downloaded"]) == 3


@pytest.mark.parametrize("role", [Role.DISPATCHER, Role.ADMIN, Role.ATTENDANT])
def test_others_get_no_sheet(visit, role):  # noqa: F811
    """Neither the page nor a file, not even the list of one's own class."""
    client = visit(role)
    for path in ("", f"/class_lists.csv?{DAYS}", "/taken/1"):
        assert client.get(PAGE + path).status_code == 403
