"""A document as a workbook with a sheet for each table, or as CSV; the same bytes for the same document."""

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time
from typing import Final

import xlsxwriter

from busops.sheets.book_csv import table_csv
from busops.sheets.book_model import Kind, Table
from busops.sheets.book_pen import Pen, formats_of, write_signatures, write_table
from busops.sheets.book_words import word
from busops.sheets.papers.document import Document, Stamp

NOT_IN_A_NAME: Final = re.compile(r"[\[\]:*?/\\'\x00-\x1f]")
NAME_CHARACTERS: Final = 31  # of a worksheet
EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first moment a zip can tell: no clock is in the file
PLAIN_FILE: Final = 0o644 << 16
ORIGIN: Final = (("item", Kind.TEXT), ("value", Kind.TEXT))


def as_workbook(document: Document, stamp: Stamp | None) -> bytes:
    """A workbook: the tables, then where it comes from, then who signs."""
    if document.workbook is not None:
        return document.workbook(document.origin_for(stamp))
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        made = datetime.combine(document.period_to, time(), UTC)
        book.set_properties({"created": made, "title": document.heading, "author": document.author})
        formats = formats_of(book)
        leaves = (*document.tables, origin_table(document, stamp))
        signatures = word(document.locale, "book", "sheet", "signatures")
        titles = [document.name_of(table) for table in leaves] + [signatures]
        names = _sheet_names(titles)
        pens = [
            Pen(sheet=book.add_worksheet(name), formats=formats, locale=document.locale)
            for name in names[: len(titles) if document.signers else -1]
        ]
        for pen, table, title in zip(pens, leaves, titles, strict=False):
            write_table(pen, table)
            pen.lay_out(_footer(f"{document.heading} {title}"))
        if document.signers:
            write_signatures(pens[-1], document.signers)
            pens[-1].lay_out(_footer(document.heading))
    return buffer.getvalue()


def as_csv(document: Document, stamp: Stamp | None) -> tuple[bytes, str]:
    """The one table as CSV; several in a zip, one CSV each, with where they come from. Bytes and suffix."""
    if len(document.tables) == 1:
        return table_csv(document.tables[0], document.locale), "csv"
    leaves = (*document.tables, origin_table(document, stamp))
    names = _sheet_names(document.name_of(table) for table in leaves)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, (name, table) in enumerate(zip(names, leaves, strict=True), start=1):
            entry = zipfile.ZipInfo(f"{number:02d}-{name}.csv", EPOCH)
            entry.external_attr = PLAIN_FILE
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, table_csv(table, document.locale))
    return buffer.getvalue(), "zip"


def origin_table(document: Document, stamp: Stamp | None) -> Table:
    """Where the document comes from, as its last table."""
    return Table(key="sources", columns=ORIGIN, rows=document.origin_for(stamp))


def _footer(text: str) -> str:
    """Text of a footer, in which a single & would begin a command."""
    return text.replace("&", "&&")


def _sheet_names(titles: Iterable[str]) -> Sequence[str]:
    """Names that a workbook takes: short enough, of allowed characters, none twice whatever its case."""
    names: list[str] = []
    taken: set[str] = set()
    for title in titles:
        plain = NOT_IN_A_NAME.sub("_", title).strip()[:NAME_CHARACTERS] or "_"
        name, copy = plain, 1
        while name.casefold() in taken:
            copy += 1
            name = f"{plain[: NAME_CHARACTERS - 4]} {copy}"
        taken.add(name.casefold())
        names.append(name)
    return names
