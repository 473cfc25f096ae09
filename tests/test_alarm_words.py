"""Codes that are put together when they are needed have words too: the prefix, and every alarm there is."""

import ast
import re
from pathlib import Path

import pytest

from busops import i18n
from busops.domain import due_alarms, due_tellings
from busops.domain.safety_policy import DEFAULT
from busops.services.run_state import CALLED_AT_ONCE, SIREN_QUIETENED
from busops.storage.day_store import Weather

ROOT = Path(__file__).resolve().parent.parent
SPEAKERS = frozenset({"words", "code_words"})
PREFIX = re.compile(r"code_words\(\s*'([\w.]+\.)' ~")
KINDS = (*due_alarms.KINDS, *due_tellings.KINDS, *sorted(CALLED_AT_ONCE), "reopened", SIREN_QUIETENED)


def made_prefixes() -> dict[str, str]:
    """The beginning of every code that Python or a template puts together, and where."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "busops").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.JoinedStr):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                first = node.args[0].values[0]
                if name in SPEAKERS and isinstance(first, ast.Constant):
                    found.setdefault(str(first.value), path.relative_to(ROOT).as_posix())
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for prefix in PREFIX.findall(path.read_text(encoding="utf-8")):
            found.setdefault(prefix, path.relative_to(ROOT).as_posix())
    return found


def test_every_code_that_is_put_together_begins_like_one_that_has_words() -> None:
    """``alarm.{kind}`` printed raw codes, the catalogue says ``alarm_kind.…``: no prefix is made up."""
    prefixes = made_prefixes()
    assert len(prefixes) > 20
    codes = i18n.code_catalogue()
    lost = {
        prefix: place for prefix, place in prefixes.items() if not any(c.startswith(prefix) for c in codes)
    }
    assert not lost


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_alarm_has_words(kind: str) -> None:
    """Board, terminal and notices can name it."""
    assert i18n.has_words(f"alarm_kind.{kind}")


def test_every_level_and_weather_has_words() -> None:
    """The ladder's six levels and the three kinds of day."""
    assert all(i18n.has_words(f"alarm_level.{level}") for level in range(len(DEFAULT.ladder)))
    assert all(i18n.has_words(f"weather.{weather}") for weather in Weather)
