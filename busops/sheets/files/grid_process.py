"""
The process of its own in which calamine meets a workbook: ``python -m busops.sheets.files.grid_process``.

A hostile count in a workbook makes calamine ask for terabytes, and the whole process aborts. So
the workbook is read where that hurts nobody: bytes come in on standard input, the sheets go out
as JSON, memory and time are capped. The one place that imports calamine.
"""

import contextlib
import io
import json
import resource
import sys
from typing import Any, Final

import python_calamine

from busops.sheets.files.raw import RowCleaner, cell_text

MEMORY_BYTES: Final = 768 * 1024 * 1024
CPU_S: Final = 20


def main() -> int:
    """The sheets of the workbook on standard input are written to standard output; 1 when it is damaged."""
    with contextlib.suppress(ValueError, OSError):  # a system without such limits reads without them
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        sheets = read_sheets(sys.stdin.buffer.read())
    except (python_calamine.CalamineError, ValueError, OverflowError, MemoryError):
        return 1
    json.dump(sheets, sys.stdout)
    return 0


def read_sheets(content: bytes) -> list[dict[str, Any]]:
    """Name, visibility and (for visible sheets) the rows of every worksheet, cells as clean text."""
    with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
        found = []
        for sheet in book.sheets_metadata:
            if sheet.typ is not python_calamine.SheetTypeEnum.WorkSheet:
                continue
            is_shown = sheet.visible is python_calamine.SheetVisibleEnum.Visible
            rows = _rows(book.get_sheet_by_name(sheet.name)) if is_shown else {}
            found.append({"name": sheet.name, "is_shown": is_shown, **rows})
        return found


def _rows(sheet: python_calamine.CalamineSheet) -> dict[str, Any]:
    cleaner = RowCleaner()
    grid = sheet.to_python(skip_empty_area=False)
    for (first_row, first_column), (last_row, last_column) in sheet.merged_cell_ranges or ():
        # A value merged over several rows stands for each of them; a title merged over columns stands once.
        if first_column == last_column and first_row < len(grid) and first_column < len(grid[first_row]):
            for row in grid[first_row + 1 : last_row + 1]:
                row[first_column] = grid[first_row][first_column]
    rows = []
    for number, values in enumerate(grid, start=1):
        cells = cleaner.clean_row(number, [cell_text(value) for value in values])
        if cells:
            rows.append((number, cells))
    return {"rows": rows, "stripped": sorted(cleaner.stripped), "too_long": sorted(cleaner.too_long)}


if __name__ == "__main__":
    sys.exit(main())
