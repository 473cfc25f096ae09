"""Stops, approved lines and travel times as the school's tables give them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from busops.domain.findings import Finding, Severity
from busops.domain.network import (
    FASTEST_KMH,
    ApprovedLine,
    LineStop,
    Stop,
    StopKind,
    TravelTime,
    lawful_duration_s,
)
from busops.domain.values import CAMPUS, Datum, LineId, Plate, Position, StopId, to_wgs84
from busops.sheets.table_reader import TableText
from busops.sheets.tables import cells
from busops.sheets.tables.context import first_of_each
from busops.sheets.tables.rows import Placed, RowReader

DEFAULT_RADIUS_M: Final = 60
CHINA_LAT: Final = (3.0, 54.0)
CHINA_LON: Final = (73.0, 136.0)
NO_DAY: Final = date.min
NAMED_LEGS: Final = 5
LEFT_OUT: Final = "line_left_out"

_DATUM = cells.one_of(
    Datum,
    {
        "WGS-84": Datum.WGS84,
        "GPS": Datum.WGS84,
        "GCJ-02": Datum.GCJ02,
        "火星": Datum.GCJ02,
        "高德": Datum.GCJ02,
        "腾讯": Datum.GCJ02,
        "BD-09": Datum.BD09,
        "百度": Datum.BD09,
    },
)
_KIND = cells.one_of(
    StopKind,
    {
        "校车站点": StopKind.SCHOOL_BUS_STOP,
        "校车停靠站点": StopKind.SCHOOL_BUS_STOP,
        "校车停靠站": StopKind.SCHOOL_BUS_STOP,
        "公交站台": StopKind.BUS_PLATFORM,
        "公交站": StopKind.BUS_PLATFORM,
        "公交站点": StopKind.BUS_PLATFORM,
        "学校": StopKind.SCHOOL,
        "校内": StopKind.SCHOOL,
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _LineRow:
    line_id: LineId
    plate: Plate
    stop: LineStop


def read_stops(table: TableText, findings: list[Finding]) -> tuple[Placed[Stop], ...]:
    """The stops in WGS-84, each id once; a row that cannot be used is left out and found."""
    rows = []
    for sheet in table.sheets:
        for row in sheet.rows:
            reader = RowReader(sheet=sheet, row=row, findings=findings)
            stop = _stop(reader)
            if reader.is_good:
                rows.append(reader.placed(stop))
    return first_of_each(rows, "stop_id", "stop_id", "stop_twice", findings)


def read_lines(table: TableText, findings: list[Finding]) -> tuple[Placed[ApprovedLine], ...]:
    """
    The approved lines, stops by their sequence; a line belongs to one plate and names a stop once.

    A line with a fault in any row is told as left out (``line_left_out``): without that stop it
    would be another line than the one that was approved. :func:`whole_lines` takes it out.
    """
    broken: set[LineId] = set()
    by_line: dict[LineId, list[Placed[_LineRow]]] = defaultdict(list)
    for sheet in table.sheets:
        for row in sheet.rows:
            reader = RowReader(sheet=sheet, row=row, findings=findings)
            line_row = _LineRow(
                line_id=LineId(reader.need("line_id", cells.identifier, "")),
                plate=Plate(reader.need("plate", cells.plate_number, "")),
                stop=LineStop(
                    seq=reader.need("seq", cells.whole_number, 0),
                    stop_id=StopId(reader.need("stop_id", cells.identifier, "")),
                    departs_min=reader.maybe("departs_at", cells.minute_of_day, None),
                ),
            )
            if reader.is_good:
                by_line[line_row.line_id].append(reader.placed(line_row))
            else:
                broken.add(line_row.line_id)
    lines = []
    for line_id, rows in by_line.items():
        before = len(findings)
        line = _line(line_id, rows, findings)
        lines.append(line)
        if line_id in broken or len(findings) > before:
            findings.append(line.finding("line_id", "line_left_out", Severity.WARN, line_id=line_id))
    return tuple(lines)


def whole_lines(
    placed: Sequence[Placed[ApprovedLine]], findings: Iterable[Finding]
) -> tuple[Placed[ApprovedLine], ...]:
    """The lines that nothing keeps out."""
    out = {finding.facts["line_id"] for finding in findings if finding.code == LEFT_OUT}
    return tuple(line for line in placed if line.value.line_id not in out)


def read_travel(table: TableText, findings: list[Finding]) -> tuple[Placed[TravelTime], ...]:
    """The travel times, each ordered pair once."""
    first: dict[tuple[StopId, StopId], Placed[TravelTime]] = {}
    for sheet in table.sheets:
        for row in sheet.rows:
            reader = RowReader(sheet=sheet, row=row, findings=findings)
            travel = TravelTime(
                origin=StopId(reader.need("from", cells.identifier, "")),
                destination=StopId(reader.need("to", cells.identifier, "")),
                distance_m=reader.need("distance_m", cells.whole_number, 0),
                duration_s=reader.need("duration_s", cells.whole_number, 0),
            )
            if not reader.is_good or travel.origin == travel.destination:
                continue
            pair = (travel.origin, travel.destination)
            before = first.setdefault(pair, reader.placed(travel))
            if before.row is not row:
                is_same = before.value == travel
                facts = {"found": " → ".join(pair), "first_cell": str(before.row.number), "first_sheet": ""}
                code, severity = (
                    ("row_repeated", Severity.WARN) if is_same else ("pair_twice", Severity.BLOCK)
                )
                reader.report("from", code, severity, **facts)
    findings.extend(_slowed(tuple(first.values())))
    return tuple(first.values())


def _slowed(placed: Sequence[Placed[TravelTime]]) -> Iterator[Finding]:
    """One finding for all legs that planning slows down to the law: how many, and the fastest by cell."""

    def excess_s(one: Placed[TravelTime]) -> int:
        way = one.value
        return lawful_duration_s(way.distance_m, way.duration_s) - way.duration_s

    fast = sorted((one for one in placed if excess_s(one) > 0), key=excess_s, reverse=True)
    if fast:
        worst = "; ".join(_leg(one) for one in fast[:NAMED_LEGS])
        found = fast[0].value.duration_s
        facts = {"found": found, "count": len(fast), "cap_kmh": FASTEST_KMH, "worst": worst}
        yield fast[0].finding("duration_s", "travel_slowed", Severity.WARN, **facts)


def _leg(one: Placed[TravelTime]) -> str:
    way = one.value
    cell = one.sheet.facts(one.row, "duration_s")["cell"]
    return f"{cell} {way.origin}→{way.destination} {way.distance_m} m / {way.duration_s} s"


def _stop(reader: RowReader) -> Stop:
    lat = reader.need("lat", cells.degrees, 0.0)
    lon = reader.need("lon", cells.degrees, 0.0)
    datum = reader.need("datum", _DATUM, Datum.WGS84)
    designated_from = reader.need("designated_from", cells.day, NO_DAY)
    designated_to = reader.maybe("designated_to", cells.day_or_open, None)
    if reader.is_good:
        _check_position(reader, lat, lon)
    if reader.is_good and designated_to is not None and designated_to < designated_from:
        reader.report("designated_to", "period_reversed", from_on=designated_from, to_on=designated_to)
    return Stop(
        stop_id=StopId(reader.need("stop_id", cells.identifier, "")),
        name=reader.need("name", cells.words, ""),
        position=to_wgs84(lat, lon, datum) if reader.is_good else Position(lat=0.0, lon=0.0),
        kind=reader.need("kind", _KIND, StopKind.SCHOOL_BUS_STOP),
        designated_from=designated_from,
        designated_to=designated_to,
        radius_m=reader.maybe(
            "radius_m", lambda text: cells.whole_number(text, least=1, most=2000), DEFAULT_RADIUS_M
        ),
        band=reader.need("band", cells.plain, ""),
        note=cells.words(reader.text("note")),
    )


def _check_position(reader: RowReader, lat: float, lon: float) -> None:
    if _within(CHINA_LAT, lat) and _within(CHINA_LON, lon):
        return
    if _within(CHINA_LAT, lon) and _within(CHINA_LON, lat):
        reader.report("lat", "coordinates_swapped", found=f"{lat}, {lon}", expected=f"{lon}, {lat}")
    else:
        reader.report("lat", "coordinates_outside", found=f"{lat}, {lon}")


def _within(limits: tuple[float, float], value: float) -> bool:
    return limits[0] <= value <= limits[1]


def _line(line_id: LineId, rows: list[Placed[_LineRow]], findings: list[Finding]) -> Placed[ApprovedLine]:
    first = rows[0]
    seen_seq: set[int] = set()
    seen_stops: set[StopId] = set()
    for placed in rows:
        line_row = placed.value
        if line_row.plate != first.value.plate:
            found_plate, expected = line_row.plate, first.value.plate
            findings.append(
                placed.finding(
                    "plate", "line_two_plates", found=found_plate, expected=expected, line_id=line_id
                )
            )
        if line_row.stop.seq in seen_seq:
            found = line_row.stop.seq
            findings.append(placed.finding("seq", "line_seq_twice", found=found, line_id=line_id))
        if line_row.stop.stop_id in seen_stops:
            found_stop = line_row.stop.stop_id
            findings.append(placed.finding("stop_id", "line_stop_twice", found=found_stop, line_id=line_id))
        seen_seq.add(line_row.stop.seq)
        seen_stops.add(line_row.stop.stop_id)
    stops = sorted((placed.value.stop for placed in rows), key=lambda stop: stop.seq)
    # The campus is the end of every line; the domain lists the stops between.
    line = ApprovedLine(
        line_id=line_id,
        plate=first.value.plate,
        stops=tuple(stop for stop in stops if stop.stop_id != CAMPUS),
    )
    return Placed(value=line, sheet=first.sheet, row=first.row)
