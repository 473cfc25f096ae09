"""Money: what is an amount, what is not, and that nothing is lost when it is split."""

import pytest

from busops.domain.errors import InvalidInput
from busops.finance.money import format_yuan, parse_yuan_fen, share_fen, split_fen, tidy_yuan


@pytest.mark.parametrize(
    ("text", "fen"),
    [("0", 0), ("12", 1200), ("12.5", 1250), ("12.50", 1250), ("-0.01", -1), ("999999999.99", 99999999999)],
)
def test_an_amount_in_yuan_becomes_fen(text: str, fen: int) -> None:
    """Plain amounts with at most two decimals are read exactly."""
    assert parse_yuan_fen(text) == fen


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 12",
        "12 ",
        "+1",
        "01",
        "1.",
        ".5",
        "1.005",
        "1e3",
        "1_000",
        "1,000",
        "NaN",
        "１２",
        "12元",
        "12\n",
        "-",
        "--1",
        "1234567890",
        "0x10",
        "٣",
        "114.99999999999999",
    ],
)
def test_anything_else_is_not_money(text: str) -> None:
    """Every spelling that some parser somewhere takes for a number is refused with what was found."""
    with pytest.raises(InvalidInput) as refused:
        parse_yuan_fen(text)
    assert (refused.value.code, refused.value.facts["found"]) == ("not_money", text)


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("¥12.50", "12.50"),
        ("１２．５", "12.5"),
        (" 12 元", "12"),
        ("1,234.50", "1234.50"),
        ("−3", "-3"),
        ("12.5", "12.5"),
        ("12,5", "12,5"),
        ("1,23", "1,23"),
        ("￥ 8", "8"),
        ("-¥5", "-5"),
    ],
)
def test_what_sheets_write_around_a_number_comes_off(text: str, tidy: str) -> None:
    """Currency signs, full-width digits and thousands commas go; any other comma stays and fails."""
    assert tidy_yuan(text) == tidy


def test_an_amount_is_written_as_it_is_read() -> None:
    """Writing and reading an amount are inverse, with the sign kept below one yuan."""
    for fen in (0, 1, -1, 99, 100, -12345, 99999999999):
        assert parse_yuan_fen(format_yuan(fen)) == fen


def test_a_split_adds_up_and_the_largest_remainder_gets_the_fen() -> None:
    """100 fen by thirds = 34 + 33 + 33; by 1 : 2 : 4 = 14 + 29 + 57; a refund splits like a payment."""
    assert split_fen(100, (1, 1, 1)) == (34, 33, 33)
    assert split_fen(100, (1, 2, 4)) == (14, 29, 57)
    assert split_fen(-100, (1, 1, 1)) == (-34, -33, -33)
    assert split_fen(7, (0, 1)) == (0, 7)


@pytest.mark.parametrize("weights", [(), (0, 0), (1, -1, 2)])
def test_a_split_without_weights_is_refused(weights: tuple[int, ...]) -> None:
    """There is no share of nothing."""
    with pytest.raises(InvalidInput):
        split_fen(100, weights)


def test_a_share_is_rounded_half_up_away_from_nought() -> None:
    """Half of 5 fen is 3, of -5 fen is -3."""
    assert (share_fen(5, 1, 2), share_fen(-5, 1, 2), share_fen(100, 1, 3)) == (3, -3, 33)
