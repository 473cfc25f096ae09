"""
Which language the reader reads, and the words of pages in it.

Simplified Chinese is the language of the sources and the default; English is a catalogue.
Words for codes (errors, findings, statuses) are made by ``busops.i18n``; this module only
chooses, remembers and hands on.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from babel.messages.pofile import read_po
from flask import Flask, has_request_context, request, session
from flask_babel import Babel
from werkzeug.wrappers import Response

CHINESE: Final = "zh"
ENGLISH: Final = "en"
TAGS: Final = {CHINESE: "zh-Hans", ENGLISH: "en"}
BABEL_NAMES: Final = {CHINESE: "zh_Hans_CN", ENGLISH: "en_GB"}
COOKIE: Final = "language"
COOKIE_S: Final = 365 * 24 * 3600
FOLDER: Final = Path(__file__).resolve().parent.parent / "translations"


def install(app: Flask) -> None:
    """Pages of ``app`` speak the reader's language."""
    Babel(
        app,
        default_locale=BABEL_NAMES[CHINESE],
        default_timezone="Asia/Shanghai",
        locale_selector=lambda: BABEL_NAMES[chosen()],
    )
    environment: Any = app.jinja_env
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)


def chosen() -> str:
    """The language of this request: ``zh`` or ``en``; Chinese where nothing was chosen."""
    if not has_request_context():
        return CHINESE
    named = session.get("language") or request.cookies.get(COOKIE)
    return named if named in TAGS else CHINESE


def gettext(message: str) -> str:
    """The message in the reader's language; itself when it has no translation."""
    return message if chosen() == CHINESE else english().get(message, message)


def ngettext(one: str, many: str, count: int) -> str:
    """The message for this many; Chinese does not tell them apart."""
    return gettext(one if count == 1 else many)


def say(message: str, **facts: Any) -> str:
    """The message in the reader's language with its facts filled in (``%(name)s``)."""
    words = gettext(message)
    return words % facts if facts else words


@cache
def english() -> Mapping[str, str]:
    """Every English message by its Chinese original."""
    found: dict[str, str] = {}
    for path in sorted((FOLDER / ENGLISH).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file):
                if message.id and message.string:
                    found[str(message.id)] = str(message.string)
    return found


@cache
def codes() -> Mapping[str, Mapping[str, str]]:
    """Every code's words in both languages."""
    found: dict[str, Mapping[str, str]] = {}
    for path in sorted((FOLDER / "codes").glob("*.toml")):
        found.update(_flat(tomllib.loads(path.read_text(encoding="utf-8"))))
    return found


def code_words(code: str, facts: Mapping[str, Any] | None = None) -> str:
    """The words of a code in the reader's language; the code itself when it has none."""
    words = codes().get(code, {}).get(chosen())
    return code if words is None else words.format_map(_Facts(facts or {}))


def remember(response: Response, language: str) -> None:
    """The browser keeps the language, also when nobody is signed in."""
    session["language"] = language
    response.set_cookie(COOKIE, language, max_age=COOKIE_S, samesite="Lax", httponly=True)


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Mapping[str, str]]:
    flat: dict[str, Mapping[str, str]] = {}
    for name, value in table.items():
        if not isinstance(value, Mapping):
            continue
        if isinstance(value.get(CHINESE), str):
            flat[prefix + name] = {language: str(value.get(language, "")) for language in TAGS}
        else:
            flat.update(_flat(value, f"{prefix}{name}."))
    return flat


class _Facts(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "–"
