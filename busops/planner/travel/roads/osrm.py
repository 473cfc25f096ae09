"""
Roads measured by an OSRM server: its table service, over HTTP, in as many requests as its limit needs.

The service is that of OSRM 5 and later (``/table/v1``, project-osrm.org/docs: distances since
5.18). A server serves one network of roads, made with one profile: what the address calls the
profile is a name, so speeds that no bus has are told by ``measuring.py``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from busops.domain.road_source import TravelOrigin
from busops.domain.values import Position
from busops.planner.travel.roads.blocks import fill_block, open_blocks
from busops.planner.travel.roads.cache import rounded
from busops.planner.travel.roads.http_json import JsonServer
from busops.planner.travel.source import Measured, NoRoadNear, TravelUnavailable

MOST_PLACES: Final = 100  # what osrm-routed allows unless it is started with --max-table-size
MOST_IN_AN_ADDRESS: Final = 300  # an address of 8 kB is what proxies and servers commonly take
_OK: Final = 200
_NOT_FOUND: Final = 404
_WRONG_ADDRESS: Final = frozenset({"InvalidUrl", "InvalidService", "InvalidVersion", "InvalidProfile"})
_NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Osrm:
    """An OSRM server; ``most_places`` is how many coordinates one request of it may hold."""

    server: JsonServer
    profile: str = "driving"
    most_places: int = MOST_PLACES

    @property
    def origin(self) -> TravelOrigin:
        """``osrm``."""
        return TravelOrigin.OSRM

    def identity(self) -> Mapping[str, str]:
        """The server's address and the profile."""
        return {"service": self.origin.value, "address": self.server.address, "profile": self.profile}

    def measure(self, positions: Sequence[Position], measured: Measured) -> None:
        """Metres and seconds between all positions; a cell that the server leaves empty is no road."""
        count = len(positions)
        most = min(self.most_places, MOST_IN_AN_ADDRESS)
        # A block off the diagonal names its rows and its columns: twice as many places as its side.
        side = count if count <= most else max(1, most // 2)
        for rows, columns in open_blocks(measured, side):
            self._measure_block(positions, rows, columns, measured)

    def _measure_block(
        self, positions: Sequence[Position], rows: range, columns: range, measured: Measured
    ) -> None:
        named = list(rows) if rows == columns else [*rows, *columns]
        path = f"/table/v1/{quote(self.profile, safe='')}/" + ";".join(
            f"{lon:.6f},{lat:.6f}" for lat, lon in (rounded(positions[number]) for number in named)
        )
        query = {"annotations": "distance,duration"}
        if rows != columns:
            query["sources"] = ";".join(str(at) for at in range(len(rows)))
            query["destinations"] = ";".join(str(at) for at in range(len(rows), len(named)))

        def read(status: int, answer: Any) -> None:
            self._judge(status, answer, named)
            fill_block(measured, rows, columns, answer.get("distances"), answer.get("durations"))
            _note_snapping(measured, rows, answer.get("sources"))

        self.server.ask(path, query, read)

    def _judge(self, status: int, answer: Any, named: Sequence[int]) -> None:
        """Raises what a refusal of the server means; its own words are passed on."""
        if not isinstance(answer, dict):
            if status != _NOT_FOUND:
                raise self.server.no_answer(status)
            answer = {}
        code, said = str(answer.get("code", "")), self.server.said(answer.get("message", ""))
        if status == _OK and code == "Ok":
            if "distances" not in answer:
                raise TravelUnavailable("travel_server_too_old", host=self.server.host)
            return
        if code == "NoSegment":
            at = [int(text) for text in _NUMBER.findall(said) if int(text) < len(named)]
            if at:
                raise NoRoadNear([named[at[0]]])
        if code == "TooBig":
            raise TravelUnavailable(
                "travel_request_too_big", host=self.server.host, most=self.most_places, said=said
            )
        if status == _NOT_FOUND or code in _WRONG_ADDRESS:
            said = said or code or str(status)
            raise TravelUnavailable(
                "travel_profile_wrong", host=self.server.host, profile=self.profile, said=said
            )
        said = f"{code} {said}".strip()
        raise TravelUnavailable("travel_server_refuses", host=self.server.host, status=status, said=said)


def _note_snapping(measured: Measured, rows: range, sources: Any) -> None:
    """How far each place of the rows was moved to its road, where the server says so."""
    if not isinstance(sources, list) or len(sources) != len(rows):
        return
    for number, source in zip(rows, sources, strict=True):
        moved = source.get("distance") if isinstance(source, dict) else None
        if isinstance(moved, int | float) and not isinstance(moved, bool) and moved >= 0:
            measured.to_road_m[number] = round(moved)
