"""The export of a person's own WeChat (a class teacher collecting money): CSV, since 2025 also XLSX."""

from collections.abc import Iterator, Mapping
from typing import Final

from busops.finance.matching import Channel, LineKind, ReceiptLine
from busops.sheets.bills.cells import day
from busops.sheets.bills.personal import Export, kind_of
from busops.sheets.bills.values import BillItem, line_key, order_code

CHANNEL: Final = Channel.WECHAT
SAID: Final = ("付款方留言:", "付款方留言：", "转账备注:", "转账备注：", "收款方备注:", "收款方备注：")


def read(export: Export) -> Iterator[BillItem]:
    """The items of the export; what the payer said stands inside 商品 and is taken out of it."""

    def make(number: int, values: Mapping[str, str], fen: int) -> ReceiptLine:
        kind = kind_of(values)
        is_back = kind is LineKind.REFUND
        return ReceiptLine(
            source=export.source,
            line=number,
            cell=export.cell(number),
            paid_on=day(values["time"]),
            amount_fen=-fen if is_back else fen,
            payer=values["payer"],
            remark=order_code(_said(values.get("goods", "")), _said(values.get("remark", ""))),
            reference=values["id"],
            rider_hint="",
            row_key=line_key(CHANNEL, values["id"], kind),
            channel=CHANNEL,
            kind=kind,
            code=values.get("order", ""),
            refund_of=values["id"] if is_back else "",
        )

    return export.items(make)


def _said(text: str) -> str:
    for words in SAID:
        text = text.replace(words, " ")
    return " ".join(text.split())
