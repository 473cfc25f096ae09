"""A scheme's way to the plates: submitted, approved by another, put into force, planned with, retired."""

from datetime import date
from pathlib import Path

import pytest

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.people import Actor, Role
from busops.domain.values import Direction, StopId
from busops.planner.term.document import read_lines
from busops.services import planning, term_scheme, term_view
from busops.services.planning_input import load_input, prepare
from busops.storage import audit_store, network_store, term_store
from busops.storage.database import Database
from busops.storage.term_store import TermState
from tests.machine import CountingIds, FixedClock
from tests.small_school import FRIDAY, LICENSED
from tests.unit.services.term_school import ROUNDS, WEEKENDS, Watched, an_order, fill_draft

DORA = Actor(user_id="dora", name="调度", role=Role.DISPATCHER)
SAM = Actor(user_id="sam", name="督查", role=Role.SUPERVISOR)
APPROVED_ON = date(2026, 3, 12)


@pytest.fixture
def scheme_id(sqlite_database: Database, empty_sqlite: Path) -> str:
    """A draft made from four weekends."""
    return fill_draft(sqlite_database, empty_sqlite)


def new_scheme(database: Database, clock: FixedClock, ids: CountingIds) -> str:
    """One more draft."""
    order = an_order(weekends=WEEKENDS, tested=(), free_seconds=0.0)
    return term_scheme.make(database, order, work=Watched(), by=DORA, clock=clock, ids=ids, rounds=ROUNDS)


def approve(database: Database, scheme_id: str, clock: FixedClock, by: Actor = SAM) -> None:
    """The authority has answered."""
    term_scheme.approve(
        database, scheme_id, document_no=" 德教运7号 ", approved_on=APPROVED_ON, by=by, clock=clock
    )


def in_force(database: Database, scheme_id: str, clock: FixedClock) -> None:
    """All the way into the register."""
    term_scheme.submit(database, scheme_id, left_out_seen=0, by=DORA, clock=clock)
    approve(database, scheme_id, clock)
    term_scheme.adopt(database, scheme_id, by=DORA, clock=clock)


def state(database: Database, scheme_id: str) -> TermState:
    """Where the scheme stands."""
    with database.reading() as tx:
        return term_store.load_scheme(tx, scheme_id).summary.state


def test_the_whole_way_is_walked_by_two_and_kept_in_the_audit(
    sqlite_database: Database, scheme_id: str, clock: FixedClock
) -> None:
    """Draft, submitted, approved, in force, retired: each act with its person stands in the chain."""
    in_force(sqlite_database, scheme_id, clock)
    shown = term_view.view(sqlite_database, scheme_id)
    assert shown.summary.is_in_force
    assert (shown.summary.submitted_by, shown.summary.approved_by) == ("dora", "sam")
    assert shown.summary.document_no == "德教运7号"
    term_scheme.retire(sqlite_database, scheme_id, why="换线路", by=DORA, clock=clock)
    assert state(sqlite_database, scheme_id) is TermState.RETIRED
    with sqlite_database.reading() as tx:
        acts = [(one.act, one.user_id) for one in audit_store.each_entry(tx) if one.subject == scheme_id]
        assert network_store.load_lines(tx) == ()
    assert acts == [
        ("term_submitted", "dora"),
        ("term_approved", "sam"),
        ("term_adopted", "dora"),
        ("term_retired", "dora"),
    ]


def test_adopted_lines_are_what_the_next_weekly_plan_drives(
    sqlite_database: Database, scheme_id: str, clock: FixedClock, ids: CountingIds
) -> None:
    """The register has the scheme's licensed line and no other; a new weekly plan keeps to it, both ways."""
    in_force(sqlite_database, scheme_id, clock)
    with sqlite_database.reading() as tx:
        (line,) = network_store.load_lines(tx)
        document = term_store.load_scheme(tx, scheme_id).document
        given = load_input(tx, FRIDAY)
    (own,) = [one for one in read_lines(document) if one.is_licensed]
    assert (line.line_id, line.plate) == (f"T1-{own.line_id}", LICENSED)
    assert line.stop_ids == own.stop_ids
    first = own.homeward.halts[0]
    assert line.stops[0].departs_min == 16 * 60 + (own.homeward.depart_s + first.leave_s) // 60
    for way in Direction:
        bound = {one.plate: one.lines for one in prepare(given, way).problem.vehicles}
        assert bound[LICENSED] is not None
        plan_id = planning.plan_weekend(
            sqlite_database, weekend_on=FRIDAY, direction=way, seconds=0.3, seed=1, clock=clock, ids=ids
        )
        plan = planning.document(sqlite_database, plan_id)
        assert plan["violations"] == []
        for trip in plan["trips"]:
            if trip["plate"] == LICENSED:
                driven = [stop["stop_id"] for stop in trip["stops"]]
                step = 1 if way is Direction.HOMEWARD else -1
                assert driven == [stop for stop in own.stop_ids[::step] if stop in driven]


def test_a_new_scheme_in_force_retires_the_one_before(
    sqlite_database: Database, scheme_id: str, clock: FixedClock, ids: CountingIds
) -> None:
    """The second adopted takes the first one's place: one scheme in force, only its lines registered."""
    in_force(sqlite_database, scheme_id, clock)
    second = new_scheme(sqlite_database, clock, ids)
    in_force(sqlite_database, second, clock)
    assert [one.is_in_force for one in term_view.schemes(sqlite_database)] == [True, False]
    assert state(sqlite_database, scheme_id) is TermState.RETIRED
    with sqlite_database.reading() as tx:
        assert {line.line_id[:3] for line in network_store.load_lines(tx)} == {"T2-"}
    term_scheme.retire(sqlite_database, second, why="停开", by=DORA, clock=clock)
    with sqlite_database.reading() as tx:
        assert network_store.load_lines(tx) == ()


def test_nobody_approves_what_he_submitted_and_no_step_is_skipped(
    sqlite_database: Database, scheme_id: str, clock: FixedClock
) -> None:
    """Approving a draft, one's own, with no number or a day to come, adopting unapproved: all refused."""
    for step in (
        lambda: approve(sqlite_database, scheme_id, clock),
        lambda: term_scheme.adopt(sqlite_database, scheme_id, by=DORA, clock=clock),
    ):
        with pytest.raises(Refused) as refused:
            step()
        assert [one.code for one in refused.value.reasons] == ["term_state_not_fit"]
    with pytest.raises(Refused) as refused:
        term_scheme.submit(sqlite_database, scheme_id, left_out_seen=3, by=DORA, clock=clock)
    assert [one.code for one in refused.value.reasons] == ["unserved_not_seen"]
    term_scheme.submit(sqlite_database, scheme_id, left_out_seen=0, by=DORA, clock=clock)
    with pytest.raises(Refused) as refused:
        approve(sqlite_database, scheme_id, clock, by=DORA)
    assert [one.code for one in refused.value.reasons] == ["term_submitted_by_same"]
    for number, on, code in (
        (" ", APPROVED_ON, "term_document_no_missing"),
        ("7" * 121, APPROVED_ON, "term_document_no_missing"),
        ("7", date(2026, 3, 14), "term_approved_in_future"),
    ):
        with pytest.raises(InvalidInput, match=code):
            term_scheme.approve(
                sqlite_database, scheme_id, document_no=number, approved_on=on, by=SAM, clock=clock
            )
    with pytest.raises(InvalidInput, match="reason_needed"):
        term_scheme.retire(sqlite_database, scheme_id, why=" ", by=DORA, clock=clock)
    assert state(sqlite_database, scheme_id) is TermState.SUBMITTED
    term_scheme.retire(sqlite_database, scheme_id, why="退回", by=DORA, clock=clock)
    with pytest.raises(Refused):
        term_scheme.retire(sqlite_database, scheme_id, why="再次", by=DORA, clock=clock)


def test_what_has_left_the_register_is_not_adopted(
    sqlite_database: Database, scheme_id: str, clock: FixedClock
) -> None:
    """A stop retired since: every reason is named, the register's lines stay as they were."""
    term_scheme.submit(sqlite_database, scheme_id, left_out_seen=0, by=DORA, clock=clock)
    approve(sqlite_database, scheme_id, clock)
    with sqlite_database.reading() as tx:
        before = network_store.load_lines(tx)
        stored = term_store.load_scheme(tx, scheme_id)
    gone = term_scheme.approved_lines(stored)[0].stop_ids[0]
    with sqlite_database.transaction() as tx:
        network_store.retire_stop(tx, StopId(gone), FRIDAY)
    assert [one.code for one in term_view.view(sqlite_database, scheme_id).reasons] == ["term_stop_gone"]
    with pytest.raises(Refused) as refused:
        term_scheme.adopt(sqlite_database, scheme_id, by=DORA, clock=clock)
    assert [(one.code, one.place) for one in refused.value.reasons] == [("term_stop_gone", gone)]
    with sqlite_database.reading() as tx:
        assert network_store.load_lines(tx) == before


def test_the_page_shows_times_names_and_loads(sqlite_database: Database, scheme_id: str) -> None:
    """Homeward from 16:00 with rising minutes; back the mirrored stops and the arrival; weekends added up."""
    shown = term_view.view(sqlite_database, scheme_id)
    assert shown.riders <= shown.seats
    assert {line.homeward.departs_min for line in shown.lines} == {16 * 60}
    for line in shown.lines:
        names = [halt.name for halt in line.homeward.halts]
        assert [halt.name for halt in line.back.halts] == names[::-1]
        assert all(name.endswith("号站") for name in names)
        minutes = [halt.arrive_min for halt in line.homeward.halts]
        assert minutes == sorted(minutes)
        assert minutes[0] > 16 * 60
        assert line.back.campus_min is not None
        assert line.back.campus_min > line.back.halts[-1].leave_min >= 15 * 60
    assert [one.weekend_on.isoformat() for one in shown.weekends] == shown.document["weekends"]
    assert sum(one.cost_fen for one in shown.weekends) == shown.document["replay"]["totals"]["cost_fen"]
    assert shown.gap_bp is not None
    assert shown.gap_bp >= 0
    assert shown.extra_bp is not None
    with pytest.raises(NotFound):
        term_view.view(sqlite_database, "t404")
