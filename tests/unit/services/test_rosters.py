"""The weekend roster through the service: changes with reasons, locks as versions, differences."""

from datetime import date

import pytest

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.roster import NotRidingReason
from busops.domain.values import Direction, RiderId, StopId
from busops.services import imports, rosters
from busops.services.rosters import EntryChange
from busops.storage import network_store, register_store
from busops.storage.database import Database
from tests.machine import CountingIds, FixedClock
from tests.small_school import FRIDAY, fill

ILL = RiderId("20230005")
STAYS = EntryChange(rides_homeward=False, rides_return=False, reason=NotRidingReason.STAYS_AT_SCHOOL)


def test_the_weekend_says_who_rides_and_why_others_do_not(sqlite_database: Database) -> None:
    """Counts by direction, reasons by direction, and the list of those who do not ride."""
    fill(sqlite_database)
    view = rosters.weekend_view(sqlite_database, FRIDAY)
    assert dict(view.counts) == {Direction.HOMEWARD: 22, Direction.RETURN: 23}
    assert view.reasons[Direction.HOMEWARD] == {
        NotRidingReason.GUARDIAN_PICKUP: 1,
        NotRidingReason.ILL: 1,
    }
    assert [line.rider.rider_id for line in rosters.not_riding(view, Direction.RETURN)] == [ILL]
    assert (view.unregistered, view.latest, view.changed) == (0, None, ())


def test_locking_makes_numbered_versions_that_say_something_new(sqlite_database: Database) -> None:
    """v1; again without a change refused; after a change refused without a word why; then v2 with it."""
    fill(sqlite_database)
    clock = FixedClock()
    first = rosters.lock(sqlite_database, FRIDAY, by="u1", clock=clock)
    with pytest.raises(Refused) as refusal:
        rosters.lock(sqlite_database, FRIDAY, by="u1", clock=clock, approval="x")
    assert [reason.code for reason in refusal.value.reasons] == ["roster_unchanged"]
    rosters.change_entry(sqlite_database, FRIDAY, "20230007", STAYS, clock=clock)
    assert rosters.weekend_view(sqlite_database, FRIDAY).changed == ("20230007",)
    with pytest.raises(Refused) as refusal:
        rosters.lock(sqlite_database, FRIDAY, by="u1", clock=clock, approval="  ")
    assert [reason.code for reason in refusal.value.reasons] == ["approval_needed"]
    second = rosters.lock(sqlite_database, FRIDAY, by="u2", clock=clock, approval="班主任同意")
    assert (first.version, second.version) == (1, 2)
    (change,) = rosters.differences(sqlite_database, FRIDAY, 1, 2)
    assert change.before is not None
    assert change.after is not None
    assert (change.before.rides_homeward, change.after.rides_homeward) == (True, False)
    view = rosters.weekend_view(sqlite_database, FRIDAY)
    assert [(one.version, one.approval) for one in view.locks] == [(1, ""), (2, "班主任同意")]
    with pytest.raises(NotFound):
        rosters.differences(sqlite_database, FRIDAY, 1, 9)


def test_a_change_needs_a_reason_a_rider_and_a_stop_of_the_day(sqlite_database: Database) -> None:
    """Every reason against a change comes at once, and the roster stays as it was."""
    made = fill(sqlite_database)
    clock = FixedClock()
    before = rosters.weekend_view(sqlite_database, FRIDAY).lines
    bad = EntryChange(rides_homeward=True, rides_return=False, stop_id=StopId("S404"))
    with sqlite_database.transaction() as tx:
        register_store.retire_rider(tx, "20230008", date(2026, 3, 1))
    with pytest.raises(Refused) as refusal:
        rosters.change_entry(sqlite_database, FRIDAY, "20230008", bad, clock=clock)
    codes = {reason.code for reason in refusal.value.reasons}
    assert codes == {"reason_needed", "stop_unknown", "rider_is_retired"}
    with sqlite_database.transaction() as tx:
        register_store.retire_rider(tx, "20230008", None)
        network_store.retire_stop(tx, "S002", FRIDAY)
    with pytest.raises(NotFound):
        rosters.change_entry(sqlite_database, FRIDAY, "nobody", STAYS, clock=clock)
    after = rosters.weekend_view(sqlite_database, FRIDAY).lines
    assert [line.entry for line in after] == [line.entry for line in before]
    assert len(made.riders) == len(after)


def test_a_change_back_to_riding_forgets_the_reason_and_the_usual_stop(sqlite_database: Database) -> None:
    """Who rides both ways has no reason; naming his usual stop is no exception to it."""
    made = fill(sqlite_database)
    usual = next(rider for rider in made.riders if rider.rider_id == ILL).stop_id
    change = EntryChange(
        rides_homeward=True, rides_return=True, stop_id=usual, reason=NotRidingReason.ILL, note=" 已好 "
    )
    entry = rosters.change_entry(sqlite_database, FRIDAY, ILL, change, clock=FixedClock())
    assert (entry.reason, entry.stop_id, entry.note) == (None, None, "已好")


def test_odd_entries_are_warned_of(sqlite_database: Database) -> None:
    """A rider whose stop ended, one who left the register and one without a reason are named."""
    fill(sqlite_database)
    with sqlite_database.transaction() as tx:
        network_store.retire_stop(tx, "S003", FRIDAY)
        register_store.retire_rider(tx, "20230010", FRIDAY)
    found = {finding.code for finding in rosters.weekend_view(sqlite_database, FRIDAY).findings}
    assert found == {"rider_without_stop", "rider_not_in_register"}


def test_forms_are_read_strictly() -> None:
    """A reason that only the system may give, or none at all known, is InvalidInput."""
    change = rosters.read_change({"rides_homeward": "1", "reason": "ill", "stop_id": " S001 "})
    assert change == EntryChange(
        rides_homeward=True, rides_return=False, stop_id=StopId("S001"), reason=NotRidingReason.ILL
    )
    for reason in ("missing", "because"):
        with pytest.raises(InvalidInput):
            rosters.read_change({"reason": reason})


def test_an_unknown_weekend_is_not_found(sqlite_database: Database) -> None:
    """A weekend without a roster has no page and nothing to lock."""
    with pytest.raises(NotFound):
        rosters.weekend_view(sqlite_database, FRIDAY)
    with pytest.raises(Refused):
        rosters.lock(sqlite_database, FRIDAY, by="u1", clock=FixedClock())
    assert rosters.friday_of(date(2026, 3, 15)) == FRIDAY
    assert rosters.friday_of(FRIDAY) == FRIDAY
    for day in (9, 12, 13, 15):
        assert rosters.weekend_ahead(date(2026, 3, day)) == FRIDAY
    assert rosters.weekend_ahead(date(2026, 3, 16)) == date(2026, 3, 20)


def test_a_row_that_cannot_be_read_is_among_those_who_do_not_ride(
    sqlite_database: Database, ids: CountingIds
) -> None:
    """An imported row with an unreadable 乘/不乘 is listed with a reason of its own; the sums hold."""
    fill(sqlite_database)
    clock = FixedClock()
    text = "学号,姓名,离校,返校\n20230001,学生1,也许,乘\n20230002,学生2,乘,乘\n20230003,学生3,不乘,\n"
    file = {"kind": "roster", "file_name": "r.csv", "content": text.encode(), "weekend_on": FRIDAY}
    batch = imports.preview(sqlite_database, **file, clock=clock, ids=ids)
    imports.accept(sqlite_database, batch.batch_id, clock=clock)
    view = rosters.weekend_view(sqlite_database, FRIDAY)
    assert dict(view.counts) == {Direction.HOMEWARD: 1, Direction.RETURN: 2}
    unclear = NotRidingReason.ROSTER_UNREADABLE
    assert view.reasons == {Direction.HOMEWARD: {unclear: 2}, Direction.RETURN: {unclear: 1}}
    for direction in Direction:
        assert view.counts[direction] + len(rosters.not_riding(view, direction)) == 3
    assert [one.code for one in view.findings] == ["roster_row_unreadable"] * 2
