"""
The reconciliation as a workbook for people who sign it: eight sheets, and the rows as CSV.

The same reconciliation gives the same bytes. Nothing is written before the totals that the
sheets show are those the verdict rests on (I7).
"""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Final

import xlsxwriter

from busops.domain.errors import Refused
from busops.finance.invariants import totals_agree
from busops.finance.reconcile import SETTLED, RowStatus
from busops.finance.statement import Reconciliation
from busops.sheets.book_csv import table_csv
from busops.sheets.book_model import Kind, Table
from busops.sheets.book_pen import Pen, cells_of, formats_of, write_signatures, write_table, yuan
from busops.sheets.book_summary import bases_table, judged_sums, linked_sums, notes, verdict_facts
from busops.sheets.book_tables import NOTHING, Besides, checks, counts, tables
from busops.sheets.book_words import word

ALARMING: Final = frozenset({RowStatus.DATA_ERROR, RowStatus.RODE_UNREGISTERED, RowStatus.RODE_UNPAID})


def make_book(
    result: Reconciliation,
    locale: str = "zh",
    *,
    besides: Besides = NOTHING,
    origin: Sequence[tuple[str, str]] = (),
) -> bytes:
    """
    The workbook as bytes; raises ``Refused`` when its totals are not the verdict's.

    ``origin`` are words and texts that stand below the checks: for whom the file was made, and when.
    """
    sheets = tables(result, locale, besides)
    _check_totals(result, sheets)
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        made = datetime.combine(result.statement.period_to, time(), UTC)
        title = f"{result.school.name} {result.statement.period}"
        book.set_properties({"created": made, "title": title, "author": result.school.executor})
        formats = formats_of(book)
        keys = ("summary", *(table.key for table in sheets), "signatures")
        pens = {
            key: Pen(
                sheet=book.add_worksheet(word(locale, "book", "sheet", key)), formats=formats, locale=locale
            )
            for key in keys
        }
        _write_summary(pens["summary"], result, sheets)
        for table in sheets:
            _write_table(pens[table.key], table)
        _write_bases(pens["costs"], result, first_row=len(sheets[4].rows) + 4)
        _write_checks(pens["sources"], result, origin, first_row=len(sheets[5].rows) + 3)
        write_signatures(pens["signatures"], signers_of(result))
        pens["signatures"].lay_out(word(locale, "book", "sheet", "signatures"))
    return buffer.getvalue()


def rows_as_csv(result: Reconciliation, locale: str = "zh") -> bytes:
    """The rows as CSV (UTF-8 with BOM, CRLF); text like a formula gets an apostrophe before it."""
    return table_csv(tables(result, locale)[0], locale)


def signers_of(result: Reconciliation) -> tuple[tuple[str, str], ...]:
    """Who signs for a reconciled period, each with the name that is known."""
    school = result.school
    return (
        ("made_by", school.executor),
        ("checked_by", ""),
        ("responsible", school.responsible),
        ("supervisor", school.supervisor),
    )


def _check_totals(result: Reconciliation, sheets: tuple[Table, ...]) -> None:
    """I7: what the sheets add up to from their own cells is what the verdict rests on."""
    rows, waiting, costs = sheets[0], sheets[2], sheets[4]
    totals = {
        "due": rows.total_fen("due"),
        "paid": rows.total_fen("paid") - rows.total_fen("refunded"),
        "refunded": rows.total_fen("refunded"),
        "waived": rows.total_fen("waived"),
        "unidentified": waiting.total_fen("open"),
        "costs": costs.total_fen("amount"),
    }
    if broken := totals_agree(result.statement, totals):
        raise Refused("workbook_not_true", broken)


def _write_table(pen: Pen, table: Table) -> None:
    write_table(pen, table)
    keys = [key for key, _ in table.columns]
    if "difference" in keys and table.rows:
        _colour_statuses(pen, keys.index("status"), len(table.rows))
    pen.lay_out(pen.word("book", "sheet", table.key))


def _colour_statuses(pen: Pen, at: int, last: int) -> None:
    for status in RowStatus:
        look = "settled" if status in SETTLED else "alarming" if status in ALARMING else "odd"
        value = f'"{pen.word("row_status", status)}"'
        rule = {"type": "cell", "criteria": "==", "value": value, "format": pen.formats[look]}
        pen.sheet.conditional_format(1, at, last, at, rule)


def _write_bases(pen: Pen, result: Reconciliation, *, first_row: int) -> None:
    """The three bases below the costs; the net is worked out from its row, the ratio is a number."""
    table = bases_table(result, pen.locale)
    keys = [key for key, _ in table.columns]
    for at, key in enumerate(keys, start=1):
        pen.head(first_row, at, key)
    for row, cells in enumerate(table.rows, start=first_row + 1):
        for at, (cell, (key, kind)) in enumerate(zip(cells, table.columns, strict=True), start=1):
            if key == "net" and isinstance(cell, int):
                pen.formula(row, at, f"=C{row + 1}-D{row + 1}", yuan(cell))
            else:
                pen.cell(row, at, cell, kind)


def _write_checks(
    pen: Pen, result: Reconciliation, origin: Sequence[tuple[str, str]], *, first_row: int
) -> None:
    """The invariants and how each came out, the digest of the data, and for whom the file was made."""
    for at, key in enumerate(("check", "result"), start=1):
        pen.head(first_row, at, key)
    for row, (name, outcome) in enumerate((*checks(result, pen.locale), *origin), start=first_row + 1):
        pen.text(row, 1, name)
        pen.text(row, 2, outcome)


def _write_summary(pen: Pen, result: Reconciliation, sheets: tuple[Table, ...]) -> None:
    """The verdict, its sums as formulas over the other sheets, the statuses counted, the regime's note."""
    statement = result.statement
    pen.text(0, 0, f"{result.school.name} {statement.period}", "title")
    pen.text(1, 0, notes(result, pen.locale)[0], "note")
    at = _write_facts(pen, result, first_row=3) + 1
    by_key = {table.key: table for table in sheets}
    for name, key, column, fen in linked_sums(result):
        table = by_key[key]
        cells = cells_of(table, [each for each, _ in table.columns].index(column))
        pen.text(at, 0, pen.word("book", "word", name))
        pen.formula(at, 1, f"=SUM('{pen.word('book', 'sheet', key)}'!{cells})", yuan(fen))
        at += 1
    for name, fen in judged_sums(result):
        pen.text(at, 0, pen.word("book", "word", name))
        pen.fen(at, 1, fen)
        at += 1
    pen.text(at, 0, pen.word("book", "word", "due_note"), "note")
    at = _write_counts(pen, result, first_row=at + 2)
    for row, doubt in enumerate(notes(result, pen.locale)[1:], start=at + 1):
        pen.text(row, 0, doubt, "note")
    pen.sheet.set_column(0, 0, 34)
    pen.sheet.set_column(1, 1, 22)
    pen.lay_out(pen.word("book", "sheet", "summary"), is_list=False)


def _write_facts(pen: Pen, result: Reconciliation, *, first_row: int) -> int:
    """The verdict in words; the row after the last."""
    facts = verdict_facts(result, pen.locale)
    for row, (name, text) in enumerate(facts, start=first_row):
        pen.text(row, 0, name)
        pen.text(row, 1, text)
    last = first_row + len(facts)
    pen.text(last, 0, pen.word("book", "word", "open_runs"))
    pen.cell(last, 1, len(result.statement.open_runs), Kind.COUNT)
    return last + 1


def _write_counts(pen: Pen, result: Reconciliation, *, first_row: int) -> int:
    """How many rows have each status, added up; the row after the last."""
    found = counts(result, pen.locale)
    for row, (text, count) in enumerate(found, start=first_row):
        pen.text(row, 0, text)
        pen.cell(row, 1, count, Kind.COUNT)
    last = first_row + len(found)
    if found:
        pen.text(last, 0, pen.word("book", "word", "total"), "total")
        formula = f"=SUM(B{first_row + 1}:B{last})"
        pen.formula(last, 1, formula, sum(count for _, count in found), "count")
    return last + 1
