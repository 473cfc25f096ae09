"""
Roads measured by AMap's distance service (高德 ``/v3/distance``), by key.

One request holds up to 100 origins and one destination, so n places cost n × ⌈(n − 1) / 100⌉
requests. Its times follow the traffic of the moment (the service's own documentation says so).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from busops.domain.road_source import TravelOrigin
from busops.domain.values import Position
from busops.planner.travel.roads.blocks import fill_block, stretches
from busops.planner.travel.roads.http_json import Stumbled
from busops.planner.travel.roads.map_service import MapService, shifted
from busops.planner.travel.source import UNASKED, Measured

MOST_ORIGINS: Final = 100
PER_DAY: Final = 5000  # what a key of a person has; a school's has more
_BY_CAR: Final = "1"
_DONE: Final = "1"
_KINDS: Final = {
    "busy": frozenset({"10004", "10014", "10015", "10016", "10019", "10020", "10021", "10022", "10029"}),
    "used_up": frozenset({"10003", "10044", "10045", "40000"}),
    "key": frozenset({"10001", "10002", "10005", "10006", "10007", "10008", "10009", "10012", "10013"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amap:
    """AMap by key; ``most_origins`` a request."""

    service: MapService
    most_origins: int = MOST_ORIGINS

    @property
    def origin(self) -> TravelOrigin:
        """``amap``."""
        return TravelOrigin.AMAP

    def identity(self) -> Mapping[str, str]:
        """The service's address and its way of routing: by car, the fastest."""
        return {"service": self.origin.value, "address": self.service.server.address, "type": _BY_CAR}

    def measure(self, positions: Sequence[Position], measured: Measured) -> None:
        """Metres and seconds between all positions; refused before the first request without enough quota."""
        size = min(self.most_origins, MOST_ORIGINS)
        questions = []
        for target in range(len(positions)):
            origins = np.flatnonzero(measured.distance_m[:, target] == UNASKED).tolist()
            parts = stretches(len(origins), size)
            questions += [(target, origins[part.start : part.stop]) for part in parts]
        self.service.quota.require(len(questions))
        places = [f"{lon:.6f},{lat:.6f}" for lat, lon in shifted(positions)]
        for target, some in questions:
            self._measure_column(places, some, target, measured)

    def _measure_column(
        self, places: Sequence[str], origins: Sequence[int], target: int, measured: Measured
    ) -> None:
        query = {
            "origins": "|".join(places[number] for number in origins),
            "destination": places[target],
            "type": _BY_CAR,
            "output": "JSON",
        }

        def read(status: int, answer: Any) -> None:
            found = self._found(status, answer)
            ways = [_way(found.get(str(at))) for at in range(1, len(origins) + 1)]
            for number, way in zip(origins, ways, strict=True):
                row, column = range(number, number + 1), range(target, target + 1)
                fill_block(measured, row, column, [[way[0]]], [[way[1]]])

        self.service.ask("/v3/distance", query, 1, read)

    def _found(self, status: int, answer: Any) -> dict[str, Any]:
        """The results by the number of their origin; raises what a refusal means."""
        if not isinstance(answer, dict):
            raise self.service.server.no_answer(status)
        if str(answer.get("status")) != _DONE:
            raise self.service.refusal(str(answer.get("infocode", "")), answer.get("info", ""), _KINDS)
        results = answer.get("results")
        if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
            raise Stumbled("travel_answer_unreadable", status=status)
        return {str(one.get("origin_id")): one for one in results}


def _way(result: Any) -> tuple[int | None, int | None]:
    """Metres and seconds of one result, in digits as AMap writes them; None where it found no road."""
    if not isinstance(result, dict):
        raise Stumbled("travel_answer_unreadable", status=200)
    if result.get("code"):  # 1 no road between, 2 too far from every road, 3 not in China
        return None, None
    try:
        return int(result["distance"]), int(result["duration"])
    except (KeyError, TypeError, ValueError):
        raise Stumbled("travel_answer_unreadable", status=200) from None
