"""The export of a person's own Alipay: GB18030 text with the owner's totals above the table."""

from collections.abc import Iterator, Mapping
from typing import Final

from busops.finance.matching import Channel, LineKind, ReceiptLine
from busops.sheets.bills.cells import day
from busops.sheets.bills.personal import Export, kind_of
from busops.sheets.bills.values import BillItem, line_key, order_code, payer_key

CHANNEL: Final = Channel.ALIPAY


def read(export: Export) -> Iterator[BillItem]:
    """The items of the export; a refund's number holds that of its payment before a ``_``."""

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
            remark=order_code(values.get("goods", ""), values.get("remark", "")),
            reference=values["id"],
            rider_hint="",
            row_key=line_key(CHANNEL, values["id"], kind),
            channel=CHANNEL,
            kind=kind,
            code=values.get("order", ""),
            payer_key=payer_key(CHANNEL, values.get("account", "")),
            refund_of=values["id"].partition("_")[0] if is_back else "",
        )

    return export.items(make)
