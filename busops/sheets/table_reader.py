"""
A school's file as rows under known columns, with the place of every cell.

Finds the header by its words, drops totals and footers (and says so), and reports every
column it does not know. Knows nothing of what the cells mean: ``tables`` does.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.sheets.files.columns import HeaderMatch, TableSpec, match_headers
from busops.sheets.files.delimited import DELIMITERS, decode, read_delimited
from busops.sheets.files.raw import RawRow, RawSheet, cell_address, squeezed
from busops.sheets.files.upload import FileKind, check_upload
from busops.sheets.files.workbook import read_workbook

HEADER_WITHIN: Final = 40  # rows of titles and remarks that may stand above a header
MIN_HEADERS: Final = 2

_TOTAL: Final = re.compile(
    r"(合计|总计|小计|共计|总数|总人数|grandtotal|subtotal|total)(?![a-z])[^,;]{0,24}\Z"
)
_FOOTER: Final = re.compile(
    r"(制表|填表|审核|复核|负责人|班主任|备注|说明|注|打印|日期|第\d+页)(人|时间|日期)?[::、,0-9共]|第\d+页"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its number in the file and its cells, by the sheet's columns."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The rows of one sheet under a header: ``columns`` gives the index, ``headers`` the words as found."""

    file: str
    name: str
    columns: Mapping[str, int]
    headers: Mapping[str, str]
    rows: tuple[Row, ...]
    totals: tuple[Row, ...]
    is_workbook: bool

    def cell(self, row: Row, column: str) -> str:
        """The text of a cell; empty where the column or the cell is not there."""
        index = self.columns.get(column)
        return row.cells[index] if index is not None and index < len(row.cells) else ""

    def facts(self, row: Row, column: str) -> dict[str, str | int]:
        """Where a cell is, for a finding: file, sheet, row, column as headed, address."""
        index = self.columns.get(column)
        address = cell_address(row.number, index) if index is not None else str(row.number)
        header = self.headers.get(column, column)
        return {"file": self.file, "sheet": self.name, "row": row.number, "column": header, "cell": address}

    def finding(
        self, row: Row, column: str, code: str, severity: Severity = Severity.BLOCK, **facts: object
    ) -> Finding:
        """A finding at a cell of this sheet."""
        place = self.facts(row, column)
        sheet = f"{self.name}!" if self.name else ""
        where = f"{self.file}!{sheet}{place['cell']}"
        return Finding(code=code, severity=severity, place=where, facts={**place, **facts})


@dataclass(frozen=True, slots=True, kw_only=True)
class TableText:
    """The sheets of a file that hold the table, and what was seen on the way."""

    sheets: tuple[Sheet, ...]
    findings: tuple[Finding, ...]


def read_table_text(file_name: str, content: bytes, spec: TableSpec) -> TableText:
    """
    The rows of the table in the file, with findings for all that is odd.

    A file that cannot be opened is one BLOCK finding with the code of its refusal.
    """
    try:
        raws, findings = _raw_sheets(file_name, content, spec)
    except InvalidInput as refusal:
        facts = {"file": file_name, **refusal.facts}
        return TableText(sheets=(), findings=(Finding(code=refusal.code, place=file_name, facts=facts),))
    return tables_in(file_name, raws, spec, findings)


def tables_in(
    file_name: str, raws: Iterable[RawSheet], spec: TableSpec, findings: list[Finding]
) -> TableText:
    """The rows of the table in sheets that were opened already; ``findings`` are those of the opening."""
    words = spec.words()
    sheets: list[Sheet] = []
    for raw in raws:
        if not raw.rows:
            continue
        header = _find_header(raw, words, len(spec.required))
        if header is None:
            findings.append(_at_file(file_name, "sheet_without_table", Severity.WARN, sheet=raw.name))
            continue
        at, match = header
        findings += _header_findings(file_name, raw, raw.rows[at], match, spec)
        sheet = _sheet(file_name, raw, at, match, findings)
        findings += _cell_findings(raw, sheet)
        sheets.append(sheet)
    if not sheets:
        expected = [column.header for column in spec.required]
        findings = [finding for finding in findings if finding.code != "sheet_without_table"]
        findings.append(_at_file(file_name, "header_not_found", Severity.BLOCK, expected=expected))
    return TableText(sheets=tuple(sheets), findings=tuple(findings))


def table_under(
    file_name: str, raw: RawSheet, header: int, at: Mapping[str, int], findings: list[Finding]
) -> Sheet:
    """The rows below a header whose columns are known by their place (index by name)."""
    sheet = _sheet(file_name, raw, header, HeaderMatch(at=at, unknown=(), twice=()), findings)
    findings += _hidden_rows(file_name, raw)
    findings += _cell_findings(raw, sheet)
    return sheet


def _raw_sheets(
    file_name: str, content: bytes, spec: TableSpec
) -> tuple[tuple[RawSheet, ...], list[Finding]]:
    if check_upload(file_name, content) is FileKind.CSV:
        return (_delimited(file_name, content, spec),), []
    return open_book(file_name, content, max_rows=spec.max_rows)


def open_book(file_name: str, content: bytes, *, max_rows: int) -> tuple[tuple[RawSheet, ...], list[Finding]]:
    """The visible sheets of a workbook, and what was passed over in it."""
    book = read_workbook(file_name, content, max_rows=max_rows)
    findings = [
        _at_file(file_name, "hidden_sheet_ignored", Severity.WARN, sheet=name) for name in book.hidden_sheets
    ]
    if book.has_external_links:
        findings.append(_at_file(file_name, "external_links", Severity.WARN))
    return book.sheets, findings


def _delimited(file_name: str, content: bytes, spec: TableSpec) -> RawSheet:
    text = decode(file_name, content)
    words, needed = spec.words(), len(spec.required)
    first = read_delimited(file_name, text, delimiter=DELIMITERS[0], max_rows=spec.max_rows + 100)
    if _find_header(first, words, needed) is not None:
        return first
    for delimiter in DELIMITERS[1:]:
        if delimiter in text[:10_000]:
            other = read_delimited(file_name, text, delimiter=delimiter, max_rows=spec.max_rows + 100)
            if _find_header(other, words, needed) is not None:
                return other
    return first


def _find_header(raw: RawSheet, words: Mapping[str, str], needed: int) -> tuple[int, HeaderMatch] | None:
    """The row that names the most columns, and what it names; words one row above fill its gaps."""
    best: tuple[int, HeaderMatch] | None = None
    for at, (_, cells) in enumerate(raw.rows[:HEADER_WITHIN]):
        match = match_headers(words, cells)
        if len(match.at) >= min(MIN_HEADERS, needed) and (best is None or len(match.at) > len(best[1].at)):
            best = (at, match)
    if best is None or best[0] == 0:
        return best
    # Two header rows: a word merged over both stands in the upper one only.
    at, match = best
    upper, lower = raw.rows[at - 1][1], raw.rows[at][1]
    width = max(len(upper), len(lower))
    joined = [
        _nth(lower, index) or (_nth(upper, index) if match_headers(words, [_nth(upper, index)]).at else "")
        for index in range(width)
    ]
    return at, match_headers(words, joined)


def _nth(cells: tuple[str, ...], index: int) -> str:
    return cells[index] if index < len(cells) else ""


def _header_findings(
    file_name: str, raw: RawSheet, header: RawRow, match: HeaderMatch, spec: TableSpec
) -> Iterator[Finding]:
    number, cells = header

    def at_header(code: str, index: int, severity: Severity, **facts: object) -> Finding:
        address = cell_address(number, index)
        place = {"file": file_name, "sheet": raw.name, "row": number, "cell": address}
        place_key = f"{file_name}!{raw.name}!{address}" if raw.name else f"{file_name}!{address}"
        return Finding(code=code, severity=severity, place=place_key, facts={**place, **facts})

    missing = [column for column in spec.required if column.name not in match.at]
    for column in missing:
        facts = {"column": column.header, "alias": column.name, "sheet": raw.name}
        yield _at_file(file_name, "column_missing", Severity.BLOCK, **facts)
    for index in match.unknown:
        yield at_header("column_unknown", index, Severity.WARN, column=cells[index])
    for name, index in match.twice:
        header_word = next(column.header for column in spec.columns if column.name == name)
        yield at_header("column_twice", index, Severity.BLOCK, column=header_word)
    yield from _hidden_rows(file_name, raw)


def _hidden_rows(file_name: str, raw: RawSheet) -> Iterator[Finding]:
    if raw.hidden_rows:
        rows = list(raw.hidden_rows[:20])
        count = len(raw.hidden_rows)
        yield _at_file(file_name, "hidden_rows", Severity.WARN, sheet=raw.name, rows=rows, count=count)


def _sheet(file_name: str, raw: RawSheet, at: int, match: HeaderMatch, findings: list[Finding]) -> Sheet:
    """The rows below the header, without totals, footers and repeated headers: each is noted."""
    header_cells = raw.rows[at][1]
    header_set = {squeezed(cell) for cell in header_cells if cell}
    headers = {name: _nth(header_cells, index) or name for name, index in match.at.items()}
    known = tuple(match.at.values())
    rows: list[Row] = []
    totals: list[Row] = []
    for number, cells in raw.rows[at + 1 :]:
        row = Row(number=number, cells=cells)
        kind = _kind_of_row(cells, known, header_set)
        if kind is None:
            rows.append(row)
            continue
        if kind == "total_row":
            totals.append(row)
        first = next(cell for cell in cells if cell)
        where = {"file": file_name, "sheet": raw.name, "row": number, "found": first}
        place = f"{file_name}!{raw.name}!{number}"
        findings.append(Finding(code=kind, severity=Severity.LOG, place=place, facts=where))
    return Sheet(
        file=file_name,
        name=raw.name,
        columns=match.at,
        headers=headers,
        rows=tuple(row for row in rows if any(_nth(row.cells, index) for index in known)),
        totals=tuple(totals),
        is_workbook=raw.is_workbook,
    )


def _kind_of_row(cells: tuple[str, ...], known: tuple[int, ...], header: set[str]) -> str | None:
    """total_row, footer_row or repeated_header where the row is no record, else None."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return None
    first = squeezed(filled[0])
    if _TOTAL.match(first):
        return "total_row"
    if len(filled) > 1:
        # A total may stand under another column when the first ones are merged or left empty.
        leading = next((cell for cell in (_nth(cells, index) for index in sorted(known)[:3]) if cell), "")
        if _TOTAL.match(squeezed(leading)):
            return "total_row"
        if len(filled) >= len(header) // 2 and {squeezed(cell) for cell in filled} <= header:
            return "repeated_header"
    if _FOOTER.match(first) and len(filled) <= 1 + len(known) // 2:
        return "footer_row"
    return None


def _cell_findings(raw: RawSheet, sheet: Sheet) -> Iterator[Finding]:
    names = {index: name for name, index in sheet.columns.items()}
    for spots, code, severity in (
        (raw.stripped, "invisible_characters", Severity.WARN),
        (raw.too_long, "cell_too_long", Severity.BLOCK),
    ):
        for number, index in sorted(spots):
            if index in names:
                yield sheet.finding(Row(number=number, cells=()), names[index], code, severity)


def _at_file(file_name: str, code: str, severity: Severity, **facts: object) -> Finding:
    sheet = facts.get("sheet") or facts.get("column")
    place = f"{file_name}!{sheet}" if sheet else file_name
    return Finding(code=code, severity=severity, place=place, facts={"file": file_name, **facts})
