"""
What an entry of the audit says, in the reader's words: who, of what, and its facts with labels.

The chain keeps keys and plain values; here they become names, yuan, days and words. Digests and
long ids are shortened, the whole stands in the title. Nothing here changes what is kept.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from busops import i18n
from busops.services.audit import PERSON, ShownEntry
from busops.web import formats
from busops.web.context import current
from busops.web.language import code_words, say

DIGEST: Final = re.compile(r"[0-9a-f]{64}")
LONG_ID: Final = re.compile(r"(?:\w+-)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
SHOWN_CHARACTERS: Final = 8
SIMULATED: Final = "simulated:"
DEVICE: Final = "device:"
# Whose words a value has: the code before the dot.
WORDED: Final = {
    "role": "role",
    "rule": "planning_rule",
    "role_before": "role",
    "kind": "register_kind",
    "status": "receipt_status",
    "reason": "reason",
    "evidence": "alarm_evidence",
    "weather": "weather",
    "code": "cost",
    "sheet": "book.sheet",
    "locale": "sheet_language",
}
PERSONS: Final = frozenset({"proposed_by", "second", "by", "user_id", "stamp_user"})
# What an act is about, by how its name begins.
ABOUT: Final = {
    "run_": "run",
    "plan_": "plan",
    "receipt_": "receipt",
    "claim_": "receipt",
    "receipts_": "bill",
    "bill_": "bill",
    "import_": "import",
    "cost_": "cost",
    "quarantine_": "quarantine",
    "alarm_": "alarm",
    "period_": "period",
    "sheet_": "sheet",
    "file_": "file",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A fact as it is shown: its label, its words, and the whole value where they are shortened."""

    label: str
    text: str
    whole: str = ""


def who(row: ShownEntry) -> str:
    """The person's name, the system, or whose simulated tablet it was."""
    return _person(row.entry.user_id, row.names) if row.entry.user_id else say("系统")


def about(row: ShownEntry) -> Said:
    """What the act was about."""
    subject, act = row.entry.subject, row.entry.act
    if subject.startswith(PERSON):
        user_id = subject.removeprefix(PERSON)
        return Said(label="", text=say("不存在的账号") if user_id == "?" else _person(user_id, row.names))
    if subject.startswith(DEVICE):
        return Said(label=say("平板"), text=subject.removeprefix(DEVICE))
    if i18n.has_words(f"audit_about.{subject}"):
        return Said(label="", text=code_words(f"audit_about.{subject}"))
    kind = next((kind for start, kind in ABOUT.items() if act.startswith(start)), "")
    label = code_words(f"audit_about.{kind}") if kind else ""
    return _named(label, _text_value(kind, subject, row.names))


def facts(row: ShownEntry) -> tuple[Said, ...]:
    """Every fact that says something, in the order it was recorded."""
    return tuple(_facts(row.entry.facts, row.names))


def plain(row: ShownEntry) -> str:
    """The facts as one line, with whole values: what is searched and exported."""
    return say("；").join(f"{said.label} {said.whole or said.text}".strip() for said in facts(row))


def shortened(text: str) -> str:
    """The text with only the telling part of its long ids and digests."""
    short = LONG_ID.sub(lambda found: f"…{found[0][-SHOWN_CHARACTERS:]}", text)
    return DIGEST.sub(lambda found: f"{found[0][:SHOWN_CHARACTERS]}…", short)


def _facts(given: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[Said]:
    for name, value in given.items():
        if value is None or value in ("", [], {}):
            continue
        code = f"audit_fact.{name}"
        label = code_words(code) if i18n.has_words(code) else name
        yield _named(label, _value(name, value, names))


def _value(name: str, value: Any, names: Mapping[str, str]) -> str:
    match value:
        case bool():
            return say("是") if value else say("否")
        case Mapping():
            parts = _facts(value, names)
            return say("，").join(f"{part.label} {part.whole or part.text}" for part in parts)
        case list():
            return say("、").join(_value(name, one, names) for one in value)
        case str():
            return _text_value(name, value, names)
        case int() if name == "fen" or name.endswith("_fen"):
            return say("%(amount)s 元", amount=formats.money(value))
        case _:
            return str(value)


def _text_value(name: str, text: str, names: Mapping[str, str]) -> str:
    if name in PERSONS:
        return _person(text, names)
    code = f"{WORDED.get(name, '')}.{text}"
    return code_words(code) if i18n.has_words(code) else _as_day(text) or text


def _named(label: str, text: str) -> Said:
    short = shortened(text)
    return Said(label=label, text=short, whole=text if short != text else "")


def _person(user_id: str, names: Mapping[str, str]) -> str:
    if user_id.startswith(SIMULATED):
        return say("模拟车组 %(crew)s", crew=user_id.removeprefix(SIMULATED))
    return names.get(user_id, user_id)


def _as_day(text: str) -> str:
    """A day or moment in the reader's form; empty for anything else."""
    try:
        if len(text) == len("2026-03-13"):
            return i18n.format_date(date.fromisoformat(text), current().locale, year=True)
        if "T" in text and text[:4].isdigit():
            return formats.moment(datetime.fromisoformat(text))
    except ValueError:
        return ""
    return ""
