"""Approved lines as forms, and edits of rows that somebody else changed meanwhile."""

from collections.abc import Mapping

import pytest

from busops.domain.errors import Conflict, InvalidInput, NotFound, Refused
from busops.domain.network import ApprovedLine
from busops.domain.values import LineId
from busops.services import line_form, register_edit
from busops.storage import audit_store, network_store
from busops.storage.database import Database
from tests.machine import FixedClock
from tests.small_school import COACH, FRIDAY, LICENSED, fill

CLOCK = FixedClock()


def stored_line(database: Database, line_id: str) -> ApprovedLine:
    """The line as it stands."""
    with database.reading() as tx:
        return next(one for one in network_store.load_lines(tx) if one.line_id == line_id)


def a_form(*stops: tuple[str, str, str], line_id: str = "L2", plate: str = LICENSED) -> dict[str, str]:
    """The fields of a line's form: (number, stop, time) a stop."""
    texts = {"line_id": line_id, "plate": plate}
    for at, cells in enumerate(stops, start=1):
        for name, cell in zip(line_form.STOP_FIELDS, cells, strict=True):
            texts[f"{name}-{at}"] = cell
    return texts


def faults(
    database: Database, texts: Mapping[str, str], key: tuple[str, ...] | None = None
) -> set[tuple[str, str]]:
    """What the form is told: (code, field)."""
    with pytest.raises(InvalidInput) as refusal:
        register_edit.edit(database, "lines", texts, key=key, clock=CLOCK)
    return {(one.code, str(one.facts["column"])) for one in refusal.value.findings}


def test_a_new_line_stands_with_its_stops_in_the_typed_order(sqlite_database: Database) -> None:
    """Numbers order the stops, not the rows; they are stored from 1, and the audit says so."""
    fill(sqlite_database)
    texts = a_form(("20", "S002", "16:30"), ("10", "S005", ""), ("", "", ""), ("15", "S001", "16时05分"))
    register_edit.edit(sqlite_database, "lines", texts, clock=CLOCK, by="test")
    line = stored_line(sqlite_database, "L2")
    assert [(one.seq, one.stop_id, one.departs_min) for one in line.stops] == [
        (1, "S005", None),
        (2, "S001", 965),
        (3, "S002", 990),
    ]
    with sqlite_database.reading() as tx:
        entry = audit_store.newest_entries(tx, limit=1)[0]
    assert (entry.act, entry.subject) == ("register_edited", "L2")
    assert entry.facts["after"] == f"{LICENSED} S005 → S001 16:05 → S002 16:30"


def test_a_form_of_a_line_changes_nothing_when_saved(sqlite_database: Database) -> None:
    """Shown in tens, saved from 1: the line is the same, and so is its form."""
    fill(sqlite_database)
    before = register_edit.form_of(sqlite_database, "lines", ("L1",))
    assert before["seq-2"] == "20"
    line = stored_line(sqlite_database, "L1")
    register_edit.edit(sqlite_database, "lines", before, key=("L1",), clock=CLOCK)
    assert stored_line(sqlite_database, "L1") == line
    assert register_edit.form_of(sqlite_database, "lines", ("L1",)) == before
    assert line_form.rows_shown(before) == len(line.stops) + line_form.SPARE_ROWS


def test_every_fault_of_a_line_is_named_at_its_field(sqlite_database: Database) -> None:
    """All at once, each at the row of the form that has it; nothing is stored."""
    fill(sqlite_database)
    wrong = a_form(
        ("10", "S001", "26:00"), ("x", "S002", ""), ("", "", ""), ("10", "S404", ""), ("30", "S001", "")
    )
    assert faults(sqlite_database, wrong) == {
        ("time_unreadable", "departs_at-1"),
        ("integer_unreadable", "seq-2"),
        ("line_stop_unknown", "stop_id-4"),
    }
    twice = a_form(("10", "S001", ""), ("10", "S002", ""), ("20", "S001", ""))
    assert faults(sqlite_database, twice) == {("line_seq_twice", "seq-2"), ("line_stop_twice", "stop_id-3")}
    assert faults(sqlite_database, a_form(("10", "S001", ""), line_id="", plate="")) == {
        ("value_missing", "line_id"),
        ("value_missing", "plate"),
    }
    assert faults(sqlite_database, a_form()) == {("line_without_stops", "stop_id-1")}
    assert faults(sqlite_database, a_form(("10", "S001", ""), plate=COACH)) == {
        ("line_needs_licensed_bus", "plate")
    }
    assert faults(sqlite_database, a_form(("10", "S001", ""), plate="川A00000")) == {
        ("plate_unknown", "plate")
    }
    assert faults(sqlite_database, a_form(("10", "S001", ""), line_id="L1")) == {("key_is_taken", "line_id")}
    assert faults(sqlite_database, a_form(("10", "S001", "")), ("L1",)) == {("key_cannot_change", "line_id")}
    with pytest.raises(NotFound):
        register_edit.form_of(sqlite_database, "lines", ("L2",))


def test_a_line_retires_once_and_comes_back_only_with_its_stops(sqlite_database: Database) -> None:
    """Its history stays; a second tab that retires it again is told; a new line cannot take its number."""
    fill(sqlite_database)
    register_edit.retire(sqlite_database, "lines", "L1", on=FRIDAY, clock=CLOCK, reason="停运")
    with pytest.raises(Refused) as refusal:
        register_edit.retire(sqlite_database, "lines", "L1", on=FRIDAY, clock=CLOCK, reason="停运")
    assert [one.code for one in refusal.value.reasons] == ["row_retired_already"]
    assert faults(sqlite_database, a_form(("10", "S001", ""), line_id="L1")) == {
        ("key_is_retired", "line_id")
    }
    register_edit.retire(sqlite_database, "vehicles", LICENSED, on=FRIDAY, clock=CLOCK, reason="报废")
    with pytest.raises(Refused) as refusal:
        register_edit.restore(sqlite_database, "lines", "L1", clock=CLOCK)
    assert [one.code for one in refusal.value.reasons] == ["named_vehicle_retired"]
    register_edit.restore(sqlite_database, "vehicles", LICENSED, clock=CLOCK)
    register_edit.restore(sqlite_database, "lines", "L1", clock=CLOCK)
    assert stored_line(sqlite_database, "L1").line_id == LineId("L1")


@pytest.mark.parametrize(
    ("kind", "key", "field", "value"),
    [
        ("lines", ("L1",), "departs_at-1", "16:00"),
        ("riders", ("20230001",), "guardian", "新家长"),
        ("stops", ("S001",), "name", "新名"),
        ("vehicles", (LICENSED,), "fixed_yuan", "1.00"),
        ("crew", ("D1",), "name", "新名"),
        ("tariff", ("A", "TRIP", "2026-02-01"), "yuan", "11.00"),
    ],
)
def test_two_forms_of_one_row_do_not_overwrite_each_other(
    sqlite_database: Database, kind: str, key: tuple[str, ...], field: str, value: str
) -> None:
    """The second to save is told and stores nothing; with the new mark he may save after all."""
    fill(sqlite_database)
    shown = register_edit.open_form(sqlite_database, kind, key)
    texts = dict(shown.texts)
    order = {"clock": CLOCK, "key": key}
    register_edit.edit(sqlite_database, kind, {**texts, field: value}, seen=shown.mark, **order)
    with pytest.raises(Conflict) as conflict:
        register_edit.edit(sqlite_database, kind, texts, seen=shown.mark, **order)
    assert conflict.value.code == "row_changed_meanwhile"
    now = register_edit.open_form(sqlite_database, kind, key)
    assert now.texts[field] == value
    register_edit.edit(sqlite_database, kind, texts, seen=now.mark, **order)
    assert register_edit.form_of(sqlite_database, kind, key) == shown.texts
