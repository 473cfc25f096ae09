"""Every word that a page or a code may need is there, in both languages, saying the same facts."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from jinja2 import Environment

from busops import i18n

ROOT = Path(__file__).resolve().parent.parent
CODES = sorted((i18n.TRANSLATIONS / "codes").glob("*.toml"))
CATALOGUES = sorted((i18n.TRANSLATIONS / "en").glob("*.po"))
CHINESE = re.compile(r"[\u3400-\u9fff]")
FACT = re.compile(r"\{(\w+)")
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
# Chinese that stays Chinese in English text: names of things, languages and services.
KEPT_IN_ENGLISH = (
    "罗星辰",
    "初三",
    "班",
    "不乘",
    "乘",
    "中文",
    "简体中文",
    "川F",
    "川",
    "元",
    "校车",
    "学",
    "京",
    "周五",
)
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "_l": None,
    "lazy_gettext": None,
}


def stem(path: Path) -> str:
    """A file's name as a test id."""
    return path.stem


def used_messages() -> Iterator[tuple[str, str, str]]:
    """Every page text in templates and views: where, its context, its Chinese."""
    jinja = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for line, function, message in jinja.extract_translations(path.read_text(encoding="utf-8")):
            if message is None:  # the text is a variable, found where it is written
                continue
            parts = [message] if isinstance(message, str) else [part for part in message if part is not None]
            context = parts[0] if function.endswith("pgettext") else ""
            msgid = parts[1] if function.endswith("pgettext") else parts[0]
            yield f"{path.relative_to(ROOT)}:{line}", context, msgid
    for path in sorted((ROOT / "busops").rglob("*.py")):
        for line, message, _comments, context in extract_from_file("python", path, keywords=KEYWORDS):
            msgid = message if isinstance(message, str) else message[0]
            yield f"{path.relative_to(ROOT)}:{line}", context or "", msgid


@pytest.mark.parametrize("path", CODES, ids=stem)
def test_codes_have_both_languages_and_the_same_facts(path: Path) -> None:
    """zh and en are both there, name the same facts, and money says its unit."""
    for code, entry in i18n._entries(tomllib.loads(path.read_text(encoding="utf-8"))):
        assert entry["zh"].strip(), code
        assert entry["en"].strip(), code
        assert set(FACT.findall(entry["zh"])) == set(FACT.findall(entry["en"])), code
        if "_fen}" in entry["zh"]:
            assert "元" in entry["zh"], f"{code}: an amount without 元"
            assert re.search("yuan|¥|CNY", entry["en"]), f"{code}: an amount without yuan"


def test_no_code_is_worded_twice() -> None:
    """A code belongs to one file; the same code with other words would depend on file order."""
    homes = defaultdict(list)
    for path in CODES:
        for code, _ in i18n._entries(tomllib.loads(path.read_text(encoding="utf-8"))):
            homes[code].append(path.stem)
    assert not {code: names for code, names in homes.items() if len(names) > 1}


@pytest.mark.parametrize("path", CATALOGUES, ids=stem)
def test_placeholders_agree(path: Path) -> None:
    """An English text fills in only what its Chinese text does, and leaves nothing out."""
    for (_context, msgid), forms in i18n.po_messages(path):
        wanted = set(PLACEHOLDER.findall(msgid))
        given = {name for form in forms for name in PLACEHOLDER.findall(form)}
        assert given == wanted, msgid


def test_the_same_text_is_translated_the_same_everywhere() -> None:
    """One Chinese text has one English; a second meaning takes a context."""
    found: dict[tuple[str, str], dict[tuple[str, ...], str]] = defaultdict(dict)
    for path in CATALOGUES:
        for key, forms in i18n.po_messages(path):
            found[key][forms] = path.stem
    assert not {key: forms for key, forms in found.items() if len(forms) > 1}


def test_english_is_english() -> None:
    """No Chinese is left in English text, but for names that stay."""
    texts = [entry["en"] for entry in i18n.code_catalogue().values()]
    texts += [form for forms in i18n.page_catalogue().values() for form in forms]
    left = []
    for text in texts:
        bare = text
        for name in KEPT_IN_ENGLISH:
            bare = bare.replace(name, "")
        if CHINESE.search(bare):
            left.append(text)
    assert not left


def test_every_page_text_has_english() -> None:
    """Whatever a template or view says in Chinese has its English in some catalogue."""
    known = i18n.page_catalogue()
    missing = {
        f"{place}: {msgid}"
        for place, context, msgid in used_messages()
        if CHINESE.search(msgid) and (context, msgid) not in known
    }
    assert not missing, "\n" + "\n".join(sorted(missing))


def test_no_template_speaks_outside_gettext() -> None:
    """No bare Chinese in a template: every sentence goes through _() so that it can be English."""
    jinja = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)
    bare = []
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for line, kind, text in jinja.lex(path.read_text(encoding="utf-8")):
            if kind == "data" and CHINESE.search(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)):
                bare.append(f"{path.relative_to(ROOT)}:{line}: {text.strip()[:40]}")
    assert not bare, "\n" + "\n".join(bare)


def test_every_raised_code_has_words() -> None:
    """A code that an error or a finding is made with, as a literal, has words."""
    made = re.compile(
        r"(?:InvalidInput|Refused|Conflict|NotFound|BusopsError)\(\s*\"(\w[\w.]*)\"|Finding\(\s*code=\"([\w.]+)\""
    )
    used: dict[str, str] = {}
    for path in sorted((ROOT / "busops").rglob("*.py")):
        for match in made.finditer(path.read_text(encoding="utf-8")):
            used.setdefault(match.group(1) or match.group(2), path.relative_to(ROOT).as_posix())
    missing = {f"{place}: {code}" for code, place in used.items() if not i18n.has_words(code)}
    assert not missing, "\n" + "\n".join(sorted(missing))
