"""Hand-overs and other stops from the log alone: who waits, which change allows what, when it calls."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from busops.domain import handover
from busops.domain.due_alarms import HANDOVER_WAIT, Watched, due_alarms, ended_by
from busops.domain.envelope import envelope_of, parse_envelope
from busops.domain.run import fold
from busops.domain.safety_policy import MOST, SafetyPolicy
from busops.domain.stop_changes import StopChanged, StopChangeWithdrawn
from busops.domain.values import CAMPUS
from busops.services.handovers import proof_of
from busops.services.rider_cards import hash_on
from tests.builders import DEPARTS_AT, DEPARTS_MS, Tablet, a_run

VECTORS = Path(__file__).parents[3] / "data" / "vectors" / "handover.json"


def at_first_stop() -> Tablet:
    """A tablet with r1, r2 and r3 aboard, the bus at S1, where r1 gets off."""
    tablet = Tablet(plan=a_run())
    tablet.set_out()
    tablet.record("arrive", stop="S1", after_s=300)
    return tablet


def given(tablet: Tablet, *codes: str, rider: str = "r1", after_s: int = 20):
    """A hand-over is recorded."""
    return tablet.record("handover", rider=rider, codes=list(codes), after_s=after_s)


def called(tablet: Tablet, after_s: int, handed: tuple[str, ...] = ("r1",), **of_day: Any) -> list[str]:
    """The hand-overs for which somebody is called so long after the last event."""
    state = fold(tablet.plan, tablet.log)
    run = Watched(state=state, events=tuple(tablet.log), handed=frozenset(handed), **of_day)
    now = DEPARTS_AT + timedelta(seconds=tablet.now_s + after_s)
    return [due.occasion for due in due_alarms(run, now) if due.kind == HANDOVER_WAIT]


def test_a_rider_nobody_took_calls_after_three_minutes_and_not_before() -> None:
    """Half of it on a hot day; never for one who goes alone, on the way to school, or at the school."""
    tablet = at_first_stop()
    off = tablet.alight("r1")
    assert called(tablet, 179) == []
    assert called(tablet, 180) == [off.event_id]
    assert called(tablet, 90, is_shortened=True) == [off.event_id]
    assert called(tablet, 600, handed=()) == []
    back = at_first_stop()
    back.alight("r1", CAMPUS)
    assert called(back, 600) == []


def test_the_school_may_wait_less_or_a_little_longer() -> None:
    """The minutes of its policy count, shortened on a hot day like every clock over somebody."""
    tablet = at_first_stop()
    off = tablet.alight("r1")
    for minutes in (1, MOST["handover_min"]):
        policy = SafetyPolicy(handover_min=minutes)
        assert called(tablet, 60 * minutes - 1, policy=policy) == []
        assert called(tablet, 60 * minutes, policy=policy) == [off.event_id]
        assert called(tablet, 30 * minutes, policy=policy, is_shortened=True) == [off.event_id]


def test_who_went_over_into_another_bus_is_handed_over_there() -> None:
    """Left for the bus of another run: nobody waits for him at this one."""
    tablet = at_first_stop()
    tablet.record("moved_out", rider="r1", text="run-2")
    assert called(tablet, 600) == []


def test_a_hand_over_ends_it_and_nobody_there_calls_at_once() -> None:
    """Who is back aboard waits no more; who gets off again waits anew."""
    tablet = at_first_stop()
    off = tablet.alight("r1")
    given(tablet, "none")
    assert called(tablet, 0) == [off.event_id]
    tablet.board("r1", "S1")
    assert called(tablet, 600) == []
    again = tablet.alight("r1", "S2")
    assert called(tablet, 180) == [again.event_id]
    given(tablet, "listed", "person:2")
    assert called(tablet, 600) == []
    run = Watched(state=fold(tablet.plan, tablet.log), events=tuple(tablet.log), handed=frozenset({"r1"}))
    assert ended_by(run, HANDOVER_WAIT, again.event_id, DEPARTS_AT) == "handed_over"


def test_a_hand_over_of_before_counts_for_nothing_and_another_tablets_does() -> None:
    """Order is by number on one tablet; on two, only a record that was certainly earlier is left out."""
    tablet = at_first_stop()
    given(tablet, "listed")
    tablet.alight("r1")
    assert len(called(tablet, 600)) == 1
    other = Tablet(plan=tablet.plan, dev=2, now_s=tablet.now_s)
    told = given(other, "code")
    state = fold(tablet.plan, [*tablet.log, told])
    facts = (*tablet.log, told)
    assert not list(handover.waiting(tablet.plan.direction, state.accounts, facts, {"r1"}))
    assert handover.person_no(given(tablet, "listed", "person:12")) == 12
    assert handover.person_no(told) is None


def change(number: int, rider: str = "r1", stop: str = "S2", no: int = 1) -> StopChanged:
    """The office allows another stop."""
    return StopChanged(
        decision_id=f"c{number}",
        run_id="run-1",
        made_ms=DEPARTS_MS,
        by="u1",
        number=number,
        rider_id=rider,
        stop_id=stop,
        change_no=no,
        asked_by="guardian",
    )


def withdrawn(number: int, no: int) -> StopChangeWithdrawn:
    """The office takes its leave back."""
    return StopChangeWithdrawn(
        decision_id=f"w{number}", run_id="run-1", made_ms=DEPARTS_MS, by="u1", number=number, change_no=no
    )


@pytest.mark.parametrize(
    ("decided", "codes", "is_flagged"),
    [
        ((), [], True),
        ((), ["change:1"], True),
        ((change(1),), [], True),  # allowed, but the crew did not know of it
        ((change(1),), ["change:1"], False),
        ((change(1),), ["change:2"], True),
        ((change(1),), ["change:x", "1"], True),
        ((change(1, stop="S3"),), ["change:1"], True),
        ((change(1, rider="r2"),), ["change:1"], True),
        ((change(1), withdrawn(2, 1)), ["change:1"], True),
        ((change(1, stop="S3"), change(2, no=2)), ["change:2"], False),
        ((change(1), change(2, stop="S3", no=2)), ["change:1"], True),  # the newer one holds
    ],
)
def test_another_stop_is_a_finding_unless_the_record_names_a_change_that_holds(
    decided: tuple, codes: list[str], is_flagged: bool
) -> None:
    """ST02: with its number it is in order; without one it is stored and flagged."""
    tablet = at_first_stop()
    tablet.record("depart", stop="S1")
    tablet.record("arrive", stop="S2", after_s=300)
    off = tablet.alight("r1", "S2", codes=codes)
    found = fold(tablet.plan, [*tablet.log, *decided]).findings
    assert (("other_stop", off.event_id) in {(each.code, each.place) for each in found}) == is_flagged


def test_no_change_makes_a_place_lawful_that_is_not_designated() -> None:
    """A number in the record helps nobody off the bus between stops."""
    tablet = at_first_stop()
    off = tablet.alight("r1", "X1", codes=["change:1"])
    found = fold(tablet.plan, [*tablet.log, change(1, stop="X1")]).findings
    assert ("off_stop_alight", off.event_id) in {(each.code, each.place) for each in found}


def test_what_a_record_says_goes_over_the_wire_and_back() -> None:
    """The codes of both kinds are read, and written as they were."""
    tablet = at_first_stop()
    for event in (tablet.alight("r1", "S2", codes=["change:1"]), given(tablet, "listed", "person:1")):
        assert event.codes
        assert parse_envelope(envelope_of(event)) == event


def test_codes_and_cards_are_recognised_as_the_tablet_does() -> None:
    """The vectors that the scripts are held to as well."""
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    for name in ("code", "other"):
        one = vectors[name]
        assert proof_of(one["digits"], bytes.fromhex(one["salt"]), one["rounds"]) == one["proof"]
    assert hash_on("run-1", vectors["card"]["number"]) == vectors["card"]["hash"]
