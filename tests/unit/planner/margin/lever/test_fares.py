"""The least rise of a price that reaches the goal, to the fen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busops.finance.waivers import Waiver
from busops.planner.margin.lever.fares import fare_levers, least_rise_fen
from busops.planner.margin.lever.values import Before, LeverKind
from busops.planner.margin.margin import Margin, RiderFare
from busops.planner.margin.rides import Ride
from busops.planner.problem import Plan
from tests.unit.planner.small import coach, problem, riders

WAIVERS = st.one_of(
    st.none(),
    st.integers(0, 10_000).map(lambda part: Waiver(part_bp=part)),
    st.integers(0, 3_000).map(lambda fen: Waiver(fixed_fen=fen)),
)
FARE = st.builds(
    RiderFare, band=st.sampled_from("ABC"), list_fen=st.sampled_from((0, 900, 1400, 2201)), waiver=WAIVERS
)


def before(fares: list[RiderFare], cost_fen: int) -> Before:
    """A plan that carries exactly these riders at this cost."""
    by_rider = {f"R{number:02}": fare for number, fare in enumerate(fares)}
    return Before(
        problem=problem(riders(S1=1), coach()),
        plan=Plan(trips=(), unserved=(), cost_fen=cost_fen, lower_bound_fen=0, bound_model=""),
        fares=by_rider,
        margin=Margin(fares_fen=sum(fare.due_fen() for fare in fares), cost_fen=cost_fen),
        rides=dict.fromkeys(by_rider, Ride(ride_s=60, depart_s=0)),
    )


def paid_fen(fares: list[RiderFare], bands: str, rise_fen: int) -> int:
    """What they owe with the rise, added up by hand."""
    return sum(fare.due_fen(rise_fen if fare.band in bands else 0) for fare in fares)


def test_ten_riders_and_a_coach() -> None:
    """Ten fares of 20.00 against 200.00: 222.23 are needed, so 2.23 more each: 2.22 would miss it."""
    lever = next(fare_levers(before([RiderFare(band="A", list_fen=2000)] * 10, 20_000)))
    assert (lever.kind, lever.facts["rise_fen"]) == (LeverKind.FARE_ALL, 223)
    assert lever.after.is_met
    assert len(lever.affected) == 10
    assert all(one.dearer_fen == 223 for one in lever.affected)
    assert not Margin(fares_fen=10 * 2222, cost_fen=20_000).is_met


@given(fares=st.lists(FARE, min_size=1, max_size=12), cost=st.integers(0, 60_000))
def test_one_fen_less_misses_it(fares: list[RiderFare], cost: int) -> None:
    """For all bands and for each: the rise reaches the goal and is the least that does."""
    given_plan = before(fares, cost)
    for bands in ("ABC", "A", "B", "C"):
        rise = least_rise_fen(given_plan, frozenset(bands))
        if rise is None:
            payers = [fare for fare in fares if fare.band in bands and fare.due_fen(10**7) > fare.due_fen()]
            assert not payers or cost > 0
            continue
        assert Margin(fares_fen=paid_fen(fares, bands, rise), cost_fen=cost).is_met
        if rise > 0:
            assert not Margin(fares_fen=paid_fen(fares, bands, rise - 1), cost_fen=cost).is_met


def test_each_band_alone_and_who_pays_it() -> None:
    """Two bands are told apart; who is waived whole is not affected; a met goal needs no rise."""
    fares = [
        RiderFare(band="A", list_fen=1000),
        RiderFare(band="A", list_fen=1000, waiver=Waiver(part_bp=10_000)),
        RiderFare(band="B", list_fen=1500),
    ]
    found = {(one.kind, one.facts.get("band")): one for one in fare_levers(before(fares, 2700))}
    assert set(found) == {
        (LeverKind.FARE_ALL, None),
        (LeverKind.FARE_BAND, "A"),
        (LeverKind.FARE_BAND, "B"),
    }
    assert found[LeverKind.FARE_BAND, "A"].facts["rise_fen"] == 500  # 30.00 are needed, 25.00 are paid
    assert [one.rider_id for one in found[LeverKind.FARE_BAND, "A"].affected] == ["R00"]
    assert not list(fare_levers(before(fares, 2250)))


@pytest.mark.parametrize("fares", [[], [RiderFare(band="A", list_fen=1000, waiver=Waiver(part_bp=10_000))]])
def test_where_nobody_pays_no_rise_helps(fares: list[RiderFare]) -> None:
    """Without a payer there is no lever."""
    assert not list(fare_levers(before(fares, 1000)))
