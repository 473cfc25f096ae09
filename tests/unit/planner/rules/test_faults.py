"""Rules that contradict each other or the day are refused, each contradiction by its name."""

from dataclasses import replace

import pytest

from busops.domain.errors import InvalidInput
from busops.planner.problem import Problem, RiderDemand
from busops.planner.rules.rules import KeptTrip, Rules
from tests.unit.planner.small import LIMITS, coach, problem, riders


def kept(plate: str = "P1", wave: int = 1, **at: str) -> Rules:
    """``kept(S1="S1-1 S1-2")``: one kept trip with these halts."""
    halts = tuple((stop, tuple(names.split())) for stop, names in at.items())
    return Rules(kept=(KeptTrip(plate=plate, wave=wave, halts=halts),))


PARTED = Rules(
    together=(frozenset({"S1-1", "S1-2"}),), kept=(*kept(S1="S1-1").kept, *kept("P2", S1="S1-2").kept)
)


def sound() -> Problem:
    """Five riders at two stops, two coaches of three seats."""
    fleet = coach("P1", capacity=3, not_stops=frozenset({"S3"})), coach("P2", capacity=3)
    return problem(riders(S1=3, S4=2), *fleet)


def pair(*names: str) -> tuple[frozenset[str], ...]:
    """One set of riders."""
    return (frozenset(names),)


@pytest.mark.parametrize(
    ("code", "rules"),
    [
        ("rule_rider_unknown", Rules(together=pair("S1-1", "X"))),
        ("rule_rider_unknown", Rules(apart=pair("S1-1", "X"))),
        ("rule_stop_unknown", Rules(only_by={"S9": frozenset({"P1"})})),
        ("rule_vehicle_unknown", Rules(only_by={"S1": frozenset({"P9"})})),
        ("rule_names_one_rider", Rules(apart=pair("S1-1"))),
        ("pair_together_and_apart", Rules(together=pair("S1-1", "S1-2"), apart=pair("S1-1", "S1-2"))),
        (
            "pair_together_and_apart",
            Rules(
                together=(*pair("S1-1", "S1-2"), *pair("S1-2", "S1-3")), apart=pair("S1-1", "S1-3", "S4-1")
            ),
        ),
        (
            "together_exceeds_vehicles",
            Rules(together=(*pair("S1-1", "S1-2"), *pair("S1-2", "S1-3"), *pair("S1-3", "S4-1"))),
        ),
        ("kept_trip_twice", Rules(kept=(*kept(S1="S1-1").kept, *kept(S1="S1-2").kept))),
        ("kept_rider_twice", Rules(kept=(*kept(S1="S1-1").kept, *kept("P2", S1="S1-1").kept))),
        ("kept_vehicle_unknown", kept("P9", S1="S1-1")),
        ("kept_stop_unknown", kept(S9="S1-1")),
        ("kept_wave_unknown", kept(wave=2, S1="S1-1")),
        ("kept_over_capacity", kept(S1="S1-1 S1-2 S1-3", S4="S4-1")),
        ("kept_trip_parts_pair", PARTED),
        ("kept_trip_joins_pair", replace(kept(S1="S1-1 S1-2"), apart=pair("S1-1", "S1-2"))),
    ],
)
def test_each_contradiction_is_named(code: str, rules: Rules) -> None:
    """Each contradiction has its own code, and nothing else is said."""
    with pytest.raises(InvalidInput) as refusal:
        replace(sound(), rules=rules)
    assert {finding.code for finding in refusal.value.findings} == {code}


def test_a_kept_trip_must_still_be_one_that_may_be_driven() -> None:
    """Stop limit, closed stops and ride caps bind a kept trip too."""
    case = problem((*riders(S1=1, S4=1), RiderDemand(rider_id="R", stop_ids=("S3",))), *sound().vehicles)
    way = kept(S1="S1-1", S3="R")
    codes = []
    for change in (
        {"rules": way},
        {"rules": kept(S1="S1-1", S4="S4-1"), "limits": replace(LIMITS, max_stops=1)},
        {
            "rules": kept(S4="S4-1", S1="S1-1"),
            "limits": replace(LIMITS, max_ride_s=1200, ride_factor_milli=1000),
        },
    ):
        with pytest.raises(InvalidInput) as refusal:
            replace(case, **change)  # type: ignore[arg-type]
        codes.append({finding.code for finding in refusal.value.findings})
    assert codes == [{"kept_way_not_allowed"}, {"kept_too_many_stops"}, {"kept_ride_too_long"}]


def test_a_vehicle_rule_names_stops_of_the_day_and_does_not_contradict_itself() -> None:
    """Unknown stops and a stop both allowed and closed are named."""
    case = sound()
    closed = coach("P1", only_stops=frozenset({"S1", "S9"}), not_stops=frozenset({"S1"}))
    with pytest.raises(InvalidInput) as refusal:
        replace(case, vehicles=(closed,))
    assert {finding.code for finding in refusal.value.findings} == {
        "vehicle_stop_unknown",
        "vehicle_stop_allowed_and_not",
    }


def test_sound_rules_are_taken() -> None:
    """Rules that a plan can meet make no fault; a rider gone from a kept trip is none either."""
    rules = replace(
        kept(S1="S1-1 gone"),
        together=pair("S1-2", "S4-1"),
        apart=pair("S1-2", "S4-2"),
        only_by={"S4": frozenset({"P2"})},
    )
    assert replace(sound(), rules=rules).rules == rules
