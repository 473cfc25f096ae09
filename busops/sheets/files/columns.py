"""
Which column of a table a header means: Chinese header, English alias, or both in one cell.

A column has one name (as ``docs/files.md`` gives it) and the words it may be headed with.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from busops.sheets.files.raw import squeezed

_PARTS: Final = re.compile(r"[/|()\[\]【】:,;*·]+|(?<=[^\x00-\x7f])(?=[a-z_@])|(?<=[a-z_])(?=[^\x00-\x7f])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table: its name, its header, and further words for it."""

    name: str
    header: str
    aliases: tuple[str, ...] = ()
    is_required: bool = False
    holds_ids: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """Every word that names the column, squeezed."""
        return tuple(squeezed(word) for word in (self.name, self.header, *self.aliases))


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """The columns of one kind of table and how many rows it may have."""

    kind: str
    columns: tuple[Column, ...]
    max_rows: int = 20_000

    @property
    def required(self) -> tuple[Column, ...]:
        """The columns without which the table cannot be read."""
        return tuple(column for column in self.columns if column.is_required)

    def words(self) -> dict[str, str]:
        """Column name by squeezed word."""
        return {word: column.name for column in self.columns for word in column.words}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderMatch:
    """What a header row means: column index by name, headers nobody knows, columns named twice."""

    at: Mapping[str, int]
    unknown: tuple[int, ...]
    twice: tuple[tuple[str, int], ...]


def match_headers(words: Mapping[str, str], cells: Iterable[str]) -> HeaderMatch:
    """What each header cell means; the first of two columns with one meaning counts, the second is named."""
    at: dict[str, int] = {}
    unknown: list[int] = []
    twice: list[tuple[str, int]] = []
    for index, cell in enumerate(cells):
        if not cell:
            continue
        name = column_of(words, cell)
        if name is None:
            unknown.append(index)
        elif name in at:
            twice.append((name, index))
        else:
            at[name] = index
    return HeaderMatch(at=at, unknown=tuple(unknown), twice=tuple(twice))


def column_of(words: Mapping[str, str], header: str) -> str | None:
    """
    The column that a header names: by the whole text, else by its parts if they agree.

    "站点编号 stop_id", "stop_id（站点编号）", "金额（元）" and "学 号" are all understood.
    """
    whole = squeezed(header)
    if whole in words:
        return words[whole]
    found = {words[part] for part in _PARTS.split(whole) if part in words}
    return found.pop() if len(found) == 1 else None
