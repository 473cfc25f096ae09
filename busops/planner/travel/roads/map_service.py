"""
What AMap and Tencent have in common: a key, coordinates in GCJ-02, and a quota a day.

Both refuse with HTTP 200 and a code of their own; the tables of codes are theirs.
"""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class MapService:
    """One map service's server, key and quota; ``server.secret`` is the key."""

    origin: TravelOrigin
    server: JsonServer
    quota: DailyQuota

    def ask(self, path: str, query: dict[str, str], units: int, read: Callable[[int, Any], Answer]) -> Answer:
        """The answer; every try spends its units first, so the quota is never passed."""
        with_key = {**query, "key": self.server.secret}
        return self.server.ask(path, with_key, read, before_try=lambda: self.quota.spend(units))

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
