"""
Roads measured by Valhalla inside this process, over tiles that ``busops roads build`` made: no server.

The package (``pyvalhalla``, extra ``roads``) has wheels for Python 3.12 and later only; where it is
missing, or no tiles are built, the source says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from typing import Any, Final

from busops.domain.road_source import TravelOrigin
from busops.domain.values import Position
from busops.planner.travel.roads.blocks import fill_block, open_blocks, stretches
from busops.planner.travel.roads.cache import rounded
from busops.planner.travel.roads.http_json import Stumbled
from busops.planner.travel.roads.tiles import BuiltTiles, read_built, valhalla_package
from busops.planner.travel.source import Measured, NoRoadNear, TravelUnavailable

COSTING: Final = "bus"
MOST_PLACES: Final = 100  # a side of a block: about a second of work between two looks at a wish to stop
_EARTH_RADIUS_M: Final = 6_371_008.8
_LOCATED_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Valhalla:
    """The tiles in ``folder``; ``should_stop`` is asked between blocks."""

    folder: Path
    most_places: int = MOST_PLACES
    should_stop: Callable[[], bool] = bool

    @property
    def origin(self) -> TravelOrigin:
        """``valhalla``."""
        return TravelOrigin.VALHALLA

    def identity(self) -> Mapping[str, str]:
        """The map the tiles were made from, the program that made them, and the vehicle."""
        built = read_built(self.folder)
        return {
            "service": self.origin.value,
            "map": built.map_sha256,
            "version": built.version,
            "costing": COSTING,
        }

    def measure(self, positions: Sequence[Position], measured: Measured) -> None:
        """Metres and seconds of a bus between all positions; NoRoadNear names all that are off the map."""
        actor = self._actor(read_built(self.folder))
        places = [dict(zip(("lat", "lon"), rounded(position), strict=True)) for position in positions]
        self._locate(actor, places, measured)
        for rows, columns in open_blocks(measured, self.most_places):
            self._stop_if_asked()
            question = {
                "sources": places[rows.start : rows.stop],
                "targets": places[columns.start : columns.stop],
                "costing": COSTING,
                "units": "kilometers",
                "verbose": False,
            }
            ways = _asked(actor.matrix, question)["sources_to_targets"]
            metres = [[None if km is None else km * 1000 for km in row] for row in ways["distances"]]
            try:
                fill_block(measured, rows, columns, metres, ways["durations"])
            except Stumbled as fault:  # in one process there is nothing to be gained by asking again
                raise TravelUnavailable("travel_roads_failed", said=fault.code) from None

    def _locate(self, actor: Any, places: Sequence[dict[str, float]], measured: Measured) -> None:
        lost = []
        for part in stretches(len(places), _LOCATED_AT_ONCE):
            self._stop_if_asked()
            question = {"locations": places[part.start : part.stop], "costing": COSTING, "verbose": False}
            for number, found in zip(part, _asked(actor.locate, question), strict=True):
                edges = found.get("edges") or []
                if edges:
                    measured.to_road_m[number] = min(_metres(places[number], edge) for edge in edges)
                else:
                    lost.append(number)
        if lost:
            raise NoRoadNear(lost)

    def _stop_if_asked(self) -> None:
        if self.should_stop():
            raise TravelUnavailable("travel_measuring_stopped", host=self.origin.value)

    def _actor(self, built: BuiltTiles) -> Any:
        package = valhalla_package()
        settings = package.get_config(tile_dir=str(built.tiles), tile_extract="")
        limits = settings["service_limits"]
        limits[COSTING]["max_matrix_location_pairs"] = self.most_places**2
        limits[COSTING]["max_locations"] = max(_LOCATED_AT_ONCE, 2 * self.most_places)
        return package.Actor(settings)


def _asked(act: Callable[[dict[str, Any]], Any], question: dict[str, Any]) -> Any:
    try:
        return act(question)
    except valhalla_package().ValhallaError as fault:
        raise TravelUnavailable("travel_roads_failed", said=str(fault)) from fault


def _metres(place: Mapping[str, float], edge: Mapping[str, Any]) -> int:
    """Metres from a place to the point of a road that it was taken to."""
    lat, lon = radians(place["lat"]), radians(place["lon"])
    road_lat, road_lon = radians(edge["correlated_lat"]), radians(edge["correlated_lon"])
    half = sin((road_lat - lat) / 2) ** 2 + cos(lat) * cos(road_lat) * sin((road_lon - lon) / 2) ** 2
    return round(2 * _EARTH_RADIUS_M * asin(sqrt(half)))
