"""A problem solved in parts: a lawful plan, the same everywhere, never worse than its sectors."""

from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

import pytest

from busops.domain.values import Direction
from busops.planner.demand import nodes_of
from busops.planner.problem import Plan, Problem, UnservedReason
from busops.planner.rules.rules import Rules
from busops.planner.scale.executors import OpenExecutor, here
from busops.planner.scale.region import solve_region
from busops.planner.search.greedy import greedy_plan
from busops.planner.solve import PlanningPhase, Progress
from busops.planner.verify import verify
from tests.unit.planner.scale.cities import (
    homeward_and_back,
    kept_open,
    served_and_left,
    town,
    with_access,
    with_choices,
    with_kept,
    with_lines,
    with_too_few,
    with_waves,
)

OUT, BACK = homeward_and_back()
TOWNS = {
    "homeward": OUT,
    "open return": BACK,
    "lines": with_lines(OUT),
    "lines back": with_lines(BACK, seed=4),
    "waves": with_waves(OUT),
    "choices": with_choices(BACK),
    "all of it": with_choices(with_lines(with_waves(town(45, seed=8)))),
    "too few": with_too_few(OUT),
    "access": with_access(OUT),
    "access back": with_access(BACK, seed=2),
    "lines only": replace(
        with_lines(OUT), vehicles=tuple(one for one in with_lines(OUT).vehicles if one.lines is not None)
    ),
}


def planned(problem: Problem, executor: OpenExecutor = here, *, rounds: int = 1, seed: int = 1) -> Plan:
    """The plan in parts of about 14 groups, by counted rounds."""
    return solve_region(problem, seconds=0, seed=seed, executor=executor, rounds=rounds, part_groups=14)


@pytest.mark.parametrize("name", TOWNS)
def test_the_joined_plan_passes_the_judge(name: str) -> None:
    """Times, loads, waves, lines, costs and bound hold for the whole; who is not served is told why."""
    problem = TOWNS[name]
    plan = planned(problem)
    assert verify(problem, plan) == ()
    served, left = served_and_left(plan)
    assert sorted(served + left) == sorted(rider.rider_id for rider in problem.riders)
    assert int(plan.stats["parts"]) >= 2
    joined, finished = (
        (int(plan.stats[f"{step}_left_over"]), int(plan.stats[f"{step}_cost_fen"]))
        for step in ("sectors", "finished")
    )
    assert finished <= joined
    assert 0 < plan.lower_bound_fen <= plan.cost_fen


def test_kept_trips_stay_and_ties_between_riders_are_kept() -> None:
    """Trips of an earlier plan stand in the new one; riders who must ride together do, in one search."""
    kept = with_kept(OUT, planned(OUT))
    plan = planned(kept)
    assert verify(kept, plan) == ()
    stays = {(trip.plate, trip.wave, trip.halts) for trip in kept.rules.kept}
    assert stays <= {
        (trip.plate, trip.wave, tuple((halt.stop_id, halt.rider_ids) for halt in trip.stops))
        for trip in plan.trips
    }
    pair = frozenset({OUT.riders[0].rider_id, OUT.riders[1].rider_id})
    tied = replace(OUT, rules=Rules(together=(pair,)))
    together = planned(tied)
    assert verify(tied, together) == ()
    assert "parts" not in together.stats


def test_crossing_the_borders_saves_money() -> None:
    """The plan costs less than its sectors joined, and no more than the greedy plan of the whole."""
    plan = planned(OUT, rounds=6)
    assert plan.cost_fen < int(plan.stats["sectors_cost_fen"])
    assert 1000 * plan.cost_fen <= greedy_plan(OUT, nodes_of(OUT).nodes).cost


def test_nobody_waits_while_there_is_a_seat() -> None:
    """Too few coaches: as many riders as seats allow, the rest for want of a seat, none beside a free one."""
    problem = TOWNS["too few"]
    plan = planned(problem)
    served, left = served_and_left(plan)
    seats = sum(vehicle.capacity * vehicle.max_trips for vehicle in problem.vehicles)
    assert left
    assert {rider.reason for rider in plan.unserved} <= {
        UnservedReason.NO_SEAT,
        UnservedReason.STOP_LIMIT,
        UnservedReason.RIDE_CAP,
    }
    if any(rider.reason is UnservedReason.NO_SEAT for rider in plan.unserved):
        assert len(served) >= seats * 95 // 100


def test_the_same_seed_gives_the_same_plan() -> None:
    """Twice the same, and another with another seed."""
    problem = with_choices(with_lines(with_waves(town(45, seed=8))))
    first = planned(problem, rounds=1)
    assert planned(problem, rounds=1) == first
    assert planned(problem, rounds=1, seed=2).trips != first.trips


@pytest.mark.parametrize("vehicles", [0, 1])
def test_next_to_nothing_is_a_plan_too(vehicles: int) -> None:
    """No vehicle, or one: nobody or few are served, and the judge has nothing against it."""
    problem = replace(OUT, vehicles=OUT.vehicles[:vehicles])
    plan = planned(problem)
    assert verify(problem, plan) == ()
    assert len(plan.trips) == vehicles
    nobody = replace(OUT, riders=())
    assert verify(nobody, planned(nobody)) == ()


def test_progress_is_told_and_ends() -> None:
    """Costs and riders left over are told on the way; the last word is the plan's."""
    told: list[Progress] = []
    plan = solve_region(OUT, seconds=1.5, seed=1, executor=here, on_progress=told.append, part_groups=14)
    assert told[-1].phase is PlanningPhase.DONE
    assert (told[-1].done_milli, told[-1].unserved) == (1000, len(plan.unserved))
    assert [step.done_milli for step in told] == sorted(step.done_milli for step in told)
    assert verify(OUT, plan) == ()


def test_a_wish_to_stop_is_heard() -> None:
    """After a yes the best plan so far comes back, lawful, long before the time is spent."""
    asked = iter([False] * 3)
    begun = monotonic()
    plan = solve_region(
        OUT,
        seconds=600,
        seed=1,
        executor=here,
        should_stop=lambda: next(asked, True),
        part_groups=14,
    )
    assert monotonic() - begun < 60
    assert verify(OUT, plan) == ()


@pytest.fixture(scope="module")
def processes() -> Iterator[OpenExecutor]:
    """Two worker processes for the tests of this module."""
    with kept_open("2") as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize("direction", list(Direction))
def test_processes_give_the_plan_that_this_process_gives(
    processes: OpenExecutor, direction: Direction
) -> None:
    """Who solves which part, and in which order they come back, leaves no trace in the plan."""
    problem = with_choices(with_lines(town(45, seed=11, direction=direction)))
    mine, theirs = planned(problem), planned(problem, processes)
    assert theirs.stats["executor"] == "processes:2"
    assert (theirs.trips, theirs.unserved, theirs.cost_fen) == (mine.trips, mine.unserved, mine.cost_fen)
    assert theirs.lower_bound_fen == mine.lower_bound_fen
