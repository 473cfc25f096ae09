"""Cells of bills: days and amounts, remembered because a bill says the same ones a thousand times."""

import re
from datetime import date
from functools import lru_cache
from typing import Any, Final

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.finance.money import parse_yuan_fen, tidy_yuan
from busops.sheets.files.delimited import MAX_COLUMNS
from busops.sheets.files.raw import MAX_CELL_CHARS
from busops.sheets.tables import cells

__all__ = ("MAX_CELL_CHARS", "MAX_COLUMNS", "day", "fee", "fee_fen", "note", "row_fault", "text_of", "yuan")

FEE_UNITS: Final = 1000  # fees are told in hundred-thousandths of a yuan, a thousand to the fen

_FEE: Final = re.compile(r"(-?)([0-9]{1,9})(?:\.([0-9]{1,5})0*)?", re.ASCII)
_EMPTY: Final = frozenset({"", "/", "-", "--", "\\"})


@lru_cache(maxsize=65_536)
def yuan(text: str) -> int:
    """Fen of an amount; nothing written is nought; ¥ and thousands commas are taken off."""
    if text in _EMPTY:
        return 0
    try:
        return parse_yuan_fen(text)
    except InvalidInput:
        return cells.signed_yuan(tidy_yuan(text).removeprefix("+"))


@lru_cache(maxsize=65_536)
def fee(text: str) -> int:
    """A fee in hundred-thousandths of a yuan: bills tell it with up to five decimals."""
    if text in _EMPTY:
        return 0
    match = _FEE.fullmatch(text)
    if match is None:
        raise InvalidInput("amount_unreadable", found=text)
    sign, whole, part = match.groups()
    units = int(whole) * 100 * FEE_UNITS + int((part or "0").ljust(5, "0"))
    return -units if sign else units


def fee_fen(units: int) -> int:
    """The fee in fen, half a fen rounded away from nought."""
    fen = (2 * abs(units) + FEE_UNITS) // (2 * FEE_UNITS)
    return -fen if units < 0 else fen


@lru_cache(maxsize=16_384)
def day(text: str) -> date:
    """The day of a moment such as 2026-11-13 08:00:05 or 20261113."""
    return cells.day(text)


def text_of(cell: str) -> str:
    """A cell without what bills put around it; a placeholder is nothing."""
    plain = cell.strip().strip("`").strip()
    return "" if plain in _EMPTY else plain


def row_fault(source: str, cell: str, fault: InvalidInput, **facts: Any) -> Finding:
    """A blocking finding at a row of a bill, with the code of what could not be read in it."""
    place = {"file": source, "cell": cell, **facts, **fault.facts}
    return Finding(code=fault.code, place=f"{source}!{cell}", facts=place)


def note(
    code: str, source: str, cell: str = "", severity: Severity = Severity.BLOCK, **facts: Any
) -> Finding:
    """A finding about a bill or a row of it."""
    place = f"{source}!{cell}" if cell else source
    return Finding(code=code, severity=severity, place=place, facts={"file": source, "cell": cell, **facts})
