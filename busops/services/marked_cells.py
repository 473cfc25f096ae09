"""
The piece of a file that an import page draws: the rows around the findings, faulty cells marked.

It shows the cells as the file has them; what is wrong with them the findings say.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from busops.domain.findings import Finding, Severity
from busops.sheets.table_reader import Row, Sheet, read_table_text
from busops.sheets.tables.specs import SPECS

SHOWN_ROWS: Final = 60
SHOWN_COLUMNS: Final = 16

Marks = dict[tuple[str, str], str]


def marked_sheets(
    kind: str, file_name: str, content: bytes, findings: Iterable[Finding]
) -> list[dict[str, Any]]:
    """Each sheet with findings: column letters, heads, and the rows at and beside a finding."""
    placed = [
        finding
        for finding in findings
        if finding.severity is not Severity.LOG and isinstance(finding.facts.get("row"), int)
    ]
    if not placed:
        return []
    marks = _marks(placed)
    wanted: dict[str, set[int]] = {}
    for finding in placed:
        number = finding.facts["row"]
        near = wanted.setdefault(str(finding.facts.get("sheet", "")), set())
        near.update((number - 1, number, number + 1))
    shown = []
    for sheet in read_table_text(file_name, content, SPECS[kind]).sheets:
        rows = [row for row in sheet.rows if row.number in wanted.get(sheet.name, ())][:SHOWN_ROWS]
        if rows:
            shown.append(_drawn(sheet, rows, marks))
    return shown


def _marks(findings: Iterable[Finding]) -> Marks:
    marks: Marks = {}
    for finding in findings:
        key = (str(finding.facts.get("sheet", "")), str(finding.facts.get("cell", "")))
        if marks.get(key) != Severity.BLOCK.value:
            marks[key] = finding.severity.value
    return marks


def _drawn(sheet: Sheet, rows: Sequence[Row], marks: Marks) -> dict[str, Any]:
    heads = {index: sheet.headers.get(name, name) for name, index in sheet.columns.items()}
    width = min(SHOWN_COLUMNS, max(max(heads) + 1, *(len(row.cells) for row in rows)))
    letters = [chr(ord("A") + index) for index in range(width)]
    return {
        "name": sheet.name,
        "letters": letters,
        "heads": [heads.get(index, "") for index in range(width)],
        "rows": [
            {
                "number": row.number,
                "cells": [
                    {
                        "text": row.cells[index] if index < len(row.cells) else "",
                        "mark": marks.get((sheet.name, f"{letters[index]}{row.number}"), ""),
                    }
                    for index in range(width)
                ],
            }
            for row in rows
        ],
    }
