"""
The lines of a public routing file as keywords with their values and rows, each with its line number.

Only the form is read here; what a keyword means is for ``vrplib.py``. Every fault is an InvalidInput
that names file, line, what stands there and what was expected.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from busops.domain.errors import InvalidInput

_KEYWORD: Final = re.compile(r"^([A-Za-z][A-Za-z0-9_]*)\s*(?::\s*(.*))?$")
_INTEGER: Final = re.compile(r"^[+-]?\d+$")
_DECIMAL: Final = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
_END: Final = "EOF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A piece of text that stands in a file."""

    file: str
    line: int
    text: str

    def integer(self, *, least: int) -> int:
        """The word as an integer; InvalidInput when it is none or too small."""
        if not _INTEGER.match(self.text) or int(self.text) < least:
            raise InvalidInput(
                "instance_integer_expected", file=self.file, line=self.line, found=self.text, least=least
            )
        return int(self.text)

    def number(self) -> float:
        """The word as a number; InvalidInput when it is none."""
        if not _DECIMAL.match(self.text):
            raise InvalidInput("instance_number_expected", file=self.file, line=self.line, found=self.text)
        return float(self.text)

    def one_of(self, keyword: str, known: Collection[str]) -> str:
        """The word in capitals; InvalidInput when it is not among ``known``."""
        if self.text.upper() not in known:
            raise InvalidInput(
                "instance_value_unknown",
                file=self.file,
                line=self.line,
                keyword=keyword,
                found=self.text,
                expected=", ".join(sorted(known)),
            )
        return self.text.upper()


@dataclass(slots=True, kw_only=True)
class Entry:
    """A keyword: the value on its own line, or the rows below it."""

    keyword: str
    line: int
    value: Word | None
    rows: list[tuple[Word, ...]] = field(default_factory=list)

    def words(self) -> list[Word]:
        """All words of all rows, one after the other."""
        return [word for row in self.rows for word in row]


def text_of(path: Path) -> str:
    """What the file says; InvalidInput when it cannot be read as text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise InvalidInput("instance_unreadable", file=str(path), reason=str(fault)) from fault


def entries_of(text: str, *, file: str, known: Collection[str]) -> dict[str, Entry]:
    """
    The keywords of a file in their order.

    Raises InvalidInput for a keyword that is not ``known`` (to leave a rule out would falsify every
    figure), for one given twice and for rows that belong to none.
    """
    entries: dict[str, Entry] = {}
    current: Entry | None = None
    for line, raw in enumerate(text.splitlines(), start=1):
        written = raw.strip()
        if not written:
            continue
        found = _KEYWORD.match(written)
        if not found:
            if current is None or current.value is not None:
                raise InvalidInput("instance_row_homeless", file=file, line=line, found=written)
            current.rows.append(tuple(Word(file=file, line=line, text=word) for word in written.split()))
            continue
        keyword, value = found[1].upper(), (found[2] or "").strip().strip('"').strip()
        if keyword == _END:
            break
        if keyword not in known:
            raise InvalidInput("instance_keyword_unknown", file=file, line=line, keyword=keyword)
        if keyword in entries:
            raise InvalidInput(
                "instance_keyword_twice", file=file, line=line, keyword=keyword, first=entries[keyword].line
            )
        word = Word(file=file, line=line, text=value) if value else None
        current = entries[keyword] = Entry(keyword=keyword, line=line, value=word)
    return entries


def numbered_rows(entry: Entry, *, file: str, count: int, width: int) -> list[Sequence[Word]]:
    """The rows ``1 …`` to ``count …`` without their numbers; InvalidInput at the first that is not so."""
    rows: list[Sequence[Word]] = []
    for expected, row in enumerate(entry.rows, start=1):
        if len(row) != width + 1:
            raise InvalidInput(
                "instance_row_width",
                file=file,
                line=row[0].line,
                section=entry.keyword,
                found=len(row),
                expected=width + 1,
            )
        if row[0].integer(least=1) != expected:
            raise InvalidInput(
                "instance_row_number",
                file=file,
                line=row[0].line,
                section=entry.keyword,
                found=row[0].text,
                expected=expected,
            )
        rows.append(row[1:])
    expect_count(entry, file=file, found=len(rows), expected=count)
    return rows


def expect_count(entry: Entry, *, file: str, found: int, expected: int) -> None:
    """Nothing; InvalidInput when a section holds another number of rows or values than it must."""
    if found != expected:
        raise InvalidInput(
            "instance_section_length",
            file=file,
            line=entry.line,
            section=entry.keyword,
            found=found,
            expected=expected,
        )
