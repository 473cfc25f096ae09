"""
What a remark says: the names and classes in it, for how many people it is, and what is left over.

Reading only. Whose money a line is decides ``identity.py``; what is left over matters there,
because words that nobody understands may be a name that nobody knows.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from busops.finance.names import FILLERS, drop_noise, people_told, plain, read_classes, tells_siblings

MIN_NAME: Final = 2
_LONG_NAME: Final = 3
_BREAKS: Final = re.compile(r"[^\w·]+|[0-9_]+")
_DIGIT: Final = re.compile("[0-9]")
_HAN: Final = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """
    A text as it was understood.

    ``names`` are the known names in the order they stand; ``loose`` those of them that may be the
    beginning of a longer name; ``pieces`` the text between breaks, without noise; ``rest`` the Chinese
    characters that are neither name nor filler.
    """

    words: str
    names: tuple[str, ...]
    loose: frozenset[str]
    pieces: tuple[str, ...]
    rest: str
    classes: frozenset[str]
    maybe_classes: frozenset[str]
    people: int | None
    tells_siblings: bool

    @property
    def is_clean(self) -> bool:
        """True when nothing is left over that could be somebody else's name."""
        return not self.rest and not self.loose


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    end: int
    name: str


class NameList:
    """The names that may be found in texts, by length."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(name for name in names if len(name) >= MIN_NAME)
        # Names that hold a number or a word that else is noise are looked for before anything is dropped.
        self._odd = frozenset(name for name in self._names if drop_noise(name) != name or _DIGIT.search(name))
        self._odd_lengths = tuple(sorted({len(name) for name in self._odd}, reverse=True))
        self._first = frozenset(name[0] for name in self._names)
        self._lengths = tuple(sorted({len(name) for name in self._names}))

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def odd_in(self, words: str) -> tuple[list[str], str]:
        """The odd names in a text, and the text with a bar for each."""
        found: list[str] = []
        at = 0
        while self._odd and at < len(words):
            name = next(
                (words[at : at + n] for n in self._odd_lengths if words[at : at + n] in self._odd), ""
            )
            if name and not (name[-1].isdecimal() and words[at + len(name) : at + len(name) + 1].isdecimal()):
                found.append(name)
                words = f"{words[:at]}|{words[at + len(name) :]}"
            at += 1
        return found, words

    def hits_in(self, piece: str) -> list[_Hit]:
        """Every name that stands in a piece of text; a name inside a longer one is none."""
        names, long = self._names, len(piece)
        hits = [
            _Hit(start, start + length, piece[start : start + length])
            for start in range(long - 1)
            if piece[start] in self._first
            for length in self._lengths
            if start + length <= long and piece[start : start + length] in names
        ]
        return (
            hits
            if len(hits) == 1
            else [hit for hit in hits if not any(_is_inside(hit, other) for other in hits)]
        )


def read_remark(text: str, names: NameList, year: int | None = None) -> Remark:
    """The text as it is understood; names are those of the list."""
    words = plain(text)
    classes, maybe_classes, masked = read_classes(words, year)
    odd, masked = names.odd_in(masked)
    quiet = drop_noise(masked)
    found, loose, left = _names_in(quiet, names)
    if not found and quiet != masked:
        found, loose, unread = _names_in(masked, names)
        left = unread if found else left
    return Remark(
        words=words,
        names=tuple(dict.fromkeys((*odd, *found))),
        loose=frozenset(loose),
        pieces=tuple(piece for piece in _BREAKS.split(quiet) if len(piece) >= MIN_NAME),
        rest="".join(_unsaid(piece) for piece in left),
        classes=classes,
        maybe_classes=maybe_classes,
        people=people_told(masked),
        tells_siblings=tells_siblings(words),
    )


def _names_in(masked: str, names: NameList) -> tuple[list[str], list[str], list[str]]:
    """The names in a text without classes, those that may go on, and what is left of it."""
    found: list[str] = []
    loose: list[str] = []
    left: list[str] = []
    for piece in _BREAKS.split(masked):
        hits = names.hits_in(piece)
        found += [hit.name for hit in hits]
        loose += [hit.name for hit in hits if _may_go_on(hit, piece, hits)]
        left += _between(piece, hits)
    return found, loose, left


def _between(piece: str, hits: Iterable[_Hit]) -> list[str]:
    at, left = 0, []
    for hit in hits:
        if hit.start > at:
            left.append(piece[at : hit.start])
        at = max(at, hit.end)
    return [part for part in (*left, piece[at:]) if part]


def _may_go_on(hit: _Hit, piece: str, hits: Iterable[_Hit]) -> bool:
    """Whether a name is overlapped by another, or is short and followed by what belongs to nothing."""
    if any(other != hit and other.start < hit.end and hit.start < other.end for other in hits):
        return True
    following = piece[hit.end : hit.end + 1]
    if len(hit.name) >= _LONG_NAME or not following or following in FILLERS:
        return False
    return not any(other.start == hit.end for other in hits)


def _is_inside(hit: _Hit, other: _Hit) -> bool:
    return other != hit and other.start <= hit.start and hit.end <= other.end


def _unsaid(piece: str) -> str:
    """The Chinese characters of a piece that are not mere fillers."""
    return "".join(character for character in _HAN.findall(piece) if character not in FILLERS)
