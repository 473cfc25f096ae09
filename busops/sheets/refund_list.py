"""
The list of refunds (退费清单): each with what the rides say, whose hands it went through, and its number.

A line of a bill that no refund of ours explains stands below them, so that nothing that went out is missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from busops.finance.refunds import Refund, RefundState
from busops.finance.statement import ReceiptRecord
from busops.sheets.book_model import Cell, Kind, Table
from busops.sheets.book_words import joined, reference_tail, unit_words, word

KEY: Final = "refunds"
STEPS: Final = (
    *(RefundState.REQUESTED, RefundState.CHECKED, RefundState.APPROVED),
    *(RefundState.PAID, RefundState.RECONCILED),
)
_STEP_COLUMNS: Final = tuple(
    column
    for name in ("requested", "checked", "approved", "paid_out", "reconciled")
    for column in ((f"{name}_by", Kind.TEXT), (f"{name}_on", Kind.DAY))
)
COLUMNS: Final = (
    *(("no", Kind.COUNT), ("rider", Kind.TEXT), ("name", Kind.TEXT), ("class", Kind.TEXT)),
    *(("unit", Kind.TEXT), ("trigger", Kind.TEXT), ("seats", Kind.COUNT), ("rides", Kind.COUNT)),
    *(("reason", Kind.TEXT), ("refund", Kind.FEN), ("refund_charge", Kind.FEN), ("refund_state", Kind.TEXT)),
    *(("channel", Kind.TEXT), ("paid_on", Kind.DAY), ("reference", Kind.TEXT)),
    *(*_STEP_COLUMNS, ("channel_refund", Kind.TEXT), ("note", Kind.TEXT)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundEntry:
    """A refund with names and days: ``hands`` holds each step that was taken, who took it and when."""

    refund: Refund
    name: str
    class_name: str
    seats: int
    rides: int
    reasons: tuple[str, ...]
    is_cancelled: bool
    channel: str
    paid_on: date | None
    reference: str
    hands: Mapping[RefundState, tuple[str, date]]
    channel_refund: str
    note: str
    seen_receipt_ids: frozenset[str] = frozenset()


def refunds_table(entries: Sequence[RefundEntry], lines: Iterable[ReceiptRecord], locale: str) -> Table:
    """The refunds in the order given, then the lines of bills that went out and that none explains."""
    seen = {receipt_id for entry in entries for receipt_id in entry.seen_receipt_ids}
    loose = [line for line in lines if line.receipt_id not in seen]
    rows = [_of_entry(number, entry, locale) for number, entry in enumerate(entries, start=1)]
    rows += [_of_line(number, line, locale) for number, line in enumerate(loose, start=len(rows) + 1)]
    return Table(key=KEY, columns=COLUMNS, rows=tuple(rows), has_totals=True)


def _of_entry(number: int, entry: RefundEntry, locale: str) -> tuple[Cell, ...]:
    refund = entry.refund
    reasons = [word(locale, "reason", reason) for reason in entry.reasons]
    if entry.is_cancelled:
        reasons.insert(0, word(locale, "book", "word", "cancelled"))
    hands = (entry.hands.get(step, ("", None)) for step in STEPS)
    return (
        *(number, refund.rider_id, entry.name, entry.class_name, unit_words(refund.unit_key, locale)),
        *(word(locale, "refund_trigger", refund.trigger), entry.seats, entry.rides),
        *(joined(locale, reasons), refund.fen, refund.charge_fen),
        *(word(locale, "refund_state", refund.state), _channel(entry.channel, locale), entry.paid_on),
        reference_tail(entry.reference),
        *(cell for hand in hands for cell in hand),
        *(entry.channel_refund, entry.note),
    )


def _of_line(number: int, line: ReceiptRecord, locale: str) -> tuple[Cell, ...]:
    nobody = (None,) * (2 * len(STEPS))
    return (
        *(number, line.rider_id or "", "", "", "", "", None, None, "", -line.line.amount_fen, None),
        *(word(locale, "book", "word", "of_bill"), _channel(line.line.channel, locale), line.line.paid_on),
        *("", *nobody, line.line.reference, line.note or line.line.remark),
    )


def _channel(channel: str, locale: str) -> str:
    return word(locale, "channel", channel) if channel else ""
