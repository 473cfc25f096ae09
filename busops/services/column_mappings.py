"""
How a school reads sheets of its own: a named mapping for each header nobody knew, said once.

A mapping is said on a preview that could not be read, and the same bytes are read again with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from busops.domain.errors import Conflict, InvalidInput
from busops.domain.values import Clock
from busops.services.acting import By, record_act, user_of
from busops.sheets.bills.generic import meaning_of
from busops.sheets.bills.mapping import ColumnMapping, MoneyUnit, checked
from busops.sheets.bills.reading import first_rows
from busops.sheets.files.raw import RawRow
from busops.storage import bill_store, mapping_store
from busops.storage.database import Database, Transaction

SHOWN_ROWS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """The first rows of a sheet that nobody knew, for a person to say what they mean."""

    rows: tuple[RawRow, ...]

    @property
    def width(self) -> int:
        """How many columns there are."""
        return max((len(cells) for _, cells in self.rows), default=0)

    def header(self, number: int) -> tuple[str, ...]:
        """The cells of the row with that number; raises InvalidInput where there is none."""
        for row, cells in self.rows:
            if row == number:
                return cells
        raise InvalidInput("mapping_incomplete")

    def guesses(self, number: int) -> dict[str, int]:
        """What the words of that row say by themselves: the index of a column by its meaning."""
        found: dict[str, int] = {}
        for index, cell in enumerate(self.header(number)):
            if meaning := meaning_of(cell):
                found.setdefault(meaning, index)
        return found

    @property
    def likely_header(self) -> int:
        """The number of the row that most looks like a header: the first one with the most cells filled."""
        return max(self.rows, key=lambda row: (sum(map(bool, row[1])), -row[0]), default=(0, ()))[0]


def by_header(tx: Transaction) -> dict[str, ColumnMapping]:
    """Every mapping of the school by the key of its header."""
    found = (_mapping(row) for row in mapping_store.load_mappings(tx))
    return {mapping.header_key: mapping for mapping in found}


def list_mappings(database: Database) -> tuple[ColumnMapping, ...]:
    """Every mapping of the school, by name."""
    with database.reading() as tx:
        return tuple(_mapping(row) for row in mapping_store.load_mappings(tx))


def beginning_of(database: Database, sha256: str) -> Beginning:
    """The first rows of an original that is kept; empty where it cannot be opened at all."""
    with database.reading() as tx:
        original = bill_store.load_original(tx, sha256)
    return Beginning(rows=first_rows(original.name, original.content, SHOWN_ROWS))


def save(database: Database, mapping: ColumnMapping, *, clock: Clock, by: By = None) -> None:
    """The same header is read so from now on; raises InvalidInput, Conflict for a name of another sheet."""
    checked(mapping)
    with database.transaction() as tx:
        others = by_header(tx)
        others.pop(mapping.header_key, None)
        if any(other.name == mapping.name for other in others.values()):
            raise Conflict("mapping_name_taken", name=mapping.name)
        row = {
            "header_key": mapping.header_key,
            "name": mapping.name,
            "header": list(mapping.header),
            "columns": dict(mapping.columns),
            "unit": str(mapping.unit),
        }
        mapping_store.put_mapping(tx, row, by=user_of(by) or "system", at=clock.now())
        record_act(tx, by, "mapping_saved", mapping.name, facts={"unit": str(mapping.unit)}, clock=clock)


def forget(database: Database, header_key: str, *, clock: Clock, by: By = None) -> None:
    """The header is asked about again; what was read with the mapping stays as it is."""
    with database.transaction() as tx:
        known = by_header(tx).get(header_key)
        if known is not None:
            mapping_store.forget_mapping(tx, header_key)
            record_act(tx, by, "mapping_forgotten", known.name, facts={}, clock=clock)


def _mapping(row: Mapping[str, Any]) -> ColumnMapping:
    return ColumnMapping(
        name=row["name"],
        header=tuple(row["header"]),
        columns=dict(row["columns"]),
        unit=MoneyUnit(row["unit"]),
    )
