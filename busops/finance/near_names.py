"""
Names that are nearly a known name: one character wrong, one missing, one too many, or only the sound right.

For proposals only. No pinyin dictionary is asked; homophones come from the small table of
``script.py``, so that the sound of a rare character is not known.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from busops.finance.script import sound_alike

_LONG: Final = 3
_ANY: Final = "?"


def one_off(name: str, text: str) -> bool:
    """
    Whether a text holds a name with one character wrong, or of three or more one missing.

    The family name must be right, or sound right where all else is.
    """
    long = len(name)
    for at in range(len(text) - long + 1 if long > 1 else 0):
        piece = text[at : at + long]
        wrong = [(a, b) for a, b in zip(piece, name, strict=True) if a != b]
        if len(wrong) == 1 and (piece[0] == name[0] or sound_alike(*wrong[0])):
            return True
    return long >= _LONG and any(name[:at] + name[at + 1 :] in text for at in range(1, long))


def sounds_like(name: str, text: str) -> bool:
    """Whether a text holds a name in which every wrong character at least sounds right."""
    long = len(name)
    return long > 1 and any(
        all(map(sound_alike, text[at : at + long], name)) for at in range(len(text) - long + 1)
    )


class NearNames:
    """Finds the names near a piece of text without comparing it with each of them."""

    def __init__(self, names: Collection[str]) -> None:
        self._by_mask: dict[str, set[str]] = defaultdict(set)
        for name in names:
            if len(name) > 1:
                for mask in _masks(name):
                    self._by_mask[mask].add(name)
        self._lengths = sorted({len(name) for name in names if len(name) > 1})

    def near(self, pieces: Iterable[str]) -> frozenset[str]:
        """The known names that :func:`one_off` or an inserted character tells from a part of the pieces."""
        found: set[str] = set()
        for piece in pieces:
            for long in {length + more for length in self._lengths for more in (-1, 0, 1)}:
                for at in range(len(piece) - long + 1 if long > 1 else 0):
                    part = piece[at : at + long]
                    for mask in _masks(part):
                        found |= self._by_mask.get(mask, set())
        return frozenset(found)


def _masks(name: str) -> Iterable[str]:
    """A name with each character after the first unknown, and of longer ones each of these left out."""
    for at in range(1, len(name)):
        yield name[:at] + _ANY + name[at + 1 :]
        if len(name) >= _LONG:
            yield name[:at] + name[at + 1 :]
    yield name
