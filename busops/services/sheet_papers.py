"""
The sheets that finance takes away, made from the books as they stand; reads only, each in one transaction.

What a sheet says is ``busops.sheets.papers``'; who took it, and that it is the same again, is
``sheet_downloads``'.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from busops import __version__
from busops.domain.errors import InvalidInput, NotFound
from busops.domain.values import Clock, school_date
from busops.finance.ledger import period_of
from busops.finance.refunds import RefundState
from busops.finance.statement import Reconciliation
from busops.services import reconciliation, refund_facts
from busops.services.acting import SYSTEM
from busops.services.line_money import load_driven, results_of_lines, towards
from busops.services.refund_facts import RefundBoard, RefundView
from busops.sheets.book_tables import Besides, Handled
from busops.sheets.book_words import school_minute, word
from busops.sheets.papers.document import Document, SheetKind
from busops.sheets.papers.files import as_workbook
from busops.sheets.papers.recon_papers import (
    class_document,
    month_document,
    net_document,
    workbook_document,
)
from busops.sheets.papers.refund_papers import refund_document
from busops.sheets.papers.voucher_papers import summed_by_day, voucher_document, vouchers_of
from busops.sheets.refund_list import RefundEntry
from busops.storage import ledger_store, people_store, period_store, refund_store, register_store
from busops.storage.database import Database, Transaction
from busops.storage.period_store import Period

VOUCHERS: Final = frozenset({SheetKind.VOUCHERS, SheetKind.DAY_VOUCHERS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which sheet of which days, of one class or all, in which language."""

    kind: SheetKind
    from_on: date
    to_on: date
    locale: str
    class_name: str = ""


def make(database: Database, wanted: Wanted, *, clock: Clock) -> Document:
    """The sheet as the books stand; raises InvalidInput for days backwards, NotFound for no such class."""
    if wanted.from_on > wanted.to_on:
        raise InvalidInput("period_backwards", from_on=wanted.from_on, to_on=wanted.to_on)
    if wanted.kind in VOUCHERS:
        return _vouchers(database, wanted)
    if wanted.kind is SheetKind.REFUNDS:
        return _refunds(database, wanted)
    with database.reading() as tx:
        books = reconciliation.load_books(tx, wanted.from_on, wanted.to_on)
        months = _months(tx, wanted)
        besides = _besides(tx, months)
        if wanted.class_name and wanted.class_name not in _classes(tx):
            raise NotFound("sheet_class_unknown", class_name=wanted.class_name)
        today = school_date(clock.now())
        driven = load_driven(tx, books, today=today) if wanted.kind is SheetKind.NET else None
    result = reconciliation.reconciled(books, today=today)
    if driven is not None:
        lines = results_of_lines(books, driven, result.statement.rows)
        return net_document(result, lines, towards(books, driven), __version__, wanted.locale)
    if wanted.kind is SheetKind.CLASS_LISTS:
        return class_document(result, wanted.class_name, wanted.locale)
    besides = replace(besides, refunds=_of_period(database, result, wanted))
    if wanted.kind is SheetKind.MONTH:
        signed = _signed(months, besides.names, wanted.locale)
        return month_document(result, besides, signed, __version__, wanted.locale)
    return workbook_document(result, besides, __version__, wanted.locale)


def workbook(database: Database, result: Reconciliation, *, locale: str = "zh") -> bytes:
    """The workbook of what was reconciled before, for nobody in particular: no stamp is in it."""
    statement = result.statement
    wanted = Wanted(
        kind=SheetKind.RECONCILIATION,
        from_on=statement.period_from,
        to_on=statement.period_to,
        locale=locale,
    )
    with database.reading() as tx:
        besides = _besides(tx, _months(tx, wanted))
    besides = replace(besides, refunds=_of_period(database, result, wanted))
    return as_workbook(workbook_document(result, besides, __version__, locale), None)


def term_days(database: Database) -> tuple[date, date]:
    """The first and last day of the school's term; raises NotFound before the first import."""
    with database.reading() as tx:
        term = register_store.load_school(tx).term
    return term.starts_on, term.ends_on


def classes(database: Database) -> tuple[str, ...]:
    """The classes of the register, by name."""
    with database.reading() as tx:
        return _classes(tx)


def _vouchers(database: Database, wanted: Wanted) -> Document:
    with database.reading() as tx:
        school = register_store.load_school(tx)
        names = _names(tx)
        first, last = period_of(wanted.from_on), period_of(wanted.to_on)
        txns = ledger_store.load_of_periods(tx, first, last)
        months = _months(tx, wanted)
    known = {**names, SYSTEM: word(wanted.locale, "book", "word", "system")}
    vouchers = vouchers_of(txns, known, wanted.locale)
    return voucher_document(
        wanted.kind,
        summed_by_day(vouchers, wanted.locale) if wanted.kind is SheetKind.DAY_VOUCHERS else vouchers,
        school=school,
        days=(wanted.from_on, wanted.to_on),
        months=tuple((each.period, word(wanted.locale, "period_state", each.state)) for each in months),
        locale=wanted.locale,
    )


def _refunds(database: Database, wanted: Wanted) -> Document:
    with database.reading() as tx:
        school = register_store.load_school(tx)
    board = refund_facts.board(database)
    entries = [_entry(item, board, wanted.locale) for item in _in_order(board) if _moved(item, wanted)]
    lines = [one for one in board.lines if wanted.from_on <= one.line.paid_on <= wanted.to_on]
    return refund_document(
        entries, lines, school=school, days=(wanted.from_on, wanted.to_on), locale=wanted.locale
    )


def _of_period(database: Database, result: Reconciliation, wanted: Wanted) -> tuple[RefundEntry, ...]:
    """The refunds of the period's units and those that moved in its days; without any, nothing is read."""
    with database.reading() as tx:
        if not refund_store.load_refunds(tx):
            return ()
    board = refund_facts.board(database)
    mine = {refund.refund_id for refund in result.statement.refunds}
    return tuple(
        _entry(item, board, wanted.locale)
        for item in _in_order(board)
        if item.stored.refund.refund_id in mine or _moved(item, wanted)
    )


def _in_order(board: RefundBoard) -> Iterable[RefundView]:
    return reversed(board.items)


def _moved(item: RefundView, wanted: Wanted) -> bool:
    """Whether it was asked for in these days, or a step was taken."""
    moments = (item.stored.requested_at, *(step.at for step in item.stored.steps))
    return any(wanted.from_on <= school_date(moment) <= wanted.to_on for moment in moments)


def _entry(item: RefundView, board: RefundBoard, locale: str) -> RefundEntry:
    stored, receipt = item.stored, item.receipt
    system = word(locale, "book", "word", "system")
    names = {**board.names, SYSTEM: system}
    asked = stored.refund.hands[RefundState.REQUESTED]
    hands = {RefundState.REQUESTED: (names.get(asked, asked), school_date(stored.requested_at))}
    hands |= {step.state: (names.get(step.by, step.by), school_date(step.at)) for step in stored.steps}
    refused = next((step.note for step in stored.steps if step.state is RefundState.REFUSED), "")
    return RefundEntry(
        refund=stored.refund,
        name=item.rider.name if item.rider else "",
        class_name=f"{item.rider.grade}{item.rider.class_name}" if item.rider else "",
        seats=item.seats,
        rides=item.rides,
        reasons=item.reasons,
        is_cancelled=item.is_cancelled,
        channel=receipt.line.channel if receipt else "",
        paid_on=receipt.line.paid_on if receipt else None,
        reference=receipt.line.reference if receipt else "",
        hands=hands,
        channel_refund=stored.reference,
        note=refused or stored.note,
        seen_receipt_ids=frozenset(step.seen_receipt_id for step in stored.steps if step.seen_receipt_id),
    )


def _months(tx: Transaction, wanted: Wanted) -> tuple[Period, ...]:
    """The months of these days that were booked in."""
    first, last = period_of(wanted.from_on), period_of(wanted.to_on)
    return tuple(each for each in period_store.load_periods(tx) if first <= each.period <= last)


def _besides(tx: Transaction, months: Iterable[Period]) -> Besides:
    """Names, and what was said of differences in these months, with who closed them."""
    names = _names(tx)
    handled = {
        (one.subject, one.state): Handled(
            note=one.note,
            by=names.get(one.made_by, one.made_by),
            on=school_date(one.made_at),
            reviewer=names.get(month.locked_by, month.locked_by) if month.locked else "",
        )
        for month in months
        for one in period_store.load_disposals(tx, month.period)
    }
    return Besides(names=names, handled=handled)


def _classes(tx: Transaction) -> tuple[str, ...]:
    riders = register_store.load_riders(tx, include_retired=True)
    return tuple(sorted({f"{rider.grade}{rider.class_name}" for rider in riders}))


def _names(tx: Transaction) -> Mapping[str, str]:
    return {person.user_id: person.name for person in people_store.load_people(tx)}


def _signed(months: Iterable[Period], names: Mapping[str, str], locale: str) -> tuple[tuple[str, str], ...]:
    """How far the close of each month is: its state, and who signed what and when."""
    told = []
    for month in months:
        told.append(("month_state", f"{month.period} {word(locale, 'period_state', month.state)}"))
        if month.prepared_at is not None:
            by = names.get(month.prepared_by, month.prepared_by)
            told.append(("prepared", f"{month.period} {by} {school_minute(month.prepared_at)}"))
            told.append(("signed_digest", month.digest))
        if month.locked and month.locked_at is not None:
            by = names.get(month.locked_by, month.locked_by)
            told.append(("closed_by", f"{month.period} {by} {school_minute(month.locked_at)}"))
    return tuple(told)
