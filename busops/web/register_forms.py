"""
The forms of the register's rows: fields with their words, choices, faults, and what stands now.

What a form means is decided by the service; this only lays it out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from flask import render_template

from busops.domain.errors import BusopsError, Conflict, InvalidInput
from busops.domain.evidence import Evidence
from busops.domain.findings import Finding
from busops.domain.fleet import CrewRole, VehicleClass
from busops.domain.network import StopKind
from busops.domain.roster import HandoverMode
from busops.domain.values import Datum
from busops.finance.tariff import FareUnit
from busops.services import line_form, register_lists
from busops.services.register_edit import RowForm
from busops.services.register_rows import form_columns
from busops.web import formats
from busops.web.context import current
from busops.web.language import code_words, say

Choices = tuple[tuple[str, str], ...]

CODED: Final[dict[str, tuple[str, type[Any]]]] = {
    "kind": ("stop_kind", StopKind),
    "datum": ("datum", Datum),
    "vehicle_class": ("vehicle_class", VehicleClass),
    "evidence": ("evidence_level", Evidence),
    "role": ("crew_role", CrewRole),
    "handover": ("handover", HandoverMode),
    "unit": ("fare_unit", FareUnit),
}
HINTS: Final = {
    "designated_from": "如 2026-02-23",
    "other_stops": "站点编号，用分号隔开",
    "plates": "车牌号，用分号隔开",
    "persons": "姓名（关系），用分号隔开，不写电话",
    "to_on": "停用一个价：填最后一天",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form; ``now`` is what somebody else stored meanwhile."""

    name: str
    word: str
    value: str
    is_needed: bool = False
    is_key: bool = False
    choices: Choices = ()
    hint: str = ""
    fault: str = ""
    now: str = ""


@dataclass(slots=True, kw_only=True)
class _Sheet:
    """What the fields of one page are made from; faults that found their field are used up."""

    texts: Mapping[str, str]
    stored: Mapping[str, str]
    faults: dict[str, list[Finding]] = field(default_factory=dict)

    def field(self, name: str, word: str, **own: Any) -> Field:
        """The field with its value, faults in words and what stands now where that differs."""
        value, stored = str(self.texts.get(name, "")), self.stored.get(name, "")
        return Field(
            name=name,
            word=word,
            value=value,
            fault=" ".join(_fault(one, word) for one in self.faults.pop(name, [])),
            now=(stored or say("（空）")) if self.stored and stored != value else "",
            **own,
        )


def page(
    kind: str,
    key: tuple[str, ...],
    row: RowForm | None,
    texts: Mapping[str, str],
    error: BusopsError | None = None,
) -> str:
    """The form of a row, or of a new one; with an error, every fault stands at its field."""
    findings = error.findings if isinstance(error, InvalidInput) else ()
    stored = row.texts if row is not None and isinstance(error, Conflict) else {}
    sheet = _Sheet(texts=texts, stored=stored)
    for finding in findings:
        sheet.faults.setdefault(str(finding.facts.get("column", "")), []).append(finding)
    fields = _line_fields(sheet, key) if kind == "lines" else _fields(sheet, kind, key)
    stops = _line_stops(sheet) if kind == "lines" else ()
    return render_template(
        "register/form.html",
        kind=kind,
        key=key,
        fields=fields,
        stops=stops,
        others=[finding for rest in sheet.faults.values() for finding in rest],
        error=error,
        seen=row.mark if row is not None else "",
        is_in_use=row is None or row.is_in_use,
    )


def _fields(sheet: _Sheet, kind: str, key: tuple[str, ...]) -> tuple[Field, ...]:
    return tuple(
        sheet.field(
            name,
            say(header),
            is_needed=is_needed,
            is_key=position < len(key),
            choices=_coded(name, is_needed=is_needed),
            hint=say(HINTS[name]) if name in HINTS else "" if is_needed else say("可不填"),
        )
        for position, (name, header, is_needed) in enumerate(form_columns(kind))
    )


def _line_fields(sheet: _Sheet, key: tuple[str, ...]) -> tuple[Field, ...]:
    fleet = register_lists.licensed_plates(current().database)
    plates = tuple((plate, plate) for plate in _with_own(fleet, sheet.texts.get("plate", "")))
    return (
        sheet.field("line_id", say("线路编号"), is_needed=True, is_key=bool(key)),
        sheet.field("plate", say("车牌号"), is_needed=True, choices=(("", "–"), *plates)),
    )


def _line_stops(sheet: _Sheet) -> tuple[tuple[Field, Field, Field], ...]:
    """A number, a stop and a time for each stop, and some empty rows to add more."""
    stops = register_lists.stop_names(current().database)
    count = max(line_form.rows_shown(sheet.texts), line_form.rows_shown(sheet.stored))
    numbers = sheet.texts if any(name.startswith("seq-") for name in sheet.texts) else {}
    filled = {f"seq-{number}": str(line_form.STEP * number) for number in range(1, count + 1)}
    sheet.texts = {**filled, **{name: numbers.get(name) or filled[name] for name in filled}, **_rest(sheet)}
    choices = (("", "–"), *((stop_id, f"{stop_id} {name}") for stop_id, name in stops))
    return tuple(
        (
            sheet.field(f"seq-{number}", say("站序")),
            sheet.field(f"stop_id-{number}", say("站点"), choices=choices),
            sheet.field(f"departs_at-{number}", say("发车时间")),
        )
        for number in range(1, count + 1)
    )


def _rest(sheet: _Sheet) -> dict[str, str]:
    return {name: value for name, value in sheet.texts.items() if not name.startswith("seq-")}


def _with_own(plates: Sequence[str], own: str) -> tuple[str, ...]:
    return tuple(sorted({*plates, *([own] if own else [])}))


def _coded(name: str, *, is_needed: bool) -> Choices:
    if name not in CODED:
        return ()
    prefix, kind = CODED[name]
    words = tuple((member.value, code_words(f"{prefix}.{member.value}")) for member in kind)
    return words if is_needed else (("", "–"), *words)


def _fault(finding: Finding, word: str) -> str:
    """The finding in words, said of the field and not of a cell that nobody sees."""
    facts = {**finding.facts, "column": word}
    return formats.words(replace(finding, place=word, facts=facts))
