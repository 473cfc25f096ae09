"""Imports in two steps: a preview changes nothing, accepting writes the good rows, cells are named."""

from datetime import date

import pytest

from busops.domain.errors import Conflict, InvalidInput, NotFound, Refused
from busops.domain.findings import Severity
from busops.domain.values import StopId
from busops.services import imports, rosters
from busops.services.imports import Preview
from busops.storage import network_store, register_store, roster_store
from busops.storage.database import Database
from busops.storage.import_store import BatchState
from tests.machine import CountingIds, FixedClock
from tests.small_school import FRIDAY, fill

RIDER_HEAD = "学号,姓名,年级,班级,站点,可选站点,监护人,交接方式,减免\n"
CLOCK = FixedClock()


def preview(
    database: Database, kind: str, text: str, ids: CountingIds, weekend_on: date | None = None
) -> Preview:
    """The preview of a CSV text."""
    return imports.preview(
        database,
        kind=kind,
        file_name=f"{kind}.csv",
        content=text.encode(),
        clock=CLOCK,
        ids=ids,
        weekend_on=weekend_on,
    )


def test_a_preview_counts_marks_and_changes_nothing(sqlite_database: Database, ids: CountingIds) -> None:
    """One new, one changed, one at fault with its cell; the register is as before until it is accepted."""
    fill(sqlite_database)
    text = RIDER_HEAD + (
        "20239001,新生,高一,1班,S001,,家长,自行,\n"
        "20230001,学生1,高一,2班,S003,,家长1,自行,全免\n"
        "20239002,错站,高一,1班,S404,,家长,自行,\n"
    )
    found = preview(sqlite_database, "riders", text, ids)
    assert (found.counts["new"], found.counts["changed"], found.counts["left_out"]) == (1, 1, 1)
    (fault,) = [one for one in found.findings if one.severity is Severity.BLOCK]
    assert (fault.code, fault.facts["cell"]) == ("stop_unknown", "E4")
    marked = {
        cell["text"]: cell["mark"] for row in found.sheets[0]["rows"] for cell in row["cells"] if cell["mark"]
    }
    assert marked == {"S404": "block"}
    with sqlite_database.reading() as tx:
        assert len(register_store.load_riders(tx)) == 24
    assert imports.accept(sqlite_database, found.batch_id, clock=CLOCK, by="test") == 2
    with sqlite_database.reading() as tx:
        assert len(register_store.load_riders(tx)) == 25
        assert register_store.load_rider(tx, "20230001").rider.stop_id == StopId("S003")
    assert imports.load(sqlite_database, found.batch_id).state is BatchState.ACCEPTED
    with pytest.raises(Conflict):
        imports.accept(sqlite_database, found.batch_id, clock=CLOCK)


def test_the_same_file_twice_changes_nothing(sqlite_database: Database, ids: CountingIds) -> None:
    """The second preview says that the file is known, and nothing is new or changed."""
    fill(sqlite_database)
    text = RIDER_HEAD + "20239001,新生,高一,1班,S001,,家长,自行,\n"
    imports.accept(sqlite_database, preview(sqlite_database, "riders", text, ids).batch_id, clock=CLOCK)
    again = preview(sqlite_database, "riders", text, ids)
    assert (again.counts["new"], again.counts["changed"], again.counts["same"]) == (0, 0, 1)
    assert "file_known" in {one.code for one in again.findings}


def test_a_file_that_cannot_be_read_is_a_finding_and_cannot_be_accepted(
    sqlite_database: Database, ids: CountingIds
) -> None:
    """Without its header, empty or broken: a finding, no row, refused with it, register untouched."""
    fill(sqlite_database)
    for content in (b"", b"hello,world\n1,2\n", b"PK\x03\x04broken"):
        found = imports.preview(
            sqlite_database, kind="stops", file_name="stops.csv", content=content, clock=CLOCK, ids=ids
        )
        assert found.obstacles
        assert not found.is_acceptable
        with pytest.raises(Refused):
            imports.accept(sqlite_database, found.batch_id, clock=CLOCK)
    with sqlite_database.reading() as tx:
        assert len(network_store.load_stops(tx)) == 6


def test_a_roster_file_becomes_the_draft_of_its_weekend(sqlite_database: Database, ids: CountingIds) -> None:
    """The file replaces the draft; locked versions stay; a roster without its Friday is refused."""
    fill(sqlite_database)
    rosters.lock(sqlite_database, FRIDAY, by="u1", clock=CLOCK)
    text = "学号,姓名,离校,返校,站点,原因,备注\n20230001,学生1,乘,不乘,,请假,\n20230002,学生2,乘,乘,S001,,\n"
    found = preview(sqlite_database, "roster", text, ids, FRIDAY)
    assert (found.counts["changed"], found.counts["missing"]) == (2, 22)
    imports.accept(sqlite_database, found.batch_id, clock=CLOCK)
    with sqlite_database.reading() as tx:
        draft = roster_store.load_roster(tx, FRIDAY)
        assert [entry.rider_id for entry in draft] == ["20230001", "20230002"]
        assert draft[1].stop_id == "S001"
        assert len(roster_store.load_versions(tx, FRIDAY)[0].entries) == 24
    for weekend_on in (None, date(2026, 3, 14)):
        with pytest.raises(InvalidInput):
            preview(sqlite_database, "roster", text, ids, weekend_on)
    with pytest.raises(InvalidInput) as refusal:
        imports.preview(
            sqlite_database,
            kind="roster",
            file_name="roster-2026-03-20.csv",
            content=text.encode(),
            weekend_on=FRIDAY,
            clock=CLOCK,
            ids=ids,
        )
    assert refusal.value.code == "weekend_differs"


def test_what_changed_meanwhile_is_checked_again(sqlite_database: Database, ids: CountingIds) -> None:
    """A stop that retired between preview and accept keeps the file out, with the reason."""
    fill(sqlite_database)
    text = RIDER_HEAD + "20239001,新生,高一,1班,S001,,家长,自行,\n"
    found = preview(sqlite_database, "riders", text, ids)
    with sqlite_database.transaction() as tx:
        network_store.retire_stop(tx, "S001", FRIDAY)
    with pytest.raises(Refused) as refusal:
        imports.accept(sqlite_database, found.batch_id, clock=CLOCK)
    assert {one.code for one in refusal.value.reasons} == {"register_changed_meanwhile", "nothing_to_write"}


def test_a_discarded_preview_is_over(sqlite_database: Database, ids: CountingIds) -> None:
    """It is listed as discarded and cannot be accepted; unknown kinds and ids are told apart."""
    fill(sqlite_database)
    found = preview(sqlite_database, "riders", RIDER_HEAD + "20239001,新,高一,1班,S001,,家,自行,\n", ids)
    imports.discard(sqlite_database, found.batch_id, clock=CLOCK)
    with pytest.raises(Conflict):
        imports.accept(sqlite_database, found.batch_id, clock=CLOCK)
    assert [batch.state for batch in imports.recent(sqlite_database)] == [BatchState.DISCARDED]
    with pytest.raises(InvalidInput):
        preview(sqlite_database, "secrets", "a,b\n", ids)
    with pytest.raises(NotFound):
        imports.load(sqlite_database, "b404")


def test_five_thousand_riders_come_in(sqlite_database: Database, ids: CountingIds) -> None:
    """The whole way, preview and accept, for 5,000 riders."""
    fill(sqlite_database)
    rows = (f"2024{n:05d},学生{n},高一,{1 + n % 20}班,S00{1 + n % 6},,家长{n},自行,\n" for n in range(5000))
    text = RIDER_HEAD + "".join(rows)
    found = preview(sqlite_database, "riders", text, ids)
    assert imports.accept(sqlite_database, found.batch_id, clock=CLOCK) == 5000
