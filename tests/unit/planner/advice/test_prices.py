"""What one more rider costs, exactly and by the dual; what trips and lines earn."""

import pytest

from busops.domain.errors import NotFound
from busops.planner.advice.ground import Barrier
from busops.planner.advice.prices import (
    line_earnings,
    margin_estimates,
    one_more_at_each,
    one_more_rider,
    trip_earnings,
    with_one_more,
)
from busops.planner.advice.redrive import replanned
from busops.planner.verify import verify
from tests.unit.planner.advice.plans import solved, written
from tests.unit.planner.small import coach, problem, random_problem, random_town, riders


def test_each_price_is_a_plan_with_one_rider_more() -> None:
    """On 50 random problems the plan with the new rider verifies and costs exactly the price more."""
    free = dear = closed = 0
    for seed in range(50):
        case = random_problem(5000 + seed, stops=6, riders_at_most=14, spare=seed % 2 == 0)
        plan = solved(case)
        for one in one_more_at_each(case, plan):
            if one.price_fen is None:
                closed += 1
                assert one.refusal is not None
                continue
            more = with_one_more(case, one.stop_id)
            other = replanned(more, plan, one.redrives)
            assert verify(more, other) == ()
            assert other.cost_fen == plan.cost_fen + one.price_fen
            assert len(other.unserved) == len(plan.unserved)
            free += one.price_fen == 0
            dear += one.price_fen > 0
    assert min(free, dear, closed) > 25


def test_a_free_seat_costs_nothing_and_a_full_bus_costs_the_next_vehicle() -> None:
    """S1 has a free seat; with the bus full the rider needs the coach that is free: 200 yuan and 10 km."""
    spare = coach("B", capacity=9, fixed_fen=20_000)
    case = problem(riders(S1=2), coach("A", capacity=3), spare)
    plan = written(case, ("A", (("S1", ("S1-1", "S1-2")),)))
    assert one_more_rider(case, plan, "S1").price_fen == 0
    full = problem(riders(S1=2), coach("A", capacity=2), coach("B", capacity=1, fixed_fen=20_000))
    plan = written(full, ("A", (("S1", ("S1-1", "S1-2")),)))
    one = one_more_rider(full, plan, "S1")
    assert (one.price_fen, one.trip) == (20_000 + 10 * 235, 2)
    alone = problem(riders(S1=2), coach("A", capacity=2))
    refused = one_more_rider(alone, plan, "S1")
    assert refused.price_fen is None
    assert refused.refusal is not None
    assert refused.refusal.barrier is Barrier.SEATS
    assert refused.refusal.facts["missing"] == 1
    with pytest.raises(NotFound, match="advice_stop_unknown"):
        one_more_rider(case, plan, "S9")


def test_the_dual_of_one_stop_and_one_bus_is_its_cost_over_its_riders() -> None:
    """With one stop and a bus to spare the price of the stop is the trip's cost: 347 yuan over 4 riders."""
    case = problem(riders(S2=4), coach("A", capacity=4, max_trips=2))
    plan = solved(case)
    assert margin_estimates(case, plan, rounds=10, seconds=60).fen_by_stop == {"S2": (30_000 + 20 * 235) // 4}


def test_dual_prices_share_out_what_the_routes_cost() -> None:
    """With coaches to spare the riders' prices add up to the cheapest mixture of trips, no more."""
    shares = []
    for seed in range(6):
        ways = random_town(seed, 8)
        demand = riders(**{stop: 2 + number % 4 for number, stop in enumerate(ways.ids[1:])})
        case = problem(demand, *(coach(f"P{number}", capacity=10) for number in range(9)), travel=ways)
        plan = solved(case)
        estimated = margin_estimates(case, plan, rounds=30, seconds=60)
        estimates = estimated.fen_by_stop
        assert not estimated.is_cut_off
        assert all(fen >= 0 for fen in estimates.values())
        assert margin_estimates(case, plan, rounds=30, seconds=60) == estimated
        assert not plan.unserved
        total = sum(estimates[rider.stop_ids[0]] for rider in case.riders)
        assert total <= plan.cost_fen + len(case.riders)  # half a fen a rider is rounding
        shares.append(total / plan.cost_fen)
    assert min(shares) > 0.85


def test_trips_and_lines_earn_fares_less_cost() -> None:
    """
    A's line 1 carries 2 riders at 10 yuan on 5 km out and back, B (charter) 3 at 200 yuan to S4.
        A: 20.00 − (300 + 23.50) = −303.50; B: 600.00 − (300 + 94) = 206.00
    """
    licensed = coach("A", capacity=3, lines=(("S1", "S2"),))
    case = problem(riders(S1=2, S4=3), licensed, coach("B", capacity=3))
    plan = written(case, ("A", (("S1", ("S1-1", "S1-2")),)), ("B", (("S4", ("S4-1", "S4-2", "S4-3")),)))
    fares = {"S1-1": 1000, "S1-2": 1000, "S4-1": 20_000, "S4-2": 20_000, "S4-3": 20_000}
    on_line, charter = line_earnings(case, plan, fares)
    assert (on_line.name, on_line.trips, on_line.riders) == ("A/1", (1,), 2)
    assert (on_line.net_fen, on_line.net_each_fen, on_line.cost_each_fen) == (-30_350, -15_175, 16_175)
    assert (charter.name, charter.net_fen, charter.net_each_fen) == ("", 20_600, 6866)
    assert [one.net_fen for one in trip_earnings(plan, fares)] == [-30_350, 20_600]
    assert sum(one.net_fen for one in trip_earnings(plan, {})) == -plan.cost_fen
