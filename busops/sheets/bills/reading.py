"""
A bill of whatever form, read: the file is opened, its kind found by its words, its lines gathered.

The page and the weekend read whole bills here; :func:`stream_wechat` reads one of any length
from its path, a line at a time.
"""

import gzip
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.sheets.bills import (
    alipay_merchant,
    alipay_personal,
    bank_statement,
    generic,
    wechat_merchant,
    wechat_personal,
)
from busops.sheets.bills.cells import MAX_CELL_CHARS, MAX_COLUMNS, note
from busops.sheets.bills.kinds import HEADER_WITHIN, Header, header_of
from busops.sheets.bills.mapping import ColumnMapping, find_mapped
from busops.sheets.bills.personal import Export
from busops.sheets.bills.values import Bill, BillItem, BillKind, gather
from busops.sheets.files.archive import GZIP, Part, open_upload
from busops.sheets.files.delimited import DELIMITERS, decode, read_delimited
from busops.sheets.files.raw import RawRow, RawSheet, without_invisible
from busops.sheets.table_reader import open_book

MAX_ROWS: Final = 20_000
SNIFFED_BYTES: Final = 65_536
_READERS: Final = {
    BillKind.WECHAT_PERSONAL: wechat_personal.read,
    BillKind.ALIPAY_PERSONAL: alipay_personal.read,
    BillKind.BANK_STATEMENT: bank_statement.read,
}
_BY_LINES: Final = frozenset({BillKind.WECHAT_MERCHANT, BillKind.ALIPAY_MERCHANT})


@dataclass(slots=True)
class _Found:
    """What was found of a bill so far: its kind, the mapping used, the items of each part, and the rest."""

    mappings: Mapping[str, ColumnMapping]
    kind: BillKind | None = None
    mapping: str = ""
    items: list[Iterable[BillItem]] = field(default_factory=list)
    sums: alipay_merchant.Sums = field(default_factory=alipay_merchant.Sums)
    summaries: list[list[tuple[int, str]]] = field(default_factory=list)
    unknown: list[RawSheet] = field(default_factory=list)
    opening: list[Finding] = field(default_factory=list)

    def add(self, kind: BillKind, items: Iterable[BillItem]) -> None:
        """One more part; a file with two kinds of bill in it has the kind of the first."""
        self.kind = self.kind or kind
        self.items.append(items)


def read_bill(source: str, content: bytes, mappings: Mapping[str, ColumnMapping] | None = None) -> Bill:
    """
    The bill whole; a file that cannot be opened is one blocking finding with the code of its refusal.

    ``mappings`` are what people said of headers nobody knows, by the header's key.
    """
    found = _Found(mappings=mappings or {})
    try:
        for part in open_upload(source, content):
            if part.is_workbook:
                sheets, opening = open_book(source, part.content, max_rows=MAX_ROWS)
                found.opening += opening
                _read_sheets(source, part.name, sheets, found)
            else:
                _read_text(source, part, found)
        _finish(source, found)
        items = (item for part_items in found.items for item in part_items)
        return gather(source, found.kind or BillKind.GENERIC, items, found.mapping)
    except InvalidInput as refusal:
        facts = {"file": source, **refusal.facts}
        finding = Finding(code=refusal.code, place=source, facts=facts)
        return Bill(source=source, kind=found.kind or BillKind.GENERIC, findings=(finding,))


def _finish(source: str, found: _Found) -> None:
    """What belongs to no known form is read by its words, or told where the file had a bill beside it."""
    if found.kind is None:
        found.add(BillKind.GENERIC, generic.read(source, found.unknown, found.opening))
        return
    found.items.append(found.opening)
    for lines in found.summaries:
        found.items.append(alipay_merchant.read_summary(source, lines, found.sums))
    for raw in found.unknown:
        found.items.append([note("bill_part_ignored", source, raw.name, severity=Severity.WARN)])


def stream_wechat(source: str, path: Path) -> Iterator[BillItem] | None:
    """
    The items of a WeChat merchant bill of any length, plain or gzipped; None where the file is another kind.

    Holds one line at a time. Raises InvalidInput where the text is in neither encoding.
    """
    encoding = _encoding_of(source, path)
    if encoding is None:
        return None
    with _open_text(path, encoding) as text:
        for _, line in zip(range(HEADER_WITHIN), text, strict=False):
            header = header_of(line.split(","))
            if header is not None and header.kind is BillKind.WECHAT_MERCHANT:
                return _streamed(source, path, encoding)
    return None


def _streamed(source: str, path: Path, encoding: str) -> Iterator[BillItem]:
    stripped = _Stripped()
    with _open_text(path, encoding) as text:
        lines = stripped.clean(enumerate((line.rstrip("\r\n") for line in text), start=1))
        header = next(found for found in (header_of(line.split(",")) for _, line in lines) if found)
        try:
            yield from wechat_merchant.read(source, "", header, lines)
        except UnicodeDecodeError as error:
            raise InvalidInput("file_encoding", file=source) from error
    yield from stripped.findings(source)


def _open_text(path: Path, encoding: str) -> TextIO:
    with path.open("rb") as start:
        is_packed = start.read(2) == GZIP
    if is_packed:
        return gzip.open(path, "rt", encoding=encoding, newline="\n")
    return path.open(encoding=encoding, newline="\n")


def _encoding_of(source: str, path: Path) -> str | None:
    """Which encoding the beginning of a file is in; None where it is packed in another way or no text."""
    with path.open("rb") as plain:
        is_packed = plain.read(2) == GZIP
    with gzip.open(path, "rb") if is_packed else path.open("rb") as raw:
        start = raw.read(SNIFFED_BYTES)
    if start.startswith(b"PK"):
        return None
    whole_lines = start[: start.rfind(b"\n") + 1] or start
    try:
        whole_lines.decode("utf-8-sig")
    except UnicodeDecodeError:
        decode(source, whole_lines)
        return "gb18030"
    return "utf-8-sig"


@dataclass(slots=True)
class _Stripped:
    """Lines without invisible characters, and how many lines had some."""

    count: int = 0

    def clean(self, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """The lines with their numbers."""
        for number, text in lines:
            visible = without_invisible(text)
            self.count += visible != text and visible != text.replace("\t", "")
            yield number, visible

    def findings(self, source: str) -> Iterator[Finding]:
        """One warning where anything was taken out."""
        if self.count:
            yield note("bill_invisible", source, severity=Severity.WARN, count=self.count)


def _read_text(source: str, part: Part, found: _Found) -> None:
    text = decode(source, part.content)
    lines = [(number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), start=1)]
    for at, (_, line) in enumerate(lines[:HEADER_WITHIN]):
        header = header_of(line.split(","))
        if header is not None and header.kind in _BY_LINES:
            if len(lines) > MAX_ROWS + HEADER_WITHIN:
                raise InvalidInput("too_many_rows", file=source, limit=MAX_ROWS)
            _add_lines(source, part.name, header, lines[at + 1 :], found)
            return
        if alipay_merchant.is_summary(line):
            found.summaries.append(lines[at:])
            return
    _read_sheets(source, part.name, (_sheet_of(source, text, found.mappings),), found)


def _add_lines(
    source: str, part: str, header: Header, lines: Iterable[tuple[int, str]], found: _Found
) -> None:
    """A part that is read line by line, cleaned on the way."""
    if header.width > MAX_COLUMNS:
        raise InvalidInput("too_many_columns", file=source, row=1, limit=MAX_COLUMNS)
    stripped = _Stripped()
    clean = stripped.clean(lines)
    if header.kind is BillKind.WECHAT_MERCHANT:
        found.add(header.kind, wechat_merchant.read(source, part, header, clean))
    else:
        found.add(header.kind, alipay_merchant.read(source, part, header, clean, found.sums))
    found.add(header.kind, stripped.findings(source))


def _sheet_of(source: str, text: str, mappings: Mapping[str, ColumnMapping]) -> RawSheet:
    """The text as rows, parted by that mark that makes a known header, else by the one that parts most."""
    tried: list[RawSheet] = []
    refusal: InvalidInput | None = None
    for delimiter in (mark for mark in DELIMITERS if mark in text[:SNIFFED_BYTES]):
        try:
            raw = read_delimited(source, text, delimiter=delimiter, max_rows=MAX_ROWS + HEADER_WITHIN)
        except InvalidInput as fault:
            refusal = refusal or fault
            continue
        if _header_in(raw) or find_mapped(raw.rows, mappings) or generic.has_header(raw):
            return raw
        tried.append(raw)
    if not tried and refusal:
        raise refusal
    empty = RawSheet(name="", rows=(), is_workbook=False)
    return max(tried, key=lambda raw: sum(len(cells) for _, cells in raw.rows), default=empty)


def _header_in(raw: RawSheet) -> tuple[int, Header] | None:
    for at, (_, cells) in enumerate(raw.rows[:HEADER_WITHIN]):
        if header := header_of(cells):
            return at, header
    return None


def _read_sheets(source: str, part: str, sheets: Iterable[RawSheet], found: _Found) -> None:
    for raw in sheets:
        name = "!".join(word for word in (part, raw.name) if word)
        if known := _header_in(raw):
            at, header = known
            found.add(header.kind, _raw_findings(source, name, raw))
            if header.kind in _BY_LINES:
                _add_lines(source, name, header, _as_lines(raw.rows[at + 1 :], header), found)
            else:
                export = Export(
                    source=source, part=name, header=header, above=raw.rows[:at], below=raw.rows[at + 1 :]
                )
                found.add(header.kind, _READERS[header.kind](export))
        elif mapped := find_mapped(raw.rows, found.mappings):
            at, mapping = mapped
            found.mapping = mapping.name
            found.add(BillKind.GENERIC, generic.read_mapped(source, raw, at, mapping))
        elif raw.rows:
            found.unknown.append(raw)


def _as_lines(rows: Iterable[tuple[int, tuple[str, ...]]], header: Header) -> Iterator[tuple[int, str]]:
    """Rows of a spreadsheet as the lines they were before somebody opened them in one."""
    for number, cells in rows:
        if header.kind is BillKind.WECHAT_MERCHANT and cells[0].startswith("`"):
            padded = [*cells, *[""] * (header.width - len(cells))]
            yield number, "`" + ",`".join(cell.removeprefix("`") for cell in padded)
        elif header.kind is BillKind.WECHAT_MERCHANT or cells[0].startswith("#"):
            yield number, ",".join(cells)
        else:
            quoted = ('"' + cell.replace('"', '""') + '"' for cell in cells)
            yield number, ",".join(quoted)


def _raw_findings(source: str, name: str, raw: RawSheet) -> Iterator[Finding]:
    place = f"{name}!" if name else ""
    if raw.stripped:
        yield note("bill_invisible", source, severity=Severity.WARN, count=len(raw.stripped))
    for row, _ in sorted(raw.too_long):
        yield note("bill_cell_too_long", source, f"{place}{row}", limit=MAX_CELL_CHARS)
    if raw.hidden_rows:
        facts: dict[str, Any] = {
            "sheet": raw.name,
            "rows": list(raw.hidden_rows[:20]),
            "count": len(raw.hidden_rows),
        }
        yield note("hidden_rows", source, severity=Severity.WARN, **facts)


def first_rows(source: str, content: bytes, count: int) -> tuple[RawRow, ...]:
    """The first rows of the first sheet that has any; none where the file cannot be opened."""
    try:
        for part in open_upload(source, content):
            if part.is_workbook:
                sheets, _ = open_book(source, part.content, max_rows=MAX_ROWS)
            else:
                sheets = (_sheet_of(source, decode(source, part.content), {}),)
            rows = next((raw.rows for raw in sheets if raw.rows), ())
            if rows:
                return rows[:count]
    except InvalidInput:
        return ()
    return ()
