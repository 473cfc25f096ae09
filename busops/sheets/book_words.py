"""
The words of the workbook, from the same table of words as the pages (``translations/codes``).

A workbook is made without a page or a request, so the table is read here directly.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

CODES: Final = Path(__file__).resolve().parents[1] / "translations" / "codes"
TABLES: Final = ("finance.toml", "run.toml", "register.toml")


def word(locale: str, *path: str) -> str:
    """The word at ``path`` in the language of ``locale``; the last part of the path where there is none."""
    found: Any = _words()
    for name in path:
        found = found.get(name, {}) if isinstance(found, Mapping) else {}
    language = "en" if locale.lower().startswith("en") else "zh"
    return str(found.get(language, path[-1])) if isinstance(found, Mapping) else path[-1]


@cache
def _words() -> Mapping[str, Any]:
    merged: dict[str, Any] = {}
    for name in TABLES:
        for key, entry in tomllib.loads((CODES / name).read_text(encoding="utf-8")).items():
            merged[key] = {**merged.get(key, {}), **entry}
    return merged
