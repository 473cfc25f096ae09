"""Large stops are shared out anew and choosers seated again, when that is cheaper and only then."""

from dataclasses import replace

from busops.planner.bound import SEATS_AND_REACH
from busops.planner.demand import nodes_of
from busops.planner.effort import Effort, StopWish
from busops.planner.problem import Problem, RiderDemand
from busops.planner.regroup.recut import recut
from busops.planner.regroup.regroup import is_worth_regrouping, regroup
from busops.planner.rules.rules import Rules
from busops.planner.search.greedy import Search, greedy_plan
from busops.planner.solve import solve
from busops.planner.verify import verify
from tests.bench.towns import county
from tests.unit.planner.small import coach, problem, riders

MIDDLE = (
    coach("P1", capacity=53, fixed_fen=61_000),
    coach("P2", capacity=19, fixed_fen=30_000),
    coach("P3", capacity=33, fixed_fen=43_000),
    coach("P4", capacity=33, fixed_fen=43_000),
)


def begun(case: Problem) -> Search:
    """The greedy plan of full buses and a rest."""
    return greedy_plan(case, nodes_of(case).nodes)


def counted(rounds: int) -> Effort:
    """So many rounds."""
    return Effort(0, StopWish(None), rounds)


def test_two_middle_buses_beat_a_full_one_and_a_rest() -> None:
    """Sixty riders: 53 and 7 cost 91,000 fen and the way twice, 33 and 27 cost 86,000 and the same way."""
    case = problem(riders(S4=61), *MIDDLE)
    search = begun(case)
    assert sorted(search.model.load) == [0, 8, 53]
    other = recut(case, search, "S4")
    assert other is not None
    assert sorted(other.model.load) == [0, 28, 33]
    assert other.cost < search.cost
    plan = solve(case, seconds=0, seed=1, rounds=4)
    assert verify(case, plan) == ()
    assert [trip.plate for trip in plan.trips] == ["P3", "P4"]


def test_a_rest_is_shared_by_buses_that_pass() -> None:
    """Twenty and seven at S3: the seven sit on the two buses to S4 that have four and three seats left."""
    fleet = [coach(f"P{number}", capacity=20) for number in range(4)]
    case = problem(riders(S3=27, S4=33), *fleet)
    plan = solve(case, seconds=0, seed=1, rounds=4)
    assert verify(case, plan) == ()
    assert len(plan.trips) == 3
    assert not plan.unserved


def test_the_bound_of_a_recut_plan_holds_for_every_cut() -> None:
    """What is proved for full buses and a rest is not said of a plan that cuts otherwise."""
    case = problem(riders(S4=61), *MIDDLE)
    plan = solve(case, seconds=0, seed=1, rounds=4)
    assert (plan.bound_model, plan.lower_bound_fen <= plan.cost_fen) == (SEATS_AND_REACH, True)
    assert int(plan.stats["regrouped_fen"]) >= 0
    assert plan.stats["recut"] == 1


def test_siblings_of_a_large_stop_stay_together_in_every_cut() -> None:
    """A stop whose riders rules tie is not shared out anew; the plan keeps the rule."""
    pair = frozenset({"S4-1", "S4-61"})
    case = replace(problem(riders(S4=61), *MIDDLE), rules=Rules(together=(pair,)))
    assert recut(case, begun(case), "S4") is None
    plan = solve(case, seconds=0, seed=1, rounds=4)
    assert verify(case, plan) == ()
    assert not plan.unserved


def test_choosers_fill_the_bus_that_saves_a_bus() -> None:
    """Three of S4 also named S1, where two small buses have the seats: the third bus stays in the yard."""
    choosers = tuple(RiderDemand(rider_id=f"F{number}", stop_ids=("S4", "S1")) for number in range(4))
    fleet = [coach(f"P{number}", capacity=5) for number in range(3)]
    case = problem((*riders(S1=6), *choosers), *fleet)
    plan = solve(case, seconds=0, seed=1, rounds=4)
    assert verify(case, plan) == ()
    assert [[halt.stop_id for halt in trip.stops] for trip in plan.trips] == [["S1"], ["S1"]]


def test_it_is_left_out_where_nothing_can_be_gained() -> None:
    """Many stops, one group each, nobody with a choice: no time is spent; and no trial is ever worse."""
    case = county(stops=30, riders=300, seed=1)
    search = begun(case)
    assert not is_worth_regrouping(case, search)
    small = problem(riders(S1=3, S2=3), coach(), coach("P2"))
    before = begun(small)
    after = regroup(small, before, counted(3), 1)
    assert (after.missing, after.cost) <= (before.missing, before.cost)


def test_the_same_seed_regroups_alike() -> None:
    """Counted rounds: the same groups and trips again."""
    case = problem(riders(S1=7, S2=9, S3=4), *(coach(f"P{number}", capacity=8) for number in range(4)))
    first, second = (regroup(case, begun(case), counted(4), 3) for _once in range(2))
    assert (first.model.nodes, first.best) == (second.model.nodes, second.best)
