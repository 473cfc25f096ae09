"""Whatever bytes come in, the answer is rows and findings, never an exception."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from busops.sheets.bills.reading import read_bill
from busops.sheets.school_sheets import KINDS, read_school_folder, read_table
from busops.sheets.tables.context import TableContext
from tests.unit.sheets.sheet_files import RIDERS, csv_bytes, school_files, xlsx_bytes

WORDS = (
    "学号",
    "姓名",
    "站点",
    "日期",
    "金额",
    "合计",
    "2026-11-13",
    "1e400",
    "-",
    "=1+1",
    "√",
    "不乘",
    "川F1",
    "\u202e",
    '"',
    "9" * 600,
)
TABLES = st.lists(st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=8), max_size=8)
FOLDER = school_files(riders=csv_bytes(RIDERS), roster=None)
FOLDER["riders.csv"] = FOLDER.pop("riders.xlsx")
KNOWN = TableContext(stop_ids=frozenset({"S001"}), riders={}, plates=frozenset(), bands=frozenset())


@settings(max_examples=150)
@given(kind=st.sampled_from(KINDS), rows=TABLES, content=st.binary(max_size=200))
def test_no_table_of_any_words_raises(kind: str, rows: list[list[str]], content: bytes) -> None:
    """Random words under random headers, and random bytes, are read or found at fault."""
    text = "\n".join(",".join(row) for row in rows).encode("utf-8", "surrogatepass")
    for one in (text, content):
        result = read_table(kind, f"{kind}.csv", one, KNOWN)
        assert all(finding.code and finding.facts["file"] for finding in result.findings)
        read_bill("receipts.csv", one)


@settings(max_examples=150)
@given(
    content=st.binary(max_size=300),
    name=st.sampled_from(["school.toml", "stops.csv", "roster-2026-11-13.csv"]),
)
def test_no_folder_raises(content: bytes, name: str) -> None:
    """One broken file in a folder is a finding beside the others."""
    folder = read_school_folder({**FOLDER, name: content})
    assert folder.findings


def test_flipped_bits_in_good_files_never_raise() -> None:
    """A byte changed here and there in a list in GB18030 or in a workbook."""
    draw = random.Random(7)
    for original, name in ((csv_bytes(RIDERS, "gb18030"), "riders.csv"), (xlsx_bytes(RIDERS), "riders.xlsx")):
        for _ in range(150 if name.endswith("csv") else 25):
            content = bytearray(original)
            for _ in range(draw.randint(1, 10)):
                content[draw.randrange(len(content))] = draw.randrange(256)
            read_table("riders", name, bytes(content), KNOWN)
