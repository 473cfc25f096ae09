"""The tests of signatures and of the class roll-call are tested: each weaker rule must be noticed by them."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.sim.game_layers import BOTH
from tests.sim.game_mutants import Mutant, in_force
from tests.unit.domain import test_rollcall as calls
from tests.unit.services import test_device_keys as keys

KEYS, CALLS = "busops.services.device_keys", "busops.domain.rollcall"
WRONG = {what: partial(keys.test_a_wrong_signature_vouches_for_nothing, what) for what in keys.WRONG}
MUTANTS: dict[str, tuple[str, str, str, Callable[[], None]]] = {
    "any signature": (KEYS, "key.verify(", "(lambda *_: None)(", WRONG["another key's"]),
    "whatever was signed": (
        KEYS, "not _is_signed(public_key", "not (public_key", WRONG["changed after signing"],
    ),
    "any device": (KEYS, "numbers[:2] == (VERSION, dev)", "numbers[0] == VERSION", WRONG["another device's"]),
    "any version": (KEYS, "numbers[:2] == (VERSION, dev)", "numbers[1] == dev", WRONG["another version"]),
    "any head": (KEYS, 'if fits and statement["head"] == told[-1]', "if fits", WRONG["another head"]),
    "any numbers": (KEYS, "<= numbers[3] - len(told) + 1", "", WRONG["numbers that do not fit"]),
    "a field more": (KEYS, "set(statement) != STATEMENT or", "", WRONG["a field more"]),
    "any event": (
        KEYS, "(digest or digest_of(raw)) == self.hashes[place]", "bool(digest or digest_of(raw))",
        keys.test_an_event_that_was_spoilt_costs_none_of_its_neighbours,
    ),
    "unsigned": (
        KEYS, 'return Vouched(why="signature_missing")', "return Vouched(is_asked=False)",
        keys.test_a_missing_signature_is_called_missing,
    ),
    "nobody is overdue": (
        CALLS, "if now >= due_at:", "if False:",
        calls.test_ec15_nobody_answers_and_after_thirty_minutes_every_child_rings,
    ),
    "nobody is missing": (
        CALLS, "if child.mark is not None and not child.is_found:", "if False:",
        calls.test_ec15_a_missing_child_rings_at_once_and_the_others_do_not,
    ),
    "the first answer counts": (
        CALLS, "key=lambda each: (each.at, each.mark_id)", "key=lambda each: each.rider_id",
        calls.test_the_last_answer_counts_whatever_order_they_come_in,
    ),
    "a hot day is a day": (
        CALLS, "HOT_DAY if is_hot_day else 1", "1", calls.test_a_hot_day_halves_the_time,
    ),
    "a wild clock delays": (
        CALLS, "return min(datetime.fromtimestamp(min(starts) / 1000, UTC), now)",
        "return datetime.fromtimestamp(min(starts) / 1000, UTC)",
        calls.test_the_clock_starts_with_the_first_child_off_or_the_arrival_and_never_in_the_future,
    ),
    "only who came": (
        CALLS, "is_asked=came or not (is_elsewhere or is_excused)", "is_asked=came",
        calls.test_children_with_a_good_reason_are_not_asked_for_and_those_without_word_are,
    ),
    "excused or not": (
        CALLS, "(is_elsewhere or is_excused)", "is_elsewhere",
        calls.test_children_with_a_good_reason_are_not_asked_for_and_those_without_word_are,
    ),
    "an answer of before": (
        CALLS, "or occasion != _about(child, child.mark)", "",
        calls.test_the_last_answer_counts_whatever_order_they_come_in,
    ),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_weaker_rule_is_noticed(mutant: tuple[str, str, str, Callable[[], None]]) -> None:
    """The test passes on the rule as it is, and fails on the weaker one."""
    where, before, after, notices = mutant
    notices()
    mutated = Mutant(where=where, before=before, after=after, layers=BOTH, story="")
    with in_force(mutated), pytest.raises(AssertionError):
        notices()
