"""
The words of the workbook, from the same table of words as the pages (``translations/codes``).

A workbook is made without a page or a request, so the table is read here directly.
"""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from busops.domain.values import SCHOOL_TIME
from busops.finance.tariff import FareUnit

CODES: Final = Path(__file__).resolve().parents[1] / "translations" / "codes"
TABLES: Final = (
    "finance.toml", "books.toml", "verdict.toml", "sheet_set.toml", "run.toml", "register.toml",
)  # fmt: skip
SEASONS: Final = frozenset({"autumn", "spring"})
REFERENCE_TAIL: Final = 6


def word(locale: str, *path: str) -> str:
    """The word at ``path`` in the language of ``locale``; the last part of the path where there is none."""
    found: Any = _words()
    for name in path:
        found = found.get(name, {}) if isinstance(found, Mapping) else {}
    language = "en" if locale.lower().startswith("en") else "zh"
    return str(found.get(language, path[-1])) if isinstance(found, Mapping) else path[-1]


def unit_words(unit_key: str, locale: str) -> str:
    """A billing unit for people: 周末往返 2024-03-08."""
    kind, _, rest = unit_key.partition(":")
    if kind == FareUnit.TERM:
        return f"{word(locale, 'book', 'unit', kind)} {term_words(rest, locale)}"
    day, _, direction = rest.partition(":")
    way = f" {word(locale, 'direction', direction)}" if direction else ""
    return f"{word(locale, 'book', 'unit', kind)} {day}{way}"


def term_words(term_id: str, locale: str) -> str:
    """A term for people: 2024 秋季 for 2024-autumn; the school's own name of it where it is another."""
    year, _, season = term_id.partition("-")
    return f"{year} {word(locale, 'book', 'season', season)}" if season in SEASONS else term_id


def school_minute(at: datetime) -> str:
    """A moment by the school's clock, to the minute."""
    return f"{at.astimezone(SCHOOL_TIME):%Y-%m-%d %H:%M}"


def school_second(at: datetime) -> str:
    """A moment by the school's clock, to the second."""
    return f"{at.astimezone(SCHOOL_TIME):%Y-%m-%d %H:%M:%S}"


def reference_tail(reference: str) -> str:
    """As much of a channel's number as a sheet shows."""
    return reference[-REFERENCE_TAIL:]


def joined(locale: str, words: Iterable[str]) -> str:
    """Several words in one cell."""
    return (", " if locale.lower().startswith("en") else "、").join(words)


@cache
def _words() -> Mapping[str, Any]:
    merged: dict[str, Any] = {}
    for name in TABLES:
        _merge(merged, tomllib.loads((CODES / name).read_text(encoding="utf-8")))
    return merged


def _merge(into: dict[str, Any], words: Mapping[str, Any]) -> None:
    for key, entry in words.items():
        if isinstance(entry, dict):
            _merge(into.setdefault(key, {}), entry)
        else:
            into[key] = entry
