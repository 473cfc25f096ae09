"""
Roads measured by Tencent's distance matrix (腾讯位置服务 ``/ws/distance/v1/matrix``), by key.

One request holds up to 25 × 25 places; the service counts pairs of places, not requests, so n
places cost about n² units of the day's quota.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any, Final

from busops.domain.road_source import TravelOrigin
from busops.domain.values import Position
from busops.planner.travel.roads.blocks import fill_block, open_blocks
from busops.planner.travel.roads.http_json import Stumbled
from busops.planner.travel.roads.map_service import MapService, shifted
from busops.planner.travel.source import Measured

MOST_PAIRS: Final = 625
PER_DAY: Final = 10_000
_MODE: Final = "driving"
_KINDS: Final = {
    "busy": frozenset({"120", "500", "510", "520"}),
    "used_up": frozenset({"121", "122"}),
    "key": frozenset({"110", "111", "112", "113", "190", "199", "311"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tencent:
    """Tencent by key; ``most_pairs`` of places a request."""

    service: MapService
    most_pairs: int = MOST_PAIRS

    @property
    def origin(self) -> TravelOrigin:
        """``tencent``."""
        return TravelOrigin.TENCENT

    def identity(self) -> Mapping[str, str]:
        """The service's address and its mode."""
        return {"service": self.origin.value, "address": self.service.server.address, "mode": _MODE}

    def measure(self, positions: Sequence[Position], measured: Measured) -> None:
        """Metres and seconds between all positions; refused before the first request without enough quota."""
        side = max(1, isqrt(min(self.most_pairs, MOST_PAIRS)))
        blocks = list(open_blocks(measured, side))
        self.service.quota.require(sum(len(rows) * len(columns) for rows, columns in blocks))
        places = [f"{lat:.6f},{lon:.6f}" for lat, lon in shifted(positions)]
        for rows, columns in blocks:
            self._measure_block(places, rows, columns, measured)

    def _measure_block(self, places: Sequence[str], rows: range, columns: range, measured: Measured) -> None:
        query = {
            "mode": _MODE,
            "from": ";".join(places[number] for number in rows),
            "to": ";".join(places[number] for number in columns),
            "output": "json",
        }

        def read(status: int, answer: Any) -> None:
            ways = [[_way(cell) for cell in row] for row in self._rows(status, answer)]
            metres = [[way[0] for way in row] for row in ways]
            seconds = [[way[1] for way in row] for row in ways]
            fill_block(measured, rows, columns, metres, seconds)

        self.service.ask("/ws/distance/v1/matrix", query, len(rows) * len(columns), read)

    def _rows(self, status: int, answer: Any) -> list[list[Any]]:
        """The cells of the answer, row by row; raises what a refusal means."""
        if not isinstance(answer, dict):
            raise self.service.server.no_answer(status)
        if answer.get("status") != 0:
            raise self.service.refusal(str(answer.get("status", "")), answer.get("message", ""), _KINDS)
        try:
            return [list(row["elements"]) for row in answer["result"]["rows"]]
        except (KeyError, TypeError):
            raise Stumbled("travel_answer_unreadable", status=status) from None


def _way(cell: Any) -> tuple[Any, Any]:
    """Metres and seconds of one cell; None where there is no road: then the distance is a straight line."""
    if not isinstance(cell, dict):
        raise Stumbled("travel_answer_unreadable", status=200)
    if cell.get("status", 0) != 0:
        return None, None
    return cell.get("distance", ""), cell.get("duration", "")
