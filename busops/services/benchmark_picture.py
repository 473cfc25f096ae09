"""
A benchmark as a picture: one band a case, one mark an engine with its seconds, farther right is dearer.

Plain SVG without anything from elsewhere. The words come from the caller, in the reader's language.
"""

from collections.abc import Callable, Mapping, Sequence
from math import ceil, floor, log10
from textwrap import wrap
from typing import Any, Final
from xml.sax.saxutils import escape

from busops.services.benchmark import OURS, Case, Result
from busops.services.benchmark_tables import Against, Median, reference_of

Said = Callable[[str, Mapping[str, Any]], str]  # a code and its facts → words

_WIDTH: Final = 900
_LEFT: Final = 150  # where the axis begins; names of the cases stand before it
_RIGHT: Final = 30
_LINE: Final = 17  # between two marks of a band
_PAD: Final = 9
_TOP: Final = 78
_LEGEND_LINE: Final = 20
_LEGEND_COLUMNS: Final = 5
_FOOT_LINE: Final = 14
_FOOT_SIGNS: Final = 140  # of the smallest type, that fit beside each other
_TICKS: Final = 6
_MARK: Final = 5.5
# Told apart with every kind of colour vision (Okabe and Ito); ours is the first.
_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#444444")
_SHAPES: Final = ("circle", "square", "diamond", "triangle")
_TITLES: Final = {
    Against.KNOWN: "bench.over_known",
    Against.BOUND: "bench.over_bound",
    Against.BEST: "bench.over_best",
}


def picture(
    rows: Sequence[Median], cases: Sequence[Case], results: Sequence[Result], said: Said, *, foot: str
) -> str:
    """The SVG of the medians, whiskers from the cheapest to the dearest run; ``foot`` names the machine."""
    references = {case.name: reference_of(case, results) for case in cases}
    looks = _looks(rows)
    shown = [case for case in cases if any(_over(row) for row in rows if row.case == case.name)]
    legend_lines = ceil(len(looks) / _LEGEND_COLUMNS)
    top = _TOP + legend_lines * _LEGEND_LINE
    bands, height = [], top
    for case in shown:
        own = [row for row in rows if row.case == case.name]
        bands.append((case, own, height))
        height += len(own) * _LINE + 2 * _PAD
    spans = [references[case.name].over_pct(cost) for case, own, _y in bands for cost in _costs(own)]
    scale = _Scale([span for span in spans if span is not None])
    kinds = {references[case.name].against for case in shown}
    title = said(_TITLES[kinds.pop()] if len(kinds) == 1 else "bench.over_mixed", {})
    feet = wrap(foot, _FOOT_SIGNS)
    parts = [_head(height + 48 + len(feet) * _FOOT_LINE, title, said), *_legend(looks, said)]
    for _case, own, at in bands[::2]:
        deep = len(own) * _LINE + 2 * _PAD
        parts.append(f'<rect x="0" y="{at}" width="{_WIDTH}" height="{deep}" fill="#f4f4f1"/>')
    parts += _axis(scale, top, height)
    for case, own, at in bands:
        deep = len(own) * _LINE + 2 * _PAD
        parts.append(_text(12, at + deep / 2 + 4, case.name, weight=600))
        for place, row in enumerate(own):
            y = at + _PAD + _LINE * place + _LINE / 2
            parts += _marks(row, y, scale, (looks[row.label], references[case.name].over_pct))
    for number, line in enumerate(feet):
        parts.append(_text(12, height + 50 + number * _FOOT_LINE, line, size=10, colour="#555555"))
    return "\n".join([*parts, "</svg>", ""])


class _Scale:
    """Per cent over the reference → x; the axis begins at 0 or where costs lie below it."""

    def __init__(self, spans: Sequence[float]) -> None:
        most, least = max([*spans, 0.1]), min([*spans, 0.0])
        self.step = _round_step((most - least) / _TICKS)
        self.least = floor(least / self.step) * self.step
        self.most = ceil(most / self.step) * self.step

    def x(self, pct: float) -> float:
        """The place of a percentage."""
        share = (pct - self.least) / (self.most - self.least)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def ticks(self) -> list[float]:
        """The percentages that are written under the axis."""
        count = round((self.most - self.least) / self.step)
        return [self.least + number * self.step for number in range(count + 1)]


def _round_step(raw: float) -> float:
    """The least of 1, 2, 5 times a power of ten that is not below ``raw``."""
    size: float = 10.0 ** floor(log10(raw))
    return next(step * size for step in (1, 2, 5, 10) if step * size >= raw * (1 - 1e-9))


def _looks(rows: Sequence[Median]) -> dict[str, tuple[str, str]]:
    """Colour by engine (ours first), shape by its seconds."""
    engines = list(dict.fromkeys([OURS, *(row.engine for row in rows)]))
    looks: dict[str, tuple[str, str]] = {}
    seconds: dict[str, list[str]] = {}
    for row in rows:
        if row.label not in looks:
            own = seconds.setdefault(row.engine, [])
            colour = _COLOURS[engines.index(row.engine) % len(_COLOURS)]
            looks[row.label] = (colour, _SHAPES[len(own) % len(_SHAPES)])
            own.append(row.label)
    return looks


def _over(row: Median) -> bool:
    return row.over_pct is not None


def _costs(rows: Sequence[Median]) -> list[float]:
    return [cost for row in rows for cost in (row.least_fen, row.cost_fen, row.most_fen) if cost is not None]


def _marks(
    row: Median,
    y: float,
    scale: _Scale,
    how: tuple[tuple[str, str], Callable[[float | None], float | None]],
) -> list[str]:
    (colour, shape), over = how
    middle, least, most = over(row.cost_fen), over(row.least_fen), over(row.most_fen)
    if middle is None or least is None or most is None:
        return [_text(_LEFT + 6, y + 4, f"{row.label}: –", colour=colour, size=11)]
    x = scale.x(middle)
    parts = []
    if least < most:
        parts.append(
            f'<line x1="{scale.x(least)}" x2="{scale.x(most)}" y1="{y}" y2="{y}" stroke="{colour}"'
            ' stroke-width="1.5"/>'
        )
    tip = f"<title>{escape(f'{row.case} {row.label}: {middle:.2f} %')}</title>"
    parts.append(f'<g fill="{colour}">{tip}{_shape(shape, x, y)}</g>')
    is_far = x > _WIDTH - _RIGHT - 60
    place, anchor = (min(scale.x(least), x) - 10, "end") if is_far else (max(scale.x(most), x) + 10, "start")
    parts.append(_text(place, y + 4, f"{middle:.2f}", size=11, anchor=anchor))
    return parts


def _shape(shape: str, x: float, y: float) -> str:
    r = _MARK
    match shape:
        case "square":
            half = r - 0.5
            return f'<rect x="{x - half:.1f}" y="{y - half:.1f}" width="{2 * half}" height="{2 * half}"/>'
        case "diamond":
            return f'<path d="M{x:.1f} {y - r - 1:.1f}l{r + 1} {r + 1}l{-r - 1} {r + 1}l{-r - 1} {-r - 1}z"/>'
        case "triangle":
            return f'<path d="M{x:.1f} {y - r:.1f}l{r} {2 * r}h{-2 * r}z"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}"/>'


def _head(height: float, title: str, said: Said) -> str:
    words = said("bench.picture_note", {})
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:g}" role="img"'
            " font-family=\"system-ui, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif\">",
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(words)}</desc>",
            f'<rect width="{_WIDTH}" height="{height:g}" fill="#ffffff"/>',
            _text(12, 28, title, size=17, weight=600),
            _text(12, 50, words, size=12, colour="#555555"),
        ]
    )


def _legend(looks: Mapping[str, tuple[str, str]], said: Said) -> list[str]:
    parts = []
    wide = (_WIDTH - 24) / _LEGEND_COLUMNS
    for number, (label, (colour, shape)) in enumerate(looks.items()):
        x = 20 + wide * (number % _LEGEND_COLUMNS)
        y = _TOP - 2 + _LEGEND_LINE * (number // _LEGEND_COLUMNS)
        parts.append(f'<g fill="{colour}">{_shape(shape, x, y)}</g>')
        engine, _, seconds = label.partition("@")
        name = said("bench.label_seconds", {"engine": engine, "seconds": seconds}) if seconds else engine
        parts.append(_text(x + 12, y + 4, name, size=12))
    return parts


def _axis(scale: _Scale, top: float, bottom: float) -> list[str]:
    parts = []
    for tick in scale.ticks():
        x = scale.x(tick)
        is_origin = abs(tick) < scale.step / 2
        stroke = "#333333" if is_origin else "#d8d8d4"
        parts.append(f'<line x1="{x}" x2="{x}" y1="{top}" y2="{bottom}" stroke="{stroke}"/>')
        number = 0.0 if is_origin else tick
        parts.append(_text(x, bottom + 20, f"{number:g} %", size=12, anchor="middle"))
    return parts


def _text(
    x: float,
    y: float,
    words: str,
    *,
    size: int = 13,
    weight: int = 400,
    colour: str = "#1f1f1f",
    anchor: str = "start",
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight="{weight}" fill="{colour}"'
        f' text-anchor="{anchor}">{escape(words)}</text>'
    )
