"""Writing very many rows slice by slice: room for them, their order, and a slice that may turn out known."""

import marshal
from collections.abc import Callable, Iterator
from tempfile import TemporaryFile
from typing import IO, Any, Final

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from busops.storage.database import Transaction

CACHE_KIB: Final = 32 * 1024
Row = tuple[Any, ...]
_HELD: Final = 250  # rows of a part in memory before they go to the disk
_LENGTH: Final = 4
_PARTS: Final = 64
_BY_DIGITS: Final = 256 // _PARTS  # a part has the keys of so many pairs of digits


def expect_many(tx: Transaction) -> None:
    """SQLite keeps what is about to be written in memory, up to 32 MiB, while this connection lives."""
    if tx.session.connection().dialect.name == "sqlite":
        tx.session.execute(text(f"PRAGMA cache_size = -{CACHE_KIB}"))


def unless_known(tx: Transaction, act: Callable[[], None]) -> bool:
    """What ``act`` writes stands; False and nothing of it does where a line of it is on record already."""
    try:
        with tx.session.begin_nested():
            act()
    except IntegrityError:
        return False
    return True


class SortedRows:
    """
    Rows of plain values put aside on the disk and given back in the order of their hexadecimal key.

    A million random keys written as they come touch every page of their index with every slice;
    in order each slice touches its own. The files have no name: what ends the process ends them.
    """

    def __init__(self, key_at: int) -> None:
        self._key_at = key_at
        self._held: list[list[Row]] = [[] for _ in range(_PARTS)]
        self._parts: dict[int, IO[bytes]] = {}

    def add(self, row: Row) -> None:
        """One more row."""
        part = int(row[self._key_at][:2], 16) // _BY_DIGITS
        held = self._held[part]
        held.append(row)
        if len(held) == _HELD:
            if part not in self._parts:
                self._parts[part] = TemporaryFile()  # noqa: SIM115 - closed by ``close``
            packed = marshal.dumps(held)
            self._parts[part].write(len(packed).to_bytes(_LENGTH) + packed)
            held.clear()

    def slices(self, most: int) -> Iterator[list[Row]]:
        """All rows by their keys, at most so many at a time; rows of one key stand as they were added."""
        for number in range(_PARTS):
            rows = self._of(number)
            rows.sort(key=lambda row: row[self._key_at])
            for start in range(0, len(rows), most):
                yield rows[start : start + most]

    def close(self) -> None:
        """Nothing of it is on the disk any more."""
        for part in self._parts.values():
            part.close()

    def _of(self, number: int) -> list[Row]:
        rows: list[Row] = []
        if part := self._parts.get(number):
            part.seek(0)
            while length := part.read(_LENGTH):
                # Written by this process, into a file without a name.
                rows += marshal.loads(part.read(int.from_bytes(length)))  # noqa: S302
        return rows + self._held[number]
