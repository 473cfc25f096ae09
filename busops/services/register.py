"""
The register: a whole school folder at once, single rows edited by the same rules, retired, never deleted.

Files of one table go through ``services.imports``. An edit on a page is read as a file of one
row, so that a form can never say what a file may not.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import Any, Final

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.findings import Finding, Severity, blocking
from busops.domain.roster import NotRidingReason, RosterEntry
from busops.domain.values import Clock, Ids
from busops.finance.costs import CostLine
from busops.services import imports, register_tables
from busops.services.acting import By, record_act, user_of
from busops.services.register_rows import form_file, row_texts
from busops.sheets.school_sheets import SchoolFolder, read_school_folder, read_table, weekend_of_file
from busops.sheets.tables.context import TableContext
from busops.storage import fleet_store, import_store, network_store, register_store, roster_store
from busops.storage.database import Database, Transaction
from busops.storage.import_store import BatchState, ImportBatch

EDITED: Final = ("stops", "vehicles", "crew", "riders", "tariff")
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
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderImport:
    """
    What became of a folder: accepted or not, every finding, how many rows of each table, its weekends.

    Costs and receipts are handed on as they were read: their services store them. ``left_out`` are
    the roster's entries, by weekend, that name a rider or a stop which the register does not have;
    ``unreadable`` those whose row does not say clearly whether he rides.
    """

    is_accepted: bool
    findings: tuple[Finding, ...]
    counts: Mapping[str, int]
    weekends: tuple[date, ...] = ()
    unchanged: tuple[str, ...] = ()
    costs: tuple[CostLine, ...] = ()
    receipts: Mapping[str, bytes] = field(default_factory=dict)
    left_out: Mapping[date, tuple[RosterEntry, ...]] = field(default_factory=dict)
    unreadable: Mapping[date, tuple[RosterEntry, ...]] = field(default_factory=dict)


def import_folder(
    database: Database,
    *,
    files: Mapping[str, bytes],
    clock: Clock,
    ids: Ids,
    by: By = None,
    leave_out_bad_rows: bool = False,
) -> FolderImport:
    """
    The school of the folder stands in the register, unless something blocks: then nothing changed.

    ``leave_out_bad_rows`` takes the good rows although others are at fault; a fault of a whole
    file still blocks. A file that was accepted before, byte for byte, changes nothing.
    """
    folder = read_school_folder(files)
    stops_all = imports.obstacles(folder.findings) if leave_out_bad_rows else blocking(folder.findings)
    counts = {kind: len(rows) for kind, rows in _tables(folder)}
    counts |= {"rosters": len(folder.rosters), "costs": len(folder.costs), "receipts": len(folder.receipts)}
    if folder.school is None or stops_all:
        return FolderImport(is_accepted=False, findings=folder.findings, counts=counts)
    unchanged: list[str] = []
    with database.transaction() as tx:
        register_store.save_school(tx, folder.school)
        for name, kind, weekend_on, digest in _table_files(files):
            if import_store.find_accepted(tx, kind=kind, sha256=digest, weekend_on=weekend_on):
                unchanged.append(name)
                continue
            rows = _good_rows(tx, folder, kind, weekend_on, clock)
            register_tables.save(tx, kind, rows, weekend_on=weekend_on, clock=clock)
            batch = _batch(name, kind, weekend_on, digest, count=len(rows), at=(clock, ids, by))
            import_store.insert_batch(tx, batch)
        if not folder.travel:
            network_store.save_travel(tx, ())
        facts = {**counts, "unchanged": len(unchanged)}
        record_act(tx, by, "folder_imported", folder.school.school_id, facts=facts, clock=clock)
    return FolderImport(
        is_accepted=True,
        findings=folder.findings,
        counts=counts,
        weekends=tuple(folder.rosters),
        unchanged=tuple(unchanged),
        costs=folder.costs,
        receipts=folder.receipts,
        left_out=_left_out(database, folder),
        unreadable={on: tuple(filter(_is_unreadable, entries)) for on, entries in folder.rosters.items()},
    )


def form_of(database: Database, kind: str, key: tuple[str, ...]) -> dict[str, str]:
    """The row of a key as the texts of a form, by column; raises NotFound."""
    with database.reading() as tx:
        return row_texts(kind, _row(tx, kind, key))


def is_in_use(database: Database, kind: str, key: tuple[str, ...]) -> bool:
    """True when the row stands in the register and has not retired."""
    table = register_tables.table(kind)
    with database.reading() as tx:
        return any(_text_key(table.key(row)) == key for row in table.load(tx))


def edit(
    database: Database,
    kind: str,
    texts: Mapping[str, str],
    *,
    clock: Clock,
    by: By = None,
    key: tuple[str, ...] | None = None,
) -> tuple[Finding, ...]:
    """
    The row stands as the form says; what is odd about it comes back.

    ``key`` is of the row that is edited (its key may not change), None for a new one. Raises
    InvalidInput with a finding for each field at fault.
    """
    if kind not in EDITED:
        raise NotFound("table_unknown", kind=kind)
    with database.transaction() as tx:
        findings, rows = _read_form(kind, texts, register_tables.known(tx, clock))
        table = register_tables.table(kind)
        keys = {_text_key(table.key(row)) for row in rows}
        if rows and key is not None and keys != {key}:
            findings += (_form_finding("key_cannot_change", kind),)
        current = {_text_key(table.key(row)) for row in table.load(tx)}
        if key is not None and key not in current:
            findings += (_form_finding("row_is_retired", kind),)
        if rows and key is None and keys & current:
            findings += (_form_finding("key_is_taken", kind),)
        if rows and kind == "tariff":
            findings += _overlaps(tx, rows[0], key)
        if blocking(findings) or not rows:
            raise InvalidInput("form_at_fault", findings, kind=kind)
        table.save(tx, rows)
        subject = "/".join(next(iter(keys)))
        record_act(
            tx, by, "register_edited", subject, facts={"kind": kind, "is_new": key is None}, clock=clock
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
        if not reason.strip():
            reasons.append(Finding(code="reason_needed", place="reason"))
        if reasons:
            raise Refused("not_retired", reasons, kind=kind, key=row_key)
        _RETIRES[kind](tx, row_key, on)
        facts = {"kind": kind, "on": on, "reason": reason.strip()}
        record_act(tx, by, "register_retired", row_key, facts=facts, clock=clock)


def restore(database: Database, kind: str, row_key: str, *, clock: Clock, by: By = None) -> None:
    """The thing is in use again."""
    if kind not in _RETIRES:
        raise NotFound("table_unknown", kind=kind)
    with database.transaction() as tx:
        _RETIRES[kind](tx, row_key, None)
        record_act(tx, by, "register_restored", row_key, facts={"kind": kind}, clock=clock)


def _is_unreadable(entry: RosterEntry) -> bool:
    return entry.reason is NotRidingReason.ROSTER_UNREADABLE


def _left_out(database: Database, folder: SchoolFolder) -> dict[date, tuple[RosterEntry, ...]]:
    left_out = {}
    with database.reading() as tx:
        for weekend_on, asked in folder.asked.items():
            stored = {entry.rider_id for entry in roster_store.load_roster(tx, weekend_on)}
            left_out[weekend_on] = tuple(entry for entry in asked if entry.rider_id not in stored)
    return left_out


def _tables(folder: SchoolFolder) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    names = ("stops", "vehicles", "crew", "lines", "riders", "tariff", "travel")
    return tuple((name, getattr(folder, name)) for name in names)


def _table_files(files: Mapping[str, bytes]) -> tuple[tuple[str, str, date | None, str], ...]:
    """Name, kind, weekend and digest of the folder's tables, those that others name first."""
    found = []
    for path, content in files.items():
        name = PurePosixPath(path.replace("\\", "/")).name
        # As tolerant as the reader of the folder: full-width letters and blanks in a name are no other file.
        stem = PurePosixPath("".join(unicodedata.normalize("NFKC", name).split())).stem.lower()
        weekend_on = weekend_of_file(name)
        kind = "roster" if weekend_on else stem
        if kind in register_tables.KINDS and "receipts" not in path.split("/")[:-1]:
            found.append((name, kind, weekend_on, hashlib.sha256(content).hexdigest()))
    return tuple(sorted(found, key=lambda one: (register_tables.KINDS.index(one[1]), one[0])))


def _good_rows(
    tx: Transaction, folder: SchoolFolder, kind: str, weekend_on: date | None, clock: Clock
) -> tuple[Any, ...]:
    if weekend_on is not None:
        return register_tables.admissible(
            "roster", folder.rosters.get(weekend_on, ()), register_tables.known(tx, clock)
        )
    return register_tables.admissible(kind, dict(_tables(folder))[kind], register_tables.known(tx, clock))


def _batch(
    name: str, kind: str, weekend_on: date | None, digest: str, *, count: int, at: tuple[Clock, Ids, By]
) -> ImportBatch:
    """The record of a file that came with a folder: its rows are in the register, not here."""
    clock, ids, by = at
    now = clock.now()
    return ImportBatch(
        batch_id=ids.new(),
        kind=kind,
        file_name=name,
        sha256=digest,
        weekend_on=weekend_on,
        state=BatchState.ACCEPTED,
        block_count=0,
        warn_count=0,
        row_count=count,
        findings=(),
        values=(),
        sheet={},
        counts={"good": count},
        made_at=now,
        made_by=user_of(by),
        decided_at=now,
        decided_by=user_of(by),
    )


def _row(tx: Transaction, kind: str, key: tuple[str, ...]) -> Any:
    if kind == "riders":
        return register_store.load_rider(tx, key[0]).rider
    table = register_tables.table(kind)
    for row in _LOADS_ALL[kind](tx) if kind in _LOADS_ALL else table.load(tx):
        if _text_key(table.key(row)) == key:
            return row
    raise NotFound("not_registered", kind=kind, key="/".join(key))


def _text_key(key: Iterable[Any]) -> tuple[str, ...]:
    return tuple(part.isoformat() if isinstance(part, date) else str(part) for part in key)


def _read_form(
    kind: str, texts: Mapping[str, str], context: TableContext
) -> tuple[tuple[Finding, ...], tuple[Any, ...]]:
    read = read_table(kind, "form.csv", form_file(kind, texts), context)
    rows = register_tables.admissible(kind, read.rows, context)
    # What is said of a whole table (it is empty, it has gaps) says nothing of one row.
    own = tuple(one for one in read.findings if one.facts.get("cell") and one.code != "tariff_gap")
    return (own if own or rows else read.findings), rows


def _overlaps(tx: Transaction, rate: Any, key: tuple[str, ...] | None) -> tuple[Finding, ...]:
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
            return (Finding(code="tariff_overlap", facts={"band": rate.band, "column": "from_on"}),)
    return ()


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


def _form_finding(code: str, kind: str) -> Finding:
    return Finding(code=code, severity=Severity.BLOCK, facts={"kind": kind})
