"""Planning rules as the school's table gives them; a row that says nothing clear is found and left out."""

from typing import Final

from busops.domain.findings import Finding
from busops.domain.planning_rules import PlanningRule, RuleKind, faults_of
from busops.domain.values import Plate, RiderId, StopId
from busops.sheets.table_reader import TableText
from busops.sheets.tables import cells
from busops.sheets.tables.context import first_of_each
from busops.sheets.tables.network import NO_DAY
from busops.sheets.tables.rows import Placed, RowReader

MOST_MIN: Final = 24 * 60
# The column of each field of a rule.
COLUMNS: Final = {
    "rider_ids": "riders",
    "plates": "plates",
    "stop_ids": "stops",
    "ready_min": "ready_min",
    "to_on": "to_on",
    "reason": "reason",
}
_NONE: Final[tuple[str, ...]] = ()
_KIND: Final = cells.one_of(
    RuleKind,
    {
        "同车": RuleKind.TOGETHER,
        "兄弟姐妹同车": RuleKind.TOGETHER,
        "分车": RuleKind.APART,
        "不同车": RuleKind.APART,
        "车不停站": RuleKind.NOT_STOPS,
        "车只停站": RuleKind.ONLY_STOPS,
        "站只用车": RuleKind.ONLY_VEHICLES,
        "车不在": RuleKind.AWAY,
        "车停用": RuleKind.AWAY,
    },
)


def read_rules(table: TableText, findings: list[Finding]) -> tuple[Placed[PlanningRule], ...]:
    """The rules, each once; what contradicts itself is found in its cell."""
    rows = []
    for sheet in table.sheets:
        for row in sheet.rows:
            reader = RowReader(sheet=sheet, row=row, findings=findings)
            rule = _rule(reader)
            if reader.is_good:
                for fault in faults_of(rule):
                    reader.report(COLUMNS[fault.place], fault.code, **fault.facts)
            if reader.is_good:
                rows.append(reader.placed(rule))
    return first_of_each(rows, "rule_id", "kind", "rule_twice", findings)


def _rule(reader: RowReader) -> PlanningRule:
    return PlanningRule(
        kind=reader.need("kind", _KIND, RuleKind.TOGETHER),
        rider_ids=tuple(map(RiderId, reader.maybe("riders", cells.identifiers, _NONE))),
        plates=tuple(map(Plate, reader.maybe("plates", cells.plate_numbers, _NONE))),
        stop_ids=tuple(map(StopId, reader.maybe("stops", cells.identifiers, _NONE))),
        ready_min=reader.maybe(
            "ready_min", lambda text: cells.whole_number(text, least=1, most=MOST_MIN), None
        ),
        from_on=reader.need("from_on", cells.day, NO_DAY),
        to_on=reader.maybe("to_on", cells.day_or_open, None),
        reason=reader.need("reason", cells.words, ""),
    )
