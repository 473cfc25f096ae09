"""
The sheet of lines for parents: kilometres, cost, riders, fare and surplus of each line, no names in it.

The same figures as a workbook of one sheet and as CSV.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

import xlsxwriter

from busops.finance.line_results import LineResult
from busops.sheets.book_csv import table_csv
from busops.sheets.book_model import Cell, Kind, Table
from busops.sheets.book_pen import Pen, formats_of, write_table
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
    return Table(key=KEY, columns=COLUMNS, rows=tuple(rows), has_totals=True, unsummed=frozenset({"fare"}))


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
        write_table(pen, table)
        pen.lay_out(f"{name} {title}")
    return buffer.getvalue()


def as_csv(sheet: LineSheet, locale: str = "zh") -> bytes:
    """The same as CSV."""
    return table_csv(table_of(sheet, locale), locale)


def _km(metres: int) -> int:
    return (metres + 500) // 1000
