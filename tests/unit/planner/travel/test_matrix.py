"""The matrices: checked, frozen, and slowed to the law as a whole exactly as leg by leg."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from busops.domain.errors import InvalidInput
from busops.domain.network import lawful_duration_s
from busops.domain.values import CAMPUS, Position
from busops.planner.travel import Places, TravelTimes
from busops.planner.travel.matrix import lawful_durations, middle_kmh

LENGTHS = st.lists(st.tuples(st.integers(0, 3_000_000), st.integers(0, 200_000)), min_size=9, max_size=9)


def test_matrices_are_checked_and_frozen() -> None:
    """Wrong shapes, negative values, a missing campus are refused; what is accepted cannot be changed."""
    square = np.zeros((2, 2), dtype=np.int64)
    with pytest.raises(InvalidInput):
        TravelTimes(ids=(CAMPUS,), distance_m=square, duration_s=square)
    with pytest.raises(InvalidInput):
        TravelTimes(ids=("S1", "S2"), distance_m=square, duration_s=square)
    with pytest.raises(InvalidInput):
        TravelTimes(ids=(CAMPUS, "S1"), distance_m=square - 1, duration_s=square)
    with pytest.raises(InvalidInput):
        TravelTimes(ids=(CAMPUS, "S1"), distance_m=square.astype(np.int32), duration_s=square)
    travel = TravelTimes(ids=(CAMPUS, "S1"), distance_m=square, duration_s=square.copy())
    with pytest.raises(ValueError, match="read-only"):
        travel.distance_m[0, 0] = 1


@given(legs=LENGTHS)
def test_a_matrix_is_slowed_as_each_of_its_legs(legs: list[tuple[int, int]]) -> None:
    """All at once is the same as the domain's rule for one leg, to the second."""
    distance_m = np.array([metres for metres, _ in legs], dtype=np.int64).reshape(3, 3)
    duration_s = np.array([seconds for _, seconds in legs], dtype=np.int64).reshape(3, 3)
    lawful = lawful_durations(distance_m, duration_s)
    assert lawful.dtype == np.int64
    assert lawful.ravel().tolist() == [lawful_duration_s(*leg) for leg in legs]


def test_places_name_the_campus_first() -> None:
    """Ids and positions run side by side, the campus in front; stops beside are not among them."""
    campus, stop, other = (Position(lat=31.0 + step, lon=104.0) for step in (0, 0.1, 0.2))
    places = Places(campus=campus, stops={"S1": stop}, beside=(other,))
    assert places.ids == (CAMPUS, "S1")
    assert places.positions == (campus, stop)


def test_the_middle_speed_is_of_the_ways_that_are_long_enough() -> None:
    """Half of the ways are faster and half slower; short ones do not count, and none is no speed."""
    distance_m = np.array([[0, 1000, 3000], [6000, 0, 9000], [0, 0, 0]], dtype=np.int64)
    duration_s = np.array([[0, 3600, 3600], [3600, 0, 3600], [0, 0, 0]], dtype=np.int64)
    assert middle_kmh(distance_m, duration_s, least_m=2000) == 6.0
    assert middle_kmh(distance_m, duration_s, least_m=10_000) is None
