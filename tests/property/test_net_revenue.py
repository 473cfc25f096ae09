"""The 10 % goal under any sums: what is shown never decides, cost only hurts, and doubt means a turn."""

from hypothesis import given
from hypothesis import strategies as st

from busops.domain.school import Basis, FinancePolicy
from busops.finance.net_revenue import (
    Doubt,
    PeriodSums,
    Verdict,
    headroom_fen,
    judge,
    missing_fare_fen,
    plain_verdict,
    ratio_text,
)

FEN = st.integers(-(10**10), 10**10)
POSITIVE = st.integers(0, 10**10)
TARGETS = st.integers(0, 9_999)


@given(base=st.integers(1, 10**10), costs=POSITIVE, target=TARGETS)
def test_the_shown_ratio_is_never_above_the_true_one(base: int, costs: int, target: int) -> None:
    """Floored to a hundredth of a per cent: at most one such step below, and never above."""
    shown = ratio_text(base - costs, base)
    sign = -1 if shown.startswith("-") else 1
    whole, cents = shown.lstrip("-").split(".")
    hundredths = sign * (100 * int(whole) + int(cents))
    assert hundredths * base <= 10_000 * (base - costs) < (hundredths + 1) * base
    if hundredths < target:
        assert plain_verdict(base, base - costs, costs, target) is Verdict.NOT_MET


@given(base=FEN, costs=POSITIVE, more=POSITIVE, target=TARGETS)
def test_cost_never_helps(base: int, costs: int, more: int, target: int) -> None:
    """What is met with more cost is met with less, and the headroom falls by exactly the cost."""
    dear = plain_verdict(base, base - costs - more, costs + more, target)
    cheap = plain_verdict(base, base - costs, costs, target)
    assert dear is not Verdict.MET or cheap is Verdict.MET
    assert headroom_fen(base, costs + more, target) == headroom_fen(base, costs, target) - more


@given(base=st.integers(1, 10**10), costs=POSITIVE, target=TARGETS)
def test_headroom_and_missing_fare_are_the_verdict(base: int, costs: int, target: int) -> None:
    """Met exactly when the headroom is not negative, and exactly when no fare is missing."""
    is_met = plain_verdict(base, base - costs, costs, target) is Verdict.MET
    assert is_met == (headroom_fen(base, costs, target) >= 0)
    assert is_met == (missing_fare_fen(base, costs, target) == 0)


@given(
    earned=POSITIVE, receipts=POSITIVE, refunds=POSITIVE, unidentified=POSITIVE, costs=POSITIVE,
    estimated=POSITIVE, basis=st.sampled_from(Basis),
)  # fmt: skip
def test_a_doubt_is_named_exactly_when_it_could_turn_the_verdict(
    *, earned: int, receipts: int, refunds: int, unidentified: int, costs: int, estimated: int, basis: Basis
) -> None:
    """U: verdict(G) against verdict(G + U); an estimate: against the verdict without it."""
    estimated = min(estimated, costs)
    sums = PeriodSums(
        earned_fen=earned, receipts_fen=receipts, refunds_fen=refunds, unidentified_fen=unidentified,
        costs_fen=costs, cash_costs_fen=costs, estimated_fen=estimated, estimated_cash_fen=estimated,
    )  # fmt: skip
    result = judge(sums, FinancePolicy(basis=basis))
    now = result.official
    richer = now.base_fen + unidentified
    turns = plain_verdict(richer, richer - now.costs_fen, now.costs_fen) is not now.verdict
    assert (Doubt.UNIDENTIFIED_MONEY in result.doubts) == turns
    lean = now.costs_fen - estimated
    turns_too = plain_verdict(now.base_fen, now.base_fen - lean, lean) is not now.verdict
    assert (Doubt.ESTIMATED_COSTS in result.doubts) == turns_too
    if turns or turns_too:
        assert result.verdict is Verdict.PROVISIONAL
