"""Waivers: the words of a class list and what they take off a price."""

import pytest

from busops.domain.errors import InvalidInput
from busops.finance.waivers import parse_waiver, waived_fen


@pytest.mark.parametrize(
    ("text", "waived"),
    [
        ("", 0),
        ("无", 0),
        ("全免", 1501),
        ("FULL", 1501),
        ("减半", 751),
        ("减30%", 450),
        ("３０％", 450),
        ("7折", 450),
        ("8.5折", 225),
        ("减5元", 500),
        ("5.5元", 550),
        ("20元", 1501),
        ("100%", 1501),
    ],
)
def test_what_the_words_take_off_fifteen_yuan_and_a_fen(text: str, waived: int) -> None:
    """Half up, and never more than the price."""
    assert waived_fen(parse_waiver(text), 1501) == waived


@pytest.mark.parametrize("text", ["建档立卡", "5", "120%", "-5元", "一半吧"])
def test_what_is_not_understood_waives_nothing(text: str) -> None:
    """The person who reads the list decides, not the program."""
    with pytest.raises(InvalidInput) as refused:
        parse_waiver(text)
    assert (refused.value.code, refused.value.facts) == ("waiver_unknown", {"found": text})
