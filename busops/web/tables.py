"""
A list on a page: searched, filtered, sorted, paged and exported by the address alone.

Works on values that a service returned; nothing here asks the database. Drawn by
``parts/table.html``; two lists on one page need different prefixes.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from flask import Response, request

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PAGE_ROWS: Final = 200
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
OWN: Final = ("q", "sort", "page", "format")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: what stands in its head, and the value it sorts, searches and exports by."""

    key: str
    word: str
    of: Callable[[Any], Any]
    shows: Callable[[Any], Any] | None = None  # how the value looks, where it is not the value itself
    numeric: bool = False
    text: bool = False
    sortable: bool = True
    searched: bool = False
    exported: bool = True

    def shown(self, row: Any) -> Any:
        """What the cell shows."""
        value = self.of(row) if self.shows is None else self.shows(row)
        return "" if value is None else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A choice above the list; ``of`` gives the row's value, compared as text."""

    key: str
    word: str
    choices: tuple[tuple[str, str], ...]
    of: Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the page shows of a list, and the addresses of everything else."""

    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]
    rows: tuple[Any, ...]  # of this page
    all_rows: tuple[Any, ...]  # all that match, sorted: what an export holds
    total: int
    args: Mapping[str, str]
    prefix: str
    sort: str
    is_descending: bool
    page: int
    pages: int

    @property
    def matched(self) -> int:
        """How many rows match."""
        return len(self.all_rows)

    @property
    def query(self) -> str:
        """The words searched for."""
        return self.args.get(f"{self.prefix}q", "")

    @property
    def is_searchable(self) -> bool:
        """True when any column is searched."""
        return any(column.searched for column in self.columns)

    @property
    def is_narrowed(self) -> bool:
        """True when a search or a filter hides rows."""
        return bool(self.query.strip()) or any(self.chosen(item) for item in self.filters)

    @property
    def kept(self) -> tuple[tuple[str, str], ...]:
        """What the filter form must carry along besides its own fields."""
        own = {f"{self.prefix}q", f"{self.prefix}page"} | {
            f"{self.prefix}{item.key}" for item in self.filters
        }
        return tuple((name, value) for name, value in self.args.items() if name not in own)

    @property
    def cleared(self) -> str:
        """The address without search and filters."""
        return self._address(dict.fromkeys([item.key for item in self.filters] + ["q", "page"], ""))

    @property
    def export(self) -> str:
        """The address of the rows as CSV."""
        return self._address({"format": "csv", "page": ""})

    def chosen(self, item: Filter) -> str:
        """The filter's value in the address."""
        return self.args.get(f"{self.prefix}{item.key}", "")

    def sorting(self, column: Column) -> str:
        """The column's ``aria-sort``."""
        if column.key != self.sort:
            return "none"
        return "descending" if self.is_descending else "ascending"

    def sorted_by(self, column: Column) -> str:
        """The address sorted by this column; the other way round when it is already."""
        down = column.key == self.sort and not self.is_descending
        return self._address({"sort": f"-{column.key}" if down else column.key, "page": ""})

    def at_page(self, page: int) -> str:
        """The address of another page."""
        return self._address({"page": str(page)})

    def _address(self, changes: Mapping[str, str]) -> str:
        args = dict(self.args) | {f"{self.prefix}{name}": value for name, value in changes.items()}
        return "?" + urlencode({name: value for name, value in args.items() if value})


def arrange(
    rows: Iterable[Any],
    columns: Sequence[Column],
    *,
    filters: Sequence[Filter] = (),
    sort: str = "",
    prefix: str = "",
    page_rows: int = PAGE_ROWS,
    args: Mapping[str, str] | None = None,
) -> Listing:
    """The rows that match the address, in its order; ``sort`` ("key" or "-key") where it names none."""
    given = {name: value for name, value in (request.args if args is None else args).items() if value}
    everything = tuple(rows)
    matching = [row for row in everything if _passes(row, filters, given, prefix)]
    words = given.get(f"{prefix}q", "").casefold().split()
    if words:
        searched = [column for column in columns if column.searched]
        matching = [row for row in matching if _holds(row, searched, words)]
    wanted = given.get(f"{prefix}sort", sort)
    chosen = next((c for c in columns if c.sortable and c.key == wanted.lstrip("-")), None)
    if chosen is not None:
        matching.sort(key=lambda row: _order(chosen.of(row)), reverse=wanted.startswith("-"))
    pages = max(-(-len(matching) // page_rows), 1)
    page = min(max(_whole(given.get(f"{prefix}page", "1")), 1), pages)
    return Listing(
        columns=tuple(columns),
        filters=tuple(filters),
        rows=tuple(matching[(page - 1) * page_rows : page * page_rows]),
        all_rows=tuple(matching),
        total=len(everything),
        args={name: value for name, value in given.items() if name != f"{prefix}format"},
        prefix=prefix,
        sort=chosen.key if chosen else "",
        is_descending=chosen is not None and wanted.startswith("-"),
        page=page,
        pages=pages,
    )


def wants_csv(prefix: str = "") -> bool:
    """True when the address asks for the export instead of the page."""
    return request.args.get(f"{prefix}format") == "csv"


def csv_of(listing: Listing, file_name: str) -> Response:
    """Every matching row as CSV that Excel and WPS open as it is; no cell can run as a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    columns = [column for column in listing.columns if column.exported]
    writer.writerow([column.word for column in columns])
    for row in listing.all_rows:
        writer.writerow([_cell(column.of(row)) for column in columns])
    answer = Response(buffer.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file_name)}"
    return answer


def download(content: bytes, kind: str, name: str) -> Response:
    """A file of this media type under a plain name."""
    answer = Response(content, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _passes(row: Any, filters: Sequence[Filter], args: Mapping[str, str], prefix: str) -> bool:
    wanted = ((item, args.get(f"{prefix}{item.key}", "")) for item in filters)
    return all(not value or str(item.of(row)) == value for item, value in wanted)


def _holds(row: Any, columns: Sequence[Column], words: Sequence[str]) -> bool:
    text = " ".join(f"{column.of(row)} {column.shown(row)}" for column in columns).casefold()
    return all(word in text for word in words)


def _order(value: Any) -> tuple[int, Any]:
    if value is None or value == "":
        return (1, "")
    return (0, value)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 1


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
