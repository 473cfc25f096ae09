"""The term's outlook: what is known, what is contracted, what runs cost, and the seeded play."""

from dataclasses import replace
from datetime import date, timedelta
from time import process_time

from busops.finance.forecast import (
    ComingWeekend,
    ForecastFacts,
    Outlook,
    PastWeekend,
    forecast,
)
from busops.finance.net_revenue import Verdict

FIRST = date(2026, 3, 6)


def week(number: int) -> date:
    """The Friday of a week of the term, from 0."""
    return FIRST + timedelta(weeks=number)


def past(number: int, **changed: int) -> PastWeekend:
    """A weekend: 100 seats, 90 rides, 4 runs, 900 yuan earned, 800 spent."""
    facts = {"seats": 100, "rides": 90, "runs": 4, "short_fen": 90_000, "long_fen": 0, "costs_fen": 80_000}
    return PastWeekend(on=week(number), **(facts | changed))


def facts(weeks: int = 5, left: int = 15, **changed: object) -> ForecastFacts:
    """So many weekends over and so many to come, all costs caused by runs."""
    known = ForecastFacts(
        past=tuple(past(number) for number in range(weeks)),
        coming=tuple(ComingWeekend(on=week(weeks + number)) for number in range(left)),
        earned_fen=90_000 * weeks,
        costs_fen=80_000 * weeks,
        run_costs_fen=80_000 * weeks,
    )
    return replace(known, **changed)  # type: ignore[arg-type]


def sums(outlook: Outlook) -> tuple[int, int, Verdict]:
    """Base, costs and verdict."""
    return outlook.base_fen, outlook.costs_fen, outlook.verdict


def test_even_weekends_go_on_evenly() -> None:
    """Five of 900 earned and 800 spent, fifteen like them: 18,000 and 16,000 in the end, in each outlook."""
    told = forecast(facts())
    assert told is not None
    assert [sums(one) for one in (told.low, told.base, told.high)] == [
        (1_800_000, 1_600_000, Verdict.MET)
    ] * 3
    assert (told.runs_left, told.run_rate_fen, told.weekends_left, told.has_few) == (60, 20_000, 15, False)
    assert (told.base.ratio, told.base.net_fen) == ("11.11", 200_000)


def test_the_outlooks_are_the_poorest_the_mean_and_the_richest_weekend() -> None:
    """
    Past: 800, 900, 1,000, 900 = 3,600 yuan; two to come bring 2 × 800, 2 × 900 or 2 × 1,000; costs the same.
    """
    weeks = tuple(past(n, short_fen=fen) for n, fen in enumerate((80_000, 90_000, 100_000, 90_000)))
    told = forecast(facts(4, 2, past=weeks))
    assert told is not None
    assert [one.base_fen for one in (told.low, told.base, told.high)] == [520_000, 540_000, 560_000]
    assert {one.costs_fen for one in (told.low, told.base, told.high)} == {480_000}
    assert [one.verdict for one in (told.low, told.base, told.high)] == [
        Verdict.NOT_MET,
        Verdict.MET,
        Verdict.MET,
    ]


def test_contracts_and_known_costs_are_not_guessed() -> None:
    """A month of 500 yuan and an insurance of 700 that fall into a weekend to come count as they are."""
    coming = (ComingWeekend(on=week(5), long_fen=50_000, fixed_fen=70_000),)
    told = forecast(facts(5, 0, coming=coming))
    plain = forecast(facts(5, 1))
    assert told is not None
    assert plain is not None
    assert told.base.base_fen - plain.base.base_fen == 50_000
    assert told.base.costs_fen - plain.base.costs_fen == 70_000


def test_with_few_weekends_the_spread_is_assumed_and_said() -> None:
    """One weekend knows no spread: ten per cent either way, and ``has_few`` says so."""
    told = forecast(facts(1, 10))
    assert told is not None
    assert told.has_few
    assert [one.base_fen for one in (told.low, told.base, told.high)] == [900_000, 990_000, 1_080_000]
    enough = forecast(facts(4, 10))
    assert enough is not None
    assert not enough.has_few


def test_run_costs_are_shared_to_the_fen() -> None:
    """Costs of 10.01 yuan over 3 runs, 3 to come: 20.02 in the end, not 20.04 by a rounded rate."""
    weeks = (past(0, runs=3, costs_fen=1001),)
    told = forecast(facts(1, 1, past=weeks, costs_fen=1001, run_costs_fen=1001))
    assert told is not None
    assert told.base.costs_fen == 2002


def test_before_any_weekend_there_is_no_forecast() -> None:
    """Nothing to go by is no forecast of nothing; a weekend without a run is nothing to go by."""
    assert forecast(facts(0, 10)) is None
    assert forecast(facts(1, 10, past=(past(0, runs=0),))) is None


def test_the_play_is_the_same_each_time_and_another_with_another_seed() -> None:
    """Same books and seed, same fan to the last value."""
    one, two, other = (forecast(facts(), seed=seed) for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_the_fan_widens_in_order_and_starts_from_what_is_known() -> None:
    """Known weekends are one value; those to come five in rising order, the median near the base outlook."""
    told = forecast(facts())
    assert told is not None
    assert [point.on for point in told.fan] == [week(n) for n in range(20)]
    assert [point.is_known for point in told.fan] == [True] * 5 + [False] * 15
    assert told.fan[4].ratio_bp == (1111,) * 5
    for point in told.fan[5:]:
        assert list(point.ratio_bp) == sorted(point.ratio_bp)
        assert point.ratio_bp[0] < point.ratio_bp[-1]
        assert abs(point.middle_bp - 1111) < 20


def test_no_shows_alone_spread_as_the_binomial_does() -> None:
    """
    One weekend to come, 2,500 seats known, a fifth empty: standard deviation √(2500 × 0.2 × 0.8) = 20 rides.

    The fares' 5th and 95th percentile lie 1.645 of them (33 rides of 2,000) from the middle, within a tenth.
    """
    weeks = tuple(past(n, seats=100, rides=80, short_fen=80_000, costs_fen=0) for n in range(5))
    coming = (ComingWeekend(on=week(5), seats=2_500),)
    told = forecast(
        facts(5, 0, past=weeks, coming=coming, earned_fen=0, costs_fen=1_000_000, run_costs_fen=0),
        draws=4_000,
    )
    assert told is not None
    low, _, middle, _, high = (10_000 * 1_000_000 // (10_000 - bp) for bp in told.fan[-1].ratio_bp)
    assert abs(middle - 2_000_000) < 3_000
    for far in (middle - low, high - middle):
        assert 30_000 < far < 36_500


def test_the_chance_is_one_where_nothing_can_fail_and_nought_where_nothing_can_help() -> None:
    """Without cost every draw is met, with a thousandfold none."""
    sure = forecast(facts(costs_fen=0, run_costs_fen=0))
    lost = forecast(facts(costs_fen=10**9))
    even = forecast(facts(costs_fen=81_000 * 5, run_costs_fen=81_000 * 5))
    assert sure is not None
    assert lost is not None
    assert even is not None
    assert (sure.met_bp, lost.met_bp) == (10_000, 0)
    assert 4_000 < even.met_bp < 6_000  # exactly at the goal on average: about every second draw


def test_a_weekend_without_demand_known_is_like_one_that_was() -> None:
    """Past weekends of 100 and 300 seats: the play reaches below and above what two even ones would."""
    weeks = tuple(
        past(n, seats=seats, rides=seats * 9 // 10, short_fen=900 * seats)
        for n, seats in enumerate((100, 300, 100, 300))
    )
    told = forecast(facts(4, 1, past=weeks))
    assert told is not None
    assert told.fan[-1].ratio_bp[-1] - told.fan[-1].ratio_bp[0] > 500


def test_two_thousand_draws_of_a_term_take_well_under_a_second() -> None:
    """The page asks for it each time it is opened; processor time, whatever else the machine does."""
    begun = process_time()
    assert forecast(facts(5, 15)) is not None
    assert process_time() - begun < 0.5
