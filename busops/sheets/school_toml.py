"""``school.toml`` as the domain's School: exact numbers, and a finding for every key that is not right."""

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.domain.school import Basis, FeeRegime, FinancePolicy, PlanningPolicy, School, Term
from busops.domain.values import Datum, Position, SchoolId, to_wgs84
from busops.sheets.files.delimited import decode
from busops.sheets.files.upload import check_size
from busops.sheets.tables.cells import exact_milli

TIMEZONE: Final = "Asia/Shanghai"
MAX_BYTES: Final = 64 * 1024

_SCHOOL_ID: Final = re.compile(r"\w[\w.-]{0,39}")
_KEYS: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"school_id", "name", "timezone", "term", "campus", "people", "planning", "finance"}),
    "term": frozenset({"id", "starts_on", "ends_on"}),
    "campus": frozenset({"lat", "lon", "datum"}),
    "people": frozenset({"executor", "responsible", "supervisor"}),
    "planning": frozenset(
        {
            "max_ride_min",
            "ride_factor",
            "max_stops",
            "dwell_base_s",
            "dwell_rider_s",
            "returns_to_campus",
            "detour_factor",
        }
    ),
    "finance": frozenset({"basis", "target_bp", "fee_regime"}),
}

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=StrEnum)


def read_school_toml(file_name: str, content: bytes) -> tuple[School | None, tuple[Finding, ...]]:
    """The school, or None and the findings that say why; unknown keys are told but do no harm."""
    try:
        check_size(file_name, len(content), max_bytes=MAX_BYTES)
        document = tomllib.loads(decode(file_name, content), parse_float=Decimal)
    except InvalidInput as refusal:
        facts = {"file": file_name, **refusal.facts}
        return None, (Finding(code=refusal.code, place=file_name, facts=facts),)
    except (ValueError, RecursionError) as error:
        facts = {"file": file_name, "reason": str(error)[:200]}
        return None, (Finding(code="toml_broken", place=file_name, facts=facts),)
    reader = _Reader(file_name, document)
    school = _school(reader)
    return (school if reader.is_good else None), tuple(reader.findings)


def _school(reader: "_Reader") -> School:
    reader.report_unknown_keys()
    starts_on = reader.need("term.starts_on", _day, date.min)
    ends_on = reader.need("term.ends_on", _day, date.max)
    if ends_on < starts_on:
        reader.report("term.ends_on", "period_reversed", from_on=starts_on, to_on=ends_on)
    timezone = reader.maybe("timezone", _text, TIMEZONE)
    if timezone != TIMEZONE:
        reader.report("timezone", "timezone_unsupported", found=timezone, expected=TIMEZONE)
    return School(
        school_id=SchoolId(reader.need("school_id", _school_id, "")),
        name=reader.need("name", _text, ""),
        timezone=timezone,
        term=Term(term_id=reader.need("term.id", _text, ""), starts_on=starts_on, ends_on=ends_on),
        campus=_campus(reader),
        executor=reader.maybe("people.executor", _text, ""),
        responsible=reader.maybe("people.responsible", _text, ""),
        supervisor=reader.maybe("people.supervisor", _text, ""),
        planning=_planning(reader),
        finance=_finance(reader),
    )


def _campus(reader: "_Reader") -> Position:
    lat = reader.need("campus.lat", _degrees, 0.0)
    lon = reader.need("campus.lon", _degrees, 0.0)
    datum = reader.maybe("campus.datum", _choice(Datum), Datum.WGS84)
    if not reader.is_good:
        return Position(lat=0.0, lon=0.0)
    if not (3.0 <= lat <= 54.0 and 73.0 <= lon <= 136.0):  # noqa: PLR2004
        is_swapped = 3.0 <= lon <= 54.0 and 73.0 <= lat <= 136.0  # noqa: PLR2004
        code = "coordinates_swapped" if is_swapped else "coordinates_outside"
        reader.report("campus.lat", code, found=f"{lat}, {lon}", expected=f"{lon}, {lat}")
    return to_wgs84(lat, lon, datum)


def _planning(reader: "_Reader") -> PlanningPolicy:
    usual = PlanningPolicy()
    return PlanningPolicy(
        max_ride_min=reader.maybe("planning.max_ride_min", _between(1, 600), usual.max_ride_min),
        ride_factor_milli=reader.maybe("planning.ride_factor", _factor, usual.ride_factor_milli),
        max_stops=reader.maybe("planning.max_stops", _between(1, 100), usual.max_stops),
        dwell_base_s=reader.maybe("planning.dwell_base_s", _between(0, 3600), usual.dwell_base_s),
        dwell_rider_s=reader.maybe("planning.dwell_rider_s", _between(0, 600), usual.dwell_rider_s),
        returns_to_campus=reader.maybe("planning.returns_to_campus", _truth, usual.returns_to_campus),
        detour_factor_milli=reader.maybe("planning.detour_factor", _factor, usual.detour_factor_milli),
    )


def _finance(reader: "_Reader") -> FinancePolicy:
    usual = FinancePolicy()
    return FinancePolicy(
        basis=reader.maybe("finance.basis", _choice(Basis), usual.basis),
        target_bp=reader.maybe("finance.target_bp", _between(0, 10_000), usual.target_bp),
        fee_regime=reader.maybe("finance.fee_regime", _choice(FeeRegime), usual.fee_regime),
    )


class _Reader:
    """Reads dotted keys and collects what is wrong with them."""

    def __init__(self, file_name: str, document: Mapping[str, Any]) -> None:
        self.findings: list[Finding] = []
        self._file = file_name
        self._document = document

    @property
    def is_good(self) -> bool:
        """Whether nothing found so far forbids to use the document."""
        return not any(finding.severity is Severity.BLOCK for finding in self.findings)

    def need(self, key: str, parse: Callable[[Any], Value], fallback: Value) -> Value:
        """The value of a key that must be there."""
        value = self._value(key)
        if value is None:
            self.report(key, "key_missing")
            return fallback
        return self._parsed(key, value, parse, fallback)

    def maybe(self, key: str, parse: Callable[[Any], Value], fallback: Value) -> Value:
        """The value of a key, or the policy's usual one."""
        value = self._value(key)
        return fallback if value is None else self._parsed(key, value, parse, fallback)

    def report(self, key: str, code: str, severity: Severity = Severity.BLOCK, **facts: object) -> None:
        """Notes a finding at a key."""
        place = f"{self._file}!{key}"
        known = {"file": self._file, "key": key, "cell": key, "sheet": "", "column": key}
        self.findings.append(Finding(code=code, severity=severity, place=place, facts={**known, **facts}))

    def report_unknown_keys(self) -> None:
        """Every key that no rule knows, and every section that is no section."""
        for key, value in self._document.items():
            if key not in _KEYS[""]:
                self.report(key, "key_unknown", Severity.WARN)
            elif key in _KEYS and not isinstance(value, dict):
                self.report(key, "value_wrong_type", found=str(value), expected="[section]")
            elif key in _KEYS:
                for inner in value.keys() - _KEYS[key]:
                    self.report(f"{key}.{inner}", "key_unknown", Severity.WARN)

    def _value(self, key: str) -> Any:
        section, _, name = key.rpartition(".")
        holder = self._document.get(section) if section else self._document
        return holder.get(name) if isinstance(holder, dict) else None

    def _parsed(self, key: str, value: Any, parse: Callable[[Any], Value], fallback: Value) -> Value:
        try:
            return parse(value)
        except InvalidInput as refusal:
            self.report(key, refusal.code, **{"found": str(value), **refusal.facts})
            return fallback


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput("value_wrong_type", expected='"…"')
    return value.strip()


def _school_id(value: Any) -> str:
    text = _text(value)
    if not _SCHOOL_ID.fullmatch(text):
        raise InvalidInput("id_unreadable", found=text)
    return text


def _day(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidInput("value_wrong_type", expected="2026-09-01")
    return value


def _degrees(value: Any) -> float:
    if not isinstance(value, Decimal | int) or isinstance(value, bool):
        raise InvalidInput("value_wrong_type", expected="31.127")
    return float(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput("value_wrong_type", expected="true / false")
    return value


def _between(least: int, most: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidInput("value_wrong_type", expected=f"{least} … {most}")
        if not least <= value <= most:
            raise InvalidInput("integer_out_of_range", least=least, most=most)
        return value

    return parse


def _factor(value: Any) -> int:
    """Thousandths of a factor from 1 to 5, exactly."""
    if not isinstance(value, Decimal | int) or isinstance(value, bool):
        raise InvalidInput("value_wrong_type", expected="1.32")
    milli = exact_milli(value, found=str(value))
    if not 1000 <= milli <= 5000:  # noqa: PLR2004
        raise InvalidInput("integer_out_of_range", least=1, most=5)
    return milli


def _choice(kind: type[Choice]) -> Callable[[Any], Choice]:
    def parse(value: Any) -> Choice:
        members = {member.value.upper(): member for member in kind}
        found = members.get(value.strip().upper()) if isinstance(value, str) else None
        if found is None:
            raise InvalidInput("choice_unknown", found=str(value), allowed=[member.value for member in kind])
        return found

    return parse
