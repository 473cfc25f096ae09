"""The fold's own words: phases, findings and who made them, one story each."""

from datetime import timedelta

import pytest

from busops.domain.events import Resolved, Whereabouts
from busops.domain.findings import Severity
from busops.domain.roster import NotRidingReason
from busops.domain.run import Phase, RunState, fold
from tests.builders import ALL_OK, DRIVER, Tablet, a_finished_run, a_run, decided


def of(tablet: Tablet) -> RunState:
    """The state by what the tablet recorded."""
    return fold(tablet.plan, tablet.log)


def codes(state: RunState, severity: Severity | None = None) -> set[str]:
    """The codes of the findings, of one severity or all."""
    return {each.code for each in state.findings if severity in (None, each.severity)}


def test_a_run_goes_through_its_phases_one_by_one() -> None:
    """Ready, under way, arrived, checked; any movement afterwards sends it back to arrived."""
    tablet = Tablet(plan=a_run())
    assert of(tablet).phase is Phase.READY
    tablet.set_out()
    assert of(tablet).phase is Phase.UNDERWAY
    tablet.drive()
    assert of(tablet).phase is Phase.ARRIVED
    tablet.prove_empty()
    assert of(tablet).phase is Phase.CHECKED
    assert of(tablet).checked_at_ms == tablet.log[-1].at_ms
    tablet.board("r1", "S3")
    assert of(tablet).phase is Phase.ARRIVED


def test_a_perfect_run_has_nothing_odd() -> None:
    """No finding, everybody accounted for, nobody missing."""
    state = of(a_finished_run(a_run()))
    assert state.findings == ()
    assert state.boarded_ever == state.alighted == state.expected
    assert not state.not_yet


def test_bd03_a_rider_who_is_not_on_the_list_is_carried_and_named() -> None:
    """The fact stands: he is aboard until he is off, and the office is told."""
    tablet = Tablet(plan=a_run())
    tablet.board("r9")
    assert "r9" in of(tablet).aboard
    assert "walk_on" in codes(of(tablet))


def test_a_boarding_wins_over_a_reason_not_to_ride() -> None:
    """Marked absent and then on: aboard, with the conflict on record."""
    tablet = Tablet(plan=a_run())
    tablet.record("absent", rider="r1", reason="ill")
    assert of(tablet).absent == {"r1": NotRidingReason.ILL}
    tablet.board("r1")
    assert of(tablet).aboard == {"r1"}
    assert "absent_but_boarded" in codes(of(tablet))


def test_an_alighting_without_a_boarding_counts_as_off_and_is_odd() -> None:
    """Somebody forgot the first tap."""
    tablet = Tablet(plan=a_run())
    tablet.alight("r1")
    assert of(tablet).alighted == {"r1"}
    assert "alight_without_board" in codes(of(tablet))


def test_sy06_two_tablets_tapping_one_child_are_no_trouble() -> None:
    """Aboard once, told as a remark."""
    door, cab = Tablet(plan=a_run()), Tablet(plan=a_run(), dev=2)
    door.board("r1")
    cab.board("r1")
    state = fold(door.plan, [*door.log, *cab.log])
    assert state.aboard == {"r1"}
    assert codes(state, Severity.LOG) == {"aboard_twice"}


@pytest.mark.parametrize("stop_id", ["nowhere", None])
def test_st01_getting_off_where_nobody_may_holds_the_run(stop_id: str | None) -> None:
    """A stop that is not designated, or no stop at all."""
    tablet = Tablet(plan=a_run())
    tablet.board("r1")
    tablet.record("alight", rider="r1", stop=stop_id)
    assert codes(of(tablet), Severity.BLOCK) == {"off_stop_alight"}
    assert of(tablet).alighted == {"r1"}


def test_st02_another_designated_stop_is_told_and_holds_nothing() -> None:
    """On the run but not his, and designated but not on the run."""
    tablet = Tablet(plan=a_run())
    tablet.alight("r1", "S2")
    assert {"other_stop"} <= codes(of(tablet), Severity.WARN)
    other = Tablet(plan=a_run())
    other.alight("r1", "S9")
    assert {"stop_not_of_run"} <= codes(of(other), Severity.WARN)


def test_bd07_to_bd09_a_departure_without_what_it_needs_is_held_up() -> None:
    """No list read, no precheck, no count, riders open; and too early is told."""
    tablet = Tablet(plan=a_run())
    tablet.board("r1")
    tablet.record("depart", stop="@campus", by=DRIVER)
    gates = {
        "departed_without_ack",
        "departed_without_count",
        "departed_without_riders",
    }
    assert codes(of(tablet), Severity.GATE) == gates
    assert codes(of(tablet), Severity.BLOCK) == {"departed_without_precheck"}
    assert codes(of(tablet), Severity.WARN) == {"departed_early"}


def test_bd08_a_count_that_differs_is_put_right_by_a_second_one() -> None:
    """Two counted, three marked: held; counted again right: not held."""
    tablet = Tablet(plan=a_run())
    for rider_id in tablet.plan.riders:
        tablet.board(rider_id)
    tablet.record("headcount", n=2, stop="@campus")
    assert codes(of(tablet), Severity.GATE) == {"head_count_differs"}
    tablet.record("headcount", n=3, stop="@campus")
    assert codes(of(tablet), Severity.GATE) == set()


def test_ec06_a_check_faster_than_a_walk_stands_and_is_told() -> None:
    """Five rows in four seconds: valid, but on record."""
    tablet = Tablet(plan=a_run())
    tablet.set_out()
    tablet.drive()
    tablet.check("ATTENDANT", by="A1", codes=list(tablet.plan.tags.values()), after_s=4)
    assert of(tablet).checks.attendant is not None
    assert "check_too_fast" in codes(of(tablet), Severity.WARN)


def test_clocks_that_lie_are_told() -> None:
    """A wall clock moved by hand in the middle, and one that was never set."""
    jumps = Tablet(plan=a_run())
    jumps.board("r1")
    jumps.record("note", text="x", wall_ms=jumps.log[0].wall_ms + 10**7)
    assert "clock_jumped" in codes(of(jumps))
    unset = Tablet(plan=a_run(), knows_offset=False)
    unset.board("r1")
    assert "clock_unknown" in codes(of(unset), Severity.LOG)


def test_a_defect_and_a_stranger_are_told() -> None:
    """What the driver wrote down, and who was not of the crew."""
    tablet = Tablet(plan=a_run())
    tablet.record("precheck", by=DRIVER, codes=list(ALL_OK[:-1]), reason="tyre worn")
    tablet.board("r1", by="X9")
    assert {"defect_critical", "not_of_crew"} <= codes(of(tablet))
    tablet.record("precheck", by=DRIVER, codes=list(ALL_OK), reason="wiper")
    assert "defect_reported" in codes(of(tablet), Severity.WARN)
    assert "not_of_crew" not in codes(of(tablet), Severity.GATE)


def test_a_stranger_who_clears_riders_holds_the_run_open_until_two_people_looked() -> None:
    """Who is not of the crew may have seen it; each further mark of his asks anew."""
    tablet = Tablet(plan=a_run())
    tablet.board("r1")
    tablet.alight("r1", by="X9")
    first = {each.key for each in of(tablet).findings if each.code == "not_of_crew"}
    assert "not_of_crew" in codes(of(tablet), Severity.GATE)
    tablet.record("absent", rider="r2", reason="leave", by="X9")
    assert first.isdisjoint({each.key for each in of(tablet).findings})


def test_who_was_found_never_to_have_been_aboard_did_not_ride() -> None:
    """Two people say so of a wrong tap: not aboard, absent with the reason, not riding."""
    tablet = Tablet(plan=a_run())
    mark = tablet.board("r1")
    own = {"rider_id": "r1", "says": Whereabouts.NEVER_ABOARD, "covers": frozenset({mark.event_id})}
    found = decided(Resolved, tablet.plan, absence=NotRidingReason.ILL, **own)
    state = fold(tablet.plan, [*tablet.log, found])
    assert state.absent == {"r1": NotRidingReason.ILL}
    assert state.boarded_ever == frozenset()


def test_events_of_another_run_say_nothing_here() -> None:
    """The fold takes only what belongs to its run."""
    other = a_finished_run(a_run(run_id="run-2"))
    state = fold(a_run(), other.log)
    assert state.phase is Phase.READY
    assert state.plan.arrives_at - state.plan.departs_at == timedelta(minutes=30)
