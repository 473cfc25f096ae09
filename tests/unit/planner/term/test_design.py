"""A scheme for a term: room for every planned rider, lawful in both directions, bounded, the same again."""

from dataclasses import replace

import numpy as np
import pytest

from busops.domain.values import Direction
from busops.planner.problem import Problem
from busops.planner.term.design import Design, Search, design_scheme
from busops.planner.term.peaks import peaks, places, riders_by_stop
from busops.planner.term.scheme import TermScheme, on_scheme
from busops.planner.term.weekly import weekly_plan
from busops.planner.travel import TravelTimes
from busops.planner.verify import verify
from tests.unit.planner.brute import best_by_trying
from tests.unit.planner.small import LIMITS, coach, problem, random_problem, random_town, riders, road

SEARCH = Search(seconds=0, rounds=15)


def planned(scheme: TermScheme) -> dict[str, int]:
    """The riders that the lines have room for, by stop."""
    room: dict[str, int] = {}
    for line in scheme.lines:
        assert line.riders <= line.seats
        for halt in line.homeward.halts:
            room[halt.stop_id] = room.get(halt.stop_id, 0) + halt.riders
    return room


def is_lawful(given: Problem, made: Design) -> bool:
    """Both directions driven full pass the independent check, on lines that are each other's mirror."""
    back = replace(given, direction=Direction.RETURN)
    for line in made.scheme.lines:
        assert line.stop_ids[::-1] == tuple(halt.stop_id for halt in line.back.halts)
    return verify(given, made.homeward) == () == verify(back, made.back)


def test_every_planned_rider_has_room_in_both_directions() -> None:
    """Twelve random towns with one-way detours: stop by stop the room is the demand, or what is left out."""
    seen_left_out = seen_uneven = 0
    for seed in range(12):
        town = random_problem(seed, stops=5, riders_at_most=2)
        demand = {stop_id: (seed + 3 * at) % 5 for at, stop_id in enumerate(town.stop_ids)}
        fleet = tuple(replace(vehicle, lines=None, capacity=6) for vehicle in town.vehicles)
        given = replace(town, direction=Direction.HOMEWARD, riders=places(demand), vehicles=fleet)
        made = design_scheme(given, licensed=(), search=SEARCH)
        assert is_lawful(given, made), seed
        room = planned(made.scheme)
        for one in made.scheme.left_out:
            room[one.stop_id] = room.get(one.stop_id, 0) + one.riders
        assert room == {stop_id: count for stop_id, count in demand.items() if count}, seed
        seen_left_out += bool(made.scheme.left_out)
        seen_uneven += not np.array_equal(given.travel.duration_s, given.travel.duration_s.T)
    assert 0 < seen_left_out < 12
    assert seen_uneven == 12


def test_a_planned_weekend_and_every_smaller_one_fit_the_scheme() -> None:
    """Eight towns: the weekend with all planned riders, and parts of it, leave nobody over, either way."""
    for seed in range(8):
        ways = random_town(seed, 5)
        demand = {stop_id: 1 + (seed + at) % 4 for at, stop_id in enumerate(ways.ids[1:])}
        fleet = tuple(coach(f"P{number}", capacity=5) for number in range(4))
        given = problem(places(demand), *fleet, travel=ways, limits=replace(LIMITS, max_ride_s=9000))
        made = design_scheme(given, licensed={"P0", "P1"}, search=SEARCH)
        assert made.scheme.left_out == ()
        for direction in Direction:
            for keep in (1, 2, 3):
                some = tuple(rider for at, rider in enumerate(given.riders) if (at + seed) % keep == 0)
                weekend = replace(given, riders=some, direction=direction)
                plan = weekly_plan(weekend, made.scheme.lines, licensed={"P0", "P1"})
                assert verify(on_scheme(weekend, made.scheme.lines, {"P0", "P1"}), plan) == ()
                assert plan.unserved == ()


def test_a_stop_above_the_largest_bus_has_several_lines() -> None:
    """45 riders at S1, buses of 20: three lines go there, and together they have the room."""
    given = problem(riders(S1=45), *(coach(f"P{number}") for number in range(4)))
    given = replace(given, riders=places({"S1": 45}))
    made = design_scheme(given, licensed=(), search=SEARCH)
    assert [line.riders for line in made.scheme.lines] in ([20, 20, 5], [20, 5, 20], [5, 20, 20])
    assert planned(made.scheme) == {"S1": 45}
    assert made.scheme.left_out == ()


def test_what_no_line_can_take_is_left_out_with_the_cause() -> None:
    """One bus of 20 for 23: three places are missing, and the scheme says where and why."""
    given = problem(places({"S1": 12, "S2": 11}), coach())
    made = design_scheme(given, licensed=(), search=SEARCH)
    assert sum(one.riders for one in made.scheme.left_out) >= 3
    assert {one.reason for one in made.scheme.left_out} == {"no_seat"}


def test_a_line_that_would_be_too_long_on_the_way_back_is_not_made() -> None:
    """S1 → S2 is quick homeward; mirrored it breaks the cap, so that each stop gets a line of its own."""
    slow = road().duration_s.copy()
    slow[2, 1] = 3500  # from S2 to S1, on the way back only
    ways = TravelTimes(ids=road().ids, distance_m=road().distance_m.copy(), duration_s=slow)
    tight = replace(LIMITS, max_ride_s=2400)
    given = problem(places({"S1": 3, "S2": 3}), coach(), coach("川F00002"), travel=ways, limits=tight)
    made = design_scheme(given, licensed=(), search=SEARCH)
    assert is_lawful(given, made)
    assert sorted(line.stop_ids for line in made.scheme.lines) == [("S1",), ("S2",)]
    assert made.scheme.left_out == ()
    assert made.scheme.homeward.lower_bound_fen <= made.scheme.homeward.cost_fen
    even = problem(places({"S1": 3, "S2": 3}), coach(), coach("川F00002"), limits=tight)
    assert len(design_scheme(even, licensed=(), search=SEARCH).scheme.lines) == 1


def test_the_bound_is_below_the_best_homeward_plan_there_is() -> None:
    """Twelve tiny towns, both directions: bound ≤ optimum by trying everything ≤ cost of the scheme."""
    for seed in range(12):
        town = random_problem(seed, stops=3, riders_at_most=2)
        demand = {stop_id: (seed + at) % 3 for at, stop_id in enumerate(town.stop_ids)}
        fleet = tuple(replace(vehicle, lines=None) for vehicle in town.vehicles)
        given = replace(town, direction=Direction.HOMEWARD, riders=places(demand), vehicles=fleet)
        scheme = design_scheme(given, licensed=(), search=SEARCH).scheme
        most, best_fen = best_by_trying(given)
        if sum(line.riders for line in scheme.lines) == most:
            assert scheme.homeward.lower_bound_fen <= best_fen <= scheme.homeward.cost_fen, seed
        back_most, back_fen = best_by_trying(replace(given, direction=Direction.RETURN))
        if sum(line.riders for line in scheme.lines) == back_most:
            assert scheme.back.lower_bound_fen <= back_fen <= scheme.back.cost_fen, seed
        assert scheme.cost_fen == sum(line.homeward.cost_fen + line.back.cost_fen for line in scheme.lines)


def test_lines_carry_their_vehicle_and_come_back_the_same() -> None:
    """Numbers, plates, licences and seats are those of the fleet; the same search gives the same scheme."""
    given = problem(places({"S1": 9, "S3": 9, "S4": 4}), coach("川F00001", 12), coach("川F00002", 12))
    made = design_scheme(given, licensed={"川F00002"}, search=SEARCH)
    lines = made.scheme.lines
    assert [line.line_id for line in lines] == ["01", "02"]
    assert {line.plate: line.is_licensed for line in lines} == {"川F00001": False, "川F00002": True}
    assert made.scheme.licensed_lines == tuple(line for line in lines if line.is_licensed)
    assert {line.seats for line in lines} == {12}
    assert made.scheme.longest_s == max(max(line.homeward.longest_s, line.back.longest_s) for line in lines)
    assert design_scheme(given, licensed={"川F00002"}, search=SEARCH) == made


@pytest.mark.parametrize("percent", [50, 90, 100])
def test_a_weekend_within_the_percentile_fits(percent: int) -> None:
    """Five weekends of one school: those at or below the percentile at every stop leave nobody over."""
    counts = [
        {"S1": 3, "S2": 9, "S4": 2},
        {"S1": 4, "S2": 5},
        {"S1": 8, "S3": 1},
        {"S1": 5, "S2": 6},
        {"S2": 7},
    ]
    past = [problem(places(count), *(coach(f"P{number}") for number in range(3))) for count in counts]
    demand = peaks([riders_by_stop(one) for one in past], percent)
    scheme = design_scheme(replace(past[0], riders=places(demand)), licensed=(), search=SEARCH).scheme
    fitting = [
        one for one in past if all(demand.get(stop, 0) >= n for stop, n in riders_by_stop(one).items())
    ]
    assert len(fitting) >= {50: 0, 90: 5, 100: 5}[percent]
    for one in fitting:
        assert weekly_plan(one, scheme.lines, licensed=()).unserved == ()
