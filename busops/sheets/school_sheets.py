"""
A school's files as values of the domain: a whole folder at once, or one table for an import page.

Every fault of every file comes back as a finding with its cell; nothing is stored here.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import PurePosixPath
from typing import Any, Final, TypeVar

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.domain.fleet import CrewMember, Vehicle
from busops.domain.network import ApprovedLine, Stop, TravelTime
from busops.domain.planning_rules import PlanningRule
from busops.domain.roster import Rider, RosterEntry
from busops.domain.school import School
from busops.domain.values import Plate, StopId
from busops.finance.costs import CostLine
from busops.finance.tariff import TariffRate
from busops.sheets.school_toml import read_school_toml
from busops.sheets.table_reader import TableText, read_table_text
from busops.sheets.tables.cells import identifier, plate_number
from busops.sheets.tables.context import TableContext
from busops.sheets.tables.cross_checks import Tables, cross_check, known_riders_only
from busops.sheets.tables.fleet import read_crew, read_vehicles
from busops.sheets.tables.money import read_costs, read_tariff
from busops.sheets.tables.network import read_lines, read_stops, read_travel, whole_lines
from busops.sheets.tables.people import read_riders, read_roster
from busops.sheets.tables.rows import Placed
from busops.sheets.tables.rules import read_rules
from busops.sheets.tables.specs import SPECS

KINDS: Final = tuple(SPECS)
NEEDED_TABLES: Final = ("stops", "vehicles", "crew", "riders", "tariff")
WANTED_TABLES: Final = ("costs",)
NEVER_EMPTY: Final = frozenset({"stops", "vehicles", "riders"})

_ROSTER_NAME: Final = re.compile(r"(?:roster|名单|乘车名单)[-_]?(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})")
_ENDINGS: Final = (".csv", ".xlsx")
_PASSED_OVER: Final = (".md", ".json", ".txt", ".ds_store", ".ini", ".db")
_READERS: Final[Mapping[str, Callable[[TableText, list[Finding]], Sequence[Placed[Any]]]]] = {
    "stops": read_stops,
    "vehicles": read_vehicles,
    "crew": read_crew,
    "lines": read_lines,
    "tariff": read_tariff,
    "costs": read_costs,
    "travel": read_travel,
    "rules": read_rules,
}

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableImport:
    """One table as read: its rows (none of which is at fault), the findings, and how many of what."""

    kind: str
    rows: tuple[Any, ...]
    findings: tuple[Finding, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolFolder:
    """A whole school as read; ``school`` is None where school.toml cannot be used."""

    school: School | None
    riders: tuple[Rider, ...] = ()
    stops: tuple[Stop, ...] = ()
    vehicles: tuple[Vehicle, ...] = ()
    crew: tuple[CrewMember, ...] = ()
    lines: tuple[ApprovedLine, ...] = ()
    rosters: Mapping[date, tuple[RosterEntry, ...]] = field(default_factory=dict)
    asked: Mapping[date, tuple[RosterEntry, ...]] = field(default_factory=dict)
    tariff: tuple[TariffRate, ...] = ()
    costs: tuple[CostLine, ...] = ()
    travel: tuple[TravelTime, ...] = ()
    rules: tuple[PlanningRule, ...] = ()
    receipts: Mapping[str, bytes] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def read_school_folder(files: Mapping[str, bytes]) -> SchoolFolder:
    """
    The school that the files describe, with everything that is wrong with them.

    ``files`` maps the path inside the folder to the bytes. Nothing is raised for a bad file.
    """
    findings: list[Finding] = []
    found = _sorted_files(files, findings)
    school = _school(found, findings)
    tables, context = _read_tables(found, school, findings)
    findings += cross_check(tables, context)
    return SchoolFolder(
        school=school,
        riders=_values(tables.riders),
        stops=_values(tables.stops),
        vehicles=_values(tables.vehicles),
        crew=_values(tables.crew),
        lines=_values(whole_lines(tables.lines, findings)),
        rosters={
            weekend_on: known_riders_only(entries, context.riders)
            for weekend_on, entries in sorted(tables.rosters.items())
        },
        asked={weekend_on: _values(entries) for weekend_on, entries in sorted(tables.rosters.items())},
        tariff=_values(tables.tariff),
        costs=_values(tables.costs),
        travel=_values(tables.travel),
        rules=_values(tables.rules),
        receipts=found.receipts,
        findings=tuple(findings),
    )


def read_table(
    kind: str, file_name: str, content: bytes, context: TableContext, *, weekend_on: date | None = None
) -> TableImport:
    """
    One table of the kind (see ``KINDS``) read against what is known.

    ``weekend_on`` is asked for a roster whose file name does not say it.
    """
    findings: list[Finding] = []
    text = read_table_text(file_name, content, SPECS[kind])
    findings += text.findings
    placed = _read(kind, text, context, findings)
    roster_on = weekend_on or weekend_of_file(file_name) or context.today or date.min
    together: dict[str, Any] = {"rosters": {roster_on: placed}} if kind == "roster" else {kind: placed}
    findings += cross_check(Tables(**together), context)
    if kind == "lines":
        placed = whole_lines(placed, findings)
    rows = known_riders_only(placed, context.riders) if kind == "roster" else _values(placed)
    seen = sum(len(sheet.rows) for sheet in text.sheets)
    if not rows and kind in NEVER_EMPTY and text.sheets:
        findings.append(_file_finding(file_name, "table_empty"))
    counts = {"rows": seen, "good": len(rows), "left_out": seen - len(rows), "sheets": len(text.sheets)}
    return TableImport(kind=kind, rows=rows, findings=tuple(findings), counts=counts)


def weekend_of_file(file_name: str) -> date | None:
    """The Friday that a roster's file name says: roster-2026-11-13.xlsx; None where it says none."""
    match = _ROSTER_NAME.search(_tolerant(PurePosixPath(file_name).name))
    if match is None:
        return None
    try:
        return date(int(match.group(1)), int(match.group(2)), int(match.group(3)))
    except ValueError:
        return None


@dataclass(slots=True, kw_only=True)
class _Found:
    """The files of a folder by what they are."""

    school: tuple[str, bytes] | None = None
    tables: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    rosters: dict[date, tuple[str, bytes]] = field(default_factory=dict)
    receipts: dict[str, bytes] = field(default_factory=dict)


def _sorted_files(files: Mapping[str, bytes], findings: list[Finding]) -> _Found:
    found = _Found()
    for path in sorted(files):
        parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
        if not parts or any(part.startswith((".", "~$")) for part in parts):
            continue
        if len(parts) > 1 and _tolerant(parts[-2]) == "receipts":
            found.receipts[parts[-1]] = files[path]
            continue
        name = _tolerant(parts[-1])
        stem, ending = PurePosixPath(name).stem, PurePosixPath(name).suffix
        if name == "school.toml":
            found.school = (parts[-1], files[path])
        elif ending in _ENDINGS and stem in SPECS and stem != "roster":
            _put(found.tables, stem, parts[-1], files[path], findings)
        elif ending in _ENDINGS and (weekend_on := weekend_of_file(name)):
            _put(found.rosters, weekend_on, parts[-1], files[path], findings)
        elif not name.endswith(_PASSED_OVER):
            findings.append(_file_finding(parts[-1], "file_unknown", Severity.WARN))
    return found


def _put(
    table: dict[Any, tuple[str, bytes]], key: object, name: str, content: bytes, findings: list[Finding]
) -> None:
    if key in table:
        findings.append(_file_finding(name, "file_given_twice", first=table[key][0]))
    else:
        table[key] = (name, content)


def _school(found: _Found, findings: list[Finding]) -> School | None:
    if found.school is None:
        findings.append(_file_finding("school.toml", "file_missing"))
        return None
    school, faults = read_school_toml(*found.school)
    findings += faults
    return school


def _read_tables(
    found: _Found, school: School | None, findings: list[Finding]
) -> tuple[Tables, TableContext]:
    context = TableContext(term=school.term if school else None, campus=school.campus if school else None)
    texts: dict[str, TableText] = {}
    read: dict[str, Sequence[Placed[Any]]] = {}
    for kind in SPECS:
        if kind != "roster":
            texts[kind], read[kind] = _read_file(kind, found.tables.get(kind), context, findings)
    riders = {placed.value.rider_id: placed.value for placed in read["riders"]}
    context = replace(
        context,
        stop_ids=frozenset(map(StopId, _named(texts["stops"], "stop_id", identifier))) or None,
        bands=frozenset(placed.value.band for placed in read["tariff"]) or None,
        plates=frozenset(map(Plate, _named(texts["vehicles"], "plate", plate_number))) or None,
        riders=riders or None,
    )
    rosters = {
        weekend_on: _read_file("roster", file, context, findings)[1]
        for weekend_on, file in found.rosters.items()
    }
    if not rosters:
        findings.append(_file_finding("roster-YYYY-MM-DD.xlsx", "file_missing", Severity.WARN))
    return Tables(rosters=rosters, **read), context


def _named(text: TableText, column: str, parse: Callable[[str], str]) -> Iterator[str]:
    """What a table names, rows with faults too: a fault in a stop is not one in each of its riders."""
    for sheet in text.sheets:
        for row in sheet.rows:
            with suppress(InvalidInput):
                yield parse(sheet.cell(row, column))


def _read_file(
    kind: str, file: tuple[str, bytes] | None, context: TableContext, findings: list[Finding]
) -> tuple[TableText, Sequence[Placed[Any]]]:
    if file is None:
        if kind in NEEDED_TABLES:
            findings.append(_file_finding(f"{kind}.csv", "file_missing"))
        elif kind in WANTED_TABLES:
            findings.append(_file_finding(f"{kind}.csv", "file_missing", Severity.WARN))
        return TableText(sheets=(), findings=()), ()
    text = read_table_text(*file, SPECS[kind])
    findings += text.findings
    placed = _read(kind, text, context, findings)
    if not placed and kind in NEVER_EMPTY and text.sheets:
        findings.append(_file_finding(file[0], "table_empty"))
    return text, placed


def _read(
    kind: str, text: TableText, context: TableContext, findings: list[Finding]
) -> Sequence[Placed[Any]]:
    if kind == "riders":
        return read_riders(text, context, findings)
    if kind == "roster":
        return read_roster(text, context, findings)
    return _READERS[kind](text, findings)


def _values(placed: Sequence[Placed[Value]]) -> tuple[Value, ...]:
    return tuple(one.value for one in placed)


def _tolerant(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).lower()


def _file_finding(file_name: str, code: str, severity: Severity = Severity.BLOCK, **facts: object) -> Finding:
    return Finding(code=code, severity=severity, place=file_name, facts={"file": file_name, **facts})
