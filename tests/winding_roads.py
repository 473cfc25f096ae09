"""An invented road service: every way is twice as far as the estimate takes it to be."""

from dataclasses import dataclass, field, replace
from typing import Final

from busops.domain.road_source import TravelOrigin
from busops.planner.travel import Places
from busops.planner.travel.estimate import Estimate
from busops.planner.travel.source import Travelled, TravelUnavailable

DETOUR_MILLI: Final = 2600


@dataclass
class WindingRoads:
    """A travel source that counts how often it is asked, and may be away."""

    asked: list[Places] = field(default_factory=list)
    is_away: bool = False

    @property
    def origin(self) -> TravelOrigin:
        """The name that plans carry."""
        return TravelOrigin.OSRM

    def travel(self, places: Places) -> Travelled:
        """The winding ways; TravelUnavailable while the service is away."""
        self.asked.append(places)
        if self.is_away:
            raise TravelUnavailable("travel_service_unreachable", source=self.origin.value)
        return replace(Estimate(detour_milli=DETOUR_MILLI).travel(places), origin=self.origin)
