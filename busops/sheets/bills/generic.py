"""
Receipts from any sheet with a day and an amount: a teacher's list, a cash book, a platform's export.

Columns are found by their words; the sheet's own total is checked against its rows. Bills of
WeChat, Alipay and banks have forms of their own and are not read here.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.finance.matching import Channel, LineKind, ReceiptLine
from busops.finance.money import parse_yuan_fen, tidy_yuan
from busops.sheets.bills.mapping import FIELDS, HEADER_WITHIN, ColumnMapping, MoneyUnit
from busops.sheets.bills.values import BillItem, ControlTotal, Skipped, SkipReason, closest
from busops.sheets.files.columns import Column, TableSpec, column_of, match_headers
from busops.sheets.files.raw import RawSheet, squeezed
from busops.sheets.table_reader import Row, Sheet, table_under, tables_in
from busops.sheets.tables import cells
from busops.sheets.tables.rows import RowReader

RECEIPTS: Final = TableSpec(
    kind="receipts",
    columns=(
        Column(
            name="paid_on",
            header="日期",
            aliases=(
                *("时间", "交易时间", "交易日期", "缴费时间", "缴费日期", "付款时间", "付款日期", "支付时间"),
                *("收款时间", "收款日期", "记账日期", "入账时间", "到账时间", "date", "time"),
            ),
            is_required=True,
        ),
        Column(
            name="amount",
            header="金额",
            aliases=(
                *("实缴", "实缴金额", "实收", "实收金额", "收款金额", "缴费金额", "付款金额", "交易金额"),
                *("到账金额", "收入金额", "支付金额"),
            ),
            is_required=True,
        ),
        Column(
            name="payer",
            header="付款人",
            aliases=("付款方", "对方", "交易对方", "对方户名", "缴费人", "家长"),
        ),
        Column(name="student", header="姓名", aliases=("学生姓名", "学生", "name")),
        Column(
            name="remark",
            header="备注",
            aliases=("摘要", "留言", "附言", "付款备注", "转账留言", "交易摘要", "用途", "说明"),
        ),
        Column(name="goods", header="商品", aliases=("商品说明", "商品名称", "缴费项目", "项目")),
        Column(
            name="reference",
            header="单号",
            aliases=(
                *("流水号", "交易流水号", "交易单号", "凭证号", "票据号", "收据号", "交易号", "微信订单号"),
            ),
        ),
        Column(name="order", header="订单号", aliases=("商户单号", "商户订单号")),
        Column(name="rider_id", header="学号", aliases=("学生编号", "student_id")),
        Column(name="grade", header="年级"),
        Column(name="class", header="班级", aliases=("班",)),
        Column(name="kind", header="类型", aliases=("交易类型", "业务类型")),
        Column(name="direction", header="收/支", aliases=("收支", "借贷标志")),
        Column(name="state", header="状态", aliases=("当前状态", "交易状态", "缴费状态")),
        Column(name="due", header="应缴", aliases=("应缴金额", "应收", "应收金额")),
        Column(name="serial", header="序号", aliases=("no",)),
    ),
)
REFUND_KINDS: Final = ("退款", "退费", "支出", "退回", "refund")
# A payment that was refunded later says so too ("已全额退款"); only a line that is the refund counts as one.
REFUND_STATES: Final = frozenset({"退款", "退款成功", "refund"})
NOT_PAID_WORDS: Final = ("失败", "关闭", "未支付", "未缴", "取消", "作废", "待支付")
CHANNEL_WORDS: Final = (
    (Channel.WECHAT, ("微信", "wechat", "weixin")),
    (Channel.ALIPAY, ("支付宝", "alipay")),
    (Channel.BANK, ("银行", "bank")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amount:
    """An amount as the sheet writes it and as it counts: a refund counts as negative."""

    written_fen: int
    signed_fen: int
    was_tidied: bool


def read(source: str, raws: Iterable[RawSheet], opening: list[Finding]) -> Iterator[BillItem]:
    """
    The receipts of sheets whose columns are known by their words; refunds are negative.

    Unpaid lines are passed over. Where a sheet has a total row, its sum must be that of the rows.
    """
    text = tables_in(source, raws, RECEIPTS, opening)
    yield from (_weighed(finding) for finding in text.findings)
    yield from _items(source, text.sheets, is_fen=False)


def meaning_of(header: str) -> str:
    """Which meaning of a mapping a header's word has; empty where nobody knows it."""
    name = column_of(RECEIPTS.words(), header) or ""
    own = {"student": "payer", "goods": "remark", "order": "reference"}.get(name, name)
    return own if own in FIELDS else ""


def has_header(raw: RawSheet) -> bool:
    """True where some row names a day and an amount."""
    words = RECEIPTS.words()
    return any(
        {"paid_on", "amount"} <= match_headers(words, cells).at.keys()
        for _, cells in raw.rows[:HEADER_WITHIN]
    )


def read_mapped(source: str, raw: RawSheet, header: int, mapping: ColumnMapping) -> Iterator[BillItem]:
    """The receipts of a sheet whose columns a person has named; ``header`` is the index of its row."""
    findings: list[Finding] = []
    sheet = table_under(source, raw, header, mapping.columns, findings)
    yield from findings
    yield from _items(source, (sheet,), is_fen=mapping.unit is MoneyUnit.FEN)


def _items(source: str, sheets: Iterable[Sheet], *, is_fen: bool) -> Iterator[BillItem]:
    lines: list[ReceiptLine] = []
    seen: Counter[str] = Counter()
    for sheet in sheets:
        findings: list[Finding] = []
        amounts: list[_Amount] = []
        is_sheet_fen = is_fen or _says_fen(sheet)
        for row in sheet.rows:
            reader = RowReader(sheet=sheet, row=row, findings=findings)
            if _is_unpaid(reader):
                yield _unpaid(reader, is_fen=is_sheet_fen)
                continue
            amount = _amount(reader, is_fen=is_sheet_fen)
            line = _line(reader, source, amount, seen)
            if reader.is_good:
                amounts.append(amount)
                lines.append(line)
                yield line
        yield from _check_control(sheet, amounts, findings, is_fen=is_sheet_fen)
        tidied = sum(amount.was_tidied for amount in amounts)
        if tidied:
            facts = {"file": source, "sheet": sheet.name, "count": tidied}
            findings.append(Finding(code="amounts_tidied", severity=Severity.LOG, place=source, facts=facts))
        yield from findings
    yield from _references_twice(lines, source)


def _weighed(finding: Finding) -> Finding:
    """In a sheet of no fixed form other columns are no surprise; two amounts still are one too many."""
    if finding.code == "column_unknown":
        return replace(finding, severity=Severity.LOG)
    if finding.code == "column_twice" and finding.facts.get("column") != "金额":
        return replace(finding, severity=Severity.WARN)
    return finding


def _is_unpaid(reader: RowReader) -> bool:
    state = squeezed(reader.text("state"))
    if any(word in state for word in NOT_PAID_WORDS):
        reader.report("state", "receipt_not_paid", Severity.WARN, found=reader.text("state"))
        return True
    return False


def _unpaid(reader: RowReader, *, is_fen: bool) -> Skipped:
    own = RowReader(
        sheet=reader.sheet, row=reader.row, findings=[]
    )  # its faults are nobody's: it is no receipt
    fen = own.maybe("amount", _fen if is_fen else _yuan, 0)
    cell = str(reader.sheet.facts(reader.row, "amount")["cell"])
    return Skipped(cell=cell, reason=SkipReason.NOT_PAID, fen=fen)


def _says_fen(sheet: Sheet) -> bool:
    header = squeezed(sheet.headers.get("amount", ""))
    return "(分)" in header or header.endswith("分")


def _amount(reader: RowReader, *, is_fen: bool) -> _Amount:
    written = reader.text("amount")
    tidy = tidy_yuan(written).removeprefix("+")
    parse = _fen if is_fen else _yuan
    written_fen = reader.need("amount", parse, 0)
    kind = squeezed(reader.text("kind") + reader.text("direction"))
    is_refund = any(word in kind for word in REFUND_KINDS) or squeezed(reader.text("state")) in REFUND_STATES
    return _Amount(
        written_fen=written_fen,
        signed_fen=-abs(written_fen) if is_refund else written_fen,
        was_tidied=tidy != written,
    )


def _yuan(text: str) -> int:
    return cells.signed_yuan(tidy_yuan(text).removeprefix("+"))


def _fen(text: str) -> int:
    return cells.whole_number(text, least=-(10**9))


def _line(reader: RowReader, source: str, amount: _Amount, seen: Counter[str]) -> ReceiptLine:
    paid_on = reader.need("paid_on", cells.day, date.min)
    student = cells.person_name(reader.text("student"))
    payer = cells.words(reader.text("payer")) or student
    school_class = f"{cells.plain(reader.text('grade'))}{cells.plain(reader.text('class'))}"
    # Matching looks for name and class in the remark: what stands in columns of its own is added to it.
    said = (cells.words(reader.text("remark")), cells.words(reader.text("goods")))
    remark = " ".join(part for part in (*said, school_class, student) if part and part != "/")
    reference = cells.words(reader.text("reference")) or cells.words(reader.text("order"))
    address = reader.sheet.facts(reader.row, "amount")["cell"]
    parts = (paid_on.isoformat(), payer, str(amount.signed_fen), reference, remark)
    same = "\x1f".join(parts)
    seen[same] += 1
    key = hashlib.sha256(f"receipt\x1f{same}\x1f{seen[same]}".encode()).hexdigest()
    return ReceiptLine(
        source=source,
        line=reader.row.number,
        cell=f"{reader.sheet.name}!{address}" if reader.sheet.name else str(address),
        paid_on=paid_on,
        amount_fen=amount.signed_fen,
        payer=payer,
        remark=remark,
        reference=reference,
        rider_hint=cells.plain(reader.text("rider_id")),
        row_key=key,
        channel=_channel(source),
        kind=LineKind.REFUND if amount.signed_fen < 0 else LineKind.PAYMENT,
        code=cells.words(reader.text("order")),
    )


def _channel(source: str) -> Channel:
    name = squeezed(source)
    return next(
        (channel for channel, words in CHANNEL_WORDS if any(word in name for word in words)), Channel.SHEET
    )


def _check_control(
    sheet: Sheet, amounts: list[_Amount], findings: list[Finding], *, is_fen: bool
) -> Iterator[ControlTotal]:
    """The sum that the sheet itself gives in its total row: before or after refunds, both are right."""
    totals = [row for row in sheet.totals if not squeezed(_first(row)).startswith(("小计", "subtotal"))]
    for row in reversed(totals):
        written = sheet.cell(row, "amount")
        if not written:
            continue
        control_fen = _control_fen(written, is_fen=is_fen)
        if control_fen is None:
            findings.append(
                sheet.finding(row, "amount", "control_total_unreadable", Severity.WARN, found=written)
            )
            return
        as_written = sum(amount.written_fen for amount in amounts)
        signed = sum(amount.signed_fen for amount in amounts)
        income = sum(amount.signed_fen for amount in amounts if amount.signed_fen > 0)
        found = closest(control_fen, signed, as_written, income)
        cell = str(sheet.facts(row, "amount")["cell"])
        place = f"{sheet.name}!{cell}" if sheet.name else cell
        yield ControlTotal(name=f"{_first(row)} {place}", stated=control_fen, found=found)
        return


def _first(row: Row) -> str:
    return next((cell for cell in row.cells if cell), "")


def _control_fen(written: str, *, is_fen: bool) -> int | None:
    """Fen of a total that a spreadsheet may have added up in binary fractions: 10599.999999999998."""
    tidy = tidy_yuan(written).removeprefix("+")
    try:
        return _fen(tidy) if is_fen else parse_yuan_fen(tidy)
    except InvalidInput:
        pass
    try:
        fen = Decimal(tidy) * (1 if is_fen else 100)
    except InvalidOperation:
        return None
    nearest = fen.to_integral_value() if fen.is_finite() else Decimal(0)
    return int(nearest) if abs(fen - nearest) < Decimal("0.0001") else None


def _references_twice(lines: list[ReceiptLine], source: str) -> Iterator[Finding]:
    first: dict[tuple[str, int], ReceiptLine] = {}
    for line in lines:
        if not line.reference:
            continue
        before = first.setdefault((line.reference, line.amount_fen), line)
        if before is not line:
            facts = {"file": source, "cell": line.cell, "found": line.reference, "first_cell": before.cell}
            yield Finding(
                code="reference_twice", severity=Severity.WARN, place=f"{source}!{line.cell}", facts=facts
            )
