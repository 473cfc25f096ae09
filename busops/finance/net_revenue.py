"""
The 10 % goal: net revenue against what riders pay, on three bases, by whole numbers.

Seed rule: 乘车费净收益 ≥ 乘车人员交费总额 × 10 %. The bases, the edges and the worked example
are those of domain §3.3. The shown ratio is floored and never decides anything.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from busops.domain.school import Basis, FeeRegime, FinancePolicy

WHOLE_BP: Final = 10_000


class Verdict(StrEnum):
    """Whether the goal was reached, as far as the books can tell."""

    MET = "MET"
    NOT_MET = "NOT_MET"
    PROVISIONAL = "PROVISIONAL"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class Doubt(StrEnum):
    """Why a verdict is not final, or needs a person's eye."""

    OPEN_RUNS = "open_runs"
    UNIDENTIFIED_MONEY = "unidentified_money"
    ESTIMATED_COSTS = "estimated_costs"
    NO_COSTS = "no_costs"
    BASES_DISAGREE = "bases_disagree"
    REFUNDS_EXCEED = "refunds_exceed"


class Why(StrEnum):
    """The reason for a verdict, one word each; the sentences are at the edge."""

    REACHED = "reached"  # the net reaches the goal
    SHORT = "short"  # it does not
    NO_FARES = "no_fares"  # nothing was earned, something was spent
    BELOW_NOUGHT = "below_nought"  # more was paid back than came in
    NOTHING = "nothing"  # no fares, no costs
    PASSED_ON = "passed_on"  # collected for others: the fares are not the school's
    IN_DOUBT = "in_doubt"  # a doubt could still turn it


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSums:
    """The money of a period, all in fen; refunds and estimates as positive numbers."""

    earned_fen: int
    receipts_fen: int
    refunds_fen: int
    unidentified_fen: int
    costs_fen: int
    cash_costs_fen: int
    estimated_fen: int = 0
    estimated_cash_fen: int = 0
    waived_fen: int = 0
    subsidies_fen: int = 0
    open_runs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisResult:
    """One basis: what riders pay (base, G), the costs against it, the net (N) and the verdict."""

    basis: Basis
    base_fen: int
    costs_fen: int
    net_fen: int
    verdict: Verdict
    ratio: str
    headroom_fen: int

    @property
    def is_met(self) -> bool:
        """Whether the plain test holds, doubts aside."""
        return self.verdict is Verdict.MET


@dataclass(frozen=True, slots=True, kw_only=True)
class NetRevenue:
    """
    The judgement: the official basis decides, the doubts say what could still change it.

    ``why`` is the reason for the verdict. ``missing_fare_fen``: how much more riders would have to pay
    for the goal at these costs, 0 where it is reached, None where no fare reaches it.
    """

    official: BasisResult
    bases: tuple[BasisResult, ...]
    verdict: Verdict
    why: Why
    missing_fare_fen: int | None
    doubts: tuple[Doubt, ...]


def judge(sums: PeriodSums, policy: FinancePolicy) -> NetRevenue:
    """
    The verdict of a period on its official basis, with all three bases beside it.

    PROVISIONAL where a run is still open, where unidentified money or costs that are only
    estimated could turn the plain verdict of the official basis, or where no cost is entered at all.
    NOT_APPLICABLE whatever the sums where fares are collected for others (domain §3.1): they are passed on.
    """
    results = {basis: _result(sums, basis, policy.target_bp) for basis in Basis}
    official = results[policy.basis]
    doubts = _doubts(sums, official, policy)
    reasons = [doubt for doubt in doubts if doubt in _SUSPENDING]
    if len({result.verdict for result in results.values()}) > 1:
        doubts.append(Doubt.BASES_DISAGREE)
    if official.base_fen < 0:
        doubts.append(Doubt.REFUNDS_EXCEED)
    why = _why(official, policy, is_in_doubt=bool(reasons))
    return NetRevenue(
        official=official,
        bases=tuple(results.values()),
        verdict=_VERDICTS[why],
        why=why,
        missing_fare_fen=missing_fare_fen(official.base_fen, official.costs_fen, policy.target_bp),
        doubts=tuple(doubts),
    )


def plain_verdict(base_fen: int, net_fen: int, costs_fen: int, target_bp: int = 1000) -> Verdict:
    """The test itself: ``10000 × net ≥ target × base`` (``10 × net ≥ base`` at 10 %), with its edges."""
    if base_fen == 0 and costs_fen == 0:
        return Verdict.NOT_APPLICABLE
    if base_fen <= 0:
        return Verdict.NOT_MET
    return Verdict.MET if WHOLE_BP * net_fen >= target_bp * base_fen else Verdict.NOT_MET


def ratio_text(net_fen: int, base_fen: int) -> str:
    """Net ÷ base in per cent, floored to two decimals: 9.996 shows as ``9.99``; ``-`` without a base."""
    if base_fen <= 0:
        return "-"
    hundredths = net_fen * WHOLE_BP // base_fen
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"


def headroom_fen(base_fen: int, costs_fen: int, target_bp: int = 1000) -> int:
    """What could still be spent with the goal met: ``floor(0.9 × base) − costs`` at 10 %; may be negative."""
    return (WHOLE_BP - target_bp) * base_fen // WHOLE_BP - costs_fen


def missing_fare_fen(base_fen: int, costs_fen: int, target_bp: int = 1000) -> int | None:
    """
    The least that riders must pay more for the goal at these costs: ``ceil(C ÷ 0.9) − G`` at 10 %.

    0 where it is reached already; None for a goal of 100 % and more with any cost.
    """
    kept_bp = WHOLE_BP - target_bp
    if kept_bp <= 0:
        return None if costs_fen > 0 else max(0, -base_fen)
    return max(0, -(-WHOLE_BP * costs_fen // kept_bp) - base_fen)


def _why(official: BasisResult, policy: FinancePolicy, *, is_in_doubt: bool) -> Why:
    if policy.fee_regime is FeeRegime.AGENCY_COLLECTION:
        return Why.PASSED_ON
    if is_in_doubt:
        return Why.IN_DOUBT
    if official.verdict is Verdict.NOT_APPLICABLE:
        return Why.NOTHING
    if official.base_fen < 0:
        return Why.BELOW_NOUGHT
    if official.base_fen == 0:
        return Why.NO_FARES
    return Why.REACHED if official.is_met else Why.SHORT


def _result(sums: PeriodSums, basis: Basis, target_bp: int) -> BasisResult:
    match basis:
        case Basis.ACCRUAL:
            base, costs, back = sums.earned_fen, sums.costs_fen, 0
        case Basis.CASH_NET:
            base, costs, back = sums.receipts_fen - sums.refunds_fen, sums.cash_costs_fen, 0
        case Basis.CASH_GROSS:
            base, costs, back = sums.receipts_fen, sums.cash_costs_fen, sums.refunds_fen
    spent = costs + back  # on the gross basis refunds count as a cost
    return BasisResult(
        basis=basis,
        base_fen=base,
        costs_fen=spent,
        net_fen=base - spent,
        verdict=plain_verdict(base, base - spent, spent, target_bp),
        ratio=ratio_text(base - spent, base),
        headroom_fen=headroom_fen(base, spent, target_bp),
    )


def _doubts(sums: PeriodSums, official: BasisResult, policy: FinancePolicy) -> list[Doubt]:
    base, costs, target = official.base_fen, official.costs_fen, policy.target_bp
    doubts: list[Doubt] = []
    if sums.open_runs:
        doubts.append(Doubt.OPEN_RUNS)
    if sums.unidentified_fen:
        richer = base + sums.unidentified_fen
        if plain_verdict(richer, richer - costs, costs, target) is not official.verdict:
            doubts.append(Doubt.UNIDENTIFIED_MONEY)
    if base > 0 and costs == 0:
        doubts.append(Doubt.NO_COSTS)  # no bus drives for nothing: the costs are still to come
    accrual = policy.basis is Basis.ACCRUAL
    if estimated := sums.estimated_fen if accrual else sums.estimated_cash_fen:
        leaner = costs - estimated
        if plain_verdict(base, base - leaner, leaner, target) is not official.verdict:
            doubts.append(Doubt.ESTIMATED_COSTS)
    return doubts


_SUSPENDING: Final = frozenset(
    {Doubt.OPEN_RUNS, Doubt.UNIDENTIFIED_MONEY, Doubt.ESTIMATED_COSTS, Doubt.NO_COSTS}
)

_VERDICTS: Final = {
    Why.REACHED: Verdict.MET,
    Why.SHORT: Verdict.NOT_MET,
    Why.NO_FARES: Verdict.NOT_MET,
    Why.BELOW_NOUGHT: Verdict.NOT_MET,
    Why.NOTHING: Verdict.NOT_APPLICABLE,
    Why.PASSED_ON: Verdict.NOT_APPLICABLE,
    Why.IN_DOUBT: Verdict.PROVISIONAL,
}
