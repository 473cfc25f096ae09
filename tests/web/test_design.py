"""The design page and what it stands on: tokens, contrast, icons, words, no inline anything."""

import re
from pathlib import Path

import pytest

from busops.domain.people import Role
from busops.i18n import CHINESE, page_catalogue
from busops.web import charts
from tests.web.conftest import SignIn

ROOT = Path(__file__).parents[2]
OFFICE = ROOT / "busops/web/static/office"
TEMPLATES = ROOT / "templates"
HEX = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{3,6})\b")
INLINE = re.compile(r"\sstyle=|\son[a-z]+=|<style|javascript:", re.IGNORECASE)
SCRIPT = re.compile(r"""<script(?![^>]*\b(?:src=|type="application/json"))[^>]*>""")
MEANINGS = ("act", "here", "ok", "warn", "bad", "off", "idle")


def tokens() -> tuple[dict[str, str], dict[str, str]]:
    """The colours of the light and of the dark theme."""
    css = (OFFICE / "tokens.css").read_text(encoding="utf-8")
    light = dict(HEX.findall(css.split("@media")[0]))
    return light, {**light, **dict(HEX.findall(css.split(':root[data-theme="dark"] {')[1].split("}")[0]))}


def ratio(one: str, other: str) -> float:
    """The contrast of two colours by WCAG."""

    def light(colour: str) -> float:
        digits = colour.lstrip("#")
        digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
        parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    bright, dim = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
def test_every_pair_of_colours_can_be_read(theme: int) -> None:
    """Text has a contrast of 4.5 on every ground it stands on, edges and marks 3."""
    colours = tokens()[theme]
    text = [(f"{name}-on", name) for name in MEANINGS] + [
        (f"{name}-ink", f"{name}-soft") for name in MEANINGS
    ]
    text += [
        (ink, ground) for ink in ("ink", "ink-2", "ink-3", "act") for ground in ("paper", "surface", "sunken")
    ]
    edges = [(name, "surface") for name in (*MEANINGS[:1], *MEANINGS[2:], "line-strong")]
    edges += [(f"c-{number}", "surface") for number in range(1, 9)]
    for pairs, least in ((text, 4.5), (edges, 3.0)):
        for front, ground in pairs:
            assert ratio(colours[front], colours[ground]) >= least, (front, ground)


def test_both_dark_blocks_are_equal() -> None:
    """The dark theme is written twice for old browsers and must not drift apart."""
    css = (OFFICE / "tokens.css").read_text(encoding="utf-8")
    by_system = css.split(':root:not([data-theme="light"]) {')[1].split("}")[0]
    by_choice = css.split(':root[data-theme="dark"] {')[1].split("}")[0]
    assert by_system.split() == by_choice.split()


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=str)
def test_templates_hold_nothing_inline(path: Path) -> None:
    """A strict policy needs pages without style attributes, handlers and inline scripts."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not INLINE.search(text)
    assert not SCRIPT.search(text)
    assert text.count("\n") <= 200


def test_every_icon_that_is_used_exists() -> None:
    """No page shows a hole where a sign should be."""
    known = set(re.findall(r'id="i-([\w-]+)"', (OFFICE / "icons.svg").read_text(encoding="utf-8")))
    for path in TEMPLATES.rglob("*.html"):
        used = set(re.findall(r"""\bicon\('([\w-]+)'""", path.read_text(encoding="utf-8")))
        assert used <= known, (path, used - known)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_design_page_shows_every_part(sign_in: SignIn, language: str) -> None:
    """All parts render in both languages, with the words of that language."""
    text = sign_in(Role.SUPERVISOR, language).get("/design").text
    classes = ("btn--do", "badge--bad", "stat", "note--off", "track", "line", "tl", "alarm", "table", "field")
    classes += (
        "empty",
        "dialog",
        "rider",
        "counts",
        "why",
        "progress",
        "chart",
        "toast",
        "drv__ladder",
        "legend",
    )
    for name in classes:
        assert re.search(rf'class="[^"]*\b{name}\b', text), name
    assert ("批准方案" in text) is (language == "zh")
    assert ("Approve plan" in text) is (language == "en")


def test_words_with_a_per_cent_sign_survive(sign_in: SignIn) -> None:
    """10 % in a sentence is neither eaten nor taken as a place for a fact."""
    assert "低于 10 % 的目标" in sign_in(Role.ADMIN).get("/design").text


def test_no_english_is_missing_for_our_pages() -> None:
    """Every Chinese text in the frame's templates has its English."""
    texts = set()
    for folder in ("layout", "parts", "auth", "home", "manage", "design", "errors", "search"):
        for path in (TEMPLATES / folder).glob("*.html"):
            texts |= set(re.findall(r"\b_\('((?:[^'\\]|\\.)*)'", path.read_text(encoding="utf-8")))
    assert len(texts) > 150
    catalogue = page_catalogue()
    assert not {text for text in texts if ("", text) not in catalogue}, CHINESE


def test_a_status_bar_fills_the_width_and_says_small_parts_outside() -> None:
    """The parts add up to the whole; a word that does not fit is left to the legend."""
    parts = charts.status_bar([("相符", 934, "f-ok"), ("少缴", 0, "f-warn"), ("未缴", 27, "f-bad")])
    assert [part.word for part in parts] == ["相符", "未缴"]
    assert sum(part.width for part in parts) == pytest.approx(100, abs=0.02)
    assert [part.fits for part in parts] == [True, False]


def test_charts_of_nothing_do_not_fail() -> None:
    """An empty school has empty charts, not a division by zero."""
    assert charts.status_bar([]) == ()
    assert charts.bars([]).bars == ()
    assert charts.hist([]).columns == ()
    assert charts.share(0, 0) == 0
    assert charts.gap([], [], until_s=0, y_ticks=(), x_words=()).band == ""


def test_the_ladder_stops_at_its_last_rung() -> None:
    """The bus never drives off the picture; rungs are reached exactly on their minute."""
    assert charts.ladder(99_999).bus_x == charts.ladder(900).bus_x == charts.ladder(900).rungs[-1].x
    assert [rung.is_reached for rung in charts.ladder(180).rungs] == [True, True, False, False, False]
