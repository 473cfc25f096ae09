"""
Sets the demo's stage: last weekend held and reconciled, this Friday under way, bills still to import.

Everything goes through the same services and the same tablet protocol as in a real school. The
people, the school and the payments are invented.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from busops.domain.errors import InvalidInput
from busops.domain.people import Role
from busops.domain.values import SCHOOL_TIME, CrewId, Direction, Ids, RunId
from busops.services import crew_tablets, people, planning, register, rosters, runs, watch, weekend
from busops.services.crew_player import play_until
from busops.services.simulated_crew import Pack, Slips, Transport, usual_slips
from busops.services.weekend import SteppedClock, WeekendOrder
from busops.storage import run_store
from busops.storage.database import Database
from busops.storage.run_store import RunSummary

LAST_FRIDAY: Final = date(2026, 11, 13)
THIS_FRIDAY: Final = date(2026, 11, 20)
PASSWORD: Final = "demo-busops-2026"  # noqa: S105 printed on the demo's first page; serves on loopback only
BY: Final = "dispatcher"
FIRST_DEPARTURE: Final = time(14, 50)
STAGGER_S: Final = 5 * 60
OFFICE: Final = (
    ("dispatcher", "方晓岚", Role.DISPATCHER),
    ("finance", "邵文静", Role.FINANCE),
    ("finance_lead", "苗国栋", Role.FINANCE_LEAD),
    ("supervisor", "督查人乙", Role.SUPERVISOR),
    ("admin", "系统管理员", Role.ADMIN),
)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is special about this Friday: the run nobody checks, and the rider who is missing."""

    overdue_run: str
    missing_run: str
    missing_rider: str

    def slips_of(self, pack: Pack) -> Slips:
        """How the crew of this run differs from a perfect one."""
        usual = usual_slips(pack, 1)
        if pack["run"] == self.overdue_run:
            return Slips(absent=usual.absent, checks_at_all=False)
        if pack["run"] == self.missing_run:
            return Slips(vanished=frozenset({self.missing_rider}))
        return usual


def set_stage(
    database: Database,
    *,
    files: Mapping[str, bytes],
    kept_back: str,
    seconds: float,
    opens_at: datetime,
    clock: SteppedClock,
    ids: Ids,
    transport: Transport,
    say: Say,
) -> Stage:
    """The demo school stands at ``opens_at``; ``kept_back`` is the bill that waits to be imported."""
    say("demo.importing")
    outcome = register.import_folder(database, files=files, by=BY, clock=clock, ids=ids)
    if not outcome.is_accepted:
        raise InvalidInput("school_folder_unusable", outcome.findings, count=len(outcome.findings))
    _add_office(database, clock=clock, ids=ids)
    say("demo.last_weekend")
    bills = {name: content for name, content in outcome.receipts.items() if name != kept_back}
    weekend.hold_weekend(
        database,
        WeekendOrder(weekend_on=LAST_FRIDAY, seconds=seconds, seed=1, by=BY),
        costs=outcome.costs,
        receipts=bills,
        clock=clock,
        ids=ids,
        transport=transport,
    )
    say("demo.this_friday")
    run_ids = _release_this_friday(database, seconds=seconds, clock=clock, ids=ids)
    return _play_to_now(database, run_ids, opens_at, transport=transport, clock=clock, ids=ids)


def _add_office(database: Database, *, clock: SteppedClock, ids: Ids) -> None:
    for username, name, role in OFFICE:
        people.create_person(
            database, name=name, username=username, role=role, password=PASSWORD, clock=clock, ids=ids
        )


def _release_this_friday(
    database: Database, *, seconds: float, clock: SteppedClock, ids: Ids
) -> tuple[RunId, ...]:
    clock.set(weekend.planning_moment(THIS_FRIDAY))
    rosters.lock(database, THIS_FRIDAY, by=BY, clock=clock)
    plans: dict[Direction, str] = {}
    for way in Direction:
        plans[way] = planning.plan_weekend(
            database,
            weekend_on=THIS_FRIDAY,
            direction=way,
            seconds=seconds,
            seed=1,
            clock=clock,
            ids=ids,
            by=BY,
        )
        planning.approve(database, plans[way], by=BY, clock=clock)
    departures = datetime.combine(THIS_FRIDAY, FIRST_DEPARTURE, SCHOOL_TIME)
    return runs.release_plan(
        database,
        plans[Direction.HOMEWARD],
        by=BY,
        clock=clock,
        ids=ids,
        first_departs_at=departures,
        stagger_s=STAGGER_S,
    )


def _play_to_now(
    database: Database,
    run_ids: Iterable[RunId],
    opens_at: datetime,
    *,
    transport: Transport,
    clock: SteppedClock,
    ids: Ids,
) -> Stage:
    stage = _choose(database, run_ids, opens_at)
    clock.set(datetime.combine(THIS_FRIDAY, time(13), SCHOOL_TIME))
    played = crew_tablets.hand_out(
        database, run_ids, transport=transport, clock=clock, ids=ids, slips_of=stage.slips_of
    )
    moment = clock.now()
    while moment < opens_at:
        moment = min(moment + timedelta(minutes=5), opens_at)
        clock.set(moment)
        play_until(played, moment, transport=transport, ids=ids)
    watch.raise_due_alarms(database, clock, ids)
    _add_crew(database, stage.missing_run, clock=clock, ids=ids)
    return stage


def _choose(database: Database, run_ids: Iterable[RunId], opens_at: datetime) -> Stage:
    """The overdue run ended a few minutes ago; the missing rider's run is boarding now."""
    with database.reading() as tx:
        all_runs = [run_store.load_summary(tx, run_id) for run_id in run_ids]
        ended = [run for run in all_runs if run.arrives_at <= opens_at - timedelta(minutes=6)]
        boarding = [run for run in all_runs if run.departs_at > opens_at + timedelta(minutes=2)]
        overdue = max(ended or all_runs, key=_arrival)
        missing = min(boarding or all_runs, key=_departure)
        riders = run_store.load_run_plan(tx, missing.run_id).manifest
    return Stage(
        overdue_run=overdue.run_id,
        missing_run=missing.run_id,
        missing_rider=riders[len(riders) // 2].rider_id,
    )


def _add_crew(database: Database, run_id: str, *, clock: SteppedClock, ids: Ids) -> None:
    """The attendant and the driver of the boarding run may sign in, so that a visitor can take it over."""
    with database.reading() as tx:
        plan = run_store.load_run_plan(tx, RunId(run_id))
        names = {member.crew_id: member.name for member in runs.crew_of(tx, plan)}
    for username, role, crew_id in (
        ("attendant", Role.ATTENDANT, plan.attendant_ids[0]),
        ("driver", Role.DRIVER, plan.driver_id),
    ):
        people.create_person(
            database,
            name=names[crew_id],
            username=username,
            role=role,
            password=PASSWORD,
            crew_id=CrewId(crew_id),
            clock=clock,
            ids=ids,
        )


def _arrival(run: RunSummary) -> datetime:
    return run.arrives_at


def _departure(run: RunSummary) -> datetime:
    return run.departs_at
