"""Reads the cells of one row and collects what is wrong with them, so that every fault is told at once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.sheets.table_reader import Row, Sheet
from busops.sheets.tables.cells import EMPTY_WORDS

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed(Generic[Value]):
    """A value and the row it was read from, so that later checks can name the cell."""

    value: Value
    sheet: Sheet
    row: Row

    def finding(
        self, column: str, code: str, severity: Severity = Severity.BLOCK, **facts: object
    ) -> Finding:
        """A finding at a cell of this row."""
        return self.sheet.finding(self.row, column, code, severity, **facts)


@dataclass(slots=True, kw_only=True)
class RowReader:
    """One row being read; ``is_good`` is false as soon as a cell of it cannot be used."""

    sheet: Sheet
    row: Row
    findings: list[Finding]
    is_good: bool = field(default=True)

    def text(self, column: str) -> str:
        """The cell as it stands; empty where there is none."""
        return self.sheet.cell(self.row, column)

    def need(self, column: str, parse: Callable[[str], Value], fallback: Value) -> Value:
        """The value of a cell that must be there; else a finding, and the row is not good."""
        text = self.text(column)
        if not text:
            self.report(column, "value_missing")
            return fallback
        return self._parsed(column, text, parse, fallback)

    def maybe(self, column: str, parse: Callable[[str], Value], fallback: Value) -> Value:
        """The value of a cell that may be empty ("", "-", "无" …): then ``fallback``."""
        text = self.text(column)
        if text.strip().lower() in EMPTY_WORDS:
            return fallback
        return self._parsed(column, text, parse, fallback)

    def report(self, column: str, code: str, severity: Severity = Severity.BLOCK, **facts: object) -> None:
        """Notes a finding at a cell of this row; a BLOCK makes the row unusable."""
        self.findings.append(self.sheet.finding(self.row, column, code, severity, **facts))
        if severity is Severity.BLOCK:
            self.is_good = False

    def placed(self, value: Value) -> Placed[Value]:
        """The value with its place."""
        return Placed(value=value, sheet=self.sheet, row=self.row)

    def _parsed(self, column: str, text: str, parse: Callable[[str], Value], fallback: Value) -> Value:
        try:
            return parse(text)
        except InvalidInput as refusal:
            self.report(column, refusal.code, **refusal.facts)
            return fallback
