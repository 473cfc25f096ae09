"""
A WeChat merchant bill of any length into the books: read a line at a time, written batch by batch.

One transaction: a fault in the last line or a total that differs leaves the books as they were. It
holds SQLite's write lock for as long as it runs, so it belongs to hours when no bus is under way.
Its lines are matched like all others that wait: by the next charging or import of the pages.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from busops.domain.errors import Refused
from busops.domain.findings import Finding, Severity
from busops.domain.values import Clock, Ids, school_date
from busops.finance.matching import Channel, ReceiptLine
from busops.services.acting import By, record_act, user_of
from busops.services.receipt_books import book_by_day, reader_of
from busops.sheets.bills.reading import stream_wechat
from busops.sheets.bills.values import (
    BillItem,
    BillKind,
    ControlTotal,
    Skipped,
    contradiction,
    differences,
)
from busops.storage import bill_store, bulk_writing, receipt_store
from busops.storage.database import Database, Transaction
from busops.storage.receipt_store import NewFile

BATCH: Final = 10_000
MOST_FINDINGS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LongBill:
    """What became of a long bill: its lines, new and known, rows passed over, and its own totals."""

    file_id: str
    taken: int
    known: int
    skipped: int
    sum_fen: int
    totals: tuple[ControlTotal, ...]


@dataclass(slots=True, kw_only=True)
class _Intake:
    """A bill being taken in."""

    tx: Transaction
    file_id: str
    made_by: str
    clock: Clock
    batch: list[ReceiptLine] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    totals: list[ControlTotal] = field(default_factory=list)
    taken: int = 0
    known: int = 0
    skipped: int = 0
    sum_fen: int = 0

    def take(self, items: Iterable[BillItem]) -> None:
        """Every item is counted, every line is written; reading stops once too much is wrong."""
        for item in items:
            match item:
                case ReceiptLine():
                    self.batch.append(item)
                    if len(self.batch) >= BATCH:
                        self.write()
                case Skipped():
                    self.skipped += 1
                case ControlTotal():
                    self.totals.append(item)
                case Finding():
                    self.findings.append(item)
            if len(self.findings) >= MOST_FINDINGS:
                return
        self.write()

    def write(self) -> None:
        """The lines that wait are in the books, but for those that were there before."""
        lines, self.batch = self.batch, []
        self.sum_fen += sum(line.amount_fen for line in lines)
        fresh = lines
        # Most bills are new: only where a batch is refused are its lines looked up one by one.
        if len({line.row_key for line in lines}) < len(lines) or not self._book(lines):
            fresh = self._unknown(lines)
            book_by_day(self.tx, self.file_id, fresh, self.taken + 1, **self._facts())
        self.taken += len(fresh)

    def _book(self, lines: list[ReceiptLine]) -> bool:
        first, facts = self.taken + 1, self._facts()
        return bulk_writing.unless_known(
            self.tx, lambda: book_by_day(self.tx, self.file_id, lines, first, **facts)
        )

    def _facts(self) -> dict[str, Any]:
        return {"made_by": self.made_by, "today": school_date(self.clock.now())}

    def _unknown(self, lines: list[ReceiptLine]) -> list[ReceiptLine]:
        """Those lines that are not on record; one that is with another amount is a fault."""
        known = receipt_store.amounts_by_key(self.tx, (line.row_key for line in lines))
        fresh: list[ReceiptLine] = []
        for line in lines:
            before_fen = known.get(line.row_key)
            if before_fen is None:
                known[line.row_key] = line.amount_fen
                fresh.append(line)
            elif before_fen == line.amount_fen:
                self.known += 1
            else:
                self.findings.append(contradiction(line, before_fen))
        return fresh


def import_long_bill(
    database: Database, path: Path, *, clock: Clock, ids: Ids, by: By = None
) -> LongBill | None:
    """
    The bill is in the books whole, its bytes kept; the same file again adds nothing.

    None where the file is no WeChat merchant bill: those go the way of the page. Raises Refused
    with every reason (at most 100) where a row or a total is wrong; then nothing has changed.
    """
    items = stream_wechat(path.name, path)
    if items is None:
        return None
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    file_id, made_by = ids.new(), user_of(by) or "system"
    with database.transaction() as tx:
        if known_id := receipt_store.find_file(tx, digest):
            (known,) = receipt_store.load_files(tx, [known_id])
            return LongBill(
                file_id=known_id, taken=0, known=known.rows, skipped=0, sum_fen=known.total_fen, totals=()
            )
        bulk_writing.expect_many(tx)
        with path.open("rb") as file:
            bill_store.keep_original(tx, digest, name=path.name, content=file, by=made_by, at=clock.now())
        intake = _Intake(tx=tx, file_id=file_id, made_by=made_by, clock=clock)
        intake.take(items)
        _check(path.name, intake)
        receipt_store.insert_file(tx, _file(path.name, digest, intake), ())
        facts = {"file": path.name, "taken": intake.taken, "matched": 0}
        record_act(tx, by, "receipts_accepted", file_id, facts=facts, clock=clock)
    return LongBill(
        file_id=file_id,
        taken=intake.taken,
        known=intake.known,
        skipped=intake.skipped,
        sum_fen=intake.sum_fen,
        totals=tuple(intake.totals),
    )


def _check(name: str, intake: _Intake) -> None:
    reasons = [*intake.findings, *differences(name, intake.totals)]
    blocks = [reason for reason in reasons if reason.severity is Severity.BLOCK]
    if not blocks and not intake.taken + intake.known:
        blocks = [Finding(code="nothing_to_write", place=name)]
    if blocks:
        raise Refused("import_not_accepted", blocks, file=name)


def _file(name: str, digest: str, intake: _Intake) -> NewFile:
    return NewFile(
        file_id=intake.file_id,
        name=name,
        sha256=digest,
        channel=str(Channel.WECHAT),
        rows=intake.taken + intake.known,
        total_fen=intake.sum_fen,
        stated_total_fen=intake.sum_fen,  # every total agreed, or the bill is not taken
        rejected=0,
        known_rows=intake.known,
        reader=reader_of(BillKind.WECHAT_MERCHANT),
        imported_by=intake.made_by,
        imported_at=intake.clock.now(),
    )
