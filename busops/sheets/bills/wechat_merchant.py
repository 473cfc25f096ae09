"""
The trade bill of a WeChat Pay merchant: 27, 26 or 20 columns, every field behind a backtick.

What a row is follows from 交易状态, never from a sign. Fields are parted at ``,` `` since names
of goods may hold commas. The last two lines are the bill's own totals; a bill without them is
cut off. Several bills one after another in one file are each held to their own totals.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding
from busops.finance.matching import Channel, LineKind, ReceiptLine
from busops.sheets.bills.cells import MAX_CELL_CHARS, MAX_COLUMNS, day, fee, fee_fen, note, row_fault, yuan
from busops.sheets.bills.kinds import Header, header_of
from busops.sheets.bills.values import (
    BillItem,
    ControlTotal,
    Skipped,
    SkipReason,
    Unit,
    closest,
    line_key,
    payer_key,
)

CHANNEL: Final = Channel.WECHAT
PAID: Final = "SUCCESS"
BACK: Final = {"REFUND": LineKind.REFUND, "REVOKED": LineKind.REVOKED}
NOT_PAID: Final = frozenset({"NOTPAY", "CLOSED", "PAYERROR", "USERPAYING"})
FAILED: Final = frozenset({"FAIL", "FAILED", "CLOSED", "CHANGE", "ABNORMAL"})
_OF_PAYMENTS: Final = ("settled", "ordered")
_AMOUNTS: Final = ("settled", "refund", "coupon_refund", "ordered", "asked_back")


@dataclass(slots=True)
class Sums:
    """Sums of the rows as written: raw, those of payments alone, and without signs, by column."""

    rows: int = 0
    fee: int = 0
    has_refunds: bool = False  # whether refunds have a column of their own
    raw: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_AMOUNTS, 0))
    paid: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_AMOUNTS, 0))
    plain: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_AMOUNTS, 0))

    def add(self, amounts: Mapping[str, int], fee_units: int, *, is_paid: bool) -> None:
        """One more row; ``amounts`` are those that are not nought."""
        self.rows += 1
        self.fee += fee_units
        for name, fen in amounts.items():
            self.raw[name] += fen
            self.plain[name] += abs(fen)
            if is_paid:
                self.paid[name] += fen


def read(source: str, part: str, header: Header, lines: Iterable[tuple[int, str]]) -> Iterator[BillItem]:
    """
    The items of a bill whose header was found; ``lines`` are those below it with their numbers.

    Amounts are fen. A refund's ``refund_of`` is the number of the payment; its own number is the
    ``reference``.
    """
    bill = _Reader(source=source, place=f"{part}!" if part else "", header=header)
    for number, text in lines:
        if bill.names:
            yield from bill.close(text)
        elif text.startswith("`"):
            if bill.pending:
                yield bill.item(bill.at, bill.pending)
            bill.pending, bill.at, bill.is_closed = text, number, False
        else:
            yield from bill.other(number, text)
    yield from bill.flush()
    if not bill.is_closed:
        yield note("bill_totals_missing", source)


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Rows under one header, and their sums so far; a row is held until it is known where it ends."""

    source: str
    place: str
    header: Header
    sums: Sums = field(default_factory=Sums)
    amounts: tuple[tuple[str, int], ...] = ()
    pending: str = ""
    at: int = 0
    names: tuple[str, ...] = ()
    is_closed: bool = False

    def flush(self) -> Iterator[BillItem]:
        """The row that was held, whole."""
        if self.pending:
            text, self.pending = self.pending, ""
            yield self.item(self.at, text)

    def other(self, number: int, text: str) -> Iterator[BillItem]:
        """A line that begins no row: the names of totals, another bill's header, or the rest of a row."""
        header = header_of(text.split(",")) if "微信订单号" in text else None
        if text.strip().startswith("总交易"):
            yield from self.flush()
            self.names = tuple(word.strip("` \t") for word in text.split(","))
        elif header is not None:
            yield from self.flush()
            self.header, self.is_closed = header, False
            self.__post_init__()
        elif self.pending:
            # A name of goods that holds a line break; a row may be no longer than its cells together.
            self.pending = f"{self.pending} {text}"[: MAX_CELL_CHARS * MAX_COLUMNS]
        elif text.strip():
            yield note("bill_row_unknown", self.source, self.cell(number), found=text[:40])

    def close(self, text: str) -> Iterator[BillItem]:
        """The line below the names of totals: the bill is held to it, and another may follow."""
        yield from _totals(self.source, self.names, text, self.sums)
        self.sums, self.names, self.is_closed = Sums(), (), True

    def __post_init__(self) -> None:
        """The columns with amounts are looked up once for all rows."""
        at = self.header.at
        self.amounts = tuple((name, at[name]) for name in _AMOUNTS if name in at)

    def cell(self, number: int) -> str:
        """Where a row is, for a person."""
        return f"{self.place}{number}"

    def item(self, number: int, text: str) -> BillItem:
        """What a row is; a row that cannot be read blocks."""
        fields, at = text[1:].split(",`"), self.header.at
        if len(fields) != self.header.width:
            facts: dict[str, Any] = {"found": len(fields), "expected": self.header.width}
            return note("bill_row_width", self.source, self.cell(number), **facts)
        if len(text) > MAX_CELL_CHARS and max(map(len, fields)) > MAX_CELL_CHARS:
            return note("bill_cell_too_long", self.source, self.cell(number), limit=MAX_CELL_CHARS)
        fields.append("")  # what a column that is not there says
        try:
            amounts = {name: fen for name, index in self.amounts if (fen := yuan(fields[index].strip()))}
            fee_units = fee(fields[at.get("fee", -1)].strip())
            status = fields[at["status"]].strip()
            self.sums.has_refunds = "refund" in at
            if status in BACK and "refund" not in at:
                # older bills tell a refund as a negative payment, in no column of its own
                amounts["refund"] = amounts["asked_back"] = abs(amounts.get("settled", 0))
            self.sums.add(amounts, fee_units, is_paid=status == PAID)
            return self._line(number, fields, amounts, fee_fen(fee_units))
        except InvalidInput as fault:
            return row_fault(self.source, self.cell(number), fault)

    def _line(
        self, number: int, fields: list[str], amounts: Mapping[str, int], fee: int
    ) -> ReceiptLine | Skipped:
        at, cell = self.header.at, self.cell(number)
        status, moment = fields[at["status"]].strip(), fields[at["time"]].strip()
        paid_on = day(moment.partition(" ")[0])
        settled = amounts.get("settled", 0)
        kind = BACK.get(status, LineKind.PAYMENT)
        is_back = kind is not LineKind.PAYMENT
        fen = -abs(amounts.get("refund", 0) or settled) if is_back else settled
        if reason := _passed_over(status, fields[at.get("refund_status", -1)].strip(), amounts):
            return Skipped(cell=cell, reason=reason, fen=fen, paid_on=paid_on)
        transaction, refund = fields[at["id"]].strip(), fields[at.get("refund_id", -1)].strip()
        _check(status, fields[at.get("currency", -1)].strip(), transaction, fen)
        order, goods = fields[at["order"]].strip(), fields[at.get("goods", -1)].strip()
        attach = fields[at.get("attach", -1)].strip()
        return ReceiptLine(
            source=self.source,
            line=number,
            cell=cell,
            paid_on=paid_on,
            amount_fen=fen,
            payer="",
            remark=f"{goods} {attach}" if goods and attach else goods or attach,
            reference=(refund or transaction) if is_back else transaction,
            rider_hint="",
            # A bill without the refunds' columns tells two refunds of one payment apart by their moment.
            row_key=line_key(CHANNEL, transaction, kind, (refund or moment) if is_back else ""),
            channel=CHANNEL,
            kind=kind,
            code=f"{order} {attach}" if order and attach else order or attach,
            payer_key=payer_key(CHANNEL, fields[at.get("openid", -1)]),
            fee_fen=fee,
            refund_of=transaction if is_back else "",
        )


def _passed_over(status: str, refund_status: str, amounts: Mapping[str, int]) -> SkipReason | None:
    """Why a row is no receipt; None when it is one."""
    if status in NOT_PAID:
        return SkipReason.NOT_PAID
    if status in BACK and refund_status in FAILED:
        return SkipReason.REFUND_FAILED
    if status == PAID and not amounts.get("settled") and not amounts.get("ordered"):
        return SkipReason.NOTHING
    return None


def _check(status: str, currency: str, transaction: str, fen: int) -> None:
    if status != PAID and status not in BACK:
        raise InvalidInput("bill_status_unknown", found=status)
    if currency not in {"", "CNY"}:
        raise InvalidInput("bill_currency", found=currency)
    if not transaction:
        raise InvalidInput("bill_id_missing")
    if fen < 0 if status == PAID else fen == 0:
        raise InvalidInput("bill_amount_against_status", found=status)


_COLUMN_OF: Final = {
    "应结订单总金额": "settled",
    "总交易额": "settled",
    "退款总金额": "refund",
    "总退款金额": "refund",
    "充值券退款总金额": "coupon_refund",
    "总代金券或立减优惠退款金额": "coupon_refund",
    "总企业红包退款金额": "coupon_refund",
    "订单总金额": "ordered",
    "申请退款总金额": "asked_back",
}


def _totals(source: str, names: tuple[str, ...], text: str, sums: Sums) -> Iterator[ControlTotal | Finding]:
    values = [value.strip("` \t") for value in text.split(",")]
    if len(values) != len(names):
        yield note("bill_totals_missing", source)
        return
    for name, value in zip(names, values, strict=True):
        try:
            total = _total(name, value, sums)
        except InvalidInput as fault:
            yield row_fault(source, name, fault)
        else:
            if total is not None:
                yield total


def _total(name: str, value: str, sums: Sums) -> ControlTotal | None:
    """One of the bill's totals; those of columns this bill does not have are nobody's."""
    if name == "总交易单数":
        fen = yuan(value)  # a count in the same strict words
        return ControlTotal(name=name, stated=fen // 100, found=sums.rows, unit=Unit.COUNT)
    if name == "手续费总金额":
        return ControlTotal(name=name, stated=fee_fen(fee(value)), found=fee_fen(sums.fee))
    column = _COLUMN_OF.get(name)
    if column is None:
        return None
    stated = yuan(value)
    if column in _OF_PAYMENTS:
        found = closest(stated, sums.raw[column], sums.paid[column])
    else:
        without_column = () if sums.has_refunds else (0,)
        found = closest(stated, sums.raw[column], sums.plain[column], *without_column)
    return ControlTotal(name=name, stated=stated, found=found)
