"""
Receipts: a bill is previewed, accepted whole, and matched; what is left waits for a person.

The same bytes are taken once, the same payment once whichever file shows it. Money that
nobody has claimed stays in suspense and is never guessed away.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from busops.domain.errors import Conflict, InvalidInput, NotFound, Refused
from busops.domain.findings import Finding, Severity
from busops.domain.values import Clock, Ids
from busops.finance.matching import Channel, LineKind, ReceiptLine
from busops.finance.statement import ReceiptRecord, SourceFile
from busops.services import column_mappings
from busops.services.acting import By, record_act, user_of
from busops.services.imports import plain_finding, read_finding
from busops.services.matching import match_waiting
from busops.services.receipt_books import book_each, changed_lines, reader_of
from busops.services.ride_facts import load_facts
from busops.sheets.bills.reading import read_bill
from busops.sheets.bills.values import Bill as ReadBill
from busops.sheets.bills.values import BillKind, ControlTotal, Skipped, SkipReason, Unit
from busops.storage import bill_store, import_store, receipt_store
from busops.storage.bill_store import Original
from busops.storage.database import Database, Transaction
from busops.storage.import_store import BatchState, ImportBatch
from busops.storage.receipt_store import NewFile

KIND: Final = "receipts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows of a bill that are alike: payments, refunds, or passed over for one reason; fen as signed."""

    code: str
    rows: int
    fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A bill before anything is stored: its lines, how many are new, its sums, and what is wrong."""

    batch_id: str
    file_name: str
    sha256: str
    state: BatchState
    findings: tuple[Finding, ...]
    lines: tuple[ReceiptLine, ...]
    counts: Mapping[str, int]
    kind: BillKind = BillKind.GENERIC
    mapping: str = ""
    skipped: tuple[Skipped, ...] = ()
    totals: tuple[ControlTotal, ...] = ()

    @property
    def period(self) -> tuple[date, date] | None:
        """The first and the last day of a payment; None where there is none."""
        days = [line.paid_on for line in self.lines]
        return (min(days), max(days)) if days else None

    @property
    def groups(self) -> tuple[Group, ...]:
        """The rows by what they are, each row in one group."""
        taken = [(f"line_kind.{line.kind}", line.amount_fen) for line in self.lines]
        passed = [(f"skip_reason.{row.reason}", row.fen) for row in self.skipped]
        found: dict[str, list[int]] = {}
        for code, fen in (*taken, *passed):
            found.setdefault(code, []).append(fen)
        return tuple(Group(code=code, rows=len(fens), fen=sum(fens)) for code, fens in found.items())

    @property
    def may_be_mapped(self) -> bool:
        """True where a person may say which column is what: in a sheet of no known form."""
        return self.state is BatchState.PREVIEWED and self.kind is BillKind.GENERIC

    @property
    def obstacles(self) -> tuple[Finding, ...]:
        """The faults that keep the bill out: a bill is taken whole or not at all."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.BLOCK)

    @property
    def is_acceptable(self) -> bool:
        """True when the bill can be taken in."""
        return self.state is BatchState.PREVIEWED and bool(self.lines) and not self.obstacles


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What became of a bill: new lines, lines known before, and how many found their place by themselves."""

    file_id: str
    taken: int
    known: int
    matched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A bill of the books; the bytes of those taken in before originals were kept are nowhere."""

    file: SourceFile
    is_kept: bool

    @property
    def at(self) -> datetime:
        """When it was taken in."""
        return datetime.fromisoformat(self.file.imported_at)


def preview(
    database: Database, *, file_name: str, content: bytes, clock: Clock, ids: Ids, by: By = None
) -> Preview:
    """The bill is read, its findings are on record and its bytes are kept; no money has moved."""
    if len(content) > bill_store.MOST_BYTES:
        raise InvalidInput("upload_too_large")
    digest = hashlib.sha256(content).hexdigest()
    with database.reading() as tx:
        mappings = column_mappings.by_header(tx)
    bill = read_bill(file_name, content, mappings)
    with database.transaction() as tx:
        known = receipt_store.amounts_by_key(tx, (line.row_key for line in bill.lines))
        findings = [*bill.findings, *changed_lines(bill.lines, known)]
        if receipt_store.find_file(tx, digest):
            facts = {"file": file_name}
            findings.append(
                Finding(code="receipt_file_known", severity=Severity.LOG, place=file_name, facts=facts)
            )
        batch = _batch(bill, digest, findings, len(known), batch_id=ids.new(), at=clock.now(), by=by)
        import_store.insert_batch(tx, batch)
        bill_store.keep_original(
            tx, digest, name=file_name, content=content, by=user_of(by) or "system", at=clock.now()
        )
    return _preview(batch)


def _batch(
    bill: ReadBill,
    digest: str,
    findings: list[Finding],
    known: int,
    *,
    batch_id: str,
    at: datetime,
    by: By,
) -> ImportBatch:
    counts = {"rows": len(bill.lines), "sum_fen": bill.sum_fen, "known": known}
    counts["blocked"] = sum(finding.severity is Severity.BLOCK for finding in findings)
    if any(total.unit is Unit.FEN for total in bill.totals):
        counts["control_fen"] = bill.sum_fen  # every total agreed, or nothing of the bill is taken
    return ImportBatch(
        batch_id=batch_id,
        kind=KIND,
        file_name=bill.source,
        sha256=digest,
        weekend_on=None,
        state=BatchState.PREVIEWED,
        block_count=counts["blocked"],
        warn_count=sum(finding.severity is Severity.WARN for finding in findings),
        row_count=len(bill.lines),
        findings=tuple(plain_finding(finding) for finding in findings),
        values=tuple(_plain_line(line) for line in bill.lines),
        sheet={
            "kind": str(bill.kind),
            "mapping": bill.mapping,
            "skipped": [_plain(row) for row in bill.skipped],
            "totals": [_plain(total) for total in bill.totals],
        },
        counts=counts,
        made_at=at,
        made_by=user_of(by),
    )


def read_again(database: Database, batch_id: str, *, clock: Clock, ids: Ids, by: By = None) -> Preview:
    """The same bytes read anew, with what was said of their columns since; the old preview is out."""
    with database.transaction() as tx:
        batch = import_store.load_batch(tx, batch_id)
        content = bill_store.load_original(tx, batch.sha256).content
        import_store.decide_batch(tx, batch_id, BatchState.DISCARDED, by=user_of(by), at=clock.now())
    return preview(database, file_name=batch.file_name, content=content, clock=clock, ids=ids, by=by)


def load(database: Database, batch_id: str) -> Preview:
    """A preview made before; raises NotFound."""
    with database.reading() as tx:
        return _preview(import_store.load_batch(tx, batch_id))


def discard(database: Database, batch_id: str, *, clock: Clock, by: By = None) -> None:
    """The preview is out, and its bytes with it unless the books rest on them; the books are as they were."""
    with database.transaction() as tx:
        import_store.decide_batch(tx, batch_id, BatchState.DISCARDED, by=user_of(by), at=clock.now())
        bill_store.forget_unused(tx, import_store.load_batch(tx, batch_id).sha256)


def accept(database: Database, batch_id: str, *, clock: Clock, ids: Ids, by: By = None) -> Accepted:
    """The bill is in the books and matched where that is certain; the same file again adds nothing."""
    with database.transaction() as tx:
        batch = import_store.load_batch(tx, batch_id)
        found = _preview(batch)
        if found.obstacles or not found.lines:
            reasons = found.obstacles or (Finding(code="nothing_to_write", place=found.file_name),)
            raise Refused("import_not_accepted", reasons, file=found.file_name)
        import_store.decide_batch(tx, batch_id, BatchState.ACCEPTED, by=user_of(by), at=clock.now())
        if file_id := receipt_store.find_file(tx, batch.sha256):
            return Accepted(file_id=file_id, taken=0, known=len(found.lines), matched=0)
        accepted = _take_in(tx, batch, found, clock=clock, ids=ids, by=by)
        facts = {"file": found.file_name, "taken": accepted.taken, "matched": accepted.matched}
        record_act(tx, by, "receipts_accepted", accepted.file_id, facts=facts, clock=clock)
    return accepted


def waiting_bills(database: Database) -> tuple[ImportBatch, ...]:
    """The bills that were previewed and neither booked nor discarded, newest first."""
    with database.reading() as tx:
        batches = import_store.list_batches(tx)
    return tuple(one for one in batches if one.kind == KIND and one.state is BatchState.PREVIEWED)


def list_bills(database: Database) -> tuple[Bill, ...]:
    """Every bill of the books, newest first, and whether its own bytes are kept."""
    with database.reading() as tx:
        kept = bill_store.kept_originals(tx)
        files = receipt_store.load_files(tx)
    return tuple(Bill(file=file, is_kept=file.sha256 in kept) for file in reversed(files))


def take_original(database: Database, file_id: str, *, clock: Clock, by: By = None) -> Original:
    """The very bytes of a bill, and who took them is in the audit; raises NotFound, Conflict if changed."""
    with database.transaction() as tx:
        files = receipt_store.load_files(tx, [file_id])
        if not files:
            raise NotFound("bill_not_found", file_id=file_id)
        found = bill_store.load_original(tx, files[0].sha256)
        if hashlib.sha256(found.content).hexdigest() != files[0].sha256:
            raise Conflict("original_changed", file=files[0].name)
        record_act(tx, by, "bill_downloaded", file_id, facts={"file": files[0].name}, clock=clock)
    return Original(name=files[0].name, content=found.content)


def list_receipts(database: Database) -> tuple[ReceiptRecord, ...]:
    """Every line of every bill with what became of it, in the order of payment."""
    with database.reading() as tx:
        return receipt_store.load_receipts(tx)


def _take_in(
    tx: Transaction, batch: ImportBatch, found: Preview, *, clock: Clock, ids: Ids, by: By
) -> Accepted:
    known = receipt_store.amounts_by_key(tx, (line.row_key for line in found.lines))
    if changed := tuple(changed_lines(found.lines, known)):  # another bill came in since the preview
        raise Refused("import_not_accepted", changed, file=found.file_name)
    fresh = [line for line in found.lines if line.row_key not in known]
    file_id, made_by = ids.new(), user_of(by) or "system"
    file = NewFile(
        file_id=file_id,
        name=found.file_name,
        sha256=batch.sha256,
        channel=str(found.lines[0].channel),
        rows=len(found.lines),
        total_fen=batch.counts["sum_fen"],
        stated_total_fen=batch.counts.get("control_fen"),
        rejected=batch.counts["blocked"],
        known_rows=len(known),
        reader=reader_of(found.kind),
        imported_by=made_by,
        imported_at=clock.now(),
    )
    receipts = book_each(tx, file_id, fresh, made_by=made_by, clock=clock, ids=ids)
    receipt_store.insert_file(tx, file, receipts)
    matched = match_waiting(tx, load_facts(tx), by=made_by, clock=clock, ids=ids)
    return Accepted(file_id=file_id, taken=len(fresh), known=file.known_rows, matched=matched)


def _plain_line(line: ReceiptLine) -> dict[str, Any]:
    return {**asdict(line), "paid_on": line.paid_on.isoformat(), "channel": str(line.channel)}


def _read_line(plain: Mapping[str, Any]) -> ReceiptLine:
    own = {
        "paid_on": date.fromisoformat(plain["paid_on"]),
        "channel": Channel(plain["channel"]),
        "kind": LineKind(plain.get("kind", LineKind.PAYMENT)),
    }
    return ReceiptLine(**{**plain, **own})


def _plain(item: Skipped | ControlTotal) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(item).items()
    }


def _read_skipped(plain: Mapping[str, Any]) -> Skipped:
    on = plain["paid_on"]
    own = {"reason": SkipReason(plain["reason"]), "paid_on": date.fromisoformat(on) if on else None}
    return Skipped(**{**plain, **own})


def _preview(batch: ImportBatch) -> Preview:
    if batch.kind != KIND:
        raise InvalidInput("not_a_receipt_file", file=batch.file_name)
    return Preview(
        batch_id=batch.batch_id,
        file_name=batch.file_name,
        sha256=batch.sha256,
        state=batch.state,
        findings=tuple(read_finding(one) for one in batch.findings),
        lines=tuple(_read_line(one) for one in batch.values),
        counts=batch.counts,
        kind=BillKind(batch.sheet.get("kind", BillKind.GENERIC)),
        mapping=batch.sheet.get("mapping", ""),
        skipped=tuple(_read_skipped(one) for one in batch.sheet.get("skipped", ())),
        totals=tuple(
            ControlTotal(**{**one, "unit": Unit(one["unit"])}) for one in batch.sheet.get("totals", ())
        ),
    )
