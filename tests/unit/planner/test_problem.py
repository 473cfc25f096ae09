"""A problem that contradicts itself is refused with every contradiction named."""

from dataclasses import replace

import pytest

from busops.domain.errors import InvalidInput
from busops.domain.values import CAMPUS
from busops.planner.problem import Limits, Problem, RiderDemand, follows, trip_cost_fen
from tests.unit.planner.small import coach, problem, riders


def refused(**changes: object) -> set[str]:
    """The codes of the findings when these parts of a sound problem are changed."""
    sound = problem(riders(S1=2, S4=1), coach())
    with pytest.raises(InvalidInput) as refusal:
        replace(sound, **changes)  # type: ignore[arg-type]
    assert refusal.value.code == "planning_problem_invalid"
    assert refusal.value.facts["count"] == len(refusal.value.findings)
    return {finding.code for finding in refusal.value.findings}


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("stop_repeated", {"stop_ids": ("S1", "S2", "S3", "S4", "S4")}),
        ("stop_is_campus", {"stop_ids": ("S1", "S4", str(CAMPUS))}),
        ("travel_stop_missing", {"stop_ids": ("S1", "S4", "S9")}),
        ("rider_repeated", {"riders": riders(S1=1) * 2}),
        ("rider_stop_unknown", {"riders": (RiderDemand(rider_id="R", stop_ids=("S1", "S9")),)}),
        ("vehicle_repeated", {"vehicles": (coach(), coach())}),
        ("vehicle_value_too_small", {"vehicles": (coach(capacity=0),)}),
        ("vehicle_value_too_small", {"vehicles": (coach(max_trips=0),)}),
        ("vehicle_value_too_small", {"vehicles": (coach(per_km_fen=-1),)}),
        ("line_stop_not_in_use", {"vehicles": (coach(lines=(("S1", "S9"),)),)}),
        ("line_stop_repeated", {"vehicles": (coach(lines=(("S1", "S2", "S1"),)),)}),
        ("limit_value_too_small", {"limits": Limits(max_stops=0)}),
        ("limit_value_too_small", {"limits": Limits(dwell_rider_s=-1)}),
    ],
)
def test_each_contradiction_is_named(code: str, changes: dict[str, object]) -> None:
    """Each contradiction has its own code."""
    assert code in refused(**changes)


def test_all_contradictions_are_named_at_once() -> None:
    """Nobody has to correct one fault to see the next."""
    faults = refused(
        vehicles=(coach(capacity=0), coach(plate="P2", fixed_fen=-1)), limits=Limits(max_stops=0)
    )
    assert faults == {"vehicle_value_too_small", "limit_value_too_small"}


def test_nobody_and_nothing_is_a_sound_problem() -> None:
    """No rider and no vehicle is a quiet weekend, not an error."""
    assert isinstance(problem(()), Problem)


def test_ride_cap_is_rounded_down_to_a_second() -> None:
    """1.6 × 4,321 s is 6,913.6 s; the cap is 6,913 s, and never under the common cap."""
    limits = Limits(max_ride_s=4500, ride_factor_milli=1600)
    assert limits.ride_cap_s(4321) == 6913
    assert limits.ride_cap_s(60) == 4500


def test_trip_cost_is_rounded_half_up() -> None:
    """2.35 yuan a kilometre: 2 m cost 0.47 fen → 0; 1 km costs 235 fen; half a fen goes up."""
    vehicle = coach(fixed_fen=100, per_km_fen=235)
    assert [trip_cost_fen(vehicle, metres) for metres in (0, 2, 3, 1000)] == [100, 100, 101, 335]
    assert trip_cost_fen(coach(fixed_fen=0, per_km_fen=250), 10_002) == 2501


def test_follows_a_line() -> None:
    """Stops may be skipped, not turned round, repeated or added."""
    line = ("S1", "S2", "S3")
    assert follows(line, ("S1", "S3"))
    assert follows(line, ())
    assert not follows(line, ("S3", "S1"))
    assert not follows(line, ("S1", "S1"))
    assert not follows(line, ("S1", "S4"))
