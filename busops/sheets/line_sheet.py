"""
The sheet of lines for parents: kilometres, cost, riders, fare and surplus of each line, no names in it.

The same figures as a workbook of one sheet and as CSV.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

import xlsxwriter

from busops.finance.line_results import LineResult
from busops.finance.money import format_yuan
from busops.sheets.book_pen import Pen, column_letter, formats_of, is_formula_like, yuan
from busops.sheets.book_tables import Cell, Kind, Table
from busops.sheets.book_words import word

KEY: Final = "lines"
COLUMNS: Final = (
    ("line", Kind.TEXT),
    ("towards", Kind.TEXT),
    ("runs", Kind.COUNT),
    ("loaded_km", Kind.COUNT),
    ("empty_km", Kind.COUNT),
    ("riders", Kind.COUNT),
    ("fare", Kind.FEN),
    ("fares", Kind.FEN),
    ("costs", Kind.FEN),
    ("empty_costs", Kind.FEN),
    ("surplus", Kind.FEN),
)
WIDTHS: Final = {Kind.TEXT: 18, Kind.COUNT: 11, Kind.FEN: 14, Kind.DAY: 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSheet:
    """What the sheet shows: the school, its days, its lines with their far ends, and what is no line's."""

    school: str
    from_on: date
    to_on: date
    lines: Sequence[LineResult]
    towards: dict[str, str]
    fares_of_none_fen: int = 0
    costs_of_none_fen: int = 0


def table_of(sheet: LineSheet, locale: str) -> Table:
    """The lines as a plain table; kilometres are whole, half up, the mean fare is floored."""
    rows: list[tuple[Cell, ...]] = [
        (
            line.line, sheet.towards.get(line.line, ""), line.runs, _km(line.loaded_m),
            _km(line.empty_m), line.rides, line.mean_fare_fen, line.fares_fen, line.costs_fen,
            line.empty_fen, line.net_fen,
        )
        for line in sorted(sheet.lines, key=lambda line: line.line)
    ]  # fmt: skip
    if sheet.fares_of_none_fen or sheet.costs_of_none_fen:
        none = word(locale, "book", "word", "no_line")
        net = sheet.fares_of_none_fen - sheet.costs_of_none_fen
        nothing = (None,) * 6
        rows.append((none, *nothing, sheet.fares_of_none_fen, sheet.costs_of_none_fen, 0, net))
    return Table(key=KEY, columns=COLUMNS, rows=tuple(rows), has_totals=True)


def as_workbook(sheet: LineSheet, locale: str = "zh") -> bytes:
    """The workbook as bytes, the same for the same books."""
    table = table_of(sheet, locale)
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        title = f"{sheet.school} {sheet.from_on}/{sheet.to_on}"
        book.set_properties({"created": datetime.combine(sheet.to_on, time(), UTC), "title": title})
        name = word(locale, "book", "sheet", KEY)
        pen = Pen(sheet=book.add_worksheet(name), formats=formats_of(book), locale=locale)
        for at, (key, kind) in enumerate(COLUMNS):
            pen.head(0, at, key)
            pen.sheet.set_column(at, at, WIDTHS[kind])
        for number, row in enumerate(table.rows, start=1):
            for at, cell in enumerate(row):
                pen.cell(number, at, cell, COLUMNS[at][1])
        _write_totals(pen, table)
        pen.lay_out(f"{name} {title}")
    return buffer.getvalue()


def as_csv(sheet: LineSheet, locale: str = "zh") -> bytes:
    """The same as CSV (UTF-8 with BOM, CRLF); text like a formula gets an apostrophe before it."""
    table = table_of(sheet, locale)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(word(locale, "book", "column", key) for key, _ in COLUMNS)
    for row in table.rows:
        writer.writerow(_csv_cell(cell, kind) for cell, (_, kind) in zip(row, COLUMNS, strict=True))
    return out.getvalue().encode("utf-8-sig")


def _write_totals(pen: Pen, table: Table) -> None:
    last = len(table.rows)
    pen.text(last + 1, 0, pen.word("book", "word", "total"), "total")
    for at, (key, kind) in enumerate(COLUMNS):
        if kind is Kind.FEN and key != "fare":
            letter = column_letter(at)
            formula = f"=SUM({letter}2:{letter}{max(last + 1, 2)})"
            pen.formula(last + 1, at, formula, yuan(table.total_fen(key)), "total")


def _csv_cell(cell: Cell, kind: Kind) -> str:
    if cell is None:
        return ""
    if kind is Kind.FEN and isinstance(cell, int):
        return format_yuan(cell)
    text = str(cell)
    return f"'{text}" if kind is Kind.TEXT and is_formula_like(text) else text


def _km(metres: int) -> int:
    return (metres + 500) // 1000
