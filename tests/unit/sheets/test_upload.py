"""A file that may not be opened is refused with its own code, before anything parses it."""

import io
import re
import zipfile

import pytest

from busops.domain.errors import InvalidInput
from busops.sheets.files.upload import MAX_UPLOAD_BYTES, FileKind, check_size, check_upload
from busops.sheets.school_sheets import read_table
from busops.sheets.table_reader import read_table_text
from busops.sheets.tables.context import TableContext
from busops.sheets.tables.specs import RIDERS, TRAVEL
from tests.unit.sheets.sheet_files import RIDERS as RIDER_ROWS
from tests.unit.sheets.sheet_files import csv_bytes, repacked, xlsx_bytes

OLE2 = bytes.fromhex("d0cf11e0a1b11ae1")
GOOD = xlsx_bytes(RIDER_ROWS)
SHEET = "xl/worksheets/sheet1.xml"


def part(name: str) -> bytes:
    """One part of the good workbook."""
    return zipfile.ZipFile(io.BytesIO(GOOD)).read(name)


def lying_directory() -> bytes:
    """A workbook whose directory understates how long a part is."""
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        info = archive.getinfo(SHEET)
    at = GOOD.rindex(SHEET.encode()) - 46
    size_at = at + 24
    assert int.from_bytes(GOOD[size_at : size_at + 4], "little") == info.file_size
    return GOOD[:size_at] + (10).to_bytes(4, "little") + GOOD[size_at + 4 :]


HOSTILE = [
    ("riders.xlsx", b"", "file_empty"),
    ("riders.csv", b"", "file_empty"),
    ("riders.xlsx", b"x" * (MAX_UPLOAD_BYTES + 1), "file_too_large"),
    ("riders.xlsm", GOOD, "file_macros"),
    ("riders.xlsx", repacked(GOOD, {"xl/vbaProject.bin": b"macro"}), "file_macros"),
    (
        "riders.xlsx",
        repacked(
            GOOD,
            {
                "[Content_Types].xml": part("[Content_Types].xml").replace(
                    b"spreadsheetml.sheet.main", b"sheet.macroEnabled.main"
                )
            },
        ),
        "file_macros",
    ),
    ("riders.xlsx", OLE2 + b"\x00" * 100 + "EncryptedPackage".encode("utf-16-le"), "file_password"),
    ("riders.xls", OLE2 + b"\x00" * 600, "file_old_format"),
    ("riders.xlsx", OLE2 + b"\x00" * 600, "file_old_format"),
    ("riders.xlsb", GOOD, "file_old_format"),
    ("riders.xlsx", repacked(GOOD, {"xl/workbook.bin": b"\x01"}), "file_old_format"),
    ("riders.xlsx", GOOD[: len(GOOD) // 2], "file_damaged"),
    ("riders.xlsx", GOOD[:40], "file_damaged"),
    ("riders.xlsx", lying_directory(), "file_damaged"),
    ("riders.xlsx", repacked(GOOD, {SHEET: part(SHEET)[:-40]}), "file_damaged"),
    (
        "riders.xlsx",
        repacked(
            GOOD,
            {
                "xl/sharedStrings.xml": re.sub(
                    rb'ount="[0-9]+"', b'ount="99999999999"', part("xl/sharedStrings.xml")
                )
            },
        ),
        "file_damaged",
    ),
    ("riders.csv", GOOD, "file_wrong_kind"),
    ("riders.xlsx", csv_bytes(RIDER_ROWS), "file_wrong_kind"),
    ("riders.xlsx", b"<html><table><tr><td>1</td></tr></table></html>", "file_wrong_kind"),
    ("riders.csv", b"  <!DOCTYPE html><html></html>", "file_wrong_kind"),
    ("riders.xlsx", repacked(GOOD, {"xl/workbook.xml": None}), "file_wrong_kind"),
    ("riders.pdf", b"%PDF-1.7", "file_kind_unknown"),
    ("riders", b"a,b", "file_kind_unknown"),
    ("riders.csv", b"a,b\x00c\n1,2,3\n", "file_not_text"),
    ("riders.csv", "学号,姓名\n1,张".encode("utf-16"), "file_not_text"),
    ("riders.csv", "学号,姓名\n".encode() + b"\xff\xfe\xfa\xfb\x81", "file_encoding"),
    ("riders.csv", '学号,姓名\n"1,张伟\n2,李娜\n'.encode(), "csv_broken"),
    ("riders.csv", csv_bytes([[f"c{i}" for i in range(70)]]), "too_many_columns"),
    ("riders.xlsx", repacked(GOOD, {f"xl/media/i{i}": b"x" for i in range(201)}), "zip_entries"),
    ("riders.xlsx", repacked(GOOD, {"xl/media/zero": b"\x00" * (3 * 2**20)}), "zip_ratio"),
    (
        "riders.xlsx",
        repacked(
            GOOD, {SHEET: part(SHEET).replace(b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet')}
        ),
        "file_hostile_xml",
    ),
    ("riders.xlsx", repacked(GOOD, {SHEET: part(SHEET).decode().encode("utf-16")}), "file_hostile_xml"),
    (
        "riders.xlsx",
        repacked(
            GOOD,
            {
                SHEET: part(SHEET).replace(
                    b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                )
            },
        ),
        "too_many_columns",
    ),
    (
        "riders.xlsx",
        repacked(
            GOOD,
            {
                SHEET: part(SHEET).replace(
                    b"</sheetData>", b'<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>'
                )
            },
        ),
        "too_many_rows",
    ),
]


@pytest.mark.parametrize(
    ("name", "content", "code"), HOSTILE, ids=[f"{i}-{h[2]}" for i, h in enumerate(HOSTILE)]
)
def test_a_hostile_file_is_one_finding_and_no_row(name: str, content: bytes, code: str) -> None:
    """Every bad file gives one BLOCK finding with its code and the file's name, no row, no exception."""
    result = read_table("riders", name, content, TableContext())
    assert [finding.code for finding in result.findings] == [code]
    assert result.findings[0].facts["file"] == name
    assert result.rows == ()


def test_a_file_of_200_mb_is_refused_by_its_size_alone() -> None:
    """The size can be asked before the file is read into memory."""
    with pytest.raises(InvalidInput) as refusal:
        check_size("big.xlsx", 200 * 2**20)
    assert refusal.value.code == "file_too_large"
    assert refusal.value.facts == {"file": "big.xlsx", "size_mib": 200, "limit_mib": 10}


def test_good_files_are_told_apart_by_their_content() -> None:
    """CSV and XLSX pass, whatever the case of the ending."""
    assert check_upload("A.XLSX", GOOD) is FileKind.XLSX
    assert check_upload("a.csv", csv_bytes(RIDER_ROWS)) is FileKind.CSV


def test_too_many_rows_depends_on_the_table() -> None:
    """20 000 riders are the limit; a travel table may have 250 000 rows."""
    riders = [RIDER_ROWS[0], *([f"{i:05}", "甲", "初一", "1班", "S1"] for i in range(20_200))]
    text = read_table_text("riders.csv", csv_bytes(riders), RIDERS)
    assert [finding.code for finding in text.findings] == ["too_many_rows"]
    travel = [("起", "止", "米", "秒"), *((f"A{i}", "B", 1, 1) for i in range(20_200))]
    assert len(read_table_text("travel.csv", csv_bytes(travel), TRAVEL).sheets[0].rows) == 20_200


@pytest.mark.parametrize("cut", range(60, len(GOOD), 397))
def test_no_cut_of_a_workbook_raises(cut: int) -> None:
    """A workbook cut anywhere is a finding, never a traceback."""
    result = read_table("riders", "riders.xlsx", GOOD[:cut], TableContext())
    assert [finding.code for finding in result.findings] == ["file_damaged"]
