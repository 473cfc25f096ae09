"""
What stands on each sheet of the workbook, as plain tables: words, numbers and days.

No format and no file here: ``reconciliation_book.py`` writes these tables, and CSV is the
same table of rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from busops.finance.closing import differences_of
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
from busops.sheets.book_model import Cell, Kind, Table
from busops.sheets.book_words import joined, reference_tail, school_minute, term_words, unit_words, word
from busops.sheets.refund_list import RefundEntry, refunds_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What was said of a difference, by whom and when, and who closed the month over it."""

    note: str
    by: str
    on: date
    reviewer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Besides:
    """What sheets show beside the reconciliation; ``handled`` by subject and state (``OpenMatter``)."""

    names: Mapping[str, str] = field(default_factory=dict)
    handled: Mapping[tuple[str, str], Handled] = field(default_factory=dict)
    refunds: tuple[RefundEntry, ...] = ()


NOTHING: Final = Besides()
ROW_COLUMNS: Final = (
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


def tables(result: Reconciliation, locale: str, besides: Besides = NOTHING) -> tuple[Table, ...]:
    """The sheets two to seven of the workbook, in their order."""
    statement = result.statement
    shown = [row for row in statement.rows if row.status is not RowStatus.NONE]
    went_out = (receipt for receipt in statement.receipts if receipt.line.amount_fen < 0)
    return (
        rows_table("rows", shown, result, locale, besides),
        rows_table("differences", differences(shown), result, locale, besides),
        _receipts_table("waiting", _waiting(statement.receipts), locale),
        refunds_table(besides.refunds, went_out, locale),
        _costs_table(result, locale),
        _sources_table(result, locale, besides),
    )


def rows_table(
    key: str, rows: Iterable[ReconRow], result: Reconciliation, locale: str, besides: Besides = NOTHING
) -> Table:
    """Rows of the reconciliation with every column of the main sheet, numbered."""
    cells = [_row_cells(number, row, result, locale, besides) for number, row in enumerate(rows, start=1)]
    return Table(key=key, columns=ROW_COLUMNS, rows=tuple(cells), has_totals=True)


def _row_cells(
    number: int, row: ReconRow, result: Reconciliation, locale: str, besides: Besides
) -> tuple[Cell, ...]:
    rider = result.riders.get(row.rider_id)
    facts = row.facts
    registered = "registered" if facts.registered else "on_leave" if facts.on_leave else "unregistered"
    stop = result.stop_names.get(rider.stop_id, rider.stop_id) if rider else ""
    handled = _handled(row, besides)
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
        joined(locale, (word(locale, "reason", reason) for reason in row.reasons)),
        facts.due_fen,
        row.waived_fen,
        row.received_fen,
        row.refunded_fen,
        row.difference_fen,
        word(locale, "row_status", row.status),
        joined(locale, (word(locale, "row_flag", flag) for flag in sorted(row.flags))),
        word(locale, "channel", row.channel) if row.channel else "",
        row.paid_on,
        reference_tail(row.reference),
        word(locale, "tier", row.tier) if row.tier else "",
        _confidence(row, locale),
        "" if row.status in SETTLED else word(locale, "row_action", row.status),
        handled.by if handled else "",
        handled.on if handled else None,
        handled.reviewer if handled else "",
        handled.note if handled else "",
    )


def _handled(row: ReconRow, besides: Besides) -> Handled | None:
    """What was said of the row as it stands now; of another state nothing is shown."""
    if not besides.handled:
        return None
    found = (besides.handled.get((matter.subject, matter.state)) for matter in differences_of([row]))
    return next((one for one in found if one is not None), None)


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
            reference_tail(receipt.line.reference),
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


def _sources_table(result: Reconciliation, locale: str, besides: Besides) -> Table:
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
            besides.names.get(source.imported_by, source.imported_by),
            school_minute(datetime.fromisoformat(source.imported_at)),
            source.reader,
        )
        for number, source in enumerate(result.statement.sources, start=1)
    )
    return Table(key="sources", columns=columns, rows=rows)


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
