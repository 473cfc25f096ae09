"""
Words: the only place that makes sentences, in simplified Chinese first and in English.

Two kinds. Words for **codes** (errors, findings, statuses, reasons) stand side by side in
``translations/codes/*.toml``; ``{fact}`` is filled in by name, ``{count|row|rows}`` chooses
by number. Words for **pages** are gettext: the Chinese text is the key, English stands in
``translations/en/*.po``. Both are read once. Nothing here knows Flask or the request.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final

import structlog
from babel.messages.pofile import read_po

from busops.domain.errors import BusopsError
from busops.domain.findings import Finding
from busops.domain.values import SCHOOL_TIME

log = structlog.get_logger(__name__)

CHINESE: Final = "zh_Hans"
ENGLISH: Final = "en"
LOCALES: Final = (CHINESE, ENGLISH)
TRANSLATIONS: Final = Path(__file__).resolve().parent / "translations"
MISSING: Final = "–"
MINUS: Final = "−"

_FACT: Final = re.compile(r"\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LANGUAGE: Final = {CHINESE: "zh", ENGLISH: "en"}
_WEEKDAYS: Final = {
    CHINESE: ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    ENGLISH: ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LIST_MARK: Final = {CHINESE: "、", ENGLISH: ", "}
_YES_NO: Final = {CHINESE: ("是", "否"), ENGLISH: ("yes", "no")}

Words = Mapping[str, str]
Message = tuple[str, str]  # context, msgid


def locale_of(name: str | None) -> str:
    """The locale that a language tag means: English for every English, else Chinese."""
    return ENGLISH if (name or "").lower().startswith("en") else CHINESE


def words(code: str, facts: Mapping[str, Any] | None = None, locale: str = CHINESE) -> str:
    """The sentence of ``code``; missing facts show as –, an unknown code as itself (and is logged)."""
    entry = code_catalogue().get(code)
    if entry is None:
        log.warning("code_without_words", code=code)
        return code
    return fill(entry[_LANGUAGE[locale_of(locale)]], facts or {}, locale)


def has_words(code: str) -> bool:
    """True when ``code`` has words, so that a page may fall back on something else."""
    return code in code_catalogue()


def finding_words(finding: Finding, locale: str = CHINESE) -> str:
    """The sentence of a finding; its place is a fact like the others."""
    return words(finding.code, {"place": finding.place or None, **finding.facts}, locale)


def error_words(error: BusopsError, locale: str = CHINESE) -> str:
    """The sentence of an error, without the findings or reasons that it may carry."""
    return words(error.code, error.facts, locale)


def fill(template: str, facts: Mapping[str, Any], locale: str = CHINESE) -> str:
    """``template`` with every ``{fact}`` written in the reader's form."""
    locale = locale_of(locale)

    def written(match: re.Match[str]) -> str:
        name, one, many = match.groups()
        value = facts.get(name)
        if one is not None:
            return str(one if value == 1 else many)
        return format_fact(name, value, locale)

    return _FACT.sub(written, template)


def gettext(msgid: str, locale: str = CHINESE, **variables: Any) -> str:
    """The words of a page for the Chinese ``msgid``; ``%(name)s`` filled in when variables are given."""
    return _filled(_page_words("", msgid, locale), variables)


def pgettext(context: str, msgid: str, locale: str = CHINESE, **variables: Any) -> str:
    """Like gettext, for one Chinese text that has several meanings."""
    return _filled(_page_words(context, msgid, locale), variables)


def ngettext(singular: str, plural: str, num: int, locale: str = CHINESE, **variables: Any) -> str:
    """The words of a page for a number of things; ``%(num)s`` is that number."""
    variables = {"num": num, **variables}
    if locale_of(locale) == CHINESE:
        return _filled(singular if num == 1 else plural, variables)
    forms = page_catalogue().get(("", singular), (singular, plural))
    return _filled(forms[0] if num == 1 else forms[-1], variables)


def format_fact(name: str, value: Any, locale: str = CHINESE) -> str:
    """One fact in the reader's form; its name's unit (_fen, _on, _at, _bp) says how."""
    if value is None or value == "":
        return MISSING
    if isinstance(value, str) and not isinstance(value, Enum):
        value = _parsed(name, value)
    match value:
        case Enum() | Finding():
            shown = _own_words(value, locale)
        case bool():
            shown = _YES_NO[locale_of(locale)][0 if value else 1]
        case int() if name.endswith("_fen"):
            shown = format_fen(value)
        case int() if name.endswith("_bp"):
            shown = format_ratio_bp(value)
        case datetime():
            shown = format_moment(value, locale)
        case date():
            shown = format_date(value, locale)
        case list() | tuple() | set() | frozenset():
            kept = sorted(value, key=str) if isinstance(value, set | frozenset) else value
            shown = _LIST_MARK[locale_of(locale)].join(format_fact(name, one, locale) for one in kept)
        case _:
            shown = str(value)
    return shown or MISSING


def format_fen(amount_fen: int, *, signed: bool = False) -> str:
    """``12,345.60`` (yuan) from fen; a true minus, and a plus when ``signed`` and above zero."""
    yuan, fen = divmod(abs(amount_fen), 100)
    sign = MINUS if amount_fen < 0 else "+" if signed and amount_fen > 0 else ""
    return f"{sign}{yuan:,}.{fen:02d}"


def format_ratio_bp(ratio_bp: int, *, decimals: int = 2) -> str:
    """``10.35 %`` from basis points, floored to ``decimals`` (0 to 2): 9.99 never shows as 10."""
    if decimals not in (0, 1, 2):
        raise ValueError(decimals)
    step = 10 ** (2 - decimals)
    kept = ratio_bp // step
    whole, part = divmod(abs(kept), 10**decimals)
    sign = MINUS if kept < 0 else ""
    return f"{sign}{whole}.{part:0{decimals}d} %" if decimals else f"{sign}{whole} %"


def format_date(on: date, locale: str = CHINESE, *, year: bool = False) -> str:
    """``3月15日 周五`` or ``Fri 15 Mar``, with the year on demand."""
    locale = locale_of(locale)
    weekday = _WEEKDAYS[locale][on.weekday()]
    if locale == ENGLISH:
        return f"{weekday} {on.day} {_MONTHS[on.month - 1]}" + (f" {on.year}" if year else "")
    return (f"{on.year}年" if year else "") + f"{on.month}月{on.day}日 {weekday}"


def format_time(at: datetime) -> str:
    """``16:45``, the school's time."""
    return _school_time(at).strftime("%H:%M")


def format_moment(at: datetime, locale: str = CHINESE) -> str:
    """``3月15日 周五 16:45``: day and time at the school."""
    local = _school_time(at)
    return f"{format_date(local.date(), locale)} {local:%H:%M}"


@cache
def code_catalogue() -> Mapping[str, Words]:
    """Every code with its words in both languages; a nested table makes a dotted code."""
    catalogue: dict[str, Words] = {}
    for path in sorted((TRANSLATIONS / "codes").glob("*.toml")):
        for code, entry in _entries(tomllib.loads(path.read_text(encoding="utf-8"))):
            catalogue.setdefault(code, entry)
    return catalogue


@cache
def page_catalogue() -> Mapping[Message, tuple[str, ...]]:
    """The English of every page text, by context and Chinese text; one form, or singular and plural."""
    catalogue: dict[Message, tuple[str, ...]] = {}
    for path in sorted((TRANSLATIONS / "en").glob("*.po")):
        for key, forms in po_messages(path):
            catalogue.setdefault(key, forms)
    return catalogue


def po_messages(path: Path) -> Iterator[tuple[Message, tuple[str, ...]]]:
    """Each translated message of one .po file: its key and its forms."""
    with path.open("rb") as file:
        for message in read_po(file, locale="en", abort_invalid=True):
            msgid = message.id if isinstance(message.id, str) else message.id[0]
            forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
            if msgid and any(forms):
                yield (message.context or "", msgid), forms


def _entries(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Words]]:
    for name, value in table.items():
        if isinstance(value, dict) and set(value) == {"zh", "en"}:
            yield prefix + name, value
        elif isinstance(value, dict):
            yield from _entries(value, f"{prefix}{name}.")
        else:
            raise ValueError(f"translations/codes: {prefix}{name} needs zh and en")


def _page_words(context: str, msgid: str, locale: str) -> str:
    if locale_of(locale) == CHINESE or not msgid:
        return msgid
    forms = page_catalogue().get((context, msgid))
    if forms is None:
        log.warning("page_text_without_english", msgid=msgid)
        return msgid
    return forms[0]


def _filled(text: str, variables: Mapping[str, Any]) -> str:
    return text % variables if variables else text


def _own_words(value: Enum | Finding, locale: str) -> str:
    """A StrEnum's member has words under ``<class_name>.<value>``, e.g. not_riding_reason.leave."""
    if isinstance(value, Finding):
        return finding_words(value, locale)
    code = f"{_HUMP.sub('_', type(value).__name__).lower()}.{value.value}"
    return words(code, {}, locale) if has_words(code) else str(value.value)


def _parsed(name: str, text: str) -> Any:
    """Facts that went through JSON come back as text; their names still say what they are."""
    kind = datetime if name.endswith("_at") else date if name == "on" or name.endswith("_on") else None
    try:
        return kind.fromisoformat(text) if kind else text
    except ValueError:
        return text


def _school_time(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return at.astimezone(SCHOOL_TIME)
