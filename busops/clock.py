"""
The machine's time and identities, and the demo's own clock: what gets injected everywhere.

The only module that asks the machine for the time. Nothing inside imports it: the edges
(command line, web, jobs) make a clock and hand it on.
"""

import os
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from busops.domain.values import Clock

COUNTER_MAX: Final = 0xFFF  # the twelve bits that UUIDv7 leaves beside the time


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftedClock:
    """Another clock moved by a fixed step: the demo lives on its own Friday."""

    base: Clock
    shift: timedelta

    def now(self) -> datetime:
        """The base clock's moment, moved."""
        return self.base.now() + self.shift


class UuidIds:
    """UUIDv7 ids that never run backwards in one process, whatever the wall clock does."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._last = (0, 0)  # milliseconds, counter within them

    def new(self) -> str:
        """A new id, greater than every id given before by this object."""
        with self._lock:
            moment_ms = int(self._clock.now().timestamp() * 1000)
            last_ms, counter = self._last
            if moment_ms > last_ms:
                self._last = (moment_ms, 0)
            elif counter < COUNTER_MAX:
                self._last = (last_ms, counter + 1)
            else:
                self._last = (last_ms + 1, 0)
            moment_ms, counter = self._last
        tail = int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1
        return str(UUID(int=moment_ms << 80 | 7 << 76 | counter << 64 | 2 << 62 | tail))
