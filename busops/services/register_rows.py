"""
Rows of the register as texts by column, the way a form shows them and a file would give them.

The inverse of reading a file; what the texts mean is decided by ``sheets`` alone.
"""

import csv
import io
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from busops.domain.errors import NotFound
from busops.domain.fleet import CrewMember, Vehicle
from busops.domain.network import ApprovedLine, Stop
from busops.domain.roster import PickupPerson, Rider
from busops.domain.values import Datum
from busops.finance.tariff import TariffRate
from busops.services import line_form
from busops.sheets.tables.specs import SPECS

LEFT_OUT: Final = frozenset({"serial"})
FEN_A_YUAN: Final = 100


def form_columns(kind: str) -> tuple[tuple[str, str, bool], ...]:
    """The fields of a form: column, header, and whether it must be filled in."""
    if kind not in SPECS:
        raise NotFound("table_unknown", kind=kind)
    return tuple(
        (column.name, column.header, column.is_required)
        for column in SPECS[kind].columns
        if column.name not in LEFT_OUT
    )


def form_file(kind: str, texts: Mapping[str, str]) -> bytes:
    """A file of one row that says what the form says."""
    names = [name for name, _, _ in form_columns(kind)]
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(names)
    writer.writerow([" ".join(str(texts.get(name, "")).split()) for name in names])
    return buffer.getvalue().encode()


def row_texts(kind: str, row: Any) -> dict[str, str]:
    """The row as texts by column."""
    match row:
        case Stop():
            return _stop(row)
        case Vehicle():
            return _vehicle(row)
        case CrewMember():
            return _crew_member(row)
        case Rider():
            return _rider(row)
        case TariffRate():
            return _rate(row)
        case ApprovedLine():
            return line_form.texts_of(row)
    raise NotFound("table_unknown", kind=kind)


def _stop(row: Stop) -> dict[str, str]:
    return {
        "stop_id": row.stop_id,
        "name": row.name,
        "lat": f"{row.position.lat:.9f}".rstrip("0"),
        "lon": f"{row.position.lon:.9f}".rstrip("0"),
        "datum": Datum.WGS84.value,
        "kind": row.kind.value,
        "designated_from": row.designated_from.isoformat(),
        "designated_to": _day(row.designated_to),
        "radius_m": str(row.radius_m),
        "band": row.band,
        "note": row.note,
    }


def _vehicle(row: Vehicle) -> dict[str, str]:
    return {
        "plate": row.plate,
        "vehicle_class": row.vehicle_class.value,
        "approved_students": str(row.approved_students),
        "approved_total": str(row.approved_total),
        "rows": str(row.rows),
        "fixed_yuan": _yuan(row.fixed_fen),
        "per_km_yuan": _yuan(row.per_km_fen),
        "permit_to": _day(row.permit_to),
        "inspection_to": _day(row.inspection_to),
        "plate_to": _day(row.plate_to),
        "insurance_to": _day(row.insurance_to),
        "max_trips": str(row.max_trips),
        "evidence": row.evidence.value,
    }


def _crew_member(row: CrewMember) -> dict[str, str]:
    return {
        "crew_id": row.crew_id,
        "name": row.name,
        "role": row.role.value,
        "born_on": _day(row.born_on),
        "qualified_to": _day(row.qualified_to),
        "audit_to": _day(row.audit_to),
        "plates": ";".join(sorted(row.plates)),
    }


def _rider(row: Rider) -> dict[str, str]:
    return {
        "rider_id": row.rider_id,
        "name": row.name,
        "grade": row.grade,
        "class": row.class_name,
        "stop_id": row.stop_id,
        "other_stops": ";".join(row.other_stops),
        "guardian": row.guardian,
        "handover": row.handover.value,
        "persons": ";".join(_person(one) for one in row.persons),
        "waiver": row.waiver,
    }


def _person(one: PickupPerson) -> str:
    return f"{one.name}({one.relation})" if one.relation else one.name


def _rate(row: TariffRate) -> dict[str, str]:
    return {
        "band": row.band,
        "unit": row.unit.value,
        "yuan": _yuan(row.fen),
        "from_on": row.from_on.isoformat(),
        "to_on": _day(row.to_on),
    }


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def _yuan(fen: int) -> str:
    return f"{fen // FEN_A_YUAN}.{fen % FEN_A_YUAN:02d}"
