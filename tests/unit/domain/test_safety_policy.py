"""No school's clock runs longer than the named most; the rungs rise."""

from dataclasses import replace

import pytest

from busops.domain.overrides import VALID_MS
from busops.domain.safety_policy import DEFAULT, LEAST, MOST, NAMES, SafetyPolicy, policy_faults

LADDER = ("crew_min", "dispatcher_min", "walk_min", "responsible_min", "everybody_min")


def test_the_default_may_stand_and_is_what_the_rules_say() -> None:
    """Three to thirty minutes, twenty for the dead man, half on a hot day."""
    assert policy_faults(DEFAULT) == ()
    assert DEFAULT.ladder_min == (0, 3, 5, 10, 15, 30)
    assert (DEFAULT.dead_man_min, DEFAULT.short_pct, DEFAULT.override_ms) == (20, 50, 600_000)
    assert DEFAULT.handover_min == 3
    assert [(after.total_seconds(), level) for after, level in DEFAULT.between] == [(600, 2), (1200, 3)]


@pytest.mark.parametrize("name", NAMES)
def test_no_clock_is_longer_than_its_most_nor_shorter_than_its_least(name: str) -> None:
    """One minute more than the most is refused by name, and so is one less than the least."""
    for value in (MOST[name] + 1, LEAST[name] - 1):
        faults = policy_faults(replace(DEFAULT, **{name: value}))
        assert ("safety_policy_bounds", name) in {(each.code, each.place) for each in faults}


def test_the_ladder_and_the_override_may_only_be_tightened() -> None:
    """Their most is the default, and the override's is the database's own."""
    assert all(MOST[name] == getattr(DEFAULT, name) for name in (*LADDER, "override_min"))
    assert MOST["override_min"] * 60_000 == VALID_MS


def test_a_rung_comes_after_the_one_before() -> None:
    """Two at the same minute, or the other way round, are no ladder."""
    faults = policy_faults(SafetyPolicy(dispatcher_min=3, silence_call_min=3, between_grave_min=10))
    assert {(each.code, each.place) for each in faults} == {
        ("safety_policy_order", "dispatcher_min"),
        ("safety_policy_order", "silence_call_min"),
        ("safety_policy_order", "between_grave_min"),
    }
