"""
What the bus service costs: the catalogue of cost codes and one line of cost.

How costs meet fares is ``net_revenue.py``; here is only what a cost is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

# The catalogue of domain §3.4; the words are in translations/codes/finance.toml ("cost.C01").
COST_CODES: Final = (
    "C01", "C02", "C03", "C04", "C05", "C06", "C07", "C08", "C09", "C10", "C11", "C12", "C13", "C14", "C15",
    "C16", "C90",
)  # fmt: skip
DEPRECIATION: Final = "C10"  # no money moves: left out of the cash bases
OVERHEAD: Final = "C90"  # the school's own overhead: shown, never counted by default


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One cost: when, what, how much, and for which vehicle or run if for one; an estimate has no bill."""

    on: date
    code: str
    fen: int
    plate: str = ""
    run: str = ""
    note: str = ""
    document: str = ""
    is_estimate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSums:
    """The costs of a period in fen; ``counted`` = all but overhead, ``cash`` = counted but depreciation."""

    counted_fen: int
    cash_fen: int
    estimated_fen: int
    estimated_cash_fen: int
    overhead_fen: int
    by_code: Mapping[str, int]


def cost_sums(lines: Iterable[CostLine]) -> CostSums:
    """What the lines add up to, by the rules of the catalogue."""
    by_code: dict[str, int] = {}
    counted = cash = estimated = estimated_cash = overhead = 0
    for line in lines:
        by_code[line.code] = by_code.get(line.code, 0) + line.fen
        if line.code == OVERHEAD:
            overhead += line.fen
            continue
        counted += line.fen
        estimated += line.fen if line.is_estimate else 0
        if line.code != DEPRECIATION:
            cash += line.fen
            estimated_cash += line.fen if line.is_estimate else 0
    return CostSums(
        counted_fen=counted,
        cash_fen=cash,
        estimated_fen=estimated,
        estimated_cash_fen=estimated_cash,
        overhead_fen=overhead,
        by_code=dict(sorted(by_code.items())),
    )
