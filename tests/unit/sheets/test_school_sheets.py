"""A whole school folder: values, files in any allowed form, and every contradiction between them."""

import re
from datetime import date
from pathlib import Path

import pytest

import busops.sheets
from busops.domain.findings import Severity
from busops.domain.fleet import CrewRole, VehicleClass
from busops.domain.values import Plate
from busops.finance.costs import CostLine
from busops.finance.tariff import FareUnit, TariffRate
from busops.i18n import ENGLISH, finding_words, has_words
from busops.sheets.school_sheets import SchoolFolder, read_school_folder, read_table, weekend_of_file
from busops.sheets.tables.context import TableContext
from tests.unit.sheets.sheet_files import (
    COSTS,
    CREW,
    RIDERS,
    ROSTER,
    STOPS,
    TARIFF,
    TOML,
    VEHICLES,
    csv_bytes,
    school_files,
    xlsx_bytes,
)

FRIDAY = date(2026, 11, 13)
CODE = re.compile(
    r'InvalidInput\(\s*"(\w+)"'
    r'|(?:report|note|\w*finding|_at_file|at_header)\(\s*(?:[^\s"(),]+, ){0,2}(?:"[\w.]+",\s+)?"(\w+_\w+)"'
    r'|code="(\w+)"'
)


def found(folder: SchoolFolder) -> list[tuple[str, Severity, object]]:
    """Code, severity and cell of each finding."""
    return [(finding.code, finding.severity, finding.facts.get("cell")) for finding in folder.findings]


def test_a_faultless_folder_becomes_values_without_a_finding() -> None:
    """Every table of the contract is read, nothing is found."""
    folder = read_school_folder(school_files())
    assert folder.findings == ()
    assert folder.school is not None
    assert folder.school.planning.ride_factor_milli == 1600
    assert [stop.stop_id for stop in folder.stops] == ["S001", "S002"]
    assert [rider.rider_id for rider in folder.riders] == ["00230001", "00230002"]
    assert [entry.rides_return for entry in folder.rosters[FRIDAY]] == [True, False]
    (vehicle,) = folder.vehicles
    assert (vehicle.vehicle_class, vehicle.per_km_fen) == (VehicleClass.CHARTER_COACH, 320)
    assert (vehicle.permit_to, vehicle.insurance_to) == (None, date(2027, 6, 30))
    driver, attendant = folder.crew
    assert (driver.role, driver.plates) == (CrewRole.DRIVER, frozenset({Plate("川F10001")}))
    assert attendant.role is CrewRole.ATTENDANT
    last_on = date(2027, 1, 31)
    assert folder.tariff[1] == TariffRate(
        band="B", unit=FareUnit.TRIP, fen=1550, from_on=date(2026, 9, 1), to_on=last_on
    )
    assert folder.costs == (
        CostLine(on=FRIDAY, code="C01", fen=82050, plate="川F10001", note="加油", document="P1"),
    )
    assert folder.travel == ()


def test_the_same_folder_as_csv_or_workbooks_is_the_same_school() -> None:
    """Which of the two forms a table comes in changes nothing."""
    files = school_files()
    as_books = {name: content for name, content in files.items() if not name.endswith(".csv")}
    tables = {"stops": STOPS, "vehicles": VEHICLES, "crew": CREW, "tariff": TARIFF, "costs": COSTS}
    as_books |= {f"{name}.xlsx": xlsx_bytes(rows, title="表") for name, rows in tables.items()}
    as_csv = {name: content for name, content in files.items() if not name.endswith(".xlsx")}
    as_csv |= {"riders.csv": csv_bytes(RIDERS, "gb18030"), "roster-2026-11-13.csv": csv_bytes(ROSTER)}
    assert read_school_folder(as_books) == read_school_folder(files) == read_school_folder(as_csv)


def test_file_names_are_read_tolerantly_and_strangers_are_told() -> None:
    """Case and blanks in names do not matter; a copy of a table blocks; an unknown file is told."""
    files = school_files()
    files[" Stops .CSV"] = files.pop("stops.csv")
    files["receipts/微信.csv"] = b"x"
    files["receipts\\cash.xlsx"] = b"y"
    files["~$riders.xlsx"] = b"lock"
    files["README.md"] = b"text"
    files["照片.png"] = b"png"
    files["crew.xlsx"] = xlsx_bytes(CREW)
    folder = read_school_folder(files)
    assert [finding.code for finding in folder.findings] == ["file_given_twice", "file_unknown"]
    assert set(folder.receipts) == {"微信.csv", "cash.xlsx"}
    assert len(folder.stops) == 2


def test_missing_files_are_all_told_and_optional_ones_are_not() -> None:
    """lines, travel and receipts may be missing; costs and a roster are wanted; the others block."""
    folder = read_school_folder({})
    blocking = {f.facts["file"] for f in folder.findings if f.severity is Severity.BLOCK}
    assert blocking == {"school.toml", "stops.csv", "vehicles.csv", "crew.csv", "riders.csv", "tariff.csv"}
    warned = {f.facts["file"] for f in folder.findings if f.severity is Severity.WARN}
    assert warned == {"costs.csv", "roster-YYYY-MM-DD.xlsx"}
    assert folder.school is None


def test_empty_tables() -> None:
    """A cost table with its header only is a school without costs yet; without stops there is no school."""
    folder = read_school_folder(school_files(costs=csv_bytes(COSTS[:1]), stops=csv_bytes(STOPS[:1])))
    assert found(folder) == [("table_empty", Severity.BLOCK, None)]


def test_contradictions_between_the_tables_name_their_cells() -> None:
    """Unknown stops block at the rider's cell; plates, bands and prices are checked against each other."""
    riders = [RIDERS[0], (*RIDERS[1][:4], "S404", "S001;S405", *RIDERS[1][6:]), RIDERS[2]]
    crew = [CREW[0], (*CREW[1][:6], "川F10001;川F99999"), CREW[2]]
    tariff = [
        TARIFF[0],
        ("A", "TRIP", "9", "2026-09-01", "2026-10-31"),
        ("A", "TRIP", "10", "2026-10-15", "2026-12-31"),
        ("A", "WEEKEND", "18", "2026-10-15", "2026-12-31"),
    ]
    costs = [
        COSTS[0],
        ("2026-11-13", "C99", "1", "", "", "", "", ""),
        (*COSTS[1][:3], "川F88888", *COSTS[1][4:]),
    ]
    folder = read_school_folder(
        school_files(
            riders=xlsx_bytes(riders), crew=csv_bytes(crew), tariff=csv_bytes(tariff), costs=csv_bytes(costs)
        )
    )
    assert found(folder) == [
        ("cost_code_unknown", Severity.BLOCK, "B2"),
        ("plate_unknown", Severity.WARN, "G2"),
        ("plate_unknown", Severity.WARN, "D3"),
        ("stop_unknown", Severity.BLOCK, "E2"),
        ("stop_unknown", Severity.BLOCK, "F2"),
        ("tariff_overlap", Severity.BLOCK, "D3"),
        ("tariff_gap", Severity.WARN, "D4"),
        ("band_without_price", Severity.WARN, "J3"),
    ]
    gap = folder.findings[6].facts
    assert (gap["gap_from_on"], gap["gap_to_on"]) == (date(2027, 1, 1), date(2027, 1, 22))


def test_a_cost_says_its_tax_its_line_and_its_days() -> None:
    """A year's insurance of a line; more tax than money, half a span and one backwards are found by cell."""
    head = (*COSTS[0], "税额", "线路", "费用起", "费用止")
    days = ("2026-11-01", "2027-10-31")
    good = ("2026-11-13", "C07", "36.5", "川F10001", "", "", "", "否", "2.07", "川F10001/1", *days)
    bad = ("2026-11-13", "C01", "1", "", "", "", "", "", "1.01", "", "2026-11-13", "")
    back = ("2026-11-13", "C01", "-1", "", "", "", "", "", "0.5", "", "2026-11-13", "2026-11-12")
    folder = read_school_folder(school_files(costs=csv_bytes([head, good])))
    assert folder.costs[0] == CostLine(
        on=FRIDAY, code="C07", fen=3650, plate="川F10001", tax_fen=207, line="川F10001/1",
        covers_from=date(2026, 11, 1), covers_to=date(2027, 10, 31),
    )  # fmt: skip
    folder = read_school_folder(school_files(costs=csv_bytes([head, bad, back])))
    assert found(folder) == [
        ("cost_tax_above", Severity.BLOCK, "I2"),
        ("cost_days_halved", Severity.BLOCK, "L2"),
        ("cost_tax_above", Severity.BLOCK, "I3"),
        ("period_reversed", Severity.BLOCK, "L3"),
    ]


def test_vehicles_with_impossible_seats_and_licensed_buses_without_a_line() -> None:
    """As many students as persons leaves no driver; a licensed bus runs on approved lines only.

    A vehicle with a fault is still a vehicle: what names it is not found at fault as well.
    """
    rows = [
        VEHICLES[0],
        ("川F10001", "校车", "45", "45", "11", "540", "3.2", "2027-06-30", "2027-06-30", "1"),
        ("川F10002", "LICENSED_SCHOOL_BUS", "36", "40", "9", "400", "2.8", "2027-06-30", "2027-06-30", ""),
    ]
    lines = [("line_id", "plate", "seq", "stop_id"), ("L1", "川F10001", "1", "S001")]
    files = school_files(vehicles=csv_bytes(rows)) | {"lines.csv": csv_bytes(lines)}
    folder = read_school_folder(files)
    assert found(folder) == [
        ("seats_inconsistent", Severity.BLOCK, "C2"),
        ("licensed_bus_without_line", Severity.WARN, "A3"),
    ]


@pytest.mark.parametrize(
    ("name", "weekend_on"),
    [
        ("roster-2026-11-13.xlsx", FRIDAY), ("Roster_20261113.csv", FRIDAY), ("名单-2026.11.13.xlsx", FRIDAY),
        ("roster-2026-13-13.csv", None), ("riders.csv", None),
    ],
)  # fmt: skip
def test_the_weekend_is_read_from_the_file_name(name: str, weekend_on: date | None) -> None:
    """A roster's name says its Friday."""
    assert weekend_of_file(name) == weekend_on


def test_every_code_has_words_in_both_languages_and_every_sentence_its_place() -> None:
    """No code of the readers is without words, and a finding's words name file and cell."""
    sources = "".join(path.read_text() for path in Path(busops.sheets.__file__).parent.rglob("*.py"))
    codes = {code for match in CODE.findall(sources) for code in match if code}
    assert len(codes) > 50
    assert {code for code in codes if not has_words(code)} == set()
    result = read_table("riders", "riders.csv", csv_bytes([RIDERS[0], ("", *RIDERS[1][1:])]), TableContext())
    (missing,) = result.findings[:1]
    assert finding_words(missing) == "riders.csv!A2：“学号”没有填"
    assert finding_words(missing, ENGLISH) == "riders.csv!A2: “学号” is empty"


def test_a_broken_settings_file_does_not_hide_the_faults_of_the_tables() -> None:
    """All files are read even when one of them is broken."""
    folder = read_school_folder(school_files(school=TOML.encode()[:80] + b"=", stops=b"PK"))
    assert {"toml_broken", "header_not_found"} <= {finding.code for finding in folder.findings}
    assert len(folder.riders) == 2
