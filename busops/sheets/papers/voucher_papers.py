"""
Vouchers for the school's general ledger: every posted transaction of a month, numbered, balanced.

A number is its month's: 记-0001 is the first transaction that was posted in it, so that a number once given
stays. Reversals are red (红字冲销): negative on the side that they undo. Summed up there is one voucher for
each day and kind; those numbers stand once the month is closed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from busops.domain.errors import Refused
from busops.domain.school import School
from busops.finance.ledger import Account, LedgerTxn, TxnKind
from busops.sheets.book_model import Cell, Kind, Table
from busops.sheets.book_words import joined, word
from busops.sheets.papers.document import Document, SheetKind

COLUMNS: Final = (
    *(("month", Kind.TEXT), ("voucher", Kind.TEXT), ("entry", Kind.COUNT), ("on", Kind.DAY)),
    *(("summary_words", Kind.TEXT), ("account_code", Kind.TEXT), ("account_name", Kind.TEXT)),
    *(("debit", Kind.FEN), ("credit", Kind.FEN), ("of_rider", Kind.TEXT), ("booked_by", Kind.TEXT)),
    *(("agreed_by", Kind.TEXT), ("reference_txn", Kind.TEXT), ("note", Kind.TEXT)),
)
DIGITS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a voucher: on one side, red amounts negative."""

    account: Account
    is_debit: bool
    fen: int
    rider_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """A numbered voucher; ``reference`` leads back to what was booked."""

    number: str
    period: str
    on: date
    kind: TxnKind
    entries: tuple[Entry, ...]
    booked_by: str
    agreed_by: str
    reference: str
    note: str

    @property
    def is_balanced(self) -> bool:
        """Whether its debits are its credits."""
        return not sum(entry.fen if entry.is_debit else -entry.fen for entry in self.entries)


def vouchers_of(txns: Iterable[LedgerTxn], names: Mapping[str, str], locale: str) -> tuple[Voucher, ...]:
    """A voucher for each transaction, numbered within its month in the order given."""
    numbers: dict[str, str] = {}
    counts: dict[str, int] = defaultdict(int)
    vouchers = []
    for txn in txns:
        counts[txn.period] += 1
        numbers[txn.txn_id] = number = _number(counts[txn.period], locale)
        vouchers.append(
            Voucher(
                number=number,
                period=txn.period,
                on=txn.on,
                kind=txn.kind,
                entries=_entries(txn),
                booked_by=names.get(txn.made_by, txn.made_by),
                agreed_by=names.get(txn.approved_by or "", txn.approved_by or ""),
                reference=txn.txn_id,
                note=_note(txn, numbers, locale),
            )
        )
    return tuple(vouchers)


def summed_by_day(vouchers: Sequence[Voucher], locale: str) -> tuple[Voucher, ...]:
    """One voucher for each month, day and kind, its entries added up by account and side."""
    groups: dict[tuple[str, date, TxnKind], list[Voucher]] = defaultdict(list)
    for voucher in vouchers:
        groups[voucher.period, voucher.on, voucher.kind].append(voucher)
    counts: dict[str, int] = defaultdict(int)
    summed = []
    for period, on, kind in sorted(groups):
        group = groups[period, on, kind]
        counts[period] += 1
        sums: dict[tuple[Account, bool], int] = defaultdict(int)
        for entry in (entry for voucher in group for entry in voucher.entries):
            sums[entry.account, entry.is_debit] += entry.fen
        order = sorted(sums, key=lambda side: (not side[1], side[0]))
        entries = (
            Entry(account=account, is_debit=debit, fen=sums[account, debit]) for account, debit in order
        )
        told = f"{len(group)} {word(locale, 'book', 'word', 'entries')}: {group[0].number}…{group[-1].number}"
        summed.append(
            replace(
                group[0],
                number=_number(counts[period], locale),
                entries=tuple(entry for entry in entries if entry.fen),
                booked_by=joined(locale, dict.fromkeys(one.booked_by for one in group)),
                agreed_by=joined(locale, dict.fromkeys(one.agreed_by for one in group if one.agreed_by)),
                reference=told,
                note="",
            )
        )
    return tuple(summed)


def voucher_document(
    kind: SheetKind,
    vouchers: Sequence[Voucher],
    *,
    school: School,
    days: tuple[date, date],
    months: Iterable[tuple[str, str]],
    locale: str,
) -> Document:
    """
    The vouchers as one table; ``months`` tells how far each month's close is.

    Raises Refused with the numbers of those that do not balance: none of them is written then.
    """
    if broken := [f"{one.period} {one.number}" for one in vouchers if not one.is_balanced]:
        raise Refused("vouchers_not_balanced", vouchers=broken)
    rows = tuple(row for voucher in vouchers for row in _rows(voucher, locale))
    note = (word(locale, "book", "column", "note"), word(locale, "book", "word", "voucher_note"))
    state = word(locale, "book", "word", "month_state")
    return Document(
        kind=kind,
        locale=locale,
        school=school.name,
        author=school.executor,
        period_from=days[0],
        period_to=days[1],
        tables=(Table(key=kind, columns=COLUMNS, rows=rows, has_totals=True),),
        origin=(note, *((f"{state} {period}", text) for period, text in months)),
    )


def _number(count: int, locale: str) -> str:
    return f"{word(locale, 'book', 'word', 'voucher_word')}-{count:0{DIGITS}d}"


def _entries(txn: LedgerTxn) -> tuple[Entry, ...]:
    is_red = txn.kind is TxnKind.REVERSAL
    return tuple(
        Entry(
            account=posting.account,
            is_debit=(posting.fen > 0) is not is_red,
            fen=-abs(posting.fen) if is_red else abs(posting.fen),
            rider_id=posting.rider_id or "",
        )
        for posting in txn.postings
    )


def _note(txn: LedgerTxn, numbers: Mapping[str, str], locale: str) -> str:
    told = []
    if txn.reverses:
        red = word(locale, "book", "word", "red")
        told.append(f"{red} {numbers.get(txn.reverses, txn.reverses)}")
    if txn.adjusts:
        told.append(f"{word(locale, 'book', 'word', 'adjusts')} {txn.adjusts}")
    return joined(locale, told)


def _rows(voucher: Voucher, locale: str) -> Iterable[tuple[Cell, ...]]:
    kind = word(locale, "txn_kind", voucher.kind)
    for number, entry in enumerate(voucher.entries, start=1):
        yield (
            *(voucher.period, voucher.number, number, voucher.on, kind, str(entry.account)),
            word(locale, "ledger_account", entry.account),
            *(entry.fen if entry.is_debit else None, None if entry.is_debit else entry.fen),
            *(entry.rider_id, voucher.booked_by, voucher.agreed_by, voucher.reference, voucher.note),
        )
