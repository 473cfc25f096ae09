"""
When a device recorded something: what its two clocks say, and how far that may be wrong.

No clock is believed alone. Which of two facts came first is ``timeline.py``'s to say.
"""

from dataclasses import dataclass
from typing import Final

CLOCK_BASE_MS: Final = 2_000  # a second for half a round trip, one for clocks that part unnoticed
CLOCK_UNKNOWN_MS: Final = 24 * 3_600_000  # a tablet that never heard the server's time
CLOCK_DRIFT: Final = 10_000  # 100 ppm: a crystal drifts 1 ms in 10 s
CLOCK_WILD_MS: Final = 60_000  # no event happens this long after the server has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocked:
    """
    Something recorded on a device, by its wall clock and the clock that runs on whatever somebody sets.

    ``off_ms`` is the server's time less the wall clock, as last learnt; ``received_ms`` None until received.
    """

    wall_ms: int
    boot: str
    mono_ms: int
    off_ms: int | None
    off_age_ms: int | None
    received_ms: int | None = None

    @property
    def at_ms(self) -> int:
        """The best guess of when it happened, in the server's time."""
        return self.wall_ms + (self.off_ms or 0)

    @property
    def uncertainty_ms(self) -> int:
        """How far the best guess may be wrong, either way."""
        if self.off_ms is None or self.is_clock_wild:
            return CLOCK_UNKNOWN_MS
        return CLOCK_BASE_MS + (self.off_age_ms or 0) // CLOCK_DRIFT

    @property
    def is_clock_wild(self) -> bool:
        """Whether it claims a time after the server already had it."""
        return self.received_ms is not None and self.at_ms > self.received_ms + CLOCK_WILD_MS

    @property
    def is_clock_stale(self) -> bool:
        """Whether it claims so early a time that it may be of any moment since."""
        return self.received_ms is not None and self.at_ms < self.received_ms - CLOCK_UNKNOWN_MS

    @property
    def lo_ms(self) -> int:
        """It happened no earlier than this."""
        at_ms = self.at_ms if self.received_ms is None else min(self.at_ms, self.received_ms)
        return at_ms - self.uncertainty_ms

    @property
    def hi_ms(self) -> int:
        """It happened no later than this; never later than it was received."""
        latest_ms = self.at_ms + self.uncertainty_ms
        until_ms = latest_ms if self.received_ms is None else self.received_ms
        return until_ms if self.is_clock_stale else min(latest_ms, until_ms)
