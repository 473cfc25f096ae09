"""Assignment: the best that fits together, exactly, and whatever order it comes in."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from busops.finance import assignment
from busops.finance.assignment import Option, assign

WIDE = st.builds(Option, st.frozensets(st.integers(0, 4), min_size=1, max_size=3), st.integers(1, 20))
SINGLE = st.builds(Option, st.integers(0, 4).map(lambda thing: frozenset({thing})), st.integers(1, 20))


def worth_of(claimants: list[list[Option]], chosen: tuple[int | None, ...]) -> int | None:
    """What a choice is worth in all; None where two take the same thing."""
    taken: set[object] = set()
    worth = 0
    for options, number in zip(claimants, chosen, strict=True):
        if number is None:
            continue
        if taken & options[number].takes:
            return None
        taken |= options[number].takes
        worth += options[number].worth
    return worth


def best_of(claimants: list[list[Option]]) -> int:
    """The highest worth, by trying everything."""
    choices = product(*((None, *range(len(options))) for options in claimants))
    return max(worth for choice in choices if (worth := worth_of(claimants, choice)) is not None)


@given(st.lists(st.lists(st.one_of(WIDE, SINGLE), max_size=3), max_size=5))
@settings(max_examples=200)
def test_no_choice_is_worth_more(claimants) -> None:
    """Options of one thing and of several: nothing is taken twice and no other choice is worth more."""
    assert worth_of(claimants, assign(claimants)) == best_of(claimants)


@given(st.lists(st.lists(SINGLE, max_size=4), max_size=5), st.randoms(use_true_random=False))
def test_one_to_one_is_exact_in_any_order(claimants, shuffler) -> None:
    """Pairs only: the optimum, and the same worth when the claimants come in another order."""
    found = worth_of(claimants, assign(claimants))
    assert found == best_of(claimants)
    shuffled = list(claimants)
    shuffler.shuffle(shuffled)
    assert worth_of(shuffled, assign(shuffled)) == found


def test_first_come_is_not_first_served() -> None:
    """The first could have either, the second one only: both are served."""
    either = [Option(frozenset("a"), 5), Option(frozenset("b"), 5)]
    assert assign([either, [Option(frozenset("a"), 5)]]) == (1, 0)
    assert assign([[Option(frozenset("a"), 5)], either]) == (0, 1)


def test_alike_claimants_are_served_in_their_order() -> None:
    """Three want the same two things alike: the first two get them, the first the first."""
    both = [Option(frozenset("a"), 9), Option(frozenset("b"), 8)]
    assert assign([both, both, both]) == (0, 1, None)


def test_beyond_the_limit_nothing_is_taken_twice(monkeypatch) -> None:
    """Where there are too many states the wide options go by worth and the rest is still exact."""
    monkeypatch.setattr(assignment, "MAX_STATES", 1)
    wide = [Option(frozenset("ab"), 7)]
    claimants = [[Option(frozenset("b"), 3), Option(frozenset("c"), 2)], wide, [Option(frozenset("c"), 4)]]
    assert assign(claimants) == (None, 0, 0)


def test_a_long_chain_of_claims_is_solved_exactly() -> None:
    """
    Four hundred claimants, each wanting its own thing for 3 or the next one's for 5, the last one's for 9.

    Everybody moves up: 399 · 5 + 9. Where the last must have 399, the one before goes without.
    """
    chain = [[Option(frozenset({at}), 3), Option(frozenset({at + 1}), 5)] for at in range(399)]
    chain.append([Option(frozenset({399}), 3), Option(frozenset({400}), 9)])
    assert worth_of(chain, assign(chain)) == 399 * 5 + 9
    greedy = [*chain[:-1], [Option(frozenset({399}), 9)]]
    assert worth_of(greedy, assign(greedy)) == 398 * 5 + 9
