"""
Single rows of the register: shown as a form, edited by the rules of a file, retired, never deleted.

An edit is read as a file of one row, so that a form can never say what a file may not. A form
carries the mark of the row it showed: who saves over somebody else's change is told first.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from busops.domain.errors import Conflict, InvalidInput, NotFound, Refused
from busops.domain.findings import Finding, Severity, blocking
from busops.domain.fleet import VehicleClass
from busops.domain.network import ApprovedLine
from busops.domain.roster import Rider
from busops.domain.values import Clock, StopId
from busops.finance.tariff import TariffRate
from busops.services import line_form, register_tables
from busops.services.acting import By, record_act
from busops.services.register_rows import form_columns, form_file, row_texts
from busops.sheets.school_sheets import read_table
from busops.sheets.tables.context import TableContext
from busops.storage import fleet_store, network_store, register_store
from busops.storage.database import Database, Transaction

EDITED: Final = ("stops", "vehicles", "crew", "lines", "riders", "tariff")
_RETIRES: Final[Mapping[str, Callable[[Transaction, str, date | None], None]]] = {
    "riders": register_store.retire_rider,
    "stops": network_store.retire_stop,
    "vehicles": fleet_store.retire_vehicle,
    "crew": fleet_store.retire_crew,
    "lines": network_store.retire_line,
}
_LOADS_ALL: Final[Mapping[str, Callable[[Transaction], Iterable[Any]]]] = {
    "stops": lambda tx: network_store.load_stops(tx, include_retired=True),
    "vehicles": lambda tx: fleet_store.load_vehicles(tx, include_retired=True),
    "crew": lambda tx: fleet_store.load_crew(tx, include_retired=True),
    "lines": lambda tx: network_store.load_lines(tx, include_retired=True),
    "riders": lambda tx: register_store.load_riders(tx, include_retired=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowForm:
    """A row as a form shows it: texts by field, the mark of what they say, whether it may be edited."""

    texts: Mapping[str, str]
    mark: str
    is_in_use: bool


def open_form(database: Database, kind: str, key: tuple[str, ...]) -> RowForm:
    """The row of a key ready to be edited; raises NotFound."""
    with database.reading() as tx:
        texts = row_texts(kind, _row(tx, kind, key))
        table = register_tables.table(kind)
        is_in_use = any(_text_key(table.key(row)) == key for row in table.load(tx))
    return RowForm(texts=texts, mark=mark_of(texts), is_in_use=is_in_use)


def form_of(database: Database, kind: str, key: tuple[str, ...]) -> Mapping[str, str]:
    """The row of a key as the texts of a form, by field; raises NotFound."""
    return open_form(database, kind, key).texts


def is_in_use(database: Database, kind: str, key: tuple[str, ...]) -> bool:
    """True when the row stands in the register and has not retired."""
    table = register_tables.table(kind)
    with database.reading() as tx:
        return any(_text_key(table.key(row)) == key for row in table.load(tx))


def mark_of(texts: Mapping[str, str]) -> str:
    """A short mark that differs as soon as the texts do."""
    plain = json.dumps(dict(texts), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def edit(
    database: Database,
    kind: str,
    texts: Mapping[str, str],
    *,
    clock: Clock,
    by: By = None,
    key: tuple[str, ...] | None = None,
    seen: str | None = None,
) -> tuple[Finding, ...]:
    """
    The row stands as the form says; what is odd about it comes back.

    ``key`` is of the row that is edited (its key may not change), None for a new one; ``seen`` is
    the mark of the row that the form showed. Raises InvalidInput with a finding for each field at
    fault, Conflict when somebody changed the row meanwhile.
    """
    if kind not in EDITED:
        raise NotFound("table_unknown", kind=kind)
    with database.transaction() as tx:
        before = row_texts(kind, _row(tx, kind, key)) if key is not None else {}
        if key is not None and seen is not None and seen != mark_of(before):
            raise Conflict("row_changed_meanwhile", kind=kind, key="/".join(key))
        findings, rows = _read_form(kind, texts, register_tables.known(tx, clock))
        findings += tuple(_key_findings(tx, kind, rows, key))
        for row in rows:
            findings += tuple(_own_findings(tx, row, key))
        if blocking(findings) or not rows:
            raise InvalidInput("form_at_fault", findings, kind=kind)
        table = register_tables.table(kind)
        table.save(tx, rows)
        facts = {"kind": kind, "is_new": key is None, **_changes(kind, before, rows[0])}
        record_act(
            tx, by, "register_edited", "/".join(_text_key(table.key(rows[0]))), facts=facts, clock=clock
        )
    return findings


def retire(
    database: Database, kind: str, row_key: str, *, on: date, clock: Clock, by: By = None, reason: str = ""
) -> None:
    """The thing has left the register on that day; raises Refused with everything that still leans on it."""
    if kind not in _RETIRES:
        raise NotFound("table_unknown", kind=kind)
    with database.transaction() as tx:
        reasons = list(_leaning(tx, kind, row_key))
        if not _stands(tx, kind, row_key):
            _row(tx, kind, (row_key,))
            reasons.append(Finding(code="row_retired_already", place=row_key, facts={"key": row_key}))
        if not reason.strip():
            reasons.append(Finding(code="reason_needed", place="reason"))
        if reasons:
            raise Refused("not_retired", reasons, kind=kind, key=row_key)
        _RETIRES[kind](tx, row_key, on)
        facts = {"kind": kind, "on": on, "reason": reason.strip()}
        record_act(tx, by, "register_retired", row_key, facts=facts, clock=clock)


def restore(database: Database, kind: str, row_key: str, *, clock: Clock, by: By = None) -> None:
    """The thing is in use again; raises Refused when what it names has left the register."""
    if kind not in _RETIRES:
        raise NotFound("table_unknown", kind=kind)
    with database.transaction() as tx:
        reasons = tuple(_missing(tx, _row(tx, kind, (row_key,))))
        if reasons:
            raise Refused("not_restored", reasons, kind=kind, key=row_key)
        _RETIRES[kind](tx, row_key, None)
        record_act(tx, by, "register_restored", row_key, facts={"kind": kind}, clock=clock)


def _row(tx: Transaction, kind: str, key: tuple[str, ...]) -> Any:
    table = register_tables.table(kind)
    for row in _LOADS_ALL[kind](tx) if kind in _LOADS_ALL else table.load(tx):
        if _text_key(table.key(row)) == key:
            return row
    raise NotFound("not_registered", kind=kind, key="/".join(key))


def _stands(tx: Transaction, kind: str, row_key: str) -> bool:
    table = register_tables.table(kind)
    return any(_text_key(table.key(row)) == (row_key,) for row in table.load(tx))


def _text_key(key: Iterable[Any]) -> tuple[str, ...]:
    return tuple(part.isoformat() if isinstance(part, date) else str(part) for part in key)


def _read_form(
    kind: str, texts: Mapping[str, str], context: TableContext
) -> tuple[tuple[Finding, ...], tuple[Any, ...]]:
    if kind == "lines":
        return line_form.read(texts, context)
    read = read_table(kind, "form.csv", form_file(kind, texts), context)
    rows = register_tables.admissible(kind, read.rows, context)
    # What is said of a whole table (it is empty, it has gaps) says nothing of one row.
    own = tuple(one for one in read.findings if one.facts.get("cell") and one.code != "tariff_gap")
    return (own if own or rows else read.findings), rows


def _key_findings(
    tx: Transaction, kind: str, rows: tuple[Any, ...], key: tuple[str, ...] | None
) -> Iterable[Finding]:
    """What is wrong about which row it is: renamed, taken, retired."""
    table = register_tables.table(kind)
    current = {_text_key(table.key(row)) for row in table.load(tx)}
    if key is not None and key not in current:
        yield _form_finding("row_is_retired", kind)
    for own in {_text_key(table.key(row)) for row in rows}:
        column = form_columns(kind)[0][0]
        if key is not None and own != key:
            yield _form_finding("key_cannot_change", kind, column)
        elif key is None and own in current:
            yield _form_finding("key_is_taken", kind, column)
        elif key is None and kind in _LOADS_ALL and _is_known(tx, kind, own):
            yield _form_finding("key_is_retired", kind, column)


def _is_known(tx: Transaction, kind: str, key: tuple[str, ...]) -> bool:
    return any(_text_key(register_tables.table(kind).key(row)) == key for row in _LOADS_ALL[kind](tx))


def _own_findings(tx: Transaction, row: Any, key: tuple[str, ...] | None) -> Iterable[Finding]:
    """What a single row may not say beside the others."""
    if isinstance(row, ApprovedLine):
        vehicle = next((one for one in fleet_store.load_vehicles(tx) if one.plate == row.plate), None)
        if vehicle is not None and vehicle.vehicle_class is not VehicleClass.LICENSED_SCHOOL_BUS:
            facts = {"plate": row.plate, "column": "plate"}
            yield Finding(code="line_needs_licensed_bus", place=row.plate, facts=facts)
    elif isinstance(row, TariffRate):
        yield from _overlaps(tx, row, key)


def _overlaps(tx: Transaction, rate: TariffRate, key: tuple[str, ...] | None) -> Iterable[Finding]:
    """Two prices of one band and unit on one day."""
    ends = date.max
    for other in register_store.load_tariff(tx):
        is_same_kind = (other.band, other.unit) == (rate.band, rate.unit)
        own = _text_key((other.band, other.unit.value, other.from_on))
        if (
            is_same_kind
            and own != key
            and other.from_on <= (rate.to_on or ends)
            and rate.from_on <= (other.to_on or ends)
        ):
            yield Finding(code="tariff_overlap", facts={"band": rate.band, "column": "from_on"})
            return


def _missing(tx: Transaction, row: Any) -> Iterable[Finding]:
    """What a row that comes back names, and is not in use."""
    stops = {stop.stop_id for stop in network_store.load_stops(tx)}
    named: tuple[StopId, ...] = ()
    if isinstance(row, Rider):
        named = (row.stop_id,)
    elif isinstance(row, ApprovedLine):
        named = row.stop_ids
        if row.plate not in {vehicle.plate for vehicle in fleet_store.load_vehicles(tx)}:
            yield Finding(code="named_vehicle_retired", place=row.plate, facts={"plate": row.plate})
    for stop_id in named:
        if stop_id not in stops:
            yield Finding(code="named_stop_retired", place=stop_id, facts={"stop_id": stop_id})


def _changes(kind: str, before: Mapping[str, str], row: Any) -> dict[str, Any]:
    """For the audit: which fields changed; of a line, which holds no names, what they said and say."""
    after = row_texts(kind, row)
    if kind == "lines":
        return {"before": line_form.summary(before), "after": line_form.summary(after)}
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return {"changed": changed} if before else {}


def _leaning(tx: Transaction, kind: str, row_key: str) -> Iterable[Finding]:
    if kind == "stops":
        using = sum(rider.stop_id == row_key for rider in register_store.load_riders(tx))
        if using:
            yield Finding(code="stop_has_riders", place=row_key, facts={"stop_id": row_key, "count": using})
        for line in network_store.load_lines(tx):
            if row_key in line.stop_ids:
                facts = {"stop_id": row_key, "line_id": line.line_id}
                yield Finding(code="stop_is_on_line", place=row_key, facts=facts)
    if kind == "vehicles":
        for line in network_store.load_lines(tx):
            if line.plate == row_key:
                facts = {"plate": row_key, "line_id": line.line_id}
                yield Finding(code="vehicle_has_line", place=row_key, facts=facts)


def _form_finding(code: str, kind: str, column: str = "") -> Finding:
    return Finding(code=code, severity=Severity.BLOCK, facts={"kind": kind, "column": column})
