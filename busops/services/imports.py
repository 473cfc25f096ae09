"""
One table from one file, in two steps: a preview with every finding, then accept or discard.

A preview stores only itself. Accepting checks once more against the register of that moment;
rows at fault stay out, a fault of the whole file keeps everything out.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from busops.domain.errors import InvalidInput, Refused
from busops.domain.findings import Finding, Severity
from busops.domain.values import Clock, Ids
from busops.services import register_tables
from busops.services.acting import By, record_act, user_of
from busops.services.marked_cells import marked_sheets
from busops.sheets.school_sheets import read_table, weekend_of_file
from busops.storage import import_store
from busops.storage.database import Database
from busops.storage.import_store import BatchState, ImportBatch

FRIDAY: Final = 4
# Faults of single cells that nevertheless make the whole table unusable.
WHOLE_FILE: Final = frozenset({"tariff_overlap", "travel_pair_missing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """An import before anything is stored: what would be, what is wrong, and the cells around it."""

    batch_id: str
    kind: str
    file_name: str
    weekend_on: date | None
    state: BatchState
    findings: tuple[Finding, ...]
    rows: tuple[Any, ...]
    counts: Mapping[str, int]
    sheets: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def obstacles(self) -> tuple[Finding, ...]:
        """The faults that keep the whole file out."""
        return obstacles(self.findings)

    @property
    def is_acceptable(self) -> bool:
        """True when something can be written."""
        return self.state is BatchState.PREVIEWED and bool(self.rows) and not self.obstacles


def obstacles(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Blocking findings that are about the whole file: without a cell, or making every row useless."""
    return tuple(
        finding
        for finding in findings
        if finding.severity is Severity.BLOCK
        and (not finding.facts.get("cell") or finding.code in WHOLE_FILE)
    )


def preview(
    database: Database,
    *,
    kind: str,
    file_name: str,
    content: bytes,
    clock: Clock,
    ids: Ids,
    by: By = None,
    weekend_on: date | None = None,
) -> Preview:
    """The file is read and its findings are on record; the register is as it was."""
    weekend_on = _weekend_of(kind, file_name, weekend_on)
    with database.reading() as tx:
        context = register_tables.known(tx, clock)
    read = read_table(kind, file_name, content, context, weekend_on=weekend_on)
    rows = register_tables.admissible(kind, read.rows, context)
    digest = hashlib.sha256(content).hexdigest()
    findings = list(read.findings)
    sheets = marked_sheets(kind, file_name, content, findings)
    values = register_tables.to_plain(kind, rows)
    with database.transaction() as tx:
        changes = register_tables.compare(tx, kind, rows, weekend_on)
        before = import_store.find_accepted(tx, kind=kind, sha256=digest, weekend_on=weekend_on)
        if before is not None:
            facts = {"file": file_name, "decided_at": before.decided_at}
            findings.append(Finding(code="file_known", severity=Severity.LOG, place=file_name, facts=facts))
        batch = ImportBatch(
            batch_id=ids.new(),
            kind=kind,
            file_name=file_name,
            sha256=digest,
            weekend_on=weekend_on,
            state=BatchState.PREVIEWED,
            block_count=sum(finding.severity is Severity.BLOCK for finding in findings),
            warn_count=sum(finding.severity is Severity.WARN for finding in findings),
            row_count=len(rows),
            findings=tuple(plain_finding(finding) for finding in findings),
            values=values,
            sheet={"sheets": sheets},
            counts=_counts(kind, read.counts, len(rows)) | changes.counts(),
            made_at=clock.now(),
            made_by=user_of(by),
        )
        import_store.insert_batch(tx, batch)
    return _preview(batch)


def load(database: Database, batch_id: str) -> Preview:
    """A preview made before; raises NotFound."""
    with database.reading() as tx:
        return _preview(import_store.load_batch(tx, batch_id))


def recent(database: Database) -> tuple[ImportBatch, ...]:
    """The latest imports, newest first, without their rows."""
    with database.reading() as tx:
        return import_store.list_batches(tx)


def accept(database: Database, batch_id: str, *, clock: Clock, by: By = None) -> int:
    """The good rows of the preview are in the register; how many. Raises Refused with what forbids it."""
    with database.transaction() as tx:
        found = _preview(import_store.load_batch(tx, batch_id))
        reasons = list(found.obstacles)
        rows = register_tables.admissible(found.kind, found.rows, register_tables.known(tx, clock))
        if len(rows) != len(found.rows):
            count = len(found.rows) - len(rows)
            reasons.append(Finding(code="register_changed_meanwhile", facts={"count": count}))
        if not rows:
            reasons.append(Finding(code="nothing_to_write", place=found.file_name))
        if reasons:
            raise Refused("import_not_accepted", reasons, file=found.file_name)
        register_tables.save(tx, found.kind, rows, weekend_on=found.weekend_on, clock=clock)
        import_store.decide_batch(tx, batch_id, BatchState.ACCEPTED, by=user_of(by), at=clock.now())
        facts = {"kind": found.kind, "file": found.file_name, "rows": len(rows)}
        record_act(tx, by, "import_accepted", batch_id, facts=facts, clock=clock)
    return len(rows)


def discard(database: Database, batch_id: str, *, clock: Clock, by: By = None) -> None:
    """The preview is out; the register is as it was."""
    with database.transaction() as tx:
        import_store.decide_batch(tx, batch_id, BatchState.DISCARDED, by=user_of(by), at=clock.now())
        record_act(tx, by, "import_discarded", batch_id, facts={}, clock=clock)


def plain_finding(finding: Finding) -> dict[str, Any]:
    """A finding as JSON can hold it."""
    facts = {
        name: value.isoformat() if isinstance(value, date) else value for name, value in finding.facts.items()
    }
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "place": finding.place,
        "facts": facts,
    }


def read_finding(plain: Mapping[str, Any]) -> Finding:
    """The finding that :func:`plain_finding` made plain."""
    return Finding(
        code=plain["code"],
        severity=Severity(plain["severity"]),
        place=plain["place"],
        facts=plain["facts"],
    )


def _weekend_of(kind: str, file_name: str, given: date | None) -> date | None:
    if kind not in register_tables.KINDS:
        raise InvalidInput("import_kind_unknown", kind=kind)
    if kind != "roster":
        return None
    named = weekend_of_file(file_name)
    if given is not None and named is not None and given != named:
        raise InvalidInput("weekend_differs", file=file_name, named_on=named, given_on=given)
    weekend_on = given or named
    if weekend_on is None or weekend_on.weekday() != FRIDAY:
        raise InvalidInput("weekend_needed", file=file_name)
    return weekend_on


def _counts(kind: str, read: Mapping[str, int], good: int) -> dict[str, int]:
    """How many rows there are and how many stay out; of lines a row is one stop, so none is counted out."""
    left_out = 0 if kind == "lines" else max(0, read.get("rows", 0) - good)
    return {**read, "good": good, "left_out": left_out}


def _preview(batch: ImportBatch) -> Preview:
    return Preview(
        batch_id=batch.batch_id,
        kind=batch.kind,
        file_name=batch.file_name,
        weekend_on=batch.weekend_on,
        state=batch.state,
        findings=tuple(read_finding(one) for one in batch.findings),
        rows=register_tables.from_plain(batch.kind, batch.values),
        counts=batch.counts,
        sheets=tuple(batch.sheet.get("sheets", ())),
    )
