"""
What is made of a reconciled period: the workbook of eight sheets, the monthly check, the sheet of income
and costs, and the lists for class teachers, who get no number, payer, telephone or reference.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from busops.domain.values import RiderId
from busops.finance.line_results import LineResult, LineResults
from busops.finance.reconcile import ReconRow, RowFlag, RowStatus, counted
from busops.finance.rows import differences
from busops.finance.statement import Reconciliation
from busops.finance.tariff import SHORT, span_of, weekend_of
from busops.sheets.book_model import Cell, Kind, Table
from busops.sheets.book_summary import (
    bases_table,
    cost_codes_table,
    notes,
    summary_table,
    verdict_facts,
)
from busops.sheets.book_tables import Besides, checks, counts, rows_table, tables
from busops.sheets.book_words import joined, word
from busops.sheets.papers.document import Document, SheetKind
from busops.sheets.reconciliation_book import make_book, signers_of

OPEN_RUNS_NAMED: Final = 40
NUMBER: Final = re.compile(r"(\d+)|(\D+)")
NUMERALS: Final = str.maketrans({numeral: f"{at}·" for at, numeral in enumerate("一二三四五六七八九", 1)})
_SUMS: Final = (
    *(("people", Kind.COUNT), ("units", Kind.COUNT), ("seats", Kind.COUNT), ("rides", Kind.COUNT)),
    *(("leaves", Kind.COUNT), ("payers", Kind.COUNT), ("due", Kind.FEN), ("waived", Kind.FEN)),
    *(("paid", Kind.FEN), ("refunded", Kind.FEN), ("difference", Kind.FEN), ("open_rows", Kind.COUNT)),
)
_COUNTED: Final = frozenset({"units", "seats", "rides", "leaves", "open_rows"})
_CLASS_COLUMNS: Final = (
    *(("no", Kind.COUNT), ("name", Kind.TEXT), ("line", Kind.TEXT)),
    *(("stop", Kind.TEXT), ("money_state", Kind.TEXT)),
)


def workbook_document(result: Reconciliation, besides: Besides, version: str, locale: str) -> Document:
    """The workbook of eight sheets; as CSV or on paper the same tables."""
    leaves = (
        summary_table(result, locale),
        *tables(result, locale, besides),
        bases_table(result, locale),
        _checks_table(result, locale),
    )
    return _document(
        SheetKind.RECONCILIATION,
        result,
        locale,
        tables=leaves,
        origin=origin_of(result, version, locale),
        signers=signers_of(result),
        workbook=partial(_workbook, result, locale, besides),
    )


def month_document(
    result: Reconciliation, besides: Besides, signed: Sequence[tuple[str, str]], version: str, locale: str
) -> Document:
    """A month checked: by weekend, class and status, what differs, every row; ``signed`` of its close."""
    shown = [row for row in result.statement.rows if row.status is not RowStatus.NONE]
    leaves = (
        _grouped("by_unit", "unit", shown, partial(_weekend_of, result, locale)),
        _grouped("by_class", "class", shown, partial(_class_of, result, locale)),
        _counts_table(result, locale),
        rows_table("differences", differences(shown), result, locale, besides),
        rows_table("rows", shown, result, locale, besides),
    )
    signatures = ((word(locale, "book", "word", name), text) for name, text in signed)
    return _document(
        SheetKind.MONTH,
        result,
        locale,
        tables=leaves,
        origin=(*origin_of(result, version, locale), *signatures),
        signers=signers_of(result),
    )


def net_document(
    result: Reconciliation, lines: LineResults, towards: Mapping[str, str], version: str, locale: str
) -> Document:
    """Income, costs and net revenue: the verdict with its reason and notes, three bases, by code, by line."""
    columns = (("item", Kind.TEXT), ("value", Kind.TEXT))
    said = ("", word(locale, "book", "word", "depreciation_note"))
    noted = [*verdict_facts(result, locale), *(("", note) for note in notes(result, locale)), said]
    leaves = (
        Table(key="verdict", columns=columns, rows=tuple(noted)),
        bases_table(result, locale),
        _income_table(result, locale),
        cost_codes_table(result.statement.cost_sums, locale),
        _lines_table(lines, towards, locale),
    )
    school = result.school
    return _document(
        SheetKind.NET,
        result,
        locale,
        tables=leaves,
        origin=origin_of(result, version, locale),
        signers=(("finance", ""), ("responsible", school.responsible)),
    )


def class_document(result: Reconciliation, only: str, locale: str) -> Document:
    """A list for each class, or for ``only`` one: name, line, stop and whether anything is owed."""
    by_class: dict[str, dict[RiderId, list[ReconRow]]] = defaultdict(lambda: defaultdict(list))
    for row in result.statement.rows:
        if row.status is not RowStatus.NONE:
            by_class[_class_of(result, locale, row)][row.rider_id].append(row)
    leaves = tuple(
        Table(
            key=SheetKind.CLASS_LISTS,
            title=class_name,
            columns=_CLASS_COLUMNS,
            rows=tuple(_class_rows(by_class[class_name], result, locale)),
        )
        for class_name in ([only] if only else sorted(by_class, key=_in_order))
    )
    note = (word(locale, "book", "column", "note"), word(locale, "book", "word", "class_note"))
    return _document(
        SheetKind.CLASS_LISTS, result, locale, tables=leaves, origin=(*_days_of(result, locale), note)
    )


def origin_of(result: Reconciliation, version: str, locale: str) -> tuple[tuple[str, str], ...]:
    """Days, rules, software, bills, and what is not certain yet."""
    statement = result.statement
    policy = statement.policy
    challenged = sum(times for row, times in counted(statement.rows) if RowFlag.CHALLENGED in row.flags)
    runs = statement.open_runs
    named = joined(locale, runs[:OPEN_RUNS_NAMED]) + ("…" if len(runs) > OPEN_RUNS_NAMED else "")
    goal = f"{policy.target_bp // 100}.{policy.target_bp % 100:02d} %"
    rules = (word(locale, "basis", policy.basis), goal, word(locale, "fee_regime", policy.fee_regime))
    facts = (
        ("rules", joined(locale, rules)),
        ("version", version),
        ("bills", str(len(statement.sources))),
        ("open_runs", str(len(runs))),
        ("open_run_ids", named),
        ("challenged", str(challenged)),
    )
    told = ((word(locale, "book", "word", name), text) for name, text in facts)
    return (*_days_of(result, locale), *told)


def _document(
    kind: SheetKind,
    result: Reconciliation,
    locale: str,
    *,
    tables: tuple[Table, ...],
    origin: tuple[tuple[str, str], ...],
    signers: tuple[tuple[str, str], ...] = (),
    workbook: Callable[[Sequence[tuple[str, str]]], bytes] | None = None,
) -> Document:
    return Document(
        kind=kind,
        locale=locale,
        school=result.school.name,
        author=result.school.executor,
        period_from=result.statement.period_from,
        period_to=result.statement.period_to,
        tables=tables,
        origin=origin,
        signers=signers,
        workbook=workbook,
    )


def _workbook(
    result: Reconciliation, locale: str, besides: Besides, origin: Sequence[tuple[str, str]]
) -> bytes:
    return make_book(result, locale, besides=besides, origin=origin)


def _days_of(result: Reconciliation, locale: str) -> tuple[tuple[str, str], ...]:
    statement = result.statement
    days = (
        ("school", result.school.name),
        ("from_on", statement.period_from.isoformat()),
        ("to_on", statement.period_to.isoformat()),
    )
    return tuple((word(locale, "book", "word", name), text) for name, text in days)


def _checks_table(result: Reconciliation, locale: str) -> Table:
    return Table(
        key="checks", columns=(("check", Kind.TEXT), ("result", Kind.TEXT)), rows=checks(result, locale)
    )


def _counts_table(result: Reconciliation, locale: str) -> Table:
    return Table(
        key="statuses",
        columns=(("status", Kind.TEXT), ("count", Kind.COUNT)),
        rows=counts(result, locale),
        has_totals=True,
        counted=frozenset({"count"}),
    )


def _grouped(key: str, head: str, rows: Iterable[ReconRow], name_of: Callable[[ReconRow], str]) -> Table:
    """The rows added up by what they are called, in the order of the names."""
    groups: dict[str, list[ReconRow]] = defaultdict(list)
    for row in rows:
        groups[name_of(row)].append(row)
    return Table(
        key=key,
        columns=((head, Kind.TEXT), *_SUMS),
        rows=tuple((name, *_sums(groups[name])) for name in sorted(groups, key=_in_order)),
        has_totals=True,
        counted=_COUNTED,
    )


def _sums(rows: Sequence[ReconRow]) -> tuple[Cell, ...]:
    return (
        *(len({row.rider_id for row in rows}), len(rows), sum(row.seats for row in rows)),
        *(sum(row.facts.rides for row in rows), sum(row.leaves for row in rows)),
        len({row.rider_id for row in rows if row.facts.paid_fen > 0}),
        *(sum(row.facts.due_fen for row in rows), sum(row.waived_fen for row in rows)),
        *(sum(row.received_fen for row in rows), sum(row.refunded_fen for row in rows)),
        *(sum(row.difference_fen for row in rows), sum(row.needs_somebody for row in rows)),
    )


def _weekend_of(result: Reconciliation, locale: str, row: ReconRow) -> str:
    """The Friday of a trip or weekend; months and terms stand together."""
    span = span_of(row.unit_key, result.school.term)
    if span.unit in SHORT:
        return weekend_of(span.from_on).isoformat()
    return word(locale, "book", "word", "months_and_terms")


def _in_order(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Names by their numbers: 初二 before 初三, class 2 before class 10."""
    parts = NUMBER.findall(name.translate(NUMERALS))
    return tuple((not digits, int(digits or 0), text) for digits, text in parts)


def _class_of(result: Reconciliation, locale: str, row: ReconRow) -> str:
    rider = result.riders.get(row.rider_id)
    name = f"{rider.grade}{rider.class_name}" if rider else ""
    return name or word(locale, "book", "word", "no_class")


def _income_table(result: Reconciliation, locale: str) -> Table:
    statement = result.statement
    sums = statement.sums
    facts = (
        ("charged", statement.charged_fen),
        ("waived", sums.waived_fen),
        ("earned", sums.earned_fen),
        ("receipts", sums.receipts_fen),
        ("refunds", sums.refunds_fen),
        ("unidentified", sums.unidentified_fen),
        ("estimated", sums.estimated_fen),
        ("overhead", statement.cost_sums.overhead_fen),
    )
    rows = tuple((word(locale, "book", "word", name), fen) for name, fen in facts)
    return Table(key="income", columns=(("item", Kind.TEXT), ("amount", Kind.FEN)), rows=rows)


def _lines_table(results: LineResults, towards: Mapping[str, str], locale: str) -> Table:
    """The lines, the worst first, and what belongs to none, so that it adds up to the books."""
    rows: list[tuple[Cell, ...]] = [
        _line_cells(line, towards.get(line.line, ""), locale) for line in results.lines
    ]
    if results.fares_of_none_fen or results.costs_of_none_fen:
        net = results.fares_of_none_fen - results.costs_of_none_fen
        none = word(locale, "book", "word", "no_line")
        sums = (results.fares_of_none_fen, results.costs_of_none_fen, None, net)
        rows.append((none, "", None, None, *sums, "", None, None, None, ""))
    columns = (
        *(("line", Kind.TEXT), ("towards", Kind.TEXT), ("runs", Kind.COUNT), ("riders", Kind.COUNT)),
        *(("fares", Kind.FEN), ("costs", Kind.FEN), ("empty_costs", Kind.FEN), ("net", Kind.FEN)),
        *(("ratio", Kind.RATIO), ("headroom", Kind.FEN), ("break_even", Kind.COUNT)),
        *(("needed_fare", Kind.FEN), ("verdict", Kind.TEXT)),
    )
    return Table(
        key="line_results",
        columns=columns,
        rows=tuple(rows),
        has_totals=True,
        counted=frozenset({"runs", "riders"}),
        unsummed=frozenset({"headroom", "needed_fare"}),
    )


def _line_cells(line: LineResult, towards: str, locale: str) -> tuple[Cell, ...]:
    return (
        *(line.line, towards, line.runs, line.rides, line.fares_fen, line.costs_fen, line.empty_fen),
        *(line.net_fen, line.ratio, line.headroom_fen, line.break_even_rides, line.needed_fare_fen),
        word(locale, "verdict", line.verdict),
    )


def _class_rows(
    riders: Mapping[RiderId, Sequence[ReconRow]], result: Reconciliation, locale: str
) -> Iterable[tuple[Cell, ...]]:
    known = [(result.riders.get(rider_id), rider_id, rows) for rider_id, rows in riders.items()]
    known.sort(key=lambda one: (one[0].name if one[0] else "", one[1]))
    for number, (rider, rider_id, rows) in enumerate(known, start=1):
        stop = result.stop_names.get(rider.stop_id, rider.stop_id) if rider else ""
        name, line = rider.name if rider else "", result.lines.get(rider_id, "")
        yield number, name, line, stop, word(locale, "book", "word", _money_state(rows))


def _money_state(rows: Sequence[ReconRow]) -> str:
    """Owes where any unit is short; a waiver is nobody's business in a class and counts as settled."""
    if any(row.difference_fen < 0 for row in rows):
        return "owes"
    if any(row.difference_fen > 0 for row in rows):
        return "overpaid"
    has_business = any(row.facts.due_fen or row.waived_fen or row.refunded_fen for row in rows)
    return "settled" if has_business else "nothing_due"
