"""
Cells as text: what a person sees in the cell, exactly, with nothing invisible left in it.

Knows nothing of tables or columns; a number becomes its shortest exact text, a day becomes ISO.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

MAX_CELL_CHARS: Final = 512
EXACT_FLOAT_LIMIT: Final = 10**15  # a double keeps every integer below this, Excel shows 15 digits

_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_ASCII_PLAIN: Final = re.compile(r"[\x20-\x7e]*\Z")
_EXCEL_ESCAPE: Final = re.compile(r"_x(00[01][0-9A-Fa-f]|200[BbEeFf]|[Ff][Ee][Ff][Ff])_")

CellValue = str | int | float | bool | date | time | datetime | timedelta
RawRow = tuple[int, tuple[str, ...]]
CellSpot = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSheet:
    """
    A sheet as rows of clean text with their row numbers (from 1, as a spreadsheet shows them).

    ``stripped`` and ``too_long`` name cells by (row number, column index from 0).
    """

    name: str
    rows: tuple[RawRow, ...]
    is_workbook: bool
    hidden_rows: tuple[int, ...] = ()
    stripped: frozenset[CellSpot] = frozenset()
    too_long: frozenset[CellSpot] = frozenset()


@dataclass(slots=True)
class RowCleaner:
    """Cleans row after row and remembers which cells held something invisible or too much."""

    stripped: set[CellSpot] = field(default_factory=set)
    too_long: set[CellSpot] = field(default_factory=set)

    def clean_row(self, number: int, texts: list[str]) -> tuple[str, ...]:
        """The texts without invisible characters and outer blanks; trailing empty cells are cut off."""
        cells = [self._clean(number, index, text) if text else "" for index, text in enumerate(texts)]
        while cells and not cells[-1]:
            cells.pop()
        return tuple(cells)

    def _clean(self, number: int, index: int, text: str) -> str:
        if not _ASCII_PLAIN.match(text):
            visible = _INVISIBLE.sub("", _EXCEL_ESCAPE.sub("", text))
            if visible != text:
                self.stripped.add((number, index))
            text = visible
        text = text.strip()
        if len(text) > MAX_CELL_CHARS:
            self.too_long.add((number, index))
            return text[:MAX_CELL_CHARS]
        return text


def without_invisible(text: str) -> str:
    """The text without bidi controls, zero-width and control characters; tabs and line ends stay."""
    return text if text.isprintable() else _INVISIBLE.sub("", text)  # what is printable holds none of them


def cell_text(value: CellValue) -> str:
    """
    The text of a spreadsheet value: 20240589.0 → "20240589", 1.15 → "1.15", days and times as ISO.

    An integer that a double cannot hold exactly is written as a spreadsheet shows it,
    "1.23E+17", so that whoever reads an id from it sees that its digits are lost.
    """
    match value:
        case bool():
            text = "TRUE" if value else "FALSE"
        case float() | int():
            text = _number_text(float(value))
        case datetime() if value.time() == time():
            text = value.date().isoformat()
        case datetime():
            text = value.isoformat(sep=" ", timespec="seconds")
        case time():
            text = value.isoformat(timespec="seconds")
        case _:
            text = str(value)
    return text


def squeezed(text: str) -> str:
    """The text in NFKC form, lower case, without any blank: for comparing words."""
    return "".join(unicodedata.normalize("NFKC", text).split()).lower()


def column_letters(index: int) -> str:
    """The spreadsheet letters of a column index from 0: 0 → A, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def cell_address(row: int, index: int) -> str:
    """The address of a cell as a spreadsheet shows it: (58, 4) → E58."""
    return f"{column_letters(index)}{row}"


def _number_text(value: float) -> str:
    if not value.is_integer():  # also not a number, and endless
        return repr(value)
    whole = int(value)
    return _scientific(whole) if abs(whole) >= EXACT_FLOAT_LIMIT else str(whole)


def _scientific(whole: int) -> str:
    mantissa, exponent = f"{whole:.14E}".split("E")
    return f"{mantissa.rstrip('0').rstrip('.')}E{exponent}"
