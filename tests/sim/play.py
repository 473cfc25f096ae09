"""
Games from the command line: one by its seed, or one after another until stopped.

``python -m tests.sim.play --seed 7`` plays game 7 again, ``--games 20`` twenty from it on; ``--soak``
plays new games until it is interrupted or one breaks, and then says which.
"""

import argparse
import secrets
import sys
from collections import Counter
from itertools import count

from tests.sim.game import play
from tests.sim.game_layers import BOTH, GATE_ALONE, GUARDS_ALONE, in_play
from tests.sim.stage import a_stage, with_layers

LAYERS = {layers.name: layers for layers in (BOTH, GATE_ALONE, GUARDS_ALONE)}
TOLD_EVERY = 50


def main() -> None:
    """Plays what was asked for and prints what was reached."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--layers", choices=LAYERS, default="both")
    parser.add_argument("--games", type=int, default=1)
    parser.add_argument("--soak", action="store_true")
    asked = parser.parse_args()
    layers = LAYERS[asked.layers]
    first = asked.seed if asked.seed is not None else secrets.randbelow(2**31)
    seen: Counter[str] = Counter()
    with a_stage() as made, in_play(layers):
        stage = with_layers(made, layers)
        try:
            for played in count(1):
                seen += play(first + played - 1, stage)
                if not asked.soak and played >= asked.games:
                    break
                if played % TOLD_EVERY == 0:
                    sys.stdout.write(f"{played} games from seed {first}: {told(seen)}\n")
                    sys.stdout.flush()
        except KeyboardInterrupt:
            sys.stdout.write("stopped\n")
    sys.stdout.write(f"from seed {first}: {told(seen)}\n")


def told(seen: Counter[str]) -> str:
    """What was reached, in one line."""
    return ", ".join(f"{name} {number}" for name, number in sorted(seen.items()))


if __name__ == "__main__":
    main()
