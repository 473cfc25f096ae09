"""What a check must show: levels and what raises them, the order of the walk, readings and their pace."""

from itertools import pairwise

import pytest

from busops.domain.evidence import (
    AUDITED_PER_MILLE,
    EXIT,
    MID,
    PACE_MS_PER_ROW,
    REAR,
    Evidence,
    in_order_of_the_walk,
    is_audited,
    outran,
    position,
    raised,
    readings,
)
from busops.domain.findings import Severity
from busops.domain.fleet import CrewRole
from busops.domain.gate import reasons_not_to_close
from busops.domain.run import fold
from tests.builders import TAGS, Tablet, a_run


def test_a_button_alone_is_no_level():
    """E0 can be neither chosen nor read."""
    with pytest.raises(ValueError, match="E0"):
        Evidence("E0")


def test_each_level_asks_for_everything_of_the_one_below():
    """Places, photo and sensor only ever grow with the level, and every level asks for the rear."""
    levels = list(Evidence)
    for lower, higher in pairwise(levels):
        assert set(lower.places) <= set(higher.places)
        assert lower.asks_photo <= higher.asks_photo
        assert lower.asks_sensor <= higher.asks_sensor
    assert all(REAR in level.places for level in levels)
    assert [level.asks_photo for level in levels] == [False, False, True, True]
    assert [level.asks_sensor for level in levels] == [False, False, False, True]


@pytest.mark.parametrize(("is_hot", "is_substitute"), [(True, False), (False, True), (True, True)])
def test_heat_or_new_people_raise_a_level_by_one_and_never_to_a_sensor(is_hot, is_substitute):
    """E1 becomes E2, E2 becomes E3; E3 stays, because a hot day puts no sensor into a bus."""
    after = [raised(level, is_hot=is_hot, is_substitute=is_substitute) for level in Evidence]
    assert after == [Evidence.E2, Evidence.E3, Evidence.E3, Evidence.E4]
    assert [raised(level, is_hot=False, is_substitute=False) for level in Evidence] == list(Evidence)


@pytest.mark.parametrize("rows", [1, 2, 7, 8, 40])
def test_the_walk_meets_every_place_once_and_never_turns_back(rows):
    """Front to rear: positions never fall, the middle lies in the middle, the exit is last."""
    walk = in_order_of_the_walk(rows)
    assert sorted(walk) == sorted([MID, REAR, EXIT, *(f"row:{row}" for row in range(1, rows + 1))])
    places = [position(place, rows) for place in walk]
    assert places == sorted(places)
    assert walk[-1] == EXIT


def test_readings_come_in_the_order_they_were_made_and_broken_words_are_left():
    """The oldest first; codes, strangers' words and broken times tell nothing."""
    words = [
        "481907",
        "@rear:camera:9000",
        "@row:7:reader:100",
        "@row:7",
        "@exit:nfc:-5",
        "@x:typed:1e3",
        "rear:a:1",
    ]
    made = [(each.place, each.source, each.ago_ms) for each in readings(words)]
    assert made == [("rear", "camera", 9000), ("row:7", "reader", 100)]


def test_two_scans_closer_than_the_walk_between_them_outran_the_walker():
    """Seven rows take seven paces, to the millisecond; what was typed says nothing of where."""
    enough = 7 * PACE_MS_PER_ROW
    assert not outran(readings([f"@row:1:camera:{enough}", "@row:8:camera:0"]), 8)
    assert outran(readings([f"@row:1:camera:{enough - 1}", "@row:8:camera:0"]), 8)
    assert not outran(readings(["@row:1:typed:10", "@row:8:typed:0"]), 8)
    assert not outran(readings(["@row:99:camera:10", "@elsewhere:camera:0"]), 8)
    assert not outran([], 8)


def test_about_five_in_a_hundred_runs_are_audited_and_always_the_same():
    """The draw is by the run's id: nobody chooses, nobody draws again."""
    drawn = [is_audited(f"run-{number}") for number in range(10_000)]
    assert 0.8 * AUDITED_PER_MILLE < sum(drawn) / 10 < 1.2 * AUDITED_PER_MILLE
    assert drawn == [is_audited(f"run-{number}") for number in range(10_000)]


@pytest.mark.parametrize(
    ("level", "words", "codes"),
    [
        (Evidence.E2, (), set()),
        (Evidence.E3, (), {"check_without_photo"}),
        (Evidence.E3, ("photo:" + "0" * 32,), set()),
        (Evidence.E4, ("photo:" + "0" * 32,), {"check_without_sensor"}),
        (Evidence.E4, (), {"check_without_photo", "check_without_sensor"}),
        (Evidence.E4, ("photo:" + "0" * 32, "sensor"), set()),
    ],
)
def test_what_the_last_walk_lacks_holds_the_run_until_two_people_settle_it(level, words, codes):
    """A missing photo or sensor's word is a finding that keeps the run open; the check itself stands."""
    plan = a_run(evidence=level, tags={**TAGS, "mid": "900006", "exit": "900007"})
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    tablet.check(CrewRole.ATTENDANT)
    tablet.check(CrewRole.DRIVER, codes=[*sorted(plan.asked_codes(CrewRole.DRIVER)), *words])
    tablet.record("parked", by=plan.driver_id, codes=[TAGS["rear"]])
    tablet.seal()
    state = fold(plan, tablet.log)
    assert state.checks.driver is not None
    found = {finding.code for finding in state.open_findings if finding.severity is Severity.GATE}
    assert found == codes
    held = {
        reason.facts["finding"] for reason in reasons_not_to_close(state) if reason.code == "finding_open"
    }
    assert held == codes


def test_a_run_drawn_for_audit_only_says_that_its_photo_is_missing():
    """Below E3 the sample is for reading: it keeps nobody from closing."""
    run_id = next(f"run-{number}" for number in range(1000) if is_audited(f"run-{number}"))
    plan = a_run(run_id=run_id)
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    tablet.prove_empty()
    tablet.seal()
    found = {finding.code: finding.severity for finding in fold(plan, tablet.log).findings}
    assert found["audit_without_photo"] is Severity.WARN


def test_scans_faster_than_the_walk_flag_the_check_as_too_fast():
    """EC06: accepted and flagged, though the whole check took long enough."""
    plan = a_run()
    tablet = Tablet(plan=plan)
    tablet.set_out()
    tablet.drive()
    words = ["@row:1:camera:900", "@rear:camera:100"]
    tablet.check(CrewRole.ATTENDANT, codes=[*sorted(plan.asked_codes(CrewRole.ATTENDANT)), *words])
    state = fold(plan, tablet.log)
    assert state.checks.attendant is not None
    assert "check_too_fast" in {finding.code for finding in state.findings}
