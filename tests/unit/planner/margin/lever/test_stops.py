"""Stops as levers: who walks where, and who loses his stop."""

from dataclasses import replace

from busops.planner.margin.lever.stops import few_lever, few_riders, merge_lever, mergers, near_lever
from busops.planner.margin.lever.values import Before, before_of
from busops.planner.margin.margin import RiderFare
from busops.planner.margin.replan import Replanning
from busops.planner.rules.rules import Rules
from busops.planner.solve import solve
from tests.unit.planner.small import coach, keeping, problem, riders

HOW = Replanning(seconds=0, rounds=5)
WALKS = {("S1", "S2"): 900, ("S2", "S1"): 900, ("S3", "S4"): 450, ("S4", "S3"): 450}


def road_before(**at: int) -> Before:
    """A plan of the road with as many coaches as stops; every fare is 10.00."""
    asked = problem(riders(**at), *(coach(f"P{number}") for number in range(4)))
    plan = solve(asked, seconds=0, seed=1, rounds=10)
    fares = {rider.rider_id: RiderFare(band="A", list_fen=1000) for rider in asked.riders}
    return before_of(asked, plan, fares, 1000)


def test_only_stops_within_the_walk_are_merged() -> None:
    """The nearest other stop of the plan counts; beyond the limit there is none."""
    before = road_before(S1=2, S2=2, S3=2, S4=2)
    assert {(one.gone, one.kept) for one in mergers(before, WALKS, 1000)} == {
        ("S1", "S2"),
        ("S2", "S1"),
        ("S3", "S4"),
        ("S4", "S3"),
    }
    assert {one.gone for one in mergers(before, WALKS, 500)} == {"S3", "S4"}
    assert mergers(before, {}, 500) == ()


def test_the_last_stop_of_the_road_is_worth_its_way() -> None:
    """S4's riders walk 450 m to S3: the coach turns 5 km earlier, 10 km saved at 2.35 a kilometre."""
    before = road_before(S1=2, S2=2, S3=2, S4=2)
    best = mergers(before, WALKS, 1000)[0]
    assert (best.gone, best.kept, best.walk_m, best.worth_fen) == ("S4", "S3", 450, 2350)
    lever = merge_lever(before, HOW, best)
    assert lever is not None
    assert (lever.saved_fen, lever.more_fares_fen) == (2350, 0)
    walkers = {one.rider_id: one.walk_m for one in lever.affected if one.walk_m}
    assert walkers == {"S4-1": 450, "S4-2": 450}
    assert lever.facts == {"from": "S4", "to": "S3", "walk_m": 450}


def test_all_near_stops_at_once() -> None:
    """Two pairs within 500 m are merged together; one pair alone is told by itself only."""
    before = road_before(S1=2, S2=2, S3=2, S4=2)
    near = dict.fromkeys(WALKS, 300)
    lever = near_lever(before, HOW, mergers(before, near, 1000))
    assert lever is not None
    assert lever.facts == {"stops": 2, "walk_m": 300}
    assert sum(one.walk_m > 0 for one in lever.affected) == 4
    assert near_lever(before, HOW, mergers(before, WALKS, 1000)) is None


def test_a_stop_with_one_rider_is_left_out_and_he_is_named() -> None:
    """S4's only rider loses his seat and his fare is lost; 10 km are saved. A quarter of all is the most."""
    before = road_before(S1=4, S2=4, S3=4, S4=1)
    assert few_riders(before) == ((2, frozenset({"S4-1"})),)
    lever = few_lever(before, HOW, 2, frozenset({"S4-1"}))
    assert lever is not None
    assert (lever.saved_fen, lever.more_fares_fen, lever.gain_fen) == (2350, -1000, 1350)
    assert [one.rider_id for one in lever.affected if one.loses_service] == ["S4-1"]
    assert few_riders(road_before(S1=1, S4=1)) == ()


def test_a_merger_that_leaves_somebody_without_a_seat_is_none() -> None:
    """A licensed bus that does not pass the kept stop cannot take the walkers: no lever."""
    asked = problem(
        riders(S1=2, S4=2),
        coach("A", 2, lines=(("S1",),)),
        coach("B", 2, lines=(("S4",),)),
    )
    plan = solve(asked, seconds=0, seed=1, rounds=10)
    before = before_of(asked, plan, {}, 1000)
    found = mergers(before, {("S1", "S4"): 300}, 1000)
    assert [one.gone for one in found] == ["S1"]
    assert merge_lever(before, HOW, found[0]) is None
    assert replace(before, fares={}).margin.fares_fen == 0


def bound_before() -> Before:
    """S4's only rider has a friend at S3 and an enemy at S1; the trip to S1, of an earlier plan, is kept."""
    rules = Rules(together=(frozenset({"S4-1", "S3-1"}),), apart=(frozenset({"S4-1", "S1-1"}),))
    fleet = (coach(f"P{number}", 6) for number in range(4))
    asked = replace(problem(riders(S1=4, S2=4, S3=4, S4=1), *fleet), rules=rules)
    first = solve(asked, seconds=0, seed=1, rounds=10)
    near = next(trip for trip in first.trips if "S1" in {halt.stop_id for halt in trip.stops})
    bound = keeping(asked, near)
    plan = solve(bound, seconds=0, seed=1, rounds=10)
    assert not plan.unserved
    return before_of(
        bound, plan, {rider.rider_id: RiderFare(band="A", list_fen=1000) for rider in bound.riders}, 1000
    )


def test_rules_about_who_is_left_out_fall_away() -> None:
    """Without S4's rider his friend and his enemy are bound by nobody: there is a plan with the kept trip."""
    before = bound_before()
    assert few_riders(before) == ((2, frozenset({"S4-1"})),)
    lever = few_lever(before, HOW, 2, frozenset({"S4-1"}))
    assert lever is not None
    assert lever.saved_fen > 0
    assert [one.rider_id for one in lever.affected if one.loses_service] == ["S4-1"]


def test_stops_of_kept_trips_are_no_levers() -> None:
    """People keep the trip to S1: nobody proposes that its riders walk, or that it is not served."""
    before = bound_before()
    walks = {
        (one, two): 300 for one in ("S1", "S2", "S3", "S4") for two in ("S1", "S2", "S3", "S4") if one != two
    }
    found = mergers(before, walks, 1000)
    (kept,) = before.problem.rules.kept
    held = {stop_id for stop_id, _riders in kept.halts}
    assert {one.gone for one in found} == {"S1", "S2", "S3", "S4"} - held
    lever = merge_lever(before, HOW, next(one for one in found if one.gone == "S4"))
    assert lever is not None
    assert [one.rider_id for one in lever.affected if one.walk_m] == ["S4-1"]
    alone = keeping(before.problem, next(trip for trip in before.plan.trips if trip.plate != kept.plate))
    lonely = {stop_id for stop_id, _riders in alone.rules.kept[0].halts}
    lost = [lost for _least, lost in few_riders(replace(before, problem=alone))]
    assert all(rider.partition("-")[0] not in lonely for riders_ in lost for rider in riders_)
