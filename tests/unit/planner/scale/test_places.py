"""A map of the plane from ways alone: near stays near, the campus is in the middle."""

import numpy as np

from busops.domain.values import Position
from busops.planner.scale.places import positions_of
from busops.planner.travel import estimate_travel
from tests.unit.planner.scale.cities import town
from tests.unit.planner.small import road


def test_ways_on_the_map_are_the_ways_they_were_made_from() -> None:
    """For a county's estimated ways, map distances are within 1 % of the ways for nearly all pairs."""
    travel = town(120).travel
    places = positions_of(travel)
    drawn = np.hypot(*(places[:, None] - places[None, :]).T)
    far = travel.distance_m > 2000
    off = np.abs(drawn[far] - travel.distance_m[far]) / travel.distance_m[far]
    assert places[0].tolist() == [0.0, 0.0]
    assert float(np.quantile(off, 0.95)) < 0.01


def test_a_straight_road_is_a_line() -> None:
    """Places on one road lie on one line in their order, whatever the sign of the axes."""
    along = positions_of(road())[:, 0]
    assert np.allclose(np.sort(np.abs(along)), [0, 5000, 10000, 15000, 20000], atol=1)


def test_places_on_top_of_each_other_do_no_harm() -> None:
    """A campus alone, and stops at the campus, have a position."""
    here = Position(lat=31.0, lon=104.0)
    assert positions_of(estimate_travel(here, {})).tolist() == [[0.0, 0.0]]
    assert np.abs(positions_of(estimate_travel(here, {"A": here, "B": here}))).max() < 1
