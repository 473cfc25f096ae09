"""Lays rows out as schools do: titles, totals, GB18030, numbers and days as such; always the same bytes."""

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime

import xlsxwriter

MADE_AT = datetime(2026, 9, 1, tzinfo=UTC).replace(tzinfo=None)  # xlsxwriter takes a time without zone
Row = Sequence[object]


def csv_file(rows: Sequence[Row], *, encoding: str = "utf-8-sig") -> bytes:
    """The rows as CSV with the line ends of a spreadsheet; no cell needs a quotation mark."""
    lines = [",".join(str(cell) for cell in row) for row in rows]
    return ("\r\n".join(lines) + "\r\n").encode(encoding)


def workbook(title: str, rows: Sequence[Row], *, sheet: str, widths: Sequence[int], total: Row = ()) -> bytes:
    """The rows under a merged title, with a total row below; numbers, days and texts each as they are."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    book.set_properties({"title": title, "comments": "虚构数据", "created": MADE_AT})
    page = book.add_worksheet(sheet)
    heading = book.add_format({"bold": True, "align": "center", "font_size": 14})
    bold = book.add_format({"bold": True, "border": 1})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    page.merge_range(0, 0, 0, len(rows[0]) - 1, title, heading)
    for at, row in enumerate([*rows, total] if total else rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, date):
                page.write_datetime(at, column, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
            elif isinstance(value, int | float):
                page.write_number(at, column, value)
            elif value:
                page.write_string(at, column, str(value), bold if at == 1 else None)
    for column, width in enumerate(widths):
        page.set_column(column, column, width)
    page.freeze_panes(2, 0)
    book.close()
    return target.getvalue()
