"""
What a reader says of a bill, item by item: lines, rows passed over, the bill's own totals, faults.

A reader is a generator, so that a bill of a million lines is never held whole; what is held
whole (a page's preview) is gathered by :func:`gather`.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from busops.domain.findings import Finding, Severity
from busops.finance.matching import LineKind, ReceiptLine

KEY_CHARS: Final = 32  # of a payer's digest: 128 bits
LINE_KEY_CHARS: Final = 40


class BillKind(StrEnum):
    """The forms of bills that are known."""

    WECHAT_MERCHANT = "WECHAT_MERCHANT"
    WECHAT_PERSONAL = "WECHAT_PERSONAL"
    ALIPAY_MERCHANT = "ALIPAY_MERCHANT"
    ALIPAY_PERSONAL = "ALIPAY_PERSONAL"
    BANK_STATEMENT = "BANK_STATEMENT"
    GENERIC = "GENERIC"


class SkipReason(StrEnum):
    """Why a row of a bill is no receipt."""

    NOT_PAID = "NOT_PAID"  # failed, closed, cancelled before money moved
    REFUND_FAILED = "REFUND_FAILED"
    MONEY_OUT = "MONEY_OUT"  # spent by the owner of the account
    NEUTRAL = "NEUTRAL"  # between the owner's own accounts
    OWN_REFUND = "OWN_REFUND"  # money the owner got back for what he had bought
    NOTHING = "NOTHING"  # an amount of nought
    TWICE = "TWICE"  # the same line again in the same file


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A row that is no receipt, with its amount as written: it stays in the sum that is checked."""

    cell: str
    reason: SkipReason
    fen: int
    paid_on: date | None = None


class Unit(StrEnum):
    """What a total counts."""

    FEN = "fen"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTotal:
    """A total that the bill states of itself, by the bill's own word, beside that of the rows read."""

    name: str
    stated: int
    found: int
    unit: Unit = Unit.FEN

    @property
    def agrees(self) -> bool:
        """True when both are the same to the fen."""
        return self.stated == self.found


BillItem = ReceiptLine | Skipped | ControlTotal | Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A bill read whole; nothing of it may be booked while a finding blocks."""

    source: str
    kind: BillKind
    lines: tuple[ReceiptLine, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    totals: tuple[ControlTotal, ...] = ()
    findings: tuple[Finding, ...] = ()
    mapping: str = ""

    @property
    def sum_fen(self) -> int:
        """The sum of the lines, refunds taken off."""
        return sum(line.amount_fen for line in self.lines)


@dataclass(slots=True)
class Twice:
    """Which lines were seen already; the same key with another amount is a contradiction."""

    source: str
    seen: dict[str, int] = field(default_factory=dict)

    def weigh(self, line: ReceiptLine) -> BillItem:
        """The line itself the first time, else what it is instead."""
        before = self.seen.setdefault(line.row_key, line.amount_fen)
        if before == line.amount_fen:
            return Skipped(cell=line.cell, reason=SkipReason.TWICE, fen=line.amount_fen, paid_on=line.paid_on)
        return contradiction(line, before)


def contradiction(line: ReceiptLine, before_fen: int) -> Finding:
    """The same payment with two amounts: a person must look before anything is booked."""
    return changed(line.source, line.cell, line.reference, fen=line.amount_fen, before_fen=before_fen)


def changed(source: str, cell: str, reference: str, *, fen: int, before_fen: int) -> Finding:
    """As :func:`contradiction`, of a line that is told by its parts."""
    facts = {"file": source, "cell": cell, "found": reference, "before_fen": before_fen, "amount_fen": fen}
    return Finding(code="bill_line_changed", place=f"{source}!{cell}", facts=facts)


def gather(source: str, kind: BillKind, items: Iterable[BillItem], mapping: str = "") -> Bill:
    """The bill whole: every line once, and a blocking finding for each total that does not agree."""
    lines: list[ReceiptLine] = []
    skipped: list[Skipped] = []
    totals: list[ControlTotal] = []
    findings: list[Finding] = []
    twice = Twice(source)
    for item in items:
        own = twice.weigh(item) if isinstance(item, ReceiptLine) and item.row_key in twice.seen else item
        match own:
            case ReceiptLine():
                twice.seen[own.row_key] = own.amount_fen
                lines.append(own)
            case Skipped():
                skipped.append(own)
            case ControlTotal():
                totals.append(own)
            case Finding():
                findings.append(own)
    repeated = sum(item.reason is SkipReason.TWICE for item in skipped)
    if repeated:
        facts = {"file": source, "count": repeated}
        findings.append(Finding(code="bill_lines_twice", severity=Severity.WARN, place=source, facts=facts))
    return Bill(
        source=source,
        kind=kind,
        lines=tuple(lines),
        skipped=tuple(skipped),
        totals=tuple(totals),
        findings=(*findings, *differences(source, totals)),
        mapping=mapping,
    )


def differences(source: str, totals: Iterable[ControlTotal]) -> Iterator[Finding]:
    """A blocking finding for each total that is not that of the rows, and by how much."""
    for total in totals:
        if not total.agrees:
            facts: dict[str, object] = {"file": source, "name": total.name}
            if total.unit is Unit.COUNT:
                facts |= {"control": total.stated, "count": total.found}
                facts["difference"] = total.stated - total.found
            else:
                facts |= {"control_fen": total.stated, "sum_fen": total.found}
                facts["difference_fen"] = total.stated - total.found
            code = "bill_count_differs" if total.unit is Unit.COUNT else "bill_total_differs"
            yield Finding(code=code, place=f"{source}!{total.name}", facts=facts)


def closest(stated: int, *candidates: int) -> int:
    """Of the sums that a bill may mean by its total the one it states, else the first."""
    return stated if stated in candidates else candidates[0]


def line_key(channel: str, transaction: str, kind: LineKind, refund: str = "") -> str:
    """The key of a line wherever it shows: channel, transaction, kind, refund (I6)."""
    same = f"{channel}\x1f{transaction}\x1f{kind}\x1f{refund}"
    return hashlib.sha256(same.encode()).hexdigest()[:LINE_KEY_CHARS]


@lru_cache(maxsize=65_536)
def payer_key(channel: str, account: str) -> str:
    """A digest of a payer's account, the same in every bill; empty where it is masked or not given."""
    plain = "".join(account.split())
    if not plain or "*" in plain or plain in {"/", "-", "--"}:
        return ""
    return hashlib.sha256(f"payer\x1f{channel}\x1f{plain}".encode()).hexdigest()[:KEY_CHARS]


def order_code(*parts: str) -> str:
    """What the school wrote into the order, as far as it wrote anything: the parts with a blank between."""
    return " ".join(part for part in parts if part and part not in {"/", "-", "--"})
