"""school.toml: exact factors, usual values where a key is missing, a finding for every wrong key."""

from datetime import date

import pytest

from busops.domain.findings import Severity
from busops.domain.school import Basis, FeeRegime, Term
from busops.domain.values import Position
from busops.sheets.school_toml import read_school_toml
from tests.unit.sheets.sheet_files import TOML


def test_the_settings_of_a_school() -> None:
    """Every key is read; factors become thousandths exactly; missing policies are the usual ones."""
    school, findings = read_school_toml("school.toml", TOML.encode())
    assert findings == ()
    assert school is not None
    assert school.term == Term(term_id="2026-autumn", starts_on=date(2026, 9, 1), ends_on=date(2027, 1, 22))
    assert school.campus == Position(lat=31.127, lon=104.398)
    assert (school.planning.ride_factor_milli, school.planning.detour_factor_milli) == (1600, 1320)
    assert (school.planning.max_stops, school.planning.returns_to_campus) == (12, True)
    assert (school.finance.basis, school.finance.fee_regime) == (Basis.ACCRUAL, FeeRegime.MARKET)


@pytest.mark.parametrize("school_id", ["德阳五中", "dy-5.2024", "7_b", "é"])
def test_a_school_id_may_be_written_in_any_letters(school_id: str) -> None:
    """The contract asks for a short and stable id, not for a Latin one."""
    school, findings = read_school_toml("school.toml", TOML.replace('"dw"', f'"{school_id}"').encode())
    assert school is not None
    assert school.school_id == school_id
    assert not findings


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ('school_id = "dw"', "", "key_missing", "school_id"),
        ('school_id = "dw"', 'school_id = "a b/c"', "id_unreadable", "school_id"),
        ('name = "测试学校（虚构）"', "name = 7", "value_wrong_type", "name"),
        ('timezone = "Asia/Shanghai"', 'timezone = "Europe/Berlin"', "timezone_unsupported", "timezone"),
        ("starts_on = 2026-09-01", 'starts_on = "2026-09-01"', "value_wrong_type", "term.starts_on"),
        ("starts_on = 2026-09-01", "starts_on = 2026-09-01T08:00:00", "value_wrong_type", "term.starts_on"),
        ("ends_on = 2027-01-22", "ends_on = 2025-01-22", "period_reversed", "term.ends_on"),
        ("lat = 31.127", "lat = 104.398", "coordinates_outside", "campus.lat"),
        ("lat = 31.127", "lat = true", "value_wrong_type", "campus.lat"),
        ("lat = 31.127", "lat = nan", "coordinates_outside", "campus.lat"),
        ('datum = "WGS84"', 'datum = "WGS"', "choice_unknown", "campus.datum"),
        ("max_ride_min = 75", "max_ride_min = 0", "integer_out_of_range", "planning.max_ride_min"),
        ("max_ride_min = 75", "max_ride_min = true", "value_wrong_type", "planning.max_ride_min"),
        ("ride_factor = 1.6", "ride_factor = 1.60001", "decimal_unreadable", "planning.ride_factor"),
        ("ride_factor = 1.6", "ride_factor = inf", "decimal_unreadable", "planning.ride_factor"),
        ("ride_factor = 1.6", "ride_factor = 0.5", "integer_out_of_range", "planning.ride_factor"),
        ('basis = "ACCRUAL"', 'basis = "CASH"', "choice_unknown", "finance.basis"),
        ("[people]", "[people", "toml_broken", None),
    ],
)
def test_a_wrong_value_blocks_and_names_its_key(old: str, new: str, code: str, key: str | None) -> None:
    """Each wrong value gives one BLOCK finding with its key, and no school."""
    assert old in TOML
    school, findings = read_school_toml("school.toml", TOML.replace(old, new).encode())
    assert school is None
    assert [(finding.code, finding.severity, finding.facts.get("key")) for finding in findings] == [
        (code, Severity.BLOCK, key)
    ]


def test_swapped_coordinates_of_the_campus_suggest_the_swap() -> None:
    """Latitude and longitude in the wrong order are recognised."""
    swapped = TOML.replace("lat = 31.127", "lat = 104.398").replace("lon = 104.398", "lon = 31.127")
    school, findings = read_school_toml("school.toml", swapped.encode())
    assert school is None
    assert [finding.code for finding in findings] == ["coordinates_swapped"]


def test_unknown_keys_are_told_and_do_no_harm() -> None:
    """A misspelt key is a WARN: the setting that was meant stays at its usual value."""
    text = TOML.replace("max_ride_min = 75", "max_ride_mins = 60") + "\n[extra]\nx = 1\n"
    school, findings = read_school_toml("school.toml", text.encode())
    assert school is not None
    assert school.planning.max_ride_min == 75
    assert sorted((finding.code, finding.facts["key"]) for finding in findings) == [
        ("key_unknown", "extra"),
        ("key_unknown", "planning.max_ride_mins"),
    ]


def test_encodings_and_empty_files() -> None:
    """A BOM and GB18030 are read; an empty file is refused."""
    assert read_school_toml("school.toml", TOML.encode("utf-8-sig"))[0] is not None
    assert read_school_toml("school.toml", TOML.encode("gb18030"))[0] is not None
    assert [f.code for f in read_school_toml("school.toml", b"")[1]] == ["file_empty"]
