"""
What AMap and Tencent have in common: a key, coordinates in GCJ-02, a quota a day, requests a second.

Both refuse with HTTP 200 and a code of their own; the tables of codes are theirs.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from busops.domain.road_source import TravelOrigin
from busops.domain.values import Position, wgs84_to_gcj02
from busops.planner.travel.roads.http_json import JsonServer, Stumbled
from busops.planner.travel.roads.quota import DailyQuota
from busops.planner.travel.source import TravelUnavailable

Answer = TypeVar("Answer")
_DECIMALS: Final = 6


class Pace:
    """At most so many requests a second; 0 = as fast as they are answered."""

    def __init__(self, per_second: int, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._gap_s = 1 / per_second if per_second else 0.0
        self._next_at = -math.inf

    def wait(self, pause: Callable[[float], None]) -> None:
        """The next request may go now."""
        now = self._now()
        if now < self._next_at:
            pause(self._next_at - now)
        self._next_at = max(now, self._next_at) + self._gap_s


@dataclass(frozen=True, slots=True, kw_only=True)
class MapService:
    """One map service's server, key, quota and pace; ``server.secret`` is the key."""

    origin: TravelOrigin
    server: JsonServer
    quota: DailyQuota
    pace: Pace

    def ask(self, path: str, query: dict[str, str], units: int, read: Callable[[int, Any], Answer]) -> Answer:
        """The answer; every try waits its turn and spends its units first: the quota is never passed."""

        def before_try() -> None:
            self.pace.wait(self.server.pause)
            self.quota.spend(units)

        return self.server.ask(path, {**query, "key": self.server.secret}, read, before_try=before_try)

    def refusal(self, code: str, said: object, kinds: dict[str, frozenset[str]]) -> Exception:
        """What the service's ``code`` means: busy (again), used up, a key it does not take, or else."""
        facts: dict[str, Any] = {
            "service": self.origin.value,
            "answered": code,
            "said": self.server.said(said),
        }
        if code in kinds["busy"]:
            return Stumbled("travel_service_busy", pause_s=1.0, **facts)
        if code in kinds["used_up"]:
            self.quota.exhaust()
            return TravelUnavailable("travel_quota_used_up", **facts)
        if code in kinds["key"]:
            return TravelUnavailable("travel_key_refused", **facts)
        return TravelUnavailable("travel_service_refuses", **facts)


def shifted(positions: Sequence[Position]) -> list[tuple[float, float]]:
    """The (lat, lon) that a Chinese map service means, to six decimals."""
    return [(round(lat, _DECIMALS), round(lon, _DECIMALS)) for lat, lon in map(wgs84_to_gcj02, positions)]
