"""
The reconciliation as a workbook for people who sign it: eight sheets, and the rows as CSV.

The same reconciliation gives the same bytes. Nothing is written before the totals that the
sheets show are those the verdict rests on (I7).
"""

import csv
import io
from datetime import UTC, date, datetime, time
from typing import Final

import xlsxwriter

from busops.domain.errors import Refused
from busops.finance.invariants import totals_agree
from busops.finance.money import format_yuan
from busops.finance.reconcile import SETTLED, RowStatus
from busops.finance.statement import Reconciliation
from busops.sheets.book_pen import Pen, column_letter, formats_of, is_formula_like, yuan
from busops.sheets.book_tables import Cell, Kind, Table, checks, counts, tables
from busops.sheets.book_words import word

WIDTHS: Final = {Kind.TEXT: 14, Kind.COUNT: 9, Kind.FEN: 13, Kind.DAY: 12}
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
}
ALARMING: Final = frozenset({RowStatus.DATA_ERROR, RowStatus.RODE_UNREGISTERED, RowStatus.RODE_UNPAID})


def make_book(result: Reconciliation, locale: str = "zh") -> bytes:
    """The workbook as bytes; raises ``Refused`` when its totals are not the verdict's."""
    sheets = tables(result, locale)
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
        _write_checks(pens["sources"], result, first_row=len(sheets[5].rows) + 3)
        _write_signatures(pens["signatures"], result)
    return buffer.getvalue()


def rows_as_csv(result: Reconciliation, locale: str = "zh") -> bytes:
    """The rows as CSV (UTF-8 with BOM, CRLF); text like a formula gets an apostrophe before it."""
    table = tables(result, locale)[0]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(word(locale, "book", "column", key) for key, _ in table.columns)
    for row in table.rows:
        writer.writerow(_csv_cell(cell, kind) for cell, (_, kind) in zip(row, table.columns, strict=True))
    return out.getvalue().encode("utf-8-sig")


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
    last = len(table.rows)
    for at, (key, kind) in enumerate(table.columns):
        pen.head(0, at, key)
        pen.sheet.set_column(at, at, WIDE.get(key, WIDTHS[kind]))
    for number, row in enumerate(table.rows, start=1):
        for at, cell in enumerate(row):
            pen.cell(number, at, cell, table.columns[at][1])
    if table.rows:
        pen.sheet.autofilter(0, 0, last, len(table.columns) - 1)
    if table.has_totals:
        pen.text(last + 1, 0, pen.word("book", "word", "total"), "total")
        for at, (key, kind) in enumerate(table.columns):
            if kind is Kind.FEN:
                # SUBTOTAL follows the filter: what is shown is what is added up.
                formula = f"=SUBTOTAL(109,{_cells_of(table, at)})"
                pen.formula(last + 1, at, formula, yuan(table.total_fen(key)), "total")
    keys = [key for key, _ in table.columns]
    if "difference" in keys and table.rows:
        _colour_statuses(pen, keys.index("status"), last)
    pen.lay_out(pen.word("book", "sheet", table.key))


def _cells_of(table: Table, at: int) -> str:
    letter = column_letter(at)
    return f"{letter}2:{letter}{max(len(table.rows) + 1, 2)}"


def _colour_statuses(pen: Pen, at: int, last: int) -> None:
    for status in RowStatus:
        look = "settled" if status in SETTLED else "alarming" if status in ALARMING else "odd"
        value = f'"{pen.word("row_status", status)}"'
        rule = {"type": "cell", "criteria": "==", "value": value, "format": pen.formats[look]}
        pen.sheet.conditional_format(1, at, last, at, rule)


def _write_bases(pen: Pen, result: Reconciliation, *, first_row: int) -> None:
    """The three bases with their sums, the official one marked."""
    for at, key in enumerate(("basis", "base", "costs", "net", "ratio", "headroom", "verdict"), start=1):
        pen.head(first_row, at, key)
    official = result.statement.judgement.official
    for row, item in enumerate(result.statement.judgement.bases, start=first_row + 1):
        mark = " ★" if item.basis is official.basis else ""
        pen.text(row, 1, pen.word("basis", item.basis) + mark)
        pen.fen(row, 2, item.base_fen)
        pen.fen(row, 3, item.costs_fen)
        pen.formula(row, 4, f"=C{row + 1}-D{row + 1}", yuan(item.net_fen))
        pen.ratio(row, 5, item.ratio)
        pen.fen(row, 6, item.headroom_fen)
        pen.text(row, 7, pen.word("verdict", item.verdict))


def _write_checks(pen: Pen, result: Reconciliation, *, first_row: int) -> None:
    """The invariants and how each came out, and the digest of the data."""
    for at, key in enumerate(("check", "result"), start=1):
        pen.head(first_row, at, key)
    for row, (name, outcome) in enumerate(checks(result, pen.locale), start=first_row + 1):
        pen.text(row, 1, name)
        pen.text(row, 2, outcome)


def _write_signatures(pen: Pen, result: Reconciliation) -> None:
    people = (
        ("made_by", result.school.executor),
        ("checked_by", ""),
        ("responsible", result.school.responsible),
        ("supervisor", result.school.supervisor),
    )
    for at, key in enumerate(("role", "person", "signature", "date")):
        pen.head(0, at, key)
        pen.sheet.set_column(at, at, 26)
    for row, (role, person) in enumerate(people, start=1):
        pen.sheet.set_row(row, 36)
        for at, text in enumerate((pen.word("book", "word", role), person, "", "")):
            pen.text(row, at, text, "line")
    pen.lay_out(pen.word("book", "sheet", "signatures"))


def _write_summary(pen: Pen, result: Reconciliation, sheets: tuple[Table, ...]) -> None:
    """The verdict, its sums as formulas over the other sheets, the statuses counted, the regime's note."""
    statement = result.statement
    pen.text(0, 0, f"{result.school.name} {statement.period}", "title")
    pen.text(1, 0, pen.word("regime_note", statement.policy.fee_regime), "note")
    at = _write_facts(pen, result, first_row=3) + 1
    by_key = {table.key: table for table in sheets}
    for name, key, column, fen in _linked(result):
        table = by_key[key]
        cells = _cells_of(table, [each for each, _ in table.columns].index(column))
        pen.text(at, 0, pen.word("book", "word", name))
        pen.formula(at, 1, f"=SUM('{pen.word('book', 'sheet', key)}'!{cells})", yuan(fen))
        at += 1
    official = statement.judgement.official
    for name, fen in (
        ("earned", statement.sums.earned_fen),
        ("overhead", statement.cost_sums.overhead_fen),
        ("other_use", statement.cost_sums.other_use_fen),
        ("purchases", statement.purchases_fen),
        ("base", official.base_fen),
        ("net", official.net_fen),
    ):
        pen.text(at, 0, pen.word("book", "word", name))
        pen.fen(at, 1, fen)
        at += 1
    pen.text(at, 0, pen.word("book", "word", "due_note"), "note")
    at = _write_counts(pen, result, first_row=at + 2)
    for row, doubt in enumerate(statement.judgement.doubts, start=at + 1):
        pen.text(row, 0, pen.word(f"doubt_{doubt}"), "note")
    pen.sheet.set_column(0, 0, 34)
    pen.sheet.set_column(1, 1, 22)
    pen.lay_out(pen.word("book", "sheet", "summary"), is_list=False)


def _linked(result: Reconciliation) -> tuple[tuple[str, str, str, int], ...]:
    """What the summary adds up from which column of which sheet, and what that must come to."""
    sums = result.statement.sums
    return (
        ("charged", "rows", "due", result.statement.charged_fen),
        ("waived", "rows", "waived", sums.waived_fen),
        ("receipts", "rows", "paid", sums.receipts_fen),
        ("refunds", "rows", "refunded", sums.refunds_fen),
        ("unidentified", "waiting", "open", sums.unidentified_fen),
        ("costs", "costs", "amount", sums.costs_fen),
    )


def _write_facts(pen: Pen, result: Reconciliation, *, first_row: int) -> int:
    """The verdict in words; the row after the last."""
    statement = result.statement
    official = statement.judgement.official
    facts = (
        ("verdict", pen.word("verdict", statement.judgement.verdict)),
        ("official", f"{pen.word('basis', official.basis)} {official.ratio} %"),
        ("regime", pen.word("fee_regime", statement.policy.fee_regime)),
    )
    for row, (name, text) in enumerate(facts, start=first_row):
        pen.text(row, 0, pen.word("book", "word", name))
        pen.text(row, 1, text)
    last = first_row + len(facts)
    pen.text(last, 0, pen.word("book", "word", "open_runs"))
    pen.cell(last, 1, len(statement.open_runs), Kind.COUNT)
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


def _csv_cell(cell: Cell, kind: Kind) -> str:
    if cell is None:
        return ""
    if kind is Kind.FEN and isinstance(cell, int):
        return format_yuan(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    text = str(cell)
    return f"'{text}" if kind is Kind.TEXT and is_formula_like(text) else text
