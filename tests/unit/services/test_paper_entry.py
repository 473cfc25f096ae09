"""SY11: a sheet typed by one and confirmed by another is in the log, the fold, the gate and the close."""

from dataclasses import replace
from datetime import timedelta

import pytest

from busops.domain import paper
from busops.domain.errors import InvalidInput, Refused
from busops.domain.handover import HandedBy
from busops.domain.paper import PaperCheck, PaperHandover, PaperRider
from busops.domain.people import Actor, Role
from busops.domain.run import Phase
from busops.services import paper_entry, runs
from busops.services.paper_scan import JPEG, Scan
from busops.storage import device_store, event_store, run_store
from tests import run_kit
from tests.builders import DEPARTS_AT, TAGS, Tablet, a_run
from tests.machine import CountingIds, FixedClock
from tests.run_kit import send, state, store_run
from tests.unit.domain.test_paper import FOUR, a_sheet

TYPIST = Actor(user_id="u1", role=Role.DISPATCHER, name="示例调度一")
READER = Actor(user_id="u2", role=Role.DISPATCHER, name="示例调度二")
SCAN = Scan(sha256="a" * 64, media_type=JPEG)
PLAN = a_run(devices=frozenset())
SUMS = (3, 3, 0, 0)


def with_checks(**changes):
    """A sheet on which both walked, parked and signed."""
    rear = TAGS["rear"]
    rows = {name: TAGS[f"row:{name}"] for name in (2, 3, 4, 5)}
    return a_sheet(
        **{
            "attendant_check": PaperCheck(at_min=FOUR + 40, codes=(rear, rows[2], rows[4])),
            "driver_check": PaperCheck(at_min=FOUR + 45, codes=(rear, rows[3], rows[5])),
            "parked": PaperCheck(at_min=FOUR + 55, codes=(rear,)),
            **changes,
        }
    )


@pytest.fixture
def office(sqlite_database):
    """A released run of which no tablet said anything, four hours later."""
    store_run(sqlite_database, PLAN)
    with sqlite_database.transaction() as tx:
        assert device_store.enrol(tx, "tablet", at=DEPARTS_AT).dev == 1
    return sqlite_database, FixedClock(DEPARTS_AT + timedelta(hours=4)), CountingIds()


def type_in(office, sheet, by=TYPIST) -> str:
    """The sheet is typed in."""
    database, clock, ids = office
    return paper_entry.type_sheet(database, "run-1", sheet, SCAN, by=by, clock=clock, ids=ids)


def confirm(office, entry_id, *, sums=SUMS, by=READER) -> None:
    """A second person confirms."""
    database, clock, ids = office
    paper_entry.confirm(database, entry_id, sums=sums, by=by, clock=clock, ids=ids)


def close_codes(database) -> set[str]:
    """Why the run may not be closed."""
    return {reason.code for reason in runs.run_view(database, "run-1").reasons}


def test_sy11_a_sheet_becomes_facts_of_its_own_device_and_closes_the_run(office):
    """Typed, confirmed by another, checks signed by both: everybody is off, two checks stand, it closes."""
    database, clock, ids = office
    entry_id = type_in(office, with_checks())
    confirm(office, entry_id)
    with database.reading() as tx:
        facts = event_store.load_observations(tx, "run-1")
    entry = paper_entry.load_sheet(database, entry_id)
    assert {fact.event_id for fact in facts} == set(entry.event_ids)
    assert all(paper.is_paper(fact) and fact.dev == entry.dev for fact in facts)
    assert min(fact.hi_ms - fact.lo_ms for fact in facts) >= 120_000
    now = state(database, PLAN)
    assert (now.phase, sorted(now.alighted)) == (Phase.CHECKED, ["r1", "r2", "r3"])
    for finding in [each for each in now.open_findings if each.severity in ("block", "gate")]:
        runs.settle_finding(
            database, "run-1", key=finding.key, by=TYPIST, second=READER, reason="纸质", clock=clock, ids=ids
        )
    runs.close_run(database, "run-1", by=TYPIST, clock=clock, ids=ids)
    assert state(database, PLAN).phase is Phase.CLOSED


def test_while_a_sheet_waits_neither_door_lets_the_run_close(office):
    """A tablet finished the run, but a sheet of paper is not confirmed yet: gate and database hold it."""
    database, _, _ = office
    tablet = Tablet(plan=PLAN)
    tablet.set_out()
    tablet.drive()
    tablet.prove_empty()
    tablet.seal()
    send(database, tablet)
    assert close_codes(database) == set()
    entry_id = type_in(office, a_sheet())
    dev = paper_entry.load_sheet(database, entry_id).dev
    assert close_codes(database) == {"device_unsealed"}
    with database.reading() as tx:
        assert dev in run_store.load_run_plan(tx, "run-1").devices


def test_nobody_confirms_what_he_typed_or_has_not_counted(office):
    """The typist is refused, and so is a second person whose numbers are not those of the sheet."""
    database, _, _ = office
    entry_id = type_in(office, a_sheet())
    with pytest.raises(Refused, match="same_person"):
        confirm(office, entry_id, by=TYPIST)
    for sums in ((2, 3, 0, 0), (3, 2, 0, 0), (3, 3, 1, 0), (3, 3, 0, 1)):
        with pytest.raises(Refused, match="paper_sums_differ"):
            confirm(office, entry_id, sums=sums)
    with database.reading() as tx:
        assert event_store.load_observations(tx, "run-1") == ()
    confirm(office, entry_id)
    with pytest.raises(Refused, match="paper_decided_already"):
        confirm(office, entry_id)


def test_without_both_signatures_the_bus_is_not_checked(office):
    """Checks of an unsigned sheet are refused; the marks alone leave both checks to be made."""
    database, _, _ = office
    with pytest.raises(InvalidInput, match="paper_faults") as caught:
        type_in(office, with_checks(is_signed_by_attendant=False))
    assert [fault.code for fault in caught.value.findings] == ["paper_not_signed_by_both"]
    entry_id = type_in(office, a_sheet(is_signed_by_attendant=False, is_signed_by_driver=False))
    confirm(office, entry_id)
    assert {"no_attendant_check", "no_driver_check", "not_parked"} <= close_codes(database)


def test_wrong_digits_on_paper_prove_nothing(office):
    """Both signed, but the rear tag's digits are not the bus's: the checks do not stand."""
    database, _, _ = office
    wrong = PaperCheck(at_min=FOUR + 40, codes=("123456", TAGS["row:2"], TAGS["row:4"]))
    confirm(office, type_in(office, with_checks(attendant_check=wrong)))
    assert "no_attendant_check" in close_codes(database)


def test_a_rejected_sheet_leaves_no_mark_and_no_hold(office):
    """Its device says why and is sealed; nobody is on or off by it, and another sheet may be typed."""
    database, clock, ids = office
    entry_id = type_in(office, a_sheet())
    with pytest.raises(Refused, match="paper_waits_already"):
        type_in(office, a_sheet())
    with pytest.raises(InvalidInput, match="reason_needed"):
        paper_entry.reject(database, entry_id, reason=" ", by=TYPIST, clock=clock, ids=ids)
    paper_entry.reject(database, entry_id, reason="录错趟次", by=TYPIST, clock=clock, ids=ids)
    assert state(database, PLAN).not_yet == {"r1", "r2", "r3"}
    assert "device_unsealed" not in close_codes(database)
    confirm(office, type_in(office, a_sheet()))
    assert state(database, PLAN).alighted == {"r1", "r2", "r3"}


def test_paper_and_a_tablet_that_comes_back_say_the_same_twice(office):
    """The same boardings from both are no fork: every rider was on once and is off."""
    database, _, _ = office
    confirm(office, type_in(office, a_sheet()))
    tablet = Tablet(plan=PLAN, dev=7)
    tablet.set_out()
    tablet.drive()
    assert {answer.outcome.value for answer in send(database, tablet)} == {"stored"}
    now = state(database, PLAN)
    assert now.boarded_ever == {"r1", "r2", "r3"}
    assert now.quarantined == 0


def test_a_child_ticked_on_and_not_off_is_aboard(office):
    """What the paper does not say is not made up: the gate asks where the child is."""
    database, _, _ = office
    riders = (PaperRider(rider_id="r1", on_at="@campus"), *a_sheet().riders[1:])
    confirm(office, type_in(office, replace(a_sheet(), riders=riders)), sums=(3, 2, 0, 0))
    assert state(database, PLAN).aboard == {"r1"}
    assert "rider_aboard" in close_codes(database)


def test_hand_overs_of_the_sheet_end_the_waiting_and_a_sheet_of_before_has_none(office):
    """Who was given to somebody waits no more; what was kept before hand-overs were typed reads as ever."""
    database, _, _ = office
    given = PaperHandover(rider_id="r1", at_min=FOUR + 13, how=HandedBy.NONE)
    entry_id = type_in(office, a_sheet(handovers=(given,)))
    kept = paper_entry.load_sheet(database, entry_id).sheet
    assert paper_entry.sheet_of(kept).handovers == (given,)
    assert paper_entry.sheet_of({**kept, "handovers": ()}) == a_sheet()
    assert paper_entry.sheet_of({name: kept[name] for name in kept if name != "handovers"}) == a_sheet()
    confirm(office, entry_id, sums=(3, 3, 0, 1))
    with database.reading() as tx:
        facts = event_store.load_observations(tx, "run-1")
    assert [sorted(each.codes) for each in facts if each.kind == "handover"] == [["none"]]


def test_a_code_or_a_person_that_is_not_the_riders_is_refused(office):
    """Nobody gave r2 a code, and r1 has no list: both are named at once."""
    given = (
        PaperHandover(rider_id="r1", at_min=FOUR + 13, how=HandedBy.LISTED, person_no=1),
        PaperHandover(rider_id="r2", at_min=FOUR + 23, how=HandedBy.CODE),
    )
    with pytest.raises(InvalidInput, match="paper_faults") as refusal:
        type_in(office, a_sheet(handovers=given))
    found = {(each.code, each.place) for each in refusal.value.findings}
    assert found == {("paper_handed_to_nobody", "r1"), ("paper_code_wrong", "r2")}


def test_a_sheet_that_waits_is_not_given_up_like_a_lost_tablet(office):
    """Three people release tablets, not paper: the run goes on waiting until somebody has decided."""
    database, clock, ids = office
    dev = paper_entry.load_sheet(database, type_in(office, a_sheet())).dev
    people = {"by": TYPIST, "second": "u8", "third": "u3"}
    with pytest.raises(Refused, match="paper_waits"):
        run_kit.give_up(database, "run-1", dev, **people, reason="丢了", clock=clock, ids=ids)
    assert "device_unsealed" in close_codes(database)
