"""
What a run was meant to be: its stops, manifest, vehicle, crew and the tags to be read.

The plan of a run is frozen at its release; later manifests and crews are new versions of
it. What really happened is ``run.py``'s to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from busops.domain.evidence import Evidence
from busops.domain.fleet import CrewRole
from busops.domain.network import StopPlace
from busops.domain.values import CAMPUS, CrewId, Direction, Plate, RiderId, RunId, StopId


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStop:
    """A stop of the run with its planned times."""

    stop_id: StopId
    arrives_at: datetime
    leaves_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRider:
    """
    A rider of the manifest: where he is to get on or off, and which other stops are his too.

    ``from_run_id`` is the run whose bus he comes over from, and gets on at no stop.
    """

    rider_id: RiderId
    stop_id: StopId
    other_stops: tuple[StopId, ...] = ()
    from_run_id: RunId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """A released run: who, where, when, in what and with whom."""

    run_id: RunId
    direction: Direction
    on: date
    stops: tuple[PlannedStop, ...]
    manifest: tuple[ManifestRider, ...]
    roster_v: int
    designated: frozenset[StopId]
    plate: Plate
    rows: int
    approved_students: int
    approved_total: int
    driver_id: CrewId
    attendant_ids: tuple[CrewId, ...]
    tags: Mapping[str, str]  # place → code
    asked_rows: Mapping[CrewRole, tuple[int, ...]]
    evidence: Evidence = Evidence.E1
    devices: frozenset[int] = frozenset()
    former_crew: frozenset[CrewId] = frozenset()
    places: Mapping[StopId, StopPlace] = field(default_factory=dict)  # where its stops were at the release
    departs_at: datetime
    arrives_at: datetime
    # Asked for every mark of every fold: worked out once.
    _riders: Mapping[RiderId, ManifestRider] = field(init=False, repr=False, compare=False)
    _stop_ids: tuple[StopId, ...] = field(init=False, repr=False, compare=False)
    _lawful: frozenset[StopId] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        riders = {rider.rider_id: rider for rider in self.manifest}
        object.__setattr__(self, "_riders", riders)
        object.__setattr__(self, "_stop_ids", tuple(stop.stop_id for stop in self.stops))
        object.__setattr__(self, "_lawful", self.designated | {CAMPUS})

    @property
    def terminal(self) -> StopId:
        """The last stop, where everybody has left the bus."""
        return self.stops[-1].stop_id

    @property
    def stop_ids(self) -> tuple[StopId, ...]:
        """The stops in their order."""
        return self._stop_ids

    @property
    def lawful_stops(self) -> frozenset[StopId]:
        """Where riders may get on and off on this day: the designated stops and the campus."""
        return self._lawful

    @property
    def riders(self) -> Mapping[RiderId, ManifestRider]:
        """The manifest by rider."""
        return self._riders

    @property
    def crew(self) -> frozenset[CrewId]:
        """Everybody who is or was of the crew."""
        return self.former_crew | {self.driver_id, *self.attendant_ids}

    def boards_at(self, rider: ManifestRider) -> StopId | None:
        """Where the rider is expected to get on; None when he comes over from another bus."""
        if rider.from_run_id is not None:
            return None
        return CAMPUS if self.direction is Direction.HOMEWARD else rider.stop_id

    def alights_at(self, rider: ManifestRider) -> frozenset[StopId]:
        """Where the rider may get off: his stop and the others in his family's reach, or the campus."""
        if self.direction is Direction.RETURN:
            return frozenset({CAMPUS})
        return frozenset({rider.stop_id, *rider.other_stops})

    def asked_codes(self, role: CrewRole) -> frozenset[str]:
        """The codes that this role must have read."""
        return frozenset(self.tags[place] for place in self.asked_places(role))

    def asked_places(self, role: CrewRole) -> tuple[str, ...]:
        """The places this role must read: those of the level, the rear among them, and the rows drawn."""
        rows = (f"row:{row}" for row in self.asked_rows[role])
        return (*self.evidence.places, *rows)

    def planned(self, stop_id: StopId) -> PlannedStop | None:
        """The stop as planned, or None when it is not of this run."""
        return next((stop for stop in self.stops if stop.stop_id == stop_id), None)
