"""
What forbids a run to leave, and what is kept when it left all the same.

Papers of vehicle and crew on the day, a critical defect of the vehicle that nobody has cleared,
and an earlier run of either that nobody has proved empty. A departure is a fact and never
refused. When it is told against what forbids it, the server keeps with it which, as they were
at that moment: renewing them later does not make it allowed, and the run waits for two people.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from busops.domain.defects import reasons_to_stand
from busops.domain.events import Departed, DepartureForbidden
from busops.domain.findings import Finding, blocking
from busops.domain.fleet import CrewRole, crew_papers
from busops.domain.office_gates import crew_reasons, vehicle_reasons
from busops.domain.run_plan import RunPlan
from busops.domain.values import Clock, CrewId, Ids, RunId
from busops.services.acting import SYSTEM
from busops.services.defects import keep_defects
from busops.services.left_open import left_open
from busops.services.run_state import state_of
from busops.storage import board_store, defect_store, event_store, fleet_store, run_order_store, run_store
from busops.storage.database import Database, Transaction
from busops.storage.run_order_store import EarlierRun
from busops.storage.run_records import Recall


def departure_reasons(database: Database, run_id: RunId) -> tuple[Finding, ...]:
    """What forbids this run to leave today: papers, defects of its vehicle, earlier runs of either."""
    with database.reading() as tx:
        return reasons_not_to_leave(tx, run_store.load_run_plan(tx, run_id))


def reasons_not_to_leave(tx: Transaction, plan: RunPlan) -> tuple[Finding, ...]:
    """The same of a run that need not be released yet."""
    crew = (plan.driver_id, *plan.attendant_ids)
    open_runs = left_open(tx, plan.departs_at)
    papers = paper_reasons(tx, plan, plan.driver_id, plan.attendant_ids)
    defects = reasons_to_stand(defect_store.load_defects(tx, plan.plate))
    open_too_long = (*vehicle_reasons(open_runs, plan.plate), *crew_reasons(open_runs, crew))
    return (*papers, *defects, *earlier_reasons(tx, plan, crew), *open_too_long)


def paper_reasons(
    tx: Transaction, plan: RunPlan, driver_id: CrewId, attendant_ids: Iterable[CrewId]
) -> tuple[Finding, ...]:
    """What the register says of this run's vehicle with this crew on its day."""
    vehicle = fleet_store.find_vehicle(tx, plan.plate)
    if vehicle is None:
        return (Finding(code="no_such_vehicle", place=plan.plate, facts={"plate": plan.plate}),)
    wanted = tuple(attendant_ids)
    crew = fleet_store.crew_named(tx, (driver_id, *wanted))
    attendants = [crew[each] for each in wanted if each in crew]
    return crew_papers(vehicle, crew.get(driver_id), attendants, plan.on)


def keep_forbidden(
    tx: Transaction,
    run_id: RunId,
    departures: Iterable[Departed],
    *,
    clock: Clock,
    ids: Ids,
    recall: Recall | None = None,
) -> None:
    """
    What forbade these departures, by the crew of that moment, stands beside them in the log.

    Once for the same papers: a run that goes on from stop to stop is one question, not many.
    """
    record = (recall or Recall()).record(tx, run_id)
    plan = record.plan
    keep_defects(tx, plan, record.facts)
    defects = defect_store.load_defects(tx, plan.plate)
    kept = {_keys(each.papers) for each in record.decisions if isinstance(each, DepartureForbidden)}
    for departure in sorted(departures, key=lambda each: (each.at_ms, each.dev, each.seq)):
        left_at = min(datetime.fromtimestamp(departure.at_ms / 1000, UTC), clock.now())
        crew = board_store.crew_at(tx, run_id, left_at)
        driver_id = next((each for role, each in crew if role is CrewRole.DRIVER), plan.driver_id)
        attendants = [each for role, each in crew if role is CrewRole.ATTENDANT]
        papers = blocking(paper_reasons(tx, plan, driver_id, attendants))
        papers += reasons_to_stand(defects, departure)
        papers += earlier_reasons(tx, plan, (driver_id, *attendants), departure)
        if not papers or _keys(papers) in kept:
            continue
        kept.add(_keys(papers))
        event_store.decide(
            tx,
            DepartureForbidden(
                decision_id=ids.new(),
                run_id=run_id,
                made_ms=round(clock.now().timestamp() * 1000),
                by=SYSTEM,
                event_id=departure.event_id,
                papers=papers,
            ),
        )


def _keys(papers: Iterable[Finding]) -> frozenset[str]:
    return frozenset(paper.key for paper in papers)


def earlier_reasons(
    tx: Transaction, plan: RunPlan, crew: Iterable[CrewId], departure: Departed | None = None
) -> tuple[Finding, ...]:
    """
    The runs before this one, of its vehicle or of somebody of its crew, that nobody had proved empty.

    Proved is a run after the checks of attendant and driver, wherever it is parked. Of a departure
    that was made, only the runs of that day count, and checks made before it: it may be told later
    than they are.
    """
    runs = run_order_store.earlier_runs(tx, plan, crew, on=plan.on if departure is not None else None)
    return tuple(_unchecked(plan, each) for each in runs if not _was_checked(tx, each, departure))


def _was_checked(tx: Transaction, earlier: EarlierRun, departure: Departed | None) -> bool:
    """Whether both had walked through that bus, by the log and not by what lists show of it."""
    checks = state_of(tx, earlier.run_id).checks
    if checks.attendant is None or checks.driver is None:
        return False
    return departure is None or checks.driver.at_ms <= departure.at_ms


def _unchecked(plan: RunPlan, earlier: EarlierRun) -> Finding:
    if earlier.plate == plan.plate:
        facts = {"plate": plan.plate, "run_id": earlier.run_id}
        return Finding(code="earlier_run_unchecked", place=earlier.run_id, facts=facts)
    facts = {"crew_id": earlier.crew_id or "", "run_id": earlier.run_id}
    return Finding(code="crew_run_unchecked", place=earlier.run_id, facts=facts)
