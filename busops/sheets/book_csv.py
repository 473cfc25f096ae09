"""A table as CSV that every spreadsheet program opens as it is: UTF-8 with BOM, CRLF, no cell a formula."""

import csv
import io
from datetime import date

from busops.finance.money import format_yuan
from busops.sheets.book_model import Cell, Kind, Table
from busops.sheets.book_pen import is_formula_like
from busops.sheets.book_words import word


def table_csv(table: Table, locale: str) -> bytes:
    """The heads and rows of a table, without totals; text like a formula gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(word(locale, "book", "column", key) for key, _ in table.columns)
    for row in table.rows:
        writer.writerow(_cell(cell, kind) for cell, (_, kind) in zip(row, table.columns, strict=True))
    return out.getvalue().encode("utf-8-sig")


def _cell(cell: Cell, kind: Kind) -> str:
    if cell is None:
        return ""
    if kind is Kind.FEN and isinstance(cell, int):
        return format_yuan(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    text = str(cell)
    return f"'{text}" if kind is Kind.TEXT and is_formula_like(text) else text
