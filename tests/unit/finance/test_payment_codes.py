"""Payment codes: short, sound, everybody's own, and found where parents write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busops.finance.payment_codes import ALPHABET, codes_in, is_payment_code, new_code

SEEDS = st.text(min_size=1, max_size=12)


@given(SEEDS, st.integers(0, 5), st.sampled_from(ALPHABET))
def test_a_wrong_character_is_noticed(seed, at, other) -> None:
    """Any single character of a code changed: no code any more."""
    code = new_code(seed, ())
    wrong = code[:at] + other + code[at + 1 :]
    assert is_payment_code(code)
    assert is_payment_code(wrong) is (wrong == code)


@given(SEEDS, st.integers(0, 4))
def test_two_swapped_neighbours_are_noticed(seed, at) -> None:
    """Neighbours swapped: no code any more, unless they are the same."""
    code = new_code(seed, ())
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    assert is_payment_code(swapped) is (swapped == code)


def test_nobody_gets_a_code_that_is_taken() -> None:
    """The same seed again gives another code when the first is taken, and the same when it is not."""
    first = new_code("school:1", ())
    assert new_code("school:1", ()) == first
    assert new_code("school:1", {first}) != first


@pytest.mark.parametrize("form", ["{}", "校车费{}", "{}3月车费", "王芳 {} 车费", "ORDER-{}"])
def test_a_code_is_found_in_a_remark(form) -> None:
    """Alone, glued to words, or with the month behind it."""
    code = new_code("school:1", ())
    assert code in codes_in(form.format(code))


def test_what_looks_like_a_number_or_word_is_no_code() -> None:
    """Digits alone, words with I or O, and codes of another length."""
    assert [is_payment_code(text) for text in ("240308", "WEIXIN", "ABC", "")] == [False] * 4
