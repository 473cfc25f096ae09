"""
A WeChat merchant bill of any length into the books: read and held to its totals, then written slice by slice.

Nothing is written before the last line was read and every total agrees. The lines then come in a
slice at a time, each a short transaction, so that tablets and pages write in between; nobody sees
any before the last change makes the bill whole and books its days. What ends before is taken out
by the next import, or by the watch after an hour. Its lines are matched by the job of ``bulk_matching``.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from busops.domain.errors import Refused
from busops.domain.findings import Finding, Severity
from busops.domain.values import Clock, Ids, school_date
from busops.finance.matching import Channel, ReceiptLine
from busops.services.acting import SYSTEM, By, record_act, user_of
from busops.services.receipt_books import book_days, reader_of
from busops.sheets.bills.reading import stream_wechat
from busops.sheets.bills.values import (
    BillItem,
    BillKind,
    ControlTotal,
    Skipped,
    changed,
    differences,
)
from busops.storage import bill_store, bulk_writing, intake_store, receipt_store
from busops.storage.bulk_writing import Row, SortedRows
from busops.storage.database import Database, Transaction
from busops.storage.receipt_store import ROW_CELL, ROW_DAY, ROW_FEN, ROW_KEY, ROW_REFERENCE, NewFile

SLICE: Final = 5_000
MOST_FINDINGS: Final = 100
# A bill that got no line for so long is nobody's any more.
SILENT: Final = timedelta(minutes=1)
LEFT: Final = timedelta(hours=1)


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
class _Reading:
    """A bill being read: its lines go aside, the rest of what it says stays."""

    rows: SortedRows
    findings: list[Finding] = field(default_factory=list)
    totals: list[ControlTotal] = field(default_factory=list)
    lines: int = 0
    skipped: int = 0
    sum_fen: int = 0

    def take(self, items: Iterable[BillItem]) -> None:
        """Every item is counted; reading stops once too much is wrong."""
        for item in items:
            match item:
                case ReceiptLine():
                    self.lines += 1
                    self.sum_fen += item.amount_fen
                    self.rows.add(receipt_store.line_row(item))
                case Skipped():
                    self.skipped += 1
                case ControlTotal():
                    self.totals.append(item)
                case Finding():
                    self.findings.append(item)
                    if len(self.findings) >= MOST_FINDINGS:
                        return


@dataclass(slots=True, kw_only=True)
class _Intake:
    """A bill coming in: which lines are new, and what they come to by day and direction."""

    database: Database
    clock: Clock
    name: str
    file_id: str
    taken: int = 0
    known: int = 0
    sums: dict[tuple[str, bool], int] = field(default_factory=lambda: defaultdict(int))
    findings: list[Finding] = field(default_factory=list)

    def write(self, rows: list[Row]) -> None:
        """The rows are on record, but for those that were there before."""
        with self.database.transaction() as tx:
            bulk_writing.expect_many(tx)
            intake_store.go_on(tx, self.file_id, at=self.clock.now())
            fresh = rows
            # Most bills are new: only where a slice is refused are its lines looked up one by one.
            if len({row[ROW_KEY] for row in rows}) < len(rows) or not self._insert(tx, rows):
                fresh = self._unknown(tx, rows)
                self._insert(tx, fresh)
        self.taken += len(fresh)
        for row in fresh:
            if fen := row[ROW_FEN]:
                self.sums[row[ROW_DAY], fen > 0] += fen

    def _insert(self, tx: Transaction, rows: list[Row]) -> bool:
        full = [
            (tx.school_id, f"{self.file_id}.{n:07}", self.file_id, None, *row)
            for n, row in enumerate(rows, start=self.taken + 1)
        ]
        return bulk_writing.unless_known(tx, lambda: receipt_store.insert_rows(tx, full))

    def _unknown(self, tx: Transaction, rows: list[Row]) -> list[Row]:
        """Those rows that are not on record; one that is with another amount is a fault."""
        known = receipt_store.amounts_by_key(tx, (row[ROW_KEY] for row in rows), own=self.file_id)
        fresh: list[Row] = []
        for row in rows:
            before_fen = known.get(row[ROW_KEY])
            if before_fen is None:
                known[row[ROW_KEY]] = row[ROW_FEN]
                fresh.append(row)
            elif before_fen == row[ROW_FEN]:
                self.known += 1
            else:
                cell, reference = row[ROW_CELL], row[ROW_REFERENCE]
                self.findings.append(
                    changed(self.name, cell, reference, fen=row[ROW_FEN], before_fen=before_fen)
                )
        return fresh


def import_long_bill(
    database: Database, path: Path, *, clock: Clock, ids: Ids, by: By = None
) -> LongBill | None:
    """
    The bill is in the books whole, its bytes kept; the same file again adds nothing.

    None where the file is no WeChat merchant bill: those go the way of the page. Raises Refused
    with every reason (at most 100) where a row or a total is wrong, and where another long bill is
    coming in, Conflict where a line of this one is among them; then nothing has changed.
    """
    items = stream_wechat(path.name, path)
    if items is None:
        return None
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    _make_way(database, digest, clock)
    with database.reading() as tx:
        if known_id := receipt_store.find_file(tx, digest):
            (known,) = receipt_store.load_files(tx, [known_id])
            return LongBill(
                file_id=known_id, taken=0, known=known.rows, skipped=0, sum_fen=known.total_fen, totals=()
            )
    reading = _Reading(rows=SortedRows(ROW_KEY))
    intake = _Intake(database=database, clock=clock, name=path.name, file_id=ids.new())
    is_whole = False
    try:
        reading.take(items)
        _check(path.name, [*reading.findings, *differences(path.name, reading.totals)], reading.lines)
        _begin(intake, path, digest, made_by=user_of(by) or SYSTEM)
        for rows in reading.rows.slices(SLICE):
            intake.write(rows)
            if len(intake.findings) >= MOST_FINDINGS:
                break
        _check(path.name, intake.findings, reading.lines)
        _finish(intake, reading, by)
        is_whole = True
    finally:
        reading.rows.close()
        if not is_whole:
            _clear(database, intake.file_id)
    return LongBill(
        file_id=intake.file_id,
        taken=intake.taken,
        known=intake.known,
        skipped=reading.skipped,
        sum_fen=reading.sum_fen,
        totals=tuple(reading.totals),
    )


def clear_left(database: Database, *, clock: Clock) -> int:
    """Bills that got no line for an hour are out again, and their bytes; how many they were."""
    with database.reading(once=True) as tx:
        left = [one for one in intake_store.coming_in(tx) if clock.now() - one.last_at > LEFT]
    for one in left:
        _clear(database, one.file_id)
        with database.transaction() as tx:
            bill_store.forget_unused(tx, one.sha256)
    return len(left)


def _make_way(database: Database, digest: str, clock: Clock) -> None:
    """No other bill is coming in; what an import of before left is out, and this very bill begun anew."""
    with database.reading() as tx:
        others = intake_store.coming_in(tx)
    for other in others:
        if other.sha256 != digest and clock.now() - other.last_at < SILENT:
            raise Refused("bill_intake_running", file=other.name)
        _clear(database, other.file_id)


def _clear(database: Database, file_id: str) -> None:
    is_gone = False
    while not is_gone:
        with database.transaction() as tx:
            is_gone = intake_store.take_out(tx, file_id, SLICE)


def _begin(intake: _Intake, path: Path, digest: str, *, made_by: str) -> None:
    """The bytes are kept, piece by piece, and the file stands, not whole."""
    database, at = intake.database, intake.clock.now()
    with path.open("rb") as file:
        with database.transaction() as tx:
            bill_store.forget_unused(tx, digest)  # the pieces of an import that came to no end
            content = file.read(bill_store.MOST_BYTES)
            bill_store.keep_original(tx, digest, name=path.name, content=content, by=made_by, at=at)
        for n, piece in enumerate(iter(partial(file.read, bill_store.MOST_BYTES), b""), start=1):
            with database.transaction() as tx:
                bill_store.keep_part(tx, digest, n, piece)
    file_row = NewFile(
        file_id=intake.file_id,
        name=path.name,
        sha256=digest,
        channel=str(Channel.WECHAT),
        rows=0,
        total_fen=0,
        stated_total_fen=None,
        rejected=0,
        known_rows=0,
        reader=reader_of(BillKind.WECHAT_MERCHANT),
        imported_by=made_by,
        imported_at=at,
        is_whole=False,
    )
    with database.transaction() as tx:
        receipt_store.insert_file(tx, file_row, ())


def _finish(intake: _Intake, reading: _Reading, by: By) -> None:
    """The days are booked and every line is seen, in one short transaction."""
    now, made_by = intake.clock.now(), user_of(by) or SYSTEM
    sums = {(date.fromisoformat(day), is_in): fen for (day, is_in), fen in intake.sums.items()}
    with intake.database.transaction() as tx:
        book_days(tx, intake.file_id, sums, Channel.WECHAT, made_by=made_by, today=school_date(now))
        facts = {
            "rows": reading.lines,
            "total_fen": reading.sum_fen,
            "stated_total_fen": reading.sum_fen,  # every total agreed, or the bill is not taken
            "known_rows": intake.known,
            "imported_at": now,
        }
        intake_store.make_whole(tx, intake.file_id, facts)
        told = {"file": intake.name, "taken": intake.taken, "matched": 0}
        record_act(tx, by, "receipts_accepted", intake.file_id, facts=told, clock=intake.clock)


def _check(name: str, reasons: Iterable[Finding], lines: int) -> None:
    blocks = [reason for reason in reasons if reason.severity is Severity.BLOCK]
    if not blocks and not lines:
        blocks = [Finding(code="nothing_to_write", place=name)]
    if blocks:
        raise Refused("import_not_accepted", blocks, file=name)
