"""
A sheet to be taken away: its tables, where it comes from, who signs, and for whom it was made.

The same document under the same stamp gives the same bytes in every form; ``contents`` says without any
stamp whether two documents say the same.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from busops.sheets.book_model import Table
from busops.sheets.book_words import school_second, word


class SheetKind(StrEnum):
    """The sheets, in the order of their page."""

    RECONCILIATION = "reconciliation"
    MONTH = "month"
    NET = "net"
    REFUNDS = "refunds"
    CLASS_LISTS = "class_lists"
    VOUCHERS = "vouchers"
    DAY_VOUCHERS = "day_vouchers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """For whom a file was made, and when: its watermark."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """
    One sheet in one language; ``origin`` are words and texts that say where it comes from.

    ``workbook`` makes the workbook from the lines of origin, where that is more than its tables.
    """

    kind: SheetKind
    locale: str
    school: str
    author: str
    period_from: date
    period_to: date
    tables: tuple[Table, ...]
    origin: tuple[tuple[str, str], ...] = ()
    signers: tuple[tuple[str, str], ...] = ()
    workbook: Callable[[Sequence[tuple[str, str]]], bytes] | None = None

    @property
    def title(self) -> str:
        """What it is called."""
        return word(self.locale, "book", "sheet", self.kind)

    @property
    def heading(self) -> str:
        """What it is, whose, and of which days."""
        return f"{self.school} {self.title} {self.period_from}/{self.period_to}"

    def name_of(self, table: Table) -> str:
        """What a table of it is called."""
        return table.title or word(self.locale, "book", "sheet", table.key)

    def contents(self) -> str:
        """SHA-256 over everything that it says, whoever takes it and in whatever form."""
        said = {
            "kind": self.kind,
            "heading": self.heading,
            "tables": [
                [self.name_of(table), [key for key, _ in table.columns], table.rows] for table in self.tables
            ],
            "origin": self.origin,
            "signers": self.signers,
        }
        text = json.dumps(said, ensure_ascii=False, separators=(",", ":"), default=date.isoformat)
        return hashlib.sha256(text.encode()).hexdigest()

    def origin_for(self, stamp: Stamp | None) -> tuple[tuple[str, str], ...]:
        """Where it comes from, the digest of its contents and, stamped, for whom it was made and when."""
        taken = (
            ()
            if stamp is None
            else (("downloaded_by", stamp.name), ("downloaded_at", school_second(stamp.at)))
        )
        more = (("contents", self.contents()), *taken)
        return (*self.origin, *((word(self.locale, "book", "word", name), text) for name, text in more))
