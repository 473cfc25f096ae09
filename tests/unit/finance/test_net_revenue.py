"""The 10 % goal: the worked examples of the rule, its edges, and what makes a verdict provisional."""

import pytest

from busops.domain.school import Basis, FeeRegime, FinancePolicy
from busops.finance.net_revenue import (
    Doubt,
    NetRevenue,
    PeriodSums,
    Verdict,
    Why,
    headroom_fen,
    judge,
    missing_fare_fen,
    plain_verdict,
    ratio_text,
)


def sums(**changed: int) -> PeriodSums:
    """The worked example: receipts 120,000 yuan, refunds 4,500, costs 103,200, all service delivered."""
    facts = {
        "earned_fen": 11_550_000,
        "receipts_fen": 12_000_000,
        "refunds_fen": 450_000,
        "unidentified_fen": 0,
        "costs_fen": 10_320_000,
        "cash_costs_fen": 10_320_000,
    }
    return PeriodSums(**(facts | changed))


def judged(basis: Basis = Basis.ACCRUAL, **changed: int) -> NetRevenue:
    """The judgement of the worked example with some sums changed."""
    return judge(sums(**changed), FinancePolicy(basis=basis))


def test_fn01_the_worked_example() -> None:
    """
    FN01.          base        net        10·net      verdict
    ACCRUAL        115,500.00  12,300.00  123,000.00  MET 10.64 %
    CASH_NET       115,500.00  12,300.00  123,000.00  MET 10.64 %
    CASH_GROSS     120,000.00  12,300.00  123,000.00  MET 10.25 %
    """
    result = judged()
    assert [(item.basis, item.base_fen, item.net_fen, item.ratio, item.verdict) for item in result.bases] == [
        (Basis.ACCRUAL, 11_550_000, 1_230_000, "10.64", Verdict.MET),
        (Basis.CASH_NET, 11_550_000, 1_230_000, "10.64", Verdict.MET),
        (Basis.CASH_GROSS, 12_000_000, 1_230_000, "10.25", Verdict.MET),
    ]
    assert (result.verdict, result.doubts) == (Verdict.MET, ())


def test_fn02_exactly_ten_per_cent_is_met_and_one_fen_less_is_not() -> None:
    """FN02. 115,500.00 − 103,950.00 = 11,550.00, ten times that is the base; one fen more of cost misses."""
    met = judged(costs_fen=10_395_000, cash_costs_fen=10_395_000)
    missed = judged(costs_fen=10_395_001, cash_costs_fen=10_395_001)
    assert (met.official.verdict, met.official.ratio, met.official.headroom_fen) == (Verdict.MET, "10.00", 0)
    assert (missed.verdict, missed.official.ratio, missed.official.headroom_fen) == (
        Verdict.NOT_MET,
        "9.99",
        -1,
    )


def test_fn03_the_shown_ratio_is_floored() -> None:
    """FN03. 9.996 % shows as 9.99 and is not met; a loss keeps its sign and floors away from nought."""
    assert ratio_text(9_996, 100_000) == "9.99"
    assert plain_verdict(100_000, 9_996, 90_004) is Verdict.NOT_MET
    assert (ratio_text(-1, 100_000), ratio_text(-12_345, 100_000)) == ("-0.01", "-12.35")
    assert (ratio_text(5, 0), ratio_text(5, -100)) == ("-", "-")


def test_fn04_bases_that_disagree_are_named() -> None:
    """FN04. With costs 103,950.00 ACCRUAL is met to the fen and CASH_GROSS, of 120,000.00, is not."""
    result = judged(costs_fen=10_395_000, cash_costs_fen=10_395_000)
    gross = result.bases[2]
    assert (gross.basis, gross.net_fen, gross.verdict) == (Basis.CASH_GROSS, 1_155_000, Verdict.NOT_MET)
    assert (result.verdict, result.doubts) == (Verdict.MET, (Doubt.BASES_DISAGREE,))


@pytest.mark.parametrize("basis", list(Basis))
def test_the_official_basis_decides(basis: Basis) -> None:
    """Whichever basis the school chose, the verdict and its sums are that basis's."""
    result = judged(basis, costs_fen=10_395_000, cash_costs_fen=10_395_000)
    assert result.official.basis is basis
    assert result.verdict is (Verdict.NOT_MET if basis is Basis.CASH_GROSS else Verdict.MET)


def test_fn05_unidentified_money_that_could_turn_the_verdict_makes_it_provisional() -> None:
    """FN05. Costs 103,950.01 miss by a fen; two unidentified fen would make it, one would not."""
    missed = {"costs_fen": 10_395_001, "cash_costs_fen": 10_395_001}
    assert judged(**missed, unidentified_fen=2).verdict is Verdict.PROVISIONAL
    assert judged(**missed, unidentified_fen=1).verdict is Verdict.NOT_MET
    assert judged(unidentified_fen=99_999_999).verdict is Verdict.MET


def test_an_estimate_that_could_turn_the_verdict_makes_it_provisional() -> None:
    """One fen too much of cost, and a fen of it only estimated: nobody knows yet. On cash likewise."""
    missed = {"costs_fen": 10_395_001, "cash_costs_fen": 10_395_001}
    accrual = judged(**missed, estimated_fen=1)
    assert (accrual.verdict, Doubt.ESTIMATED_COSTS in accrual.doubts) == (Verdict.PROVISIONAL, True)
    assert judged(Basis.CASH_NET, **missed, estimated_fen=1).verdict is Verdict.NOT_MET
    assert judged(Basis.CASH_NET, **missed, estimated_cash_fen=1).verdict is Verdict.PROVISIONAL
    assert judged(estimated_fen=500).verdict is Verdict.MET


def test_fares_without_any_cost_are_no_surplus_yet() -> None:
    """No bus drives for nothing: without a cost the plain test is met, the verdict is not final."""
    result = judged(costs_fen=0, cash_costs_fen=0)
    assert (result.verdict, result.official.verdict) == (Verdict.PROVISIONAL, Verdict.MET)
    assert result.doubts == (Doubt.NO_COSTS,)
    assert judged(costs_fen=1, cash_costs_fen=1).verdict is Verdict.MET


def test_an_open_run_makes_any_verdict_provisional() -> None:
    """While a run is open nobody knows who rode."""
    result = judged(open_runs=1)
    assert (result.verdict, result.official.verdict) == (Verdict.PROVISIONAL, Verdict.MET)
    assert result.doubts == (Doubt.OPEN_RUNS,)


@pytest.mark.parametrize(
    ("base", "costs", "verdict"),
    [
        (0, 0, Verdict.NOT_APPLICABLE),
        (0, 1, Verdict.NOT_MET),
        (-1, 0, Verdict.NOT_MET),
        (-100, -200, Verdict.NOT_MET),
        (1, 0, Verdict.MET),
        (10, 9, Verdict.MET),
        (10, 10, Verdict.NOT_MET),
    ],
)
def test_fn06_the_edges(base: int, costs: int, verdict: Verdict) -> None:
    """FN06. Nothing at all is not applicable; cost without fares, or refunds above receipts, is not met."""
    assert plain_verdict(base, base - costs, costs) is verdict


def test_refunds_above_receipts_ask_for_a_look() -> None:
    """G < 0 on the official basis is named beside NOT_MET."""
    result = judged(Basis.CASH_NET, receipts_fen=100, refunds_fen=200)
    assert result.verdict is Verdict.NOT_MET
    assert Doubt.REFUNDS_EXCEED in result.doubts
    assert Doubt.REFUNDS_EXCEED not in judged().doubts


def test_depreciation_counts_on_accrual_only() -> None:
    """Costs 110,000.00 of which 6,800.00 depreciation: accrual misses, cash meets."""
    result = judged(costs_fen=11_000_000, cash_costs_fen=10_320_000)
    assert [item.verdict for item in result.bases] == [Verdict.NOT_MET, Verdict.MET, Verdict.MET]


def test_another_goal_than_ten_per_cent() -> None:
    """A goal of 0 % is met at break-even; one of 20 % needs a fifth."""
    even = sums(costs_fen=11_550_000, cash_costs_fen=11_550_000)
    assert judge(even, FinancePolicy(target_bp=0)).verdict is Verdict.MET
    assert judge(sums(), FinancePolicy(target_bp=2000)).verdict is Verdict.NOT_MET


def test_headroom_is_what_could_still_be_spent() -> None:
    """floor(0.9 × 115,500.01) − 103,200.00 = 750.00; below nought when too much was spent."""
    assert headroom_fen(11_550_001, 10_320_000) == 75_000
    assert headroom_fen(100, 200) == -110
    assert headroom_fen(100, 0, 2000) == 80


@pytest.mark.parametrize(
    ("changed", "verdict", "why"),
    [
        ({}, Verdict.MET, Why.REACHED),
        ({"costs_fen": 10_395_001}, Verdict.NOT_MET, Why.SHORT),
        ({"earned_fen": 0}, Verdict.NOT_MET, Why.NO_FARES),
        ({"earned_fen": -1}, Verdict.NOT_MET, Why.BELOW_NOUGHT),
        ({"earned_fen": 0, "costs_fen": 0}, Verdict.NOT_APPLICABLE, Why.NOTHING),
        ({"open_runs": 1}, Verdict.PROVISIONAL, Why.IN_DOUBT),
    ],
)
def test_every_verdict_has_one_reason(changed: dict[str, int], verdict: Verdict, why: Why) -> None:
    """The reason is never left to the reader; the verdict follows from it."""
    result = judged(**changed)
    assert (result.verdict, result.why) == (verdict, why)


def test_the_goal_does_not_apply_to_what_is_collected_for_others() -> None:
    """AGENCY_COLLECTION: the fares are passed on, so not even an open run makes a verdict of them."""
    policy = FinancePolicy(fee_regime=FeeRegime.AGENCY_COLLECTION)
    result = judge(sums(open_runs=1), policy)
    assert (result.verdict, result.why) == (Verdict.NOT_APPLICABLE, Why.PASSED_ON)
    assert result.official.verdict is Verdict.MET  # the sums stay to be seen
    assert judge(sums(), FinancePolicy(fee_regime=FeeRegime.SERVICE_CHARGE)).verdict is Verdict.MET


@pytest.mark.parametrize(
    ("base", "costs", "target", "missing"),
    [
        (11_550_000, 10_395_000, 1000, 0),
        (11_550_000, 10_395_001, 1000, 2),  # 10,395,001 ÷ 0.9 = 11,550,001.1…
        (0, 9, 1000, 10),
        (-5, 0, 1000, 5),
        (0, 1, 10_000, None),
        (-5, 0, 10_000, 5),
    ],
)
def test_the_fare_that_is_missing(base: int, costs: int, target: int, missing: int | None) -> None:
    """Exactly so much more reaches the goal, and one fen less does not."""
    assert missing_fare_fen(base, costs, target) == missing
    if missing and base + missing > 0:
        richer = base + missing
        assert plain_verdict(richer, richer - costs, costs, target) is Verdict.MET
        assert plain_verdict(richer - 1, richer - 1 - costs, costs, target) is not Verdict.MET
