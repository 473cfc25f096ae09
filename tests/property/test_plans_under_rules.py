"""Plans under rules by chance verify; a plan that breaks a rule is found, whoever made it."""

from dataclasses import replace
from random import Random

import pytest

from busops.planner.problem import Plan, Problem, Trip, TripStop
from busops.planner.rules.rules import KeptTrip, Rules
from busops.planner.solve import solve
from busops.planner.verify import verify
from tests.unit.planner.small import random_problem, random_wishes


def under_rules(seed: int) -> Problem:
    """Eight stops, up to thirty riders, half a dozen rules."""
    return random_wishes(random_problem(5000 + seed, stops=8, riders_at_most=30), seed, pairs=5)


def codes(case: Problem, plan: Plan) -> set[str]:
    """The codes of all findings."""
    return {finding.code for finding in verify(case, plan)}


def riders_of(trip: Trip) -> list[str]:
    """Everybody on the trip."""
    return [rider for halt in trip.stops for rider in halt.rider_ids]


def moved(plan: Plan, rider_id: str, to: int) -> Plan:
    """The rider sits in the first halt of another trip instead of his own; nothing else is changed."""

    def halt_with(halt: TripStop, *, joins: bool) -> TripStop:
        left = tuple(rider for rider in halt.rider_ids if rider != rider_id)
        return replace(halt, rider_ids=(*left, rider_id) if joins else left)

    trips = tuple(
        replace(
            trip,
            stops=tuple(
                halt_with(halt, joins=number == to and place == 0) for place, halt in enumerate(trip.stops)
            ),
        )
        for number, trip in enumerate(plan.trips)
    )
    return replace(plan, trips=trips)


@pytest.mark.parametrize("block", range(4))
def test_plans_keep_the_rules_and_broken_ones_are_found(block: int) -> None:
    """Sixty problems in four blocks: each plan verifies, each break of a rule about riders is named."""
    parted = joined = closed = 0
    for seed in range(15 * block, 15 * block + 15):
        case = under_rules(seed)
        plan = solve(case, seconds=0, seed=seed, rounds=6)
        assert verify(case, plan) == (), seed
        trip_of = {rider: number for number, trip in enumerate(plan.trips) for rider in riders_of(trip)}
        for group in case.rules.together:
            here = [rider for rider in sorted(group) if rider in trip_of]
            if len(here) > 1 and len(plan.trips) > 1:
                to = next(number for number in range(len(plan.trips)) if number != trip_of[here[0]])
                assert "plan_pair_parted" in codes(case, moved(plan, here[0], to))
                parted += 1
        for group in case.rules.apart:
            here = [rider for rider in sorted(group) if rider in trip_of]
            if len(here) > 1:
                assert "plan_pair_joined" in codes(case, moved(plan, here[0], trip_of[here[1]]))
                joined += 1
        if plan.trips:
            tight = replace(case.rules, only_by={plan.trips[0].stops[0].stop_id: frozenset()})
            assert "plan_stop_closed_to_vehicle" in codes(replace(case, rules=tight), plan)
            closed += 1
    assert min(parted, joined, closed) >= 5, (parted, joined, closed)


def test_the_rest_is_planned_round_kept_trips() -> None:
    """Half of the trips of a plan are kept, a rider falls ill: the new plan has them, and verifies."""
    kept_trips = 0
    for seed in range(20):
        case = under_rules(seed)
        before = solve(case, seconds=0, seed=seed, rounds=4)
        kept = tuple(
            KeptTrip(
                plate=trip.plate,
                wave=trip.wave,
                halts=tuple((halt.stop_id, halt.rider_ids) for halt in trip.stops),
                depart_s=trip.depart_s,
            )
            for trip in before.trips[::2]
        )
        if not kept:
            continue
        ill = Random(seed).choice(case.riders)
        left = case.for_riders(rider for rider in case.riders if rider is not ill)
        after = replace(left, rules=replace(left.rules, kept=kept))
        plan = solve(after, seconds=0, seed=seed, rounds=4)
        assert verify(after, plan) == (), seed
        kept_trips += len(kept)
        if set(riders_of(before.trips[0])) - {ill.rider_id}:
            without = replace(plan, trips=tuple(one for one in plan.trips if one.plate != kept[0].plate))
            assert "plan_kept_trip_missing" in codes(after, without)
    assert kept_trips > 15


def test_rules_that_bind_nothing_change_nothing() -> None:
    """A rule met anyway leaves the plan as it is without rules."""
    case = random_problem(5100, stops=8, riders_at_most=30)
    free = solve(case, seconds=0, seed=1, rounds=4)
    every = frozenset(vehicle.plate for vehicle in case.vehicles)
    open_everywhere = replace(case, rules=Rules(only_by=dict.fromkeys(case.stop_ids, every)))
    assert solve(open_everywhere, seconds=0, seed=1, rounds=4) == free
