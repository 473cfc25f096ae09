"""A day's roll-call in the database: who is called when, what ends it, and what a link may do."""

from datetime import date, timedelta

import pytest

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.events import Whereabouts
from busops.domain.people import Actor, Role
from busops.domain.rollcall import MISSING, OVERDUE, Answer
from busops.domain.roster import NotRidingReason
from busops.domain.values import Direction, school_date
from busops.services import day_weather, rollcall, runs, watch
from busops.storage import alarm_store
from busops.storage.day_store import Weather
from tests.builders import ALL_OK, DEPARTS_AT, DRIVER, Tablet
from tests.machine import CountingIds, FixedClock
from tests.run_kit import PrefixedIds, send, store_run
from tests.school_bound import a_return, come_to_school
from tests.sim import world

ON = date(2026, 3, 13)
CLASS = "高一2班"
OFFICE = Actor(user_id="u1", role=Role.DISPATCHER, name="示例调度")


@pytest.fixture
def came(sqlite_database):
    """A school-bound run whose children got off at the campus, and the clock at that moment."""
    world.fill(sqlite_database)
    plan = world.release(sqlite_database, direction=Direction.RETURN)
    tablet = Tablet(plan=plan)
    come_to_school(tablet, off=True)
    clock = FixedClock(world.DEPARTS_AT + timedelta(seconds=tablet.now_s))
    send(sqlite_database, tablet, clock=clock)
    return sqlite_database, clock, PrefixedIds("n", CountingIds())


def open_alarms(database, *kinds):
    """What rings now, as (kind, level, occasion)."""
    with database.reading() as tx:
        found = alarm_store.load_alarms(tx)
    return [(each.kind, each.level, each.occasion) for each in found if each.kind in kinds]


def roll(database, clock, link=0, class_name=CLASS):
    """What the class's link shows."""
    return rollcall.class_roll(database, ON, class_name, link=link, now=clock.now())


def say(came, answers, *, name="示例老师", link=0, class_name=CLASS):
    """The class answers."""
    database, clock, ids = came
    return rollcall.answer(
        database, ON, class_name, link=link, answers=answers, by_name=name, by=None, clock=clock, ids=ids
    )


def test_the_class_is_asked_for_its_own_children_only(came):
    """Four classes of one school ride; the link of one shows that one's names and the others' nowhere."""
    database, clock, _ = came
    rolls = rollcall.day_rolls(database, ON, clock.now())
    assert [each.class_name for each in rolls] == ["高一1班", "高一2班", "高一3班"]
    mine = roll(database, clock)
    assert mine.asked == len(mine.children) == 4
    others = {child.name for each in rolls if each.class_name != CLASS for child in each.children}
    assert not {child.name for child in mine.children} & others


def test_ec15_thirty_minutes_without_an_answer_ring_for_every_child_in_parallel(came):
    """The watch raises one alarm a child at 30:00, each once, and an answer ends that child's alone."""
    database, clock, ids = came
    (run,) = roll(database, clock).runs
    clock.moment = run.due_at - timedelta(seconds=1)
    watch.raise_due_alarms(database, clock, ids)
    assert open_alarms(database, OVERDUE) == []
    clock.advance(1)
    watch.raise_due_alarms(database, clock, ids)
    watch.raise_due_alarms(database, clock, ids)
    assert len(open_alarms(database, OVERDUE)) == 12
    mine = roll(database, clock)
    say(came, {child.key: Answer.IN_CLASS for child in mine.children})
    assert len(open_alarms(database, OVERDUE)) == 8


def test_a_missing_child_rings_in_the_same_moment_and_is_over_when_found(came):
    """No watch is needed: the answer itself raises the alarm; the finding of the child is its evidence."""
    database, clock, _ = came
    child = roll(database, clock).children[0]
    assert say(came, {child.key: Answer.NOT_HERE}) == 1
    ((kind, level, occasion),) = open_alarms(database, MISSING)
    assert (kind, level) == (MISSING, 2)
    assert occasion.startswith(child.child.rider_id)
    assert [each.name for each in roll(database, clock).missing] == [child.name]
    clock.advance(60)
    say(came, {child.key: Answer.SICKROOM})
    assert open_alarms(database, MISSING) == []
    with database.reading() as tx:
        over = [each for each in alarm_store.load_alarms(tx, include_resolved=True) if each.kind == MISSING]
    assert [each.evidence for each in over] == ["rollcall_sickroom"]


def test_the_missing_child_climbs_after_ten_minutes_though_somebody_heard_it(came):
    """An acknowledgement holds up nothing: the responsible person is called ten minutes later."""
    database, clock, ids = came
    child = roll(database, clock).children[0]
    say(came, {child.key: Answer.NOT_HERE})
    with database.reading() as tx:
        (alarm,) = [each for each in alarm_store.load_alarms(tx) if each.kind == MISSING]
    watch.acknowledge(database, alarm.alarm_id, by="u1", clock=clock)
    clock.advance(600)
    watch.raise_due_alarms(database, clock, ids)
    assert sorted(level for _, level, _ in open_alarms(database, MISSING)) == [2, 3]


def test_the_roll_call_rings_though_the_run_is_closed(sqlite_database):
    """Checked, sealed and closed ten minutes after arrival: half an hour after it the classes are called."""
    plan = a_return()
    store_run(sqlite_database, plan)
    tablet = Tablet(plan=plan)
    tablet.record("ack")
    tablet.record("precheck", by=DRIVER, codes=list(ALL_OK))
    came_s = come_to_school(tablet)
    tablet.prove_empty()
    tablet.seal()
    came_at = DEPARTS_AT + timedelta(seconds=came_s)
    clock, ids = FixedClock(came_at + timedelta(minutes=10)), PrefixedIds("n", CountingIds())
    send(sqlite_database, tablet, clock=clock)
    runs.close_run(sqlite_database, plan.run_id, by=OFFICE, clock=clock, ids=ids)
    for minutes, rings in ((29, 0), (30, 3)):
        clock.moment = came_at + timedelta(minutes=minutes)
        watch.raise_due_alarms(sqlite_database, clock, ids)
        assert len(open_alarms(sqlite_database, OVERDUE)) == rings
    child = roll(sqlite_database, clock, class_name="").children[0]
    say((sqlite_database, clock, ids), {child.key: Answer.IN_DORMITORY}, class_name="")
    assert len(open_alarms(sqlite_database, OVERDUE)) == 2


def test_a_hot_days_alarm_is_not_ended_by_an_answer_about_another_child(came):
    """Raised after fifteen hot minutes it stays until its own child is answered for."""
    database, clock, ids = came
    day_weather.mark_day(database, school_date(clock.now()), Weather.HOT, by="dora", clock=clock)
    clock.advance(16 * 60)
    watch.raise_due_alarms(database, clock, ids)
    mine = roll(database, clock)
    say(came, {mine.children[0].key: Answer.IN_CLASS})
    left = {occasion for _, _, occasion in open_alarms(database, OVERDUE)}
    assert {each.child.rider_id for each in mine.children[1:]} <= left
    assert mine.children[0].child.rider_id not in left


def test_a_child_that_never_was_on_the_bus_after_all_rings_no_more(came):
    """Two people find out that a mark was wrong: the watch ends the alarm of that child."""
    database, clock, ids = came
    clock.advance(31 * 60)
    watch.raise_due_alarms(database, clock, ids)
    child = roll(database, clock).children[0].child
    with database.reading() as tx:
        seen = runs.state_of(tx, "run-1").accounts[child.rider_id]
    marks = frozenset(each.event_id for each in (*seen.boards, *seen.alights))
    runs.resolve_rider(
        database,
        "run-1",
        rider_id=child.rider_id,
        says=Whereabouts.NEVER_ABOARD,
        absence=NotRidingReason.ILL,
        marks_seen=marks,
        by=OFFICE,
        second=Actor(user_id="u2", role=Role.SUPERVISOR, name="示例督查"),
        reason="家长来电",
        clock=clock,
        ids=ids,
    )
    watch.raise_due_alarms(database, clock, ids)
    assert child.rider_id not in {occasion for _, _, occasion in open_alarms(database, OVERDUE)}


def test_a_replaced_link_opens_nothing_and_keeps_nothing(came):
    """After the dispatcher replaced it the old number is over, for reading and for answering."""
    database, clock, _ = came
    child = roll(database, clock).children[0]
    assert rollcall.replace_link(database, ON, CLASS, by=OFFICE, clock=clock) == 1
    with pytest.raises(Refused, match="rollcall_link_over"):
        roll(database, clock)
    with pytest.raises(Refused, match="rollcall_link_over"):
        say(came, {child.key: Answer.IN_CLASS})
    assert roll(database, clock, link=1).found == 0
    assert rollcall.day_rolls(database, ON, clock.now())[0].link_number == 0


def test_a_link_ends_at_noon_of_the_day_after(came):
    """11:59 still opens, 12:00 does not: names do not lie about in a chat for ever."""
    database, _, _ = came
    noon = FixedClock(world.DEPARTS_AT.replace(day=14, hour=4, minute=0))
    assert roll(database, FixedClock(noon.now() - timedelta(seconds=1))).children
    with pytest.raises(Refused, match="rollcall_link_over"):
        roll(database, noon)


def test_nobody_answers_for_another_class_without_a_name_or_too_early(came):
    """A foreign child, no name, a name without end, a bus that cannot have come: nothing is kept."""
    database, clock, ids = came
    other = roll(database, clock, class_name="高一1班").children[0]
    mine = roll(database, clock).children[0]
    with pytest.raises(NotFound, match="rollcall_not_of_class"):
        say(came, {mine.key: Answer.IN_CLASS, other.key: Answer.IN_CLASS})
    for name in ("", "  ", "长" * 41):
        with pytest.raises(InvalidInput, match="rollcall_name_needed"):
            say(came, {mine.key: Answer.IN_CLASS}, name=name)
    soon = clock.now() + timedelta(hours=1)
    world.release(database, run_id="run-2", direction=Direction.RETURN, departs_at=soon, trip_no=2)
    late = next(each for each in roll(database, clock).children if each.run_id == "run-2")
    with pytest.raises(Refused, match="rollcall_too_early"):
        say(came, {late.key: Answer.IN_CLASS})
    assert roll(database, clock).found == 0
    assert ids is not None


def test_one_child_is_not_changed_without_end(came):
    """Twenty answers about one child are enough: a link in wrong hands cannot fill the database."""
    database, clock, _ = came
    child = roll(database, clock).children[0]
    for turn in range(rollcall.MOST_MARKS):
        say(came, {child.key: Answer.IN_CLASS if turn % 2 else Answer.NOT_HERE})
    with pytest.raises(Refused, match="rollcall_too_many"):
        say(came, {child.key: Answer.IN_CLASS})
