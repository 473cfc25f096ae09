"""
A whole school folder into the register at once: everything of it, or nothing.

Files of one table go through ``services.imports``, single rows through ``services.register_edit``.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from busops.domain.findings import Finding, blocking
from busops.domain.roster import NotRidingReason, RosterEntry
from busops.domain.values import Clock, Ids
from busops.finance.costs import CostLine
from busops.services import imports, register_tables, term_goal
from busops.services.acting import By, record_act, user_of
from busops.sheets.school_sheets import SchoolFolder, read_school_folder, weekend_of_file
from busops.storage import import_store, network_store, roster_store
from busops.storage.database import Database, Transaction
from busops.storage.import_store import BatchState, ImportBatch


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
        term_goal.save_imported_school(tx, folder.school, by=by, clock=clock)
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


def _is_unreadable(entry: RosterEntry) -> bool:
    return entry.reason is NotRidingReason.ROSTER_UNREADABLE


def _left_out(database: Database, folder: SchoolFolder) -> dict[date, tuple[RosterEntry, ...]]:
    left_out = {}
    with database.reading() as tx:
        for weekend_on, asked in folder.asked.items():
            stored = {entry.rider_id: entry for entry in roster_store.load_roster(tx, weekend_on)}
            left_out[weekend_on] = tuple(
                entry
                for entry in asked
                if (kept := stored.get(entry.rider_id)) is None
                or (_is_unreadable(kept) and not _is_unreadable(entry))
            )
    return left_out


def _tables(folder: SchoolFolder) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    names = ("stops", "vehicles", "crew", "lines", "riders", "tariff", "travel", "rules")
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
        counts={"rows": count, "good": count},
        made_at=now,
        made_by=user_of(by),
        decided_at=now,
        decided_by=user_of(by),
    )
