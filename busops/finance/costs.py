"""
What the bus service costs: the catalogue of cost codes and one line of cost.

How costs meet fares is ``net_revenue.py``; here is only what a cost is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from busops.domain.findings import Finding, Severity
from busops.domain.people import Role

# The catalogue of domain §3.4; the words are in translations/codes/finance.toml ("cost.C01").
COST_CODES: Final = (
    "C01", "C02", "C03", "C04", "C05", "C06", "C07", "C08", "C09", "C10", "C11", "C12", "C13", "C14", "C15",
    "C16", "C90",
)  # fmt: skip
DEPRECIATION: Final = "C10"  # no money moves: left out of the cash bases
OVERHEAD: Final = "C90"  # the school's own overhead: shown, never counted by default
# From here on a person enters a cost, or takes one back, only with a second one (``guards/costs_*.sql``).
TWO_PEOPLE_FROM_FEN: Final = 200_000
PROPOSERS: Final = frozenset({Role.FINANCE})
DECIDERS: Final = frozenset({Role.FINANCE_LEAD, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """
    One cost: when, what, how much, and for which run, line or vehicle if for one; an estimate has no bill.

    ``fen`` holds the tax (``tax_fen``). ``covers_from`` to ``covers_to`` are the days that it pays for,
    where they are not its own day alone (a year's insurance, a month's depreciation).
    The last three are set for lines as a period counts them (:func:`within`, ``cost_shares``): what of it was
    paid in the period, None for all of ``fen``; what trips for others than pupils bore, in neither.
    """

    on: date
    code: str
    fen: int
    plate: str = ""
    run: str = ""
    line: str = ""
    note: str = ""
    document: str = ""
    is_estimate: bool = False
    tax_fen: int = 0
    covers_from: date | None = None
    covers_to: date | None = None
    paid_fen: int | None = None
    other_use_fen: int = 0
    other_use_paid_fen: int = 0

    @property
    def cash_fen(self) -> int:
        """What of it was paid, fen; nothing of a depreciation."""
        if self.code == DEPRECIATION:
            return 0
        return self.fen if self.paid_fen is None else self.paid_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSums:
    """
    The costs of a period in fen; ``counted`` = all but overhead, ``cash`` = what of it was paid.

    ``other_use`` is what trips for others than pupils bore, in neither.
    """

    counted_fen: int
    cash_fen: int
    estimated_fen: int
    estimated_cash_fen: int
    overhead_fen: int
    by_code: Mapping[str, int]
    other_use_fen: int = 0
    other_use_cash_fen: int = 0


def cost_sums(lines: Iterable[CostLine]) -> CostSums:
    """What the lines add up to, by the rules of the catalogue."""
    by_code: dict[str, int] = {}
    counted = cash = estimated = estimated_cash = overhead = other = other_cash = 0
    for line in lines:
        by_code[line.code] = by_code.get(line.code, 0) + line.fen
        if line.code == OVERHEAD:
            overhead += line.fen
            continue
        counted += line.fen
        cash += line.cash_fen
        estimated += line.fen if line.is_estimate else 0
        estimated_cash += line.cash_fen if line.is_estimate else 0
        other += line.other_use_fen
        other_cash += line.other_use_paid_fen
    return CostSums(
        counted_fen=counted,
        cash_fen=cash,
        estimated_fen=estimated,
        estimated_cash_fen=estimated_cash,
        overhead_fen=overhead,
        by_code=dict(sorted(by_code.items())),
        other_use_fen=other,
        other_use_cash_fen=other_cash,
    )


def within(line: CostLine, first: date, last: date) -> CostLine:
    """
    The line as the days ``first`` to ``last`` count it: accrued by the days it covers, paid on its own day.

    Up to its n-th of N days ``floor(fen × n ÷ N)`` has accrued, so periods that join add up to the line.
    """
    if line.covers_from is None or line.covers_to is None:
        return line
    days = (line.covers_to - line.covers_from).days + 1

    def accrued_fen(until: date) -> int:
        over = min(max((until - line.covers_from).days + 1, 0), days) if line.covers_from else 0
        part = abs(line.fen) * over // days
        return -part if line.fen < 0 else part

    fen = accrued_fen(last) - accrued_fen(first - timedelta(days=1))
    is_paid = first <= line.on <= last and line.code != DEPRECIATION
    return replace(line, fen=fen, paid_fen=line.fen if is_paid else 0)


def problems_of(line: CostLine) -> tuple[Finding, ...]:
    """Everything that is wrong with a line as it was entered."""
    problems = []
    if line.code not in COST_CODES:
        problems.append(_block("cost_code_wrong", found=line.code))
    if line.fen <= 0:
        problems.append(_block("amount_needed", found=line.fen))
    if not 0 <= line.tax_fen <= max(line.fen, 0):
        problems.append(_block("cost_tax_wrong"))
    if (line.covers_from is None) != (line.covers_to is None) or (
        line.covers_from and line.covers_to and line.covers_to < line.covers_from
    ):
        problems.append(_block("cost_span_wrong"))
    return tuple(problems)


def _block(code: str, **facts: object) -> Finding:
    return Finding(code=code, severity=Severity.BLOCK, facts=facts)
