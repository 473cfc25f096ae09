"""
Matching very many receipts: a slice at a time, as a job, so that a bill of a million lines is matched too.

The book of who owes what is made once and goes on from slice to slice. Each slice is thought over while
nothing is locked, and written in short transactions, each of which first looks whether anybody changed
the books meanwhile: then the rest of the slice is thought over anew. What is matched waits no more, so
the job may end at any moment and begin again.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from busops.domain.errors import Conflict
from busops.domain.values import Clock, Ids
from busops.finance.matching import Match, ReceiptStatus, match_lines
from busops.finance.payers import PayerBook
from busops.finance.statement import ReceiptRecord
from busops.services.acting import SYSTEM
from busops.services.matching import payer_book, record
from busops.services.ride_facts import load_facts
from busops.storage import job_store, waiting_store
from busops.storage.database import Database, Transaction
from busops.storage.job_store import Job

JOB: Final = "match_receipts"
SLICE: Final = 10_000
WRITTEN_AT_ONCE: Final = 500
# So often the books may change under one slice before the job gives up and says so.
MOST_TURNS: Final = 20


class Work(Protocol):
    """What long work is given."""

    @property
    def database(self) -> Database:
        """The school's database."""
        ...

    @property
    def clock(self) -> Clock:
        """The school's time."""
        ...

    @property
    def ids(self) -> Ids:
        """New ids."""
        ...

    def progress(self, done: int, total: int, **facts: Any) -> None:
        """How far the work is."""
        ...

    def stop_if_cancelled(self) -> None:
        """Raises when somebody asked to stop."""
        ...


def run_job(work: Work, arguments: Mapping[str, Any]) -> dict[str, int]:
    """Every line that waits was looked at; raises Conflict where others change the books all the time."""
    with work.database.reading() as tx:
        waiting = waiting_store.waiting_ids(tx)
    book = _Book(work.database)
    matched, by = 0, str(arguments.get("by") or SYSTEM)
    for start in range(0, len(waiting), SLICE):
        work.progress(start, len(waiting), phase="matching", matched=matched)
        matched += _match_slice(work, book, waiting[start : start + SLICE], by)
    work.progress(len(waiting), len(waiting), phase="matching", matched=matched)
    return {"matched": matched, "looked_at": len(waiting)}


def latest(database: Database) -> Job | None:
    """The last such job that was ordered; None before the first."""
    with database.reading() as tx:
        found = job_store.list_jobs(tx, kind=JOB, limit=1)
    return found[0] if found else None


class _Book:
    """The payers' book as the stores said when it was made, and the mark it goes with."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._book: PayerBook | None = None
        self.mark: tuple[int, ...] = ()

    def fresh(self) -> PayerBook:
        """The book, made anew if the last one was thrown away."""
        if self._book is None:
            with self._database.reading() as tx:
                self.mark = waiting_store.books_mark(tx)
                self._book = payer_book(tx, load_facts(tx))
        return self._book

    def throw_away(self) -> None:
        """Somebody changed the books."""
        self._book = None


def _match_slice(work: Work, book: _Book, receipt_ids: Sequence[str], by: str) -> int:
    matched = 0
    for _turn in range(MOST_TURNS):
        with work.database.reading() as tx:
            waiting = waiting_store.load_waiting(tx, receipt_ids)
        if not waiting:
            return matched
        matches = match_lines([receipt.line for receipt in waiting], book.fresh())
        told, is_done = _written(work, book, waiting, matches, by)
        matched += told
        if is_done:
            return matched
        book.throw_away()
    raise Conflict("matching_disturbed", matched=matched)


def _written(
    work: Work, book: _Book, waiting: Sequence[ReceiptRecord], matches: Sequence[Match], by: str
) -> tuple[int, bool]:
    """How many lines found their place, and whether all did before anybody else changed the books."""
    known = {receipt.line.row_key: receipt for receipt in waiting}
    said = [match for match in matches if _says_anything(known[match.row_key], match)]
    count = 0
    for start in range(0, len(said), WRITTEN_AT_ONCE):
        work.stop_if_cancelled()
        some = said[start : start + WRITTEN_AT_ONCE]
        with work.database.transaction() as tx:
            if not _is_unchanged(tx, book, known, some):
                return count, False
            count += record(tx, known, some, by=by, clock=work.clock, ids=work.ids)
            book.mark = waiting_store.books_mark(tx)
    return count, True


def _says_anything(receipt: ReceiptRecord, match: Match) -> bool:
    return match.status is not ReceiptStatus.UNIDENTIFIED or match.rider_id != receipt.rider_id


def _is_unchanged(
    tx: Transaction, book: _Book, known: Mapping[str, ReceiptRecord], some: Sequence[Match]
) -> bool:
    """Whether the books are those of the book, and these lines wait still."""
    wanted = [known[match.row_key].receipt_id for match in some]
    return waiting_store.books_mark(tx) == book.mark and len(waiting_store.load_waiting(tx, wanted)) == len(
        wanted
    )
