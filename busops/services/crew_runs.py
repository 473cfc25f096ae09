"""The runs of a day as a crew member picks one: what to call it, when, towards where, and its places."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from busops.domain.values import CAMPUS, CrewId, Direction, RunId, StopId, school_date
from busops.storage import board_store, fleet_store, network_store, run_store
from busops.storage.database import Database, Transaction
from busops.storage.run_store import RunSummary

CAMPUS_NAME: Final = "学校"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewRun:
    """A run as a crew member picks it: what to call it, when, and whose places there are on it."""

    run_id: RunId
    no: str
    towards: str
    direction: str
    plate: str
    roster_v: int
    departs_at: datetime
    expected: int
    phase: str
    seats: tuple[tuple[str, CrewId, str], ...]  # screen, crew id, name


def runs_of_crew(database: Database, *, now: datetime, crew_id: CrewId | None) -> tuple[CrewRun, ...]:
    """Today's runs of this crew member by departure; every run of today when nobody is named."""
    with database.reading() as tx:
        found = _crew_runs(tx, run_store.list_runs(tx, school_date(now)))
    own = [_of(run, crew_id) for run in found if crew_id is not None]
    return tuple(run for run in own if run.seats) if crew_id is not None else found


def crew_run(database: Database, run_id: RunId) -> CrewRun:
    """One run as a crew member picks it."""
    with database.reading() as tx:
        return _crew_runs(tx, (run_store.load_summary(tx, run_id),))[0]


def may_see(database: Database, run_id: RunId, crew_id: CrewId) -> bool:
    """Whether this person is of the run's crew of record now; nobody else sees its names."""
    with database.reading() as tx:
        plan = run_store.load_run_plan(tx, run_id)
    return crew_id in {plan.driver_id, *plan.attendant_ids}


def run_no(trip_no: int) -> str:
    """What people call a run: 01, 02, …"""
    return f"{trip_no:02d}"


def _of(run: CrewRun, crew_id: CrewId) -> CrewRun:
    return replace(run, seats=tuple(seat for seat in run.seats if seat[1] == crew_id))


def _crew_runs(tx: Transaction, summaries: Iterable[RunSummary]) -> tuple[CrewRun, ...]:
    summaries = tuple(summaries)
    people = {member.crew_id: member.name for member in fleet_store.load_crew(tx, include_retired=True)}
    names = stop_names(tx)
    days = {summary.on for summary in summaries}
    crews = {run_id: crew for on in days for run_id, crew in board_store.crews_on(tx, on).items()}
    ways = {run_id: way for on in days for run_id, way in board_store.stops_on(tx, on).items()}
    return tuple(
        CrewRun(
            run_id=summary.run_id,
            no=run_no(summary.trip_no),
            towards=_towards(summary, [place.stop_id for place in ways.get(summary.run_id, ())], names),
            direction=summary.direction.value,
            plate=summary.plate,
            roster_v=summary.roster_v,
            departs_at=summary.departs_at,
            expected=summary.progress.get("expected", 0),
            phase=summary.phase.value,
            seats=tuple(
                (role.value.lower(), crew_id, people.get(crew_id, crew_id))
                for role, crew_id in reversed(crews.get(summary.run_id, ()))
            ),
        )
        for summary in summaries
    )


def _towards(summary: RunSummary, way: Sequence[StopId], names: Mapping[StopId, str]) -> str:
    if not way:
        return ""
    outer = way[-1] if summary.direction is Direction.HOMEWARD else way[0]
    return names.get(outer, outer)


def stop_names(tx: Transaction) -> dict[StopId, str]:
    """What people call every stop, the school among them."""
    named = {stop.stop_id: stop.name for stop in network_store.load_stops(tx, include_retired=True)}
    return {**named, CAMPUS: CAMPUS_NAME}
