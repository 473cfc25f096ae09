"""
A bank's statement: which column is money in is not believed but proved by the running balance.

Banks call money in 贷方, books of the account's owner call it 借方; some list the newest line
first. Of these four readings that one holds under which every balance follows from the one
before it. Where none holds, or two of them do that differ, nothing of the statement is taken.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding
from busops.finance.matching import Channel, LineKind, ReceiptLine
from busops.sheets.bills.cells import day, note, row_fault, text_of, yuan
from busops.sheets.bills.personal import Export
from busops.sheets.bills.values import (
    BillItem,
    ControlTotal,
    Skipped,
    SkipReason,
    line_key,
    order_code,
    payer_key,
)
from busops.sheets.files.raw import RawRow, squeezed

CREDIT_WORDS: Final = frozenset({"贷", "贷方", "收", "收入", "转入", "存入", "+", "c", "cr", "进"})
DEBIT_WORDS: Final = frozenset({"借", "借方", "付", "支", "支出", "转出", "支取", "-", "d", "dr", "出"})
GIVEN_BACK: Final = ("退款", "退费", "退车费", "退校车费", "退乘车费")
UNDONE: Final = ("冲正", "冲账", "冲销", "退汇")
_TOTAL: Final = re.compile(r"(合计|总计|本页合计|累计|本期合计)")
_STATED: Final = re.compile(
    r"(借方|贷方|收入|支出)(?:发生额|金额)?(?:合计|总额|总金额)(?:金额)?[::]?(-?[0-9,]+(?:\.[0-9]+)?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row: what it moves if 贷方 is money in (fen; 0: only a balance stands there), and its balance."""

    number: int
    on: date
    moved_fen: int
    balance_fen: int
    values: Mapping[str, str]


@dataclass(slots=True)
class Sums:
    """What the two columns come to as written."""

    debit_fen: int = 0
    credit_fen: int = 0


def read(export: Export) -> Iterator[BillItem]:
    """The items of a statement; a fault in a row or in the running balance leaves nothing but findings."""
    entries: list[Entry] = []
    faults: list[Finding] = []
    sums, totals = Sums(), list(_stated(export.above))
    for number, cells in export.below:
        texts = [text_of(cell) for cell in cells]
        values = {
            name: texts[index] if index < len(texts) else "" for name, index in export.header.at.items()
        }
        first = squeezed(next((text for text in texts if text), ""))
        if _TOTAL.match(first) or _STATED.search(squeezed("".join(texts))):
            totals += _stated([(number, cells)]) or _total_row(values)
        elif any(values[name] for name in values.keys() & {"debit", "credit", "amount", "balance"}):
            try:
                entries.append(_entry(number, values, sums))
            except InvalidInput as fault:
                faults.append(row_fault(export.source, export.cell(number), fault))
    yield from faults
    if not faults:
        yield from _lines(export, entries)
    for name, fen in totals:
        side = sums.debit_fen if name in {"借方", "支出"} else sums.credit_fen
        yield ControlTotal(name=f"{name}合计", stated=fen, found=side)


def _entry(number: int, values: Mapping[str, str], sums: Sums) -> Entry:
    if not values["balance"]:
        raise InvalidInput("bank_balance_missing")
    if "amount" in values:
        fen = yuan(values["amount"])
        side = squeezed(values.get("side", ""))
        if side in CREDIT_WORDS or side in DEBIT_WORDS:
            fen = abs(fen) if side in CREDIT_WORDS else -abs(fen)
        elif side:
            raise InvalidInput("bill_status_unknown", found=values["side"])
        debit, credit = (0, fen) if fen >= 0 else (-fen, 0)
    else:
        debit, credit = yuan(values["debit"]), yuan(values["credit"])
    sums.debit_fen += debit
    sums.credit_fen += credit
    return Entry(
        number=number,
        on=day(values["time"]),
        moved_fen=credit - debit,
        balance_fen=yuan(values["balance"]),
        values=values,
    )


def _lines(export: Export, entries: list[Entry]) -> Iterator[BillItem]:
    signs, fault = _signs(export, entries)
    if fault is not None:
        yield fault
        return
    if len(signs) != 1:
        yield note("bank_direction_unproven", export.source)
        return
    (sign,) = signs
    seen: Counter[tuple[str, ...]] = Counter()
    for entry in entries:
        if entry.moved_fen:
            yield _item(export, entry, sign * entry.moved_fen, seen)


def _signs(export: Export, entries: list[Entry]) -> tuple[set[int], Finding | None]:
    """Under which signs every balance follows from the one before; else where the best reading breaks."""
    signs: set[int] = set()
    best: tuple[int, Entry, int] | None = None
    for ordered in (entries, entries[::-1]):
        if any(later.on < earlier.on for earlier, later in pairwise(ordered)):
            continue
        for sign in (1, -1):
            broken = _first_break(ordered, sign)
            if broken is None:
                signs.add(sign)
            elif best is None or broken[0] > best[0]:
                best = broken
    if signs or not entries:
        return (signs if any(entry.moved_fen for entry in entries) else {1}), None
    if best is None:
        return signs, note("bank_days_mixed", export.source)
    _, entry, expected_fen = best
    facts: dict[str, Any] = {"expected_fen": expected_fen, "found_fen": entry.balance_fen}
    return signs, note("bank_balance_broken", export.source, export.cell(entry.number), **facts)


def _first_break(ordered: list[Entry], sign: int) -> tuple[int, Entry, int] | None:
    """How far a reading holds, the row at which it breaks, and the balance that row should have (fen)."""
    for at, (before, entry) in enumerate(pairwise(ordered)):
        expected_fen = before.balance_fen + sign * entry.moved_fen
        if expected_fen != entry.balance_fen:
            return at, entry, expected_fen
    return None


def _item(export: Export, entry: Entry, fen: int, seen: Counter[tuple[str, ...]]) -> BillItem:
    values, cell = entry.values, export.cell(entry.number)
    remark = order_code(values.get("remark", ""), values.get("note", ""))
    is_undone = any(word in remark for word in UNDONE)
    is_given_back = any(word in remark for word in GIVEN_BACK)
    if fen > 0 and (is_undone or is_given_back):
        return Skipped(cell=cell, reason=SkipReason.OWN_REFUND, fen=fen, paid_on=entry.on)
    if fen < 0 and not (is_undone or is_given_back):
        return Skipped(cell=cell, reason=SkipReason.MONEY_OUT, fen=fen, paid_on=entry.on)
    kind = LineKind.PAYMENT if fen > 0 else LineKind.REVOKED if is_undone else LineKind.REFUND
    reference = values.get("id", "")
    same = (entry.on.isoformat(), str(fen), str(entry.balance_fen), reference)
    seen[same] += 1
    return ReceiptLine(
        source=export.source,
        line=entry.number,
        cell=cell,
        paid_on=entry.on,
        amount_fen=fen,
        payer=values.get("payer", ""),
        remark=remark,
        reference=reference,
        rider_hint="",
        # The number alone may be that of a batch of many lines: day, amount and balance are of this one.
        row_key=line_key(Channel.BANK, "|".join(same), kind, str(seen[same])),
        channel=Channel.BANK,
        kind=kind,
        payer_key=payer_key(Channel.BANK, values.get("account", "")),
    )


def _stated(rows: Iterable[RawRow]) -> list[tuple[str, int]]:
    """Totals that a statement writes out in words, above or below its table."""
    return [
        (name, yuan(money)) for _, cells in rows for name, money in _STATED.findall(squeezed(" ".join(cells)))
    ]


def _total_row(values: Mapping[str, str]) -> list[tuple[str, int]]:
    """A total row's two sums; a statement with one column of amounts has none that can be held to."""
    pairs = (("借方", values.get("debit", "")), ("贷方", values.get("credit", "")))
    return [(name, yuan(text)) for name, text in pairs if text]
