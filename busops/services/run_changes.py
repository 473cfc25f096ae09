"""
Changes to a run that is already released: who rides, who drives and attends, which vehicle.

Each needs a reason, is checked against the run as it stands inside its own transaction, and
may be refused with everything that speaks against it. A run keeps its vehicle for good: another
vehicle is another run, with tags and checks of its own.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from busops.domain.defects import reasons_to_stand
from busops.domain.errors import Refused
from busops.domain.events import Cancelled, CrewChanged, ManifestChanged, Released
from busops.domain.findings import Finding, blocking
from busops.domain.fleet import crew_papers
from busops.domain.gate import reasons_not_to_cancel
from busops.domain.manifest_changes import first_move, reasons_against_manifest, removed_riders, run_over
from busops.domain.office_gates import crew_reasons, vehicle_reasons
from busops.domain.roster import Rider
from busops.domain.run import Phase, RunState
from busops.domain.run_plan import ManifestRider, RunPlan
from busops.domain.values import Clock, CrewId, Ids, Plate, RiderId, RunId, StopId
from busops.services.acting import By, user_of
from busops.services.handovers import carry_over
from busops.services.left_open import left_open
from busops.services.run_deciding import decide, lock, need_text
from busops.services.run_state import state_of
from busops.services.run_tags import on_substitute
from busops.services.vehicle_swaps import swap_gate
from busops.storage import (
    defect_store,
    event_store,
    fleet_store,
    register_store,
    run_order_store,
    run_store,
)
from busops.storage.database import Database, Transaction
from busops.storage.run_store import ReleasedRun

Riders: TypeAlias = tuple[ManifestRider, ...]


def change_manifest(
    database: Database, run_id: RunId, riders: Riders, *, by: By, reason: str, clock: Clock, ids: Ids
) -> int:
    """The run has these riders as the new version of its manifest, which the crew must acknowledge."""
    return _change(database, run_id, lambda tx, state: riders, by=by, reason=reason, clock=clock, ids=ids)


def add_rider(
    database: Database,
    run_id: RunId,
    rider_id: RiderId,
    stop_id: StopId | None,
    *,
    by: By,
    reason: str,
    clock: Clock,
    ids: Ids,
) -> int:
    """The registered rider is on the manifest too, at this stop of the run or at his own; the version."""

    def changed(tx: Transaction, state: RunState) -> Riders:
        rider = next((each for each in register_store.load_riders(tx) if each.rider_id == rider_id), None)
        if rider is None:
            raise _refused(run_id, [Finding(code="rider_not_registered", facts={"rider_id": rider_id})])
        return (*state.plan.manifest, _on_manifest(rider, stop_id or rider.stop_id))

    return _change(database, run_id, changed, by=by, reason=reason, clock=clock, ids=ids)


def remove_rider(
    database: Database, run_id: RunId, rider_id: RiderId, *, by: By, reason: str, clock: Clock, ids: Ids
) -> int:
    """The rider is not expected on this run any more; refused once anybody was marked or the bus has left."""

    def changed(tx: Transaction, state: RunState) -> Riders:
        _need_expected(state, rider_id)
        return tuple(rider for rider in state.plan.manifest if rider.rider_id != rider_id)

    return _change(database, run_id, changed, by=by, reason=reason, clock=clock, ids=ids)


def move_rider(
    database: Database,
    run_id: RunId,
    rider_id: RiderId,
    stop_id: StopId,
    *,
    by: By,
    reason: str,
    clock: Clock,
    ids: Ids,
) -> int:
    """The rider gets on or off at another stop of this run; the version."""

    def changed(tx: Transaction, state: RunState) -> Riders:
        _need_expected(state, rider_id)
        return tuple(
            _moved(rider, stop_id) if rider.rider_id == rider_id else rider for rider in state.plan.manifest
        )

    return _change(database, run_id, changed, by=by, reason=reason, clock=clock, ids=ids)


def change_crew(
    database: Database,
    run_id: RunId,
    *,
    driver_id: CrewId,
    attendant_ids: tuple[CrewId, ...],
    by: By,
    reason: str,
    clock: Clock,
    ids: Ids,
) -> None:
    """The run has another crew of record, whose papers allow it; who was before stays on record."""
    need_text(reason)
    with database.transaction() as tx:
        lock(tx, run_id)
        state = state_of(tx, run_id)
        now = replace(state.plan, driver_id=driver_id, attendant_ids=attendant_ids)
        new = {driver_id, *attendant_ids} - {state.plan.driver_id, *state.plan.attendant_ids}
        blocked = crew_reasons(left_open(tx, clock.now()), new)
        papers = _papers_against(tx, now)
        if reasons := (*papers, *_busy_crew(tx, now, state.plan), *blocked, *run_over(state)):
            raise Refused("crew_refused", reasons=reasons, run_id=run_id)
        at = clock.now()
        run_store.retire_crew(tx, run_id, until_at=at)
        run_store.insert_crew(tx, now, since_at=at)
        own: dict[str, Any] = {"driver_id": driver_id, "attendant_ids": attendant_ids}
        decide(tx, CrewChanged, run_id, by=by, reason=reason, clock=clock, ids=ids, **own)


def substitute_vehicle(
    database: Database, run_id: RunId, plate: Plate, *, by: By, reason: str, clock: Clock, ids: Ids
) -> RunId:
    """
    The run is cancelled and released anew on the other vehicle, with its riders, times and crew.

    Refused with every reason once the bus has moved or when papers, seats or other runs forbid it.
    """
    need_text(reason)
    with database.transaction() as tx:
        lock(tx, run_id)
        state = state_of(tx, run_id)
        vehicle = next((each for each in fleet_store.load_vehicles(tx) if each.plate == plate), None)
        if vehicle is None:
            raise _vehicle_refused(run_id, [Finding(code="no_such_vehicle", facts={"plate": plate})])
        old = run_store.load_summary(tx, run_id)
        plan = replace(
            state.plan,
            run_id=RunId(ids.new()),
            plate=plate,
            rows=vehicle.rows,
            approved_students=vehicle.approved_students,
            approved_total=vehicle.approved_total,
            roster_v=1,
            devices=frozenset(),
            former_crew=frozenset(),
        )
        if reasons := _against_vehicle(tx, state, plan, clock.now()):
            raise _vehicle_refused(run_id, reasons)
        plan = on_substitute(tx, plan, vehicle, clock=clock, ids=ids)
        decide(tx, Cancelled, run_id, by=by, reason=reason, clock=clock, ids=ids)
        trip_no = 1 + max(run.trip_no for run in run_store.list_runs(tx, plan.on))
        released = ReleasedRun(
            plan=plan,
            plan_id=old.plan_id,
            trip_no=trip_no,
            wave=old.wave,
            distance_m=old.distance_m,
            cost_fen=old.cost_fen,
            made_at=clock.now(),
            made_by=user_of(by),
        )
        run_store.insert_run(tx, released)
        decide(tx, Released, plan.run_id, by=by, reason=reason, clock=clock, ids=ids)
        carry_over(tx, run_id, plan.run_id, by=by, reason=reason, clock=clock, ids=ids)
        return plan.run_id


def _change(
    database: Database,
    run_id: RunId,
    changed: Callable[[Transaction, RunState], Riders],
    *,
    by: By,
    reason: str,
    clock: Clock,
    ids: Ids,
) -> int:
    """The manifest that ``changed`` makes of the run as it is now stands as its next version."""
    need_text(reason)
    with database.transaction() as tx:
        lock(tx, run_id)
        state = state_of(tx, run_id)
        riders = changed(tx, state)
        facts = event_store.load_observations(tx, run_id)
        new = {rider.rider_id for rider in riders} - state.plan.riders.keys()
        reasons = (*reasons_against_manifest(state, facts, riders), *_against_new(tx, state.plan, new))
        if reasons:
            raise _refused(run_id, reasons)
        plan = replace(state.plan, manifest=riders, roster_v=state.plan.roster_v + 1)
        run_store.insert_manifest(tx, plan, made_at=clock.now(), made_by=user_of(by))
        own: dict[str, Any] = {"version": plan.roster_v, "removed": removed_riders(state, riders)}
        decide(tx, ManifestChanged, run_id, by=by, reason=reason, clock=clock, ids=ids, **own)
        return plan.roster_v


def _against_new(tx: Transaction, plan: RunPlan, new: Iterable[RiderId]) -> Iterable[Finding]:
    """Nobody rides twice the same way on one day."""
    others = [
        run
        for run in run_store.list_runs(tx, plan.on)
        if run.direction is plan.direction and run.run_id != plan.run_id and run.phase is not Phase.CANCELLED
    ]
    for rider_id in sorted(new):
        riding = set(run_order_store.run_ids_of_rider(tx, rider_id))
        for run in others:
            if run.run_id in riding:
                facts = {"rider_id": rider_id, "run_id": run.run_id}
                yield Finding(code="rider_on_two_runs", place=rider_id, facts=facts)


def _against_vehicle(tx: Transaction, state: RunState, plan: RunPlan, now: datetime) -> tuple[Finding, ...]:
    """Why ``plan``, the run on another vehicle, may not take the place of the run as it is."""
    reasons = list(reasons_not_to_cancel(state))
    if not reasons and first_move(event_store.load_observations(tx, state.plan.run_id)):
        reasons.append(Finding(code="bus_has_left"))
    if gate := swap_gate(tx, state.plan.run_id):
        reasons.append(gate)
    if plan.plate == state.plan.plate:
        reasons.append(Finding(code="same_vehicle", facts={"plate": plan.plate}))
    reasons += _papers_against(tx, plan)
    reasons += reasons_to_stand(defect_store.load_defects(tx, plan.plate))
    reasons += vehicle_reasons(left_open(tx, now), plan.plate)
    if len(plan.manifest) > plan.approved_students:
        facts = {"plate": plan.plate, "aboard": len(plan.manifest), "approved": plan.approved_students}
        reasons.append(Finding(code="over_students", place=plan.plate, facts=facts))
    for run in run_store.list_runs(tx, plan.on, plate=plan.plate):
        overlaps = run.departs_at < plan.arrives_at and plan.departs_at < run.arrives_at
        if overlaps and run.phase is not Phase.CANCELLED and run.run_id != state.plan.run_id:
            reasons.append(Finding(code="vehicle_busy", place=plan.plate, facts={"plate": plan.plate}))
    return tuple(reasons)


def _papers_against(tx: Transaction, plan: RunPlan) -> tuple[Finding, ...]:
    """What the register says against the vehicle and crew of ``plan`` on its day."""
    crew = {member.crew_id: member for member in fleet_store.load_crew(tx)}
    vehicle = next((each for each in fleet_store.load_vehicles(tx) if each.plate == plan.plate), None)
    if vehicle is None:
        return (Finding(code="no_such_vehicle", place=plan.plate, facts={"plate": plan.plate}),)
    if unknown := sorted({plan.driver_id, *plan.attendant_ids} - crew.keys()):
        facts = {"crew_ids": unknown}
        return (Finding(code="no_such_crew_member", place=unknown[0], facts=facts),)
    attendants = [crew[each] for each in plan.attendant_ids]
    return blocking(crew_papers(vehicle, crew.get(plan.driver_id), attendants, plan.on))


def _busy_crew(tx: Transaction, plan: RunPlan, before: RunPlan) -> Iterable[Finding]:
    """Nobody who takes over is on another run at that time."""
    new = {plan.driver_id, *plan.attendant_ids} - {before.driver_id, *before.attendant_ids}
    for run in run_store.list_runs(tx, plan.on):
        overlaps = run.departs_at < plan.arrives_at and plan.departs_at < run.arrives_at
        if not overlaps or run.run_id == plan.run_id or run.phase in (Phase.CLOSED, Phase.CANCELLED):
            continue
        other = run_store.load_run_plan(tx, run.run_id)
        for crew_id in sorted(new & {other.driver_id, *other.attendant_ids}):
            yield Finding(code="crew_busy", place=crew_id, facts={"crew_id": crew_id})


def _on_manifest(rider: Rider, stop_id: StopId) -> ManifestRider:
    others = {rider.stop_id, *rider.other_stops} - {stop_id}
    return ManifestRider(rider_id=rider.rider_id, stop_id=stop_id, other_stops=tuple(sorted(others)))


def _moved(rider: ManifestRider, stop_id: StopId) -> ManifestRider:
    others = {rider.stop_id, *rider.other_stops} - {stop_id}
    return replace(rider, stop_id=stop_id, other_stops=tuple(sorted(others)))


def _need_expected(state: RunState, rider_id: RiderId) -> None:
    if rider_id not in state.plan.riders:
        facts = {"rider_id": rider_id}
        raise _refused(state.plan.run_id, [Finding(code="rider_not_on_manifest", facts=facts)])


def _refused(run_id: RunId, reasons: Iterable[Finding]) -> Refused:
    return Refused("manifest_refused", reasons=tuple(reasons), run_id=run_id)


def _vehicle_refused(run_id: RunId, reasons: Iterable[Finding]) -> Refused:
    return Refused("vehicle_refused", reasons=tuple(reasons), run_id=run_id)
