"""LibreOffice opens every workbook as it is and, adding up by itself, comes to the same totals."""

import io
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from busops.sheets.papers.document import SheetKind
from busops.sheets.papers.files import as_workbook
from tests.unit.sheets.paper_school import STAMP, a_paid_month, every_sheet

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
# Add up whatever the file says: without it a value that we stored would be shown as it is.
ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">\
<value>0</value></prop></item></oor:items>
"""


def converted(folder: Path, books: dict[str, bytes]) -> dict[str, bytes]:
    """The workbooks as LibreOffice saves them anew, all in one start of it, under a profile of their own."""
    profile, out = folder / "profile", folder / "out"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS, encoding="utf-8")
    for name, content in books.items():
        (folder / f"{name}.xlsx").write_bytes(content)
    told = subprocess.run(
        [
            str(SOFFICE), f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore",
            "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(out),
            *(str(folder / f"{name}.xlsx") for name in books),
        ],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert "Error" not in told.stderr + told.stdout, told.stderr
    return {name: (out / f"{name}.xlsx").read_bytes() for name in books}


def formulas(content: bytes) -> dict[tuple[str, str], object]:
    """Every cell with a formula, by sheet and cell, and the value that is stored for it."""
    books = [openpyxl.load_workbook(io.BytesIO(content), data_only=is_plain) for is_plain in (False, True)]
    return {
        (sheet.title, cell.coordinate): books[1][sheet.title][cell.coordinate].value
        for sheet in books[0]
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }


def a_wrong_book() -> bytes:
    """2 + 3 with 4 stored: shows that whoever opens it adds up by himself."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("x")
        sheet.write_row(0, 0, [2, 3])
        sheet.write_formula(0, 2, "=SUM(A1:B1)", None, 4)
    return buffer.getvalue()


@pytest.mark.slow
@pytest.mark.skipif(SOFFICE is None, reason="needs LibreOffice Calc (soffice) on this machine")
def test_libreoffice_comes_to_the_same_totals(sqlite_database, settings, ids, tmp_path):
    """Every formula of every sheet, those of the workbook in English too; a wrong one would show."""
    made = a_paid_month(sqlite_database, settings, ids)
    books = {str(kind): as_workbook(document, STAMP) for kind, document in every_sheet(made).items()}
    books["english"] = as_workbook(every_sheet(made, "en")[SheetKind.RECONCILIATION], STAMP)
    found = converted(tmp_path, {**books, "wrong": a_wrong_book()})
    assert formulas(found["wrong"]) == {("x", "C1"): 5}
    checked = 0
    for name, content in books.items():
        ours, theirs = formulas(content), formulas(found[name])
        assert ours.keys() == theirs.keys(), name
        for place, value in ours.items():
            assert float(theirs[place]) == pytest.approx(float(value), abs=0.001), (name, place)
        checked += len(ours)
        ours_sheets = openpyxl.load_workbook(io.BytesIO(content)).sheetnames
        assert openpyxl.load_workbook(io.BytesIO(found[name])).sheetnames == ours_sheets
    assert checked > 90
