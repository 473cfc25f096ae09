"""
A table as the sheets write it: columns with their kinds, rows of plain cells.

No format and no file here; workbook, CSV and paper are written from the same table.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

Cell = str | int | date | None


class Kind(StrEnum):
    """How the cells of a column are written."""

    TEXT = "text"
    COUNT = "count"
    FEN = "fen"  # whole fen here, yuan with two decimals in the file
    DAY = "day"
    RATIO = "ratio"  # text of per cent with two decimals, or "-" where there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """
    One sheet: its key, its columns (key and kind), its rows, and whether money columns are added up.

    ``counted`` names columns of numbers that are added up too, ``unsummed`` those of money that are not;
    ``title`` is the sheet's own name where the words know none for its key.
    """

    key: str
    columns: tuple[tuple[str, Kind], ...]
    rows: tuple[tuple[Cell, ...], ...]
    has_totals: bool = False
    counted: frozenset[str] = frozenset()
    unsummed: frozenset[str] = frozenset()
    title: str = ""

    @property
    def summed(self) -> tuple[str, ...]:
        """The columns with a total beneath them, in their order."""
        if not self.has_totals:
            return ()
        money = {key for key, kind in self.columns if kind is Kind.FEN} - self.unsummed
        return tuple(key for key, _ in self.columns if key in money | self.counted)

    def total_fen(self, column: str) -> int:
        """What a column adds up to: fen of money, a number of a count."""
        at = [key for key, _ in self.columns].index(column)
        return sum(cell for row in self.rows if isinstance(cell := row[at], int))
