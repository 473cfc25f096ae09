"""
What a source of travel times promises, and how it says that it cannot keep it.

    TravelSource    the school's file, the estimate, and ``Roads`` over one of the services below
    RoadService     OSRM, Valhalla, AMap, Tencent: what one of them measured, nothing judged yet
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from busops.domain.errors import Refused
from busops.domain.findings import Finding
from busops.domain.road_source import TravelOrigin
from busops.domain.values import Position
from busops.planner.travel.matrix import Matrix, Places, TravelTimes

NO_ROAD: Final = -1
UNASKED: Final = -2


class TravelUnavailable(Refused):
    """A source cannot give the matrices now; its code is the cause, its reasons name the places."""


class NoRoadNear(Exception):
    """A service found no road near some of the positions it was given; by their numbers."""

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__(tuple(numbers))
        self.numbers = tuple(numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Travelled:
    """Lawful matrices, what they were made from, and what somebody should know about them."""

    times: TravelTimes
    origin: TravelOrigin
    notices: tuple[Finding, ...] = ()


class TravelSource(Protocol):
    """Whatever can say how far and how long it is between the places of a problem."""

    @property
    def origin(self) -> TravelOrigin:
        """The name that a plan made with this source carries."""
        ...

    def travel(self, places: Places) -> Travelled:
        """The matrices over ``places.ids``; raises TravelUnavailable (or InvalidInput for a faulty file)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """
    What a road service said, as it said it: int64 (n, n), row = from, column = to.

    A cell is metres or seconds, NO_ROAD, or UNASKED as long as the service has not been asked.
    ``to_road_m`` (n,): how far each position lies from the road it was taken to; −1 = not told.
    """

    distance_m: Matrix
    duration_s: Matrix
    to_road_m: npt.NDArray[np.int64]

    @classmethod
    def nothing(cls, count: int) -> "Measured":
        """Room for ``count`` positions, to be filled in: nothing is known but from a place to itself."""
        distance_m = np.full((count, count), UNASKED, dtype=np.int64)
        np.fill_diagonal(distance_m, 0)
        to_road_m = np.full(count, -1, dtype=np.int64)
        return cls(distance_m=distance_m, duration_s=distance_m.copy(), to_road_m=to_road_m)


class RoadService(Protocol):
    """One way to measure roads; what it says is kept under its identity and the positions."""

    @property
    def origin(self) -> TravelOrigin:
        """Which service this is."""
        ...

    def identity(self) -> Mapping[str, str]:
        """Everything but the positions that decides the answer; never a key."""
        ...

    def measure(self, positions: Sequence[Position], measured: Measured) -> None:
        """
        Metres and seconds between all positions, both ways, are in ``measured``; what is there stays.

        Raises TravelUnavailable with the cause, or NoRoadNear; what was answered before is in it.
        """
        ...
