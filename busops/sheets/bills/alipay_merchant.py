"""
The detail of an Alipay merchant, and the summary that comes beside it in the same archive.

Whether money came or went is told by 业务类型 and never by a sign. Ids end in a tab. The line
``#交易合计`` below the table states how many payments there are and what they come to; the
summary's own total row states it once more.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from busops.domain.errors import InvalidInput
from busops.finance.matching import Channel, LineKind, ReceiptLine
from busops.sheets.bills.cells import MAX_CELL_CHARS, day, note, row_fault, text_of, yuan
from busops.sheets.bills.kinds import Header
from busops.sheets.bills.values import (
    BillItem,
    ControlTotal,
    Skipped,
    SkipReason,
    Unit,
    closest,
    line_key,
    order_code,
    payer_key,
)
from busops.sheets.files.raw import squeezed

CHANNEL: Final = Channel.ALIPAY
KINDS: Final = {"交易": LineKind.PAYMENT, "退款": LineKind.REFUND}
_STATED: Final = re.compile(r"#?(交易|退款)合计[::]?(-?[0-9]+)笔(.*)")
_RECEIVED: Final = re.compile(r"商家实收(?:退款)?共(-?[0-9,]+(?:\.[0-9]+)?)元")
_FREE: Final = ("goods", "remark")  # columns whose text may hold commas that nothing guards


@dataclass(slots=True)
class Sums:
    """How many payments and refunds were read, and what they come to without signs."""

    payments: int = 0
    refunds: int = 0
    paid_fen: int = 0
    back_fen: int = 0
    raw_back_fen: int = 0


def read(
    source: str, part: str, header: Header, lines: Iterable[tuple[int, str]], sums: Sums
) -> Iterator[BillItem]:
    """The items of a detail whose header was found; ``sums`` is filled, for the summary beside it."""
    place = f"{part}!" if part else ""
    has_totals = False
    for number, text in lines:
        plain = text.strip()
        if not plain or plain.startswith("#---"):
            continue
        if plain.startswith("#"):
            stated = _STATED.match(squeezed(plain))
            if stated:
                has_totals = has_totals or stated.group(1) == "交易"
                yield from _stated(source, stated, sums)
            continue
        yield _item(source, f"{place}{number}", header, text, sums)
    if not has_totals:
        yield note("bill_totals_missing", source)


def _item(source: str, cell: str, header: Header, text: str, sums: Sums) -> BillItem:
    try:
        fields = _fields(header, text)
        if max(map(len, fields)) > MAX_CELL_CHARS:
            return note("bill_cell_too_long", source, cell, limit=MAX_CELL_CHARS)
        values = {name: text_of(fields[index]) for name, index in header.at.items()}
        kind = KINDS.get(values["type"])
        if kind is None:
            raise InvalidInput("bill_status_unknown", found=values["type"])
        if not values["received"]:
            raise InvalidInput("value_missing", column="商家实收（元）")
        written = yuan(values["received"])
        if kind is LineKind.PAYMENT:
            sums.payments += 1
            sums.paid_fen += written
        else:
            sums.refunds += 1
            sums.back_fen += abs(written)
            sums.raw_back_fen += written
        return _line(source, cell, values, kind, written)
    except (InvalidInput, csv.Error) as fault:
        own = fault if isinstance(fault, InvalidInput) else InvalidInput("bill_row_unknown", found=text[:40])
        return row_fault(source, cell, own)


def _line(
    source: str, cell: str, values: Mapping[str, str], kind: LineKind, written: int
) -> ReceiptLine | Skipped:
    paid_on = day(values["time"])
    is_back = kind is LineKind.REFUND
    if written < 0 and not is_back:
        raise InvalidInput("bill_amount_against_status", found=values["type"])
    if written == 0:
        return Skipped(cell=cell, reason=SkipReason.NOTHING, fen=0, paid_on=paid_on)
    transaction, refund = values["id"], values.get("refund_id", "")
    if not transaction:
        raise InvalidInput("bill_id_missing")
    payer, fee_fen = values.get("payer", ""), abs(yuan(values.get("fee", "")))
    return ReceiptLine(
        source=source,
        line=int(cell.rpartition("!")[2]),
        cell=cell,
        paid_on=day(values.get("done") or values["time"]) if is_back else paid_on,
        amount_fen=-abs(written) if is_back else written,
        payer=payer,
        remark=order_code(values.get("goods", ""), values.get("remark", "")),
        reference=(refund or transaction) if is_back else transaction,
        rider_hint="",
        row_key=line_key(CHANNEL, transaction, kind, (refund or values.get("done", "")) if is_back else ""),
        channel=CHANNEL,
        kind=kind,
        code=values.get("order", ""),
        payer_key=payer_key(CHANNEL, payer),
        fee_fen=-fee_fen if is_back else fee_fen,
        refund_of=transaction if is_back else "",
    )


def _fields(header: Header, text: str) -> list[str]:
    """The cells of a row; commas too many belong to goods or remark, whichever keeps the days in place."""
    fields = next(csv.reader([text], strict=True))
    surplus = len(fields) - header.width
    if surplus == -1:  # the last column is a remark, and an empty one may be left out with its comma
        return [*fields, ""]
    if surplus == 0:
        return fields
    for name in _FREE if surplus > 0 else ():
        index = header.at.get(name, header.width)
        text = ",".join(fields[index : index + surplus + 1]).rstrip(",")
        joined = [*fields[:index], text, *fields[index + surplus + 1 :]]
        if len(joined) == header.width and _is_plausible(header, joined):
            return joined
    raise InvalidInput("bill_row_width", found=len(fields), expected=header.width)


def _is_plausible(header: Header, fields: list[str]) -> bool:
    try:
        for name in ("time", "done"):
            if name in header.at:
                day(text_of(fields[header.at[name]]))
        yuan(text_of(fields[header.at["received"]]))
    except InvalidInput:
        return False
    return text_of(fields[header.at["received"]]) != ""


def _stated(source: str, stated: re.Match[str], sums: Sums) -> Iterator[BillItem]:
    """The totals of the line below the table; money by the words 商家实收 … 共."""
    kind, count, rest = stated.groups()
    is_back = kind == "退款"
    counts = (sums.refunds,) if is_back else (sums.payments, sums.payments + sums.refunds)
    found = closest(int(count), *counts)
    yield ControlTotal(name=f"{kind}合计笔数", stated=int(count), found=found, unit=Unit.COUNT)
    money = _RECEIVED.search(rest)
    if money is None:
        yield note("bill_totals_missing", source)
        return
    try:
        fen = yuan(money.group(1))
    except InvalidInput as fault:
        yield row_fault(source, kind, fault)
        return
    of_refunds = (sums.back_fen, -sums.back_fen, sums.raw_back_fen)
    of_payments = (sums.paid_fen, sums.paid_fen - sums.back_fen)
    found = closest(fen, *(of_refunds if is_back else of_payments))
    yield ControlTotal(name=f"{kind}合计", stated=fen, found=found)


def is_summary(line: str) -> bool:
    """True for the header of the summary that lies beside a detail."""
    return "交易订单总笔数" in line and "退款订单总笔数" in line


def read_summary(source: str, lines: Iterable[tuple[int, str]], sums: Sums) -> Iterator[BillItem]:
    """The totals of the summary that lies beside a detail; only its total row is asked."""
    names: list[str] = []
    for _, text in lines:
        cells = [text_of(cell) for cell in next(csv.reader([text]), [])]
        words = [squeezed(cell) for cell in cells]
        if "交易订单总笔数" in words:
            names = words
        elif names and cells and words[0] == "合计":
            yield from _summed(source, dict(zip(names, cells, strict=False)), sums)


def _summed(source: str, row: Mapping[str, str], sums: Sums) -> Iterator[BillItem]:
    try:
        for name, found in (("交易订单总笔数", sums.payments), ("退款订单总笔数", sums.refunds)):
            if row.get(name):
                stated = yuan(row[name]) // 100
                yield ControlTotal(name=f"汇总 {name}", stated=stated, found=found, unit=Unit.COUNT)
        if row.get("商家实收(元)"):
            stated = yuan(row["商家实收(元)"])
            found = closest(stated, sums.paid_fen - sums.back_fen, sums.paid_fen)
            yield ControlTotal(name="汇总 商家实收", stated=stated, found=found)
    except InvalidInput as fault:
        yield row_fault(source, "汇总", fault)
