"""Money under any amount: what is written is read back, and no split loses or makes a fen."""

from hypothesis import given
from hypothesis import strategies as st

from busops.finance.money import format_yuan, parse_yuan_fen, split_fen

AMOUNTS = st.integers(min_value=-99_999_999_999, max_value=99_999_999_999)
WEIGHTS = st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=12).filter(any)


@given(AMOUNTS)
def test_an_amount_survives_paper(fen: int) -> None:
    """Written in yuan and read again it is the same."""
    assert parse_yuan_fen(format_yuan(fen)) == fen


@given(AMOUNTS, WEIGHTS)
def test_parts_add_up_and_are_fair(fen: int, weights: list[int]) -> None:
    """The parts are the whole, each within a fen of its exact share, none for nobody."""
    parts, whole = split_fen(fen, weights), sum(weights)
    assert sum(parts) == fen
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * whole - fen * weight) < whole or whole == 1
        assert weight or part in {0, 1, -1}
