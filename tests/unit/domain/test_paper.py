"""A filled-in manifest as facts: their order, their uncertainty, and what is not taken at all."""

from dataclasses import replace
from datetime import timedelta

import pytest

from busops.domain import paper
from busops.domain.events import Kind
from busops.domain.handover import HandedBy
from busops.domain.paper import PaperCheck, PaperHandover, PaperRider, PaperStop, Sheet
from busops.domain.roster import NotRidingReason
from busops.domain.values import CAMPUS, Direction
from tests.builders import ATTENDANT, DEPARTS_AT, DRIVER, a_run

LATER = DEPARTS_AT + timedelta(hours=4)
PLAN = a_run()
FOUR = 16 * 60


def a_sheet(**changes) -> Sheet:
    """Three riders on at the campus, off at their stops; signed by both, without a check."""
    sheet = Sheet(
        roster_v=1,
        attendant_id=ATTENDANT,
        driver_id=DRIVER,
        is_signed_by_attendant=True,
        is_signed_by_driver=True,
        stops=(
            PaperStop(stop_id=CAMPUS, left_min=FOUR, count=3),
            PaperStop(stop_id="S1", arrived_min=FOUR + 11, left_min=FOUR + 12),
            PaperStop(stop_id="S2", arrived_min=FOUR + 21, left_min=FOUR + 21),
            PaperStop(stop_id="S3", arrived_min=FOUR + 30),
        ),
        riders=tuple(
            PaperRider(rider_id=f"r{number}", on_at=CAMPUS, off_at=f"S{number}") for number in (1, 2, 3)
        ),
    )
    return replace(sheet, **changes)


def test_the_facts_follow_the_times_and_within_a_minute_the_way_of_a_stop():
    """Read, on, counted, gone; then at each stop come, off, gone."""
    kinds = [(fact.kind.value, fact.stop) for fact in paper.facts_of(PLAN, a_sheet())]
    assert kinds == [
        ("ack", None),
        *[("board", CAMPUS)] * 3,
        ("headcount", CAMPUS),
        ("depart", CAMPUS),
        *[(kind, "S1") for kind in ("arrive", "alight", "depart")],
        *[(kind, "S2") for kind in ("arrive", "alight", "depart")],
        *[(kind, "S3") for kind in ("arrive", "alight")],
    ]
    assert paper.faults(PLAN, a_sheet(), LATER) == ()


def test_a_minute_of_paper_is_its_middle_at_the_school():
    """16:05 is 08:05:30 in UTC, and the clock it is read by is a minute uncertain."""
    at = paper.moment_of(PLAN, FOUR + 5)
    assert at == DEPARTS_AT + timedelta(minutes=5, seconds=30)
    assert 2_000 + paper.OFFSET_AGE_MS // 10_000 >= 60_000


def test_an_absence_stands_where_the_rider_should_have_got_on():
    """Its time is that of the stop, so that it is no mark after the departure."""
    riders = (PaperRider(rider_id="r1", absence=NotRidingReason.ILL), *a_sheet().riders[1:])
    (fact,) = [each for each in paper.facts_of(PLAN, a_sheet(riders=riders)) if each.kind is Kind.ABSENT]
    assert (fact.rider, fact.reason, fact.at_min) == ("r1", NotRidingReason.ILL, FOUR)


CHECK = PaperCheck(at_min=FOUR + 40, codes=("900001", "900002"))
FAULTS = {
    "paper_empty": {"riders": ()},
    "paper_not_of_crew": {"attendant_id": "A9"},
    "same_person": {"attendant_id": DRIVER},
    "paper_not_signed_by_both": {"attendant_check": CHECK, "is_signed_by_driver": False},
    "paper_check_without_codes": {"parked": PaperCheck(at_min=FOUR + 50, codes=())},
    "paper_checks_backwards": {"attendant_check": CHECK, "driver_check": replace(CHECK, at_min=FOUR + 39)},
    "paper_rode_and_absent": {
        "riders": (PaperRider(rider_id="r1", on_at=CAMPUS, absence=NotRidingReason.ILL),)
    },
    "paper_off_before_on": {"riders": (PaperRider(rider_id="r1", on_at="S2", off_at="S1"),)},
    "paper_stop_unknown": {"riders": (PaperRider(rider_id="r1", on_at="S8"),)},
    "paper_time_missing": {"stops": (PaperStop(stop_id=CAMPUS, left_min=FOUR),)},
    "paper_times_backwards": {
        "stops": (*a_sheet().stops[:3], PaperStop(stop_id="S3", arrived_min=FOUR + 20))
    },
    "paper_in_the_future": {"stops": (*a_sheet().stops[:3], PaperStop(stop_id="S3", arrived_min=23 * 60))},
}


@pytest.mark.parametrize("code", FAULTS)
def test_what_cannot_be_true_is_not_taken(code):
    """Each fault is found by itself, and is the only one."""
    found = {fault.code for fault in paper.faults(PLAN, a_sheet(**FAULTS[code]), LATER)}
    assert found == {code}


def test_a_check_without_both_signatures_is_refused_whoever_is_missing():
    """The two checks are two people's word: one signature is none."""
    for missing in ("is_signed_by_attendant", "is_signed_by_driver"):
        for check in ("attendant_check", "driver_check", "parked"):
            sheet = a_sheet(**{missing: False, check: CHECK})
            assert "paper_not_signed_by_both" in {each.code for each in paper.faults(PLAN, sheet, LATER)}


def test_a_second_reader_counts_boxes_not_riders():
    """On, off and absent are three sums; who was ticked on only counts in the first."""
    riders = (
        PaperRider(rider_id="r1", on_at=CAMPUS, off_at="S1"),
        PaperRider(rider_id="r2", on_at=CAMPUS),
        PaperRider(rider_id="r3", absence=NotRidingReason.ILL),
    )
    assert a_sheet(riders=riders).sums == (2, 1, 1, 0)


def handed(rider_id: str = "r1", minutes: int = 12, **own) -> PaperHandover:
    """A rider was given into somebody's hands so many minutes after four."""
    return PaperHandover(rider_id=rider_id, at_min=FOUR + minutes, **({"how": HandedBy.CODE} | own))


def test_a_hand_over_comes_after_the_alighting_and_says_how():
    """Within the minute of the alighting too; to whom by his number, as a tablet says it."""
    sheet = a_sheet(handovers=(handed(minutes=11, how=HandedBy.LISTED, person_no=2),))
    facts = paper.facts_of(PLAN, sheet)
    kinds = [fact.kind for fact in facts if fact.rider == "r1"]
    assert kinds == [Kind.BOARD, Kind.ALIGHT, Kind.HANDOVER]
    assert [fact.codes for fact in facts if fact.kind is Kind.HANDOVER] == [("listed", "person:2")]
    assert paper.faults(PLAN, sheet, LATER, {"r1": (1, 2)}) == ()
    assert sheet.sums == (3, 3, 0, 1)


NOT_OFF = (PaperRider(rider_id="r1", on_at=CAMPUS), *a_sheet().riders[1:])
HANDED = {
    "before the bus came": ({"handovers": (handed(minutes=10),)}, "paper_handed_early"),
    "tomorrow": ({"handovers": (handed(minutes=900),)}, "paper_in_the_future"),
    "not off": ({"riders": NOT_OFF, "handovers": (handed(),)}, "paper_handed_not_off"),
    "not on the sheet": ({"handovers": (handed("r9"),)}, "paper_handed_not_off"),
    "somebody else": (
        {"handovers": (handed(how=HandedBy.LISTED, person_no=9),)},
        "paper_handed_to_nobody",
    ),
    "nobody named": ({"handovers": (handed(how=HandedBy.LISTED),)}, "paper_handed_to_nobody"),
}


@pytest.mark.parametrize(("changes", "code"), HANDED.values(), ids=HANDED.keys())
def test_a_hand_over_that_cannot_have_been_is_named(changes, code):
    """One fault, and no other."""
    assert [each.code for each in paper.faults(PLAN, a_sheet(**changes), LATER, {"r1": (1,)})] == [code]


def test_nobody_is_handed_over_on_the_way_to_school():
    """Hand-overs are of the way home."""
    back = replace(PLAN, direction=Direction.RETURN)
    codes = {each.code for each in paper.faults(back, a_sheet(handovers=(handed(),)), LATER)}
    assert "homeward_only" in codes
