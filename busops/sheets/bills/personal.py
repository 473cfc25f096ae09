"""
What the exports of a person's own WeChat or Alipay have in common: rows by 收/支, totals above the table.

Only money that came in is a receipt. What the owner spent, moved between his own accounts or
got back for a purchase is passed over with its reason, and still counts in the export's totals.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from busops.domain.errors import InvalidInput
from busops.domain.findings import Severity
from busops.finance.matching import LineKind, ReceiptLine
from busops.sheets.bills.cells import note, row_fault, text_of, yuan
from busops.sheets.bills.kinds import Header
from busops.sheets.bills.values import BillItem, ControlTotal, Skipped, SkipReason, Unit
from busops.sheets.files.raw import RawRow, squeezed

IN: Final = "收入"
OUT: Final = "支出"
NOT_PAID_WORDS: Final = ("失败", "关闭", "等待", "未支付", "待支付", "已退还", "已过期")
_COUNT: Final = re.compile(r"共(\d+)笔记录")
_STATED: Final = re.compile(
    r"(收入|支出|中性交易|不计收支|其他)[::]?(\d+)笔[,，;]?(-?[0-9,]+(?:\.[0-9]+)?)元"
)

MakeLine = Callable[[int, Mapping[str, str], int], ReceiptLine]  # row, cells by column, fen


@dataclass(slots=True)
class Sums:
    """Rows and their amounts as written, by 收/支."""

    rows: Counter[str] = field(default_factory=Counter)
    fen: Counter[str] = field(default_factory=Counter)

    def add(self, direction: str, fen: int) -> None:
        """One more row."""
        name = direction if direction in {IN, OUT} else ""
        self.rows[name] += 1
        self.fen[name] += fen


@dataclass(slots=True, kw_only=True)
class Export:
    """One export: where its rows are, what its columns mean, and how a line is made of a row."""

    source: str
    part: str
    header: Header
    above: tuple[RawRow, ...]
    below: tuple[RawRow, ...]
    sums: Sums = field(default_factory=Sums)

    def cell(self, number: int) -> str:
        """Where a row is, for a person."""
        return f"{self.part}!{number}" if self.part else str(number)

    def items(self, make: MakeLine) -> Iterator[BillItem]:
        """The rows below the header, then the totals above it."""
        for number, cells in self.below:
            texts = [text_of(cell) for cell in cells]
            at = self.header.at
            values = {name: texts[index] if index < len(texts) else "" for name, index in at.items()}
            if values["amount"] or values["id"] or values["direction"]:  # else a rule or a remark
                yield self._item(number, values, make)
        yield from _stated(self.source, self.above, self.sums)

    def _item(self, number: int, values: Mapping[str, str], make: MakeLine) -> BillItem:
        try:
            if not values["amount"]:
                raise InvalidInput("value_missing", column="金额", row=number)
            fen = abs(yuan(values["amount"]))
            direction = squeezed(values["direction"])
            self.sums.add(direction, fen)
            line = make(number, values, fen)
            reason = _passed_over(direction, values, fen)
            if reason:
                return Skipped(cell=line.cell, reason=reason, fen=fen, paid_on=line.paid_on)
            if not values["id"]:
                raise InvalidInput("bill_id_missing")
            return line
        except InvalidInput as fault:
            return row_fault(self.source, self.cell(number), fault)


def _passed_over(direction: str, values: Mapping[str, str], fen: int) -> SkipReason | None:
    state, kind = values["state"], values.get("type", "")
    if any(word in state for word in NOT_PAID_WORDS):
        return SkipReason.NOT_PAID
    if direction not in {IN, OUT}:
        return SkipReason.NEUTRAL
    is_refund = "退款" in kind or squeezed(state) == "退款成功"
    if direction == OUT and not is_refund:
        return SkipReason.MONEY_OUT
    if direction == IN and is_refund:
        return SkipReason.OWN_REFUND
    return SkipReason.NOTHING if fen == 0 else None


def kind_of(values: Mapping[str, str]) -> LineKind:
    """Money that the owner gave back is a refund, whatever its sign."""
    return LineKind.REFUND if squeezed(values["direction"]) == OUT else LineKind.PAYMENT


def _stated(source: str, above: Iterable[RawRow], sums: Sums) -> Iterator[BillItem]:
    """The totals that stand above the table; an export without them is told."""
    has_any = False
    for _, cells in above:
        words = squeezed("".join(cells))
        if count := _COUNT.search(words):
            has_any = True
            found = sum(sums.rows.values())
            yield ControlTotal(name=count.group(0), stated=int(count.group(1)), found=found, unit=Unit.COUNT)
        for name, rows, money in _STATED.findall(words):
            has_any = True
            own = name if name in {IN, OUT} else ""
            yield ControlTotal(name=f"{name}笔数", stated=int(rows), found=sums.rows[own], unit=Unit.COUNT)
            yield ControlTotal(name=name, stated=yuan(money), found=sums.fen[own])
    if not has_any:
        yield note("bill_without_totals", source, severity=Severity.WARN)
