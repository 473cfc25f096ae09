"""CSV as rows of text: the encoding is proved or refused, never guessed further than GB18030."""

import csv
import io
from typing import Final

from busops.domain.errors import InvalidInput
from busops.sheets.files.raw import RawSheet, RowCleaner

MAX_COLUMNS: Final = 64
DELIMITERS: Final = (",", "\t", ";")


def decode(file_name: str, content: bytes) -> str:
    """The text of the file: UTF-8 with or without BOM, else GB18030 without a single fault, else refused."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidInput("file_encoding", file=file_name)


def read_delimited(file_name: str, text: str, *, delimiter: str, max_rows: int) -> RawSheet:
    """The rows of a CSV text; a row number counts records, as a spreadsheet would show them."""
    cleaner = RowCleaner()
    rows = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, record in enumerate(reader, start=1):
            cells = cleaner.clean_row(number, record)
            if len(cells) > MAX_COLUMNS:
                raise InvalidInput("too_many_columns", file=file_name, row=number, limit=MAX_COLUMNS)
            if cells:
                rows.append((number, cells))
            if len(rows) > max_rows:
                raise InvalidInput("too_many_rows", file=file_name, limit=max_rows)
    except csv.Error as error:
        raise InvalidInput("csv_broken", file=file_name, row=reader.line_num) from error
    return RawSheet(
        name="",
        rows=tuple(rows),
        is_workbook=False,
        stripped=frozenset(cleaner.stripped),
        too_long=frozenset(cleaner.too_long),
    )
