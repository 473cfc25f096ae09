"""
The games are tested: each small wrong change of the program must break one of its games.

First the same games are played on the program as it is, and nothing breaks: what breaks
afterwards, the change has broken.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.sim.game import play
from tests.sim.game_layers import in_play
from tests.sim.game_mutants import GUARDS, MUTANTS, Mutant, in_force
from tests.sim.stage import a_stage, with_layers

GAMES = 6  # of each mutant, until one breaks


def survivors(numbers: list[int]) -> list[str]:
    """The mutants among these that no game noticed, and the games that broke without one."""
    left: list[str] = []
    with a_stage() as made:
        for mutant in (MUTANTS[number] for number in numbers):
            with in_play(mutant.layers):
                sound = with_layers(made, mutant.layers)
                play(0, sound, mutant.story)
                changed = (mutant.before, mutant.after) if mutant.where == GUARDS else None
                stage = with_layers(made, mutant.layers, changed)
                with in_force(mutant):
                    if not any(is_broken(seed, stage, mutant) for seed in range(GAMES)):
                        left.append(mutant.name)
    return left


def is_broken(seed: int, stage: object, mutant: Mutant) -> bool:
    """Whether this game notices the mutant."""
    try:
        play(seed, stage, mutant.story)
    except AssertionError:
        return True
    return False


@pytest.mark.slow
def test_every_mutant_is_noticed_by_a_game() -> None:
    """Gate, fold, guards, sync and watch: more than twenty wrong changes, and none survives the games."""
    assert len(MUTANTS) >= 20
    hands = max(1, len(os.sched_getaffinity(0)))
    numbers = list(range(len(MUTANTS)))
    with ProcessPoolExecutor(hands, mp_context=get_context("spawn")) as pool:
        parts = [pool.submit(survivors, numbers[hand::hands]) for hand in range(hands)]
        left = [name for part in parts for name in part.result()]
    assert not left
