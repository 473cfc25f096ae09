"""A plan carried over to another problem: sound, and with the cheapest vehicles for its trips."""

from dataclasses import replace
from itertools import permutations

import pytest

from busops.planner.demand import nodes_of
from busops.planner.margin.adapt import adapted, cheapest_groups, known_of
from busops.planner.margin.replan import is_sound
from busops.planner.model import compile_model
from busops.planner.problem import trip_cost_fen
from busops.planner.solve import solve
from busops.planner.timetable import timetable
from tests.unit.planner.small import coach, keeping, problem, random_problem, riders


def test_riders_who_walk_board_where_the_trip_halts_for_them() -> None:
    """S2's rider goes to S1, which the trip passes anyway: one halt less, nobody lost."""
    asked = problem(riders(S1=2, S2=1, S3=1), coach())
    plan = solve(asked, seconds=0, seed=1, rounds=5)
    moved = replace(
        asked,
        riders=tuple(
            replace(one, stop_ids=("S1",)) if one.rider_id == "S2-1" else one for one in asked.riders
        ),
    )
    carried = adapted(moved, plan)
    assert carried is not None
    assert [halt.stop_id for halt in carried.trips[0].stops] == ["S1", "S3"]
    assert carried.trips[0].stops[0].rider_ids == ("S1-1", "S1-2", "S2-1")
    assert is_sound(moved, carried)


def test_a_stop_new_to_the_trip_is_put_where_it_fits_best() -> None:
    """S1's riders walk to S2: the trip halts there between the campus and S3."""
    asked = problem(riders(S1=2, S3=1), coach())
    plan = solve(asked, seconds=0, seed=1, rounds=5)
    moved = replace(
        asked,
        riders=tuple(replace(one, stop_ids=(one.stop_ids[0].replace("S1", "S2"),)) for one in asked.riders),
    )
    carried = adapted(moved, plan)
    assert carried is not None
    assert [halt.stop_id for halt in carried.trips[0].stops] == ["S2", "S3"]


def test_who_has_no_place_any_more_makes_it_none() -> None:
    """A rider whom the plan does not carry, or a fleet too small for its trips: nothing to carry over."""
    asked = problem(riders(S1=2), coach())
    plan = solve(asked, seconds=0, seed=1, rounds=5)
    assert adapted(problem(riders(S1=3), coach()), plan) is None
    assert adapted(replace(asked, vehicles=(coach(capacity=1),)), plan) is None
    assert known_of(replace(asked, vehicles=(coach(capacity=1),)), plan) == ()


@pytest.mark.parametrize("seed", range(30))
def test_vehicles_are_handed_out_at_the_least_cost(seed: int) -> None:
    """Beside every way to hand them out by hand; and the plan carried over is sound and no dearer."""
    asked = random_problem(seed, stops=4, riders_at_most=7)
    plan = solve(asked, seconds=0, seed=1, rounds=10)
    drives = [[(halt.stop_id, halt.rider_ids) for halt in trip.stops] for trip in plan.trips]
    if not drives:
        return
    model = compile_model(asked, nodes_of(asked).nodes)
    groups = cheapest_groups(asked, model, drives)
    assert groups is not None
    first = {group: plates[0] for group, plates in enumerate(model.plates_of_group)}
    vehicle = {one.plate: one for one in asked.vehicles}
    metres = [timetable(asked, halts).distance_m for halts in drives]
    cost = sum(trip_cost_fen(vehicle[first[group]], m) for group, m in zip(groups, metres, strict=True))
    assert cost == min(_all_ways(asked, drives, metres))
    carried = adapted(asked, plan)
    assert carried is None or carried.cost_fen <= plan.cost_fen


def _all_ways(asked, drives, metres):
    slots = [one for one in asked.vehicles for _trip in range(one.max_trips)]
    for chosen in permutations(slots, len(drives)):
        fits = all(
            sum(len(rider_ids) for _stop, rider_ids in halts) <= one.capacity
            and (one.lines is None or any(_on(line, halts) for line in one.lines))
            for one, halts in zip(chosen, drives, strict=True)
        )
        if fits:
            yield sum(trip_cost_fen(one, m) for one, m in zip(chosen, metres, strict=True))


def _on(line, halts):
    rest = iter(line)
    return all(stop in rest for stop, _riders in halts)


def test_kept_trips_stay_and_only_the_others_are_handed_out() -> None:
    """The dear coach keeps its trip; the other trip gets the cheap one, and everybody is still aboard."""
    fleet = (coach("A", 6, fixed_fen=50_000), coach("B", 6), coach("C", 6, fixed_fen=10_000))
    asked = problem(riders(S1=5, S4=5), *fleet[:2])
    plan = solve(asked, seconds=0, seed=1, rounds=5)
    dear = next(trip for trip in plan.trips if trip.plate == "A")
    bound = keeping(replace(asked, vehicles=fleet), dear)
    carried = adapted(bound, plan)
    assert carried is not None
    assert dear in carried.trips
    assert {trip.plate for trip in carried.trips} == {"A", "C"}
    assert is_sound(bound, carried)
