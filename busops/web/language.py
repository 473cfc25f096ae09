"""
Which language the reader reads: chosen, remembered, and handed to the words of pages.

Simplified Chinese is the language of the sources and the default. The words themselves are
``busops.i18n``'s; this module knows the request, which that one must not.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from flask import Flask, g, has_request_context, request, session
from flask_babel import Babel
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup
from werkzeug.wrappers import Response

from busops import i18n

CHINESE: Final = i18n.CHINESE
ENGLISH: Final = i18n.ENGLISH
TAGS: Final = {CHINESE: "zh-Hans", ENGLISH: "en"}
OWN_NAMES: Final = {CHINESE: "中文", ENGLISH: "English"}
BABEL_NAMES: Final = {CHINESE: "zh_Hans_CN", ENGLISH: "en_GB"}
COOKIE: Final = "language"
SPOKEN: Final = "spoken_language"
COOKIE_S: Final = 365 * 24 * 3600


def install(app: Flask) -> None:
    """Pages of ``app`` speak the reader's language."""
    Babel(
        app,
        default_locale=BABEL_NAMES[CHINESE],
        default_timezone="Asia/Shanghai",
        locale_selector=lambda: BABEL_NAMES[chosen()],
    )
    app.jinja_env.globals.update(
        _=_page_words, gettext=_page_words, ngettext=_counted_words, pgettext=_meant_words
    )


def chosen() -> str:
    """The language of this request; Chinese where nothing was chosen."""
    if not has_request_context():
        return CHINESE
    named = g.get(SPOKEN) or session.get("language") or request.cookies.get(COOKIE)
    return named if named in TAGS else CHINESE


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Pages made within are in this language, whoever asks: they are kept for everybody."""
    before = g.get(SPOKEN)
    setattr(g, SPOKEN, language)
    try:
        yield
    finally:
        setattr(g, SPOKEN, before)


def say(message: str, **facts: Any) -> str:
    """The words of a page in the reader's language, with their facts (``%(name)s``) filled in."""
    return i18n.gettext(message, chosen(), **facts)


def code_words(code: str, facts: Mapping[str, Any] | None = None) -> str:
    """The words of a code in the reader's language; the code itself when it has none."""
    return i18n.words(code, facts, chosen())


def remember(response: Response, language: str, *, over_tls: bool) -> None:
    """The browser keeps the language, also when nobody is signed in."""
    session["language"] = language
    response.set_cookie(COOKIE, language, max_age=COOKIE_S, samesite="Lax", httponly=True, secure=over_tls)


@pass_eval_context
def _page_words(context: EvalContext, message: str, **facts: Any) -> str:
    words = i18n.gettext(message, chosen())
    return _filled(context, words, facts)


@pass_eval_context
def _meant_words(context: EvalContext, meaning: str, message: str, **facts: Any) -> str:
    return _filled(context, i18n.pgettext(meaning, message, chosen()), facts)


@pass_eval_context
def _counted_words(context: EvalContext, one: str, many: str, num: int, **facts: Any) -> str:
    words = i18n.ngettext(one.replace("%", "%%"), many.replace("%", "%%"), num, chosen())
    return _filled(context, words, {"num": num, **facts})


def _filled(context: EvalContext, words: str, facts: Mapping[str, Any]) -> str:
    # The sources are ours and may hold markup; what is filled in is escaped.
    kept = Markup(words) if context.autoescape else words  # noqa: S704
    return kept % facts if facts else kept
