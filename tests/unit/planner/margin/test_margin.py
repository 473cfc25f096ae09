"""The goal in whole fen, and what each trip would need."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busops.finance.waivers import Waiver
from busops.planner.margin.margin import (
    Margin,
    RiderFare,
    break_even_riders,
    margin_of,
    needed_fare_fen,
    trip_margins,
)
from busops.planner.solve import solve
from tests.unit.planner.small import coach, problem, riders

FEN = st.integers(min_value=0, max_value=10**9)


@pytest.mark.parametrize(
    ("fares", "cost", "met", "ratio_bp", "headroom"),
    [
        (11_550_000, 10_320_000, True, 1064, 75_000),  # the worked example of the domain
        (11_550_000, 10_395_000, True, 1000, 0),  # exactly 10.00 %
        (12_000_000, 10_845_000, False, 962, -45_000),
        (11_550_000, 10_395_001, False, 999, -1),  # one fen more, shown floored
    ],
)
def test_the_worked_example(fares: int, cost: int, met: bool, ratio_bp: int, headroom: int) -> None:
    """Net, verdict, floored ratio and headroom are those of the domain's numbers."""
    margin = Margin(fares_fen=fares, cost_fen=cost)
    assert (margin.net_fen, margin.is_met) == (fares - cost, met)
    assert (margin.ratio_bp, margin.headroom_fen) == (ratio_bp, headroom)


@given(fares=st.integers(min_value=1, max_value=10**9), cost=FEN)
def test_the_boundary_is_exact(fares: int, cost: int) -> None:
    """Met is exactly 10 × net ≥ fares, and the headroom is the last fen that may be spent."""
    margin = Margin(fares_fen=fares, cost_fen=cost)
    assert margin.is_met == (10 * (fares - cost) >= fares)
    at_the_edge = Margin(fares_fen=fares, cost_fen=max(0, cost + margin.headroom_fen))
    assert at_the_edge.is_met
    assert not Margin(fares_fen=fares, cost_fen=at_the_edge.cost_fen + 1).is_met


@given(cost=FEN, riders_aboard=st.integers(min_value=1, max_value=60), target=st.integers(0, 9_999))
def test_the_needed_fare_is_the_least(cost: int, riders_aboard: int, target: int) -> None:
    """With it the trip meets the goal; one fen less a rider misses it (where it is above nothing)."""
    fare = needed_fare_fen(cost, riders_aboard, target)
    assert fare is not None
    enough = Margin(fares_fen=fare * riders_aboard, cost_fen=cost, target_bp=target)
    assert enough.is_met or cost == 0
    if fare > 0:
        less = Margin(fares_fen=(fare - 1) * riders_aboard, cost_fen=cost, target_bp=target)
        assert not less.is_met


@given(cost=st.integers(1, 10**7), fare=st.integers(1, 10**5))
def test_break_even_is_the_least_number_of_riders(cost: int, fare: int) -> None:
    """So many riders at this fare meet the goal, one fewer does not."""
    needed = break_even_riders(Margin(fares_fen=fare, cost_fen=cost), 1)
    assert needed is not None
    assert Margin(fares_fen=needed * fare, cost_fen=cost).is_met
    assert not Margin(fares_fen=(needed - 1) * fare, cost_fen=cost).is_met


def test_nothing_is_needed_that_cannot_be() -> None:
    """No rider, no fare, or a goal of everything: there is no such figure."""
    assert needed_fare_fen(100, 0) is None
    assert needed_fare_fen(100, 5, 10_000) is None
    assert break_even_riders(Margin(fares_fen=0, cost_fen=100), 5) is None


def test_a_fare_is_what_the_waiver_leaves() -> None:
    """Half price of 15.00 after a rise of 1.00 is 8.00; a band without a price stays without one."""
    half = RiderFare(band="A", list_fen=1500, waiver=Waiver(part_bp=5000))
    assert (half.due_fen(), half.due_fen(100)) == (750, 800)
    assert RiderFare(band="A", list_fen=0).due_fen(100) == 0


def test_each_trip_tells_what_it_needs() -> None:
    """Two trips of a plan: their fares and costs add up to the plan's; a stranger owes nothing."""
    asked = problem(riders(S1=12, S4=10), coach("A", 12), coach("B", 12))
    plan = solve(asked, seconds=0, seed=1, rounds=20)
    fares = {f"S1-{number}": RiderFare(band="A", list_fen=2000) for number in range(1, 13)}
    whole, parts = margin_of(plan, fares), trip_margins(plan, fares)
    assert whole.fares_fen == 12 * 2000
    assert sum(part.margin.fares_fen for part in parts) == whole.fares_fen
    assert sum(part.margin.cost_fen for part in parts) == whole.cost_fen == plan.cost_fen
    for part in parts:
        assert part.needed_fare_fen == -(-10 * part.trip.cost_fen // (9 * part.riders))
