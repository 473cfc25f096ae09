"""The arithmetic of benchmark tables: references, medians over seeds, ours against each peer."""

from busops.services.benchmark import OURS, Case, Race, Result
from busops.services.benchmark_tables import Against, Reference, duels, medians, reference_of
from tests.unit.planner.small import coach, problem, riders

PROBLEM = problem(riders(S1=1), coach())
A, B = Case(name="a", problem=PROBLEM), Case(name="b", problem=PROBLEM)


def ran(case: str, engine: str, cost: int | None, seed: int = 1, **more: object) -> Result:
    """A run of ten seconds (VROOM: without any) with this cost."""
    race = Race(case=case, engine=engine, seconds=0 if engine == "vroom" else 10, seed=seed)
    return Result(race=race, cost_fen=cost, **more)  # type: ignore[arg-type]


def test_costs_count_from_the_published_cost_else_the_best_bound_else_the_best_cost():
    """A bound counts whichever run proved it; a cost below the reference is told as such."""
    runs = [
        ran("a", OURS, 1020, bound_fen=900),
        ran("a", "pyvrp", 1010),
        ran("a", OURS, 1030, 2, bound_fen=950),
    ]
    assert reference_of(A, runs) == Reference(against=Against.BOUND, fen=950)
    known = Case(name="a", problem=PROBLEM, known_fen=1050)
    assert reference_of(known, runs) == Reference(against=Against.KNOWN, fen=1050)
    assert reference_of(A, [ran("a", OURS, 1020), ran("b", OURS, 7), ran("a", "pyvrp", 1010)]) == Reference(
        against=Against.BEST, fen=1010
    )
    assert round(reference_of(known, runs).over_pct(1029), 6) == -2
    assert reference_of(A, []).over_pct(5) is None


def test_the_median_of_seeds_has_its_distance_and_its_spread():
    """Three seeds 1010, 1080, 1020 over a bound of 1000: 2 %, from 1010 to 1080, wall of the middle."""
    runs = [
        ran("a", OURS, cost, seed, bound_fen=1000, wall_s=wall, peak_mb=10 * seed, first_s=wall / 10)
        for seed, cost, wall in ((1, 1010, 9.0), (2, 1080, 12.0), (3, 1020, 10.0))
    ]
    (row,) = medians([A], runs)
    assert (row.label, row.runs, row.served) == ("busops@10", 3, 3)
    assert (row.cost_fen, row.least_fen, row.most_fen) == (1020, 1010, 1080)
    assert round(row.over_pct or 0, 6) == 2
    assert (row.wall_s, row.first_s, row.peak_mb) == (10.0, 1.0, 30)


def test_runs_that_left_somebody_over_have_no_cost_and_are_counted():
    """The median is of the runs that served everybody; with none there is no cost at all."""
    served = medians([A], [ran("a", OURS, None, 1), ran("a", OURS, 1000, 2)])[0]
    assert (served.served, served.runs, served.cost_fen) == (1, 2, 1000)
    none = medians([A], [ran("a", OURS, None, 1)])[0]
    assert (none.cost_fen, none.over_pct, none.least_fen) == (None, None, None)


def test_a_duel_is_the_mean_of_ratios_and_the_score_of_equal_seeds():
    """Ratios 990/1000 and 510/500 → mean 1.005, worst on b; seed by seed 2 won, 1 tied, 1 lost."""
    runs = [
        ran("a", OURS, 980, 1), ran("a", OURS, 1000, 2),
        ran("a", "pyvrp", 1000, 1), ran("a", "pyvrp", 1000, 2),
        ran("b", OURS, 500, 1), ran("b", OURS, 520, 2),
        ran("b", "pyvrp", 505, 1), ran("b", "pyvrp", 495, 2),
    ]  # fmt: skip
    (duel,) = duels([A, B], runs)
    assert (duel.ours, duel.peer, duel.cases) == ("busops@10", "pyvrp@10", 2)
    assert round(duel.mean_ratio or 0, 9) == 1.005
    assert (round(duel.worst_ratio or 0, 9), duel.worst_case) == (1.02, "b")
    assert (duel.wins, duel.ties, duel.losses) == (2, 1, 1)


def test_a_peer_that_ran_once_meets_every_run_of_ours():
    """VROOM takes no seed: its one run stands beside each of our seeds."""
    runs = [ran("a", OURS, 90, 1), ran("a", OURS, 110, 2), ran("a", OURS, 95, 3), ran("a", "vroom", 100)]
    (duel,) = duels([A], runs)
    assert (duel.peer, duel.wins, duel.losses, duel.mean_ratio) == ("vroom", 2, 1, 0.95)


def test_serving_everybody_beats_leaving_somebody_over():
    """A run without a cost loses to one with; two without are level; no ratio is made of them."""
    runs = [
        ran("a", OURS, None, 1), ran("a", "pyvrp", 100, 1),
        ran("a", OURS, 100, 2), ran("a", "pyvrp", None, 2),
        ran("b", OURS, None, 1), ran("b", "pyvrp", None, 1),
    ]  # fmt: skip
    (duel,) = duels([A, B], runs)
    assert (duel.wins, duel.ties, duel.losses, duel.cases, duel.mean_ratio) == (1, 1, 1, 1, 1.0)


def test_rides_are_compared_in_the_mean_of_the_cases():
    """Half the longest ride in one case and the same in another: 0.75; p95 likewise."""
    runs = [
        ran(case, engine, 1, longest_ride_s=longest, p95_ride_s=p95)
        for case, engine, longest, p95 in (
            ("a", OURS, 300, 90),
            ("a", "pyvrp", 600, 100),
            ("b", OURS, 500, 100),
            ("b", "pyvrp", 500, 100),
        )
    ]
    (duel,) = duels([A, B], runs)
    assert (duel.longest_ride_ratio, duel.p95_ride_ratio) == (0.75, 0.95)


def test_every_budget_of_ours_meets_every_budget_of_a_peer():
    """Ours at 10 s stands beside PyVRP at 30 s in the same run."""
    runs = [
        Result(race=Race(case="a", engine=engine, seconds=seconds, seed=1), cost_fen=100)
        for engine, seconds in ((OURS, 10), (OURS, 30), ("pyvrp", 30), ("pyvrp", 60))
    ]
    assert [(duel.ours, duel.peer) for duel in duels([A], runs)] == [
        ("busops@10", "pyvrp@30"), ("busops@10", "pyvrp@60"),
        ("busops@30", "pyvrp@30"), ("busops@30", "pyvrp@60"),
    ]  # fmt: skip
