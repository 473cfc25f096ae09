"""
How much work a step may still do: a deadline in seconds or a number of rounds, and the wish to stop.

With rounds instead of seconds the same seed gives the same plan on any machine.
"""

import time
from collections.abc import Callable
from typing import Final

_ASK_EVERY_S: Final = 0.05


class StopWish:
    """Asks ``should_stop`` at most twenty times a second, and remembers a yes."""

    def __init__(self, should_stop: Callable[[], bool] | None) -> None:
        self._ask = should_stop
        self._next_at = 0.0
        self._said_yes = False

    def __call__(self) -> bool:
        """True once the caller wishes to stop."""
        if self._ask is None or self._said_yes:
            return self._said_yes
        now = time.monotonic()
        if now >= self._next_at:
            self._next_at = now + _ASK_EVERY_S
            self._said_yes = bool(self._ask())
        return self._said_yes


class Effort:
    """The budget of one step: seconds from now, or rounds when ``rounds`` is given."""

    def __init__(self, seconds: float, wish: StopWish, rounds: int | None = None) -> None:
        self.seconds = max(seconds, 0.0)
        self.rounds = rounds
        self.wish = wish
        self._began = time.monotonic()
        self._asked = 0

    def spent(self) -> float:
        """The share of the budget that is used; 1 or more means stop. Each call counts as a round."""
        if self.wish():
            return 1.0
        if self.rounds is not None:
            self._asked += 1
            return self._asked / max(self.rounds, 1)
        return (time.monotonic() - self._began) / self.seconds if self.seconds else 1.0

    def part(self, share: float) -> "Effort":
        """A budget of its own: a share of the seconds that are left, or of the rounds."""
        rounds = None if self.rounds is None else max(1, int(share * self.rounds))
        return Effort(share * self.left_s(), self.wish, rounds)

    def all_but(self, seconds: float) -> "Effort":
        """The same budget, ending so many seconds sooner; counted rounds stay as they are."""
        return Effort(self.left_s() - seconds, self.wish) if self.rounds is None else self

    def is_over(self) -> bool:
        """True when nothing more should be begun; asking costs no round."""
        return self.wish() or self.left_s() <= 0

    def left_s(self) -> float:
        """Seconds that are left; a large number when rounds are counted."""
        if self.rounds is not None:
            return 3600.0
        return max(0.0, self.seconds - (time.monotonic() - self._began))

    def used(self) -> float:
        """The share of the seconds that has passed, for showing; 0 when rounds are counted."""
        if self.rounds is not None or not self.seconds:
            return 0.0
        return min(1.0, (time.monotonic() - self._began) / self.seconds)
