"""
What stands on each sheet of the workbook, as plain tables: words, numbers and days.

No format and no file here: ``reconciliation_book.py`` writes these tables, and CSV is the
same table of rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from busops.domain.values import SCHOOL_TIME
from busops.finance.costs import OVERHEAD
from busops.finance.matching import ReceiptStatus
from busops.finance.reconcile import SETTLED, ReconRow, RowFlag, RowStatus, status_counts
from busops.finance.rows import differences
from busops.finance.statement import (
    ReceiptRecord,
    Reconciliation,
    digest,
    unidentified_fen,
)
from busops.finance.tariff import FareUnit
from busops.sheets.book_words import word

REFERENCE_TAIL: Final = 6
SEASONS: Final = frozenset({"autumn", "spring"})
Cell = str | int | date | None


class Kind(StrEnum):
    """How the cells of a column are written."""

    TEXT = "text"
    COUNT = "count"
    FEN = "fen"  # whole fen here, yuan with two decimals in the file
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One sheet: its key, its columns (key and kind), its rows, and whether money columns are added up."""

    key: str
    columns: tuple[tuple[str, Kind], ...]
    rows: tuple[tuple[Cell, ...], ...]
    has_totals: bool = False

    def total_fen(self, column: str) -> int:
        """What a money column adds up to, fen."""
        at = [key for key, _ in self.columns].index(column)
        return sum(cell for row in self.rows if isinstance(cell := row[at], int))


_ROW_COLUMNS: Final = (
    *(
        ("no", Kind.COUNT),
        ("term", Kind.TEXT),
        ("unit", Kind.TEXT),
        ("grade", Kind.TEXT),
        ("class", Kind.TEXT),
    ),
    *(
        ("rider", Kind.TEXT),
        ("name", Kind.TEXT),
        ("line", Kind.TEXT),
        ("stop", Kind.TEXT),
        ("band", Kind.TEXT),
    ),
    *(("registered", Kind.TEXT), ("seats", Kind.COUNT), ("rides", Kind.COUNT), ("leaves", Kind.COUNT)),
    *(("reason", Kind.TEXT), ("due", Kind.FEN), ("waived", Kind.FEN), ("paid", Kind.FEN)),
    *(("refunded", Kind.FEN), ("difference", Kind.FEN), ("status", Kind.TEXT), ("flags", Kind.TEXT)),
    *(("channel", Kind.TEXT), ("paid_on", Kind.DAY), ("reference", Kind.TEXT), ("tier", Kind.TEXT)),
    *(("confidence", Kind.TEXT), ("action", Kind.TEXT), ("handler", Kind.TEXT), ("handled_on", Kind.DAY)),
    *(("reviewer", Kind.TEXT), ("note", Kind.TEXT)),
)


def tables(result: Reconciliation, locale: str) -> tuple[Table, ...]:
    """The sheets two to seven of the workbook, in their order."""
    statement = result.statement
    shown = [row for row in statement.rows if row.status is not RowStatus.NONE]
    return (
        _rows_table("rows", shown, result, locale),
        _rows_table("differences", differences(shown), result, locale),
        _receipts_table("waiting", _waiting(statement.receipts), locale),
        _receipts_table("refunds", _refunds(statement.receipts), locale),
        _costs_table(result, locale),
        _sources_table(result, locale),
    )


def unit_words(unit_key: str, locale: str) -> str:
    """A billing unit for people: 周末往返 2024-03-08."""
    kind, _, rest = unit_key.partition(":")
    if kind == FareUnit.TERM:
        return f"{word(locale, 'book', 'unit', kind)} {term_words(rest, locale)}"
    day, _, direction = rest.partition(":")
    way = f" {word(locale, 'direction', direction)}" if direction else ""
    return f"{word(locale, 'book', 'unit', kind)} {day}{way}"


def term_words(term_id: str, locale: str) -> str:
    """A term for people: 2024 秋季 for 2024-autumn; the school's own name of it where it is another."""
    year, _, season = term_id.partition("-")
    return f"{year} {word(locale, 'book', 'season', season)}" if season in SEASONS else term_id


def _rows_table(key: str, rows: Iterable[ReconRow], result: Reconciliation, locale: str) -> Table:
    cells = [_row_cells(number, row, result, locale) for number, row in enumerate(rows, start=1)]
    return Table(key=key, columns=_ROW_COLUMNS, rows=tuple(cells), has_totals=True)


def _row_cells(number: int, row: ReconRow, result: Reconciliation, locale: str) -> tuple[Cell, ...]:
    rider = result.riders.get(row.rider_id)
    facts = row.facts
    registered = "registered" if facts.registered else "on_leave" if facts.on_leave else "unregistered"
    stop = result.stop_names.get(rider.stop_id, rider.stop_id) if rider else ""
    return (
        number,
        term_words(result.school.term.term_id, locale),
        unit_words(row.unit_key, locale),
        rider.grade if rider else "",
        rider.class_name if rider else "",
        row.rider_id,
        rider.name if rider else "",
        result.lines.get(row.rider_id, ""),
        stop,
        row.band,
        word(locale, "book", "word", registered),
        row.seats,
        facts.rides,
        row.leaves,
        _list(locale, (word(locale, "reason", reason) for reason in row.reasons)),
        facts.due_fen,
        row.waived_fen,
        row.received_fen,
        row.refunded_fen,
        row.difference_fen,
        word(locale, "row_status", row.status),
        _list(locale, (word(locale, "row_flag", flag) for flag in sorted(row.flags))),
        word(locale, "channel", row.channel) if row.channel else "",
        row.paid_on,
        row.reference[-REFERENCE_TAIL:],
        word(locale, "tier", row.tier) if row.tier else "",
        _confidence(row, locale),
        "" if row.status in SETTLED else word(locale, "row_action", row.status),
        "",
        None,
        "",
        "",
    )


def _confidence(row: ReconRow, locale: str) -> str:
    if not row.received_fen:
        return ""
    by_hand = RowFlag.MANUAL in row.flags
    name = "by_hand" if by_hand else "low" if RowFlag.LOW_CONFIDENCE in row.flags else "high"
    return word(locale, "book", "word", name)


def _waiting(receipts: Iterable[ReceiptRecord]) -> list[ReceiptRecord]:
    """What is nobody's: unclaimed money first, then what was set aside."""
    held = {
        ReceiptStatus.UNIDENTIFIED,
        ReceiptStatus.PARTIAL,
        ReceiptStatus.DUPLICATE,
        ReceiptStatus.NOT_BUS_FEE,
        ReceiptStatus.IGNORED,
    }
    found = [receipt for receipt in receipts if receipt.status in held]
    return sorted(
        found, key=lambda receipt: (-unidentified_fen(receipt), receipt.line.paid_on, receipt.line.row_key)
    )


def _refunds(receipts: Iterable[ReceiptRecord]) -> list[ReceiptRecord]:
    return [receipt for receipt in receipts if receipt.line.amount_fen < 0]


def _receipts_table(key: str, receipts: Sequence[ReceiptRecord], locale: str) -> Table:
    columns = (
        *(("no", Kind.COUNT), ("file", Kind.TEXT), ("cell", Kind.TEXT), ("paid_on", Kind.DAY)),
        *(("channel", Kind.TEXT), ("payer", Kind.TEXT), ("remark", Kind.TEXT), ("reference", Kind.TEXT)),
        *(("amount", Kind.FEN), ("allocated", Kind.FEN), ("open", Kind.FEN), ("status", Kind.TEXT)),
        *(("rider", Kind.TEXT), ("tier", Kind.TEXT), ("note", Kind.TEXT)),
    )
    rows = tuple(
        (
            number,
            receipt.line.source,
            receipt.line.cell,
            receipt.line.paid_on,
            word(locale, "channel", receipt.line.channel),
            receipt.line.payer,
            receipt.line.remark,
            receipt.line.reference[-REFERENCE_TAIL:],
            receipt.line.amount_fen,
            receipt.allocated_fen,
            unidentified_fen(receipt),
            word(locale, "receipt_status", receipt.status),
            receipt.rider_id or "",
            word(locale, "tier", receipt.tier) if receipt.tier else "",
            receipt.note,
        )
        for number, receipt in enumerate(receipts, start=1)
    )
    return Table(key=key, columns=columns, rows=rows, has_totals=True)


def _costs_table(result: Reconciliation, locale: str) -> Table:
    """Every cost but the school's own overhead, which is a memo on the summary."""
    columns = (
        *(("no", Kind.COUNT), ("on", Kind.DAY), ("code", Kind.TEXT), ("cost", Kind.TEXT)),
        *(("amount", Kind.FEN), ("plate", Kind.TEXT), ("run", Kind.TEXT), ("note", Kind.TEXT)),
        *(("document", Kind.TEXT), ("estimate", Kind.TEXT)),
    )
    lines = [line for line in result.statement.costs if line.code != OVERHEAD]
    rows = tuple(
        (
            number,
            line.on,
            line.code,
            word(locale, "cost", line.code),
            line.fen,
            line.plate,
            line.run,
            line.note,
            line.document,
            word(locale, "book", "word", "yes") if line.is_estimate else "",
        )
        for number, line in enumerate(lines, start=1)
    )
    return Table(key="costs", columns=columns, rows=rows, has_totals=True)


def _sources_table(result: Reconciliation, locale: str) -> Table:
    """Every file of the period's money, with the days of its payments that count here."""
    columns = (
        *(("no", Kind.COUNT), ("file", Kind.TEXT), ("sha", Kind.TEXT), ("channel", Kind.TEXT)),
        *(("first_on", Kind.DAY), ("last_on", Kind.DAY)),
        *(("lines", Kind.COUNT), ("total", Kind.FEN), ("stated", Kind.FEN), ("rejected", Kind.COUNT)),
        *(("by", Kind.TEXT), ("at", Kind.TEXT), ("reader", Kind.TEXT)),
    )
    paid_on: dict[str, list[date]] = {}
    for receipt in result.statement.receipts:
        paid_on.setdefault(receipt.line.source, []).append(receipt.line.paid_on)
    rows = tuple(
        (
            number,
            source.name,
            source.sha256,
            word(locale, "channel", source.channel),
            min(paid_on.get(source.name, ()), default=None),
            max(paid_on.get(source.name, ()), default=None),
            source.rows,
            source.total_fen,
            source.stated_total_fen,
            source.rejected,
            source.imported_by,
            school_minute(datetime.fromisoformat(source.imported_at)),
            source.reader,
        )
        for number, source in enumerate(result.statement.sources, start=1)
    )
    return Table(key="sources", columns=columns, rows=rows)


def school_minute(at: datetime) -> str:
    """A moment by the school's clock, to the minute."""
    return f"{at.astimezone(SCHOOL_TIME):%Y-%m-%d %H:%M}"


def checks(result: Reconciliation, locale: str) -> tuple[tuple[str, str], ...]:
    """Each invariant and how it came out: holds, or how often it is broken; I8 waits for the close."""
    broken: dict[str, int] = {}
    for finding in result.findings:
        if finding.code.startswith("invariant_"):
            name = finding.code.removeprefix("invariant_").upper()
            broken[name] = broken.get(name, 0) + 1
    holds, pending = word(locale, "book", "word", "holds"), word(locale, "book", "word", "pending")
    return (
        *(
            (word(locale, "book", "check", f"I{number}"), str(broken.get(f"I{number}", holds)))
            for number in range(1, 8)
        ),
        (word(locale, "book", "check", "I8"), str(broken.get("I8", pending))),
        (word(locale, "book", "word", "digest"), digest(result.statement)),
    )


def counts(result: Reconciliation, locale: str) -> tuple[tuple[str, int], ...]:
    """How many rows have each status, those of no business left out."""
    found = status_counts(result.statement.rows)
    return tuple(
        (word(locale, "row_status", status), count)
        for status, count in found.items()
        if status != RowStatus.NONE
    )


def _list(locale: str, words: Iterable[str]) -> str:
    return (", " if locale.lower().startswith("en") else "、").join(words)
