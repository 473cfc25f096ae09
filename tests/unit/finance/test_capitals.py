"""Amounts in Chinese capital numerals: the annex's examples, noughts, and that no two amounts share words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busops.domain.errors import InvalidInput
from busops.finance.capitals import DIGITS, capitals


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (140_950, "人民币壹仟肆佰零玖元伍角整"),
        (600_714, "人民币陆仟零柒元壹角肆分"),
        (168_032, "人民币壹仟陆佰捌拾元零叁角贰分"),
        (10_700_053, "人民币壹拾万柒仟元零伍角叁分"),
        (1_640_902, "人民币壹万陆仟肆佰零玖元零贰分"),
        (32_504, "人民币叁佰贰拾伍元零肆分"),
        (1_600, "人民币壹拾陆元整"),
        (5, "人民币伍分"),
        (-1_230, "负人民币壹拾贰元叁角整"),
        (50, "人民币伍角整"),
        (100_000_000_000, "人民币壹拾亿元整"),
        (1_000_500, "人民币壹万零伍元整"),
        (10_000_000_100, "人民币壹亿零壹元整"),
        (100_100_000, "人民币壹佰万壹仟元整"),
    ],
)
def test_the_words_are_those_of_the_rules(fen, words):
    """The examples of 支付结算办法 annex 1, and whole, small and round amounts."""
    assert capitals(fen) == words


@given(st.integers(1, 10_000_000_000))
def test_the_words_can_be_read_back(fen):
    """Read again the words give the amount; there is never a double nought or one before 元."""
    words = capitals(fen)
    assert read_back(words) == fen
    assert "零零" not in words
    assert "零元" not in words


def read_back(words: str) -> int:
    """The fen of capital numerals, by a reader of its own."""
    total = group = digit = 0
    for letter in words.removeprefix("人民币"):
        if letter in DIGITS:
            digit = DIGITS.index(letter)
        elif letter in "拾佰仟":
            group, digit = group + digit * {"拾": 10, "佰": 100, "仟": 1000}[letter], 0
        elif letter in "万亿元":
            group, digit = group + digit, 0
            total = (total + group * {"万": 10_000, "亿": 10**8, "元": 1}[letter]) * (
                100 if letter == "元" else 1
            )
            group = 0
        elif letter in "角分":
            total, digit = total + digit * {"角": 10, "分": 1}[letter], 0
    return total


def test_nothing_has_no_words():
    """A receipt of nothing, or beyond measure, is none."""
    for fen in (0, -100_000_000_001, 100_000_000_001):
        with pytest.raises(InvalidInput, match="amount_needed"):
            capitals(fen)
