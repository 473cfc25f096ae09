"""
What a person said about the columns of a sheet whose header nobody knows, for the whole school.

A mapping belongs to one header, cell by cell: the same header again is read the same way, any
other header asks again.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from busops.domain.errors import InvalidInput
from busops.sheets.files.raw import RawRow, squeezed

FIELDS: Final = ("paid_on", "amount", "payer", "remark", "reference", "rider_id")
NEEDED: Final = ("paid_on", "amount")
HEADER_WITHIN: Final = 40
MAX_NAME: Final = 40


class MoneyUnit(StrEnum):
    """What a number in the column of amounts counts."""

    YUAN = "yuan"
    FEN = "fen"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """A named mapping: the header's cells as they came, and the index of the column of each meaning."""

    name: str
    header: tuple[str, ...]
    columns: Mapping[str, int]
    unit: MoneyUnit

    @property
    def header_key(self) -> str:
        """By which the same header is known again."""
        return header_key(self.header)


def header_key(cells: Iterable[str]) -> str:
    """A digest of a header: blanks, case and full-width forms make no other header."""
    words = [squeezed(cell) for cell in cells]
    while words and not words[-1]:
        words.pop()
    return hashlib.sha256("\x1f".join(words).encode()).hexdigest()


def find_mapped(
    rows: tuple[RawRow, ...], mappings: Mapping[str, ColumnMapping]
) -> tuple[int, ColumnMapping] | None:
    """The first row that is the header of a mapping, and that mapping."""
    if mappings:
        for at, (_, cells) in enumerate(rows[:HEADER_WITHIN]):
            if found := mappings.get(header_key(cells)):
                return at, found
    return None


def checked(mapping: ColumnMapping) -> ColumnMapping:
    """The mapping, if it says where day and amount are, says nothing twice, and has a name."""
    if not mapping.name.strip() or len(mapping.name) > MAX_NAME:
        raise InvalidInput("mapping_name_needed", limit=MAX_NAME)
    if any(name not in mapping.columns for name in NEEDED):
        raise InvalidInput("mapping_incomplete")
    if mapping.columns.keys() - set(FIELDS):
        raise InvalidInput("mapping_incomplete")
    indexes = list(mapping.columns.values())
    if len(set(indexes)) != len(indexes):
        raise InvalidInput("mapping_column_twice")
    if any(not 0 <= index < len(mapping.header) for index in indexes):
        raise InvalidInput("mapping_incomplete")
    return mapping
