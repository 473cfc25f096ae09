"""
One sheet of the workbook being written: cells by their kind, formats, paper.

Text stays text here: what a parent typed into a remark is never a formula or a link.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import xlsxwriter

from busops.sheets.book_model import Cell, Kind, Table
from busops.sheets.book_words import word

WIDTHS: Final = {Kind.TEXT: 14, Kind.COUNT: 9, Kind.FEN: 13, Kind.DAY: 12, Kind.RATIO: 10}
WIDE: Final = {
    "remark": 30,
    "action": 24,
    "sha": 68,
    "note": 24,
    "flags": 20,
    "line": 20,
    "file": 24,
    "at": 17,
    "no": 6,
    "grade": 8,
    "class": 8,
    "name": 10,
    "band": 8,
    "unit": 20,
    "item": 26,
    "value": 60,
    "summary_words": 40,
    "account_name": 22,
    "voucher": 12,
    "reference_txn": 38,
    "channel_refund": 30,
}
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
PAPER_A4: Final = 9
MONEY: Final = "#,##0.00;[Red]-#,##0.00"
_BASE: Final[dict[str, Any]] = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "vcenter"}
_LOOKS: Final[dict[str, dict[str, Any]]] = {
    "text": {},
    "quoted": {"quote_prefix": True},
    "count": {"num_format": "0"},
    "fen": {"num_format": MONEY},
    "ratio": {"num_format": "0.00"},
    "day": {"num_format": "yyyy-mm-dd", "align": "left"},
    "head": {"bold": True, "bg_color": "#E9EDF2", "bottom": 1, "text_wrap": True},
    "total": {"bold": True, "top": 1, "num_format": MONEY},
    "total_count": {"bold": True, "top": 1, "num_format": "0"},
    "title": {"bold": True, "font_size": 16},
    "note": {"italic": True, "font_color": "#7A4B00", "bg_color": "#FFF3DC"},
    "line": {"bottom": 1},
}
# Conditional formats only colour.
_COLOURS: Final[dict[str, dict[str, Any]]] = {
    "alarming": {"bg_color": "#F9D6D5", "font_color": "#8C1D18"},
    "odd": {"bg_color": "#FFE9C7", "font_color": "#6B3F00"},
    "settled": {"bg_color": "#DDF1E1", "font_color": "#17532A"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """A worksheet with the formats of its workbook and the language it is written in."""

    sheet: Any
    formats: dict[str, Any]
    locale: str

    def word(self, *path: str) -> str:
        """A word of the workbook in its language."""
        return word(self.locale, *path)

    def text(self, row: int, at: int, text: str, look: str = "text") -> None:
        """Text as text, marked where a spreadsheet program might take it for a formula."""
        self.sheet.write_string(row, at, text, self.formats["quoted" if is_formula_like(text) else look])

    def head(self, row: int, at: int, key: str) -> None:
        """The heading of a column."""
        self.sheet.write_string(row, at, self.word("book", "column", key), self.formats["head"])

    def fen(self, row: int, at: int, fen: int) -> None:
        """An amount, as a number in yuan."""
        self.sheet.write_number(row, at, yuan(fen), self.formats["fen"])

    def ratio(self, row: int, at: int, ratio: str) -> None:
        """A ratio in per cent, floored to two decimals, as a number; text where there is none."""
        try:
            self.sheet.write_number(row, at, Decimal(ratio), self.formats["ratio"])
        except ArithmeticError:
            self.text(row, at, ratio)

    def formula(self, row: int, at: int, formula: str, value: Decimal | int, look: str = "fen") -> None:
        """A formula with the value that it must come to."""
        self.sheet.write_formula(row, at, formula, self.formats[look], value)

    def cell(self, row: int, at: int, cell: Cell, kind: Kind) -> None:
        """A cell of a table by the kind of its column; nothing for nothing."""
        if cell is None:
            return
        if kind is Kind.FEN and isinstance(cell, int):
            self.fen(row, at, cell)
        elif kind is Kind.COUNT and isinstance(cell, int):
            self.sheet.write_number(row, at, cell, self.formats["count"])
        elif kind is Kind.DAY and isinstance(cell, date):
            self.sheet.write_datetime(row, at, cell, self.formats["day"])
        elif kind is Kind.RATIO:
            self.ratio(row, at, str(cell))
        else:
            self.text(row, at, str(cell))

    def lay_out(self, title: str, *, is_list: bool = True) -> None:
        """Prints on A4 across, one page wide, with the header row on each page and page x of y."""
        self.sheet.set_landscape()
        self.sheet.set_paper(PAPER_A4)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
        self.sheet.set_footer(f"&L{title}&R{self.word('book', 'word', 'page')}")
        if is_list:
            self.sheet.repeat_rows(0)
            self.sheet.freeze_panes(1, 0)
            self.sheet.set_row(0, 30)


def write_table(pen: Pen, table: Table) -> None:
    """Heads, rows, the filter, and beneath them the totals as formulas with the values they must come to."""
    last = len(table.rows)
    for at, (key, kind) in enumerate(table.columns):
        pen.head(0, at, key)
        pen.sheet.set_column(at, at, WIDE.get(key, WIDTHS[kind]))
    for number, row in enumerate(table.rows, start=1):
        for at, cell in enumerate(row):
            pen.cell(number, at, cell, table.columns[at][1])
    if table.rows:
        pen.sheet.autofilter(0, 0, last, len(table.columns) - 1)
    if not table.summed:
        return
    pen.text(last + 1, 0, pen.word("book", "word", "total"), "total")
    for at, (key, kind) in enumerate(table.columns):
        if key in table.summed:
            total = table.total_fen(key)
            # SUBTOTAL follows the filter: what is shown is what is added up.
            formula = f"=SUBTOTAL(109,{cells_of(table, at)})"
            is_money = kind is Kind.FEN
            look = "total" if is_money else "total_count"
            pen.formula(last + 1, at, formula, yuan(total) if is_money else total, look)


def cells_of(table: Table, at: int) -> str:
    """The cells of a column of a table that begins in the second row of its sheet."""
    letter = column_letter(at)
    return f"{letter}2:{letter}{max(len(table.rows) + 1, 2)}"


def write_signatures(pen: Pen, signers: Iterable[tuple[str, str]]) -> None:
    """A line for each who signs: the role (a word of the book), the name where it is known, room to sign."""
    for at, key in enumerate(("role", "person", "signature", "date")):
        pen.head(0, at, key)
        pen.sheet.set_column(at, at, 26)
    for row, (role, person) in enumerate(signers, start=1):
        pen.sheet.set_row(row, 36)
        for at, text in enumerate((pen.word("book", "word", role), person, "", "")):
            pen.text(row, at, text, "line")


def formats_of(book: Any) -> dict[str, Any]:
    """The formats of a workbook by name."""
    looks = {name: book.add_format(_BASE | look) for name, look in _LOOKS.items()}
    return looks | {name: book.add_format(look) for name, look in _COLOURS.items()}


def is_formula_like(text: str) -> bool:
    """Whether a spreadsheet program might run this text."""
    return text.lstrip(" ").startswith(FORMULA_STARTS)


def yuan(fen: int) -> Decimal:
    """Yuan for a cell, exact; the only place where money is no whole number."""
    return Decimal(fen).scaleb(-2)


def column_letter(at: int) -> str:
    """The letters of a column, counted from nought."""
    return str(xlsxwriter.utility.xl_col_to_name(at))
