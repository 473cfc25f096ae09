"""
Runs as a list shows them, with the names of their crews and ends; and the names that a run's page needs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from busops.domain.findings import Finding
from busops.domain.fleet import CrewMember, CrewRole, Vehicle
from busops.domain.manifest_changes import first_move
from busops.domain.roster import class_of
from busops.domain.values import CAMPUS, CrewId, Direction, RiderId, RunId, StopId
from busops.services.crew_runs import CAMPUS_NAME, run_no
from busops.services.redirects import right_runs
from busops.services.run_views import RunView
from busops.services.transfers import Target, riders_to_move, targets_of
from busops.storage import board_store, fleet_store, network_store, register_store, run_store
from busops.storage.database import Database, Transaction
from busops.storage.run_store import RunSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRun:
    """One run in a list."""

    run: RunSummary
    no: str
    towards: str
    driver: str
    attendants: str
    expected: int
    rode: int

    @property
    def crew(self) -> str:
        """Driver and attendants as one text."""
        return f"{self.driver} / {self.attendants}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What ids are called: stops, crew, and the class and number tail of riders."""

    stops: Mapping[str, str]
    crew: Mapping[str, str]
    riders: Mapping[str, str]
    classes: Mapping[str, str]
    persons: Mapping[tuple[str, int], str]  # who may fetch a rider, by rider and number
    people: Mapping[str, str]

    def told(self, finding: Finding) -> Finding:
        """The finding with names instead of numbers in what its sentence says; its key stays."""
        return replace(finding, facts={name: self._named(name, fact) for name, fact in finding.facts.items()})

    def _named(self, kind: str, fact: object) -> object:
        if isinstance(fact, tuple) and kind.endswith("_ids"):
            return tuple(self._named(kind.removesuffix("s"), each) for each in fact)
        called = {"rider_id": self.riders, "stop_id": self.stops, "crew_id": self.crew}.get(kind, {})
        return called.get(str(fact), fact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the forms of a run offer: people and vehicles of the register, and whether the bus has moved."""

    drivers: tuple[CrewMember, ...]
    attendants: tuple[CrewMember, ...]
    vehicles: tuple[Vehicle, ...]
    has_moved: bool
    targets: tuple[Target, ...] = ()  # the runs that could take riders over
    to_move: tuple[RiderId, ...] = ()  # who goes over if the bus goes no further
    right_runs: Mapping[RiderId, RunId] = field(default_factory=dict)  # of who is on the wrong bus


def choices(database: Database, view: RunView) -> Choices:
    """Who and what could take over on this run; what their papers say is asked when it is decided."""
    with database.reading() as tx:
        crew, vehicles = fleet_store.load_crew(tx), fleet_store.load_vehicles(tx)
    return Choices(
        drivers=tuple(each for each in crew if each.role is CrewRole.DRIVER),
        attendants=tuple(each for each in crew if each.role is CrewRole.ATTENDANT),
        vehicles=tuple(each for each in vehicles if each.plate != view.state.plan.plate),
        has_moved=first_move(view.facts) is not None,
        targets=targets_of(database, view.run.run_id),
        to_move=riders_to_move(database, view.run.run_id),
        right_runs=right_runs(database, view.run.run_id),
    )


def list_runs(database: Database) -> tuple[ListedRun, ...]:
    """Every run there is."""
    with database.reading() as tx:
        return _listed(tx, run_store.list_runs(tx))


def listed_run(database: Database, run_id: RunId) -> ListedRun:
    """One run as the list shows it."""
    with database.reading() as tx:
        return _listed(tx, (run_store.load_summary(tx, run_id),))[0]


def names(database: Database) -> Names:
    """What everything is called."""
    with database.reading() as tx:
        riders = register_store.load_riders(tx, include_retired=True)
        stops = network_store.load_stops(tx, include_retired=True)
        crew = fleet_store.load_crew(tx, include_retired=True)
        people = board_store.people_names(tx)
    return Names(
        stops={str(CAMPUS): CAMPUS_NAME} | {str(stop.stop_id): stop.name for stop in stops},
        crew={str(member.crew_id): member.name for member in crew},
        riders={str(rider.rider_id): rider.name for rider in riders},
        classes={str(rider.rider_id): class_of(rider) for rider in riders},
        persons={(str(rider.rider_id), one.no): one.name for rider in riders for one in rider.persons},
        people=people,
    )


def _listed(tx: Transaction, summaries: Iterable[RunSummary]) -> tuple[ListedRun, ...]:
    summaries = tuple(summaries)
    stops = {stop.stop_id: stop.name for stop in network_store.load_stops(tx, include_retired=True)}
    people = {member.crew_id: member.name for member in fleet_store.load_crew(tx, include_retired=True)}
    days = {run.on for run in summaries}
    crews = {run_id: crew for on in days for run_id, crew in board_store.crews_on(tx, on).items()}
    ways = {run_id: way for on in days for run_id, way in board_store.stops_on(tx, on).items()}
    return tuple(
        ListedRun(
            run=run,
            no=run_no(run.trip_no),
            towards=_towards(run, [place.stop_id for place in ways.get(run.run_id, ())], stops),
            driver=_people(crews.get(run.run_id, ()), CrewRole.DRIVER, people),
            attendants=_people(crews.get(run.run_id, ()), CrewRole.ATTENDANT, people),
            expected=run.progress.get("expected", 0),
            rode=run.progress.get("boarded", 0) + run.progress.get("walk_ons", 0),
        )
        for run in summaries
    )


def _towards(run: RunSummary, way: list[StopId], stops: Mapping[StopId, str]) -> str:
    if not way:
        return ""
    outer = way[-1] if run.direction is Direction.HOMEWARD else way[0]
    return stops.get(outer, outer)


def _people(crew: Iterable[tuple[CrewRole, CrewId]], role: CrewRole, names: Mapping[CrewId, str]) -> str:
    return "、".join(names.get(crew_id, crew_id) for each, crew_id in crew if each is role)
