"""
Which runs a tablet may see: those of its person, or those of the vehicle it belongs to.

A vehicle's tablet sees its vehicle's runs from twelve hours before their departure to two hours after
their planned end, or a day while they are not closed, whoever drives. It learns nothing of older ones.
"""

from datetime import datetime, timedelta
from typing import Final

from busops.domain.run import Phase
from busops.domain.values import Plate, RunId, school_date
from busops.services import crew_runs
from busops.services.crew_runs import CrewRun
from busops.services.devices import Holder
from busops.storage import run_store
from busops.storage.database import Database
from busops.storage.run_store import RunSummary

SEEN_AFTER: Final = timedelta(hours=2)
SEEN_OPEN: Final = timedelta(hours=24)  # somebody may still be aboard
SEEN_BEFORE: Final = timedelta(hours=12)


def runs_of(database: Database, holder: Holder, *, now: datetime) -> tuple[CrewRun, ...]:
    """The runs that this tablet offers, by departure."""
    if holder.plate is None or holder.crew_id is not None:
        return crew_runs.runs_of_crew(database, now=now, crew_id=holder.crew_id) if holder.crew_id else ()
    days = {school_date(now - SEEN_OPEN), school_date(now), school_date(now + SEEN_BEFORE)}
    with database.reading() as tx:
        listed = [run for on in sorted(days) for run in run_store.list_runs(tx, on)]
    near = [run for run in listed if _is_near(run, holder.plate, now)]
    return tuple(crew_runs.crew_run(database, run.run_id) for run in near)


def may_see(database: Database, holder: Holder, run_id: RunId, *, now: datetime) -> bool:
    """Whether this tablet may know of the run."""
    if holder.crew_id is not None:
        return crew_runs.may_see(database, run_id, holder.crew_id)
    with database.reading() as tx:
        run = run_store.load_summary(tx, run_id)
    return holder.plate is not None and _is_near(run, holder.plate, now)


def _is_near(run: RunSummary, plate: Plate, now: datetime) -> bool:
    """Whether it is the vehicle's, and not long over nor far ahead."""
    after = SEEN_AFTER if run.phase in (Phase.CLOSED, Phase.CANCELLED) else SEEN_OPEN
    return run.plate == plate and run.departs_at - SEEN_BEFORE <= now <= run.arrives_at + after
