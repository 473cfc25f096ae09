"""Each line's own result: shared costs to the fen, the empty way apart, what the line would need."""

from dataclasses import replace

import pytest

from busops.domain.errors import InvalidInput
from busops.finance.cost_shares import LineRun
from busops.finance.costs import CostLine
from busops.finance.line_results import (
    Fare,
    LineResults,
    break_even_rides,
    line_results,
    needed_fare_fen,
)
from busops.finance.net_revenue import Verdict
from tests.small_school import FRIDAY


def a_run(line: str, run_id: str, **changed: int) -> LineRun:
    """A run of 30 km, 10 of them empty, one hour, twenty riders, 120 yuan planned, 40 of it empty."""
    facts = {
        "distance_m": 30_000, "empty_m": 10_000, "duration_s": 3600, "riders": 20,
        "planned_fen": 12_000, "planned_empty_fen": 4_000,
    }  # fmt: skip
    plate = line.partition("/")[0]
    return LineRun(line=line, run_id=run_id, plate=plate, on=FRIDAY, **(facts | changed))


def a_cost(code: str, fen: int, plate: str = "", run: str = "") -> CostLine:
    """A cost of the weekend."""
    return CostLine(on=FRIDAY, code=code, fen=fen, plate=plate, run=run)


RUNS = (
    a_run("A/1", "a1"),
    a_run("A/2", "a2", distance_m=60_000, duration_s=1800),
    a_run("B/1", "b1", riders=0),
)


def by_line(results: LineResults) -> dict[str, tuple[int, int, int]]:
    """Fares, costs and the empty way's part of each line."""
    return {one.line: (one.fares_fen, one.costs_fen, one.empty_fen) for one in results.lines}


def test_a_runs_own_cost_is_its_lines() -> None:
    """A toll of run b1 belongs to B/1 alone, and nothing of a toll is the empty way's."""
    assert by_line(line_results(RUNS, [a_cost("C02", 501, run="b1")], []))["B/1"] == (0, 501, 0)


@pytest.mark.parametrize(
    ("code", "plate", "expected"),
    [
        ("C01", "A", {"A/1": (0, 334, 111), "A/2": (0, 667, 111), "B/1": (0, 0, 0)}),  # km 30 : 60
        ("C04", "A", {"A/1": (0, 667, 0), "A/2": (0, 334, 0), "B/1": (0, 0, 0)}),  # time 2 : 1
        ("C05", "A", {"A/1": (0, 501, 0), "A/2": (0, 500, 0), "B/1": (0, 0, 0)}),  # runs 1 : 1
        ("C06", "A", {"A/1": (0, 501, 167), "A/2": (0, 500, 167), "B/1": (0, 0, 0)}),  # hire as planned
        ("C01", "", {"A/1": (0, 250, 83), "A/2": (0, 501, 83), "B/1": (0, 250, 83)}),  # km 30 : 60 : 30
        ("C05", "unknown", {"A/1": (0, 334, 0), "A/2": (0, 334, 0), "B/1": (0, 333, 0)}),
    ],
)
def test_shared_costs_follow_their_driver(
    code: str, plate: str, expected: dict[str, tuple[int, int, int]]
) -> None:
    """10.01 yuan of a vehicle go to its lines, of nobody to all, by km, time, runs or plan."""
    found = by_line(line_results(RUNS, [a_cost(code, 1001, plate)], []))
    assert sum(costs for _, costs, _ in found.values()) == 1001
    assert found == expected


def test_payment_fees_follow_the_fares() -> None:
    """Three quarters of the fares were A/1's, so it bears three quarters of the fees, however many runs."""
    fares = [Fare(fen=300, lines=("A/1",)), Fare(fen=100, lines=("B/1",))]
    found = by_line(line_results(RUNS, [a_cost("C14", 40)], fares))
    assert found == {"A/1": (300, 30, 0), "A/2": (0, 0, 0), "B/1": (100, 10, 0)}
    assert by_line(line_results((*RUNS, a_run("A/1", "a3")), [a_cost("C14", 40)], fares)) == found


def test_fees_without_any_fares_are_shared_by_runs() -> None:
    """No weight at all is no reason to lose a cost."""
    assert sum(one.costs_fen for one in line_results(RUNS, [a_cost("C14", 40)], []).lines) == 40


def test_a_unit_is_split_over_its_rides() -> None:
    """15.01 yuan for two rides on A/1 and one on B/1: 10.01 and 5.00; rides on no line are told apart."""
    results = line_results(
        RUNS, [], [Fare(fen=1501, lines=("A/1", "B/1", "A/1")), Fare(fen=7, lines=("Z/1",))]
    )
    found = {one.line: one.fares_fen for one in results.lines}
    assert found == {"A/1": 1001, "A/2": 0, "B/1": 500}
    assert results.fares_of_none_fen == 7


def test_costs_without_any_run_belong_to_no_line() -> None:
    """A period without runs keeps its costs in sight."""
    cost = replace(a_cost("C07", 900), other_use_fen=60)
    results = line_results((), [cost], [])
    assert (results.lines, results.costs_of_none_fen, results.other_use_fen) == ((), 900, 60)


def test_the_worst_line_comes_first_with_what_it_needs() -> None:
    """
    line  rides  fares   costs   headroom = 0.9 × fares − costs
    A/1   20     200.00  171.00    9.00   met
    A/2   20     100.00  121.00  −31.00   needs 6.73 a ride or 27 rides
    B/1    0       0.00   50.00  −50.00   nothing helps
    """
    fares = [Fare(fen=20_000, lines=("A/1",)), Fare(fen=10_000, lines=("A/2",))]
    costs = [a_cost("C02", 17_100, run="a1"), a_cost("C02", 12_100, run="a2"), a_cost("C02", 5_000, run="b1")]
    worst, middle, best = line_results(RUNS, costs, fares).lines
    assert [one.line for one in (worst, middle, best)] == ["B/1", "A/2", "A/1"]
    assert [one.headroom_fen for one in (worst, middle, best)] == [-5_000, -3_100, 900]
    assert (worst.needed_fare_fen, worst.break_even_rides, worst.mean_fare_fen) == (None, None, None)
    assert (middle.needed_fare_fen, middle.break_even_rides, middle.mean_fare_fen) == (673, 27, 500)
    assert (middle.net_fen, middle.ratio, middle.verdict) == (-2_100, "-21.00", Verdict.NOT_MET)
    assert (best.verdict, best.loaded_m, best.empty_m) == (Verdict.MET, 20_000, 10_000)


def test_needed_fare_and_break_even_are_the_least() -> None:
    """One fen or one ride less misses the goal; without riders or fares there is none."""
    assert needed_fare_fen(12_100, 20) == 673  # 12,100 ÷ 18 = 672.2…
    assert break_even_rides(12_100, 10_000, 20) == 27  # 12,100 ÷ (0.9 × 500) = 26.9
    assert (needed_fare_fen(1, 0), needed_fare_fen(1, 1, 10_000)) == (None, None)
    assert (break_even_rides(1, 0, 5), break_even_rides(1, 5, 0), break_even_rides(1, 5, 5, 10_000)) == (
        None,
        None,
        None,
    )


def test_an_empty_way_longer_than_the_run_is_refused() -> None:
    """A part larger than the whole is a fault of the caller."""
    with pytest.raises(InvalidInput):
        line_results([a_run("A/1", "a1", empty_m=40_000)], [a_cost("C01", 10)], [])
