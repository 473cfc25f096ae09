"""
The lists of the finance pages: rows of a reconciliation, receipts, charges and costs.

Only values for ``parts/table.html``; loading is the services', drawing the templates'.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Final

from busops.domain.roster import Rider
from busops.finance.reconcile import SETTLED, ReconRow, RowStatus
from busops.finance.rows import differences
from busops.finance.statement import ReceiptRecord, Reconciliation, unidentified_fen
from busops.services.fares import ShownCharge
from busops.sheets.book_words import unit_words
from busops.web.context import current
from busops.web.language import code_words, say
from busops.web.tables import Column, Filter, Listing, arrange

TONES: Final = {
    RowStatus.DATA_ERROR: "bad",
    RowStatus.RODE_UNREGISTERED: "bad",
    RowStatus.RODE_UNPAID: "bad",
    RowStatus.DISPUTED: "warn",
    RowStatus.UNDERPAID: "warn",
    RowStatus.RODE_NOT_BILLED: "warn",
    RowStatus.OVERPAID: "act",
    RowStatus.REFUND_DUE: "off",
    RowStatus.PAID_NOT_RODE: "off",
    RowStatus.UNPAID_NOT_RODE: "idle",
    RowStatus.WAIVED: "idle",
    RowStatus.OK: "ok",
    RowStatus.SETTLED_REFUNDED: "idle",
    RowStatus.NONE: "idle",
}
ICONS: Final = {"bad": "x", "warn": "minus", "act": "plus", "off": "undo", "idle": "minus", "ok": "check"}
RECEIPT_TONES: Final = {"MATCHED": "ok", "UNIDENTIFIED": "bad", "PARTIAL": "warn", "DUPLICATE": "warn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRow:
    """A row of the reconciliation; words and look are made for those that a page or an export shows."""

    row: ReconRow
    rider: Rider | None
    result: Reconciliation

    @property
    def name(self) -> str:
        """The rider's name, or his number where he is on no list."""
        return self.rider.name if self.rider else self.row.rider_id

    @property
    def class_name(self) -> str:
        """Grade and class."""
        return f"{self.rider.grade}{self.rider.class_name}" if self.rider else ""

    @property
    def stop(self) -> str:
        """His stop of record, by its name."""
        return self.result.stop_names.get(self.rider.stop_id, self.rider.stop_id) if self.rider else ""

    @property
    def unit(self) -> str:
        """What it is for."""
        return unit_of(self.row.unit_key)

    @property
    def status(self) -> str:
        """How it stands."""
        return code_words(f"row_status.{self.row.status}")

    @property
    def flags(self) -> str:
        """What else is to be known."""
        return say("、").join(code_words(f"row_flag.{flag}") for flag in sorted(self.row.flags))

    @property
    def tone(self) -> str:
        """The colour of its status."""
        return TONES[self.row.status]

    @property
    def icon(self) -> str:
        """The sign of its status."""
        return ICONS[self.tone]


def shown_rows(result: Reconciliation, *, only_differences: bool) -> tuple[ShownRow, ...]:
    """The rows for a list: the differences, worst first, or every row there is business in."""
    rows = result.statement.rows
    wanted = differences(rows) if only_differences else rows
    return tuple(
        ShownRow(row=row, rider=result.riders.get(row.rider_id), result=result)
        for row in wanted
        if only_differences or row.status is not RowStatus.NONE
    )


def rows_listing(rows: Sequence[ShownRow]) -> Listing:
    """The reconciliation's rows as the address asks for them."""
    statuses = tuple((str(each), code_words(f"row_status.{each}")) for each in RowStatus)
    present = {str(item.row.status) for item in rows}
    flags = sorted({str(flag) for item in rows for flag in item.row.flags})
    filters = (
        Filter(
            key="status",
            word=say("核对状态"),
            choices=tuple(choice for choice in statuses if choice[0] in present),
            of=lambda item: item.row.status,
        ),
        *(
            Filter(
                key=flag.lower(),
                word=code_words(f"row_flag.{flag}"),
                choices=(("yes", say("有")),),
                of=partial(_has_flag, flag),
            )
            for flag in flags
        ),
    )
    columns = (
        Column(key="rider", word=say("学号"), of=lambda item: item.row.rider_id, searched=True),
        Column(key="name", word=say("姓名"), of=lambda item: item.name, searched=True),
        Column(key="class", word=say("班级"), of=lambda item: item.class_name, searched=True),
        Column(key="stop", word=say("站点"), of=lambda item: item.stop, searched=True, text=True),
        Column(key="unit", word=say("计费期"), of=lambda item: item.unit),
        Column(key="seats", word=say("应乘"), of=lambda item: item.row.seats, numeric=True),
        Column(key="rides", word=say("实乘"), of=lambda item: item.row.facts.rides, numeric=True),
        Column(key="due", word=say("应缴(元)"), of=lambda item: yuan(item.row.facts.due_fen), numeric=True),
        Column(key="paid", word=say("实缴(元)"), of=lambda item: yuan(item.row.facts.paid_fen), numeric=True),
        Column(key="gap", word=say("差额(元)"), of=lambda item: yuan(item.row.difference_fen), numeric=True),
        Column(key="status", word=say("核对状态"), of=lambda item: item.status),
        Column(key="flags", word=say("标记"), of=lambda item: item.flags),
    )
    return arrange(rows, columns, filters=filters, page_rows=100)


def receipts_listing(receipts: Iterable[ReceiptRecord]) -> Listing:
    """The receipts as the address asks for them."""
    receipts = tuple(receipts)
    statuses = sorted({str(item.status) for item in receipts})
    choices = tuple((each, code_words(f"receipt_status.{each}")) for each in statuses)
    sources = tuple((each, each) for each in sorted({item.line.source for item in receipts}))
    filters = (
        Filter(key="status", word=say("状态"), choices=choices, of=lambda item: item.status),
        Filter(key="source", word=say("文件"), choices=sources, of=lambda item: item.line.source),
    )
    columns = (
        Column(key="paid_on", word=say("日期"), of=lambda item: item.line.paid_on),
        Column(key="amount", word=say("金额(元)"), of=lambda item: yuan(item.line.amount_fen), numeric=True),
        Column(key="payer", word=say("付款人"), of=lambda item: item.line.payer, searched=True),
        Column(key="remark", word=say("附言"), of=lambda item: item.line.remark, searched=True, text=True),
        Column(key="source", word=say("文件"), of=lambda item: item.line.source),
        Column(key="cell", word=say("位置"), of=lambda item: item.line.cell),
        Column(key="status", word=say("状态"), of=lambda item: code_words(f"receipt_status.{item.status}")),
        Column(key="rider", word=say("学号"), of=_riders_of, searched=True),
        Column(key="tier", word=say("匹配方式"), of=lambda item: item.tier),
        Column(
            key="open", word=say("未分配(元)"), of=lambda item: yuan(unidentified_fen(item)), numeric=True
        ),
        Column(key="act", word="", of=lambda _item: "", sortable=False, exported=False),
    )
    return arrange(receipts, columns, filters=filters, sort="-paid_on", page_rows=100)


def charges_listing(charges: Sequence[ShownCharge]) -> Listing:
    """The charges as the address asks for them."""
    units = sorted({str(item.stored.charge.unit) for item in charges})
    choices = tuple((each, code_words(f"fare_unit.{each}")) for each in units)
    filters = (
        Filter(key="unit", word=say("计费单位"), choices=choices, of=lambda item: item.stored.charge.unit),
    )
    columns = (
        Column(key="rider", word=say("学号"), of=lambda item: item.stored.charge.rider_id, searched=True),
        Column(key="name", word=say("姓名"), of=lambda item: item.name, searched=True),
        Column(key="class", word=say("班级"), of=lambda item: item.class_name, searched=True),
        Column(key="period", word=say("计费期"), of=lambda item: unit_of(item.stored.charge.unit_key)),
        Column(key="band", word=say("票价段"), of=lambda item: item.stored.charge.band),
        Column(
            key="list", word=say("票价(元)"), of=lambda item: yuan(item.stored.charge.list_fen), numeric=True
        ),
        Column(
            key="off",
            word=say("减免(元)"),
            of=lambda item: yuan(item.stored.charge.waived_fen),
            numeric=True,
        ),
        Column(
            key="due", word=say("应缴(元)"), of=lambda item: yuan(item.stored.charge.due_fen), numeric=True
        ),
        Column(key="paid", word=say("实缴(元)"), of=lambda item: yuan(item.paid_fen), numeric=True),
        Column(key="revision", word=say("第几次"), of=lambda item: item.stored.revision, numeric=True),
    )
    return arrange(charges, columns, filters=filters, page_rows=100)


def chart_parts(result: Reconciliation, counts: dict[str, int]) -> list[tuple[str, int, str, str]]:
    """The statuses for the chart: word, count, class, and the address that shows just these."""
    shown = [(RowStatus(status), count) for status, count in counts.items() if status != RowStatus.NONE]
    ordered = sorted(shown, key=lambda item: (item[0] not in SETTLED, -item[1]))
    classes = {
        "act": "f-act",
        "bad": "f-bad",
        "warn": "f-warn",
        "off": "f-off",
        "idle": "f-idle",
        "ok": "f-ok",
    }
    first, last = result.statement.period_from, result.statement.period_to
    return [
        (
            code_words(f"row_status.{status}"),
            count,
            classes[TONES[status]],
            f"/finance/rows?from={first}&to={last}&status={status}",
        )
        for status, count in ordered
    ]


def _riders_of(item: ReceiptRecord) -> str:
    """The numbers of everybody who was given some of it, else of whom it names."""
    given = dict.fromkeys(str(share.rider_id) for share in item.shares)
    return " ".join(given) or item.rider_id or ""


def _has_flag(flag: str, item: ShownRow) -> str:
    return "yes" if flag in item.row.flags else ""


def unit_of(unit_key: str) -> str:
    """The words of a billing unit."""
    return unit_words(unit_key, current().locale)


def yuan(fen: int) -> Decimal:
    """The amount as a sheet's cell holds it: sorted as a number, two decimals."""
    return Decimal(fen).scaleb(-2)


def day_of_form(text: str) -> date | None:
    """A day typed or taken from the address; None for nothing or nonsense."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
