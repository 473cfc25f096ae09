"""The school's travel file: taken at its word, complete, and never faster than the law."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busops.domain.errors import InvalidInput
from busops.domain.findings import Severity
from busops.domain.values import CAMPUS
from busops.planner.travel import slowed_legs, travel_from_rows

ROWS = (
    (CAMPUS, "S1", 10_000, 900),
    ("S1", CAMPUS, 11_000, 950),
    (CAMPUS, "S2", 20_000, 1500),
    ("S2", CAMPUS, 20_000, 1500),
    ("S1", "S2", 9_000, 700),
    ("S2", "S1", 9_500, 750),
)


def test_rows_keep_both_directions() -> None:
    """The way out and the way back are two values; other places in the file are passed over."""
    travel = travel_from_rows(["S1", "S2"], [*ROWS, ("S1", "S77", 5, 5)])
    assert travel.ids == (CAMPUS, "S1", "S2")
    assert travel.between(CAMPUS, "S1") == (10_000, 900)
    assert travel.between("S1", CAMPUS) == (11_000, 950)
    assert travel.between("S2", "S2") == (0, 0)


def test_every_missing_way_is_named() -> None:
    """A missing pair is an error that names the pair; all are found at once."""
    with pytest.raises(InvalidInput) as refusal:
        travel_from_rows(["S1", "S2"], ROWS[:4])
    assert [finding.place for finding in refusal.value.findings] == ["S1→S2", "S2→S1"]
    assert {finding.code for finding in refusal.value.findings} == {"travel_way_missing"}


def test_a_file_that_lacks_thousands_of_ways_is_told_briefly() -> None:
    """Two hundred pairs are named, the others counted."""
    with pytest.raises(InvalidInput) as refusal:
        travel_from_rows([f"S{number}" for number in range(40)], ())
    last = refusal.value.findings[-1]
    assert (last.code, last.facts["count"]) == ("travel_ways_missing_more", 41 * 40 - 200)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("S1", "S2", 1, 1), "travel_pair_twice"),
        (("S1", "S2", -1, 700), "travel_value_negative"),
    ],
)
def test_bad_rows_are_named(row: tuple[str, str, int, int], code: str) -> None:
    """A second, different value and a negative value are errors; the same row twice is none."""
    with pytest.raises(InvalidInput) as refusal:
        travel_from_rows(["S1", "S2"], [*ROWS, row])
    assert [finding.code for finding in refusal.value.findings] == [code]
    assert travel_from_rows(["S1", "S2"], [*ROWS, ROWS[0]]).between(CAMPUS, "S1") == (10_000, 900)


def test_a_leg_faster_than_the_law_is_slowed_and_told() -> None:
    """Seconds are rounded up to what 80 km/h needs; one warning counts them and names the worst first."""
    rows = [*ROWS[:4], ("S1", "S2", 80_001, 3600), ("S2", "S1", 5, 0), ("S1", "S77", 9000, 1)]
    travel = travel_from_rows(["S1", "S2"], rows)
    assert travel.between("S1", "S2") == (80_001, 3601)
    assert travel.between("S2", "S1") == (5, 1)
    (told,) = slowed_legs(["S1", "S2"], rows)
    assert (told.code, told.severity) == ("legs_slowed", Severity.WARN)
    worst = "S1→S2 80001 m / 3600 s; S2→S1 5 m / 0 s"
    assert told.facts == {"count": 2, "cap_kmh": 80, "worst": worst}


def test_lawful_legs_are_taken_at_their_word() -> None:
    """A leg at the cap keeps its seconds, and nothing is said."""
    rows = [*ROWS[:4], ("S1", "S2", 80_000, 3600), ("S2", "S1", 0, 0)]
    assert travel_from_rows(["S1", "S2"], rows).between("S1", "S2") == (80_000, 3600)
    assert slowed_legs(["S1", "S2"], rows) == ()


@given(
    legs=st.lists(
        st.tuples(st.integers(0, 300_000), st.integers(0, 20_000)), min_size=len(ROWS), max_size=len(ROWS)
    )
)
def test_no_leg_of_any_file_beats_the_law(legs: list[tuple[int, int]]) -> None:
    """Whatever a file says: metres over seconds never pass 80 km/h, and no leg becomes faster than given."""
    rows = [(*ROWS[at][:2], metres, seconds) for at, (metres, seconds) in enumerate(legs)]
    travel = travel_from_rows(["S1", "S2"], rows)
    assert bool((travel.distance_m * 3600 <= 80_000 * travel.duration_s).all())
    slowed = 0
    for origin, target, metres, seconds in rows:
        kept_m, kept_s = travel.between(origin, target)
        assert kept_m == metres
        assert kept_s >= seconds
        assert kept_s == seconds or (kept_s - 1) * 80_000 < metres * 3600
        slowed += kept_s > seconds
    assert sum(int(one.facts["count"]) for one in slowed_legs(["S1", "S2"], rows)) == slowed
