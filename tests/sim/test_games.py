"""
Two hundred games from their seeds, in as many processes as the machine has processors.

A seed that breaks is told with the command that plays it again. What was reached is counted and
has floors: a simulator that never closes a run shows nothing about closing.
"""

import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from tests.sim.game import play
from tests.sim.game_layers import BOTH, GATE_ALONE, GUARDS_ALONE, Layers, in_play
from tests.sim.game_slips import SLIPS
from tests.sim.play import told
from tests.sim.stage import a_stage, with_layers

FIRST_SEED = int(os.environ.get("GAMES_FROM", "0"))
GAMES = int(os.environ.get("GAMES", "200"))
WHOLE = 200  # what the floors are for; fewer games must reach their share
ALONE = 16  # with one layer only: enough that each would be missed (the mutants ask for more)
FLOORS = {
    "closed": 100, "refused": 100, "reopened": 25, "lost device": 20, "closed without a lost device": 10,
    "revoked device": 12, "crash": 50, "answer lost": 40, "dropped": 60, "delayed": 60, "repeated": 40,
    "reordered": 40, "cut": 40, "413": 60, "clock set": 25, "enrolled anew": 4, "overdue 5": 8,
    "disputed": 6, "found after close": 5, "listed late": 4, "next run left early": 6, "paper": 15,
    "override": 150, "override refused": 10, "incident opened": 15, "incident disposed": 15, "admitted": 3,
    "moved": 40, "in two buses": 20, "closed after a move": 20, "substitute": 5, "other run closed": 10,
    "handed over": 25, "alarm handover_wait": 30, "alarm transfer_open": 3,
    "alarm check_overdue": 100, "alarm device_silent": 60, "alarm run_unclosed": 12, "alarm no_show": 2,
}  # fmt: skip


def played(seeds: list[int], layers: Layers) -> Counter[str]:
    """What was reached in these games, on a stage of their own."""
    seen: Counter[str] = Counter()
    with a_stage() as made, in_play(layers):
        stage = with_layers(made, layers)
        for seed in seeds:
            seen += play(seed, stage)
            seen["games"] += 1
    return seen


def in_processes(count: int, layers: Layers) -> Counter[str]:
    """The same in a process for each processor: new ones, since what they share would not be repeatable."""
    hands = max(1, len(os.sched_getaffinity(0)))
    seeds = range(FIRST_SEED, FIRST_SEED + count)
    with ProcessPoolExecutor(hands, mp_context=get_context("spawn")) as pool:
        parts = [pool.submit(played, list(seeds[hand::hands]), layers) for hand in range(hands)]
        return sum((part.result() for part in parts), Counter())


@pytest.mark.slow
def test_no_game_breaks_an_invariant(record_property: Any) -> None:
    """Every invariant holds after every step of 200 games, and they reached what they are to show."""
    seen = in_processes(GAMES, BOTH)
    print(f"\nseeds {FIRST_SEED} to {FIRST_SEED + GAMES - 1}: {told(seen)}")  # noqa: T201 - the report
    record_property("games", told(seen))
    assert seen["games"] == GAMES
    assert not {name: seen[name] for name, floor in FLOORS.items() if seen[name] < floor * GAMES // WHOLE}
    never = [slip for slip in SLIPS if not seen[f"slip {slip}"]]
    assert GAMES < WHOLE or not never, "these slips were never made"


@pytest.mark.slow
@pytest.mark.parametrize("layers", [GATE_ALONE, GUARDS_ALONE], ids=lambda layers: layers.name)
def test_each_layer_holds_alone(layers: Layers) -> None:
    """With the gate off the guards refuse, with the guards off the gate does; each opens when it must."""
    seen = in_processes(ALONE, layers)
    assert seen["closed"] > ALONE // 4
    assert seen["refused"] > ALONE // 4


def test_a_game_is_the_same_each_time() -> None:
    """One seed, one game: played twice it reaches the same, and its seed stands in what it raises."""
    with a_stage() as stage:
        assert play(FIRST_SEED, stage) == play(FIRST_SEED, stage)
