"""Races: which runs are made, in what order, and what is told of one."""

import dataclasses

import pytest

from busops.domain.errors import InvalidInput
from busops.services import benchmark
from busops.services.benchmark import OURS, Case, Entrant, Race, Track
from tests.bench.towns import county
from tests.unit.planner.small import coach, problem, riders

TINY = Case(name="tiny", problem=problem(riders(S1=3, S2=4), coach()))


def names(lineup) -> list[str]:
    """Case, engine with its seconds and seed of each race."""
    return [f"{race.case} {race.label} #{race.seed}" for race in lineup]


def test_a_peer_gets_our_seconds_its_own_or_a_multiple_of_ours():
    """The three ways to write a peer, spaces and empty places aside; ours with kinder rides is one."""
    assert benchmark.entrants_of(" pyvrp, pyvrp@60,,ortools@3x ") == (
        Entrant(engine="pyvrp"),
        Entrant(engine="pyvrp", seconds=60),
        Entrant(engine="ortools", times=3),
    )
    assert benchmark.entrants_of("busops-fair") == (Entrant(engine=benchmark.FAIR),)
    assert benchmark.entrants_of("") == ()


@pytest.mark.parametrize(
    ("text", "code", "found"),
    [
        ("lkh", "bench_engine_unknown", "lkh"),
        ("busops@3", "bench_engine_unknown", "busops"),
        ("pyvrp@", "bench_seconds_wrong", "pyvrp@"),
        ("pyvrp@0", "bench_seconds_wrong", "pyvrp@0"),
        ("pyvrp@-1x", "bench_seconds_wrong", "pyvrp@-1x"),
        ("pyvrp@inf", "bench_seconds_wrong", "pyvrp@inf"),
        ("pyvrp@x", "bench_seconds_wrong", "pyvrp@x"),
    ],
)
def test_a_peer_that_cannot_be_is_named(text, code, found):
    """Unknown engines and budgets that are no positive seconds are refused with what was written."""
    with pytest.raises(InvalidInput) as caught:
        benchmark.entrants_of(text)
    assert (caught.value.code, caught.value.facts["found"]) == (code, found)


def test_seconds_are_read_once_each_and_must_be_positive():
    """Decimals are seconds too; a budget given twice is one; words and nan are refused."""
    assert benchmark.seconds_of("10, 0.5,10") == (10, 0.5)
    for wrong in ("", "10,,30", "ten", "nan", "0"):
        with pytest.raises(InvalidInput):
            benchmark.seconds_of(wrong)


def test_runs_of_a_case_and_seed_stand_next_to_each_other():
    """Ours at each budget with what depends on it, then the peers with seconds of their own."""
    peers = benchmark.entrants_of("pyvrp@3x,ortools@7")
    assert names(benchmark.races(["a", "b"], peers, (1, 2), (4, 5)))[:12] == [
        "a busops@1 #4", "a pyvrp@3 #4", "a busops@2 #4", "a pyvrp@6 #4", "a ortools@7 #4",
        "a busops@1 #5", "a pyvrp@3 #5", "a busops@2 #5", "a pyvrp@6 #5", "a ortools@7 #5",
        "b busops@1 #4", "b pyvrp@3 #4",
    ]  # fmt: skip


def test_no_run_is_made_twice_and_an_engine_without_clock_runs_once_a_case():
    """pyvrp@3 and pyvrp@3x of one second are one run; VROOM takes no seed and ends by itself or at 60 s."""
    peers = benchmark.entrants_of("pyvrp@3,pyvrp@3x,vroom,vroom@60")
    assert names(benchmark.races(["a"], peers, (1, 2), (1, 2))) == [
        "a busops@1 #1", "a pyvrp@3 #1", "a vroom #1", "a busops@2 #1", "a pyvrp@6 #1", "a vroom@60 #1",
        "a busops@1 #2", "a pyvrp@3 #2", "a busops@2 #2", "a pyvrp@6 #2",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_run_in_its_own_process_tells_what_it_found_and_what_it_took():
    """Ours on a tiny town: served and verified, the first plan in time, seconds and memory measured."""
    (found,) = benchmark.hold([Race(case="tiny", engine=OURS, seconds=0.5, seed=1)], [TINY], Track())
    # One coach: 300 yuan, and 10 km there and 10 back at 2.35
    assert (found.cost_fen, found.trips, found.unserved, found.violations) == (34_700, 1, 0, 0)
    assert found.bound_fen <= 34_700
    assert found.first_s is not None
    assert found.first_s <= found.wall_s
    assert found.cpu_s > 0
    assert found.peak_mb >= found.loaded_mb > 0
    assert (found.longest_ride_s, found.p95_ride_s, found.refused) == (600 + 39, 600 + 39, "")


def test_an_engine_that_cannot_express_a_problem_is_told_not_hidden():
    """OR-Tools alone knows no approved lines here: the run says why, and costs nothing."""
    bound = Case(name="line", problem=problem(riders(S1=3), coach(lines=(("S1", "S2"),))))
    found = benchmark.run_here(Race(case="line", engine="ortools", seconds=0.2, seed=1), bound)
    assert (found.refused, found.cost_fen, found.unserved) == ("peer_knows_no_lines", None, 3)


def test_ours_with_kinder_rides_is_an_engine_of_its_own():
    """It answers with a plan that passes the verifier and lies above every bound, as ours does."""
    case = Case(name="county", problem=county(stops=10, riders=80, seed=4))
    plain, fair = (
        benchmark.run_here(Race(case="county", engine=engine, seconds=1, seed=1), case)
        for engine in (OURS, benchmark.FAIR)
    )
    assert (plain.violations, fair.violations, fair.unserved) == (0, 0, 0)
    assert fair.cost_fen is not None
    assert plain.cost_fen is not None
    assert fair.cost_fen >= max(plain.bound_fen, fair.bound_fen)
    assert fair.longest_ride_s > 0


def test_a_stop_that_two_trips_share_is_a_fault_only_on_public_files():
    """A client of a public file is served by one vehicle; riders of a school's stop may be split."""
    plan = benchmark.solve(
        problem(riders(S1=30), coach("川F00001"), coach("川F00002")), seconds=0, seed=1, rounds=5
    )
    assert len(plan.trips) == 2
    school = Case(name="split", problem=problem(riders(S1=30), coach("川F00001"), coach("川F00002")))
    public = dataclasses.replace(school, keeps_stops_whole=True)
    nothing = benchmark.Result(race=Race(case="split", engine=OURS, seconds=1, seed=1))
    assert [benchmark.judged(nothing, case, plan).split_stops for case in (school, public)] == [0, 1]
