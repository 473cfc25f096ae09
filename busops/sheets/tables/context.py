"""What a table is read against: the term, the campus, and the things other tables have named."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from busops.domain.findings import Finding, Severity
from busops.domain.roster import Rider
from busops.domain.school import Term
from busops.domain.values import Plate, Position, RiderId, StopId
from busops.sheets.tables.rows import Placed

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableContext:
    """
    What is known already when a file is read; None = not known, so not checked.

    ``today`` decides the school year where no term is known.
    """

    term: Term | None = None
    campus: Position | None = None
    stop_ids: frozenset[StopId] | None = None
    bands: frozenset[str] | None = None
    plates: frozenset[Plate] | None = None
    riders: Mapping[RiderId, Rider] | None = None
    today: date | None = None


def first_of_each(
    rows: Iterable[Placed[Value]], key: str, column: str, code: str, findings: list[Finding]
) -> tuple[Placed[Value], ...]:
    """
    The rows with each key once; the same row again is a WARN, another row with the same key a BLOCK.

    ``key`` is an attribute of the value, ``column`` the column to point at.
    """
    first: dict[object, Placed[Value]] = {}
    for placed in rows:
        found = getattr(placed.value, key)
        before = first.setdefault(found, placed)
        if before is placed:
            continue
        where = before.sheet.facts(before.row, column)
        facts: dict[str, Any] = {
            "found": str(found),
            "first_cell": where["cell"],
            "first_sheet": where["sheet"],
        }
        if before.value == placed.value:
            findings.append(placed.finding(column, "row_repeated", Severity.WARN, **facts))
        else:
            findings.append(placed.finding(column, code, **facts))
    return tuple(first.values())
