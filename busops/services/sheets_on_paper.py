"""
What is printed for the bus: manifests with tick boxes, trip sheets, tag sheets, as values.

Paper is the last channel: it holds what a crew needs when every tablet fails, and names the
manifest's version by its hash. How it looks is the templates'.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import quote

from busops.domain.values import Plate, RunId
from busops.services import run_tags, tablet_pack
from busops.services.run_tags import FIRST_DAY
from busops.storage import register_store, run_store
from busops.storage.database import Database

COLUMN_ROWS: Final = 28  # rows of 5.9 mm that fit a column of the first page
TIGHT_ROWS: Final = 32  # the same in rows of 5.1 mm
COLUMNS: Final = 2
HASH_CHARACTERS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a manifest: the head of a stop, or a rider."""

    stop: Mapping[str, Any] | None = None
    riders: int = 0
    is_continued: bool = False
    rider: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a manifest: its columns, and whether its rows are the narrow ones."""

    number: int
    columns: tuple[tuple[Row, ...], ...]
    is_tight: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestSheet:
    """A run's manifest as paper: the pack, its pages, and what the QR code says."""

    document: Mapping[str, Any]
    pages: tuple[Page, ...]
    qr: str
    short_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One tag: its place, its digits, and the text in its QR code, which is its NFC text too."""

    place: str
    code: str
    text: str

    @property
    def row(self) -> int | None:
        """The seat row it hangs at, None for the others."""
        _, is_row, number = self.place.partition("row:")
        return int(number) if is_row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagSheet:
    """A vehicle's tags in the order of the walk, with the digits and the text of each; maybe none."""

    plate: Plate
    on: date
    tags: tuple[Tag, ...]
    term: str
    valid_from: date | None  # None where they always held
    is_stale: bool = False
    next_from: date | None = None


def manifest_sheet(database: Database, run_id: RunId) -> ManifestSheet:
    """One run's manifest, laid out by stop in two columns."""
    document = tablet_pack.pack(database, run_id)
    short = document["hash"][:HASH_CHARACTERS]
    return ManifestSheet(
        document=document,
        pages=lay_out(tablet_pack.manifest_by_stop(document)),
        qr=f"busops:m/{run_id}/v{document['roster_v']}/{short}",
        short_hash=short,
    )


def manifest_sheets(database: Database, on: date, direction: str | None = None) -> tuple[ManifestSheet, ...]:
    """The manifests of every run of a day that takes place, by departure."""
    with database.reading() as tx:
        found = [
            run.run_id
            for run in run_store.list_runs(tx, on)
            if run.phase.value != "cancelled" and direction in (None, run.direction.value)
        ]
    return tuple(manifest_sheet(database, run_id) for run_id in found)


def tag_sheet(database: Database, plate: Plate, on: date) -> TagSheet:
    """The tags that hold for a vehicle on that day; without any when none were made yet."""
    found = run_tags.tags_on(database, plate, on)
    with database.reading() as tx:
        term = register_store.load_school(tx).term.term_id
    if found is None:
        return TagSheet(plate=plate, on=on, tags=(), term=term, valid_from=None)
    return TagSheet(
        plate=plate,
        on=on,
        tags=tuple(
            Tag(place=place, code=code, text=tag_text(plate, place, code)) for place, code in found.tags
        ),
        term=term,
        valid_from=found.valid_from if found.valid_from != FIRST_DAY else None,
        is_stale=found.is_stale,
        next_from=found.next_from,
    )


def tag_text(plate: Plate, place: str, code: str) -> str:
    """What a tag says to a machine: plain letters only, because a reader types no Chinese characters."""
    return f"busops:t/{quote(plate)}/{place}/{code}"


def lay_out(groups: Iterable[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]) -> tuple[Page, ...]:
    """
    The rows of all stops on as few pages as they need, two columns each.

    A stop's head never stands alone at the foot of a column, and is repeated where the stop
    goes on in the next.
    """
    rows = [row for stop, riders in groups for row in _rows_of(stop, riders)]
    even = max((len(rows) + 3) // 2, 2)  # both columns about as long, a repeated head included
    columns = _columns(rows, min(COLUMN_ROWS, even))
    is_tight = len(columns) > COLUMNS
    if is_tight:
        columns = _columns(rows, min(TIGHT_ROWS, even))
        if len(columns) > COLUMNS:
            columns = _columns(rows, TIGHT_ROWS)
    pairs = [columns[start : start + COLUMNS] for start in range(0, len(columns), COLUMNS)]
    return tuple(
        Page(number=number, columns=tuple(pair), is_tight=is_tight)
        for number, pair in enumerate(pairs, start=1)
    )


def _rows_of(stop: Mapping[str, Any], riders: Sequence[Mapping[str, Any]]) -> list[Row]:
    return [Row(stop=stop, riders=len(riders)), *(Row(rider=rider) for rider in riders)]


def _columns(rows: Sequence[Row], most: int) -> list[tuple[Row, ...]]:
    columns: list[list[Row]] = [[]]
    head: Row | None = None
    for row in rows:
        column = columns[-1]
        is_last_place = len(column) == most - 1
        if len(column) >= most or (row.stop is not None and is_last_place):
            columns.append([])
            if row.rider is not None and head is not None:
                columns[-1].append(Row(stop=head.stop, riders=head.riders, is_continued=True))
        columns[-1].append(row)
        head = row if row.stop is not None else head
    return [tuple(column) for column in columns]
