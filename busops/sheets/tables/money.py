"""Tariff and costs as the school's tables give them, in fen."""

from datetime import date
from typing import Final

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding
from busops.finance.costs import COST_CODES, CostLine
from busops.finance.tariff import FareUnit, TariffRate
from busops.sheets.table_reader import TableText
from busops.sheets.tables import cells
from busops.sheets.tables.rows import Placed, RowReader

NO_DAY: Final = date.min

_UNIT = cells.one_of(
    FareUnit,
    {
        "次": FareUnit.TRIP,
        "每次": FareUnit.TRIP,
        "趟": FareUnit.TRIP,
        "单程": FareUnit.TRIP,
        "周末": FareUnit.WEEKEND,
        "每周末": FareUnit.WEEKEND,
        "往返": FareUnit.WEEKEND,
        "月": FareUnit.MONTH,
        "每月": FareUnit.MONTH,
        "学期": FareUnit.TERM,
        "每学期": FareUnit.TERM,
    },
)


def read_tariff(table: TableText, findings: list[Finding]) -> tuple[Placed[TariffRate], ...]:
    """The rates; whether they overlap or leave gaps is checked with the other tables."""
    rows = []
    for sheet in table.sheets:
        for row in sheet.rows:
            reader = RowReader(sheet=sheet, row=row, findings=findings)
            from_on = reader.need("from_on", cells.day, NO_DAY)
            to_on = reader.maybe("to_on", cells.day_or_open, None)
            if reader.is_good and to_on is not None and to_on < from_on:
                reader.report("to_on", "period_reversed", from_on=from_on, to_on=to_on)
            rate = TariffRate(
                band=reader.need("band", cells.plain, ""),
                unit=reader.need("unit", _UNIT, FareUnit.TRIP),
                fen=reader.need("yuan", cells.yuan, 0),
                from_on=from_on,
                to_on=to_on,
            )
            if reader.is_good:
                rows.append(reader.placed(rate))
    return tuple(rows)


def read_costs(table: TableText, findings: list[Finding]) -> tuple[Placed[CostLine], ...]:
    """The cost lines, in the order of the file; two equal lines are two costs."""
    rows = []
    for sheet in table.sheets:
        for row in sheet.rows:
            reader = RowReader(sheet=sheet, row=row, findings=findings)
            line = CostLine(
                on=reader.need("on", cells.day, NO_DAY),
                code=reader.need("code", _cost_code, ""),
                fen=reader.need("yuan", cells.signed_yuan, 0),
                plate=reader.maybe("plate", cells.plate_number, ""),
                run=cells.words(reader.text("run")),
                note=cells.words(reader.text("note")),
                document=cells.words(reader.text("document")),
                is_estimate=reader.maybe("estimate", cells.yes_no, False),
                tax_fen=reader.maybe("tax", cells.signed_yuan, 0),
                line=cells.words(reader.text("line")),
                covers_from=reader.maybe("from_on", cells.day, None),
                covers_to=reader.maybe("to_on", cells.day, None),
            )
            _report_cost(line, reader)
            if reader.is_good:
                rows.append(reader.placed(line))
    return tuple(rows)


def _report_cost(line: CostLine, reader: RowReader) -> None:
    """A correction is negative with its tax; days are a pair, in their order."""
    if abs(line.tax_fen) > abs(line.fen) or line.tax_fen * line.fen < 0:
        reader.report("tax", "cost_tax_above")
    if (line.covers_from is None) != (line.covers_to is None):
        reader.report("to_on", "cost_days_halved")
    elif line.covers_from and line.covers_to and line.covers_to < line.covers_from:
        reader.report("to_on", "period_reversed", from_on=line.covers_from, to_on=line.covers_to)


def _cost_code(text: str) -> str:
    # A code may be followed by its name: "C01 油电费".
    code = cells.plain(text).upper()[:3]
    if code not in COST_CODES:
        raise InvalidInput("cost_code_unknown", found=text)
    return code
