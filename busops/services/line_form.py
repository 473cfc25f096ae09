"""
An approved line as a form: its number, its bus, and one numbered row of fields for each stop.

Read by the rules of ``lines.csv``; what is found is named by the field of the form, not by a cell.
The order is the typed number: shown in tens, so that 15 puts a stop between 10 and 20.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, Final

from busops.domain.findings import Finding, Severity
from busops.domain.network import ApprovedLine
from busops.domain.values import CAMPUS
from busops.services.register_tables import admissible
from busops.sheets.school_sheets import read_table
from busops.sheets.tables.context import TableContext

MOST_STOPS: Final = 60
SPARE_ROWS: Final = 4
STEP: Final = 10
STOP_FIELDS: Final = ("seq", "stop_id", "departs_at")
MINUTES_AN_HOUR: Final = 60


def texts_of(line: ApprovedLine) -> dict[str, str]:
    """The line as the fields of its form."""
    texts = {"line_id": str(line.line_id), "plate": str(line.plate)}
    for number, stop in enumerate(line.stops, start=1):
        texts[f"seq-{number}"] = str(STEP * number)
        texts[f"stop_id-{number}"] = stop.stop_id
        texts[f"departs_at-{number}"] = clock_text(stop.departs_min)
    return texts


def clock_text(minute: int | None) -> str:
    """16:05 for 965 minutes after midnight."""
    return "" if minute is None else f"{minute // MINUTES_AN_HOUR:02d}:{minute % MINUTES_AN_HOUR:02d}"


def rows_shown(texts: Mapping[str, str]) -> int:
    """How many rows of fields a form of these texts has: the filled ones and some to add stops."""
    filled = [number for number in range(1, MOST_STOPS + 1) if _is_filled(texts, number)]
    return min(MOST_STOPS, max(filled, default=0) + SPARE_ROWS)


def summary(texts: Mapping[str, str]) -> str:
    """The line in one text, for the audit: 川A·1 S001 16:05 → S002."""
    stops = (
        f"{texts[f'stop_id-{number}']} {texts.get(f'departs_at-{number}', '')}".strip()
        for number in range(1, MOST_STOPS + 1)
        if texts.get(f"stop_id-{number}")
    )
    return f"{texts.get('plate', '')} {' → '.join(stops)}".strip()


def read(
    texts: Mapping[str, str], context: TableContext
) -> tuple[tuple[Finding, ...], tuple[ApprovedLine, ...]]:
    """The line that the form says, its stops numbered from 1, and every fault at its field."""
    numbers = [number for number in range(1, MOST_STOPS + 1) if _is_filled(texts, number)]
    faults = [_finding("line_without_stops", "stop_id-1")] if not numbers else []
    faults += [
        _finding("value_missing", name, column=name)
        for name in ("line_id", "plate")
        if not texts.get(name, "").strip()
    ]
    if faults and not numbers:
        return tuple(faults), ()
    found = read_table("lines", "form.csv", _file(texts, numbers), context)
    field_of = dict(enumerate(numbers, start=2))
    for one in found.findings:
        if one.facts.get("cell") and one.severity is Severity.BLOCK:
            faults.append(_at_field(one, texts, field_of))
    known = {(one.code, one.facts["column"]): one for one in faults}
    rows = tuple(_renumbered(line) for line in admissible("lines", found.rows, context))
    return tuple(known.values()), rows


def _is_filled(texts: Mapping[str, str], number: int) -> bool:
    return bool(texts.get(f"stop_id-{number}", "").strip() or texts.get(f"departs_at-{number}", "").strip())


def _file(texts: Mapping[str, str], numbers: Iterable[int]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(("line_id", "plate", *STOP_FIELDS))
    for number in numbers:
        own = (texts.get(f"{name}-{number}", "") for name in STOP_FIELDS)
        cells = (texts.get("line_id", ""), texts.get("plate", ""), *own)
        writer.writerow([" ".join(str(cell).split()) for cell in cells])
    return buffer.getvalue().encode()


def _at_field(found: Finding, texts: Mapping[str, str], field_of: Mapping[int, int]) -> Finding:
    column, number = str(found.facts["column"]), field_of.get(int(found.facts["row"]), 1)
    if found.code == "line_stop_unknown":
        wanted = str(found.facts["found"])
        number = next((at for at in field_of.values() if texts.get(f"stop_id-{at}", "") == wanted), number)
    field = f"{column}-{number}" if column in STOP_FIELDS else column
    return _finding(found.code, field, severity=found.severity, **{**found.facts, "column": field})


def _finding(code: str, field: str, **given: Any) -> Finding:
    severity = {"severity": given.pop("severity")} if "severity" in given else {}
    return Finding(code=code, place=field, facts={**given, "column": field}, **severity)


def _renumbered(line: ApprovedLine) -> ApprovedLine:
    stops = (stop for stop in line.stops if stop.stop_id != CAMPUS)
    numbered = tuple(
        type(stop)(seq=seq, stop_id=stop.stop_id, departs_min=stop.departs_min)
        for seq, stop in enumerate(stops, start=1)
    )
    return ApprovedLine(line_id=line.line_id, plate=line.plate, stops=numbered)
