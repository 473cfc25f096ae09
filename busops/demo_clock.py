"""
The demo's own clock: a Friday afternoon that stands still, or runs one to sixty times as fast.

Its state is one small file in the instance folder, so that the web process, the worker and a
restart all live at the same moment of the same Friday, whatever day it is outside. It also holds
the switch "play the crews". Never used outside the demo.
"""

import json
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from busops.clock import SystemClock
from busops.config import Settings
from busops.domain.errors import InvalidInput
from busops.domain.values import Clock

RATES: Final = (0, 1, 5, 20, 60)
OPENS_AT: Final = datetime(2026, 11, 20, 8, 33, tzinfo=UTC)  # Friday 16:33 at the school


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """At ``real_at`` outside it was ``demo_at`` in the demo; since then time goes ``rate`` times as fast."""

    real_at: datetime
    demo_at: datetime
    rate: int = 1
    is_playing: bool = False

    def at(self, real: datetime) -> datetime:
        """The demo's moment when it is ``real`` outside; never before the anchor."""
        gone = max(real - self.real_at, timedelta())
        return self.demo_at + gone * self.rate


class DemoClock:
    """A clock whose speed can be set; threads and processes that share its file agree."""

    def __init__(self, base: Clock, path: Path, *, opens_at: datetime = OPENS_AT) -> None:
        self._base = base
        self._path = path
        self._opens_at = opens_at
        self._lock = threading.Lock()
        self._seen: tuple[int, int] = (-1, -1)
        self._anchor = Anchor(real_at=base.now(), demo_at=opens_at)

    def now(self) -> datetime:
        """The present moment of the demo, aware, UTC."""
        return self._current().at(self._base.now())

    @property
    def rate(self) -> int:
        """How many times as fast as outside the demo's time goes; 0 stands still."""
        return self._current().rate

    @property
    def is_playing(self) -> bool:
        """Whether simulated crews drive the runs that nobody has taken over."""
        return self._current().is_playing

    def set(self, *, rate: int | None = None, is_playing: bool | None = None) -> None:
        """From now on time goes ``rate`` times as fast; refuses a rate that is none of RATES."""
        anchor = self._moved()
        if rate is not None:
            if rate not in RATES:
                raise InvalidInput("demo_rate_unknown", found=rate, rates=list(RATES))
            anchor = replace(anchor, rate=rate)
        if is_playing is not None:
            anchor = replace(anchor, is_playing=is_playing)
        self._keep(anchor)

    def keep(self) -> None:
        """Writes the present moment down, so that a crash loses no more than the time since."""
        self._keep(self._moved())

    def resume(self) -> None:
        """After a restart: goes on at the moment that was kept last; the time between does not count."""
        anchor = _read(self._path) or Anchor(real_at=self._base.now(), demo_at=self._opens_at)
        self._keep(replace(anchor, real_at=self._base.now()))

    def _moved(self) -> Anchor:
        real = self._base.now()
        anchor = self._current()
        return replace(anchor, real_at=real, demo_at=anchor.at(real))

    def _current(self) -> Anchor:
        try:
            stat = self._path.stat()
        except OSError:
            return self._anchor
        with self._lock:
            if (stat.st_mtime_ns, stat.st_ino) != self._seen:
                self._anchor = _read(self._path) or self._anchor
                self._seen = (stat.st_mtime_ns, stat.st_ino)
            return self._anchor

    def _keep(self, anchor: Anchor) -> None:
        with self._lock:
            self._anchor = anchor
            self._seen = (-1, -1)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft = self._path.with_suffix(".draft")
            kept = {
                "real_at": anchor.real_at.isoformat(),
                "demo_at": anchor.demo_at.isoformat(),
                "rate": anchor.rate,
                "is_playing": anchor.is_playing,
            }
            draft.write_text(json.dumps(kept), encoding="utf-8")
            draft.replace(self._path)


def clock_of(settings: Settings) -> Clock:
    """The clock of an installation: the machine's, or the demo's own."""
    return DemoClock(SystemClock(), clock_path(settings)) if settings.demo else SystemClock()


def clock_path(settings: Settings) -> Path:
    """Where the demo keeps its clock."""
    return settings.instance_path / "demo_clock.json"


def _read(path: Path) -> Anchor | None:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Anchor(
            real_at=datetime.fromisoformat(kept["real_at"]).astimezone(UTC),
            demo_at=datetime.fromisoformat(kept["demo_at"]).astimezone(UTC),
            rate=int(kept["rate"]),
            is_playing=bool(kept["is_playing"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
