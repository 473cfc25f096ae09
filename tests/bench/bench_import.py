"""
How long 5,000 riders take to be read with every check, beside what plain pandas needs for the cells alone.

Run by hand or by ``make bench``; as a test it holds the promise of three seconds.
"""

import io
import time

import pandas
import pytest

from busops.sheets.school_sheets import read_table
from busops.sheets.tables.context import TableContext
from tests.unit.sheets.sheet_files import RIDERS, csv_bytes, xlsx_bytes

RIDER_COUNT = 5_000
LIMIT_S = 3.0


def class_list() -> list[tuple[object, ...]]:
    """A class list of 5,000 invented riders."""
    return [
        RIDERS[0],
        *(
            (
                f"{20_260_000 + n:08}",
                f"学生{n}",
                "初一",
                f"{n % 12 + 1}班",
                f"S{n % 90:03}",
                "",
                f"家长{n}",
                "SELF",
                "",
            )
            for n in range(RIDER_COUNT)
        ),
    ]


def seconds(read, times: int = 3) -> float:
    """The best time of some tries."""
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        read()
        best = min(best, time.perf_counter() - started)
    return best


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_5000_riders_are_read_in_under_three_seconds(form: str) -> None:
    """Reading, normalising and checking 5,000 riders stays under 3 s; the ratio to pandas is printed."""
    rows = class_list()
    content = xlsx_bytes(rows) if form == "xlsx" else csv_bytes(rows)
    context = TableContext(stop_ids=frozenset(f"S{n:03}" for n in range(90)))
    result = read_table("riders", f"riders.{form}", content, context)
    assert (len(result.rows), result.findings) == (RIDER_COUNT, ())
    ours_s = seconds(lambda: read_table("riders", f"riders.{form}", content, context))
    if form == "xlsx":
        plain_s = seconds(lambda: pandas.read_excel(io.BytesIO(content), engine="calamine", dtype=str))
    else:
        plain_s = seconds(lambda: pandas.read_csv(io.BytesIO(content), dtype=str))
    print(f"\n{form}: busops {ours_s:.3f} s, pandas {plain_s:.3f} s, ratio {ours_s / plain_s:.1f}")
    assert ours_s < LIMIT_S
