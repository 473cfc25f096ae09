"""
XLSX as rows of text: visible sheets only, merged data cells filled down.

calamine does the reading in a process of its own (``grid_process.py``); here positions are
checked before and its answer is taken after. ``check_upload`` has passed the bytes already.
"""

import html
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from busops.domain.errors import InvalidInput
from busops.sheets.files.raw import RawSheet

MAX_COLUMNS: Final = 64
TIMEOUT_S: Final = 60

_ELEMENT: Final = re.compile(rb"<(?:\w+:)?(row|c)\b([^>]*)>")
_REF: Final = re.compile(rb'\br="([A-Z]{0,4})([0-9]{1,9})"')
_HIDDEN: Final = re.compile(rb'\bhidden="(?:1|true)"')
_SHEET: Final = re.compile(rb"<(?:\w+:)?sheet\b([^>]*)>")
_RELATION: Final = re.compile(rb"<(?:\w+:)?Relationship\b([^>]*)>")
_ATTRIBUTE: Final = re.compile(rb'(\w+(?::\w+)?)="([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """The visible sheets, and what was passed over."""

    sheets: tuple[RawSheet, ...]
    hidden_sheets: tuple[str, ...]
    has_external_links: bool


def read_workbook(file_name: str, content: bytes, *, max_rows: int) -> Workbook:
    """The visible sheets of the workbook; positions are checked before calamine makes a grid of them."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        hidden_rows = _hidden_rows(file_name, archive, max_rows)
        has_links = any(name.startswith("xl/externalLinks/") for name in archive.namelist())
    sheets = _sheets_of(file_name, content)
    return Workbook(
        sheets=tuple(
            _raw_sheet(sheet, hidden_rows.get(sheet["name"], ())) for sheet in sheets if sheet["is_shown"]
        ),
        hidden_sheets=tuple(sheet["name"] for sheet in sheets if not sheet["is_shown"]),
        has_external_links=has_links,
    )


def _sheets_of(file_name: str, content: bytes) -> list[dict[str, Any]]:
    """What the reading process says of the workbook; whatever ends that process is a damaged file."""
    command = [sys.executable, "-m", "busops.sheets.files.grid_process"]
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"}
    try:
        answer = subprocess.run(  # noqa: S603 - our own module, nothing of the file is in the command
            command, input=content, env=environment, capture_output=True, timeout=TIMEOUT_S, check=True
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise InvalidInput("file_damaged", file=file_name) from error
    sheets: list[dict[str, Any]] = json.loads(answer.stdout)
    return sheets


def _raw_sheet(sheet: dict[str, Any], hidden_rows: tuple[int, ...]) -> RawSheet:
    return RawSheet(
        name=sheet["name"],
        rows=tuple((number, tuple(cells)) for number, cells in sheet["rows"]),
        is_workbook=True,
        hidden_rows=hidden_rows,
        stripped=frozenset((row, column) for row, column in sheet["stripped"]),
        too_long=frozenset((row, column) for row, column in sheet["too_long"]),
    )


def _hidden_rows(file_name: str, archive: zipfile.ZipFile, max_rows: int) -> dict[str, tuple[int, ...]]:
    """The rows that are hidden, by sheet name; refuses a sheet that is too large or too wide."""
    by_path: dict[str, tuple[int, ...]] = {}
    for name in archive.namelist():
        if name.endswith(".xml"):
            part = archive.read(name)
            if b"sheetData" in part:
                by_path[name.lstrip("/")] = tuple(_measure(file_name, part, max_rows))
    return {sheet: by_path.get(path, ()) for sheet, path in _sheet_paths(archive)}


def _measure(file_name: str, part: bytes, max_rows: int) -> Iterator[int]:
    # calamine lays a sheet out as a full grid: one cell at XFD1048576 would ask for 17 billion cells.
    row, seen_rows, is_hidden = 0, 0, False
    for element in _ELEMENT.finditer(part):
        kind, attributes = element.group(1), element.group(2)
        ref = _REF.search(attributes)
        if kind == b"row":
            row = int(ref.group(2)) if ref else row + 1
            is_hidden = bool(_HIDDEN.search(attributes))
            seen_rows += not attributes.endswith(b"/")
            continue
        if attributes.endswith(b"/") or part.startswith(b"</", element.end()):
            continue  # formatted, but empty
        if ref and ref.group(1):
            row = int(ref.group(2))
            if len(ref.group(1)) > 1 and _column_number(ref.group(1)) > MAX_COLUMNS:
                raise InvalidInput("too_many_columns", file=file_name, row=row, limit=MAX_COLUMNS)
        if max(row, seen_rows) > max_rows + 100:  # titles and totals do not count
            raise InvalidInput("too_many_rows", file=file_name, limit=max_rows)
        if is_hidden:
            yield row
            is_hidden = False


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _sheet_paths(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    names = set(archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return
    targets = {}
    for relation in _RELATION.finditer(archive.read("xl/_rels/workbook.xml.rels")):
        attributes = dict(_ATTRIBUTE.findall(relation.group(1)))
        targets[attributes.get(b"Id", b"")] = attributes.get(b"Target", b"").decode("utf-8", "replace")
    for sheet in _SHEET.finditer(archive.read("xl/workbook.xml")):
        attributes = dict(_ATTRIBUTE.findall(sheet.group(1)))
        target = targets.get(attributes.get(b"r:id", b""), "")
        path = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
        yield html.unescape(attributes.get(b"name", b"").decode("utf-8", "replace")), path
