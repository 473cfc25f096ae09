"""Stops, lines and travel times: three datums, swapped coordinates, lines that contradict themselves."""

import pytest

from busops.domain.findings import Severity
from busops.domain.network import LineStop, TravelTime
from busops.domain.values import Datum, Position, to_wgs84
from busops.sheets.school_sheets import TableImport, read_table
from busops.sheets.tables.context import TableContext
from tests.unit.sheets.sheet_files import STOPS, csv_bytes

HEADER = STOPS[0]
LINES = ("线路编号", "车牌号", "站序", "站点编号", "发车时间")
TRAVEL = ("起", "止", "米", "秒")


def stop(stop_id: str, **changed: str) -> tuple[str, ...]:
    """A row of the stop table."""
    cells = {"name": "站", "lat": "31.13", "lon": "104.38", "datum": "WGS84", "kind": "SCHOOL_BUS_STOP"}
    cells |= {"from": "2026-09-01", "to": "", "radius": "60", "band": "A", "note": ""} | changed
    return (stop_id, *cells.values())


def read(kind: str, *rows: tuple[object, ...], context: TableContext | None = None) -> TableImport:
    """The rows as CSV, read."""
    return read_table(kind, f"{kind}.csv", csv_bytes(rows), context or TableContext())


def found(result: TableImport) -> list[tuple[str, Severity, object]]:
    """Code, severity and cell of each finding."""
    return [(finding.code, finding.severity, finding.facts.get("cell")) for finding in result.findings]


@pytest.mark.parametrize(
    ("written", "datum"), [("GCJ02", Datum.GCJ02), ("高德", Datum.GCJ02), ("BD-09", Datum.BD09)]
)
def test_coordinates_are_brought_to_wgs84_at_the_edge(written: str, datum: Datum) -> None:
    """A stop given in a Chinese datum is stored where it stands on the ground."""
    result = read("stops", HEADER, stop("S001", datum=written))
    assert result.rows[0].position == to_wgs84(31.13, 104.38, datum)
    assert result.rows[0].position != Position(lat=31.13, lon=104.38)
    assert result.findings == ()


def test_wrong_coordinates_block_and_swapped_ones_say_so() -> None:
    """Swapped coordinates come with the suggestion; a point outside China blocks; a far one warns."""
    near = TableContext(campus=Position(lat=31.127, lon=104.398))
    result = read(
        "stops",
        HEADER,
        stop("S001", lat="104.38", lon="31.13"),
        stop("S002", lat="0", lon="0"),
        stop("S003", lat="39.9", lon="116.4"),
        stop("S004", lat="北纬31"),
        context=near,
    )
    assert found(result) == [
        ("coordinates_swapped", Severity.BLOCK, "C2"),
        ("coordinates_outside", Severity.BLOCK, "C3"),
        ("decimal_unreadable", Severity.BLOCK, "C5"),
        ("stop_far_from_campus", Severity.WARN, "C4"),
    ]
    assert result.findings[0].facts["expected"] == "31.13, 104.38"
    assert [one.stop_id for one in result.rows] == ["S003"]


def test_stops_with_other_faults() -> None:
    """A period that ends before it begins, an unknown kind, a repeated id: each at its cell."""
    result = read(
        "stops",
        HEADER,
        stop("S001", to="2026-08-01"),
        stop("S002", kind="饭店门口"),
        stop("S003"),
        stop("S003", name="另一站"),
        stop("S004", to="长期", kind="公交站台", radius=""),
    )
    assert found(result) == [
        ("period_reversed", Severity.BLOCK, "H2"),
        ("choice_unknown", Severity.BLOCK, "F3"),
        ("stop_twice", Severity.BLOCK, "A5"),
    ]
    assert result.rows[-1].designated_to is None
    assert result.rows[-1].radius_m == 60


def test_a_line_is_put_in_its_order_and_its_contradictions_found() -> None:
    """Stops by sequence, the campus left out; two plates, a sequence or a stop twice block."""
    good = read(
        "lines",
        LINES,
        ("L1", "川F10001", "2", "S002", "16:50"),
        ("L1", "川F10001", "1", "S001", "16:40"),
        ("L1", "川F10001", "0", "@campus", ""),
    )
    assert good.findings == ()
    assert good.rows[0].stops == (
        LineStop(seq=1, stop_id="S001", departs_min=1000),
        LineStop(seq=2, stop_id="S002", departs_min=1010),
    )
    bad = read(
        "lines",
        LINES,
        ("L1", "川F10001", "1", "S001", ""),
        ("L1", "川F10002", "1", "S001", "25:00"),
        ("L1", "川F10002", "1", "S001", ""),
        ("L1", "川F10001", "3", "S009", ""),
        context=TableContext(stop_ids=frozenset({"S001"}), plates=frozenset({"川F10001"})),
    )
    assert found(bad) == [
        ("time_unreadable", Severity.BLOCK, "E3"),
        ("line_two_plates", Severity.BLOCK, "B4"),
        ("line_seq_twice", Severity.BLOCK, "C4"),
        ("line_stop_twice", Severity.BLOCK, "D4"),
        ("line_left_out", Severity.WARN, "A2"),
        ("line_stop_unknown", Severity.BLOCK, "D2"),
    ]
    assert bad.rows == ()


def test_a_line_with_one_bad_row_is_left_out_as_a_whole() -> None:
    """Without the stop of the bad row it would be another line than the approved one; others are read."""
    result = read(
        "lines",
        LINES,
        ("L1", "川F10001", "1", "S001", "16:40"),
        ("L1", "川F10001", "x", "S002", "16:50"),
        ("L2", "川F10002", "1", "S003", ""),
    )
    assert found(result) == [
        ("integer_unreadable", Severity.BLOCK, "C3"),
        ("line_left_out", Severity.WARN, "A2"),
    ]
    assert [line.line_id for line in result.rows] == ["L2"]


def test_travel_times_must_be_complete_and_plausible() -> None:
    """Every ordered pair with the campus; a missing one, two truths and a flying bus are found."""
    places = ("@campus", "S001", "S002")
    rows = [(a, b, 9000, 600) for a in places for b in places if a != b]
    known = TableContext(stop_ids=frozenset({"S001", "S002"}))
    good = read("travel", TRAVEL, *rows, context=known)
    assert good.findings == ()
    assert good.rows[0] == TravelTime(origin="@campus", destination="S001", distance_m=9000, duration_s=600)
    bad = read(
        "travel", TRAVEL, *rows[1:], rows[1], (*rows[2][:2], 1, 1), ("S001", "S9", 90000, 60), context=known
    )
    assert found(bad) == [
        ("row_repeated", Severity.WARN, "A7"),
        ("pair_twice", Severity.BLOCK, "A8"),
        ("travel_slowed", Severity.WARN, "D9"),
        ("travel_stop_unknown", Severity.WARN, "B9"),
        ("travel_pair_missing", Severity.BLOCK, None),
    ]
    assert bad.findings[-1].facts["missing"] == ["S001"]


def test_legs_above_the_law_are_one_finding_a_file() -> None:
    """However many legs are faster than 80 km/h, one warning counts them and names the worst by cell."""
    places = ("@campus", "S001", "S002")
    known = TableContext(stop_ids=frozenset({"S001", "S002"}))
    pairs = [(a, b) for a in places for b in places if a != b]
    rows = [(a, b, 9000, 405 - 50 * (number % 3)) for number, (a, b) in enumerate(pairs)]
    read_in = read("travel", TRAVEL, *rows, context=known)
    assert found(read_in) == [("travel_slowed", Severity.WARN, "D4")]
    facts = read_in.findings[0].facts
    assert (facts["count"], facts["cap_kmh"]) == (4, 80)
    assert str(facts["worst"]).startswith("D4 S001→@campus 9000 m / 305 s; D7 ")
    assert len(read_in.rows) == len(rows)
