"""All levers of a plan together: verified, honest about who is worse off, sorted by worth."""

from dataclasses import replace

import pytest

from busops.planner.margin.lever.values import LeverKind
from busops.planner.margin.levers import levers, sorted_levers
from busops.planner.margin.margin import RiderFare
from busops.planner.margin.replan import Replanning
from busops.planner.problem import Limits
from busops.planner.rules.rules import Rules
from busops.planner.solve import solve
from tests.unit.planner.small import coach, keeping, problem, random_town, riders

HOW = Replanning(seconds=0, rounds=6)
TOWN = random_town(11, 8)
DEMAND = riders(**dict.fromkeys(TOWN.ids[1:-1], 6), S8=1)
FLEET = tuple(coach(f"P{number}", seats) for number, seats in enumerate((12, 12, 12, 12, 33)))
ASKED = problem(DEMAND, *FLEET, limits=Limits(max_ride_s=2400, max_stops=4), travel=TOWN)
FARES = {rider.rider_id: RiderFare(band="A", list_fen=2500) for rider in DEMAND}
WALKS = {(one, two): 400 for one in TOWN.ids[1:3] for two in TOWN.ids[1:3] if one != two}


def test_every_kind_is_tried_verified_and_sorted() -> None:
    """Figures add up, nobody is affected twice; worth per rider falls, then come fares, then the useless."""
    plan = solve(ASKED, seconds=0, seed=1, rounds=20)
    told: list[tuple[int, int]] = []
    found = levers(
        ASKED, plan, FARES, HOW, walks=WALKS, on_step=lambda done, total: told.append((done, total))
    )
    kinds = {lever.kind for lever in found}
    assert kinds >= {
        LeverKind.FARE_ALL,
        LeverKind.RIDE_CAP,
        LeverKind.WAVES,
        LeverKind.FLEET_MIX,
        LeverKind.MERGE_STOPS,
        LeverKind.LEAST_AT_STOP,
    }
    useful = [lever for lever in found if lever.gain_fen > 0]
    assert found[: len(useful)] == tuple(useful)
    saving = [lever for lever in useful if not any(one.dearer_fen for one in lever.affected)]
    assert useful[: len(saving)] == saving
    worth = [lever.gain_per_rider for lever in saving]
    assert worth == sorted(worth, reverse=True)
    for lever in found:
        assert lever.verified
        assert lever.gain_fen == lever.saved_fen + lever.more_fares_fen
        assert lever.after.net_fen == lever.after.fares_fen - lever.after.cost_fen
        names = [one.rider_id for one in lever.affected]
        assert names == sorted(set(names))
    assert told[-1][0] == told[-1][1]


@pytest.mark.parametrize("kind", [LeverKind.RIDE_CAP, LeverKind.WAVES, LeverKind.FLEET_MIX])
def test_what_only_loosens_costs_nothing_more(kind: LeverKind) -> None:
    """Longer rides, one more departure and a free choice of sizes are never dearer than today."""
    plan = solve(ASKED, seconds=0, seed=1, rounds=20)
    found = [lever for lever in levers(ASKED, plan, FARES, HOW) if lever.kind is kind]
    assert found
    assert all(lever.saved_fen >= 0 and lever.more_fares_fen == 0 for lever in found)


def test_a_longer_search_is_a_lever_of_its_own() -> None:
    """From a plan with a coach for every stop the search alone saves, and is told as that."""
    roomy = replace(ASKED, vehicles=tuple(coach(f"P{number}", 33) for number in range(8)))
    alone = replace(roomy, limits=replace(roomy.limits, max_stops=1))
    wasteful = solve(alone, seconds=0, seed=1, rounds=3)
    assert len(wasteful.trips) == 8
    found = {lever.kind: lever for lever in levers(roomy, wasteful, FARES, HOW)}
    assert found[LeverKind.SEARCH_ON].saved_fen >= 30_000
    assert found[LeverKind.RIDE_CAP].after.cost_fen <= found[LeverKind.SEARCH_ON].after.cost_fen


def test_without_walks_nobody_walks_and_stopped_ends_early() -> None:
    """No stops are merged without distances on foot; asked to stop, only what needs no plan is told."""
    plan = solve(ASKED, seconds=0, seed=1, rounds=20)
    merging = {LeverKind.MERGE_STOPS, LeverKind.MERGE_STOPS_NEAR}
    assert not {lever.kind for lever in levers(ASKED, plan, FARES, HOW)} & merging
    stopped = levers(ASKED, plan, FARES, replace(HOW, should_stop=lambda: True), walks=WALKS)
    assert {lever.kind for lever in stopped} <= {LeverKind.FARE_ALL, LeverKind.SEARCH_ON}
    assert sorted_levers([]) == ()


def test_peoples_rules_hold_in_every_lever() -> None:
    """Siblings apart and a stop for one coach: levers are still found, each by a plan that keeps both."""
    rules = Rules(apart=(frozenset({"S1-1", "S1-2"}),), only_by={"S3": frozenset({"P4", "P1"})})
    bound = replace(ASKED, rules=rules)
    plan = solve(bound, seconds=0, seed=1, rounds=20)
    found = {lever.kind for lever in levers(bound, plan, FARES, HOW, walks=WALKS)}
    assert found >= {LeverKind.RIDE_CAP, LeverKind.WAVES, LeverKind.FLEET_MIX}


def test_kept_trips_stay_in_every_lever() -> None:
    """One trip is kept, and who rides alone from his stop has quarrelled: levers are found all the same."""
    rules = Rules(apart=(frozenset({"S8-1", "S1-1"}),))
    tied = replace(ASKED, rules=rules)
    first = solve(tied, seconds=0, seed=1, rounds=20)
    stays = next(trip for trip in first.trips if all(halt.stop_id != "S8" for halt in trip.stops))
    bound = keeping(tied, stays)
    plan = solve(bound, seconds=0, seed=1, rounds=20)
    assert not plan.unserved
    found = levers(bound, plan, FARES, HOW, walks=WALKS)
    kinds = {lever.kind for lever in found}
    assert kinds >= {LeverKind.RIDE_CAP, LeverKind.WAVES, LeverKind.FLEET_MIX, LeverKind.LEAST_AT_STOP}
    aboard = {rider_id for halt in stays.stops for rider_id in halt.rider_ids}
    for lever in found:
        assert lever.saved_fen >= 0 or lever.kind is not LeverKind.RIDE_CAP
        worse = {one.rider_id for one in lever.affected if one.longer_s or one.walk_m or one.loses_service}
        assert worse.isdisjoint(aboard)


def test_the_harshest_fare_does_not_lead() -> None:
    """One band alone pays more a rider than all together: the smaller rise stands first, after savings."""
    plan = solve(ASKED, seconds=0, seed=1, rounds=20)
    fares = {name: replace(fare, band=name[:2]) for name, fare in FARES.items()}
    found = [lever for lever in levers(ASKED, plan, fares, HOW) if lever.facts.get("rise_fen")]
    assert found[0].kind is LeverKind.FARE_ALL
    assert len(found) == 9
