"""What is proved about the goal, and what is open."""

from hypothesis import given
from hypothesis import strategies as st

from busops.planner.margin.certificate import Standing, certify
from busops.planner.margin.margin import Margin

FEN = st.integers(min_value=1, max_value=10**8)


def test_even_the_cheapest_plan_costs_too_much() -> None:
    """Fares of 1000.00 may cost 900.00; a bound of 900.01 proves it out of reach, 900.00 does not."""
    margin = Margin(fares_fen=100_000, cost_fen=95_000)
    proved = certify(margin, all_fares_fen=100_000, lower_bound_fen=90_001, bound_model="m")
    assert (proved.standing, proved.may_cost_fen, proved.short_fen) == (Standing.IMPOSSIBLE, 90_000, 1)
    still_open = certify(margin, all_fares_fen=100_000, lower_bound_fen=90_000, bound_model="m")
    assert (still_open.standing, still_open.short_fen) == (Standing.OPEN, 0)


def test_riders_without_a_seat_may_still_pay() -> None:
    """A plan that served everybody could bring their fares too: then nothing is proved."""
    margin = Margin(fares_fen=100_000, cost_fen=95_000)
    found = certify(margin, all_fares_fen=120_000, lower_bound_fen=94_000, bound_model="m")
    assert found.standing is Standing.OPEN


def test_met_and_unproved() -> None:
    """A plan that meets the goal needs no proof; one that misses it without a bound proves nothing."""
    met = Margin(fares_fen=100_000, cost_fen=90_000)
    assert certify(met, all_fares_fen=0, lower_bound_fen=0, bound_model="").standing is Standing.MET
    missed = Margin(fares_fen=100_000, cost_fen=90_001)
    unproved = certify(missed, all_fares_fen=100_000, lower_bound_fen=0, bound_model="")
    assert unproved.standing is Standing.UNPROVED


@given(fares=FEN, cost=FEN, bound=FEN)
def test_impossible_is_exactly_the_test_at_the_bound(fares: int, cost: int, bound: int) -> None:
    """Proved impossible if and only if 10 × (fares − bound) < fares, and then by ``short_fen`` to the fen."""
    bound = min(bound, cost)
    found = certify(
        Margin(fares_fen=fares, cost_fen=cost), all_fares_fen=fares, lower_bound_fen=bound, bound_model="m"
    )
    assert (found.standing is Standing.IMPOSSIBLE) == (10 * (fares - bound) < fares)
    if found.standing is Standing.IMPOSSIBLE:
        assert Margin(fares_fen=fares, cost_fen=bound - found.short_fen).is_met
        assert not Margin(fares_fen=fares, cost_fen=bound - found.short_fen + 1).is_met
